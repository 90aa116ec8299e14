//! MariaDB: a server of the tests, asked as an account that may only read, as one that may write, and as root.

use std::fs;
use std::sync::Arc;

use holdall_testkit::Client;
use holdall_toolsets::sql::SqlConfig;
use serde_json::{Value, json};

use super::client::{over, over_with, query, rows, server};
use super::servers::{self, Server};

const MADE_OF: &str = "
    CREATE TABLE users (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) NOT NULL DEFAULT 'nobody',
        age INT UNSIGNED COMMENT 'in years') COMMENT 'Who has an account';
    INSERT INTO users (name, age) VALUES ('Ada', 36), ('Bob', NULL);
    CREATE TABLE orders (id INT PRIMARY KEY, owner BIGINT, total DECIMAL(10, 2),
        CONSTRAINT by_owner FOREIGN KEY (owner) REFERENCES users (id), UNIQUE KEY once (owner, total));
    INSERT INTO orders VALUES (1, 1, 12.50), (2, 2, 3);
    CREATE TABLE old (a INT) ENGINE = MyISAM; INSERT INTO old VALUES (1);
    CREATE TABLE aria (a INT) ENGINE = Aria; INSERT INTO aria VALUES (1);
    CREATE VIEW names AS SELECT name FROM users;
    CREATE SEQUENCE tickets;
    CREATE FUNCTION sneak() RETURNS INT BEGIN INSERT INTO old VALUES (2); RETURN 1; END //
    CREATE FUNCTION sneak_users() RETURNS INT BEGIN DELETE FROM orders; RETURN 1; END //
    CREATE FUNCTION unlocks() RETURNS INT BEGIN SET SESSION tx_read_only = 0; INSERT INTO old VALUES (2); RETURN 1; END //
    CREATE PROCEDURE writes() BEGIN INSERT INTO old VALUES (2); SELECT 1; END //
    CREATE PROCEDURE ends() BEGIN COMMIT; START TRANSACTION READ WRITE; INSERT INTO old VALUES (2); COMMIT; SELECT 1; END //";

