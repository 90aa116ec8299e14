//! From tokens to a value, by the usual rules of what comes first.
//!
//! | strength, weakest first | operators |
//! | --- | --- |
//! | conversion | `to`, `in`, `as` |
//! | bits | `or`, `xor`, `and`, `<<`, `>>` |
//! | sum | `+`, `-` |
//! | product | `*`, `/`, `per`, `of`, `mod`, `%` between two numbers |
//! | side by side | `2 pi`, `5 km`, `2 (3 + 4)` |
//! | sign | `-` in front |
//! | power | `^`, from right to left |
//! | behind | `!`, `%` |

use super::errors::CalculationError;
use super::functions;
use super::number::{Arithmetic, Number};
use super::show::Form;
use super::suggest::unknown;
use super::tokens::{Placed, Token};
use super::units::{self, Quantity, Unit};

type Result<T> = std::result::Result<T, CalculationError>;

/// Parentheses, signs and powers within each other.
const DEPTH_MAX: usize = 32;

const NO_OPERATOR: &str = "an operator is missing in front of it, such as + or *";
const UNCLEAR_DIVISION: &str = "it is unclear what is divided by what; write a/(b*(c)) or (a/b)*(c)";

/// What came out, and how it is to be shown.
pub(super) struct Outcome {
    pub(super) quantity: Quantity,
    pub(super) form: Form,
    /// How something was read that could have been meant otherwise.
    pub(super) notes: Vec<String>,
}

/// A part of an expression, with what matters to the part around it.
struct Operand {
    quantity: Quantity,
    /// It was written with `%`, as in `15%`: then this is the 15.
    percent: Option<Number>,
}

impl From<Quantity> for Operand {
    fn from(quantity: Quantity) -> Self {
        Self {
            quantity,
            percent: None,
        }
    }
}

/// Reads and calculates all of it.
pub(super) fn evaluate(tokens: &[Placed], arithmetic: &Arithmetic) -> Result<Outcome> {
    let mut reader = Evaluator {
        tokens,
        at: 0,
        depth: 0,
        arithmetic,
        notes: Vec::new(),
    };
    let mut quantity = reader.bits()?;
    let mut form = Form::Plain;
    while reader.takes_conversion() {
        (quantity, form) = reader.conversion(quantity)?;
    }
    let rest = reader.peek();
    match rest.token {
        Token::End => Ok(Outcome {
            quantity,
            form,
            notes: reader.notes,
        }),
        Token::Sign(")") => Err(rest.error("there is no `(` for it")),
        Token::Sign(",") => {
            Err(rest.error("commas separate arguments, as in max(1, 2), or thousands, as in 1,500"))
        }
        _ => Err(rest.error(NO_OPERATOR)),
    }
}

struct Evaluator<'a> {
    tokens: &'a [Placed],
    at: usize,
    depth: usize,
    arithmetic: &'a Arithmetic,
    notes: Vec<String>,
}

