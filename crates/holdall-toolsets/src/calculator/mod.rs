//! The `calculator` toolset: one expression, one value.
//!
//! Here: reading an expression and calculating it while it is read, with numbers that stay exact as long as that goes,
//! and units. The arithmetic itself is that of the crates `dashu`. It never looks anything up: no rates of currencies, no
//! random numbers, no time of day; it keeps nothing between two calls.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which tool is there, what it replies, its bounds |
//! | `tokens` | where do words and signs begin and end |
//! | `evaluate` | what comes first, and what is a value |
//! | `functions` | what do functions make of their arguments |
//! | `units` | which units are there, and what becomes of them |
//! | `number` | how is calculated, within which bounds |
//! | `powers` | what are powers and roots |
//! | `rounded` | how far may a rounded number be off |
//! | `certain` | with how many digits is calculated, so that those shown are right |
//! | `show` | how is a number written |
//! | `suggest` | what was probably meant by a name |
//! | `errors` | why is there no result |

mod certain;
mod errors;
mod evaluate;
mod functions;
mod number;
mod powers;
mod rounded;
mod show;
mod suggest;
mod tokens;
mod units;

#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use holdall::prelude::*;
use serde::{Deserialize, Serialize};

use errors::call_error;
pub use errors::{CalculationError, CalculatorConfigError};
use show::Room;
use tokens::{Placed, Token, tokens};

/// What a model should know before it uses the toolset, for [`Server::instructions`](holdall::Server::instructions).
pub const INSTRUCTIONS: &str =
    "Calculate with calculate instead of in your head: arithmetic, percentages, units.";

/// Digits that are calculated with beyond those that are shown: what rounding takes.
const GUARD_DIGITS: usize = 15;
/// Digits of a rounded result, unless asked for otherwise.
const DIGITS_USUAL: usize = 15;
/// Digits that can be asked for.
const DIGITS_MAX: usize = 1_000;
/// What the bounds of the configuration can be.
const EXPRESSION_CHARS: RangeInclusive<usize> = 1..=100_000;
const WORK_US: RangeInclusive<u64> = 100..=10_000_000;
const EXACT_DIGITS: RangeInclusive<usize> = 15..=20_000;

/// The bounds of the calculator.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CalculatorConfig {
    /// How long an expression may be, in characters.
    #[schemars(range(min = 1, max = 100_000))]
    pub expression_chars_max: usize,
    /// How much work an expression may take, in microseconds on a usual machine, estimated from the sizes of the numbers:
    /// the same expression has the same result wherever it is calculated.
    #[schemars(range(min = 100, max = 10_000_000))]
    pub work_us_max: u64,
    /// How many digits of an exact result are written; longer ones are rounded.
    #[schemars(range(min = 15, max = 20_000))]
    pub digits_max: usize,
}

impl Default for CalculatorConfig {
    fn default() -> Self {
        Self {
            expression_chars_max: 2_000,
            work_us_max: 20_000,
            digits_max: 1_000,
        }
    }
}

impl CalculatorConfig {
    fn check(&self) -> Result<(), CalculatorConfigError> {
        let within = |key: &'static str, value: u64, from: u64, to: u64| match (from..=to).contains(&value) {
            true => Ok(()),
            false => Err(CalculatorConfigError { key, value, from, to }),
        };
        let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let counts = [
            (
                "expression_chars_max",
                self.expression_chars_max,
                EXPRESSION_CHARS,
            ),
            ("digits_max", self.digits_max, EXACT_DIGITS),
        ];
        for (key, value, range) in counts {
            within(key, number(value), number(*range.start()), number(*range.end()))?;
        }
        within("work_us_max", self.work_us_max, *WORK_US.start(), *WORK_US.end())
    }
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Calculation {
    /// The expression, as it was given.
    pub expression: String,
    /// Its value, with its unit.
    pub result: String,
    /// Whether the result is the value itself; otherwise it is rounded.
    pub exact: bool,
    /// What the number counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The exact number as a fraction, where the result is rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<String>,
    /// How the expression was read where it could have been meant otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Calculation {
    fn text(&self) -> String {
        let sign = if self.exact { '=' } else { '≈' };
        let mut text = format!("{} {sign} {}", self.expression, self.result);
        match (&self.fraction, self.exact) {
            (Some(fraction), _) => text.push_str(&format!(" (rounded; exactly {fraction})")),
            (None, false) => text.push_str(" (rounded)"),
            (None, true) => {}
        }
        for note in &self.notes {
            text.push_str(&format!("\n({note})"));
        }
        text
    }
}

