//! Which databases there are, and the bounds of a query.

use std::collections::BTreeMap;
use std::path::PathBuf;

use holdall::Secret;

/// The longest a query may take.
const TIMEOUT_MS_MAX: u64 = 300_000;

/// The databases of a [`SqlToolset`](super::SqlToolset), and the bounds of each query.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqlConfig {
    /// The databases by name: up to 64 letters, digits, `_` and `-`. Default: none.
    pub databases: BTreeMap<String, DatabaseConfig>,
    /// How long a query may take in milliseconds, waiting for a connection included. Default: 20,000; from 1 to 300,000.
    pub timeout_ms: u64,
    /// Bytes of rows one reply holds, as JSON. Default: 100,000, about 25,000 tokens; from 1,000 to 4,000,000.
    pub result_bytes_max: usize,
    /// Bytes of one value that SQLite reads or makes on the way; servers send four times as many and 1,000,000 for a row
    /// (MySQL) or an answer (PostgreSQL). Default: 1,000,000; from 1,000 to 100,000,000.
    pub value_bytes_max: usize,
    /// Queries that run at once in one database, and connections to it. Default: 4; from 1 to 64.
    pub connections_max: usize,
}

impl Default for SqlConfig {
    fn default() -> Self {
        Self {
            databases: BTreeMap::new(),
            timeout_ms: 20_000,
            result_bytes_max: 100_000,
            value_bytes_max: 1_000_000,
            connections_max: 4,
        }
    }
}

/// One database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatabaseConfig {
    /// Where it is.
    pub source: DatabaseSource,
    /// What is in it, for models. Default: nothing is said.
    pub description: Option<String>,
    /// A file of certificates in PEM which a server's may be signed by, in place of those of the system. Default: none.
    pub ca_file: Option<PathBuf>,
    /// Whether the connection to a server is encrypted, and its certificate checked. Default: unless it goes to this
    /// machine.
    pub tls: Option<bool>,
}

impl DatabaseConfig {
    /// A database without a description.
    pub fn new(source: DatabaseSource) -> Self {
        Self {
            source,
            description: None,
            ca_file: None,
            tls: None,
        }
    }
}

/// Where a database is.
#[derive(Clone, Debug)]
pub enum DatabaseSource {
    /// A file of SQLite, which must be there.
    Sqlite(PathBuf),
    /// A server: `postgresql://user@host/database`, `mysql://user@host/database` or `mariadb://…`.
    Server {
        /// The URL.
        url: Secret,
        /// The password, where the URL has none.
        password: Option<Secret>,
    },
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlConfigError {
    /// There is nothing to query.
    #[error(
        "there is no database: name one in the configuration, such as [sql.databases.shop] with a path or a url"
    )]
    NoDatabase,
    /// A name models could not say.
    #[error("`{0}` cannot be the name of a database: use up to 64 letters, digits, _ and -")]
    Name(String),
    /// A bound out of its range.
    #[error("`{key}` is {value}: it must be from {from} to {to}")]
    Bound {
        /// Which.
        key: &'static str,
        /// What was given.
        value: u64,
        /// The least.
        from: u64,
        /// The most.
        to: u64,
    },
    /// A query may take no time, or too much.
    #[error("`timeout` is {0} ms: it must be from 1 ms to {TIMEOUT_MS_MAX} ms (5 minutes)")]
    Timeout(u64),
    /// A SQLite file that cannot be read.
    #[error("the database `{name}` cannot be opened: {path} {problem}", path = path.display())]
    File {
        /// Which database.
        name: String,
        /// Its file.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// A URL that leads nowhere. It is not repeated: it may hold a password.
    #[error("the url of the database `{name}` cannot be used: {problem}")]
    Url {
        /// Which database.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Certificates that cannot be used.
    #[error("the connection to the database `{name}` cannot be encrypted: {problem}")]
    Tls {
        /// Which database.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

impl SqlConfig {
    pub(super) fn check(&self) -> Result<(), SqlConfigError> {
        if self.databases.is_empty() {
            return Err(SqlConfigError::NoDatabase);
        }
        let fits = |name: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            (1..=64).contains(&name.len()) && name.bytes().all(known)
        };
        if let Some(name) = self.databases.keys().find(|name| !fits(name)) {
            return Err(SqlConfigError::Name(name.clone()));
        }
        if !(1..=TIMEOUT_MS_MAX).contains(&self.timeout_ms) {
            return Err(SqlConfigError::Timeout(self.timeout_ms));
        }
        let bounds = [
            ("result_bytes_max", self.result_bytes_max as u64, 1_000, 4_000_000),
            ("value_bytes_max", self.value_bytes_max as u64, 1_000, 100_000_000),
            ("connections_max", self.connections_max as u64, 1, 64),
        ];
        for (key, value, from, to) in bounds {
            if !(from..=to).contains(&value) {
                return Err(SqlConfigError::Bound { key, value, from, to });
            }
        }
        Ok(())
    }
}
