//! Functions: which there are, and what they do.

use std::cmp::Ordering;

use dashu_float::round::mode::HalfAway;
use dashu_float::{Context, FpResult, Repr};
use dashu_int::ops::{BitTest, Gcd, UnsignedAbs};
use dashu_int::{IBig, Sign, UBig};
use dashu_ratio::RBig;

use super::errors::CalculationError;
use super::number::{Arithmetic, Number, STEP_WORK, bits as bits_of, fits};
use super::rounded::{Float, Rounded};
use super::units::{ANGLE, Quantity, Unit};

type Result<T> = std::result::Result<T, CalculationError>;

/// The largest number whose factorial is told: it has 16,326 digits.
const FACTORIAL_MAX: usize = 5_000;
/// Arguments of one function.
const ARGUMENTS_MAX: usize = 500;

/// Names, and how many arguments they take.
const FUNCTIONS: [(&str, usize, usize); 52] = [
    ("abs", 1, 1),
    ("acos", 1, 1),
    ("acosh", 1, 1),
    ("asin", 1, 1),
    ("asinh", 1, 1),
    ("atan", 1, 1),
    ("atan2", 2, 2),
    ("atanh", 1, 1),
    ("average", 1, ARGUMENTS_MAX),
    ("avg", 1, ARGUMENTS_MAX),
    ("cbrt", 1, 1),
    ("ceil", 1, 1),
    ("choose", 2, 2),
    ("comb", 2, 2),
    ("cos", 1, 1),
    ("cosh", 1, 1),
    ("exp", 1, 1),
    ("factorial", 1, 1),
    ("fact", 1, 1),
    ("floor", 1, 1),
    ("gcd", 1, ARGUMENTS_MAX),
    ("hypot", 2, 2),
    ("lcm", 1, ARGUMENTS_MAX),
    ("ln", 1, 1),
    ("log", 1, 2),
    ("log10", 1, 1),
    ("log2", 1, 1),
    ("max", 1, ARGUMENTS_MAX),
    ("mean", 1, ARGUMENTS_MAX),
    ("median", 1, ARGUMENTS_MAX),
    ("min", 1, ARGUMENTS_MAX),
    ("modulo", 2, 2),
    ("nCr", 2, 2),
    ("nPr", 2, 2),
    ("ncr", 2, 2),
    ("npr", 2, 2),
    ("perm", 2, 2),
    ("pow", 2, 2),
    ("prod", 1, ARGUMENTS_MAX),
    ("product", 1, ARGUMENTS_MAX),
    ("root", 2, 2),
    ("round", 1, 2),
    ("sgn", 1, 1),
    ("sign", 1, 1),
    ("sin", 1, 1),
    ("sinh", 1, 1),
    ("sqrt", 1, 1),
    ("stdev", 2, ARGUMENTS_MAX),
    ("sum", 1, ARGUMENTS_MAX),
    ("tan", 1, 1),
    ("tanh", 1, 1),
    ("trunc", 1, 1),
];

pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS.iter().any(|(known, ..)| *known == name)
}

/// The names, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, ..)| *name)
}

/// Whether a plain number given to it is taken for radians.
pub(super) fn takes_angle(name: &str) -> bool {
    matches!(name, "sin" | "cos" | "tan")
}

/// What a function makes of its arguments.
pub(super) fn call(name: &str, mut arguments: Vec<Quantity>, arithmetic: &Arithmetic) -> Result<Quantity> {
    arithmetic.spend(STEP_WORK)?;
    check_count(name, arguments.len())?;
    if let Some(several) = of_several(name, &arguments, arithmetic)? {
        return Ok(several);
    }
    let second = match arguments.len() {
        2 => arguments.pop(),
        _ => None,
    };
    let Some(first) = arguments.pop() else {
        return Err(CalculationError::undefined(format!("`{name}` needs an argument")));
    };
    match second {
        Some(second) => of_two(name, first, second, arithmetic),
        None => of_one(name, first, arithmetic),
    }
}

fn check_count(name: &str, count: usize) -> Result<()> {
    let (_, least, most) = FUNCTIONS
        .iter()
        .find(|(known, ..)| *known == name)
        .copied()
        .unwrap_or((name_of_none(), 1, 1));
    if (least..=most).contains(&count) {
        return Ok(());
    }
    let wanted = match (least, most) {
        (1, 1) => "one argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, ARGUMENTS_MAX) => format!("{least} to {ARGUMENTS_MAX} arguments"),
        (least, most) => format!("{least} or {most} arguments"),
    };
    Err(CalculationError::undefined(format!(
        "`{name}` takes {wanted}, not {count}"
    )))
}