/// The one tool, [`calculate`](Self::calculate).
///
/// ```
/// use holdall_toolsets::calculator::CalculatorToolset;
///
/// let calculator = CalculatorToolset::default();
/// let sum = calculator.value("0.1 + 0.2", None)?;
/// assert_eq!((sum.result.as_str(), sum.exact), ("0.3", true));
/// # Ok::<(), holdall_toolsets::calculator::CalculationError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CalculatorToolset {
    config: CalculatorConfig,
}

impl CalculatorToolset {
    /// A calculator with these bounds.
    ///
    /// # Errors
    /// If a bound is out of its range.
    pub fn new(config: CalculatorConfig) -> Result<Self, CalculatorConfigError> {
        config.check()?;
        Ok(Self { config })
    }

    /// The value of an expression, with `precision` digits if that many are asked for.
    ///
    /// # Errors
    /// If the expression cannot be read, has no value, or exceeds a bound.
    pub fn value(&self, expression: &str, precision: Option<usize>) -> Result<Calculation, CalculationError> {
        let length = expression.chars().count();
        let most = self.config.expression_chars_max;
        if length > most {
            return Err(CalculationError::too_large(format!(
                "the expression has {length} characters, more than {most}"
            )));
        }
        let tokens = tokens(expression, functions::is_function)?;
        let asked = precision.map(|digits| digits.clamp(1, DIGITS_MAX));
        let digits = asked.unwrap_or(0).max(digits_written(&tokens)).max(DIGITS_USUAL) + GUARD_DIGITS;
        let room = Room {
            asked,
            usual: DIGITS_USUAL,
            most: self.config.digits_max,
        };
        let (outcome, shown) = certain::calculate(&tokens, digits, self.config.work_us_max, &room)?;
        let unit = evaluate::unit_text(&outcome.quantity.unit);
        Ok(Calculation {
            expression: expression.to_owned(),
            result: match &unit {
                Some(unit) => format!("{} {unit}", shown.text),
                None => shown.text,
            },
            exact: shown.exact,
            unit,
            fraction: shown.fraction.filter(|_| outcome.quantity.unit.is_none()),
            notes: outcome.notes,
        })
    }
}

/// The most digits the expression itself asks for, as in `pi to 50 dp`, digits in front of the point included.
fn digits_written(tokens: &[Placed]) -> usize {
    let wanted = tokens
        .windows(2)
        .filter_map(|pair| match (&pair[0].token, &pair[1].token) {
            (Token::Number(digits), Token::Name(name))
                if ["dp", "decimals", "places", "sf", "digits"].contains(&name.as_str()) =>
            {
                usize::try_from(digits.clone())
                    .ok()
                    .filter(|digits| *digits <= DIGITS_MAX)
            }
            _ => None,
        });
    wanted.max().map_or(0, |digits| digits + DIGITS_USUAL)
}

#[toolset]
impl CalculatorToolset {
    /// Calculate an expression exactly: + - * / ^ ! mod, percentages, functions (sqrt, log, sin, round, max …), units
    /// and conversions, numbers of any size. Use it for all but trivial arithmetic. Says whether the result is rounded.
    #[tool(
        title = "Calculate",
        read_only,
        destructive = false,
        idempotent,
        open_world = false,
        tags("calculator")
    )]
    pub fn calculate(
        &self,
        /// Such as "0.1 + 0.2", "15% of 80", "sqrt(2) * 10^3", "5 ft 10 in to cm", "max(3, 4)", "255 to hex".
        #[arg(examples = ["12.5% of 1,840 + 99", "60 mph to km/h", "sin(30 deg)"])]
        expression: &str,
        /// Digits of the result; without it exact results are whole and others have 15.
        #[arg(range = 1..=1000)]
        precision: Option<u32>,
    ) -> CallResult<JsonWithText<Calculation>> {
        let precision = precision.and_then(|digits| usize::try_from(digits).ok());
        let calculation = self.value(expression, precision).map_err(call_error)?;
        let text = calculation.text();
        Ok(Json(calculation).with_text(text))
    }
}
