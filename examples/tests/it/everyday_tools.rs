//! `five_tools`: what each does, and what none of them can be brought to do.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use holdall_testkit::Client;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::five_tools::{Allowed, server};

/// A folder with a database beside it, and a client that may reach these hosts.
async fn connect(hosts: &[String]) -> (TempDir, Client) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("shared");
    fs::create_dir_all(folder.join("notes")).unwrap();
    fs::write(folder.join("notes/today.txt"), "buy milk").unwrap();
    fs::write(dir.path().join("secret.txt"), "secret").unwrap();
    let database = dir.path().join("data.db");
    let connection = Connection::open(&database).unwrap();
    connection
        .execute_batch("CREATE TABLE books (title, price, cover); INSERT INTO books VALUES ('Emma', 7.5, x'00'), (NULL, 3, 'c')")
        .unwrap();
    let allowed = Allowed {
        folder: Dir::open_ambient_dir(folder, ambient_authority()).unwrap(),
        database,
        hosts: hosts.to_vec(),
    };
    let client = Client::connect(server(allowed)).await;
    (dir, client)
}

#[tokio::test]
async fn two_numbers_are_calculated_with() {
    let (_dir, client) = connect(&[]).await;
    let calculate = async |left: Value, operator: &str, right: Value| {
        let arguments = json!({"left": left, "operator": operator, "right": right});
        client.call("calculate", arguments).await.outcome()
    };
    for (operator, expected) in [("+", "9"), ("-", "5"), ("*", "14"), ("/", "3.5")] {
        assert_eq!(calculate(json!(7), operator, json!("2")).await.unwrap(), expected);
    }
    let said = calculate(json!(1), "/", json!(0)).await.unwrap_err();
    assert!(said.contains("1 cannot be divided by zero"), "{said}");
    let said = calculate(json!(1), "**", json!(9)).await.unwrap_err();
    assert!(said.starts_with("invalid_arguments"), "{said}");
}

#[tokio::test]
async fn files_are_read_inside_the_folder_only() {
    let (dir, client) = connect(&[]).await;
    let shared = dir.path().join("shared");
    symlink("../secret.txt", shared.join("link.txt")).unwrap();
    symlink("/etc", shared.join("etc")).unwrap();
    fs::write(shared.join("image"), b"\xff\xd8").unwrap();
    fs::File::create(shared.join("huge"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(shared.join("pipe"))
            .status()
            .unwrap()
            .success()
    );
    let read = async |path: &str| client.call("read_file", json!({ "path": path })).await;
    assert_eq!(read("notes/today.txt").await.text(), "buy milk");
    let absolute = dir.path().join("secret.txt");
    for path in [
        "../secret.txt",
        absolute.to_str().unwrap(),
        "link.txt",
        "etc/passwd",
        "none.txt",
        "",
        "a\0b",
    ] {
        let missing = read(path).await.expect_error("not_found");
        assert!(
            missing.message.ends_with("in the shared folder"),
            "{}",
            missing.message
        );
    }
    for path in ["notes", "huge", "pipe"] {
        let said = read(path).await.expect_error("failed").message;
        assert_eq!(said, format!("`{path}` is no file of at most 1000000 bytes"));
    }
    assert_eq!(
        read("image").await.expect_error("failed").message,
        "`image` is not text"
    );
}

#[tokio::test]
async fn pages_are_fetched_from_allowed_hosts_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (_dir, client) = connect(std::slice::from_ref(&host)).await;
    let website = async {
        for response in [
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nWelcome".to_owned(),
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n".to_owned(),
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 1000001\r\n\r\n{}",
                "x".repeat(1_000_001)
            ),
        ] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            // Whoever has read enough hangs up.
            let _ = stream.write_all(response.as_bytes()).await;
        }
    };
    let calls = async {
        let fetch = async |url: String| client.call("fetch_page", json!({ "url": url })).await;
        assert_eq!(fetch(format!("http://{host}/a?b")).await.text(), "Welcome");
        // It is not followed.
        let redirected = fetch(format!("http://{host}/")).await.expect_error("failed");
        assert!(
            redirected.message.ends_with("sends us elsewhere"),
            "{}",
            redirected.message
        );
        fetch(format!("http://{host}/")).await.expect_error("unavailable");
        fetch(format!("http://{host}/")).await.expect_error("unavailable");
        let elsewhere = fetch(format!("http://{host}@127.0.0.1/")).await;
        assert!(
            elsewhere
                .expect_error("permission_denied")
                .hint
                .unwrap()
                .contains(&host)
        );
        for url in ["http://127.0.0.1/", "http://169.254.169.254/latest/", "data:,x"] {
            fetch(url.to_owned()).await.expect_error("permission_denied");
        }
        let file = fetch("file:///etc/passwd".to_owned()).await;
        file.expect_error("invalid_arguments");
        fetch("not a url".to_owned())
            .await
            .expect_error("invalid_arguments")
            .problem("/url");
    };
    tokio::join!(website, calls);
}

#[tokio::test]
async fn queries_read_and_do_nothing_else() {
    let (dir, client) = connect(&[]).await;
    let query = async |sql: &str| client.call("query_database", json!({ "sql": sql })).await;
    let rows = query("SELECT title, price, cover FROM books ORDER BY price").await;
    assert_eq!(
        rows.json()["result"],
        json!([[null, 3, "c"], ["Emma", 7.5, "1 bytes"]])
    );
    let rows =
        query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT i FROM n")
            .await;
    assert_eq!(rows.json()["result"].as_array().unwrap().len(), 100);
    let copy = dir.path().join("copy.db");
    for sql in [
        "DELETE FROM books",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "PRAGMA writable_schema = 1",
        "ATTACH '/tmp/other.db' AS other",
        &format!("VACUUM INTO '{}'", copy.display()),
        "SELECT load_extension('x')",
        "SELECT 1; DELETE FROM books",
        "SELECT zeroblob(1000000000)",
        "SELECT nothing FROM nowhere",
        "BEGIN",
        "",
    ] {
        query(sql).await.expect_error("invalid_arguments");
    }
    assert!(!copy.exists());
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let said = query(endless).await.expect_error("invalid_arguments").message;
    assert!(said.contains("interrupted"), "{said}");
}

#[tokio::test]
async fn the_time_is_that_of_a_zone() {
    let (_dir, client) = connect(&[]).await;
    let time = async |arguments: Value| client.call("current_time", arguments).await;
    assert!(time(json!({})).await.text().ends_with(" +0000"));
    assert!(
        time(json!({"zone": "Asia/Kolkata"}))
            .await
            .text()
            .ends_with(" +0530")
    );
    let wrong = time(json!({"zone": "../../etc/passwd"}))
        .await
        .expect_error("not_found");
    assert_eq!(wrong.message, "there is no time zone `../../etc/passwd`");
}
