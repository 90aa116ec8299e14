//! PostgreSQL: a server of the tests, asked as a role that may only read, as the owner, and as its administrator.

use std::fs;
use std::sync::Arc;

use holdall_testkit::Client;
use holdall_toolsets::sql::SqlConfig;
use serde_json::{Value, json};

use super::client::{over, over_with, query, rows, server};
use super::servers::{self, Server};

const MADE_OF: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE place AS (street text, number int);
    CREATE DOMAIN age AS int CHECK (VALUE >= 0);
    CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL DEFAULT 'nobody', age age, mood mood);
    COMMENT ON TABLE users IS 'Who has an account';
    COMMENT ON COLUMN users.age IS 'in years';
    INSERT INTO users (name, age, mood) VALUES ('Ada', 36, 'happy'), ('Bob', NULL, 'sad');
    CREATE TABLE orders (id int PRIMARY KEY, owner bigint REFERENCES users (id), total numeric(10, 2));
    CREATE UNIQUE INDEX orders_by_owner ON orders (owner, lower(total::text));
    INSERT INTO orders VALUES (1, 1, 12.50), (2, 2, 3);
    CREATE TABLE log (what text);
    CREATE VIEW names AS SELECT name FROM users;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM users;
    CREATE SCHEMA sales; CREATE TABLE sales.leads (id int);
    CREATE SEQUENCE tickets;
    CREATE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('sneaked'); RETURN 1; END $$;
    CREATE FUNCTION sneak_sql() RETURNS void LANGUAGE sql AS $$ DELETE FROM users $$;
    CREATE FUNCTION unlock() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        PERFORM set_config('transaction_read_only', 'off', false); INSERT INTO log VALUES ('unlocked'); RETURN 1; END $$;
    CREATE PROCEDURE ends(INOUT a int) LANGUAGE plpgsql AS $$ BEGIN COMMIT; INSERT INTO log VALUES ('ended'); END $$;
    CREATE PROCEDURE writes(INOUT a int) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('called'); END $$;
    SELECT lo_from_bytea(4242, 'large');";