fn name_of_none() -> &'static str {
    ""
}

/// Functions of any number of quantities of one kind.
fn of_several(name: &str, arguments: &[Quantity], arithmetic: &Arithmetic) -> Result<Option<Quantity>> {
    let sum = || {
        let mut rest = arguments.iter().cloned();
        let first = rest.next().unwrap_or(Number::from(0).into());
        rest.try_fold(first, |sum, next| sum.add(next, arithmetic))
    };
    let count = || Quantity::from(Number::from(i64::try_from(arguments.len()).unwrap_or(i64::MAX)));
    Ok(Some(match name {
        "sum" => sum()?,
        "mean" | "avg" | "average" => sum()?.divide(count(), arithmetic)?,
        "prod" | "product" => {
            let one = Quantity::from(Number::from(1));
            arguments
                .iter()
                .try_fold(one, |product, next| product.multiply(next.clone(), arithmetic))?
        }
        "min" => first(arguments, Ordering::Less, arithmetic)?,
        "max" => first(arguments, Ordering::Greater, arithmetic)?,
        "median" => {
            let sorted = sorted(arguments, arithmetic)?;
            let middle = sorted.len() / 2;
            match sorted.len() % 2 {
                1 => sorted[middle].clone(),
                _ => {
                    let sum = sorted[middle - 1]
                        .clone()
                        .add(sorted[middle].clone(), arithmetic)?;
                    sum.divide(Number::from(2).into(), arithmetic)?
                }
            }
        }
        "stdev" => {
            let mean = sum()?.divide(count(), arithmetic)?;
            let mut squares: Option<Quantity> = None;
            for argument in arguments {
                let off = argument.clone().add(mean.clone().negated(), arithmetic)?;
                let square = off.power(&Number::from(2), arithmetic)?;
                squares = Some(match squares {
                    Some(sum) => sum.add(square, arithmetic)?,
                    None => square,
                });
            }
            let squares = squares.unwrap_or(Number::from(0).into());
            let less = Number::from(i64::try_from(arguments.len()).unwrap_or(i64::MAX) - 1);
            let variance = squares.divide(less.into(), arithmetic)?;
            variance.power(&half(), arithmetic)?
        }
        "gcd" | "lcm" => {
            let mut result: Option<IBig> = None;
            for argument in arguments {
                let next = whole(argument.clone(), name)?;
                result = Some(match result {
                    None => next.unsigned_abs().into(),
                    Some(so_far) => divisor_or_multiple(name, &so_far, &next, arithmetic)?,
                });
            }
            Number::from(result.unwrap_or(IBig::ZERO)).into()
        }
        _ => return Ok(None),
    }))
}

fn divisor_or_multiple(name: &str, one: &IBig, other: &IBig, arithmetic: &Arithmetic) -> Result<IBig> {
    let words = (bits_of(&RBig::from(one.clone())) + bits_of(&RBig::from(other.clone()))) / 64 + 1;
    arithmetic.spend(STEP_WORK + 4 * words * words)?;
    let (one, other) = (one.unsigned_abs(), other.unsigned_abs());
    if one.is_zero() || other.is_zero() {
        return Ok(if name == "gcd" {
            (one + other).into()
        } else {
            IBig::ZERO
        });
    }
    let divisor = (&one).gcd(&other);
    if name == "gcd" {
        return Ok(divisor.into());
    }
    let product = arithmetic.multiply(
        &Number::from(IBig::from(one / divisor)),
        &Number::from(IBig::from(other)),
    )?;
    Ok(product.whole().cloned().unwrap_or(IBig::ZERO))
}

/// The one that is less, or greater, than all others.
fn first(arguments: &[Quantity], wanted: Ordering, arithmetic: &Arithmetic) -> Result<Quantity> {
    let mut rest = arguments.iter();
    let mut best = rest.next().cloned().unwrap_or(Number::from(0).into());
    for argument in rest {
        if compare(argument, &best, arithmetic)? == wanted {
            best = argument.clone();
        }
    }
    Ok(best)
}

fn sorted(arguments: &[Quantity], arithmetic: &Arithmetic) -> Result<Vec<Quantity>> {
    let mut sorted: Vec<Quantity> = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let (mut low, mut high) = (0, sorted.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match compare(argument, &sorted[middle], arithmetic)? {
                Ordering::Less => high = middle,
                _ => low = middle + 1,
            }
        }
        sorted.insert(low, argument.clone());
    }
    Ok(sorted)
}

