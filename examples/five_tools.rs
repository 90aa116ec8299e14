//! Five everyday tools: calculate, read a file, fetch a page, query a database, tell the time. What a model may reach is
//! said by whoever starts the server, never by the model.
//!
//! Run it with `cargo run -p examples --bin five_tools -- FOLDER DATABASE HOST…`. The full-grown tools are the toolsets
//! `calculator`, `files`, `fetch`, `sql` and `clock`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::fs::{Dir, OpenOptions};
use holdall::prelude::*;
use jiff::{Timestamp, tz::TimeZone};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags, limits::Limit, types::ValueRef};
use serde_json::Value;
use ureq::tls::{RootCerts, TlsConfig};

/// The largest file, page or value that is read.
const BYTES_MAX: u64 = 1_000_000;
/// The most rows of an answer.
const ROWS_MAX: usize = 100;
/// How long a page or a query may take.
const TIME_MAX: Duration = Duration::from_secs(5);

/// What a model may reach.
pub(crate) struct Allowed {
    pub(crate) folder: Dir,
    pub(crate) database: PathBuf,
    pub(crate) hosts: Vec<String>,
}

/// Calculate with two numbers.
#[tool(read_only)]
fn calculate(
    left: f64,
    #[arg(one_of = ["+", "-", "*", "/"])] operator: &str,
    right: f64,
) -> Result<f64, String> {
    Ok(match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        _ if right == 0.0 => return Err(format!("{left} cannot be divided by zero")),
        _ => left / right,
    })
}

// The folder is an open handle: no path and no link leads out of it. `nonblock` is for pipes nobody writes to.
/// Read a text file of the shared folder.
#[tool(read_only)]
fn read_file(
    allowed: State<Allowed>,
    /// Its path in the folder, such as `notes/today.txt`.
    path: &str,
) -> CallResult<String> {
    let missing = |_| CallError::not_found(format!("there is no file `{path}` in the shared folder"));
    let file = allowed
        .folder
        .open_with(path, OpenOptions::new().read(true).nonblock(true))
        .map_err(missing)?;
    let found = file.metadata()?;
    if !found.is_file() || found.len() > BYTES_MAX {
        return Err(CallError::failed(format!(
            "`{path}` is no file of at most {BYTES_MAX} bytes"
        )));
    }
    let mut text = String::new();
    let read = file.take(BYTES_MAX).read_to_string(&mut text);
    read.map_err(|_| CallError::failed(format!("`{path}` is not text")))?;
    Ok(text)
}

// Redirects are not followed: they could lead to a host that is not allowed.
/// Fetch a page as text.
#[tool(read_only)]
fn fetch_page(allowed: State<Allowed>, #[arg(format = "uri")] url: &str) -> CallResult<String> {
    let uri: ureq::http::Uri = url
        .parse()
        .map_err(|_| CallError::invalid_arguments(format!("`{url}` is no URL of a page")))?;
    let host = uri.authority().map_or("", |host| host.as_str());
    if !allowed.hosts.iter().any(|known| known == host) {
        let error = CallError::new(
            ErrorKind::PermissionDenied,
            format!("the host `{host}` is not allowed"),
        );
        return Err(error.hint(format!("allowed are: {}", allowed.hosts.join(", "))));
    }
    let failed = |error: ureq::Error| CallError::new(ErrorKind::Unavailable, format!("{host}: {error}"));
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0);
    let agent: ureq::Agent = agent.timeout_global(Some(TIME_MAX)).build().into();
    let mut reply = agent.get(uri.clone()).call().map_err(failed)?;
    if reply.status().is_redirection() {
        return Err(CallError::failed(format!("{host} sends us elsewhere")));
    }
    let body = reply.body_mut().with_config().limit(BYTES_MAX);
    body.read_to_string().map_err(failed)
}

/// Query the database with one SELECT. Returns rows of values.
#[tool(read_only)]
fn query_database(allowed: State<Allowed>, sql: &str) -> CallResult<Json<Vec<Vec<Value>>>> {
    let wrong = |error: rusqlite::Error| CallError::invalid_arguments(error.to_string());
    let connection = open_for_reading(&allowed.database)?;
    let mut statement = connection.prepare(sql).map_err(wrong)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..columns).map(|at| row.get_ref(at).map(json)).collect()
    });
    Ok(Json(
        rows.map_err(wrong)?
            .take(ROWS_MAX)
            .collect::<Result<_, _>>()
            .map_err(wrong)?,
    ))
}

/// SQLite itself refuses whatever does not read, and what takes too long: nobody looks at the text of a query.
fn open_for_reading(database: &Path) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, BYTES_MAX as i32)?;
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Function {
            function_name: "load_extension",
        } => Authorization::Deny,
        AuthAction::Select | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Read { .. } | AuthAction::Function { .. } => Authorization::Allow,
        _ => Authorization::Deny,
    }))?;
    let end = Instant::now() + TIME_MAX;
    connection.progress_handler(1000, Some(move || Instant::now() > end))?;
    Ok(connection)
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()).into(),
    }
}

/// Tell the date and time of a time zone.
#[tool(read_only)]
fn current_time(#[arg(default = "UTC", examples = ["Europe/Berlin"])] zone: String) -> CallResult<String> {
    let unknown = |_| CallError::not_found(format!("there is no time zone `{zone}`"));
    let zone = TimeZone::get(&zone).map_err(unknown)?;
    Ok(Timestamp::now()
        .to_zoned(zone)
        .strftime("%A, %Y-%m-%d %H:%M:%S %z")
        .to_string())
}

pub(crate) fn server(allowed: Allowed) -> Server {
    Server::new("five_tools").state(allowed).add(tools![
        calculate,
        read_file,
        fetch_page,
        query_database,
        current_time
    ])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or(".".into());
    let allowed = Allowed {
        folder: Dir::open_ambient_dir(folder, cap_std::ambient_authority())?,
        database: arguments.next().unwrap_or("data.db".into()).into(),
        hosts: arguments.collect(),
    };
    drop(rustls::crypto::ring::default_provider().install_default());
    Ok(server(allowed).run().await?)
}