/// `{folder}` is one the server may write to.
const HOSTILE: &[&str] = &[
    "INSERT INTO users (name) VALUES ('Eve')",
    "INSERT INTO users (name) VALUES ('Eve') RETURNING id",
    "INSERT INTO users (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'Eve' RETURNING name",
    "UPDATE users SET name = 'Eve'",
    "UPDATE users SET name = 'Eve' RETURNING name",
    "DELETE FROM users RETURNING *",
    "MERGE INTO users u USING (SELECT 1 AS id) s ON u.id = s.id WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone",
    "WITH made AS (INSERT INTO users (name) VALUES ('Eve') RETURNING *) SELECT * FROM made",
    "TRUNCATE users CASCADE",
    "DROP TABLE users CASCADE",
    "DROP SCHEMA public CASCADE",
    "DROP DATABASE postgres",
    "CREATE TABLE evil (a int)",
    "CREATE TEMP TABLE evil (a int)",
    "CREATE TABLE evil AS SELECT * FROM users",
    "SELECT * INTO evil FROM users",
    "SELECT * INTO TEMP evil FROM users",
    "CREATE INDEX evil ON users (name)",
    "CREATE VIEW evil AS SELECT 1",
    "CREATE FUNCTION evil() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE evil SUPERUSER",
    "CREATE EXTENSION pg_stat_statements",
    "ALTER TABLE users ADD COLUMN evil int",
    "ALTER ROLE reader SUPERUSER",
    "ALTER DATABASE shop SET work_mem = '1GB'",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "GRANT ALL ON users TO PUBLIC",
    "REVOKE ALL ON users FROM reader",
    "COMMENT ON TABLE users IS 'evil'",
    "REFRESH MATERIALIZED VIEW counted",
    "VACUUM",
    "VACUUM FULL users",
    "ANALYZE",
    "REINDEX TABLE users",
    "CLUSTER users USING users_pkey",
    "CHECKPOINT",
    "LOCK TABLE users IN ACCESS EXCLUSIVE MODE",
    "SELECT * FROM users FOR UPDATE",
    "SELECT * FROM users FOR KEY SHARE",
    // Files and programs of the server.
    "COPY users TO '{folder}/copied'",
    "COPY users TO PROGRAM 'touch {folder}/programmed'",
    "COPY (SELECT 1) TO PROGRAM 'touch {folder}/programmed'",
    "COPY users FROM PROGRAM 'echo 9,Eve'",
    "COPY users TO STDOUT",
    "COPY users FROM STDIN",
    "LOAD '{folder}/evil.so'",
    "DO $$ BEGIN EXECUTE 'COPY users TO PROGRAM ''touch {folder}/done'''; END $$",
    "SELECT query_to_xml('COPY users TO PROGRAM ''touch {folder}/xml''', true, false, '')",
    "SELECT query_to_xml('DELETE FROM users RETURNING *', true, false, '')",
    "SELECT query_to_xml('INSERT INTO log VALUES (1) RETURNING *', true, false, '')",
    // Functions with effects.
    "SELECT nextval('tickets')",
    "SELECT setval('tickets', 99)",
    "SELECT sneak()",
    "SELECT sneak_sql()",
    "SELECT unlock()",
    "SELECT lo_unlink(4242)",
    "SELECT lo_put(4242, 0, 'evil')",
    "SELECT lo_create(4343)",
    "SELECT pg_notify('channel', repeat('x', 10000))",
    "SELECT pg_terminate_backend(1)",
    "SELECT set_config('transaction_read_only', 'off', true)",
    "SELECT set_config('transaction_read_only', 'off', false), sneak()",
    "SELECT set_config('nonsense', 'on', false)",
    // Transactions and settings.
    "BEGIN",
    "BEGIN READ WRITE",
    "START TRANSACTION READ WRITE",
    "COMMIT",
    "COMMIT AND CHAIN",
    "ROLLBACK",
    "ROLLBACK AND CHAIN",
    "SAVEPOINT a",
    "PREPARE TRANSACTION 'evil'",
    "COMMIT PREPARED 'evil'",
    "SET TRANSACTION READ WRITE",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SET default_transaction_read_only = off",
    "SET transaction_read_only = off",
    "SET statement_timeout = 0",
    "SET ROLE admin",
    "SET SESSION AUTHORIZATION admin",
    "RESET ALL",
    "DISCARD ALL",
    "DEALLOCATE ALL",
    "LISTEN channel",
    "NOTIFY channel, 'evil'",
    "PREPARE evil AS DELETE FROM users",
    "EXECUTE evil",
    "DECLARE evil CURSOR WITH HOLD FOR SELECT * FROM users",
    "FETCH ALL FROM evil",
    "DO $$ BEGIN DELETE FROM users; END $$",
    "DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM users; END $$",
    "CALL ends(1)",
    "CALL writes(1)",
    "EXPLAIN ANALYZE DELETE FROM users",
    "EXPLAIN (ANALYZE) INSERT INTO log VALUES ('x')",
    "EXPLAIN ANALYZE CREATE TABLE evil AS SELECT 1",
    // More than one statement, and none.
    "SELECT 1; DROP TABLE users",
    "SELECT 1; COMMIT; DROP TABLE users",
    "SELECT 1\\; DROP TABLE users",
    "/* SELECT */ DELETE FROM users",
    "",
    ";",
    "-- nothing",
    "SELECT \u{0}",
    "SELECT 'unfinished",
    "NONSENSE",
];

/// What only a role without the privilege is kept from: whoever may do it, does.
const BY_PRIVILEGE: &[&str] = &[
    "SELECT lo_export(4242, '{folder}/exported')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT dblink_exec('host={socket} dbname=shop user=owner', 'DELETE FROM users')",
    "SELECT * FROM dblink('host={socket} dbname=shop user=owner', 'DELETE FROM users RETURNING id') AS t(id int)",
    "SELECT pg_reload_conf()",
    "SELECT pg_create_restore_point('evil')",
    "SELECT pg_create_physical_replication_slot('evil')",
    "SELECT pg_stat_reset()",
    "SELECT * FROM pg_authid",
    "SELECT rolpassword FROM pg_authid",
];

struct Shop {
    server: Arc<Server>,
    database: String,
}

