//! Any text as a statement over SQLite: no file changes, none appears, nothing of another database comes back, and the
//! next query is answered.

#![no_main]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use holdall::Server;
use holdall_fuzz::connection::Connection;
use holdall_fuzz::split;
use holdall_toolsets::sql::{DatabaseConfig, DatabaseSource, SqlConfig, SqlToolset};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tempfile::TempDir;

const LIMIT: usize = 20;
const MADE_OF: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT);
    INSERT INTO users VALUES (1, 'Ada', 'ada@example.com'), (2, 'Bob', NULL);
    CREATE TABLE log (at TEXT, what BLOB);
    CREATE VIEW names AS SELECT name FROM users;
    CREATE TRIGGER audit AFTER INSERT ON users BEGIN INSERT INTO log VALUES ('now', new.name); END;
    CREATE VIRTUAL TABLE notes USING fts5(body);
    INSERT INTO notes VALUES ('a note of somebody');
    CREATE VIRTUAL TABLE boxes USING rtree(id, low, high);";

thread_local! {
    static GROUND: RefCell<Ground> = RefCell::new(Ground::new());
}

fuzz_target!(|data: &[u8]| {
    let Some((mode, statement)) = split(data) else { return };
    let statement = String::from_utf8_lossy(statement);
    let database = if mode & 1 == 0 { "journal" } else { "log" };
    let params = match mode & 6 {
        0 => json!([]),
        2 => json!(["users"]),
        4 => json!([1, "; DROP TABLE users"]),
        _ => json!([null]),
    };
    GROUND.with_borrow_mut(|ground| ground.judge(database, &statement, &params));
});

/// A database with a journal, one with a write-ahead log, and one that is none of anybody's business.
struct Ground {
    folder: TempDir,
    before: BTreeMap<String, Vec<u8>>,
    server: Connection,
}

impl Ground {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let folder = folder.expect("a folder");
        let mut config = SqlConfig::default();
        config.timeout_ms = 500;
        for (name, journal) in [("journal", "DELETE"), ("log", "WAL"), ("secret", "DELETE")] {
            let path = folder.path().join(name).with_extension("db");
            let database = rusqlite::Connection::open(&path).expect("a database");
            database.pragma_update(None, "journal_mode", journal).expect("it keeps one");
            database
                .execute_batch(match name {
                    "secret" => "CREATE TABLE passwords (p); INSERT INTO passwords VALUES ('canary')",
                    _ => MADE_OF,
                })
                .expect("it is filled");
            if name != "secret" {
                config.databases.insert(name.to_owned(), DatabaseConfig::new(DatabaseSource::Sqlite(path)));
            }
        }
        // A relative path in a statement would lead here.
        std::env::set_current_dir(folder.path()).expect("it is there");
        let toolset = SqlToolset::new(&config).expect("the databases are there");
        let service = Server::new("fuzz").add(toolset).build().expect("it is a server");
        Self {
            before: files(folder.path()),
            server: Connection::to(service),
            folder,
        }
    }

    fn judge(&mut self, database: &str, statement: &str, params: &Value) {
        let result = self.query(database, statement, params);
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        assert!(
            statement.contains("canary") || !text.contains("canary"),
            "read elsewhere by {statement:?}: {result}"
        );
        match result["isError"] == true {
            true => assert!(!text.starts_with("internal"), "{statement:?}: {result}"),
            false => {
                let rows = result["structuredContent"]["rows"].as_array().expect("there are rows");
                assert!(rows.len() <= LIMIT, "{statement:?}: {result}");
            }
        }
        assert!(
            files(self.folder.path()) == self.before,
            "changed by {statement:?}: {:?}",
            files(self.folder.path()).keys()
        );
        let next = self.query(database, "SELECT count(*) FROM users", &json!([]));
        assert_eq!(next["structuredContent"]["rows"], json!([[2]]), "after {statement:?}: {next}");
    }

    fn query(&mut self, database: &str, statement: &str, params: &Value) -> Value {
        let arguments = json!({ "database": database, "sql": statement, "params": params, "limit": LIMIT });
        let mut answer = self.server.ask("tools/call", json!({ "name": "query", "arguments": arguments }));
        answer["result"].take()
    }
}

/// All files of a folder with what is in them.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let files = entries.map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a file"))
    });
    files.collect()
}
