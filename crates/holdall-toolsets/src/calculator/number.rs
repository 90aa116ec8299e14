//! Numbers, exact as long as that goes, and what is done with them, within bounds.

use std::cell::Cell;
use std::cmp::Ordering;

use dashu_float::round::mode::HalfAway;
use dashu_float::{Context, FpError, FpResult, Repr};
use dashu_int::ops::{Abs, BitTest};
use dashu_int::{IBig, Sign};
use dashu_ratio::RBig;

use super::errors::CalculationError;
use super::rounded::{self, Float, Rounded, of_angle, of_function, of_product, of_quotient, power_of_ten};

type Result<T> = std::result::Result<T, CalculationError>;

/// Bits of numerator and denominator of an exact number: 19,000 digits. Dividing two of these takes milliseconds.
pub(super) const EXACT_BITS_MAX: usize = 1 << 16;
/// Rounded numbers lie between ten to this power and its inverse.
pub(super) const MAGNITUDE_MAX: isize = 100_000;
/// The largest number whose sine is told: its distance from a multiple of π takes as many digits as it has.
const ANGLE_DIGITS_MAX: isize = 1_000;
/// What a step takes at least.
pub(super) const STEP_WORK: usize = 1_000;
/// What a function such as a sine takes at least.
const FUNCTION_WORK: usize = 100_000;
/// How many times as long angles of sines and tangents take.
const ANGLE_TIMES: usize = 30;
/// A number: exact, or rounded to the digits that are calculated with.
#[derive(Clone, Debug)]
pub(super) enum Number {
    Exact(RBig),
    Rounded(Rounded),
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Exact(RBig::from(value))
    }
}

impl From<IBig> for Number {
    fn from(value: IBig) -> Self {
        Self::Exact(RBig::from(value))
    }
}

impl Number {
    pub(super) fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// Whether it is zero for certain.
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Exact(value) => value.is_zero(),
            Self::Rounded(_) => false,
        }
    }

    /// Whether it seems to be below zero.
    pub(super) fn is_negative(&self) -> bool {
        match self {
            Self::Exact(value) => !value.is_zero() && value.sign() == Sign::Negative,
            Self::Rounded(Rounded { value, .. }) => *value < Float::ZERO,
        }
    }

    /// The whole number it is, if it is known to be one.
    pub(super) fn whole(&self) -> Option<&IBig> {
        match self {
            Self::Exact(value) if value.is_int() => Some(value.numerator()),
            _ => None,
        }
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Exact(value) => Self::Exact(-value),
            Self::Rounded(Rounded { value, off }) => Self::Rounded(Rounded { value: -value, off }),
        }
    }

    pub(super) fn magnitude(self) -> Self {
        match self.is_negative() {
            true => self.negated(),
            false => self,
        }
    }
}

/// What calculates: with how many digits, and how much of it.
pub(super) struct Arithmetic {
    pub(super) context: Context<HalfAway>,
    /// Work that is left, in about nanoseconds. Time itself would make results depend on what else the machine does.
    work: Cell<u64>,
    is_spent: Cell<bool>,
    is_unsure: Cell<bool>,
    /// Nobody asked for so many digits: then what takes long for them is counted as that.
    is_again: bool,
}

impl Arithmetic {
    /// Rounds to `digits`, and gives up after `work_us_max` microseconds of work, as estimated.
    pub(super) fn new(digits: usize, work_us_max: u64) -> Self {
        Self {
            context: Context::new(digits),
            work: Cell::new(work_us_max.saturating_mul(1_000)),
            is_spent: Cell::new(false),
            is_unsure: Cell::new(false),
            is_again: false,
        }
    }

    /// For the same once more, with as many digits, and what work is left.
    pub(super) fn again(&self, digits: usize) -> Self {
        Self {
            context: Context::new(digits),
            work: self.work.clone(),
            is_spent: Cell::new(false),
            is_unsure: Cell::new(false),
            is_again: true,
        }
    }

    /// The digits that are calculated with.
    pub(super) fn digits(&self) -> usize {
        self.context.precision()
    }

    /// Whether numbers were taken for equal that these digits do not tell apart: with more it may be seen otherwise.
    pub(super) fn is_unsure(&self) -> bool {
        self.is_unsure.get()
    }

    /// Says that more digits may lead elsewhere.
    pub(super) fn doubt(&self) {
        self.is_unsure.set(true);
    }

