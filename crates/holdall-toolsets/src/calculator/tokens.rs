//! From a text to the words and signs of an expression, each with its place.

use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

use super::errors::CalculationError;

type Result<T> = std::result::Result<T, CalculationError>;

/// Digits of a number as it is written.
const DIGITS_MAX: usize = 1_000;
/// The largest power of ten behind a number, as in `1e9`.
const EXPONENT_MAX: i64 = 10_000;
/// Letters of a name.
const NAME_CHARS_MAX: usize = 40;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(RBig),
    Name(String),
    /// An operator, a parenthesis, `%`, `!` or a comma.
    Sign(&'static str),
    End,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    /// As it was written.
    pub(super) text: String,
    /// Its first character, counted from 1.
    pub(super) position: usize,
}

impl Placed {
    pub(super) fn error(&self, message: impl Into<String>) -> CalculationError {
        let found = match self.token {
            Token::End => "end of the expression".to_owned(),
            _ => self.text.chars().take(NAME_CHARS_MAX).collect(),
        };
        CalculationError::Syntax {
            found,
            position: self.position,
            message: message.into(),
        }
    }
}

/// Signs as they are understood, and how they may be written, longer ones first.
const SIGNS: [(&str, &str); 27] = [
    ("**", "^"),
    ("<<", "<<"),
    (">>", ">>"),
    ("==", "=="),
    ("!=", "=="),
    ("<=", "=="),
    (">=", "=="),
    ("->", "to"),
    ("→", "to"),
    ("+", "+"),
    ("-", "-"),
    ("−", "-"),
    ("–", "-"),
    ("*", "*"),
    ("×", "*"),
    ("·", "*"),
    ("⋅", "*"),
    ("/", "/"),
    ("÷", "/"),
    ("^", "^"),
    ("(", "("),
    (")", ")"),
    ("!", "!"),
    ("%", "%"),
    (",", ","),
    ("√", "√"),
    ("=", "="),
];

