//! MySQL and MariaDB: one prepared statement in a transaction that only reads and is always rolled back.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | how is a server asked, and how does it stop |
//! | `values` | what is sent, and what comes back |
//! | `errors` | what do its errors mean to a model |
//! | `schema` | which tables are there, what do they look like, what may the account do |

mod errors;
pub(super) mod schema;
mod values;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use holdall::Secret;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Column, Conn, Error, Opts, OptsBuilder, Params, SslOpts, Statement};
use serde_json::Value;
use tokio::time::{timeout, timeout_at};

use super::SqlConfigError;
use super::config::DatabaseConfig;
use super::error::SqlError;
use super::pool::{Idle, Places};
use super::rows::{Basket, Bounds, Rows};
use super::tls;

/// How long a server has to take a connection, to stop a query, or to be as it was.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much later than the server this side gives up, so that the server's own end comes first.
const GRACE: Duration = Duration::from_secs(1);
/// Seconds a connection nobody uses is kept by the server.
const IDLE_SECONDS: u32 = 120;

/// A database of a MySQL or MariaDB server.
#[derive(Clone)]
pub(super) struct Mysql(Arc<Server>);

struct Server {
    name: String,
    options: Opts,
    places: Places,
    idle: Idle<Conn>,
    /// Which of the two it is, once that is known: they bound the time of a query in different words.
    is_mariadb: OnceLock<bool>,
}

impl Mysql {
    /// The database at `url`; nothing is connected yet.
    pub(super) fn new(
        name: &str,
        url: &Secret,
        password: Option<&Secret>,
        settings: &DatabaseConfig,
        places: usize,
        value_bytes_max: usize,
    ) -> Result<Self, SqlConfigError> {
        let url = url.expose();
        let url = match url.strip_prefix("mariadb://") {
            Some(rest) => Cow::Owned(format!("mysql://{rest}")),
            None => Cow::Borrowed(url),
        };
        // The parser's own error may repeat a part of the URL.
        let parsed = Opts::from_url(&url).map_err(|_| SqlConfigError::Url {
            name: name.to_owned(),
            problem: "write mysql://user@host:3306/database".to_owned(),
        })?;
        let is_here = parsed.socket().is_some() || tls::is_here(parsed.ip_or_hostname());
        let asked = parsed.ssl_opts().is_some().then_some(true);
        let encrypted = settings.tls.or(asked).unwrap_or(!is_here);
        let ssl = match encrypted {
            false => None,
            true => Some(encryption(settings).map_err(|problem| SqlConfigError::Tls {
                name: name.to_owned(),
                problem,
            })?),
        };
        let mut options = OptsBuilder::from_opts(parsed.clone())
            .prefer_socket(false)
            .stmt_cache_size(0)
            .wait_timeout(Some(IDLE_SECONDS as usize))
            .max_allowed_packet(Some(packet_bytes_max(value_bytes_max)))
            .ssl_opts(ssl);
        if let Some(password) = password {
            options = options.pass(Some(password.expose()));
        }
        Ok(Self(Arc::new(Server {
            name: name.to_owned(),
            options: options.into(),
            places: Places::new(places),
            idle: Idle::new(),
            is_mariadb: OnceLock::new(),
        })))
    }

    /// The database of the URL, if it names one.
    pub(super) fn schema(&self) -> Option<&str> {
        self.0.options.db_name()
    }

