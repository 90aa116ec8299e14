//! Time zones by name, and what was probably meant by names that are none.

use std::sync::LazyLock;

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use super::errors::{ClockError, quoted};

/// The zones that are built in: the same on every machine.
pub(super) static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Names suggested at once.
const SUGGESTED_MAX: usize = 3;
/// How alike two names must be for one to be suggested for the other, from 0 to 1.
const ALIKE_MIN: f64 = 0.7;

/// What people call a zone that has another name, and which zones have it.
const CALLED: [(&str, &str); 49] = [
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("pt", "America/Los_Angeles"),
    ("mdt", "America/Denver"),
    ("mt", "America/Denver"),
    ("cst", "America/Chicago, Asia/Shanghai"),
    ("cdt", "America/Chicago"),
    ("ct", "America/Chicago"),
    ("edt", "America/New_York"),
    ("et", "America/New_York"),
    ("bst", "Europe/London, Asia/Dhaka"),
    ("ist", "Asia/Kolkata, Asia/Jerusalem, Europe/Dublin"),
    ("cest", "Europe/Berlin"),
    ("eest", "Europe/Athens"),
    ("west", "Europe/Lisbon"),
    ("msk", "Europe/Moscow"),
    ("jst", "Asia/Tokyo"),
    ("kst", "Asia/Seoul"),
    ("sgt", "Asia/Singapore"),
    ("hkt", "Asia/Hong_Kong"),
    ("ict", "Asia/Bangkok"),
    ("pht", "Asia/Manila"),
    ("gst", "Asia/Dubai"),
    ("aest", "Australia/Sydney, Australia/Brisbane"),
    ("aedt", "Australia/Sydney"),
    ("awst", "Australia/Perth"),
    ("nzst", "Pacific/Auckland"),
    ("nzdt", "Pacific/Auckland"),
    ("brt", "America/Sao_Paulo"),
    ("sast", "Africa/Johannesburg"),
    ("wat", "Africa/Lagos"),
    ("eat", "Africa/Nairobi"),
    ("beijing", "Asia/Shanghai"),
    ("shenzhen", "Asia/Shanghai"),
    ("mumbai", "Asia/Kolkata"),
    ("delhi", "Asia/Kolkata"),
    ("bangalore", "Asia/Kolkata"),
    ("osaka", "Asia/Tokyo"),
    ("san_francisco", "America/Los_Angeles"),
    ("seattle", "America/Los_Angeles"),
    ("boston", "America/New_York"),
    ("washington", "America/New_York"),
    ("miami", "America/New_York"),
    ("dallas", "America/Chicago"),
    ("munich", "Europe/Berlin"),
    ("frankfurt", "Europe/Berlin"),
    ("hamburg", "Europe/Berlin"),
    ("milan", "Europe/Rome"),
    ("barcelona", "Europe/Madrid"),
];

/// The zone of this name: an IANA name in any case, `UTC`, or an offset such as `+02:00`.
pub(super) fn find(name: &str) -> Result<TimeZone, ClockError> {
    let name = name.trim();
    let upper = name.to_ascii_uppercase();
    if matches!(upper.as_str(), "UTC" | "Z" | "GMT" | "ZULU" | "ETC/UTC") {
        return Ok(TimeZone::UTC);
    }
    if let Some(offset) = offset(&upper) {
        return Ok(TimeZone::fixed(offset));
    }
    // Names are ASCII; whatever else there is cannot be one.
    match name.is_ascii() && name.len() <= 64 {
        true => ZONES.get(name).map_err(|_| unknown(name)),
        false => Err(unknown(name)),
    }
}

/// How a zone is called in replies.
pub(super) fn name(zone: &TimeZone, offset: Offset) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None if zone.is_unknown() => "UTC".to_owned(),
        None => offset.to_string(),
    }
}

/// What is to be said about a zone that is not what most who name it mean: one that keeps its offset although it is
/// called as that of places with daylight saving.
pub(super) fn note(name: &str) -> Option<String> {
    let is_fixed = matches!(name.trim().to_ascii_uppercase().as_str(), "EST" | "MST" | "HST");
    is_fixed.then(|| {
        format!(
            "{} is a fixed offset without daylight saving time; for clocks of a place name it, as in America/New_York",
            quoted(name)
        )
    })
}

/// `+2`, `+02:00`, `UTC+2`, `GMT-0530`.
fn offset(upper: &str) -> Option<Offset> {
    let text = upper
        .strip_prefix("UTC")
        .or_else(|| upper.strip_prefix("GMT"))
        .unwrap_or(upper);
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let is_number =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hours) || !is_number(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if minutes > 59 || hours > 23 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn unknown(name: &str) -> ClockError {
    let message = format!("there is no time zone {}", quoted(name));
    let near = near(name);
    match near.is_empty() {
        true => ClockError::new(
            message,
            "give an IANA name such as Europe/Berlin, UTC, or an offset such as +02:00",
        ),
        false => ClockError::new(message, format!("did you mean {}?", near.join(", "))),
    }
}

fn near(name: &str) -> Vec<String> {
    let wanted: String = name
        .trim()
        .to_lowercase()
        .replace([' ', '-'], "_")
        .chars()
        .take(64)
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    if let Some((_, zones)) = CALLED.iter().find(|(called, _)| *called == wanted) {
        return zones.split(", ").map(str::to_owned).collect();
    }
    let known: Vec<String> = ZONES.available().map(|name| name.to_string()).collect();
    let place = wanted.rsplit('/').next().unwrap_or(&wanted).to_owned();
    let mut scored: Vec<(f64, &String)> = known
        .iter()
        .filter_map(|known| {
            let lower = known.to_lowercase();
            let its_place = lower.rsplit('/').next().unwrap_or(&lower);
            // Names with a region are those people use: `Europe/Berlin` before links like `Turkey`.
            let region = if known.contains('/') { 0.01 } else { 0.0 };
            let alike = strsim::normalized_damerau_levenshtein(&lower, &wanted)
                .max(strsim::normalized_damerau_levenshtein(its_place, &place));
            (alike >= ALIKE_MIN).then_some((alike + region, known))
        })
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    let exact = scored.first().is_some_and(|best| best.0 >= 1.0);
    scored.retain(|(alike, _)| !exact || *alike >= 1.0);
    scored
        .into_iter()
        .take(SUGGESTED_MAX)
        .map(|(_, name)| name.clone())
        .collect()
}