fn compare(one: &Quantity, other: &Quantity, arithmetic: &Arithmetic) -> Result<Ordering> {
    let other = other.clone().scaled(&one.unit, "compared", arithmetic)?;
    arithmetic.compare(&one.number, &other.number)
}

fn of_two(name: &str, first: Quantity, second: Quantity, arithmetic: &Arithmetic) -> Result<Quantity> {
    Ok(match name {
        "pow" => {
            let exponent = second.plain("an exponent")?;
            first.power(&exponent, arithmetic)?
        }
        "root" => {
            let degree = second.plain("the degree of a root")?;
            if first.unit.is_none() {
                return Ok(arithmetic.root(&first.number, &degree)?.into());
            }
            first.power(&arithmetic.divide(&Number::from(1), &degree)?, arithmetic)?
        }
        "modulo" => modulo(first, second, arithmetic)?,
        "hypot" => {
            let two = Number::from(2);
            let sum = first
                .power(&two, arithmetic)?
                .add(second.power(&two, arithmetic)?, arithmetic)?;
            sum.power(&half(), arithmetic)?
        }
        "round" => {
            let digits = whole(second, "the number of decimals")?;
            let shift = arithmetic.power(&Number::from(10), &Number::from(digits))?;
            let shifted = arithmetic.multiply(&first.number, &shift)?;
            let rounded = arithmetic.whole(&shifted, RBig::round)?;
            Quantity {
                number: arithmetic.divide(&rounded, &shift)?,
                unit: first.unit,
            }
        }
        "log" => {
            let (number, base) = (first.plain("log")?, second.plain("the base of log")?);
            logarithm(&number, &base, arithmetic)?.into()
        }
        "atan2" => {
            let second = second.scaled(&first.unit, "compared", arithmetic)?;
            arithmetic.angle(&first.number, &second.number)?.into()
        }
        _ => {
            let (from, chosen) = (whole(first, name)?, whole(second, name)?);
            Number::from(selections(name, from, chosen, arithmetic)?).into()
        }
    })
}

fn of_one(name: &str, argument: Quantity, arithmetic: &Arithmetic) -> Result<Quantity> {
    let Quantity { number, unit } = argument;
    let kept = |number: Number, unit: Unit| Ok(Quantity { number, unit });
    match name {
        "abs" => kept(number.magnitude(), unit),
        "floor" => kept(arithmetic.floor(&number)?, unit),
        "ceil" => kept(arithmetic.whole(&number, RBig::ceil)?, unit),
        "round" => kept(arithmetic.whole(&number, RBig::round)?, unit),
        "trunc" => kept(arithmetic.whole(&number, RBig::trunc)?, unit),
        "sqrt" if unit.is_none() => Ok(arithmetic.root(&number, &Number::from(2))?.into()),
        "sqrt" => Quantity { number, unit }.power(&half(), arithmetic),
        "cbrt" if unit.is_none() => Ok(arithmetic.root(&number, &Number::from(3))?.into()),
        "cbrt" => {
            let third = arithmetic.divide(&Number::from(1), &Number::from(3))?;
            Quantity { number, unit }.power(&third, arithmetic)
        }
        "sin" | "cos" | "tan" => trigonometric(name, Quantity { number, unit }, arithmetic),
        _ => {
            let number = Quantity { number, unit }.plain(&format!("`{name}`"))?;
            Ok(plain(name, &number, arithmetic)?.into())
        }
    }
}

