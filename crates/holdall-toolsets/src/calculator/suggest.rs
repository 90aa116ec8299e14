//! What to say of a name nobody knows.

use super::errors::CalculationError;
use super::functions;
use super::tokens::Placed;
use super::units;

/// How alike two names must be for one to be taken for the other, from 0 to 1.
const ALIKE_MIN: f64 = 0.6;
/// Units with a prefix that are misspelt most.
const PREFIXED: [&str; 9] = [
    "kilometer",
    "centimeter",
    "millimeter",
    "kilogram",
    "milligram",
    "milliliter",
    "kilowatt",
    "megabyte",
    "gigabyte",
];

/// `is_called`: a parenthesis follows, as behind functions.
pub(super) fn unknown(placed: &Placed, name: &str, is_called: bool) -> CalculationError {
    CalculationError::Unknown {
        name: name.to_owned(),
        position: placed.position,
        hint: hint(name, is_called),
    }
}

fn hint(name: &str, is_called: bool) -> String {
    let lower = name.to_lowercase();
    if units::is_currency(&name.to_uppercase()) {
        return "rates of currencies change and are not known here; multiply by the rate, as in `100 * 1.08`"
            .into();
    }
    let is_die = lower
        .strip_prefix('d')
        .is_some_and(|faces| faces.bytes().all(|byte| byte.is_ascii_digit()));
    if ["random", "rand", "rnd", "roll", "randint", "dice", "sample"].contains(&lower.as_str())
        || (is_die && lower.len() > 1)
    {
        return "there are no random numbers here: the same expression always has the same result".into();
    }
    if ["now", "today", "tomorrow", "yesterday", "date"].contains(&lower.as_str()) {
        return "dates are no part of an expression; the clock tools calculate with them".into();
    }
    if ["i", "j", "inf", "infinity", "nan", "∞"].contains(&lower.as_str()) {
        return "real, finite numbers are calculated here".into();
    }
    if ["sec", "csc", "cot"].contains(&lower.as_str()) {
        return "write 1/cos(x), 1/sin(x) or 1/tan(x)".into();
    }
    if lower == "ton" || lower == "tons" {
        return "there are several tons: write tonne (1000 kg), short_ton or long_ton".into();
    }
    if let Some(data) = data(name) {
        return data;
    }
    let known = functions::names()
        .chain(units::names())
        .chain(PREFIXED)
        .chain(["pi", "tau", "e", "phi"]);
    let near = known
        .map(|known| {
            let alike = strsim::normalized_damerau_levenshtein(&known.to_lowercase(), &lower);
            (alike, functions::is_function(known) == is_called, known)
        })
        .filter(|(alike, ..)| *alike >= ALIKE_MIN)
        // Of equally near names what fits its place, and always the same one.
        .max_by(|one, other| {
            let fits = one.0.total_cmp(&other.0).then(one.1.cmp(&other.1));
            fits.then(other.2.cmp(one.2))
        });
    match near {
        Some((.., known)) => format!("did you mean `{known}`?"),
        None => "there are functions (sqrt, sin, log, round, max …), constants (pi, e) and units (km, lb, kWh …); \
                 values have no names"
            .into(),
    }
}

/// What to write instead of `KB`, `Mb` and `Mbps`, which mean bytes to some and bits to others.
fn data(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let (prefix, rate) = match lower.strip_suffix("ps") {
        Some(rest) => (rest.strip_suffix('b')?, "/s"),
        None => (lower.strip_suffix('b')?, ""),
    };
    let (metric, binary) = match prefix {
        "k" => ("k", "Ki"),
        "m" => ("M", "Mi"),
        "g" => ("G", "Gi"),
        "t" => ("T", "Ti"),
        "p" => ("P", "Pi"),
        _ => return None,
    };
    Some(format!(
        "write {metric}B{rate} (bytes, by 1000), {binary}B{rate} (bytes, by 1024) or {metric}bit{rate} (bits)"
    ))
}
