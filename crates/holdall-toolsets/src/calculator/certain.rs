//! With how many digits a result is calculated: once more with twice as many until those that are shown are certain.

use super::errors::CalculationError;
use super::evaluate::{Outcome, evaluate};
use super::number::{Arithmetic, Number};
use super::rounded::{Float, Rounded, log10_bounds};
use super::show::{Room, Shown, show};
use super::tokens::Placed;

type Result<T> = std::result::Result<T, CalculationError>;

/// Digits that are calculated with at most, if that many are not even shown.
const DIGITS_MOST: usize = 1_000;
/// What is taken for zero lies within ten to this power of it.
const ZERO_MOST: f64 = -25.0;

/// An outcome as it is written.
struct Attempt {
    outcome: Outcome,
    shown: Shown,
    /// Whether all values the number may have are written like this.
    is_certain: bool,
}

/// Calculates with at least so many digits. The text is right in all digits, or there is an error, or a note says what it
/// depends on.
pub(super) fn calculate(
    tokens: &[Placed],
    digits: usize,
    work_us_max: u64,
    room: &Room,
) -> Result<(Outcome, Shown)> {
    let most = DIGITS_MOST.max(2 * digits);
    let mut arithmetic = Arithmetic::new(digits, work_us_max);
    let mut attempt = self::attempt(tokens, &arithmetic, room);
    loop {
        match attempt {
            Ok(attempt) if attempt.is_certain && !arithmetic.is_unsure() => {
                return Ok((attempt.outcome, attempt.shown));
            }
            Err(error) if !arithmetic.is_unsure() => return Err(error),
            _ => {}
        }
        if arithmetic.digits() * 2 > most {
            return as_it_seems(attempt?, &arithmetic, digits, room);
        }
        let finer = arithmetic.again(arithmetic.digits() * 2);
        match (self::attempt(tokens, &finer, room), attempt) {
            (Err(_), Ok(coarse)) if finer.is_spent() => {
                return as_it_seems(coarse, &arithmetic, digits, room);
            }
            (fine, _) => attempt = fine,
        }
        arithmetic = finer;
    }
}

fn attempt(tokens: &[Placed], arithmetic: &Arithmetic, room: &Room) -> Result<Attempt> {
    let outcome = evaluate(tokens, arithmetic)?;
    let number = &outcome.quantity.number;
    let shown = show(number, outcome.form, room)?;
    let is_certain = match number {
        Number::Exact(_) => true,
        Number::Rounded(rounded) => {
            let written = |value: Float| {
                let number = Number::Rounded(Rounded {
                    value,
                    off: f64::NEG_INFINITY,
                });
                show(&number, outcome.form, room).is_ok_and(|other| other.text == shown.text)
            };
            let value = &rounded.value;
            rounded
                .error()
                .is_some_and(|error| written(value - &error) && written(value + &error))
        }
    };
    Ok(Attempt {
        outcome,
        shown,
        is_certain,
    })
}

/// What more digits would not make certain: numbers that are taken for zero, and digits between two of which a value lies.
fn as_it_seems(
    attempt: Attempt,
    arithmetic: &Arithmetic,
    wanted: usize,
    room: &Room,
) -> Result<(Outcome, Shown)> {
    let Attempt {
        mut outcome,
        mut shown,
        is_certain,
    } = attempt;
    let mut is_zero = arithmetic.is_unsure();
    if let (Number::Rounded(rounded), false) = (&outcome.quantity.number, is_certain) {
        let between = rounded.off <= log10_bounds(&rounded.value).0 - wanted as f64;
        is_zero |= !between;
        if !between && (rounded.is_off_zero() || rounded.off > ZERO_MOST) {
            return Err(CalculationError::too_large(format!(
                "the digits of the result are not certain: numbers on the way are so nearly equal, or so large, that {} \
                 digits do not tell",
                arithmetic.digits()
            )));
        }
        if !between {
            let zero = Rounded {
                value: Float::ZERO,
                off: rounded.off,
            };
            shown = show(&Number::Rounded(zero), outcome.form, room)?;
        }
    }
    if is_zero {
        outcome.notes.push(format!(
            "what {} digits do not tell from zero is taken for zero",
            arithmetic.digits()
        ));
    }
    shown.exact = false;
    shown.fraction = None;
    Ok((outcome, shown))
}
