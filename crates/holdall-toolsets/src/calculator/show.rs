//! How a number is written, and whether that is all of it.

use dashu_float::round::mode::HalfAway;
use dashu_int::ops::{BitTest, UnsignedAbs};
use dashu_int::{IBig, Sign, UBig};
use dashu_ratio::RBig;

use super::errors::CalculationError;
use super::number::{Number, fraction as exact_fraction};
use super::rounded::Float;

type Result<T> = std::result::Result<T, CalculationError>;

/// Rounded numbers below ten to this power are written without one.
const PLAIN_DIGITS_MAX: isize = 21;
/// Zeros behind the point before a number is written with a power of ten.
const PLAIN_ZEROS_MAX: isize = 7;
/// A fraction of more characters tells nobody anything.
const FRACTION_CHARS_MAX: usize = 40;

/// How a result was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Plain,
    Percent,
    Fraction,
    Base(u8),
    /// This many digits behind the point.
    Decimals(usize),
    /// This many digits in all.
    Digits(usize),
}

/// A number as it is written.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) text: String,
    /// Whether it is the value, with nothing rounded off.
    pub(super) exact: bool,
    /// The value as a fraction, where the text is rounded and the value is not.
    pub(super) fraction: Option<String>,
}

/// How many digits are shown.
pub(super) struct Room {
    /// As the caller asked for; then exact results are rounded to it, too.
    pub(super) asked: Option<usize>,
    /// Of rounded results, unless asked for otherwise.
    pub(super) usual: usize,
    /// Of exact results.
    pub(super) most: usize,
}

pub(super) fn show(number: &Number, form: Form, room: &Room) -> Result<Shown> {
    match form {
        Form::Base(base) => in_base(number, base),
        Form::Fraction => match number {
            Number::Exact(value) => Ok(exact(fraction(value))),
            Number::Rounded(_) => Err(CalculationError::undefined(
                "a rounded number is no exact fraction",
            )),
        },
        Form::Decimals(decimals) => with_decimals(number, decimals),
        Form::Digits(digits) => Ok(plain(number, Some(digits), room)),
        Form::Plain => Ok(plain(number, room.asked, room)),
        Form::Percent => {
            let mut shown = plain(number, room.asked, room);
            shown.text.push('%');
            shown.fraction = None;
            Ok(shown)
        }
    }
}

fn exact(text: String) -> Shown {
    Shown {
        text,
        exact: true,
        fraction: None,
    }
}

fn plain(number: &Number, asked: Option<usize>, room: &Room) -> Shown {
    let value = match number {
        Number::Exact(value) => value,
        Number::Rounded(value) => {
            return Shown {
                text: rounded(&value.value, asked.unwrap_or(room.usual)),
                exact: false,
                fraction: None,
            };
        }
    };
    if let Some(text) = decimal(value, room.most)
        && asked.is_none_or(|asked| significant(&text) <= asked)
    {
        return exact(text);
    }
    let digits = asked.unwrap_or(room.usual);
    let is_decimal = decimal(value, room.most).is_some();
    let fraction = fraction(value);
    let (float, is_exact) = value.to_float::<HalfAway, 10>(digits.max(1)).value_with_exact();
    Shown {
        text: rounded(&float, digits),
        exact: is_exact,
        fraction: (!value.is_int() && !is_decimal && fraction.len() <= FRACTION_CHARS_MAX)
            .then_some(fraction),
    }
}

fn fraction(value: &RBig) -> String {
    match value.is_int() {
        true => value.numerator().to_string(),
        false => format!("{}/{}", value.numerator(), value.denominator()),
    }
}

