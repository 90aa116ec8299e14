//! Errors of MySQL and MariaDB, for models.

use mysql_async::{DriverError, Error};

use super::super::error::{Missing, SqlError};
use super::super::rows::Bounds;

/// What an error means; `None` if the connection is broken.
pub(super) fn explained(error: &Error, sql: &str, bounds: &Bounds) -> Option<SqlError> {
    let said = match error {
        Error::Server(said) => said,
        Error::Driver(DriverError::PacketTooLarge) => return Some(too_large(bounds)),
        Error::Driver(DriverError::MixedParams) => {
            return Some(SqlError::hinted(
                "named and positional placeholders are mixed",
                "write ? for each",
            ));
        }
        Error::Io(error) if error.to_string().contains("larger than max_allowed_packet") => {
            return Some(too_large(bounds));
        }
        _ => return None,
    };
    let message = said.message.clone();
    Some(match said.code {
        // The transaction only reads; the server, or a replica, does.
        1792 | 1290 | 1836 => SqlError::Refused(message),
        // Access to a table, a column, a database, a command, an object.
        1044 | 1142 | 1143 | 1227 | 1370 | 1045 => SqlError::Rights(message),
        // Too long: MariaDB, MySQL; interrupted; waited for a lock.
        1969 | 3024 | 1317 | 1205 => bounds.timed_out(),
        1146 | 1051 | 1109 => SqlError::missing(message, Missing::Table),
        1054 => SqlError::missing(message, Missing::Column),
        1295 | 1336 => SqlError::Refused(message),
        1153 | 1301 => too_large(bounds),
        1064 if has_more(sql) => SqlError::hinted(message, "give one statement per call"),
        // Shutting down, killed, too many connections.
        1053 | 1927 | 1040 | 1203 | 1226 => return None,
        _ => SqlError::engine(message),
    })
}

/// Whether there may be a second statement, for a hint only.
fn has_more(sql: &str) -> bool {
    sql.trim_end().trim_end_matches(';').contains(';')
}

fn too_large(bounds: &Bounds) -> SqlError {
    SqlError::TooLarge {
        message: format!(
            "a row has more than {} bytes",
            super::packet_bytes_max(bounds.value_bytes_max)
        ),
        hint: "select fewer columns, or a part of a long value: left(column, 1000)",
    }
}
