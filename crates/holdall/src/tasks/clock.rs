//! What time it is: [`Clock`]. Tasks outlive processes, so theirs is the time of the world.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};

/// Tells the time.
#[derive(Clone, Copy)]
pub(super) enum Clock {
    /// That of the system.
    System,
    /// That of tokio's timers, which tests can stop.
    #[cfg(test)]
    Timers { started: tokio::time::Instant },
}

impl Clock {
    /// Milliseconds since 1970 began.
    pub(super) fn now_ms(self) -> u64 {
        match self {
            Self::System => millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
            #[cfg(test)]
            Self::Timers { started } => 1_800_000_000_000 + millis(started.elapsed()),
        }
    }
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A time as clients read it: ISO 8601, UTC.
pub(super) fn written(at_ms: u64) -> String {
    // Times beyond what can be written are hundreds of thousands of years away.
    let time = i64::try_from(at_ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_clients_read_them() {
        assert_eq!(written(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(written(1_785_234_601_042), "2026-07-28T10:30:01.042Z");
        assert_eq!(written(u64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
