//! How a query fails, and what a model reads of it.

use std::error::Error as StdError;
use std::io;

use holdall::{CallError, ErrorKind};

/// Names like the one asked for that are suggested.
const NEAR_MAX: usize = 5;
/// What is like a name: as Jaro and Winkler measure it, from 0 to 1.
const NEAR_MIN: f64 = 0.75;

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum SqlError {
    /// The engine, or the rule that only queries are run, said no.
    #[error("{0}; this connection only reads")]
    Refused(String),
    /// A table that is not there.
    #[error("there is no table `{name}` in the database `{database}`")]
    UnknownTable {
        name: String,
        database: String,
        near: Vec<String>,
    },
    /// The database said no, for a reason of its own.
    #[error("{message}")]
    Engine {
        message: String,
        hint: Option<String>,
        missing: Option<Missing>,
    },
    #[error("the role may not do this: {0}")]
    Rights(String),
    #[error("the statement takes {}, {given} {} given", parameters(*expected), if *given == 1 { "was" } else { "were" })]
    Parameters { expected: usize, given: usize },
    #[error("parameter {number} cannot be used: {problem}")]
    Parameter { number: usize, problem: String },
    #[error("the query was stopped after {0} ms")]
    TimedOut(u64),
    #[error("the query was stopped: it used more than {0} MB of memory")]
    Memory(u64),
    #[error("all {0} connections of this database are busy")]
    Busy(usize),
    #[error("{message}")]
    TooLarge { message: String, hint: &'static str },
    /// What the system says goes to the log: it may hold addresses.
    #[error("the database `{database}` cannot be reached: {}", reason(cause.as_deref()))]
    Unreachable {
        database: String,
        #[source]
        cause: Option<Box<dyn StdError + Send + Sync>>,
    },
}

/// What the database did not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Table,
    Column,
}

impl SqlError {
    /// A message of the database, with nothing to add.
    pub(super) fn engine(message: impl Into<String>) -> Self {
        Self::Engine {
            message: message.into(),
            hint: None,
            missing: None,
        }
    }

    pub(super) fn hinted(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Engine {
            message: message.into(),
            hint: Some(hint.into()),
            missing: None,
        }
    }

    pub(super) fn missing(message: impl Into<String>, missing: Missing) -> Self {
        Self::Engine {
            message: message.into(),
            hint: None,
            missing: Some(missing),
        }
    }

    /// With where in `sql` it went wrong: `offset` counts characters from 0.
    pub(super) fn at(message: &str, sql: &str, offset: usize) -> Self {
        let before: String = sql.chars().take(offset).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|one| *one != '\n').count() + 1;
        let rest: String = sql.chars().skip(offset).take(30).collect();
        let rest = rest.lines().next().unwrap_or_default().trim_end();
        let place = match rest {
            "" => "at its end".to_owned(),
            rest => format!("at line {line}, column {column}: `{rest}`"),
        };
        Self::engine(format!("{message} ({place})"))
    }

    /// That the statement is none whose rows could be shown, known before it has run.
    pub(super) fn no_query() -> Self {
        Self::Refused("the statement returns no rows, so it was not run".to_owned())
    }
}

/// What a model reads of it.
pub(super) fn call_error(error: SqlError) -> CallError {
    let message = error.to_string();
    let said = |kind| CallError::new(kind, message.clone());
    match error {
        SqlError::Refused(_) => said(ErrorKind::PermissionDenied)
            .hint("run one query: a SELECT, or what else returns rows and changes nothing"),
        SqlError::UnknownTable { near, .. } => said(ErrorKind::NotFound).hint(near_hint(&near)),
        SqlError::Engine { hint: Some(hint), .. } => said(ErrorKind::Failed).hint(hint),
        SqlError::Engine { hint: None, .. } => said(ErrorKind::Failed),
        SqlError::Rights(_) => said(ErrorKind::PermissionDenied)
            .hint("ask whoever runs the server to grant it, or query something else"),
        SqlError::Parameters { .. } => said(ErrorKind::InvalidArguments)
            .hint("give one value in `params` for each placeholder, in their order"),
        SqlError::Parameter { .. } => said(ErrorKind::InvalidArguments),
        SqlError::TimedOut(_) => said(ErrorKind::TimedOut)
            .hint("narrow the query: fewer rows with WHERE, fewer joins, or columns with an index"),
        SqlError::Memory(_) => {
            said(ErrorKind::TooLarge).hint("sort or group fewer rows: narrow the query with WHERE first")
        }
        SqlError::Busy(_) => said(ErrorKind::Unavailable).hint("try again once other queries are done"),
        SqlError::TooLarge { hint, .. } => said(ErrorKind::TooLarge).hint(hint),
        SqlError::Unreachable { cause, .. } => {
            let error = said(ErrorKind::Unavailable).hint("try again later, or query another database");
            match cause {
                Some(cause) => error.caused_by(cause),
                None => error,
            }
        }
    }
}