fn plain(name: &str, number: &Number, arithmetic: &Arithmetic) -> Result<Number> {
    let apply = |function: fn(&Context<HalfAway>, &Repr<10>) -> FpResult<Float>| {
        arithmetic.apply(name, number, function)
    };
    match name {
        "sign" | "sgn" => Ok(Number::from(match arithmetic.sign(number) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        })),
        "exp" => {
            let exponent = arithmetic.float(number).value.to_f64().value();
            arithmetic.check_magnitude(exponent * std::f64::consts::LOG10_E)?;
            apply(|context, x| context.exp(x, None))
        }
        "ln" | "log" | "log10" | "log2" if arithmetic.sign(number) != Ordering::Greater => Err(
            CalculationError::undefined("only numbers above zero have a logarithm"),
        ),
        "ln" => apply(|context, x| context.ln(x, None)),
        "log" | "log10" => logarithm(number, &Number::from(10), arithmetic),
        "log2" => logarithm(number, &Number::from(2), arithmetic),
        "asin" | "acos" | "atanh" => {
            let number = up_to_one(name, number, arithmetic)?;
            arithmetic.apply(name, &number, |context, x| match name {
                "asin" => context.asin(x, None),
                "acos" => context.acos(x, None),
                _ => context.atanh(x, None),
            })
        }
        "atan" => apply(|context, x| context.atan(x, None)),
        "sinh" | "cosh" | "tanh" => {
            let exponent = arithmetic.float(number).value.to_f64().value();
            if name != "tanh" {
                arithmetic.check_magnitude(exponent * std::f64::consts::LOG10_E)?;
            } else if exponent.abs() > 10_000.0 {
                return Err(CalculationError::too_large(
                    "`tanh` takes numbers up to 10000 here",
                ));
            }
            match name {
                "sinh" => apply(|context, x| context.sinh(x, None)),
                "cosh" => apply(|context, x| context.cosh(x, None)),
                _ => apply(|context, x| context.tanh(x, None)),
            }
        }
        "asinh" => apply(|context, x| context.asinh(x, None)),
        "acosh" => match arithmetic.compare(number, &Number::from(1))? {
            Ordering::Less => Err(CalculationError::undefined("`acosh` takes numbers from 1 on")),
            Ordering::Equal => {
                let one = as_one(number, arithmetic);
                arithmetic.apply(name, &one, |context, x| context.acosh(x, None))
            }
            Ordering::Greater => apply(|context, x| context.acosh(x, None)),
        },
        _ => factorial(number, arithmetic),
    }
}

/// A number from -1 to 1; of one that may be just beyond, the end.
fn up_to_one(name: &str, number: &Number, arithmetic: &Arithmetic) -> Result<Number> {
    match arithmetic.compare(&number.clone().magnitude(), &Number::from(1))? {
        Ordering::Less => Ok(number.clone()),
        Ordering::Equal if arithmetic.sign(number) == Ordering::Less => {
            Ok(as_one(&number.clone().negated(), arithmetic).negated())
        }
        Ordering::Equal => Ok(as_one(number, arithmetic)),
        Ordering::Greater => Err(CalculationError::undefined(format!(
            "`{name}` takes numbers from -1 to 1"
        ))),
    }
}

/// One, with the error of a number that cannot be told from it.
fn as_one(number: &Number, arithmetic: &Arithmetic) -> Number {
    match number {
        Number::Exact(_) => number.clone(),
        Number::Rounded(Rounded { off, .. }) => Number::Rounded(Rounded {
            value: arithmetic.float(&Number::from(1)).value,
            off: off + 1.0,
        }),
    }
}

/// Sine, cosine and tangent: of angles, or of plain numbers as radians.
fn trigonometric(name: &str, argument: Quantity, arithmetic: &Arithmetic) -> Result<Quantity> {
    arithmetic.check_angle(&argument.number)?;
    let in_radians = argument.unit.is_none() || argument.unit.text() == "rad";
    if !in_radians && argument.unit.dimension() != ANGLE {
        let unit = argument.unit.text();
        let message = format!("`{name}` takes an angle (30 deg, 0.5 rad) or a plain number, not `{unit}`");
        return Err(CalculationError::undefined(message));
    }
    let number = match in_radians {
        true => argument.number,
        false => arithmetic.multiply(&argument.number, &argument.unit.size(arithmetic)?)?,
    };
    let result = match in_radians {
        true => arithmetic.apply(name, &number, |context, x| match name {
            "sin" => context.sin(x, None),
            "cos" => context.cos(x, None),
            _ => context.tan(x, None),
        }),
        // The sine of 30 degrees is a half.
        false => arithmetic.apply_exactly(name, &number, |context, x| match name {
            "sin" => context.sin_unit(x, 360, None),
            "cos" => context.cos_unit(x, 360, None),
            _ => context.tan_unit(x, 360, None),
        }),
    };
    match result {
        Err(CalculationError::Undefined(_)) if name == "tan" => Err(right_angle()),
        // So near to a right angle that it may be one.
        Ok(Number::Rounded(Rounded {
            off: f64::INFINITY, ..
        })) if name == "tan" => {
            arithmetic.doubt();
            Err(right_angle())
        }
        result => Ok(result?.into()),
    }
}

fn right_angle() -> CalculationError {
    CalculationError::undefined("the tangent of a right angle is infinite")
}