/// All tokens of an expression, the end included.
pub(super) fn tokens(expression: &str, is_function: impl Fn(&str) -> bool) -> Result<Vec<Placed>> {
    let characters: Vec<char> = expression.chars().collect();
    let mut reader = Reader {
        characters: &characters,
        at: 0,
    };
    let mut found: Vec<Placed> = Vec::new();
    // For each open parenthesis, whether commas within it separate arguments.
    let mut calls = Vec::new();
    while let Some(first) = reader.peek(0) {
        let start = reader.at;
        if first.is_whitespace() {
            reader.at += 1;
            continue;
        }
        let in_call = calls.last() == Some(&true);
        let token = reader.token(first, in_call)?;
        match token {
            Token::Sign("(") => calls.push(matches!(
                found.last().map(|last| &last.token),
                Some(Token::Name(name)) if is_function(name)
            )),
            Token::Sign(")") => {
                calls.pop();
            }
            _ => {}
        }
        found.push(Placed {
            token,
            text: characters[start..reader.at].iter().collect(),
            position: start + 1,
        });
        if let Some(power) = reader.superscript() {
            for token in power {
                found.push(Placed {
                    token,
                    text: characters[start..reader.at].iter().collect(),
                    position: start + 1,
                });
            }
        }
    }
    found.push(Placed {
        token: Token::End,
        text: String::new(),
        position: characters.len() + 1,
    });
    Ok(found)
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn error(&self, from: usize, message: impl Into<String>) -> CalculationError {
        let until = self.at.max(from + 1).min(self.characters.len());
        let found: String = self.characters[from..until].iter().take(NAME_CHARS_MAX).collect();
        CalculationError::Syntax {
            found: found.escape_debug().to_string(),
            position: from + 1,
            message: message.into(),
        }
    }

    fn token(&mut self, first: char, in_call: bool) -> Result<Token> {
        let is_point = first == '.' && self.peek(1).is_some_and(|next| next.is_ascii_digit());
        if first.is_ascii_digit() || is_point {
            return self.number(in_call).map(Token::Number);
        }
        if let Some(fraction) = fraction(first) {
            self.at += 1;
            return Ok(Token::Number(fraction));
        }
        if let Some(unit) = sign_of_unit(first) {
            self.at += 1;
            if first == '°'
                && let Some(scale @ ('C' | 'F')) = self.peek(0)
            {
                self.at += 1;
                return Ok(Token::Name(format!("deg{scale}")));
            }
            return Ok(Token::Name(unit.to_owned()));
        }
        if first.is_alphabetic() {
            return self.name();
        }
        for (written, meant) in SIGNS {
            let length = written.chars().count();
            let ahead = (0..length).map_while(|ahead| self.peek(ahead));
            if ahead.eq(written.chars()) {
                self.at += length;
                return match meant {
                    "==" | "=" => Err(self.error(
                        self.at - length,
                        "nothing is compared or named here; write one expression with a value",
                    )),
                    meant => Ok(Token::Sign(meant)),
                };
            }
        }
        self.at += 1;
        Err(self.error(self.at - 1, misplaced(first)))
    }

    fn name(&mut self) -> Result<Token> {
        let start = self.at;
        while let Some(next) = self.peek(0)
            && (next.is_alphanumeric() || next == '_')
            && superscript(next).is_none()
            && self.at - start < NAME_CHARS_MAX
        {
            self.at += 1;
        }
        let name: String = self.characters[start..self.at].iter().collect();
        // The micro sign and the letter mu look alike.
        Ok(Token::Name(name.replace('μ', "µ")))
    }

    /// A number as it is written: with thousands in groups of three, a fraction, a power of ten, or in another base.
    fn number(&mut self, in_call: bool) -> Result<RBig> {
        let start = self.at;
        if self.peek(0) == Some('0')
            && let Some(radix) = self.peek(1).and_then(radix)
            && self.peek(2).is_some_and(|next| next.is_digit(radix))
        {
            return self.in_base(radix);
        }
        let mut digits = String::new();
        let mut groups = vec![0usize];
        let mut separated = false;
        while let Some(next) = self.peek(0) {
            let follows = self.peek(1).is_some_and(|next| next.is_ascii_digit());
            match next {
                '0'..='9' => {
                    digits.push(next);
                    if let Some(group) = groups.last_mut() {
                        *group += 1;
                    }
                }
                '_' if follows => {}
                ',' if follows && !in_call => {
                    separated = true;
                    groups.push(0);
                }
                _ => break,
            }
            self.at += 1;
        }
        if separated && (groups[0] == 0 || groups[0] > 3 || groups[1..].iter().any(|group| *group != 3)) {
            return Err(self.error(
                start,
                "a comma stands between thousands, as in 1,500; the fraction begins with a point, as in 1.5",
            ));
        }
        let mut decimals = 0;
        if self.peek(0) == Some('.') {
            self.at += 1;
            while let Some(next) = self.peek(0).filter(|next| next.is_ascii_digit() || *next == '_') {
                if next != '_' {
                    digits.push(next);
                    decimals += 1;
                }
                self.at += 1;
            }
            if self.peek(0) == Some('.') || (self.peek(0) == Some(',') && !in_call) {
                self.at += 1;
                return Err(self.error(
                    start,
                    "a number has one decimal point, as in 1234.5, and commas between thousands only",
                ));
            }
        }
        if digits.len() > DIGITS_MAX {
            let message = format!(
                "a number is written with up to {DIGITS_MAX} digits here, this one has {}",
                digits.len()
            );
            return Err(CalculationError::too_large(message));
        }
        let exponent = self.exponent()?.unwrap_or(0) - decimals;
        let digits: IBig = digits
            .parse()
            .map_err(|_| self.error(start, "this is no number"))?;
        let power = UBig::from(10u8).pow(usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX));
        Ok(match exponent < 0 {
            true => RBig::from_parts(digits, power),
            false => RBig::from(digits * IBig::from(power)),
        })
    }

    /// The power of ten behind a number, if there is one.
    fn exponent(&mut self) -> Result<Option<i64>> {
        let start = self.at;
        let Some('e' | 'E') = self.peek(0) else {
            return Ok(None);
        };
        let signed = usize::from(matches!(self.peek(1), Some('+' | '-')));
        if !self.peek(1 + signed).is_some_and(|next| next.is_ascii_digit()) {
            return Ok(None);
        }
        let negative = self.peek(1) == Some('-');
        self.at += 1 + signed;
        let mut exponent = 0i64;
        while let Some(digit) = self.peek(0).and_then(|next| next.to_digit(10)) {
            exponent = exponent.saturating_mul(10).saturating_add(i64::from(digit));
            self.at += 1;
        }
        if exponent > EXPONENT_MAX {
            let text: String = self.characters[start..self.at]
                .iter()
                .take(NAME_CHARS_MAX)
                .collect();
            let message =
                format!("`{text}`: numbers are written with powers of ten up to {EXPONENT_MAX} here");
            return Err(CalculationError::too_large(message));
        }
        Ok(Some(if negative { -exponent } else { exponent }))
    }

    fn in_base(&mut self, radix: u32) -> Result<RBig> {
        let start = self.at;
        self.at += 2;
        let mut digits = String::new();
        while let Some(next) = self
            .peek(0)
            .filter(|next| next.is_ascii_alphanumeric() || *next == '_')
        {
            if next != '_' {
                digits.push(next);
            }
            self.at += 1;
        }
        if digits.len() > DIGITS_MAX {
            let message = format!(
                "a number is written with up to {DIGITS_MAX} digits here, this one has {}",
                digits.len()
            );
            return Err(CalculationError::too_large(message));
        }
        let value = IBig::from_str_radix(&digits, radix)
            .map_err(|_| self.error(start, format!("this is no number in base {radix}")))?;
        Ok(RBig::from(value))
    }

    /// Small raised digits, as in m², as the tokens of a power.
    fn superscript(&mut self) -> Option<Vec<Token>> {
        self.peek(0).and_then(superscript)?;
        let mut tokens = vec![Token::Sign("^")];
        let mut power = 0i64;
        let mut is_negative = false;
        while let Some(digit) = self.peek(0).and_then(superscript) {
            match digit {
                Raised::Minus => is_negative = true,
                Raised::Digit(digit) => power = power.saturating_mul(10).saturating_add(digit),
            }
            self.at += 1;
        }
        if is_negative {
            tokens.push(Token::Sign("-"));
        }
        tokens.push(Token::Number(RBig::from(power)));
        Some(tokens)
    }
}