/// `{folder}` is one the server may write to.
const HOSTILE: &[&str] = &[
    "INSERT INTO users (name) VALUES ('Eve')",
    "INSERT INTO users (name) VALUES ('Eve') RETURNING id",
    "INSERT INTO old VALUES (2) RETURNING a",
    "INSERT INTO aria VALUES (2) RETURNING a",
    "INSERT DELAYED INTO old VALUES (2)",
    "REPLACE INTO users (id, name) VALUES (1, 'Eve') RETURNING name",
    "UPDATE users SET name = 'Eve'",
    "DELETE FROM orders RETURNING *",
    "DELETE FROM old RETURNING a",
    "TRUNCATE TABLE orders",
    "DROP TABLE orders",
    "DROP DATABASE mysql",
    "CREATE TABLE evil (a INT)",
    "CREATE TEMPORARY TABLE evil (a INT)",
    "CREATE TABLE evil AS SELECT * FROM users",
    "CREATE OR REPLACE TABLE old (b INT)",
    "CREATE INDEX evil ON users (name)",
    "CREATE VIEW evil AS SELECT 1",
    "CREATE FUNCTION evil() RETURNS INT RETURN 1",
    "CREATE FUNCTION evil RETURNS INT SONAME 'evil.so'",
    "CREATE USER evil IDENTIFIED BY 'x'",
    "CREATE EVENT evil ON SCHEDULE EVERY 1 SECOND DO DELETE FROM users",
    "CREATE TRIGGER evil BEFORE INSERT ON users FOR EACH ROW SET new.name = 'Eve'",
    "CREATE SERVER evil FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')",
    "ALTER TABLE users ADD COLUMN evil INT",
    "ALTER USER reader IDENTIFIED BY 'x'",
    "ALTER DATABASE CHARACTER SET latin1",
    "ALTER SEQUENCE tickets RESTART 5",
    "RENAME TABLE users TO people",
    "GRANT ALL ON *.* TO reader",
    "REVOKE ALL ON *.* FROM reader",
    "SET PASSWORD = PASSWORD('x')",
    "ANALYZE TABLE users",
    "OPTIMIZE TABLE old",
    "REPAIR TABLE old",
    "CHECK TABLE old FOR UPGRADE",
    "CACHE INDEX old IN evil",
    "FLUSH TABLES",
    "FLUSH TABLES WITH READ LOCK",
    "RESET QUERY CACHE",
    "PURGE BINARY LOGS BEFORE '2030-01-01'",
    "LOCK TABLES users WRITE",
    "UNLOCK TABLES",
    "SHUTDOWN",
    "KILL 1",
    "INSTALL SONAME 'evil'",
    "INSTALL PLUGIN evil SONAME 'evil.so'",
    // Files of the server, and of this machine.
    "SELECT * INTO OUTFILE '{folder}/written' FROM users",
    "SELECT 'x' INTO DUMPFILE '{folder}/dumped'",
    "SELECT * FROM (SELECT 1) AS t INTO OUTFILE '{folder}/written'",
    "(SELECT 1) UNION (SELECT 2) INTO OUTFILE '{folder}/written'",
    "SELECT 1 INTO @a",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE old",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE old",
    "LOAD XML INFILE '/etc/passwd' INTO TABLE old",
    // Functions with effects.
    "SELECT NEXT VALUE FOR tickets",
    "SELECT NEXTVAL(tickets)",
    "SELECT SETVAL(tickets, 99)",
    "SELECT sneak()",
    "SELECT sneak_users()",
    "SELECT unlocks()",
    "SELECT * FROM users WHERE sneak() = 1",
    "CALL writes()",
    "CALL ends()",
    // Transactions and settings.
    "BEGIN",
    "START TRANSACTION READ WRITE",
    "COMMIT",
    "COMMIT AND CHAIN",
    "ROLLBACK",
    "SAVEPOINT a",
    "XA START 'evil'",
    "XA END 'evil'",
    "SET TRANSACTION READ WRITE",
    "SET SESSION TRANSACTION READ WRITE",
    "SET GLOBAL TRANSACTION READ ONLY",
    "SET GLOBAL max_connections = 1",
    "SET GLOBAL general_log = ON",
    "SET GLOBAL general_log_file = '{folder}/log'",
    "SET PERSIST max_connections = 1",
    "SET SESSION max_statement_time = 0",
    "SET autocommit = 0",
    "SET @a = 1",
    "SET ROLE evil",
    "SET STATEMENT max_statement_time = 0 FOR DELETE FROM old RETURNING a",
    "SET STATEMENT tx_read_only = 0 FOR INSERT INTO old VALUES (2) RETURNING a",
    "SET STATEMENT autocommit = 1 FOR INSERT INTO old VALUES (2) RETURNING a",
    "USE mysql",
    "DO SLEEP(0), sneak()",
    "HANDLER users OPEN",
    "PREPARE evil FROM 'DELETE FROM users'",
    "EXECUTE evil",
    "EXECUTE IMMEDIATE 'DELETE FROM old'",
    "DEALLOCATE PREPARE evil",
    "BEGIN NOT ATOMIC DELETE FROM old; END",
    "IF 1 THEN DELETE FROM old; END IF",
    "EXPLAIN EXTENDED DELETE FROM nowhere",
    "ANALYZE DELETE FROM old",
    "ANALYZE FORMAT=JSON INSERT INTO old VALUES (2)",
    "ANALYZE UPDATE old SET a = 5",
    // More than one statement, and none.
    "SELECT 1; DROP TABLE users",
    "SELECT 1; COMMIT; DROP TABLE users",
    "/*! DELETE FROM old */",
    "/*!50000 DELETE */ /*M! FROM old */",
    "SELECT 1 /*! INTO OUTFILE '{folder}/written' */",
    "",
    ";",
    "-- nothing",
    "SELECT 'unfinished",
    "NONSENSE",
];

/// What only an account without the privilege is kept from: whoever may do it, does.
const BY_PRIVILEGE: &[&str] = &[
    "SELECT LOAD_FILE('/etc/passwd')",
    "SELECT * FROM mysql.global_priv",
    "SHOW GRANTS FOR root@localhost",
    "SHOW BINARY LOGS",
    "SHOW CREATE USER root@localhost",
];

struct Shop {
    server: Arc<Server>,
    database: String,
}