    /// Whether it was given up because no work was left.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent.get()
    }

    /// Takes the work of a step from what is left: before the step, so that the last one is never large.
    pub(super) fn spend(&self, work: usize) -> Result<()> {
        let work = u64::try_from(work).unwrap_or(u64::MAX);
        match self.work.get().checked_sub(work) {
            Some(left) => {
                self.work.set(left);
                Ok(())
            }
            None => {
                self.is_spent.set(true);
                Err(CalculationError::too_large(
                    "it takes more work than is done here",
                ))
            }
        }
    }

    /// Before numbers are added, multiplied or divided: dividing takes the square of their length.
    fn spend_on(&self, one: &Number, other: &Number) -> Result<()> {
        let digits = self.context.precision();
        let words = |number: &Number| match number {
            Number::Exact(value) => bits(value) / 64 + 1,
            Number::Rounded(_) => digits / 16 + 1,
        };
        let words = words(one).saturating_add(words(other));
        self.spend(
            words
                .saturating_mul(words)
                .saturating_mul(4)
                .saturating_add(STEP_WORK),
        )
    }

    /// Before a function is applied.
    pub(super) fn spend_on_function(&self, name: &str) -> Result<()> {
        let digits = self.context.precision();
        let times = match name {
            "asin" | "acos" | "atan" | "atan2" if self.is_again => ANGLE_TIMES,
            _ => 1,
        };
        let work = FUNCTION_WORK + digits.saturating_mul(digits).saturating_mul(6);
        self.spend(work.saturating_mul(times))
    }

    /// The number, rounded.
    pub(super) fn float(&self, number: &Number) -> Rounded {
        match number {
            Number::Exact(value) => {
                let (value, is_exact) = value
                    .to_float::<HalfAway, 10>(self.context.precision())
                    .value_with_exact();
                let off = if is_exact {
                    f64::NEG_INFINITY
                } else {
                    self.rounding(&value)
                };
                Rounded { value, off }
            }
            Number::Rounded(value) => value.clone(),
        }
    }

    /// What rounding takes from a number at most, as a decimal logarithm.
    fn rounding(&self, value: &Float) -> f64 {
        decimals(value) as f64 - self.context.precision() as f64
    }

    pub(super) fn pi(&self) -> Number {
        self.constant(self.context.pi::<10>(None).value())
    }

    pub(super) fn e(&self) -> Number {
        self.constant(self.context.e::<10>().value())
    }

    fn constant(&self, value: Float) -> Number {
        let off = self.rounding(&value);
        Number::Rounded(Rounded { value, off })
    }

    /// On which side of zero a number is. One whose digits do not tell is taken for zero, for the time being.
    pub(super) fn sign(&self, number: &Number) -> Ordering {
        let is_off_zero = match number {
            Number::Exact(value) => !value.is_zero(),
            Number::Rounded(value) => {
                let is_known = value.is_off_zero();
                let is_zero = !is_known && value.off == f64::NEG_INFINITY;
                if !is_known && !is_zero {
                    self.doubt();
                }
                is_known
            }
        };
        match (is_off_zero, number.is_negative()) {
            (false, _) => Ordering::Equal,
            (true, true) => Ordering::Less,
            (true, false) => Ordering::Greater,
        }
    }

    pub(super) fn add(&self, one: &Number, other: &Number) -> Result<Number> {
        self.spend_on(one, other)?;
        if let (Number::Exact(one), Number::Exact(other)) = (one, other) {
            fits(bits(one) + bits(other))?;
            return Ok(Number::Exact(one + other));
        }
        let (one, other) = (self.float(one), self.float(other));
        let sum = self.context.add(one.value.repr(), other.value.repr());
        self.rounded(sum, |_| rounded::sum(one.off, other.off))
    }

    pub(super) fn subtract(&self, one: &Number, other: &Number) -> Result<Number> {
        self.add(one, &other.clone().negated())
    }

    pub(super) fn multiply(&self, one: &Number, other: &Number) -> Result<Number> {
        self.spend_on(one, other)?;
        if let (Number::Exact(one), Number::Exact(other)) = (one, other) {
            fits(bits(one) + bits(other))?;
            return Ok(Number::Exact(one * other));
        }
        if one.is_zero() || other.is_zero() {
            return Ok(Number::from(0));
        }
        let (one, other) = (self.float(one), self.float(other));
        let product = self.context.mul(one.value.repr(), other.value.repr());
        self.rounded(product, |_| of_product(&one, &other))
    }

    pub(super) fn divide(&self, one: &Number, other: &Number) -> Result<Number> {
        self.spend_on(one, other)?;
        if self.sign(other) == Ordering::Equal {
            return Err(CalculationError::undefined("division by zero has no result"));
        }
        if let (Number::Exact(one), Number::Exact(other)) = (one, other) {
            fits(bits(one) + bits(other))?;
            return Ok(Number::Exact(one / other));
        }
        let (one, other) = (self.float(one), self.float(other));
        let quotient = self.context.div(one.value.repr(), other.value.repr());
        self.rounded(quotient, |_| of_quotient(&one, &other))
    }

    /// What is left of `one` after whole `other`s: with the sign of `other`, as people count.
    pub(super) fn modulo(&self, one: &Number, other: &Number) -> Result<Number> {
        let quotient = self.divide(one, other)?;
        let whole = self.floor(&quotient)?;
        self.subtract(one, &self.multiply(&whole, other)?)
    }

    pub(super) fn compare(&self, one: &Number, other: &Number) -> Result<Ordering> {
        if let (Number::Exact(one_value), Number::Exact(other_value)) = (one, other) {
            self.spend_on(one, other)?;
            return Ok(one_value.cmp(other_value));
        }
        Ok(self.sign(&self.subtract(one, other)?))
    }

    pub(super) fn floor(&self, number: &Number) -> Result<Number> {
        self.whole(number, RBig::floor)
    }

    /// The whole number `round` makes of it.
    pub(super) fn whole(&self, number: &Number, round: impl Fn(&RBig) -> IBig) -> Result<Number> {
        self.spend_on(number, number)?;
        let rounded = match number {
            Number::Exact(value) => return Ok(round(value).into()),
            Number::Rounded(rounded) => rounded,
        };
        let digits = isize::try_from(self.context.precision()).unwrap_or(isize::MAX);
        let Some(error) = rounded.error().filter(|_| decimals(&rounded.value) <= digits) else {
            self.doubt();
            return Ok(number.clone());
        };
        // Of a number that is close to zero only the side matters.
        let least = power_of_ten(-digits);
        let (value, error) = match decimals(&rounded.value) < -digits {
            true if rounded.is_off_zero() && number.is_negative() => (-least, Float::ZERO),
            true if rounded.is_off_zero() => (least, Float::ZERO),
            true => (Float::ZERO, error.max(least)),
            false if rounded.off == f64::NEG_INFINITY => (rounded.value.clone(), error),
            false => (rounded.value.clone(), error.max(power_of_ten(-2 * digits))),
        };
        let (value, error) = (fraction(value)?, fraction(error)?);
        let (below, above) = (round(&(&value - &error)), round(&(&value + &error)));
        if below == above {
            return Ok(below.into());
        }
        // It is taken for the whole number, or the half, it seems to be.
        self.doubt();
        let two = RBig::from(2);
        Ok(round(&(RBig::from((value * &two).round()) / two)).into())
    }

    /// The whole number a number seems to be.
    pub(super) fn nearest(&self, number: &Number) -> Result<IBig> {
        match number {
            Number::Exact(value) => Ok(value.round()),
            Number::Rounded(rounded) => {
                if decimals(&rounded.value) > isize::try_from(self.context.precision()).unwrap_or(isize::MAX)
                {
                    return Ok(IBig::ZERO);
                }
                Ok(fraction(rounded.value.clone())?.round())
            }
        }
    }

    /// Applies a function of the crate for floats. Such functions of fractions are no fractions, but for those of 0 and 1.
    pub(super) fn apply(
        &self,
        name: &str,
        number: &Number,
        function: impl Fn(&Context<HalfAway>, &Repr<10>) -> FpResult<Float>,
    ) -> Result<Number> {
        let is_plain = number.is_zero() || number.whole().is_some_and(IBig::is_one);
        match self.apply_exactly(name, number, function)? {
            Number::Exact(value) if !is_plain => {
                let Rounded { value, .. } = self.float(&Number::Exact(value));
                let off = self.rounding(&value);
                Ok(Number::Rounded(Rounded { value, off }))
            }
            value => Ok(value),
        }
    }

    /// The same for a function whose result may be exact: then it is if the crate says so, and the number was.
    pub(super) fn apply_exactly(
        &self,
        name: &str,
        number: &Number,
        function: impl Fn(&Context<HalfAway>, &Repr<10>) -> FpResult<Float>,
    ) -> Result<Number> {
        self.spend_on_function(name)?;
        let argument = self.float(number);
        let result = self.exactly(function(&self.context, argument.value.repr()));
        if result.is_err() && argument.off != f64::NEG_INFINITY {
            // What is beyond the function may be so only because it is rounded.
            self.doubt();
        }
        match result? {
            (value, true) if number.is_exact() && argument.off == f64::NEG_INFINITY => Ok(value),
            (value, _) => {
                let Rounded { value, .. } = self.float(&value);
                let off = rounded::sum(of_function(name, &argument, &value), self.rounding(&value));
                Ok(Number::Rounded(Rounded { value, off }))
            }
        }
    }

    /// The angle of the point `x`, `y`.
    pub(super) fn angle(&self, y: &Number, x: &Number) -> Result<Number> {
        self.spend_on_function("atan2")?;
        // Left of zero the angle jumps from -π to π.
        if self.sign(x) != Ordering::Greater {
            let _ = self.sign(y);
        }
        let is_right = y.is_zero() && self.sign(x) == Ordering::Greater;
        if is_right {
            return Ok(Number::from(0));
        }
        let (y, x) = (self.float(y), self.float(x));
        let angle = self.context.atan2(y.value.repr(), x.value.repr(), None);
        let angle = self.rounded(angle, |_| of_angle(&y, &x))?;
        Ok(match angle {
            Number::Rounded(Rounded { value, off }) => {
                let off = rounded::sum(off, self.rounding(&value));
                Number::Rounded(Rounded { value, off })
            }
            exact => exact,
        })
    }

    /// An angle small enough for its sine to be told: that takes as many digits of π as it has itself.
    pub(super) fn check_angle(&self, angle: &Number) -> Result<()> {
        let digits = if angle.is_zero() {
            0
        } else {
            decimals(&self.float(angle).value)
        };
        if digits > ANGLE_DIGITS_MAX {
            let message = format!("angles have up to {ANGLE_DIGITS_MAX} digits here");
            return Err(CalculationError::too_large(message));
        }
        let digits = usize::try_from(digits).unwrap_or(0);
        self.spend(digits * digits * 6)
    }

    /// Whether a number with this decimal logarithm is calculated with.
    pub(super) fn check_magnitude(&self, log10: f64) -> Result<()> {
        if log10.abs() > MAGNITUDE_MAX as f64 || log10.is_nan() {
            return Err(beyond());
        }
        Ok(())
    }

    /// A result with the error it has from its arguments, and from being rounded itself.
    pub(super) fn rounded(&self, result: FpResult<Float>, carried: impl Fn(&Float) -> f64) -> Result<Number> {
        let (value, is_exact) = checked(result)?;
        let mut off = carried(&value);
        if !is_exact {
            off = rounded::sum(off, self.rounding(&value));
        }
        Ok(Number::Rounded(Rounded { value, off }))
    }

    fn exactly(&self, result: FpResult<Float>) -> Result<(Number, bool)> {
        let (value, is_exact) = checked(result)?;
        if is_exact
            && decimals(&value).abs() <= ANGLE_DIGITS_MAX
            && let Ok(exact) = RBig::try_from(value.clone())
        {
            return Ok((Number::Exact(exact), true));
        }
        let off = self.rounding(&value);
        Ok((Number::Rounded(Rounded { value, off }), false))
    }
}