enum Raised {
    Minus,
    Digit(i64),
}

fn superscript(character: char) -> Option<Raised> {
    let digit = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|digit| digit == character);
    match (character, digit) {
        ('⁻', _) => Some(Raised::Minus),
        (_, Some(digit)) => i64::try_from(digit).ok().map(Raised::Digit),
        _ => None,
    }
}

fn radix(letter: char) -> Option<u32> {
    match letter {
        'x' | 'X' => Some(16),
        'o' | 'O' => Some(8),
        'b' | 'B' => Some(2),
        _ => None,
    }
}

fn fraction(character: char) -> Option<RBig> {
    let (numerator, denominator) = match character {
        '½' => (1, 2),
        '⅓' => (1, 3),
        '⅔' => (2, 3),
        '¼' => (1, 4),
        '¾' => (3, 4),
        '⅛' => (1, 8),
        _ => return None,
    };
    Some(RBig::from_parts(
        IBig::from(numerator),
        UBig::from(denominator as u8),
    ))
}

/// The name of a unit that is written as a sign.
fn sign_of_unit(character: char) -> Option<&'static str> {
    Some(match character {
        '°' => "deg",
        '′' => "arcmin",
        '″' => "arcsec",
        '\'' => "ft",
        '"' => "inch",
        '$' => "USD",
        '€' => "EUR",
        '£' => "GBP",
        '¥' => "JPY",
        'Ω' | '\u{2126}' => "ohm",
        _ => return None,
    })
}

/// What to say of a sign that has no meaning here.
fn misplaced(character: char) -> &'static str {
    match character {
        '@' => "dates are no part of an expression; the clock tools calculate with them",
        '[' | ']' | '{' | '}' => "only parentheses ( ) group here",
        ';' | '\\' | ':' => {
            "one expression is calculated at a time, without variables or functions of your own"
        }
        '<' | '>' => "nothing is compared here; subtract and look at the sign",
        '&' | '|' | '~' => "write `and`, `or` and `xor` for bits",
        _ => "this sign has no meaning here",
    }
}
