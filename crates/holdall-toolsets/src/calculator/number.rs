//! Numbers, exact as long as that goes, and what is done with them, within bounds.

use std::cell::Cell;
use std::cmp::Ordering;

use dashu_float::round::Rounded;
use dashu_float::round::mode::HalfAway;
use dashu_float::{Context, FBig, FpError, FpResult, Repr};
use dashu_int::ops::{Abs, BitTest, EstimatedLog2, UnsignedAbs};
use dashu_int::{IBig, Sign, UBig};
use dashu_ratio::RBig;

use super::errors::CalculationError;

/// A rounded number.
pub(super) type Float = FBig<HalfAway, 10>;
type Result<T> = std::result::Result<T, CalculationError>;

/// Bits of numerator and denominator of an exact number: 19,000 digits. Dividing two of these takes milliseconds.
const EXACT_BITS_MAX: usize = 1 << 16;
/// Rounded numbers lie between ten to this power and its inverse.
const MAGNITUDE_MAX: isize = 100_000;
/// Bits of numbers whose roots are looked for among fractions, and the degree of such roots.
const ROOT_BITS_MAX: usize = 4_096;
const ROOT_DEGREE_MAX: usize = 64;
/// The largest number whose sine is told: its distance from a multiple of π takes as many digits as it has.
const ANGLE_DIGITS_MAX: isize = 1_000;
/// What a step takes at least.
pub(super) const STEP_WORK: usize = 1_000;
/// What a function such as a sine takes at least.
const FUNCTION_WORK: usize = 100_000;
/// Digits of a difference that are noise when two nearly equal rounded numbers are subtracted.
const NOISE_DIGITS: isize = 6;

/// A number: exact, or rounded to the digits that are calculated with.
#[derive(Clone, Debug)]
pub(super) enum Number {
    Exact(RBig),
    Rounded(Float),
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

    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Exact(value) => value.is_zero(),
            Self::Rounded(value) => value.repr().significand().is_zero(),
        }
    }

    pub(super) fn is_negative(&self) -> bool {
        let sign = match self {
            Self::Exact(value) => value.sign(),
            Self::Rounded(value) => value.repr().sign(),
        };
        !self.is_zero() && sign == Sign::Negative
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
            Self::Rounded(value) => Self::Rounded(-value),
        }
    }

    pub(super) fn magnitude(self) -> Self {
        match self.is_negative() {
            true => self.negated(),
            false => self,
        }
    }

    /// About the decimal logarithm of its magnitude; none of zero.
    fn log10(&self) -> f64 {
        let (low, high) = match self {
            Self::Exact(value) => value.log2_bounds(),
            Self::Rounded(value) => value.log2_bounds(),
        };
        f64::from(low + (high - low) / 2.0) * std::f64::consts::LOG10_2
    }
}

/// What calculates: with how many digits, and how much of it.
pub(super) struct Arithmetic {
    context: Context<HalfAway>,
    /// Work that is left, in about nanoseconds. Time itself would make results depend on what else the machine does.
    work: Cell<u64>,
}

impl Arithmetic {
    /// Rounds to `digits`, and gives up after `work_us_max` microseconds of work, as estimated.
    pub(super) fn new(digits: usize, work_us_max: u64) -> Self {
        Self {
            context: Context::new(digits),
            work: Cell::new(work_us_max.saturating_mul(1_000)),
        }
    }

