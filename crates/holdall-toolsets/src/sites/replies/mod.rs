//! What a reply looks like, as JSON for programs and as text for models.
//!
//! Here: words and numbers for what was found. Not here: finding it. Texts of servers and certificates were cleaned when
//! they came in; nothing here repeats more of them.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | how are times, days and durations written |
//! | `status` | what is said of a site that was asked |
//! | `certificate` | what is said of a certificate |
//! | `history` | what is said of watched sites and their past |
//! | `settings` | what is said of the configuration |

mod certificate;
mod history;
mod settings;
mod status;

use jiff::Timestamp;

pub(super) use self::certificate::CertificateReply;
pub(super) use self::history::{HistoriesReply, HistoryReply, SiteReply, SitesReply, line};
pub(super) use self::settings::SettingsReply;
pub(super) use self::status::StatusReply;

/// `2026-11-21T17:44:45Z`.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// `3 days 4 h`, `12 min`, `45 s`: the two largest units.
fn lasted(seconds: i64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let from = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let said = parts[from..]
        .iter()
        .take(2)
        .filter(|(count, unit)| *count > 0 || *unit == "s" && from == 3);
    said.map(|(count, unit)| format!("{count} {unit}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// `1 day`, `2 days`.
fn days(count: i64) -> String {
    match count.abs() {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_by_their_two_largest_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (45, "45 s"),
            (60, "1 min"),
            (725, "12 min 5 s"),
            (7_260, "2 h 1 min"),
            (7_205, "2 h"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(lasted(seconds), expected);
        }
    }
}