fn parameters(count: usize) -> String {
    match count {
        1 => "1 parameter".to_owned(),
        count => format!("{count} parameters"),
    }
}

/// Why something cannot be reached, without addresses. Nothing is known of what did not answer.
fn reason(cause: Option<&(dyn StdError + Send + Sync + 'static)>) -> &'static str {
    let Some(cause) = cause else {
        return "its server does not answer";
    };
    let mut next: Option<&(dyn StdError + 'static)> = Some(cause);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::ConnectionRefused => {
                    "connection refused, so no server listens there, or none for this machine"
                }
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => "its server broke the connection off",
                io::ErrorKind::TimedOut => "its server does not answer",
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                    "there is no way to its server in the network"
                }
                io::ErrorKind::NotFound => "its file or socket is not there",
                io::ErrorKind::PermissionDenied => "it may not be opened",
                _ => "the log of this server says why",
            };
        }
        if error.is::<rusqlite::Error>() {
            return "its file cannot be opened or read";
        }
        next = error.source();
    }
    "the log of this server says why"
}

/// An error with all its causes, for the log.
pub(super) fn chain(error: &SqlError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Those of `names` that are like `asked`, the most alike first.
pub(super) fn near<'a>(asked: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let asked = asked.to_lowercase();
    let bare = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let likeness = |name: &str| {
        let whole = strsim::jaro_winkler(&asked, &name.to_lowercase());
        whole.max(strsim::jaro_winkler(&bare(&asked), &bare(name)))
    };
    let scored = names.into_iter().map(|name| (likeness(name), name));
    let mut scored: Vec<_> = scored.filter(|(score, _)| *score >= NEAR_MIN).collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let best = scored.into_iter().take(NEAR_MAX);
    best.map(|(_, name)| name.to_owned()).collect()
}

pub(super) fn near_hint(near: &[String]) -> String {
    match near {
        [] => "list_tables shows which tables there are".to_owned(),
        near => format!("did you mean `{}`? list_tables shows all", near.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_mistake_is_told_by_line_and_column() {
        let said = |offset| SqlError::at("wrong", "SELECT ä\nFROM orders WHERE", offset).to_string();
        assert_eq!(said(7), "wrong (at line 1, column 8: `ä`)");
        assert_eq!(said(14), "wrong (at line 2, column 6: `orders WHERE`)");
        assert_eq!(said(26), "wrong (at its end)");
        assert_eq!(said(9_999), "wrong (at its end)");
    }

    #[test]
    fn near_names_are_found_with_and_without_their_schema() {
        let names = ["orders", "order_lines", "sales.customers", "zebra"];
        assert_eq!(near("ordrs", names), ["orders", "order_lines"]);
        assert_eq!(near("Customer", names), ["sales.customers"]);
        assert_eq!(near("public.orders", names)[0], "orders");
        assert_eq!(near("xyz", names), [""; 0]);
    }

    #[test]
    fn what_cannot_be_reached_says_why_and_not_where() {
        let said = |cause: Option<io::Error>| {
            let error = SqlError::Unreachable {
                database: "shop".to_owned(),
                cause: cause.map(Into::into),
            };
            error.to_string()
        };
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(said(Some(refused)).starts_with("the database `shop` cannot be reached: connection refused"));
        let other = said(Some(io::Error::other("at 10.0.0.7")));
        assert!(other.ends_with("the log of this server says why"), "{other}");
        assert!(said(None).ends_with("its server does not answer"));
    }

    #[test]
    fn parameters_are_counted_as_people_count() {
        let said = |expected, given| SqlError::Parameters { expected, given }.to_string();
        assert_eq!(said(1, 0), "the statement takes 1 parameter, 0 were given");
        assert_eq!(said(2, 1), "the statement takes 2 parameters, 1 was given");
    }
}
