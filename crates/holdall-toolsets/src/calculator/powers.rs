//! Powers and roots: exact where both numbers allow it.

use std::cmp::Ordering;

use dashu_int::ops::{BitTest, UnsignedAbs};
use dashu_int::{IBig, Sign, UBig};
use dashu_ratio::RBig;

use super::errors::CalculationError;
use super::number::{Arithmetic, EXACT_BITS_MAX, MAGNITUDE_MAX, Number, beyond, bits};
use super::rounded::{Float, Rounded, log10_bounds, of_power};

type Result<T> = std::result::Result<T, CalculationError>;

/// Bits of numbers whose roots are looked for among fractions, and the degree of such roots.
const ROOT_BITS_MAX: usize = 4_096;
const ROOT_DEGREE_MAX: usize = 64;

impl Arithmetic {
    pub(super) fn power(&self, base: &Number, exponent: &Number) -> Result<Number> {
        self.spend_on_function("power")?;
        if exponent.is_zero() {
            return match base.is_zero() {
                true => Err(CalculationError::undefined(
                    "0^0 has no value everybody agrees on",
                )),
                false => Ok(Number::from(1)),
            };
        }
        let side = self.sign(base);
        if side == Ordering::Equal {
            return match (base, self.sign(exponent)) {
                (_, Ordering::Less) => Err(CalculationError::undefined(
                    "zero to a negative power is a division by zero, which has no result",
                )),
                (Number::Rounded(base), Ordering::Greater) => Ok(Number::Rounded(Rounded {
                    value: Float::ZERO,
                    off: base.most() * 10f64.powf(log10_bounds(&self.float(exponent).value).0),
                })),
                _ => Ok(Number::from(0)),
            };
        }
        let is_negative = side == Ordering::Less;
        self.check_power(base, exponent)?;
        match (base, exponent) {
            (_, Number::Exact(power)) if power.is_int() => self.whole_power(base, power.numerator()),
            (Number::Exact(value), Number::Exact(power)) if !is_negative => {
                match exact_root(value, power.denominator()) {
                    Some(root) => self.whole_power(&Number::Exact(root), power.numerator()),
                    None => self.real_power(base, exponent),
                }
            }
            _ if is_negative => Err(CalculationError::undefined(
                "a negative number to a fractional power is no real number; for odd roots write cbrt(-8) or root(-32, 5)",
            )),
            _ => self.real_power(base, exponent),
        }
    }

    /// Whether a power is small enough to be calculated with, of a base that is off zero.
    fn check_power(&self, base: &Number, exponent: &Number) -> Result<()> {
        let base = self.float(&base.clone().magnitude());
        let (low, high) = log10_bounds(&base.value);
        let is_near_one = low.abs() <= 0.1;
        // As a logarithm, too: exponents may be beyond what processors calculate with.
        let logarithm = match is_near_one {
            false => (low.abs() + high.abs()).log10() - std::f64::consts::LOG10_2,
            true => log10_bounds(&(&base.value - Float::ONE)).1 - std::f64::consts::LN_10.log10(),
        };
        let size = logarithm + log10_bounds(&self.float(exponent).value).1;
        if size > (MAGNITUDE_MAX as f64).log10() {
            if is_near_one && base.off != f64::NEG_INFINITY {
                self.doubt();
            }
            return Err(beyond());
        }
        Ok(())
    }

    fn real_power(&self, base: &Number, exponent: &Number) -> Result<Number> {
        let (one, other) = (self.float(base), self.float(exponent));
        let is_root = matches!(exponent, Number::Exact(power)
            if *power.denominator() == UBig::from(2u8) && power.numerator().is_one());
        let power = match is_root {
            true => self.context.sqrt(one.value.repr()),
            false => self.context.powf(one.value.repr(), other.value.repr(), None),
        };
        self.rounded(power, |power| of_power(&one, &other, power))
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
        let (one, other) = (self.float(base), self.float(&Number::from(exponent.clone())));
        // It is squared for each bit of the exponent.
        let words = self.digits() / 16 + 1;
        let bits = exponent.unsigned_abs().bit_len();
        self.spend(bits.saturating_mul(words * words * 8))?;
        let power = self.context.powi(one.value.repr(), exponent.clone());
        self.rounded(power, |power| of_power(&one, &other, power))
    }

    /// The number whose `degree`-th power this is; of negative numbers for odd degrees.
    pub(super) fn root(&self, number: &Number, degree: &Number) -> Result<Number> {
        let Some(whole) = degree.whole().and_then(|whole| usize::try_from(whole).ok()) else {
            return self.power(number, &self.divide(&Number::from(1), degree)?);
        };
        if whole == 0 {
            return Err(CalculationError::undefined("there is no zeroth root"));
        }
        let is_negative = self.sign(number) == Ordering::Less;
        if is_negative && whole % 2 == 0 {
            return Err(CalculationError::undefined(
                "an even root of a negative number is no real number",
            ));
        }
        let inverse = self.divide(&Number::from(1), degree)?;
        let root = match number.is_zero() {
            true => Number::from(0),
            false if is_negative => self.power(&number.clone().negated(), &inverse)?,
            false => self.power(number, &inverse)?,
        };
        Ok(match is_negative {
            true => root.negated(),
            false => root,
        })
    }
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