fn logarithm(number: &Number, base: &Number, arithmetic: &Arithmetic) -> Result<Number> {
    let (above, below) = (plain("ln", number, arithmetic)?, plain("ln", base, arithmetic)?);
    if arithmetic.sign(&below) == Ordering::Equal {
        return Err(CalculationError::undefined("there is no logarithm to the base 1"));
    }
    let quotient = arithmetic.divide(&above, &below)?;
    // log(81, 3) is 4, which the quotient of two rounded logarithms cannot know.
    if number.is_exact() && base.is_exact() {
        let nearest = Number::from(arithmetic.nearest(&quotient)?);
        let power = arithmetic.power(base, &nearest)?;
        if power.is_exact() && arithmetic.compare(&power, number)? == Ordering::Equal {
            return Ok(nearest);
        }
    }
    Ok(quotient)
}

/// What is left of one quantity after whole others of its kind.
pub(super) fn modulo(one: Quantity, other: Quantity, arithmetic: &Arithmetic) -> Result<Quantity> {
    let other = other.scaled(&one.unit, "divided", arithmetic)?;
    Ok(Quantity {
        number: arithmetic.modulo(&one.number, &other.number)?,
        unit: one.unit,
    })
}

/// Operations on the bits of whole numbers.
pub(super) fn bits(
    operator: &str,
    one: Quantity,
    other: Quantity,
    arithmetic: &Arithmetic,
) -> Result<Number> {
    arithmetic.spend(10 * STEP_WORK)?;
    let (one, other) = (whole(one, operator)?, whole(other, operator)?);
    Ok(Number::from(match operator {
        "and" => one & other,
        "or" => one | other,
        "xor" => one ^ other,
        _ => {
            let shift = usize::try_from(other).map_err(|_| {
                CalculationError::undefined(format!("`{operator}` shifts by a whole number from 0 on"))
            })?;
            match operator {
                "<<" => {
                    fits(bits_of(&RBig::from(one.clone())).saturating_add(shift))?;
                    one << shift
                }
                _ => one >> shift,
            }
        }
    }))
}

/// The product of all whole numbers up to it.
pub(super) fn factorial(number: &Number, arithmetic: &Arithmetic) -> Result<Number> {
    arithmetic.spend(STEP_WORK)?;
    let Some(whole) = number.whole().filter(|whole| whole.sign() == Sign::Positive) else {
        return Err(CalculationError::undefined(
            "only whole numbers from 0 on have a factorial",
        ));
    };
    let Some(last) = usize::try_from(whole.clone())
        .ok()
        .filter(|last| *last <= FACTORIAL_MAX)
    else {
        return Err(CalculationError::too_large(format!(
            "factorials are calculated up to {FACTORIAL_MAX}!"
        )));
    };
    // The product of n numbers of 13 bits.
    arithmetic.spend(last * last / 4)?;
    Ok(Number::from(IBig::from(product(1, last))))
}

/// The product of these numbers, halved so that large numbers meet large ones.
fn product(first: usize, last: usize) -> UBig {
    match last.checked_sub(first) {
        None => UBig::ONE,
        Some(0) => UBig::from(first),
        Some(distance) => {
            let middle = first + distance / 2;
            product(first, middle) * product(middle + 1, last)
        }
    }
}

/// In how many ways some of many can be chosen, in any order or in each.
fn selections(name: &str, from: IBig, chosen: IBig, arithmetic: &Arithmetic) -> Result<IBig> {
    let number = |value: IBig| usize::try_from(value).ok().filter(|value| *value <= 1_000_000);
    let (Some(from), Some(chosen)) = (number(from), number(chosen)) else {
        return Err(CalculationError::undefined(format!(
            "`{name}` takes whole numbers from 0 to 1000000"
        )));
    };
    if chosen > from {
        return Ok(IBig::ZERO);
    }
    let in_order = matches!(name, "nPr" | "npr" | "perm");
    let steps = if in_order {
        chosen
    } else {
        chosen.min(from - chosen)
    };
    let mut result = UBig::ONE;
    for step in 0..steps {
        arithmetic.spend(STEP_WORK + result.bit_len() / 4)?;
        result *= UBig::from(from - step);
        if !in_order {
            result /= UBig::from(step + 1);
        }
        fits(result.bit_len())?;
    }
    Ok(result.into())
}

fn whole(quantity: Quantity, what: &str) -> Result<IBig> {
    let number = quantity.plain(&format!("`{what}`"))?;
    let error = || CalculationError::undefined(format!("`{what}` takes whole numbers"));
    number.whole().cloned().ok_or_else(error)
}

fn half() -> Number {
    Number::Exact(RBig::from_parts(IBig::ONE, UBig::from(2u8)))
}