    /// Runs one statement. Dropping the future stops it on the server, too.
    pub(super) async fn rows(&self, sql: &str, params: &[Value], bounds: Bounds) -> Result<Rows, SqlError> {
        let server = &self.0;
        let place = server.places.take(&bounds).await?;
        let asked = async {
            let mut connection = server.connection().await?;
            let mut kill = Kill::new(server, &connection);
            let result = server.ask(&mut connection, sql, params, bounds).await;
            let Outcome { rows, is_whole } = match result {
                Ok(outcome) => outcome,
                Err(Failure::Said(error)) => Outcome {
                    rows: Err(error),
                    is_whole: true,
                },
                Err(Failure::Mysql(error)) => Outcome {
                    is_whole: !error.is_fatal(),
                    rows: Err(server.explained(error, sql, &bounds)),
                },
            };
            if is_whole {
                kill.id = None;
            }
            Ok((rows, is_whole.then_some(connection)))
        };
        let (rows, connection) = timeout_at((bounds.deadline + GRACE).into(), asked)
            .await
            .unwrap_or_else(|_| Err(bounds.timed_out()))?;
        // A function that was stopped may have answered all the same: SLEEP says 1, BENCHMARK says 0.
        let rows = match Instant::now() < bounds.deadline {
            true => rows,
            false => Err(bounds.timed_out()),
        };
        let server = Arc::clone(server);
        tokio::spawn(async move {
            if let Some(mut connection) = connection
                && let Ok(Ok(())) = timeout(PATIENCE, reset(&mut connection)).await
            {
                server.idle.put(connection);
            }
            drop(place);
        });
        rows
    }
}

/// Leaves nothing of a query behind: transaction, settings, variables, locks, temporary tables.
async fn reset(connection: &mut Conn) -> Result<(), Error> {
    connection.query_drop("ROLLBACK").await?;
    match connection.reset().await? {
        true => Ok(()),
        false => Err(Error::Other("the server is too old to reset a connection".into())),
    }
}

impl Server {
    async fn connection(&self) -> Result<Conn, SqlError> {
        // One that waited may have been closed by the server since.
        while let Some(mut connection) = self.idle.take() {
            if let Ok(Ok(())) = timeout(PATIENCE, connection.ping()).await {
                return Ok(connection);
            }
        }
        match timeout(PATIENCE, self.connect()).await {
            Ok(connected) => connected.map_err(|error| self.unreachable(error)),
            Err(_) => Err(SqlError::Unreachable {
                database: self.name.clone(),
                cause: None,
            }),
        }
    }

    async fn connect(&self) -> Result<Conn, Error> {
        let mut connection = Conn::new(self.options.clone()).await?;
        if self.is_mariadb.get().is_none() {
            let version: Option<String> = connection.query_first("SELECT VERSION()").await?;
            let version = version.unwrap_or_default().to_lowercase();
            self.is_mariadb.get_or_init(|| version.contains("mariadb"));
        }
        Ok(connection)
    }

    /// Asks in a transaction that only reads.
    async fn ask(
        &self,
        connection: &mut Conn,
        sql: &str,
        params: &[Value],
        bounds: Bounds,
    ) -> Result<Outcome, Failure> {
        // Rounded up: what the server stops answers as if it had ended by itself, and must come after the deadline.
        let milliseconds = bounds.milliseconds_left() + 1;
        let seconds = milliseconds.div_ceil(1_000);
        let time = match self.is_mariadb.get() {
            Some(true) => format!(
                "max_statement_time = {}.{:03}",
                milliseconds / 1_000,
                milliseconds % 1_000
            ),
            _ => format!("max_execution_time = {milliseconds}"),
        };
        // One more than are shown tells whether there are more.
        let rows = bounds.rows_max + 1;
        let settings = format!(
            "SET SESSION {time}, SESSION lock_wait_timeout = {seconds}, SESSION innodb_lock_wait_timeout = {seconds}, \
             SESSION sql_select_limit = {rows}, SESSION group_concat_max_len = {}",
            bounds.value_bytes_max
        );
        connection.query_drop(settings).await?;
        connection.query_drop("SET SESSION TRANSACTION READ ONLY").await?;
        connection
            .query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            .await?;
        let statement = connection.prep(sql).await?;
        if statement.num_columns() == 0 || is_maintenance(&statement.columns()) {
            return Err(Failure::Said(SqlError::no_query()));
        }
        fetch(connection, &statement, params, bounds).await
    }

    /// Asks the server to stop what a connection does.
    async fn kill(&self, id: u32) -> Result<(), Error> {
        let mut connection = Conn::new(self.options.clone()).await?;
        connection.query_drop(format!("KILL QUERY {id}")).await?;
        connection.disconnect().await
    }

