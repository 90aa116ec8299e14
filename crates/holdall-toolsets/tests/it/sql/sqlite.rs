//! SQLite: what the tools say, to models and to programs.

use holdall_testkit::Client;
use holdall_toolsets::sql::DatabaseSource;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{over, over_with, query, rows};

const SHOP: &str = "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'nobody', born DATE);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id), total DECIMAL(10, 2));
    CREATE TABLE order_lines (order_id INTEGER, line INTEGER, what TEXT, PRIMARY KEY (order_id, line)) WITHOUT ROWID;
    CREATE UNIQUE INDEX orders_by_customer ON orders (customer, total);
    CREATE VIEW totals AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
    CREATE TABLE \"odd/name\" (a); CREATE TABLE \"süß & 100%\" (\"a b\");
    INSERT INTO customers VALUES (1, 'Ada', '1815-12-10'), (2, 'Bob', NULL);
    INSERT INTO orders VALUES (10, 1, 12.5), (11, 1, 7), (12, 2, 3);";

struct Shop {
    client: Client,
    folder: TempDir,
}

async fn shop() -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    Connection::open(&path).unwrap().execute_batch(SHOP).unwrap();
    Shop {
        client: over([("shop", DatabaseSource::Sqlite(path))]).await,
        folder,
    }
}

#[tokio::test]
async fn a_conversation() {
    let shop = shop().await;
    let said = async |tool: &str, arguments: Value| shop.client.call(tool, arguments).await.text();
    let mut all = Vec::new();
    for (tool, arguments) in [
        ("list_databases", json!({})),
        ("list_tables", json!({})),
        ("list_tables", json!({ "filter": "ORDER" })),
        ("describe_table", json!({ "table": "orders" })),
        ("describe_table", json!({ "table": "Order_Lines" })),
        (
            "query",
            json!({ "sql": "SELECT c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer WHERE o.total > ? ORDER BY o.total DESC", "params": [5] }),
        ),
        (
            "query",
            json!({ "sql": "SELECT * FROM orders ORDER BY id", "limit": 2 }),
        ),
        ("query", json!({ "sql": "SELECT * FROM customers WHERE id > 5" })),
    ] {
        all.push(format!(
            "{tool} {arguments}\n{}",
            said(tool, arguments.clone()).await
        ));
    }
    insta::assert_snapshot!(all.join("\n"));
}

#[tokio::test]
async fn mistakes_are_explained() {
    let shop = shop().await;
    let mut said = Vec::new();
    for (tool, arguments) in [
        ("query", json!({ "sql": "SELECT * FROM ordrs" })),
        ("query", json!({ "sql": "SELECT nam FROM customers" })),
        (
            "query",
            json!({ "sql": "SELECT name\nFORM customers WHERE id = 1" }),
        ),
        (
            "query",
            json!({ "sql": "SELECT name FROM customers WHERE name = \"Ada\"" }),
        ),
        ("query", json!({ "sql": "SELECT ? + ?", "params": [1] })),
        ("query", json!({ "sql": "SELECT 1", "params": [1] })),
        (
            "query",
            json!({ "sql": "SELECT ?", "params": [{ "base64": "!" }] }),
        ),
        (
            "query",
            json!({ "sql": "SELECT ?", "params": [18_446_744_073_709_551_615_u64] }),
        ),
        ("query", json!({ "sql": "DROP TABLE orders" })),
        ("query", json!({ "sql": "SELECT 1", "database": "shpo" })),
        ("query", json!({ "sql": "SELECT 1", "limit": 1001 })),
        ("query", json!({ "sql": "SELECT abs(-9223372036854775807 - 1)" })),
        ("describe_table", json!({ "table": "costumers" })),
        ("describe_table", json!({ "table": "" })),
        ("list_tables", json!({ "database": "other" })),
    ] {
        let error = shop
            .client
            .call(tool, arguments.clone())
            .await
            .outcome()
            .unwrap_err();
        said.push(format!("{tool} {arguments}\n{error}"));
    }
    insta::assert_snapshot!(said.join("\n\n"));
}

