//! How far a rounded number may be from its value, and what functions make of that.
//!
//! Errors are bounds, never estimates: what is shown of a number is what all values within its error have in common. They
//! are kept as decimal logarithms, because they are as small as numbers are: -∞ is no error, ∞ is one nothing is known of.

use dashu_float::FBig;
use dashu_float::round::mode::HalfAway;
use dashu_int::IBig;
use dashu_int::ops::EstimatedLog2;

/// A number of so many digits.
pub(super) type Float = FBig<HalfAway, 10>;

/// An error has to be this much smaller than a number, as a logarithm, for its sign to be known: it is below a half of it.
const CLEARLY: f64 = 0.31;
/// Relative errors below a tenth grow as their first derivative does, and by no more than this.
const SMALL: f64 = -1.0;
const CURVED: f64 = 0.2;

/// A rounded number.
#[derive(Clone, Debug)]
pub(super) struct Rounded {
    pub(super) value: Float,
    /// The most its value can be away, as a decimal logarithm.
    pub(super) off: f64,
}

impl Rounded {
    /// Whether its value is on the same side of zero for certain.
    pub(super) fn is_off_zero(&self) -> bool {
        self.relative() < -CLEARLY
    }

    /// The error as a part of the number.
    pub(super) fn relative(&self) -> f64 {
        match self.off == f64::NEG_INFINITY {
            true => f64::NEG_INFINITY,
            false => self.off - log10_bounds(&self.value).0,
        }
    }

    /// The largest magnitude its value can have, as a decimal logarithm.
    pub(super) fn most(&self) -> f64 {
        sum(log10_bounds(&self.value).1, self.off)
    }

    /// The error as a number, a bit more than it is.
    pub(super) fn error(&self) -> Option<Float> {
        match self.off {
            f64::NEG_INFINITY => Some(Float::ZERO),
            off if off.is_finite() => Some(power_of_ten(off.ceil() as isize)),
            _ => None,
        }
    }
}

pub(super) fn power_of_ten(exponent: isize) -> Float {
    Float::from_parts(IBig::ONE, exponent)
}

/// Bounds of the decimal logarithm of a magnitude; -∞ of zero.
pub(super) fn log10_bounds(value: &Float) -> (f64, f64) {
    if value.repr().significand().is_zero() {
        return (f64::NEG_INFINITY, f64::NEG_INFINITY);
    }
    let (low, high) = value.log2_bounds();
    let log10 = |log2: f32| f64::from(log2) * std::f64::consts::LOG10_2;
    (log10(low), log10(high))
}

/// The logarithm of a sum, from those of its parts.
pub(super) fn sum(one: f64, other: f64) -> f64 {
    let (most, least) = (one.max(other), one.min(other));
    match least == f64::NEG_INFINITY || most == f64::INFINITY {
        true => most,
        false => most + 10f64.powf(least - most).ln_1p() / std::f64::consts::LN_10 + 1e-9,
    }
}

/// The error of a product.
pub(super) fn of_product(one: &Rounded, other: &Rounded) -> f64 {
    let (first, second) = (log10_bounds(&one.value).1, log10_bounds(&other.value).1);
    sum(
        sum(times(first, other.off), times(second, one.off)),
        times(one.off, other.off),
    )
}

/// The error of a quotient, whose divisor is off zero.
pub(super) fn of_quotient(one: &Rounded, other: &Rounded) -> f64 {
    let below = log10_bounds(&other.value).0;
    let by_divisor = times(log10_bounds(&one.value).1, other.off) - 2.0 * below;
    // The divisor may be half as large as it seems.
    sum(one.off - below, by_divisor) + CLEARLY
}

/// The logarithm of a product, where nothing stays nothing.
fn times(one: f64, other: f64) -> f64 {
    match one == f64::NEG_INFINITY || other == f64::NEG_INFINITY {
        true => f64::NEG_INFINITY,
        false => one + other,
    }
}

/// The error of a power of a base above zero, or of a whole power of one that is off zero.
pub(super) fn of_power(base: &Rounded, exponent: &Rounded, power: &Float) -> f64 {
    let (low, high) = log10_bounds(&base.value);
    let logarithm = (low.abs().max(high.abs()) * std::f64::consts::LN_10 + 1.0).log10();
    let by_base = times(log10_bounds(&exponent.value).1, base.relative());
    let by_exponent = times(exponent.off, logarithm);
    grown(log10_bounds(power).1, sum(by_base, by_exponent))
}

/// The error of a result that changes by this part of it.
fn grown(size: f64, part: f64) -> f64 {
    match part {
        f64::NEG_INFINITY => f64::NEG_INFINITY,
        part if part < SMALL => size + part + CURVED,
        _ => f64::INFINITY,
    }
}

/// The error of a function's result that comes from the error of its argument.
pub(super) fn of_function(name: &str, argument: &Rounded, result: &Float) -> f64 {
    let off = argument.off;
    if off == f64::NEG_INFINITY {
        return off;
    }
    let size = log10_bounds(result).1;
    match name {
        // Their slopes are at most 1, by degrees or radians.
        "sin" | "cos" | "atan" | "tanh" | "asinh" => off,
        "exp" => grown(size, off),
        "sinh" | "cosh" => grown(sum(0.0, size), off),
        "ln" if argument.is_off_zero() => argument.relative() + CURVED,
        // The slope is 1 + tan²; near a pole it changes too fast.
        "tan" => {
            let (size, slope) = (sum(0.0, size), sum(0.0, 2.0 * size));
            grown(size, off + slope - size)
        }
        // Near their ends they are as steep as a square root is at zero.
        "asin" | "acos" | "acosh" => {
            let distance = distance_from_one(&argument.value);
            match off < distance - CLEARLY {
                true => off - distance / 2.0 + CURVED,
                false => off / 2.0 + CLEARLY,
            }
        }
        "atanh" => {
            let distance = distance_from_one(&argument.value);
            match off < distance - CLEARLY {
                true => off - distance + CLEARLY,
                false => f64::INFINITY,
            }
        }
        _ => f64::INFINITY,
    }
}

/// How far a magnitude is from 1, as a decimal logarithm.
fn distance_from_one(value: &Float) -> f64 {
    let one = Float::ONE;
    let magnitude = match *value < Float::ZERO {
        true => -value.clone(),
        false => value.clone(),
    };
    log10_bounds(&(magnitude - one)).0
}

/// The error of the angle of a point.
pub(super) fn of_angle(y: &Rounded, x: &Rounded) -> f64 {
    let off = sum(y.off, x.off);
    let radius = log10_bounds(&y.value).0.max(log10_bounds(&x.value).0);
    match off {
        f64::NEG_INFINITY => f64::NEG_INFINITY,
        off if off < radius - 2.0 * CLEARLY => off - radius + CLEARLY,
        _ => f64::INFINITY,
    }
}
