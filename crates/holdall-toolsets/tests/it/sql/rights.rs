//! Roles that may do more than read are told of, the one of the documents may not, and no password gets into the log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::filter::LevelFilter;

use super::client::{over, query, server};
use super::servers;

const PAGE: &str = include_str!("../../../../../docs/toolsets/sql.md");

/// The statements of the page that begin with this comment.
fn documented(begin: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(begin).unwrap();
    rest.split_once("```").unwrap().0
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is logged when a database at `url` is served, queried, and its rights are known.
async fn log_of(url: &str) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // As long as there is but one subscriber, what other threads come to first is never logged here either.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    // All tasks of this test run on this thread.
    let _guard = tracing::subscriber::set_default(subscriber);
    let client = over([("shop", server(url))]).await;
    let _ = query(&client, "SELECT 1", json!([])).await;
    let known = ["its role only reads", "the role of this database", "is not known"];
    let started = std::time::Instant::now();
    while !known.iter().any(|words| log.text().contains(words)) {
        assert!(started.elapsed().as_secs() < 30, "{}", log.text());
        tokio::task::yield_now().await;
    }
    log.text()
}

#[tokio::test]
async fn the_role_of_the_documents_only_reads_postgres() {
    let Some(postgres) = servers::postgres() else {
        return;
    };
    postgres.psql("postgres", "CREATE DATABASE shop");
    postgres.psql(
        "shop",
        "CREATE TABLE orders (id int); CREATE ROLE clerk LOGIN; GRANT INSERT, SELECT ON orders TO clerk",
    );
    postgres.psql("shop", documented("-- PostgreSQL\n"));
    let with_password = |role: &str| postgres.postgres_url(&format!("{role}:canary"), "shop");
    let log = log_of(&with_password("holdall_reader")).await;
    assert!(
        log.contains("its role only reads") && !log.contains("give it one that may only read"),
        "{log}"
    );
    assert!(!log.contains("canary"), "{log}");
    let log = log_of(&with_password("clerk")).await;
    assert!(
        log.contains("the role of this database may change 1 tables: give it one that may only read"),
        "{log}"
    );
    let log = log_of(&with_password("admin")).await;
    assert!(
        log.contains("is a superuser, who may write files and run programs on the server"),
        "{log}"
    );
    let log = log_of(&with_password("nobody_at_all")).await;
    assert!(
        log.contains("what its role may do is not known") && !log.contains("canary"),
        "{log}"
    );
}

#[tokio::test]
async fn the_account_of_the_documents_only_reads_mariadb() {
    let Some(mariadb) = servers::mariadb() else { return };
    let clerk = "CREATE DATABASE shop; CREATE USER clerk IDENTIFIED BY 'canary'; GRANT INSERT, SELECT ON shop.* TO clerk;
        GRANT FILE ON *.* TO clerk;";
    mariadb.mariadb(clerk);
    mariadb.mariadb(&documented("-- MySQL, MariaDB\n").replace("choose one", "canary"));
    let log = log_of(&mariadb.mariadb_url("holdall_reader:canary", "shop")).await;
    assert!(
        log.contains("its role only reads") && !log.contains("give it one that may only read"),
        "{log}"
    );
    assert!(!log.contains("canary"), "{log}");
    let log = log_of(&mariadb.mariadb_url("clerk:canary", "shop")).await;
    assert!(
        log.contains("the role of this database has the privileges FILE, INSERT"),
        "{log}"
    );
}