/// All digits of a number, if there are no more than `most` of them.
fn decimal(value: &RBig, most: usize) -> Option<String> {
    // A bit is three tenths of a digit: what is longer by far is not written at all.
    if value.numerator().unsigned_abs().bit_len() > most * 4 || value.denominator().bit_len() > most * 4 {
        return None;
    }
    let mut rest = value.denominator().clone();
    let twos = rest.remove(&UBig::from(2u8)).unwrap_or(0);
    let fives = rest.remove(&UBig::from(5u8)).unwrap_or(0);
    if !rest.is_one() {
        return None;
    }
    let decimals = twos.max(fives);
    let scaled = value.numerator() * IBig::from(UBig::from(10u8).pow(decimals))
        / IBig::from(value.denominator().clone());
    let text = pointed(&scaled, decimals);
    (significant(&text).max(decimals) <= most).then_some(text)
}

/// A whole number with the last `decimals` digits behind a point.
fn pointed(scaled: &IBig, decimals: usize) -> String {
    let digits = format!(
        "{:0>width$}",
        scaled.unsigned_abs().to_string(),
        width = decimals + 1
    );
    let (whole, behind) = digits.split_at(digits.len() - decimals);
    let is_zero = digits.chars().all(|digit| digit == '0');
    let sign = if scaled.sign() == Sign::Negative && !is_zero {
        "-"
    } else {
        ""
    };
    match behind.is_empty() {
        true => format!("{sign}{whole}"),
        false => format!("{sign}{whole}.{behind}"),
    }
}

/// Digits that say something.
fn significant(text: &str) -> usize {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    match text.contains('.') {
        true => digits.len(),
        false => digits.trim_end_matches('0').len(),
    }
}

/// At most this many digits, rounded half away from zero.
fn rounded(value: &Float, digits: usize) -> String {
    let value = value.clone().with_precision(digits.max(1)).value();
    let (significand, exponent) = (value.repr().significand(), value.repr().exponent());
    let sign = if significand.sign() == Sign::Negative {
        "-"
    } else {
        ""
    };
    let written = significand.unsigned_abs().to_string();
    let written = match written.trim_end_matches('0') {
        "" => return "0".to_owned(),
        trimmed => trimmed.to_owned(),
    };
    let count = isize::try_from(significand.unsigned_abs().to_string().len()).unwrap_or(isize::MAX);
    // Where the point stands, seen from the first digit.
    let point = exponent.saturating_add(count);
    let length = isize::try_from(written.len()).unwrap_or(isize::MAX);
    if point > PLAIN_DIGITS_MAX.max(length) || point < -PLAIN_ZEROS_MAX {
        let (first, rest) = written.split_at(1);
        let rest = if rest.is_empty() {
            String::new()
        } else {
            format!(".{rest}")
        };
        return format!("{sign}{first}{rest}e{}", point - 1);
    }
    let zeros = |count: isize| "0".repeat(usize::try_from(count).unwrap_or(0));
    if point <= 0 {
        return format!("{sign}0.{}{written}", zeros(-point));
    }
    if point >= length {
        return format!("{sign}{written}{}", zeros(point - length));
    }
    let (whole, behind) = written.split_at(usize::try_from(point).unwrap_or(0));
    format!("{sign}{whole}.{behind}")
}

fn with_decimals(number: &Number, decimals: usize) -> Result<Shown> {
    let (value, was_exact) = match number {
        Number::Exact(value) => (value.clone(), true),
        Number::Rounded(rounded) => (exact_fraction(rounded.value.clone())?, false),
    };
    let scaled = value * RBig::from(UBig::from(10u8).pow(decimals));
    Ok(Shown {
        text: pointed(&scaled.round(), decimals),
        exact: was_exact && scaled.is_int(),
        fraction: None,
    })
}

fn in_base(number: &Number, base: u8) -> Result<Shown> {
    let Some(whole) = number.whole() else {
        return Err(CalculationError::undefined(
            "only whole numbers are written in other bases here",
        ));
    };
    let sign = if whole.sign() == Sign::Negative { "-" } else { "" };
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    };
    Ok(exact(format!(
        "{sign}{prefix}{}",
        whole.unsigned_abs().in_radix(base)
    )))
}
