//! Errors of PostgreSQL, for models.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use super::super::error::{Missing, SqlError};
use super::super::rows::Bounds;

/// What an error of the server means; `None` if it is none of the server's.
pub(super) fn explained(error: &Error, sql: &str, bounds: &Bounds) -> Option<SqlError> {
    let Some(said) = error.as_db_error() else {
        // Values and statements that could not even be sent.
        let is_local = error.to_string().contains("serializing") || error.to_string().contains("encoding");
        return is_local.then(|| {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            SqlError::engine(format!(
                "a parameter or the statement cannot be sent: {}",
                cause.unwrap_or_default()
            ))
        });
    };
    let message = said.message().to_owned();
    let code = said.code();
    let state = code.code();
    Some(match () {
        () if *code == SqlState::READ_ONLY_SQL_TRANSACTION => SqlError::Refused(message),
        () if *code == SqlState::QUERY_CANCELED || *code == SqlState::LOCK_NOT_AVAILABLE => {
            bounds.timed_out()
        }
        () if *code == SqlState::INSUFFICIENT_PRIVILEGE => SqlError::Rights(message),
        () if *code == SqlState::UNDEFINED_TABLE => SqlError::missing(message, Missing::Table),
        () if message.contains("cannot insert multiple commands") => {
            SqlError::hinted("there is more than one statement", "give one statement per call")
        }
        () if message.starts_with("no binary output function") => {
            SqlError::hinted(message, "cast the column to text: column::text")
        }
        // The session cannot go on: shut down, out of connections, terminated.
        () if state.starts_with("57P") || state.starts_with("08") || state.starts_with("53") => return None,
        () => told(said, message, sql),
    })
}

fn told(said: &DbError, message: String, sql: &str) -> SqlError {
    let placed = match said.position() {
        Some(ErrorPosition::Original(position)) => {
            SqlError::at(&message, sql, (*position as usize).saturating_sub(1)).to_string()
        }
        _ => message,
    };
    let detail = said
        .detail()
        .map(|detail| format!("{placed}: {detail}"))
        .unwrap_or(placed);
    let missing = (*said.code() == SqlState::UNDEFINED_COLUMN).then_some(Missing::Column);
    SqlError::Engine {
        message: detail,
        hint: said.hint().map(str::to_owned),
        missing,
    }
}
