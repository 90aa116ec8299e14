//! PostgreSQL: one prepared statement in a transaction that only reads and is always rolled back.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | how is a server asked, and how does it stop |
//! | `stream` | how much may it send |
//! | `parameters`, `values`, `numbers` | what is sent, and what comes back |
//! | `errors` | what do its errors mean to a model |
//! | `schema` | which tables are there, what do they look like, what may the role do |

mod errors;
mod numbers;
mod parameters;
pub(super) mod schema;
mod stream;
mod values;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use holdall::Secret;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{timeout, timeout_at};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::types::{Kind, ToSql};
use tokio_postgres::{CancelToken, Client, Config, IsolationLevel, NoTls, Statement, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::DatabaseConfig;
use super::error::SqlError;
use super::pool::{Idle, Places};
use super::rows::{Basket, Bounds, Column, Rows};
use super::tls;
use parameters::Parameter;
use stream::{Meter, Metered};

/// How long a server has to take a connection, to stop a query, or to be as it was.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much later than the server this side gives up, so that the server's own end comes first.
const GRACE: Duration = Duration::from_secs(1);
/// Rows that are asked for first; twice as many each time, as long as there is room for them.
const ROWS_PER_FETCH_MIN: usize = 8;
const ROWS_PER_FETCH_MAX: usize = 256;
/// Bytes of greeting and of the parameters a server tells of.
const GREETING_BYTES_MAX: usize = 1_000_000;
/// Leaves nothing of a query behind: cursors, settings, roles, locks, temporary tables. It is what `DISCARD ALL` does
/// but for prepared statements, which the statements that are let through cannot make.
const RESET: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES";

/// A database of a PostgreSQL server.
#[derive(Clone)]
pub(super) struct Postgres(Arc<Server>);

struct Server {
    name: String,
    config: Config,
    tls: Option<MakeRustlsConnect>,
    places: Places,
    idle: Idle<Session>,
}

/// A connection. When it is dropped, it is closed.
struct Session {
    client: Client,
    meter: Arc<Meter>,
    host: (Host, u16),
    driver: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Postgres {
    /// The database at `url`; nothing is connected yet.
    pub(super) fn new(
        name: &str,
        url: &Secret,
        password: Option<&Secret>,
        settings: &DatabaseConfig,
        places: usize,
    ) -> Result<Self, super::SqlConfigError> {
        let wrong = |problem: String| super::SqlConfigError::Url {
            name: name.to_owned(),
            problem,
        };
        // The parser's own error may repeat a part of the URL.
        let mut config: Config = url
            .expose()
            .parse()
            .map_err(|_| wrong("write postgresql://user@host:5432/database".to_owned()))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no host".to_owned()));
        }
        if let Some(password) = password {
            config.password(password.expose());
        }
        if config.get_application_name().is_none() {
            config.application_name("holdall");
        }
        let is_here = |host: &Host| match host {
            Host::Tcp(name) => tls::is_here(name),
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        let asked = match config.get_ssl_mode() {
            SslMode::Disable => Some(false),
            SslMode::Require => Some(true),
            _ => None,
        };
        let encrypted = settings
            .tls
            .or(asked)
            .unwrap_or(!config.get_hosts().iter().all(is_here));
        config.ssl_mode(if encrypted {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        let tls = encrypted.then(|| tls::authorities(settings.ca_file.as_deref()).and_then(tls::client));
        let tls = tls.transpose().map_err(|problem| super::SqlConfigError::Tls {
            name: name.to_owned(),
            problem,
        })?;
        Ok(Self(Arc::new(Server {
            name: name.to_owned(),
            config,
            tls: tls.map(MakeRustlsConnect::new),
            places: Places::new(places),
            idle: Idle::new(),
        })))
    }

    /// Runs one statement. Dropping the future stops it on the server, too.
    pub(super) async fn rows(&self, sql: &str, params: &[Value], bounds: Bounds) -> Result<Rows, SqlError> {
        let server = &self.0;
        let place = server.places.take(&bounds).await?;
        let asked = async {
            let mut session = server.session().await?;
            let mut cancel = Cancel::new(server, &session);
            session.meter.allow(bounds.wire_bytes_max());
            let result = ask(&mut session.client, sql, params, bounds).await;
            let result = result.map_err(|failure| server.explained(failure, sql, &session, &bounds));
            cancel.token = None;
            Ok((result, session))
        };
        let (result, session) = timeout_at((bounds.deadline + GRACE).into(), asked)
            .await
            .unwrap_or_else(|_| Err(bounds.timed_out()))?;
        let server = Arc::clone(server);
        tokio::spawn(async move {
            session.meter.allow(GREETING_BYTES_MAX);
            if let Ok(Ok(())) = timeout(PATIENCE, session.client.batch_execute(RESET)).await {
                server.idle.put(session);
            }
            drop(place);
        });
        result
    }
}

impl Server {
    async fn session(&self) -> Result<Session, SqlError> {
        while let Some(session) = self.idle.take() {
            if !session.client.is_closed() {
                return Ok(session);
            }
        }
        match timeout(PATIENCE, self.connect()).await {
            Ok(connected) => connected.map_err(|cause| self.unreachable(Some(cause))),
            Err(_) => Err(self.unreachable(None)),
        }
    }

    /// Tries the hosts in their order.
    async fn connect(&self) -> Result<Session, Box<dyn std::error::Error + Send + Sync>> {
        let hosts = self.config.get_hosts();
        let ports = self.config.get_ports();
        let mut failure = None;
        for (number, host) in hosts.iter().enumerate() {
            let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
            match self.connect_to(host, port).await {
                Ok(session) => return Ok(session),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.expect("there is a host, and it failed"))
    }

    async fn connect_to(
        &self,
        host: &Host,
        port: u16,
    ) -> Result<Session, Box<dyn std::error::Error + Send + Sync>> {
        let meter = Meter::new(GREETING_BYTES_MAX);
        let stream = Metered::connect(host, port, Arc::clone(&meter)).await?;
        let (client, driver) = match &self.tls {
            None => drive(&self.config, stream, NoTls).await?,
            Some(tls) => drive(&self.config, stream, connector(tls, host)?).await?,
        };
        Ok(Session {
            client,
            meter,
            host: (host.clone(), port),
            driver,
        })
    }

    /// Asks the server to stop what a session does.
    async fn cancel(
        &self,
        token: &CancelToken,
        host: &Host,
        port: u16,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let stream = Metered::connect(host, port, Meter::new(GREETING_BYTES_MAX)).await?;
        match &self.tls {
            None => token.cancel_query_raw(stream, NoTls).await?,
            Some(tls) => token.cancel_query_raw(stream, connector(tls, host)?).await?,
        }
        Ok(())
    }

    fn unreachable(&self, cause: Option<Box<dyn std::error::Error + Send + Sync>>) -> SqlError {
        SqlError::Unreachable {
            database: self.name.clone(),
            cause,
        }
    }

    fn explained(&self, failure: Failure, sql: &str, session: &Session, bounds: &Bounds) -> SqlError {
        match failure {
            Failure::Said(error) => error,
            Failure::Postgres(_) if session.meter.is_exceeded() => SqlError::TooLarge {
                message: format!("the server sent more than {} bytes", bounds.wire_bytes_max()),
                hint: "select fewer columns, or a part of a long value: left(column, 1000)",
            },
            Failure::Postgres(error) => match errors::explained(&error, sql, bounds) {
                Some(explained) => explained,
                None => self.unreachable(Some(error.into())),
            },
        }
    }
}

fn connector(
    tls: &MakeRustlsConnect,
    host: &Host,
) -> std::io::Result<<MakeRustlsConnect as MakeTlsConnect<Metered>>::TlsConnect> {
    let name = match host {
        Host::Tcp(name) => name.as_str(),
        #[cfg(unix)]
        Host::Unix(_) => {
            return Err(std::io::Error::other(
                "a Unix socket has no name to check a certificate by",
            ));
        }
    };
    MakeTlsConnect::<Metered>::make_tls_connect(&mut tls.clone(), name).map_err(std::io::Error::other)
}

/// Greets the server, and lets the connection work in the background.
async fn drive<T>(
    config: &Config,
    stream: Metered,
    tls: T,
) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error>
where
    T: TlsConnect<Metered>,
    T::Stream: TlsStream + Send + 'static,
{
    let (client, connection) = config.connect_raw(stream, tls).await?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to PostgreSQL ended");
        }
    });
    Ok((client, driver))
}

/// Stops a query on the server when nobody waits for it any more.
struct Cancel {
    /// `None`: there is nothing to stop.
    token: Option<CancelToken>,
    host: (Host, u16),
    server: Arc<Server>,
}

impl Cancel {
    fn new(server: &Arc<Server>, session: &Session) -> Self {
        Self {
            token: Some(session.client.cancel_token()),
            host: session.host.clone(),
            server: Arc::clone(server),
        }
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        let Some(token) = self.token.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let ((host, port), server) = (self.host.clone(), Arc::clone(&self.server));
        runtime.spawn(async move {
            match timeout(PATIENCE, server.cancel(&token, &host, port)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a query of PostgreSQL could not be stopped"),
                Err(_) => tracing::warn!("a query of PostgreSQL could not be stopped in time"),
            }
        });
    }
}

enum Failure {
    Postgres(tokio_postgres::Error),
    Said(SqlError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Said(error)
    }
}

/// Asks in a transaction that only reads. It ends with a rollback: it is dropped.
async fn ask(client: &mut Client, sql: &str, params: &[Value], bounds: Bounds) -> Result<Rows, Failure> {
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let milliseconds = bounds.milliseconds_left();
    // Once a query has run, the transaction cannot be made one that writes.
    let settings = format!(
        "SET LOCAL statement_timeout = {milliseconds}; SET LOCAL lock_timeout = {milliseconds}; \
         SET LOCAL idle_in_transaction_session_timeout = 60000; SET LOCAL default_transaction_read_only = on; SELECT 1"
    );
    transaction.batch_execute(&settings).await?;
    let statement = transaction.prepare(sql).await?;
    if statement.columns().is_empty() {
        return Err(SqlError::no_query().into());
    }
    fetch(&transaction, &statement, params, bounds).await
}

async fn fetch(
    transaction: &Transaction<'_>,
    statement: &Statement,
    params: &[Value],
    bounds: Bounds,
) -> Result<Rows, Failure> {
    let (expected, given) = (statement.params().len(), params.len());
    if expected != given {
        return Err(SqlError::Parameters { expected, given }.into());
    }
    let params: Vec<Parameter<'_>> = params.iter().map(Parameter).collect();
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|one| one as &(dyn ToSql + Sync)).collect();
    let portal = transaction.bind(statement, &params).await?;
    let columns = statement.columns().iter().map(|column| Column {
        name: column.name().to_owned(),
        kind: match column.type_().kind() {
            Kind::Array(item) => format!("{}[]", item.name()),
            _ => column.type_().name().to_owned(),
        },
    });
    let mut basket = Basket::new(columns.collect(), bounds)?;
    // One more than are shown tells whether there are more.
    let mut wanted = bounds.rows_max + 1;
    let mut at_once = ROWS_PER_FETCH_MIN;
    loop {
        let count = wanted.min(at_once);
        at_once = ROWS_PER_FETCH_MAX.min(2 * at_once);
        let rows = transaction
            .query_portal(&portal, i32::try_from(count).unwrap_or(i32::MAX))
            .await?;
        let fetched = rows.len();
        for row in rows {
            let values = values::row(&row, &mut basket);
            if let ControlFlow::Break(()) = basket.take(values)? {
                return Ok(basket.rows());
            }
        }
        wanted -= fetched;
        if fetched < count || wanted == 0 {
            return Ok(basket.rows());
        }
    }
}
