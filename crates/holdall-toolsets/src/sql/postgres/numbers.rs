//! Numbers and times of PostgreSQL, from the bytes they are sent as.

use jiff::civil::{self, Time};
use jiff::{SignedDuration, Timestamp};

/// Seconds from 1970 to 2000, from where PostgreSQL counts.
const EPOCH_SECONDS: i64 = 946_684_800;
const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// An integer of `N` bytes, if there are as many.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// A decimal number with all its digits: four of them in each group.
pub(super) fn numeric(bytes: &[u8]) -> Option<String> {
    let word = |index: usize| Some(u16::from_be_bytes(array(bytes.get(2 * index..2 * index + 2)?)?));
    let (count, weight, sign, scale) = (word(0)?, word(1)?.cast_signed(), word(2)?, usize::from(word(3)?));
    match sign {
        0x0000 | 0x4000 => {}
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    }
    let group = |place: i32| {
        let index = i32::from(weight) - place;
        let index = usize::try_from(index)
            .ok()
            .filter(|index| *index < usize::from(count));
        index.map_or(Some(0), |index| word(4 + index))
    };
    let mut text = String::new();
    for place in (0..=i32::from(weight).max(0)).rev() {
        let digits = group(place)?;
        match text.is_empty() {
            true if digits == 0 => {}
            true => text = digits.to_string(),
            false => text.push_str(&format!("{digits:04}")),
        }
    }
    if text.is_empty() {
        text.push('0');
    }
    if scale > 0 {
        let mut fraction = String::new();
        let mut place = -1;
        while fraction.len() < scale {
            fraction.push_str(&format!("{:04}", group(place)?));
            place -= 1;
        }
        fraction.truncate(scale);
        text = format!("{text}.{fraction}");
    }
    Some(if sign == 0x4000 { format!("-{text}") } else { text })
}

pub(super) fn date(bytes: &[u8]) -> Option<String> {
    match i32::from_be_bytes(array(bytes)?) {
        i32::MAX => Some("infinity".to_owned()),
        i32::MIN => Some("-infinity".to_owned()),
        days => {
            let date = civil::date(2000, 1, 1).checked_add(SignedDuration::from_hours(24 * i64::from(days)));
            Some(date.ok()?.to_string())
        }
    }
}

/// A point in time, or what a clock shows somewhere.
pub(super) fn timestamp(bytes: &[u8], zoned: bool) -> Option<String> {
    match i64::from_be_bytes(array(bytes)?) {
        i64::MAX => Some("infinity".to_owned()),
        i64::MIN => Some("-infinity".to_owned()),
        microseconds => {
            let seconds = microseconds.div_euclid(1_000_000).checked_add(EPOCH_SECONDS)?;
            let rest = i32::try_from(microseconds.rem_euclid(1_000_000)).ok()? * 1_000;
            let timestamp = Timestamp::new(seconds, rest).ok()?;
            Some(match zoned {
                true => timestamp.to_string(),
                false => timestamp.to_zoned(jiff::tz::TimeZone::UTC).datetime().to_string(),
            })
        }
    }
}

pub(super) fn time(microseconds: i64) -> Option<String> {
    if microseconds == MICROSECONDS_PER_DAY {
        return Some("24:00:00".to_owned());
    }
    let time = Time::midnight()
        .checked_add(SignedDuration::from_micros(microseconds))
        .ok()?;
    Some(time.to_string())
}

pub(super) fn time_with_zone(bytes: &[u8]) -> Option<String> {
    let time = time(i64::from_be_bytes(array(bytes.get(..8)?)?))?;
    // West of Greenwich is positive here.
    let seconds = i32::from_be_bytes(array(bytes.get(8..)?)?).checked_neg()?;
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    Some(format!("{time}{sign}{:02}:{:02}", minutes / 60, minutes % 60))
}

/// A duration as ISO 8601 writes it: `P1Y2M3DT4H5M6.7S`.
pub(super) fn interval(bytes: &[u8]) -> Option<String> {
    let microseconds = i64::from_be_bytes(array(bytes.get(..8)?)?);
    let days = i32::from_be_bytes(array(bytes.get(8..12)?)?);
    let months = i32::from_be_bytes(array(bytes.get(12..)?)?);
    let mut text = "P".to_owned();
    let part = |text: &mut String, value: i64, unit: char| {
        if value != 0 {
            text.push_str(&format!("{value}{unit}"));
        }
    };
    part(&mut text, i64::from(months / 12), 'Y');
    part(&mut text, i64::from(months % 12), 'M');
    part(&mut text, i64::from(days), 'D');
    if microseconds != 0 {
        text.push('T');
        let seconds = microseconds / 1_000_000;
        part(&mut text, seconds / 3600, 'H');
        part(&mut text, seconds / 60 % 60, 'M');
        let rest = (microseconds % 1_000_000).abs();
        if seconds % 60 != 0 || rest != 0 {
            let sign = if microseconds < 0 { "-" } else { "" };
            let fraction = format!(".{rest:06}");
            let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
            text.push_str(&format!("{sign}{}{fraction}S", (seconds % 60).abs()));
        }
    }
    Some(if text == "P" { "PT0S".to_owned() } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_cut_short_are_no_number() {
        for bytes in [&[][..], &[0], &[0, 1, 0, 0, 0, 0, 0], &[0; 7]] {
            assert_eq!(numeric(bytes), None, "{bytes:?}");
            assert_eq!(
                (date(bytes), timestamp(bytes, true), interval(bytes)),
                (None, None, None),
                "{bytes:?}"
            );
            assert_eq!(time_with_zone(bytes), None, "{bytes:?}");
        }
        // Beyond what a calendar has.
        assert_eq!(date(&(i32::MAX - 1).to_be_bytes()), None);
        assert_eq!(timestamp(&(i64::MAX - 1).to_be_bytes(), false), None);
    }
}
