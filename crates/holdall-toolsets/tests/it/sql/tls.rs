//! Servers over TCP: passwords, encryption, and whose certificate is believed.

use holdall::Secret;
use holdall_testkit::Client;
use holdall_toolsets::sql::{DatabaseSource, SqlConfig};
use serde_json::json;

use super::client::{over_with, query, rows, server};
use super::servers;

/// A client as `user` with the password `canary`.
async fn client(url: &str, change: impl FnOnce(&mut holdall_toolsets::sql::DatabaseConfig)) -> Client {
    let source = DatabaseSource::Server {
        url: Secret::new(url),
        password: Some(Secret::new("canary")),
    };
    over_with([("shop", source)], |config: &mut SqlConfig| {
        change(config.databases.get_mut("shop").unwrap())
    })
    .await
}

#[tokio::test]
async fn postgres_is_encrypted_and_checked() {
    let Some(server_of_tests) = servers::postgres() else {
        return;
    };
    server_of_tests.psql("postgres", "CREATE ROLE remote LOGIN PASSWORD 'canary'");
    let url = format!("postgresql://remote@127.0.0.1:{}/postgres", server_of_tests.port);
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

    let checked = client(&url, |database| {
        database.tls = Some(true);
        database.ca_file = Some(server_of_tests.authority());
    })
    .await;
    assert_eq!(rows(&checked, encrypted, json!([])).await, json!([[true]]));
    let plain = client(&url, |_| ()).await;
    assert_eq!(rows(&plain, encrypted, json!([])).await, json!([[false]]));
    // Nobody has signed it whom the system knows.
    let unknown = client(&url, |database| database.tls = Some(true)).await;
    let error = query(&unknown, "SELECT 1", json!([])).await.unwrap_err();
    assert!(
        error.starts_with("unavailable: the database `shop` cannot be reached"),
        "{error}"
    );
    // Neither is a wrong password repeated, nor what the server says of it.
    let wrong = over_with([("shop", server(&url.replace('@', ":wrong@")))], |_| ()).await;
    let error = query(&wrong, "SELECT 1", json!([])).await.unwrap_err();
    assert!(
        error.starts_with("unavailable: ") && !error.contains("wrong") && !error.contains("remote"),
        "{error}"
    );
}

#[tokio::test]
async fn mariadb_is_encrypted_and_checked() {
    let Some(server_of_tests) = servers::mariadb() else {
        return;
    };
    server_of_tests.mariadb("CREATE USER remote IDENTIFIED BY 'canary' REQUIRE SSL");
    let url = format!("mysql://remote@127.0.0.1:{}/", server_of_tests.port);
    let encrypted = "SELECT variable_value <> '' FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'";

    let checked = client(&url, |database| {
        database.tls = Some(true);
        database.ca_file = Some(server_of_tests.authority());
    })
    .await;
    assert_eq!(rows(&checked, encrypted, json!([])).await, json!([[1]]));
    for tls in [None, Some(true)] {
        // Not encrypted, and signed by nobody whom the system knows.
        let refused = client(&url, |database| database.tls = tls).await;
        let error = query(&refused, "SELECT 1", json!([])).await.unwrap_err();
        assert!(
            error.starts_with("unavailable: ") && !error.contains("remote"),
            "{tls:?}: {error}"
        );
    }
}
