//! SQLite: nothing a statement says changes the file, its folder, or what the process can do next.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use holdall_toolsets::sql::DatabaseSource;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::client::{over, over_with, query, rows};

const MADE_OF: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT);
    INSERT INTO users VALUES (1, 'Ada', 'ada@example.com'), (2, 'Bob', NULL);
    CREATE TABLE log (at TEXT, what TEXT);
    CREATE VIEW names AS SELECT name FROM users;
    CREATE TRIGGER audit AFTER INSERT ON users BEGIN INSERT INTO log VALUES ('now', new.name); END;
    CREATE VIRTUAL TABLE notes USING fts5(body);
    INSERT INTO notes VALUES ('a note of somebody');
    CREATE VIRTUAL TABLE boxes USING rtree(id, low, high);
    CREATE VIEW evil AS SELECT load_extension('/tmp/x.so') AS x;
    PRAGMA user_version = 7;";

/// `{folder}` is where the database lies.
const HOSTILE: &[&str] = &[
    // Writing in the open.
    "INSERT INTO users VALUES (3, 'Eve', NULL)",
    "INSERT INTO users VALUES (3, 'Eve', NULL) RETURNING id",
    "INSERT INTO users SELECT id + 10, name, mail FROM users",
    "INSERT OR REPLACE INTO users VALUES (1, 'Eve', NULL) RETURNING *",
    "INSERT INTO users VALUES (1, 'x', 'y') ON CONFLICT (id) DO UPDATE SET name = 'Eve' RETURNING name",
    "REPLACE INTO users VALUES (1, 'Eve', NULL)",
    "UPDATE users SET name = 'Eve'",
    "UPDATE users SET name = 'Eve' RETURNING name",
    "DELETE FROM users",
    "DELETE FROM users RETURNING *",
    "WITH gone AS (SELECT id FROM users) DELETE FROM users WHERE id IN gone RETURNING id",
    "DROP TABLE users",
    "DROP VIEW names",
    "DROP TRIGGER audit",
    "CREATE TABLE evil2 (a)",
    "CREATE TABLE evil2 AS SELECT * FROM users",
    "CREATE TEMP TABLE evil2 AS SELECT * FROM users",
    "CREATE TEMP VIEW evil2 AS SELECT 1",
    "CREATE TEMP TRIGGER t AFTER INSERT ON log BEGIN SELECT 1; END",
    "CREATE INDEX evil2 ON users (name)",
    "CREATE VIEW evil2 AS SELECT 1",
    "CREATE TRIGGER evil2 AFTER INSERT ON log BEGIN DELETE FROM users; END",
    "CREATE VIRTUAL TABLE evil2 USING fts5(body)",
    "CREATE VIRTUAL TABLE temp.evil2 USING rtree(id, low, high)",
    "ALTER TABLE users RENAME TO people",
    "ALTER TABLE users ADD COLUMN evil TEXT",
    "ALTER TABLE users DROP COLUMN mail",
    "REINDEX",
    "ANALYZE",
    "VACUUM",
    // Files beside it, and databases elsewhere.
    "VACUUM INTO '{folder}/copy.db'",
    "VACUUM main INTO '{folder}/copy.db'",
    "ATTACH '{folder}/other.db' AS other",
    "ATTACH DATABASE '{folder}/secret.db' AS secret",
    "ATTACH 'file:{folder}/other.db?mode=rwc' AS other",
    "ATTACH ':memory:' AS memory",
    "ATTACH '' AS temporary",
    "DETACH main",
    "SELECT * FROM secret.passwords",
    "SELECT load_extension('{folder}/evil.so')",
    "SELECT * FROM evil",
    "SELECT writefile('{folder}/written', 'x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT edit('x', 'touch {folder}/edited')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT fts3_tokenizer('simple', x'0000000000000000')",
    "SELECT * FROM sqlite_dbpage",
    "UPDATE sqlite_dbpage SET data = zeroblob(4096) WHERE pgno = 1",
    "CREATE VIRTUAL TABLE temp.c USING csv(filename='/etc/passwd')",
    // The schema itself.
    "PRAGMA writable_schema = ON",
    "PRAGMA writable_schema = RESET",
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE users (x)'",
    "DELETE FROM sqlite_master",
    "INSERT INTO sqlite_sequence VALUES ('users', 9)",
    "DELETE FROM sqlite_stat1",
    // Settings.
    "PRAGMA user_version = 8",
    "PRAGMA user_version(8)",
    "PRAGMA application_id = 8",
    "PRAGMA schema_version = 8",
    "PRAGMA journal_mode = WAL",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA main.journal_mode(OFF)",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA query_only = OFF",
    "PRAGMA trusted_schema = ON",
    "PRAGMA temp_store_directory = '{folder}'",
    "PRAGMA data_store_directory = '{folder}'",
    "PRAGMA temp_store = FILE",
    "PRAGMA page_size = 512",
    "PRAGMA encoding = 'UTF-16'",
    "PRAGMA auto_vacuum = FULL",
    "PRAGMA incremental_vacuum",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA optimize",
    "PRAGMA hard_heap_limit = 1",
    "PRAGMA soft_heap_limit = 1",
    "PRAGMA mmap_size = 1000000000",
    "PRAGMA cache_size = -100000000",
    "PRAGMA shrink_memory",
    "PRAGMA integrity_check",
    "PRAGMA quick_check",
    "PRAGMA threads = 8",
    "PRAGMA busy_timeout = 100000000",
    "PRAGMA case_sensitive_like = ON",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA ignore_check_constraints = ON",
    "PRAGMA database_list",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_journal_mode",
    "SELECT * FROM pragma_user_version('9')",
    "SELECT * FROM pragma_wal_checkpoint",
    // Transactions, and more than one statement.
    "BEGIN",
    "BEGIN IMMEDIATE",
    "BEGIN EXCLUSIVE",
    "SAVEPOINT a",
    "RELEASE a",
    "ROLLBACK",
    "COMMIT",
    "SELECT 1; DROP TABLE users",
    "SELECT 1; SELECT 2",
    "; DELETE FROM users",
    "/* SELECT */ DELETE FROM users",
    "EXPLAIN SELECT 1; DELETE FROM users",
    // Full-text search has commands that are inserted.
    "INSERT INTO notes (notes) VALUES ('optimize')",
    "INSERT INTO notes (notes, rank) VALUES ('merge', 500)",
    "INSERT INTO notes (notes) VALUES ('rebuild')",
    "INSERT INTO notes_data VALUES (1, x'00')",
    "INSERT INTO boxes VALUES (1, 2, 3)",
    // Too much.
    "SELECT zeroblob(1000000000)",
    "SELECT randomblob(1000000000)",
    "SELECT printf('%1000000000d', 1)",
    "SELECT replace(hex(zeroblob(400000)), '0', hex(zeroblob(1000)))",
    "SELECT group_concat(hex(zeroblob(100000))) FROM users a, users b, users c, users d, users e",
    "",
    ";",
    "-- nothing",
    "SELECT",
    "SELECT \u{0} FROM users",
    "SELECT 'unfinished",
    "DROP TABLE users --",
    "NONSENSE",
];