    fn unreachable(&self, error: Error) -> SqlError {
        SqlError::Unreachable {
            database: self.name.clone(),
            cause: Some(match error {
                // It says nothing of its own, and hides what it holds.
                Error::Io(mysql_async::IoError::Io(error)) => error.into(),
                error => error.into(),
            }),
        }
    }

    fn explained(&self, error: Error, sql: &str, bounds: &Bounds) -> SqlError {
        match errors::explained(&error, sql, bounds) {
            Some(explained) => explained,
            None => self.unreachable(error),
        }
    }
}

/// What came of a statement.
struct Outcome {
    rows: Result<Rows, SqlError>,
    /// Whether all of it has come, so that the connection can be used again.
    is_whole: bool,
}

enum Failure {
    Mysql(Error),
    Said(SqlError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Mysql(error)
    }
}

/// Whether the server would answer with how the care of a table went: `ANALYZE TABLE`, `OPTIMIZE TABLE`, `REPAIR TABLE`
/// and their like write, and no transaction holds them back.
fn is_maintenance(columns: &[Column]) -> bool {
    let names = columns.iter().map(Column::name_str);
    names.eq(["Table", "Op", "Msg_type", "Msg_text"])
}

async fn fetch(
    connection: &mut Conn,
    statement: &Statement,
    params: &[Value],
    bounds: Bounds,
) -> Result<Outcome, Failure> {
    let (expected, given) = (usize::from(statement.num_params()), params.len());
    if expected != given {
        return Err(Failure::Said(SqlError::Parameters { expected, given }));
    }
    let params: Result<Vec<_>, _> = params.iter().enumerate().map(values::parameter).collect();
    let params = match params.map_err(Failure::Said)? {
        params if params.is_empty() => Params::Empty,
        params => Params::Positional(params),
    };
    let mut found = connection.exec_iter(statement, params).await?;
    let columns = found.columns().unwrap_or_default();
    let mut basket =
        Basket::new(columns.iter().map(values::column).collect(), bounds).map_err(Failure::Said)?;
    while let Some(row) = found.next().await? {
        let row = values::row(row, &columns, &mut basket);
        match basket.take(row) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => {
                return Ok(Outcome {
                    is_whole: false,
                    rows: Ok(basket.rows()),
                });
            }
            Err(error) => {
                return Ok(Outcome {
                    is_whole: false,
                    rows: Err(error),
                });
            }
        }
    }
    found.drop_result().await?;
    Ok(Outcome {
        is_whole: true,
        rows: Ok(basket.rows()),
    })
}

/// Stops a query on the server when nobody waits for it any more, or for the rest of it.
struct Kill {
    /// `None`: there is nothing to stop.
    id: Option<u32>,
    server: Arc<Server>,
}

impl Kill {
    fn new(server: &Arc<Server>, connection: &Conn) -> Self {
        Self {
            id: Some(connection.id()),
            server: Arc::clone(server),
        }
    }
}

impl Drop for Kill {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let server = Arc::clone(&self.server);
        runtime.spawn(async move {
            match timeout(PATIENCE, server.kill(id)).await {
                Ok(Ok(())) => {}
                // It has ended by itself, and its connection with it.
                Ok(Err(Error::Server(error))) if error.code == 1094 => {}
                Ok(Err(error)) => tracing::warn!(%error, "a query of MySQL could not be stopped"),
                Err(_) => tracing::warn!("a query of MySQL could not be stopped in time"),
            }
        });
    }
}

fn encryption(settings: &DatabaseConfig) -> Result<SslOpts, String> {
    // The client takes what the process has for cryptography; where nothing was chosen yet, ring is.
    let _chosen_before = rustls::crypto::ring::default_provider().install_default();
    let roots = tls::authorities(settings.ca_file.as_deref())?;
    let roots = roots.iter().map(|one| one.to_vec().into());
    Ok(SslOpts::default()
        .with_root_certs(roots.collect())
        .with_disable_built_in_roots(true))
}

/// One packet holds one row: some values, none longer than is read.
fn packet_bytes_max(value_bytes_max: usize) -> usize {
    4 * value_bytes_max + 1_000_000
}