#[tokio::test]
async fn values_keep_what_they_are() {
    let shop = shop().await;
    let there_and_back = json!([
        null, true, 5, -1.5, "a'; DROP TABLE orders; --", "ä\n\u{1f600}", 9_007_199_254_740_993_i64,
        { "base64": "AP8=" }, [1, "two"], { "a": { "b": null } }
    ]);
    let placeholders = ["?"; 10].join(", ");
    let back = rows(&shop.client, &format!("SELECT {placeholders}"), there_and_back).await;
    let expected = json!([[
        null, 1, 5, -1.5, "a'; DROP TABLE orders; --", "ä\n\u{1f600}", "9007199254740993",
        { "base64": "AP8=" }, "[1,\"two\"]", "{\"a\":{\"b\":null}}"
    ]]);
    assert_eq!(back, expected);
    let made = "SELECT 9e999, -9e999, 1e300, x'', '', 0.1, typeof(?1), typeof(:two), CAST(x'ff' AS TEXT)";
    let reply = query(&shop.client, made, json!([1, "2"])).await.unwrap();
    let expected = json!([["Infinity", "-Infinity", 1e300, { "base64": "" }, "", 0.1, "integer", "text", { "base64": "/w==" }]]);
    assert_eq!(reply["rows"], expected);
    assert_eq!(
        reply["notes"],
        json!(["a text that is not UTF-8 is given as bytes"])
    );
    let reply = query(
        &shop.client,
        "SELECT id, total, born, 1 + 1 AS id FROM orders, customers USING (id)",
        json!([]),
    )
    .await;
    let columns = reply.unwrap()["columns"].take();
    let expected = json!([
        { "name": "id", "type": "integer" }, { "name": "total", "type": "decimal(10, 2)" },
        { "name": "born", "type": "date" }, { "name": "id", "type": "any" }
    ]);
    assert_eq!(columns, expected);
    assert_eq!(
        rows(&shop.client, "SELECT count(*) FROM orders", json!([])).await,
        json!([[3]])
    );
}