/// A folder with a database that keeps a journal of the kind, and one that is none of anybody's business.
fn made(journal: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let database = Connection::open(folder.path().join("shop.db")).unwrap();
    database.pragma_update(None, "journal_mode", journal).unwrap();
    database.execute_batch(MADE_OF).unwrap();
    let secret = Connection::open(folder.path().join("secret.db")).unwrap();
    secret
        .execute_batch("CREATE TABLE passwords (p); INSERT INTO passwords VALUES ('canary')")
        .unwrap();
    folder
}

fn source(folder: &TempDir) -> DatabaseSource {
    DatabaseSource::Sqlite(folder.path().join("shop.db"))
}

/// All files with what they hold and when they were changed.
fn everything(folder: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let files = fs::read_dir(folder).unwrap().map(|file| {
        let file = file.unwrap();
        let changed = file.metadata().unwrap().modified().unwrap();
        (
            file.file_name().into_string().unwrap(),
            (fs::read(file.path()).unwrap(), changed),
        )
    });
    files.collect()
}

#[tokio::test]
async fn hostile_statements_change_nothing() {
    assert!(HOSTILE.len() >= 60);
    for journal in ["DELETE", "WAL"] {
        let folder = made(journal);
        let before = everything(folder.path());
        assert_eq!(before.len(), 2, "{:?}", before.keys());
        let client = over([("shop", source(&folder))]).await;
        for statement in HOSTILE {
            let statement = statement.replace("{folder}", &folder.path().display().to_string());
            let said = query(&client, &statement, json!([])).await;
            let error = said.expect_err(&statement);
            assert!(
                !error.contains("canary") && !error.starts_with("internal"),
                "{statement}: {error}"
            );
            let after = everything(folder.path());
            assert!(before == after, "{journal}: {statement} left {:?}", after.keys());
            assert_eq!(
                rows(&client, "SELECT count(*) FROM users", json!([])).await,
                json!([[2]]),
                "{statement}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_refused_is_said_to_be() {
    let folder = made("DELETE");
    let client = over([("shop", source(&folder))]).await;
    for statement in [
        "DELETE FROM users",
        "PRAGMA journal_mode = WAL",
        "VACUUM INTO '/tmp/x'",
        "BEGIN",
        "ATTACH ':memory:' AS a",
    ] {
        let error = query(&client, statement, json!([])).await.unwrap_err();
        assert!(
            error.starts_with("permission_denied: ") && error.contains("only reads"),
            "{statement}: {error}"
        );
    }
    let error = query(&client, "SELECT 1; SELECT 2", json!([])).await.unwrap_err();
    assert_eq!(
        error,
        "failed: there is more than one statement\nhint: give one statement per call"
    );
}

#[tokio::test]
async fn what_only_tells_is_told() {
    let folder = made("DELETE");
    let client = over([("shop", source(&folder))]).await;
    for statement in [
        "PRAGMA table_info(users)",
        "PRAGMA user_version",
        "EXPLAIN QUERY PLAN SELECT * FROM users",
        "EXPLAIN SELECT * FROM users",
        "EXPLAIN DELETE FROM users WHERE 0",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n",
        "VALUES (1, 2), (3, 4);",
        "SELECT * FROM names -- and nothing else\n;",
        "SELECT highlight(notes, 0, '[', ']') FROM notes WHERE notes MATCH 'note'",
        "SELECT json_group_array(name), max(id) OVER () FROM users",
    ] {
        let said = query(&client, statement, json!([])).await;
        // To explain a deletion, SQLite asks whether it is allowed.
        match statement.contains("DELETE") {
            true => drop(said.unwrap_err()),
            false => drop(said.unwrap_or_else(|error| panic!("{statement}: {error}"))),
        }
    }
}

#[tokio::test]
async fn what_takes_too_long_or_too_much_is_stopped() {
    let folder = made("DELETE");
    let before = everything(folder.path());
    let client = over_with([("shop", source(&folder))], |config| config.timeout_ms = 300).await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    for statement in [
        format!("{endless} SELECT count(*) FROM n"),
        format!("{endless} SELECT i FROM n WHERE i < 0"),
        "SELECT count(*) FROM json_each('[1,2,3,4,5,6,7,8,9,0]') a, json_each('[1,2,3,4,5,6,7,8,9,0]') b, \
         pragma_function_list c, pragma_function_list d, pragma_function_list e"
            .to_owned(),
        format!(
            "SELECT * FROM users WHERE '{}' LIKE '{}'",
            "a".repeat(40_000),
            "%a".repeat(400) + "b"
        ),
    ] {
        let error = query(&client, &statement, json!([]))
            .await
            .map(|rows| rows.to_string());
        match error {
            Err(error) => assert!(
                error.starts_with("timed_out: the query was stopped after 300 ms"),
                "{error}"
            ),
            // A pattern is matched in one step; it has to be a short one.
            Ok(rows) => assert!(statement.contains("LIKE"), "{statement}: {rows}"),
        }
    }
    let client = over_with([("shop", source(&folder))], |config| config.timeout_ms = 120_000).await;
    let sorted = format!("{endless} SELECT i, hex(randomblob(1000)) AS r FROM n ORDER BY r");
    let error = query(&client, &sorted, json!([])).await.unwrap_err();
    assert!(
        error.starts_with("too_large: the query was stopped: it used more than 256 MB of memory"),
        "{error}"
    );
    assert_eq!(
        rows(&client, "SELECT count(*) FROM users", json!([])).await,
        json!([[2]])
    );
    assert!(before == everything(folder.path()));
}

#[tokio::test]
async fn deep_and_wide_statements_are_errors() {
    let folder = made("DELETE");
    let client = over([("shop", source(&folder))]).await;
    let deep = |open: &str, inner: &str, close: &str, times: usize| {
        format!("SELECT {}{inner}{}", open.repeat(times), close.repeat(times))
    };
    for statement in [
        deep("(", "1", ")", 40_000),
        deep("abs(", "1", ")", 10_000),
        deep("(SELECT ", "1", ")", 5_000),
        format!("SELECT 1{}", "+1".repeat(40_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(4_000)),
        format!("SELECT {}", vec!["1"; 40_000].join(",")),
        format!("SELECT {}", vec!["?"; 2_000].join("+")),
        format!("SELECT * FROM {}", vec!["users"; 100].join(",")),
        format!("SELECT json('{}')", "[".repeat(90_000)),
    ] {
        query(&client, &statement, json!([])).await.unwrap_err();
        assert_eq!(rows(&client, "SELECT 1", json!([])).await, json!([[1]]));
    }
}

#[tokio::test]
async fn broken_and_foreign_files_are_errors() {
    let folder = made("DELETE");
    let path = folder.path().join("shop.db");
    let sound = fs::read(&path).unwrap();
    let client = over([("shop", source(&folder))]).await;
    let mut broken = vec![
        Vec::new(),
        b"no database at all, but long enough to be looked at as one".repeat(100),
    ];
    for at in (0..sound.len()).step_by(97) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x5a;
        broken.push(bytes);
    }
    for bytes in broken {
        fs::write(&path, &bytes).unwrap();
        for statement in [
            "SELECT * FROM users",
            "SELECT * FROM notes WHERE notes MATCH 'note'",
            "SELECT * FROM pragma_table_list, sqlite_schema",
        ] {
            if let Err(error) = query(&client, statement, json!([])).await {
                assert!(!error.starts_with("internal"), "{error}");
            }
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    fs::remove_file(&path).unwrap();
    let error = query(&client, "SELECT 1", json!([])).await.unwrap_err();
    assert!(
        error.starts_with("unavailable: the database `shop` cannot be reached: its file cannot be opened"),
        "{error}"
    );
    assert!(!path.exists());
}