impl Shop {
    /// A database of its own; `None` where there is no MariaDB.
    fn new(database: &str) -> Option<Self> {
        let server = servers::mariadb()?;
        let (first, routines) = MADE_OF.split_once("CREATE FUNCTION").unwrap();
        server.mariadb(&format!(
            "CREATE DATABASE {database}; USE {database}; {first} DELIMITER //\nCREATE FUNCTION{routines}\nDELIMITER ;
            CREATE USER IF NOT EXISTS reader, writer, talker;
            GRANT SELECT, SHOW VIEW ON {database}.* TO reader; GRANT ALL ON {database}.* TO writer;"
        ));
        Some(Self {
            server,
            database: database.to_owned(),
        })
    }

    async fn client(&self, account: &str) -> Client {
        over([("shop", server(&self.server.mariadb_url(account, &self.database)))]).await
    }

    async fn client_with(&self, account: &str, change: impl FnOnce(&mut SqlConfig)) -> Client {
        over_with(
            [("shop", server(&self.server.mariadb_url(account, &self.database)))],
            change,
        )
        .await
    }
}

#[tokio::test]
async fn hostile_statements_change_nothing() {
    let Some(shop) = Shop::new("hostile") else { return };
    assert!(HOSTILE.len() >= 60);
    let outbox = shop.server.outbox();
    let state = || {
        let tables =
            ["users", "orders", "old", "aria"].map(|table| format!("SELECT * FROM hostile.{table};"));
        shop.server.mariadb(&format!(
            "{}SHOW CREATE DATABASE hostile; SELECT next_not_cached_value FROM hostile.tickets; SELECT table_name, table_comment FROM information_schema.tables \
             WHERE table_schema = 'hostile' ORDER BY 1; SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'hostile' ORDER BY 1; \
             SELECT user, host, priv FROM mysql.global_priv WHERE user IN ('evil', 'reader', 'root', 'writer') ORDER BY 1, 2; SHOW DATABASES LIKE 'mysql'; SELECT name FROM mysql.plugin; \
             SHOW GLOBAL VARIABLES WHERE variable_name IN ('max_connections', 'general_log', 'tx_read_only', 'general_log_file'); XA RECOVER; \
             SELECT event_name FROM information_schema.events; SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = 'hostile'; \
             SHOW CREATE TABLE hostile.users; SHOW CREATE TABLE hostile.old",
            tables.concat()
        ))
    };
    let before = state();
    assert!(before.contains("Ada") && before.contains("sneak"), "{before}");
    for account in ["reader", "writer", "root"] {
        let client = shop.client(account).await;
        let by_privilege = BY_PRIVILEGE.iter().filter(|_| account == "reader");
        for statement in HOSTILE.iter().chain(by_privilege) {
            let statement = statement.replace("{folder}", &outbox.display().to_string());
            match query(&client, &statement, json!([])).await {
                Err(error) => assert!(
                    !error.starts_with("internal") && !error.starts_with("unavailable"),
                    "{account}: {statement}: {error}"
                ),
                // An account without the privilege gets NULL.
                Ok(reply) if statement.contains("LOAD_FILE") => assert_eq!(reply["rows"], json!([[null]])),
                Ok(reply) => panic!("{account}: {statement}: {reply}"),
            }
            assert_eq!(
                rows(&client, "SELECT count(*) FROM users", json!([])).await,
                json!([[2]]),
                "{statement}"
            );
            assert_eq!(
                fs::read_dir(&outbox).unwrap().count(),
                0,
                "{account}: {statement}"
            );
            let after = state();
            assert!(
                before == after,
                "{account}: {statement}\nbefore:\n{before}\nafter:\n{after}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_of_a_query_is_left_for_the_next() {
    let Some(shop) = Shop::new("sessions") else { return };
    let client = shop
        .client_with("reader", |config| config.connections_max = 1)
        .await;
    let id = rows(&client, "SELECT CONNECTION_ID()", json!([])).await;
    for statement in [
        "SELECT GET_LOCK('canary', 1)",
        "SELECT @canary := 'seen'",
        "SELECT LAST_INSERT_ID(42)",
    ] {
        rows(&client, statement, json!([])).await;
        let left = "SELECT IS_USED_LOCK('canary'), @canary, LAST_INSERT_ID(), @@tx_read_only";
        assert_eq!(
            rows(&client, left, json!([])).await,
            json!([[null, null, 0, 1]]),
            "{statement}"
        );
    }
    // It was one session all the time.
    assert_eq!(rows(&client, "SELECT CONNECTION_ID()", json!([])).await, id);
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_stopped_on_the_server() {
    let Some(shop) = Shop::new("slow") else { return };
    let client = shop.client_with("reader", |config| config.timeout_ms = 300).await;
    for statement in [
        "SELECT SLEEP(600) + COUNT(*) FROM users",
        "SET STATEMENT max_statement_time = 0 FOR SELECT SLEEP(600), 'unbound'",
        "SELECT BENCHMARK(1000000000000, SHA2('x', 512))",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n a, n b, n c",
    ] {
        match query(&client, statement, json!([])).await {
            Err(error) => assert!(
                error.starts_with("timed_out: the query was stopped after 300 ms"),
                "{statement}: {error}"
            ),
            Ok(reply) => panic!("{statement}: {reply}"),
        }
    }
    let running = |text: &str| {
        let sql = format!(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%{text}%' AND id <> CONNECTION_ID()"
        );
        shop.server.mariadb(&sql)
    };
    until(|| running("unbound") == "0\n").await;
    // Nobody waits for this one any more.
    let client = shop.client_with("reader", |config| {
        config.timeout_ms = 300_000;
        config.connections_max = 1;
    });
    let client = client.await;
    let waiting = client
        .call("query", json!({ "sql": "SELECT SLEEP(600) AS abandoned" }))
        .start()
        .await;
    until(|| running("abandoned") == "1\n").await;
    waiting.cancel("changed my mind").await;
    until(|| running("abandoned") == "0\n").await;
    assert_eq!(rows(&client, "SELECT 1", json!([])).await, json!([[1]]));
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !is_so() {
        assert!(started.elapsed().as_secs() < 30, "it did not happen");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn results_are_bounded() {
    let Some(shop) = Shop::new("bounded") else { return };
    let client = shop.client("reader").await;
    for many in [
        "SELECT seq, REPEAT('x', 10) FROM seq_1_to_10000000",
        "SELECT seq, REPEAT('x', 10) FROM seq_1_to_10000000 LIMIT 9000000",
    ] {
        let reply = client
            .call("query", json!({ "sql": many, "limit": 1000 }))
            .await
            .json();
        assert_eq!(
            (&reply["row_count"], &reply["truncated"]),
            (&json!(1000), &json!(true))
        );
    }
    let wide = "SELECT REPEAT('x', 30000) FROM seq_1_to_10000000";
    let reply = client.call("query", json!({ "sql": wide })).await.json();
    assert_eq!(
        (&reply["row_count"], &reply["truncated"]),
        (&json!(3), &json!(true))
    );
    let error = query(&client, "SELECT REPEAT('x', 15000000)", json!([]))
        .await
        .unwrap_err();
    assert!(error.starts_with("too_large: "), "{error}");
    assert_eq!(rows(&client, "SELECT 1", json!([])).await, json!([[1]]));
}

#[tokio::test]
async fn values_keep_what_they_are() {
    let Some(shop) = Shop::new("types") else { return };
    shop.server.mariadb(
        "CREATE TABLE types.t (tiny TINYINT, big BIGINT UNSIGNED, f FLOAT, d DOUBLE, dec1 DECIMAL(30, 10), bits BIT(9),
            day DATE, at DATETIME(6), stamp TIMESTAMP NULL, t TIME(3), y YEAR, c CHAR(3), v VARCHAR(9), tx TEXT,
            b BINARY(2), vb VARBINARY(9), bl BLOB, j JSON, e ENUM('a', 'b'), s SET('x', 'y'), u UUID, n INT);
        INSERT INTO types.t VALUES (-1, 18446744073709551615, 0.1, 0.1, '12345678901234567890.0123456789', b'100000001',
            '2026-05-01', '2026-05-01 12:30:00.25', '2026-05-01 12:30:00', '-101:02:03.5', 2026, 'c', 'ä', 'text',
            x'00ff', x'00', x'', '{\"a\": [1]}', 'b', 'x,y', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', NULL);",
    );
    let client = shop.client("reader").await;
    let reply = query(&client, "SELECT * FROM t", json!([])).await.unwrap();
    let expected = json!([[
        -1, "18446744073709551615", 0.1, 0.1, "12345678901234567890.0123456789", 257, "2026-05-01",
        "2026-05-01T12:30:00.25", "2026-05-01T12:30:00", "-101:02:03.5", 2026, "c", "ä", "text", { "base64": "AP8=" },
        { "base64": "AA==" }, { "base64": "" }, "{\"a\": [1]}", "b", "x,y", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", null
    ]]);
    assert_eq!(reply["rows"], expected);
    let kinds: Vec<&str> = reply["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "tinyint",
            "bigint",
            "float",
            "double",
            "decimal",
            "bit",
            "date",
            "datetime",
            "timestamp",
            "time",
            "year",
            "char",
            "varchar",
            "text",
            "binary",
            "varbinary",
            "blob",
            "text",
            "enum",
            "set",
            "char",
            "int"
        ]
    );
    let zero = rows(
        &client,
        "SELECT CAST('0000-00-00' AS DATE), TIME('00:00:00')",
        json!([]),
    )
    .await;
    assert_eq!(zero, json!([["0000-00-00", "00:00:00"]]));
}

#[tokio::test]
async fn parameters_are_bound() {
    let Some(shop) = Shop::new("parameters") else {
        return;
    };
    let client = shop.client("reader").await;
    let params = json!([5, -1.5, "'; DROP TABLE users; --", true, null, { "base64": "AP8=" }, [1], 18_446_744_073_709_551_615_u64]);
    let back = rows(&client, "SELECT ?, ?, ?, ?, ?, CAST(? AS BINARY), ?, ?", params).await;
    let expected = json!([[5, -1.5, "'; DROP TABLE users; --", 1, null, { "base64": "AP8=" }, "[1]", "18446744073709551615"]]);
    assert_eq!(back, expected);
    assert_eq!(
        rows(
            &client,
            "SELECT name FROM users WHERE id = ? AND ':x ?' <> '' LIMIT ?",
            json!(["1", 1])
        )
        .await,
        json!([["Ada"]])
    );
    for (sql, params, expected) in [
        (
            "SELECT ?",
            json!([]),
            "the statement takes 1 parameter, 0 were given",
        ),
        ("SELECT ?", json!([{ "base64": "!" }]), "it is no base64"),
        (
            "SELECT :a, ?",
            json!([1, 2]),
            "named and positional placeholders are mixed",
        ),
    ] {
        let error = query(&client, sql, params).await.unwrap_err();
        assert!(error.contains(expected), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_conversation() {
    let Some(shop) = Shop::new("talk") else { return };
    shop.server
        .mariadb("ANALYZE TABLE talk.users, talk.orders, talk.old, talk.aria");
    shop.server
        .mariadb("GRANT SELECT, SHOW VIEW ON talk.* TO talker;");
    let client = shop.client("talker").await;
    let mut all = Vec::new();
    for (tool, arguments) in [
        ("list_tables", json!({})),
        ("describe_table", json!({ "table": "users" })),
        ("describe_table", json!({ "table": "talk.ORDERS" })),
        (
            "query",
            json!({ "sql": "SELECT name, age FROM users WHERE id = ?", "params": [1] }),
        ),
        ("query", json!({ "sql": "SHOW TABLES LIKE 'o%'" })),
        ("query", json!({ "sql": "SELECT * FROM usrs" })),
        ("query", json!({ "sql": "SELECT nam FROM users" })),
        ("query", json!({ "sql": "SELECT name\nFORM users WHERE id = 1" })),
        ("query", json!({ "sql": "SELECT 1; SELECT 2" })),
        ("query", json!({ "sql": "DELETE FROM users" })),
        ("query", json!({ "sql": "DELETE FROM orders RETURNING id" })),
        ("query", json!({ "sql": "SELECT * FROM mysql.global_priv" })),
    ] {
        let reply = client.call(tool, arguments.clone()).await.outcome();
        all.push(format!(
            "{tool} {arguments}\n{}",
            reply.unwrap_or_else(|error| error + "\n")
        ));
    }
    insta::assert_snapshot!(all.join("\n"));
    let schema: Value = client.read("sql://shop/orders/schema").await.json();
    assert_eq!(
        schema["foreign_keys"],
        json!([{ "columns": ["owner"], "references": "users", "referenced_columns": ["id"] }])
    );
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_without_its_address() {
    let client = over([("shop", server("mysql://me:canary@127.0.0.1:1/shop"))]).await;
    let error = query(&client, "SELECT 1", json!([])).await.unwrap_err();
    assert_eq!(
        error,
        "unavailable: the database `shop` cannot be reached: connection refused, so no server listens there, or none for this machine\nhint: try again later, or query another database"
    );
}