#[tokio::test]
async fn a_reply_is_bounded_and_says_how_to_go_on() {
    let shop = shop().await;
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)";
    let reply = shop
        .client
        .call(
            "query",
            json!({ "sql": format!("{numbers} SELECT i FROM n"), "limit": 7 }),
        )
        .await
        .json();
    assert_eq!(
        (&reply["row_count"], &reply["truncated"]),
        (&json!(7), &json!(true))
    );
    assert_eq!(
        reply["notes"][0],
        "there are more rows: raise `limit`, or read on with ORDER BY … LIMIT … OFFSET 7"
    );
    // As many as are asked for, and no more.
    let reply = shop
        .client
        .call(
            "query",
            json!({ "sql": format!("{numbers} SELECT i FROM n WHERE i <= 7"), "limit": 7 }),
        )
        .await
        .json();
    assert_eq!(
        (&reply["row_count"], &reply["truncated"]),
        (&json!(7), &json!(false))
    );

    let wide = format!("{numbers} SELECT hex(zeroblob(5000)) FROM n");
    let reply = shop
        .client
        .call("query", json!({ "sql": wide, "limit": 1000 }))
        .await
        .json();
    assert_eq!(
        (&reply["row_count"], &reply["truncated"]),
        (&json!(9), &json!(true))
    );
    assert!(reply["rows"].to_string().len() <= 100_000);
    let error = query(&shop.client, "SELECT hex(zeroblob(100000))", json!([]))
        .await
        .unwrap_err();
    assert!(
        error.starts_with("too_large: the first row has 200") && error.contains("substr"),
        "{error}"
    );
    let error = query(&shop.client, "SELECT length(hex(zeroblob(600000)))", json!([]))
        .await
        .unwrap_err();
    assert!(
        error.starts_with(
            "too_large: a value, or the statement, is too long: values have at most 1000000 bytes"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn schemas_are_resources() {
    let shop = shop().await;
    let listed = shop.client.list_resources().await;
    let uris: Vec<&str> = listed.iter().map(|resource| resource.uri.as_str()).collect();
    assert_eq!(
        uris,
        [
            "sql://shop/customers/schema",
            "sql://shop/order_lines/schema",
            "sql://shop/orders/schema",
            "sql://shop/s%C3%BC%C3%9F%20%26%20100%25/schema",
            "sql://shop/totals/schema"
        ]
    );
    for uri in uris {
        let schema: Value = shop.client.read(uri).await.json();
        assert!(!schema["columns"].as_array().unwrap().is_empty(), "{uri}");
    }
    let schema: Value = shop.client.read("sql://shop/orders/schema").await.json();
    assert_eq!(
        schema["foreign_keys"],
        json!([{ "columns": ["customer"], "references": "customers", "referenced_columns": ["id"] }])
    );
    assert_eq!(
        schema["indexes"],
        json!([{ "name": "orders_by_customer", "unique": true, "columns": ["customer", "total"] }])
    );
    assert!(schema["sql"].as_str().unwrap().starts_with("CREATE TABLE orders"));
    let schema: Value = shop.client.read("sql://shop/order_lines/schema").await.json();
    assert_eq!(schema["primary_key"], json!(["order_id", "line"]));
    let error = shop
        .client
        .read("sql://shop/ordrs/schema")
        .await
        .expect_error("not_found");
    assert!(
        error
            .message
            .contains("there is no table `ordrs` in the database `shop`"),
        "{error}"
    );
    shop.client
        .read("sql://nowhere/orders/schema")
        .await
        .expect_error("not_found");
    shop.client
        .read("sql://shop/..%2Fsecret/schema")
        .await
        .expect_error("invalid_arguments");

    let template = "sql://{database}/{table}/schema";
    let complete = async |variable: &str, typed: &str| {
        shop.client
            .complete_resource(template, variable, typed)
            .await
            .values()
    };
    assert_eq!(complete("database", "s").await, ["shop"]);
    assert_eq!(complete("database", "x").await, [""; 0]);
    assert_eq!(complete("table", "ORD").await, ["order_lines", "orders"]);
}

#[tokio::test]
async fn which_database_is_meant_must_be_clear() {
    let folder = tempfile::tempdir().unwrap();
    let source = |name: &str| {
        let path = folder.path().join(name);
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (a)")
            .unwrap();
        DatabaseSource::Sqlite(path)
    };
    let client = over([("one", source("1.db")), ("two", source("2.db"))]).await;
    let error = query(&client, "SELECT 1", json!([])).await.unwrap_err();
    assert!(
        error.contains("`database` is required: there are several\nhint: there are one, two"),
        "{error}"
    );
    let reply = client
        .call("query", json!({ "sql": "SELECT 1", "database": "two" }))
        .await
        .json();
    assert_eq!(reply["database"], "two");
    assert_eq!(client.list_resources().await.len(), 2);
}

#[tokio::test]
async fn a_database_others_write_to_is_read_as_it_is() {
    for journal in ["DELETE", "WAL"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", journal).unwrap();
        writer
            .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
            .unwrap();
        let client = over([("shop", DatabaseSource::Sqlite(path.clone()))]).await;
        for count in 2..6 {
            writer.execute("INSERT INTO t VALUES (?)", [count]).unwrap();
            assert_eq!(
                rows(&client, "SELECT count(*) FROM t", json!([])).await,
                json!([[count]]),
                "{journal}"
            );
        }
        drop(writer);
        assert_eq!(
            rows(&client, "SELECT count(*) FROM t", json!([])).await,
            json!([[5]])
        );
        // Somebody who comes back is seen, too.
        let writer = Connection::open(&path).unwrap();
        writer.execute("DELETE FROM t", []).unwrap();
        assert_eq!(
            rows(&client, "SELECT count(*) FROM t", json!([])).await,
            json!([[0]])
        );
        drop(writer);
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(left, ["shop.db"], "{journal}");
    }
}

#[tokio::test]
async fn a_query_nobody_waits_for_frees_its_place() {
    let shop = shop().await;
    let path = shop.folder.path().join("shop.db");
    let client = over_with([("shop", DatabaseSource::Sqlite(path))], |config| {
        config.connections_max = 1;
        config.timeout_ms = 60_000;
    })
    .await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let waiting = client.call("query", json!({ "sql": endless })).start().await;
    waiting.cancel("changed my mind").await;
    // It would wait for a minute otherwise, and then be told that all are busy.
    assert_eq!(rows(&client, "SELECT 1", json!([])).await, json!([[1]]));
}

#[tokio::test]
async fn every_version_of_the_protocol_gets_the_rows() {
    let shop = shop().await;
    for version in [
        "2024-11-05",
        "2025-03-26",
        "2025-06-18",
        "2025-11-25",
        "2026-07-28",
    ] {
        let mut config = holdall_toolsets::sql::SqlConfig::default();
        let source = DatabaseSource::Sqlite(shop.folder.path().join("shop.db"));
        config
            .databases
            .insert("shop".into(), holdall_toolsets::sql::DatabaseConfig::new(source));
        let toolset = holdall_toolsets::sql::SqlToolset::new(&config).unwrap();
        let client = Client::connect(holdall::Server::new("test").add(toolset))
            .protocol(version)
            .await;
        let text = client
            .call(
                "query",
                json!({ "sql": "SELECT name FROM customers ORDER BY id" }),
            )
            .await
            .text();
        assert_eq!(text, "name\nAda\nBob\n(2 rows)\n", "{version}");
    }
}

#[tokio::test]
async fn a_column_that_is_the_rowid_is_never_null_and_other_keys_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let tables = "CREATE TABLE alias (id INTEGER PRIMARY KEY, x);
        CREATE TABLE word (id TEXT PRIMARY KEY);
        CREATE TABLE down (id INTEGER PRIMARY KEY DESC);
        CREATE TABLE short (id INT PRIMARY KEY);
        CREATE TABLE pair (a INTEGER, b INTEGER, PRIMARY KEY (a, b));
        CREATE TABLE bare (id INTEGER PRIMARY KEY) WITHOUT ROWID;
        CREATE TABLE bare_word (id TEXT PRIMARY KEY) WITHOUT ROWID;";
    Connection::open(&path).unwrap().execute_batch(tables).unwrap();
    let client = over([("keys", DatabaseSource::Sqlite(path.clone()))]).await;
    for (table, nullable) in [
        ("alias", false),
        ("word", true),
        ("down", true),
        ("short", true),
        ("pair", true),
        ("bare", false),
        ("bare_word", false),
    ] {
        let described = client
            .call("describe_table", json!({ "table": table }))
            .await
            .json();
        assert_eq!(described["columns"][0]["nullable"], nullable, "{table}");
        // SQLite thinks so, too.
        let column = described["columns"][0]["name"].as_str().unwrap();
        let null = format!("INSERT INTO {table} ({column}) VALUES (NULL) RETURNING {column} IS NULL");
        let taken = Connection::open(&path)
            .unwrap()
            .query_row(&null, [], |row| row.get::<_, bool>(0));
        assert_eq!(taken.unwrap_or(false), nullable, "{table}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, "no database at all, whatever its name says".repeat(100)).unwrap();
    let client = over([("shop", DatabaseSource::Sqlite(path))]).await;
    for (tool, arguments) in [
        ("query", json!({ "sql": "SELECT * FROM a" })),
        ("list_tables", json!({})),
    ] {
        let error = client.call(tool, arguments).await.expect_error("failed");
        assert_eq!(
            error.message,
            "the file of the database `shop` is no SQLite database"
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("query another database; whoever runs the server has to correct the `path` of this one")
        );
    }
}