impl Shop {
    /// A database of its own; `None` where there is no PostgreSQL.
    fn new(database: &str) -> Option<Self> {
        let server = servers::postgres()?;
        let roles = "DO $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'reader') THEN
                CREATE ROLE owner LOGIN; CREATE ROLE reader LOGIN CONNECTION LIMIT 20;
            END IF; END $$;";
        // Tests that run at once make them at once.
        static ROLES: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let one_at_a_time = ROLES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        server.psql("postgres", roles);
        server.psql("postgres", &format!("CREATE DATABASE {database} OWNER owner;"));
        drop(one_at_a_time);
        let rights = "GRANT USAGE ON SCHEMA public, sales TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA public, sales TO reader;";
        server.psql(
            database,
            &format!(
                "GRANT ALL ON SCHEMA public TO owner; CREATE EXTENSION dblink; SET ROLE owner; {MADE_OF} {rights}",
            ),
        );
        Some(Self {
            server,
            database: database.to_owned(),
        })
    }

    async fn client(&self, role: &str) -> Client {
        over([("shop", server(&self.server.postgres_url(role, &self.database)))]).await
    }

    async fn client_with(&self, role: &str, change: impl FnOnce(&mut SqlConfig)) -> Client {
        over_with(
            [("shop", server(&self.server.postgres_url(role, &self.database)))],
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
    let before = shop.server.pg_dump("hostile");
    assert!(before.contains("'Ada'") && before.contains("tickets"), "{before}");
    for role in ["reader", "owner", "admin"] {
        let client = shop.client(role).await;
        let by_privilege = BY_PRIVILEGE.iter().filter(|_| role == "reader");
        for statement in HOSTILE.iter().chain(by_privilege) {
            let statement = statement
                .replace("{folder}", &outbox.display().to_string())
                .replace("{socket}", &outbox.parent().unwrap().display().to_string());
            let said = query(&client, &statement, json!([])).await;
            // Some have no effect, or one that ends with the transaction: PostgreSQL forgets to ask whether a table
            // may be made when it explains how.
            let is_harmless = [
                "EXPLAIN ANALYZE CREATE",
                "pg_notify",
                "lo_",
                "set_config",
                "pg_terminate_backend",
            ]
            .iter()
            .any(|word| statement.contains(word));
            if !is_harmless {
                let error = said
                    .err()
                    .unwrap_or_else(|| panic!("{role}: {statement} has succeeded"));
                assert!(
                    !error.starts_with("internal") && !error.starts_with("unavailable"),
                    "{role}: {statement}: {error}"
                );
            }
            assert_eq!(
                rows(&client, "SELECT count(*) FROM users", json!([])).await,
                json!([[2]]),
                "{statement}"
            );
            assert_eq!(fs::read_dir(&outbox).unwrap().count(), 0, "{role}: {statement}");
        }
        let after = shop.server.pg_dump("hostile");
        assert!(before == after, "{role}: {}", difference(&before, &after));
    }
}

fn difference(before: &str, after: &str) -> String {
    let lines = |text: &str, other: &str| {
        let missing: Vec<String> = text
            .lines()
            .filter(|line| !other.contains(line))
            .map(str::to_owned)
            .collect();
        missing.join("\n")
    };
    format!(
        "before:\n{}\nafter:\n{}",
        lines(before, after),
        lines(after, before)
    )
}

#[tokio::test]
async fn nothing_of_a_query_is_left_for_the_next() {
    let Some(shop) = Shop::new("sessions") else { return };
    let client = shop
        .client_with("reader", |config| config.connections_max = 1)
        .await;
    let pid = rows(&client, "SELECT pg_backend_pid()", json!([])).await;
    for statement in [
        "SELECT set_config('search_path', 'sales', false)",
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT pg_advisory_lock(42)",
        "SELECT set_config('holdall.canary', 'seen', false)",
    ] {
        rows(&client, statement, json!([])).await;
        let left = "SELECT current_setting('search_path'), current_setting('default_transaction_read_only'), \
            (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
            coalesce(current_setting('holdall.canary', true), ''), current_setting('transaction_read_only')";
        let left = rows(&client, left, json!([])).await;
        assert_eq!(
            left,
            json!([["\"$user\", public", "on", 0, "", "on"]]),
            "{statement}"
        );
    }
    // It was one session all the time.
    assert_eq!(rows(&client, "SELECT pg_backend_pid()", json!([])).await, pid);
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_stopped_on_the_server() {
    let Some(shop) = Shop::new("slow") else { return };
    let client = shop.client_with("reader", |config| config.timeout_ms = 300).await;
    for statement in [
        "SELECT pg_sleep(600)",
        "SELECT set_config('statement_timeout', '0', false), pg_sleep(600)",
        "SELECT count(*) FROM generate_series(1, 100000000000)",
    ] {
        let error = query(&client, statement, json!([])).await.unwrap_err();
        assert!(
            error.starts_with("timed_out: the query was stopped after 300 ms"),
            "{statement}: {error}"
        );
    }
    // Nobody waits for this one any more.
    let client = shop.client_with("reader", |config| {
        config.timeout_ms = 300_000;
        config.connections_max = 1;
    });
    let client = client.await;
    let waiting = client
        .call("query", json!({ "sql": "SELECT pg_sleep(600) AS abandoned" }))
        .start()
        .await;
    let running = || {
        shop.server.psql("slow", "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%AS abandoned' AND pid <> pg_backend_pid()")
    };
    until(|| running() == "1\n").await;
    waiting.cancel("changed my mind").await;
    until(|| running() == "0\n").await;
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
    let many = "SELECT i, repeat('x', 10) FROM generate_series(1, 10000000) AS i";
    let reply = client
        .call("query", json!({ "sql": many, "limit": 1000 }))
        .await
        .json();
    assert_eq!(
        (&reply["row_count"], &reply["truncated"]),
        (&json!(1000), &json!(true))
    );
    let wide = "SELECT repeat('x', 30000) FROM generate_series(1, 10000000)";
    let reply = client.call("query", json!({ "sql": wide })).await.json();
    assert_eq!(
        (&reply["row_count"], &reply["truncated"]),
        (&json!(3), &json!(true))
    );
    let wider = "SELECT repeat('x', 90000) FROM generate_series(1, 10000000)";
    let reply = client.call("query", json!({ "sql": wider })).await.json();
    assert_eq!(
        (&reply["row_count"], &reply["truncated"]),
        (&json!(1), &json!(true))
    );
    for huge in [
        "SELECT repeat('x', 500000000)",
        "SELECT repeat('x', 500000) FROM generate_series(1, 100000)",
    ] {
        let error = query(&client, huge, json!([])).await.unwrap_err();
        assert!(error.starts_with("too_large: "), "{error}");
        assert_eq!(rows(&client, "SELECT 1", json!([])).await, json!([[1]]));
    }
}

#[tokio::test]
async fn values_keep_what_they_are() {
    let Some(shop) = Shop::new("types") else { return };
    let client = shop.client("reader").await;
    let cases: &[(&str, Value)] = &[
        ("true", json!(true)),
        (
            "1::int2, -2::int4, 9007199254740993::int8",
            json!([1, -2, "9007199254740993"]),
        ),
        (
            "0.1::float4, 'NaN'::float8, '-Infinity'::float4",
            json!([0.1, "NaN", "-Infinity"]),
        ),
        (
            "12345678901234567890.123456789::numeric, -0.00012::numeric, 10000::numeric",
            json!(["12345678901234567890.123456789", "-0.00012", "10000"]),
        ),
        (
            "0::numeric, 0.00::numeric, 'NaN'::numeric, 1e20::numeric, 100000000.5::numeric",
            json!(["0", "0.00", "NaN", "100000000000000000000", "100000000.5"]),
        ),
        (
            "'ä'::text, 'x'::char(3), 'y'::varchar, 'n'::name, 'c'::\"char\"",
            json!(["ä", "x  ", "y", "n", "c"]),
        ),
        ("'\\x00ff'::bytea", json!({ "base64": "AP8=" })),
        (
            "'{\"a\": [1, null]}'::jsonb, '[1,  2]'::json, 'null'::jsonb",
            json!([{ "a": [1, null] }, [1, 2], null]),
        ),
        (
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
            json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ),
        (
            "'2026-05-01'::date, '0044-03-15 BC'::date, 'infinity'::date",
            json!(["2026-05-01", "-000043-03-15", "infinity"]),
        ),
        (
            "'2026-05-01 12:30:00.5'::timestamp, '1969-12-31 23:59:59.999999'::timestamp",
            json!(["2026-05-01T12:30:00.5", "1969-12-31T23:59:59.999999"]),
        ),
        (
            "'2026-05-01 12:30:00+02'::timestamptz, '-infinity'::timestamptz",
            json!(["2026-05-01T10:30:00Z", "-infinity"]),
        ),
        (
            "'12:30:01.25'::time, '24:00'::time, '12:30+02'::timetz",
            json!(["12:30:01.25", "24:00:00", "12:30:00+02:00"]),
        ),
        (
            "'1 year 2 months 3 days 4:05:06.7'::interval, '-1.5 seconds'::interval, '0'::interval",
            json!(["P1Y2M3DT4H5M6.7S", "PT-1.5S", "PT0S"]),
        ),
        (
            "'10.0.0.1'::inet, '10.0.0.0/8'::cidr, '::1'::inet, '08:00:2b:01:02:03'::macaddr",
            json!(["10.0.0.1", "10.0.0.0/8", "::1", "08:00:2b:01:02:03"]),
        ),
        (
            "B'10101010101'::bit varying, '(1.5,2)'::point, 'A/F'::pg_lsn",
            json!(["10101010101", "(1.5,2)", "A/F"]),
        ),
        (
            "ARRAY[1, NULL, 3], ARRAY[['a', 'b'], ['c', 'd']], '{}'::int[]",
            json!([[1, null, 3], [["a", "b"], ["c", "d"]], []]),
        ),
        (
            "int4range(1, 5), 'empty'::int4range, numrange(NULL, 2.5), int4multirange(int4range(1, 2), int4range(4, 6))",
            json!(["[1,5)", "empty", "(,2.5)", "{[1,2),[4,6)}"]),
        ),
        (
            "'happy'::mood, 5::age, ROW('High Street', 5)::place, ROW(1, 'x', NULL)",
            json!(["happy", 5, { "street": "High Street", "number": 5 }, [1, "x", null]]),
        ),
        (
            "ARRAY[ROW('a', 1)::place], ARRAY['sad']::mood[]",
            json!([[{ "street": "a", "number": 1 }], ["sad"]]),
        ),
        (
            "NULL::int, 'users'::regclass::text, NULL::text[]",
            json!([null, "users", null]),
        ),
    ];
    for (select, expected) in cases {
        let reply = rows(&client, &format!("SELECT {select}"), json!([])).await;
        let row = reply[0].as_array().unwrap();
        let row = if row.len() == 1 {
            row[0].clone()
        } else {
            json!(row)
        };
        assert_eq!(row, *expected, "{select}");
    }
    let reply = query(
        &client,
        "SELECT '1.50'::money AS price, 1.50::numeric AS n, ARRAY[1] AS a",
        json!([]),
    )
    .await
    .unwrap();
    assert_eq!(
        reply["columns"],
        json!([{ "name": "price", "type": "money" }, { "name": "n", "type": "numeric" }, { "name": "a", "type": "int4[]" }])
    );
    assert_eq!(
        reply["notes"],
        json!(["values of `price` are bytes, as money is sent: price::text shows them as text"])
    );
}

#[tokio::test]
async fn parameters_are_bound() {
    let Some(shop) = Shop::new("parameters") else {
        return;
    };
    let client = shop.client("reader").await;
    let there = "SELECT $1::int, $2::text, $3::numeric, $4::bool, $5::jsonb, $6::int[], $7::timestamptz, $8::bytea, $9::uuid, $10::mood, $11::text[]";
    let params = json!([
        5, "'; DROP TABLE users; --", "1.10", true, { "a": 1 }, [1, null], "2026-05-01T12:00:00Z", { "base64": "AP8=" },
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "sad", ["a,b", "\"c\\"]
    ]);
    assert_eq!(rows(&client, there, params.clone()).await, json!([params]));
    assert_eq!(
        rows(
            &client,
            "SELECT name FROM users WHERE id = $1 OR age > $2 ORDER BY id LIMIT $3",
            json!(["1", 10, 1])
        )
        .await,
        json!([["Ada"]])
    );
    assert_eq!(
        rows(&client, "SELECT name FROM users WHERE id = ANY($1)", json!([[2]])).await,
        json!([["Bob"]])
    );
    assert_eq!(
        rows(&client, "SELECT $1::int IS NULL", json!([null])).await,
        json!([[true]])
    );
    for (sql, params, expected) in [
        (
            "SELECT $1::int",
            json!(["x"]),
            "invalid input syntax for type integer: \"x\"",
        ),
        (
            "SELECT $1::int",
            json!([]),
            "the statement takes 1 parameter, 0 were given",
        ),
        (
            "SELECT 1",
            json!([1]),
            "the statement takes 0 parameters, 1 was given",
        ),
        ("SELECT $1::bytea", json!([{ "base64": "!" }]), "it is no base64"),
        ("SELECT $1::text", json!(["\u{0}"]), "invalid byte sequence"),
    ] {
        let error = query(&client, sql, params).await.unwrap_err();
        assert!(error.contains(expected), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_conversation() {
    let Some(shop) = Shop::new("talk") else { return };
    shop.server.psql(
        "talk",
        "ANALYZE users; ANALYZE orders; ANALYZE log; ANALYZE sales.leads; ANALYZE counted",
    );
    let client = shop.client("reader").await;
    let mut all = Vec::new();
    for (tool, arguments) in [
        ("list_tables", json!({})),
        ("describe_table", json!({ "table": "users" })),
        ("describe_table", json!({ "table": "public.orders" })),
        (
            "query",
            json!({ "sql": "SELECT name, age, mood FROM users WHERE id = $1", "params": [1] }),
        ),
        ("query", json!({ "sql": "SHOW server_encoding" })),
        ("query", json!({ "sql": "EXPLAIN (COSTS off) SELECT 1" })),
        ("query", json!({ "sql": "SELECT * FROM usrs" })),
        ("query", json!({ "sql": "SELECT nam FROM users" })),
        ("query", json!({ "sql": "SELECT name\nFORM users WHERE id = 1" })),
        ("query", json!({ "sql": "SELECT 1 +" })),
        ("query", json!({ "sql": "SELECT 1; SELECT 2" })),
        ("query", json!({ "sql": "DELETE FROM users" })),
        ("query", json!({ "sql": "SELECT nextval('tickets')" })),
        ("query", json!({ "sql": "SELECT 1 / 0" })),
        ("query", json!({ "sql": "SELECT * FROM pg_authid" })),
        ("describe_table", json!({ "table": "lead" })),
    ] {
        let reply = client.call(tool, arguments.clone()).await.outcome();
        all.push(format!(
            "{tool} {arguments}\n{}",
            reply.unwrap_or_else(|error| error + "\n")
        ));
    }
    insta::assert_snapshot!(all.join("\n"));
    let uris: Vec<String> = client
        .list_resources()
        .await
        .into_iter()
        .map(|one| one.uri.clone())
        .collect();
    assert!(
        uris.contains(&"sql://shop/sales.leads/schema".to_owned()),
        "{uris:?}"
    );
    let schema: Value = client.read("sql://shop/orders/schema").await.json();
    assert_eq!(schema["primary_key"], json!(["id"]));
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_without_its_address() {
    let client = over([("shop", server("postgresql://me:canary@127.0.0.1:1/shop"))]).await;
    let error = query(&client, "SELECT 1", json!([])).await.unwrap_err();
    assert_eq!(
        error,
        "unavailable: the database `shop` cannot be reached: connection refused, so no server listens there, or none for this machine\nhint: try again later, or query another database"
    );
    assert_eq!(client.list_resources().await.len(), 0);
}

#[tokio::test]
async fn a_session_that_was_closed_is_replaced() {
    let Some(shop) = Shop::new("closed") else { return };
    let client = shop
        .client_with("reader", |config| config.connections_max = 1)
        .await;
    assert_eq!(rows(&client, "SELECT 1", json!([])).await, json!([[1]]));
    shop.server.psql("closed", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'closed' AND pid <> pg_backend_pid()");
    let again = until_ok(&client).await;
    assert_eq!(again, json!([[1]]));
}

/// A session may be chosen before it is known that the server has closed it; the next one is a new one.
async fn until_ok(client: &Client) -> Value {
    match query(client, "SELECT 1", json!([])).await {
        Ok(mut reply) => reply["rows"].take(),
        Err(error) => {
            assert!(error.starts_with("unavailable"), "{error}");
            rows(client, "SELECT 1", json!([])).await
        }
    }
}