    /// Takes the work of a step from what is left: before the step, so that the last one is never large.
    pub(super) fn spend(&self, work: usize) -> Result<()> {
        let work = u64::try_from(work).unwrap_or(u64::MAX);
        match self.work.get().checked_sub(work) {
            Some(left) => {
                self.work.set(left);
                Ok(())
            }
            None => Err(CalculationError::too_large(
                "it takes more work than is done here",
            )),
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
    fn spend_on_function(&self) -> Result<()> {
        let digits = self.context.precision();
        self.spend(FUNCTION_WORK + digits.saturating_mul(digits).saturating_mul(6))
    }

    /// The number, rounded.
    pub(super) fn float(&self, number: &Number) -> Float {
        match number {
            Number::Exact(value) => value.to_float::<HalfAway, 10>(self.context.precision()).value(),
            Number::Rounded(value) => value.clone(),
        }
    }

    pub(super) fn pi(&self) -> Number {
        Number::Rounded(self.context.pi::<10>(None).value())
    }

    pub(super) fn e(&self) -> Number {
        Number::Rounded(self.context.e::<10>().value())
    }

    pub(super) fn add(&self, one: &Number, other: &Number) -> Result<Number> {
        self.spend_on(one, other)?;
        if let (Number::Exact(one), Number::Exact(other)) = (one, other) {
            fits(bits(one) + bits(other))?;
            return Ok(Number::Exact(one + other));
        }
        let (one, other) = (self.float(one), self.float(other));
        let sum = self.context.add(one.repr(), other.repr());
        let sum = self.rounded(sum)?;
        // What is left of two nearly equal numbers are the digits that were never right.
        let largest = decimals(&one).max(decimals(&other));
        let noise = largest - isize::try_from(self.context.precision()).unwrap_or(isize::MAX) + NOISE_DIGITS;
        match &sum {
            Number::Rounded(value) if decimals(value) < noise => Ok(Number::Rounded(Float::ZERO)),
            _ => Ok(sum),
        }
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
        self.rounded(self.context.mul(self.float(one).repr(), self.float(other).repr()))
    }

    pub(super) fn divide(&self, one: &Number, other: &Number) -> Result<Number> {
        self.spend_on(one, other)?;
        if other.is_zero() {
            return Err(CalculationError::undefined("division by zero has no result"));
        }
        if let (Number::Exact(one), Number::Exact(other)) = (one, other) {
            fits(bits(one) + bits(other))?;
            return Ok(Number::Exact(one / other));
        }
        self.rounded(self.context.div(self.float(one).repr(), self.float(other).repr()))
    }

    /// What is left of `one` after whole `other`s: with the sign of `other`, as people count.
    pub(super) fn modulo(&self, one: &Number, other: &Number) -> Result<Number> {
        let quotient = self.divide(one, other)?;
        let whole = self.floor(&quotient)?;
        self.subtract(one, &self.multiply(&whole, other)?)
    }

    pub(super) fn compare(&self, one: &Number, other: &Number) -> Result<Ordering> {
        let difference = self.subtract(one, other)?;
        Ok(match (difference.is_zero(), difference.is_negative()) {
            (true, _) => Ordering::Equal,
            (_, true) => Ordering::Less,
            _ => Ordering::Greater,
        })
    }

    pub(super) fn floor(&self, number: &Number) -> Result<Number> {
        self.whole(number, RBig::floor)
    }

    /// The whole number `round` makes of it.
    pub(super) fn whole(&self, number: &Number, round: impl Fn(&RBig) -> IBig) -> Result<Number> {
        self.spend_on(number, number)?;
        match number {
            Number::Exact(value) => Ok(round(value).into()),
            Number::Rounded(value) => {
                if decimals(value) > isize::try_from(self.context.precision()).unwrap_or(isize::MAX) {
                    return Ok(number.clone());
                }
                let value = RBig::try_from(value.clone())
                    .map_err(|_| CalculationError::undefined("the number is not finite"))?;
                Ok(round(&value).into())
            }
        }
    }

    pub(super) fn power(&self, base: &Number, exponent: &Number) -> Result<Number> {
        self.spend_on_function()?;
        if base.is_zero() {
            return match (exponent.is_zero(), exponent.is_negative()) {
                (true, _) => Err(CalculationError::undefined(
                    "0^0 has no value everybody agrees on",
                )),
                (_, true) => Err(CalculationError::undefined(
                    "zero to a negative power is a division by zero, which has no result",
                )),
                _ => Ok(Number::from(0)),
            };
        }
        if exponent.is_zero() {
            return Ok(Number::from(1));
        }
        self.check_magnitude(base.log10() * self.float(exponent).to_f64().value())?;
        match (base, exponent) {
            (_, Number::Exact(power)) if power.is_int() => self.whole_power(base, power.numerator()),
            (Number::Exact(value), Number::Exact(power)) if !base.is_negative() => {
                match exact_root(value, power.denominator()) {
                    Some(root) => self.whole_power(&Number::Exact(root), power.numerator()),
                    None => self.real_power(base, exponent),
                }
            }
            _ if base.is_negative() => Err(CalculationError::undefined(
                "a negative number to a fractional power is no real number; for odd roots write cbrt(-8) or root(-32, 5)",
            )),
            _ => self.real_power(base, exponent),
        }
    }

    fn real_power(&self, base: &Number, exponent: &Number) -> Result<Number> {
        if let Number::Exact(power) = exponent
            && *power.denominator() == UBig::from(2u8)
            && power.numerator().is_one()
        {
            return self.rounded(self.context.sqrt(self.float(base).repr()));
        }
        let (base, exponent) = (self.float(base), self.float(exponent));
        self.rounded(self.context.powf(base.repr(), exponent.repr(), None))
    }

    fn whole_power(&self, base: &Number, exponent: &IBig) -> Result<Number> {
        let times = usize::try_from(exponent.unsigned_abs()).ok();
        if let (Number::Exact(value), Some(times)) = (base, times) {
            let is_one = value.denominator().is_one() && value.numerator().unsigned_abs().is_one();
            let times = if is_one { times % 2 + 2 } else { times };
            if bits(value).saturating_mul(times) <= EXACT_BITS_MAX {
                let words = bits(value) * times / 64 + 1;
                self.spend(words * words)?;
                let (numerator, denominator) = (value.numerator().pow(times), value.denominator().pow(times));
                let power = RBig::from_parts(numerator, denominator);
                return match exponent.sign() {
                    Sign::Positive => Ok(Number::Exact(power)),
                    Sign::Negative => self.divide(&Number::from(1), &Number::Exact(power)),
                };
            }
        }
        self.rounded(self.context.powi(self.float(base).repr(), exponent.clone()))
    }

    /// The number whose `degree`-th power this is; of negative numbers for odd degrees.
    pub(super) fn root(&self, number: &Number, degree: &Number) -> Result<Number> {
        let Some(whole) = degree.whole().and_then(|whole| usize::try_from(whole).ok()) else {
            return self.power(number, &self.divide(&Number::from(1), degree)?);
        };
        if whole == 0 {
            return Err(CalculationError::undefined("there is no zeroth root"));
        }
        if number.is_negative() && whole % 2 == 0 {
            return Err(CalculationError::undefined(
                "an even root of a negative number is no real number",
            ));
        }
        let inverse = self.divide(&Number::from(1), degree)?;
        let root = match number.is_zero() {
            true => Number::from(0),
            false => self.power(&number.clone().magnitude(), &inverse)?,
        };
        Ok(match number.is_negative() {
            true => root.negated(),
            false => root,
        })
    }

    /// Applies a function of the crate for floats. Such functions of fractions are no fractions, but for those of 0 and 1.
    pub(super) fn apply(
        &self,
        number: &Number,
        function: impl Fn(&Context<HalfAway>, &Repr<10>) -> FpResult<Float>,
    ) -> Result<Number> {
        let is_plain = number.is_zero() || number.whole().is_some_and(IBig::is_one);
        match self.apply_exactly(number, function)? {
            value if is_plain => Ok(value),
            value => Ok(Number::Rounded(self.float(&value))),
        }
    }

    /// The same for a function whose result may be exact: then it is if the crate says so, and the number was.
    pub(super) fn apply_exactly(
        &self,
        number: &Number,
        function: impl Fn(&Context<HalfAway>, &Repr<10>) -> FpResult<Float>,
    ) -> Result<Number> {
        self.spend_on_function()?;
        let float = self.float(number);
        let result = function(&self.context, float.repr());
        match self.exactly(result)? {
            (value, true) if number.is_exact() && self.is_kept(number) => Ok(value),
            (value, _) => Ok(Number::Rounded(self.float(&value))),
        }
    }

    /// Whether nothing of the number is lost as a float.
    fn is_kept(&self, number: &Number) -> bool {
        match number {
            Number::Exact(value) => value
                .to_float::<HalfAway, 10>(self.context.precision())
                .error()
                .is_none(),
            Number::Rounded(_) => false,
        }
    }

    /// An angle small enough for its sine to be told: that takes as many digits of π as it has itself.
    pub(super) fn check_angle(&self, angle: &Number) -> Result<()> {
        let digits = if angle.is_zero() {
            0
        } else {
            decimals(&self.float(angle))
        };
        if digits > ANGLE_DIGITS_MAX {
            let message = format!("angles have up to {ANGLE_DIGITS_MAX} digits here");
            return Err(CalculationError::too_large(message));
        }
        let digits = usize::try_from(digits).unwrap_or(0);
        self.spend(digits * digits * 6)
    }

    /// A tangent that is this large is infinite but for what was rounded off.
    pub(super) fn is_pole(&self, number: &Number) -> bool {
        let digits = isize::try_from(self.context.precision()).unwrap_or(isize::MAX);
        !number.is_exact() && !number.is_zero() && decimals(&self.float(number)) > digits - NOISE_DIGITS
    }

    /// Whether a number with this decimal logarithm is calculated with.
    pub(super) fn check_magnitude(&self, log10: f64) -> Result<()> {
        if log10.abs() > MAGNITUDE_MAX as f64 || log10.is_nan() {
            return Err(beyond());
        }
        Ok(())
    }

    fn rounded(&self, result: FpResult<Float>) -> Result<Number> {
        let (value, _) = self.exactly(result)?;
        Ok(Number::Rounded(self.float(&value)))
    }

    fn exactly(&self, result: FpResult<Float>) -> Result<(Number, bool)> {
        let rounded: Rounded<Float> = result.map_err(|error| match error {
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
        if !is_exact || decimals(&value).abs() > ANGLE_DIGITS_MAX {
            return Ok((Number::Rounded(value), false));
        }
        match RBig::try_from(value.clone()) {
            Ok(exact) => Ok((Number::Exact(exact), true)),
            Err(_) => Ok((Number::Rounded(value), false)),
        }
    }
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

fn beyond() -> CalculationError {
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

/// The root of numerator and denominator, if both are powers. Of long numbers, and for high degrees, nobody asks.
fn exact_root(value: &RBig, degree: &UBig) -> Option<RBig> {
    let degree = usize::try_from(degree)
        .ok()
        .filter(|degree| *degree <= ROOT_DEGREE_MAX)?;
    if bits(value) > ROOT_BITS_MAX {
        return None;
    }
    let root = |of: UBig| {
        let root = of.nth_root(degree);
        (root.pow(degree) == of).then_some(root)
    };
    let numerator = root(value.numerator().unsigned_abs())?;
    let denominator = root(value.denominator().clone())?;
    Some(RBig::from_parts(numerator.into(), denominator))
}
