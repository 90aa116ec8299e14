//! Databases, and a client connected to the toolset over them.

use holdall::{Secret, Server};
use holdall_testkit::Client;
use holdall_toolsets::sql::{DatabaseConfig, DatabaseSource, SqlConfig, SqlToolset};
use serde_json::{Value, json};

/// Where a server is, as a source.
pub(crate) fn server(url: &str) -> DatabaseSource {
    DatabaseSource::Server {
        url: Secret::new(url),
        password: None,
    }
}

/// A client over databases.
pub(crate) async fn over<const N: usize>(databases: [(&str, DatabaseSource); N]) -> Client {
    over_with(databases, |_| ()).await
}

pub(crate) async fn over_with<const N: usize>(
    databases: [(&str, DatabaseSource); N],
    change: impl FnOnce(&mut SqlConfig),
) -> Client {
    let mut config = SqlConfig::default();
    for (name, source) in databases {
        config
            .databases
            .insert(name.to_owned(), DatabaseConfig::new(source));
    }
    change(&mut config);
    Client::connect(Server::new("test").add(SqlToolset::new(&config).unwrap())).await
}

/// Runs a query: what it says to programs, or `Err` with its text if it failed.
pub(crate) async fn query(client: &Client, sql: &str, params: Value) -> Result<Value, String> {
    let reply = client
        .call("query", json!({ "sql": sql, "params": params }))
        .await;
    match reply.is_error() {
        true => Err(reply.outcome().unwrap_err()),
        false => Ok(reply.json()),
    }
}

/// The rows of a query that succeeds.
pub(crate) async fn rows(client: &Client, sql: &str, params: Value) -> Value {
    query(client, sql, params)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))["rows"]
        .take()
}