impl<'a> Evaluator<'a> {
    fn peek(&self) -> &'a Placed {
        // The last token is the end, and nothing goes beyond it.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn ahead(&self, steps: usize) -> &'a Token {
        &self.tokens[(self.at + steps).min(self.tokens.len() - 1)].token
    }

    fn next(&mut self) -> &'a Placed {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Whether this sign comes next; then it is taken.
    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek().token, Token::Sign(found) if found == sign);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, words: &[&str]) -> bool {
        let found = matches!(&self.peek().token, Token::Name(name) if words.contains(&name.as_str()));
        self.at += usize::from(found);
        found
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("it is nested more than {DEPTH_MAX} levels deep");
            return Err(CalculationError::too_large(message));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn takes_conversion(&mut self) -> bool {
        // `in` is an inch where nothing follows that could be converted to.
        if matches!(&self.peek().token, Token::Name(name) if name == "in")
            && !matches!(self.ahead(1), Token::Name(next) if next != "to" && next != "as")
            && !matches!(self.ahead(1), Token::Sign("%") | Token::Number(_))
        {
            return false;
        }
        self.takes("to") || self.takes_word(&["to", "in", "as"])
    }

    /// What stands behind `to`: a unit, or a way of writing the number.
    fn conversion(&mut self, quantity: Quantity) -> Result<(Quantity, Form)> {
        let first = self.peek();
        if let Some(form) = self.form()? {
            return Ok((quantity, form));
        }
        if self.takes("%") || self.takes_word(&["percent"]) {
            let number = quantity.plain("a percentage")?;
            let hundred = self.arithmetic.multiply(&number, &Number::from(100))?;
            return Ok((hundred.into(), Form::Percent));
        }
        let target = self.product()?.quantity;
        let is_one = target.number.whole().is_some_and(|one| *one == 1.into());
        if !is_one || target.unit.is_none() {
            return Err(first.error(
                "behind `to` stands a unit (km), % or a way of writing: 3 dp, 5 sf, hex, binary, octal, fraction",
            ));
        }
        let quantity = match quantity.unit.is_none() && target.unit.dimension() == units::ANGLE {
            true => self.radians(quantity)?,
            false => quantity,
        };
        Ok((quantity.converted(&target.unit, self.arithmetic)?, Form::Plain))
    }

    /// A plain number as an angle, as `asin(0.5)` is one.
    fn radians(&mut self, number: Quantity) -> Result<Quantity> {
        let note = "plain numbers are radians as angles; for others write the unit, as in 30 deg";
        self.notes.push(note.to_owned());
        match units::named("rad", self.arithmetic) {
            Some(radian) => number.multiply(radian, self.arithmetic),
            None => Ok(number),
        }
    }

    fn form(&mut self) -> Result<Option<Form>> {
        let first = self.peek();
        match &first.token {
            Token::Name(name) => {
                let form = match name.as_str() {
                    "hex" | "hexadecimal" => Form::Base(16),
                    "bin" | "binary" => Form::Base(2),
                    "oct" | "octal" => Form::Base(8),
                    "dec" | "decimal" => Form::Plain,
                    "fraction" | "frac" => Form::Fraction,
                    "base" => {
                        self.at += 1;
                        let base = small(&self.peek().token).filter(|base| (2..=36).contains(base));
                        let base =
                            base.ok_or_else(|| self.peek().error("bases are whole numbers from 2 to 36"))?;
                        Form::Base(u8::try_from(base).unwrap_or(10))
                    }
                    _ => return Ok(None),
                };
                self.at += 1;
                Ok(Some(form))
            }
            Token::Number(_) => {
                let Token::Name(name) = self.ahead(1) else {
                    return Ok(None);
                };
                let digits = small(&first.token);
                let form = match name.as_str() {
                    "dp" | "decimals" | "places" => digits.map(Form::Decimals),
                    "sf" | "digits" => digits.filter(|digits| *digits > 0).map(Form::Digits),
                    _ => return Ok(None),
                };
                let form = form.ok_or_else(|| first.error("digits are a whole number up to 1000"))?;
                self.at += 2;
                Ok(Some(form))
            }
            _ => Ok(None),
        }
    }

    fn bits(&mut self) -> Result<Quantity> {
        let mut left = self.sum()?;
        loop {
            let operator = match &self.peek().token {
                Token::Name(name) if matches!(name.as_str(), "and" | "or" | "xor") => name.as_str(),
                Token::Sign(sign @ ("<<" | ">>")) => sign,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.sum()?;
            left = functions::bits(operator, left, right, self.arithmetic)?.into();
        }
    }

    fn sum(&mut self) -> Result<Quantity> {
        let start = self.at;
        let mut left = self.product()?;
        loop {
            let is_minus = match self.peek().token {
                Token::Sign("+") => false,
                Token::Sign("-") => true,
                _ => return Ok(left.quantity),
            };
            let end = self.at;
            self.at += 1;
            let right = self.product()?;
            left = match (&left.percent, &right.percent) {
                (None, Some(percent)) => {
                    let written = self.written(start, end);
                    self.notes.push(format!("the percentage is taken of `{written}`"));
                    let percent = if is_minus {
                        percent.clone().negated()
                    } else {
                        percent.clone()
                    };
                    let sum = self.arithmetic.add(&Number::from(100), &percent)?;
                    let factor = self.arithmetic.divide(&sum, &Number::from(100))?;
                    left.quantity.multiply(factor.into(), self.arithmetic)?.into()
                }
                (one, other) => {
                    let percent = match (one, other) {
                        (Some(one), Some(other)) if is_minus => Some(self.arithmetic.subtract(one, other)?),
                        (Some(one), Some(other)) => Some(self.arithmetic.add(one, other)?),
                        _ => None,
                    };
                    let right = match is_minus {
                        true => right.quantity.negated(),
                        false => right.quantity,
                    };
                    let quantity = left.quantity.add(right, self.arithmetic)?;
                    Operand { quantity, percent }
                }
            };
        }
    }

    /// The expression from one token up to another.
    fn written(&self, start: usize, end: usize) -> String {
        let texts = self.tokens[start..end].iter().map(|placed| placed.text.as_str());
        texts.collect::<Vec<_>>().join(" ").chars().take(60).collect()
    }

    fn product(&mut self) -> Result<Operand> {
        let start = self.at;
        let mut left = self.beside(false)?;
        loop {
            let operator = match &self.peek().token {
                Token::Sign(sign @ ("*" | "/" | "%")) => sign,
                Token::Name(name) => match name.as_str() {
                    "per" => "/",
                    "of" => "*",
                    "mod" => "%",
                    _ => return Ok(left),
                },
                _ => return Ok(left),
            };
            self.at += 1;
            let quantity = left.quantity;
            if operator == "/" && quantity.unit.is_none() {
                left = self.fraction(quantity, start)?.into();
                continue;
            }
            let right = self.beside(operator == "/")?.quantity;
            left = match operator {
                "*" => quantity.multiply(right, self.arithmetic)?,
                "/" => quantity.divide(right, self.arithmetic)?,
                _ => functions::modulo(quantity, right, self.arithmetic)?,
            }
            .into();
        }
    }

    /// A number that is divided. What stands beside the divisor belongs to the fraction: `1/2 kg` is half a kilogram,
    /// while `60 km / 2 h` is a speed.
    fn fraction(&mut self, dividend: Quantity, start: usize) -> Result<Quantity> {
        let divisor = self.signed()?.quantity;
        let mut quotient = dividend.divide(divisor, self.arithmetic)?;
        let end = self.at;
        loop {
            let next = self.peek();
            match &next.token {
                _ if !quotient.unit.is_none() && self.is_to_inches() => return Ok(quotient),
                Token::Name(name) if !is_operator(name, self.ahead(1)) => {
                    let written = self.written(start, end);
                    self.notes.push(format!("read as ({written}) {name}"));
                    quotient = quotient.multiply(self.power()?.quantity, self.arithmetic)?;
                }
                Token::Sign("(" | "√") => return Err(next.error(UNCLEAR_DIVISION)),
                Token::Number(_) => return Err(next.error(NO_OPERATOR)),
                _ => return Ok(quotient),
            }
        }
    }

    /// What stands side by side is multiplied: `2 pi`, `5 km`. Quantities are added: `5 feet 10 inches`.
    fn beside(&mut self, after_division: bool) -> Result<Operand> {
        let mut left = self.signed()?;
        loop {
            let next = self.peek();
            match &next.token {
                _ if !left.quantity.unit.is_none() && self.is_to_inches() => return Ok(left),
                Token::Name(name) if !is_operator(name, self.ahead(1)) => {
                    let right = self.power()?.quantity;
                    left = left.quantity.multiply(right, self.arithmetic)?.into();
                }
                Token::Sign("(" | "√") => {
                    if after_division {
                        return Err(next.error(UNCLEAR_DIVISION));
                    }
                    let right = self.power()?.quantity;
                    left = left.quantity.multiply(right, self.arithmetic)?.into();
                }
                Token::Number(_) if !left.quantity.unit.is_none() && self.is_unit(1) => {
                    let part = self.power()?.quantity;
                    let unit = self.power()?.quantity;
                    let part = part.multiply(unit, self.arithmetic)?;
                    left = left.quantity.add(part, self.arithmetic)?.into();
                }
                Token::Number(_) => return Err(next.error(NO_OPERATOR)),
                _ => return Ok(left),
            }
        }
    }

    /// `in in`, as in `5 km in in`: a conversion to inches, unless it goes on as in `5 in in cm`.
    fn is_to_inches(&self) -> bool {
        let is_in = |token: &Token| matches!(token, Token::Name(name) if name == "in");
        let goes_on = match self.ahead(2) {
            Token::Name(next) => !matches!(next.as_str(), "to" | "as" | "in" | "per"),
            Token::Number(_) | Token::Sign("%") => true,
            _ => false,
        };
        is_in(self.ahead(0)) && is_in(self.ahead(1)) && !goes_on
    }

    fn is_unit(&self, steps: usize) -> bool {
        match self.ahead(steps) {
            Token::Name(name) => units::named(name, self.arithmetic).is_some(),
            _ => false,
        }
    }

    fn signed(&mut self) -> Result<Operand> {
        let negative = match self.peek().token {
            Token::Sign("-") => true,
            Token::Sign("+") => false,
            _ => return self.power(),
        };
        self.at += 1;
        let operand = self.deeper(Self::signed)?;
        Ok(match negative {
            true => Operand {
                quantity: operand.quantity.negated(),
                percent: operand.percent.map(Number::negated),
            },
            false => operand,
        })
    }

    fn power(&mut self) -> Result<Operand> {
        let base = self.behind()?;
        if !self.takes("^") {
            return Ok(base);
        }
        let exponent = self.deeper(|reader| match reader.peek().token {
            Token::Sign("-" | "+") => reader.signed(),
            _ => reader.power(),
        })?;
        let exponent = exponent.quantity.plain("an exponent")?;
        Ok(base.quantity.power(&exponent, self.arithmetic)?.into())
    }

    fn behind(&mut self) -> Result<Operand> {
        let mut operand = self.atom()?;
        loop {
            if self.takes("!") {
                let number = operand.quantity.plain("a factorial")?;
                operand = Quantity::from(functions::factorial(&number, self.arithmetic)?).into();
            } else if matches!(self.peek().token, Token::Sign("%")) && !self.begins_value(1) {
                self.at += 1;
                let number = operand.quantity.plain("a percentage")?;
                let quantity = self.arithmetic.divide(&number, &Number::from(100))?.into();
                operand = Operand {
                    quantity,
                    percent: Some(number),
                };
            } else {
                return Ok(operand);
            }
        }
    }

    /// Whether a value begins there, so that `%` in front of it is what is left of a division.
    fn begins_value(&self, steps: usize) -> bool {
        match self.ahead(steps) {
            Token::Number(_) | Token::Sign("(" | "√") => true,
            Token::Name(name) => !is_operator(name, self.ahead(steps + 1)),
            _ => false,
        }
    }

    fn atom(&mut self) -> Result<Operand> {
        let placed = self.next();
        match &placed.token {
            Token::Number(value) => Ok(Quantity::from(Number::Exact(value.clone())).into()),
            Token::Sign("(") => {
                let mut quantity = self.deeper(Self::bits)?;
                while self.takes_conversion() {
                    let target = self.peek();
                    let (converted, form) = self.conversion(quantity)?;
                    if form != Form::Plain {
                        return Err(
                            target.error("how a number is written is said at the end of the expression")
                        );
                    }
                    quantity = converted;
                }
                if !self.takes(")") {
                    return Err(self.unclosed(placed));
                }
                Ok(quantity.into())
            }
            Token::Sign("√") => {
                let inner = self.deeper(Self::behind)?;
                Ok(functions::call("sqrt", vec![inner.quantity], self.arithmetic)?.into())
            }
            Token::Name(name) => self.named(placed, name),
            Token::End => Err(placed.error("a number is missing here")),
            Token::Sign(_) => Err(placed.error("a number, a name or `(` belongs here")),
        }
    }

    fn unclosed(&self, open: &Placed) -> CalculationError {
        let next = self.peek();
        match next.token {
            Token::End => open.error("there is no `)` for it"),
            _ => next.error("an operator or `)` belongs here"),
        }
    }

    fn named(&mut self, placed: &'a Placed, name: &str) -> Result<Operand> {
        // `min` is a function in front of a parenthesis, and a minute elsewhere.
        let is_called = matches!(self.peek().token, Token::Sign("("));
        if functions::is_function(name) && (is_called || units::named(name, self.arithmetic).is_none()) {
            return Ok(self.call(placed, name)?.into());
        }
        let constant = match name {
            "pi" | "π" | "PI" | "Pi" => Some(self.arithmetic.pi()),
            "tau" | "τ" => Some(
                self.arithmetic
                    .multiply(&Number::from(2), &self.arithmetic.pi())?,
            ),
            "e" => Some(self.arithmetic.e()),
            "phi" | "φ" => {
                let root = self.arithmetic.root(&Number::from(5), &Number::from(2))?;
                let sum = self.arithmetic.add(&root, &Number::from(1))?;
                Some(self.arithmetic.divide(&sum, &Number::from(2))?)
            }
            _ => None,
        };
        if let Some(constant) = constant {
            return Ok(Quantity::from(constant).into());
        }
        // Units of two words: `nautical mile`.
        if let Token::Name(second) = &self.peek().token
            && let Some(unit) = units::named(&format!("{name}_{second}"), self.arithmetic)
        {
            self.at += 1;
            return Ok(unit.into());
        }
        match units::named(name, self.arithmetic) {
            Some(unit) => Ok(unit.into()),
            None => Err(unknown(placed, name, is_called)),
        }
    }

    fn call(&mut self, placed: &'a Placed, name: &str) -> Result<Quantity> {
        if !self.takes("(") {
            return self.call_without_parentheses(placed, name);
        }
        let mut arguments = Vec::new();
        loop {
            if arguments.is_empty() && self.takes(")") {
                break;
            }
            arguments.push(self.deeper(Self::bits)?);
            if self.takes(")") {
                break;
            }
            if !self.takes(",") {
                return Err(self.unclosed(placed));
            }
        }
        self.note_radians(name, &arguments);
        functions::call(name, arguments, self.arithmetic)
    }

    fn note_radians(&mut self, name: &str, arguments: &[Quantity]) {
        let is_plain =
            |angle: &Quantity| angle.unit.is_none() && angle.number.is_exact() && !angle.number.is_zero();
        if functions::takes_angle(name) && arguments.first().is_some_and(is_plain) {
            let note = format!("angles without a unit are radians; for degrees write {name}(30 deg)");
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// `sqrt 2` and `sin pi`, but nothing of which one could ask how far the function reaches.
    fn call_without_parentheses(&mut self, placed: &'a Placed, name: &str) -> Result<Quantity> {
        let unclear = format!("write what it is of in parentheses, as in {name}(…)");
        if !matches!(self.peek().token, Token::Number(_) | Token::Name(_)) {
            return Err(placed.error(unclear));
        }
        let argument = self.deeper(Self::atom)?.quantity;
        match &self.peek().token {
            Token::Name(next) if is_operator(next, self.ahead(1)) => {}
            Token::Name(_) | Token::Number(_) | Token::Sign("(" | "^" | "!" | "%" | "√") => {
                return Err(placed.error(unclear));
            }
            _ => {}
        }
        let arguments = vec![argument];
        self.note_radians(name, &arguments);
        functions::call(name, arguments, self.arithmetic)
    }
}

/// Words that stand between two values.
fn is_operator(name: &str, next: &Token) -> bool {
    match name {
        "to" | "as" | "per" | "of" | "mod" | "and" | "or" | "xor" => true,
        // An inch, unless a unit or a way of writing follows.
        "in" => match next {
            Token::Name(next) => !matches!(next.as_str(), "to" | "as" | "in" | "per" | "mod"),
            Token::Number(_) | Token::Sign("%") => true,
            _ => false,
        },
        _ => false,
    }
}

/// A whole number up to a thousand.
fn small(token: &Token) -> Option<usize> {
    match token {
        Token::Number(value) if value.is_int() => usize::try_from(value.numerator().clone())
            .ok()
            .filter(|value| *value <= 1_000),
        _ => None,
    }
}

/// The unit an outcome counts, if any.
pub(super) fn unit_text(unit: &Unit) -> Option<String> {
    (!unit.is_none()).then(|| unit.text())
}