/// The value of a result that is finite and within bounds, and whether nothing was rounded off.
fn checked(result: FpResult<Float>) -> Result<(Float, bool)> {
    let rounded = result.map_err(|error| match error {
        FpError::OutOfDomain | FpError::Indeterminate | FpError::InfiniteInput => {
            CalculationError::undefined("the result is no real number")
        }
        FpError::Overflow(_) | FpError::Underflow(_) => beyond(),
        FpError::ZivRetryLimitExceeded => {
            CalculationError::undefined("the result cannot be rounded reliably")
        }
    })?;
    let (value, is_exact) = rounded.value_with_exact();
    if value.repr().is_infinite() {
        return Err(CalculationError::undefined("the result is infinite"));
    }
    if !value.repr().significand().is_zero() && decimals(&value).abs() > MAGNITUDE_MAX {
        return Err(beyond());
    }
    Ok((value, is_exact))
}

/// The number as a fraction.
pub(super) fn fraction(value: Float) -> Result<RBig> {
    RBig::try_from(value).map_err(|_| CalculationError::undefined("the number is not finite"))
}

/// Refuses exact numbers of more bits than are calculated with.
pub(super) fn fits(bits: usize) -> Result<()> {
    if bits > EXACT_BITS_MAX {
        return Err(CalculationError::too_large(
            "an exact number on the way would have more than 19,000 digits",
        ));
    }
    Ok(())
}

/// Digits before the decimal point; negative for zeros behind it.
fn decimals(value: &Float) -> isize {
    let digits = isize::try_from(value.repr().digits()).unwrap_or(isize::MAX);
    value.repr().exponent().saturating_add(digits)
}

pub(super) fn beyond() -> CalculationError {
    CalculationError::too_large(format!("a number on the way is beyond 10^±{MAGNITUDE_MAX}"))
}

pub(super) fn bits(value: &RBig) -> usize {
    value
        .numerator()
        .clone()
        .abs()
        .bit_len()
        .max(value.denominator().bit_len())
}
