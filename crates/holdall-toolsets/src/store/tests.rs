//! Layouts, bounds, and two connections on one file.

use std::path::Path;

use rusqlite::Connection;

use super::{CHANGES, Kind, Store, StoreError};

const FIRST: &[&str] = &[CHANGES, "CREATE TABLE words (word TEXT NOT NULL) STRICT"];
const SECOND: &[&str] = &[
    "ALTER TABLE words ADD COLUMN length INTEGER",
    "UPDATE words SET length = length(word)",
];
const BROKEN: &[&str] = &[
    "ALTER TABLE words ADD COLUMN other TEXT",
    "UPDATE nothing SET of = 'it'",
];
const BYTES_MAX: u64 = 1024 * 1024;

fn kind(layouts: &'static [&'static [&'static str]]) -> Kind {
    Kind {
        what: "words",
        application_id: 0x7465_7374,
        layouts,
    }
}

fn open(path: &Path, layouts: &'static [&'static [&'static str]]) -> Result<Store, StoreError> {
    Store::open(path, &kind(layouts), BYTES_MAX)
}

fn add(store: &Store, word: &str) -> Result<(), StoreError> {
    store.write(|writing| {
        writing.execute("INSERT INTO words (word) VALUES (?1)", [word])?;
        Ok(())
    })
}

fn number(store: &Store, select: &str) -> i64 {
    let read = |reading: &Connection| Ok::<i64, StoreError>(reading.query_row(select, [], |row| row.get(0))?);
    store.read(read).unwrap()
}

#[test]
fn an_older_layout_is_brought_up_to_date_with_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.db");
    let old = open(&path, &[FIRST]).unwrap();
    add(&old, "giraffe").unwrap();
    drop(old);
    for _ in 0..2 {
        let new = open(&path, &[FIRST, SECOND]).unwrap();
        assert_eq!(number(&new, "SELECT length FROM words"), 7);
        assert_eq!(number(&new, "PRAGMA user_version"), 2);
    }
    // The older version no longer understands it, and says so.
    let error = open(&path, &[FIRST]).err().unwrap();
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_update_that_fails_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.db");
    add(&open(&path, &[FIRST]).unwrap(), "giraffe").unwrap();
    assert!(open(&path, &[FIRST, BROKEN]).is_err());
    let old = open(&path, &[FIRST]).unwrap();
    assert_eq!(number(&old, "SELECT count(*) FROM words"), 1);
    assert_eq!(number(&old, "SELECT count(*) FROM pragma_table_info('words')"), 1);
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.db");
    drop(open(&path, &[FIRST]).unwrap());
    let other = Kind {
        application_id: 0x6f74_6872,
        ..kind(&[FIRST])
    };
    let error = Store::open(&path, &other, BYTES_MAX).err().unwrap();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn what_fails_halfway_is_undone_and_what_panics_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("words.db"), &[FIRST]).unwrap();
    let failed: Result<(), StoreError> = store.write(|writing| {
        writing.execute("INSERT INTO words (word) VALUES ('half')", [])?;
        writing.execute("INSERT INTO words (word) VALUES (NULL)", [])?;
        Ok(())
    });
    assert!(matches!(failed, Err(StoreError::Failed(_))));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(|writing| {
            writing.execute("INSERT INTO words (word) VALUES ('half')", [])?;
            if number_of(writing) > 0 {
                panic!("on purpose");
            }
            Ok::<(), StoreError>(())
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(number(&store, "SELECT count(*) FROM words"), 0);
    add(&store, "whole").unwrap();
    assert_eq!(number(&store, "SELECT count(*) FROM words"), 1);
}

fn number_of(reading: &Connection) -> i64 {
    reading
        .query_row("SELECT count(*) FROM words", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_full_file_takes_no_more_and_gives_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("words.db"), &[FIRST]).unwrap();
    let long = "x".repeat(10_000);
    let error = loop {
        if let Err(error) = add(&store, &long) {
            break error;
        }
    };
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    let pages = number(&store, "PRAGMA page_count");
    assert!((250..=256).contains(&pages), "{pages} of {BYTES_MAX} bytes");
    // What makes room may take some first.
    let made = store.make_room(|writing| {
        writing.execute("INSERT INTO words (word) VALUES (?1)", [&long])?;
        writing.execute("DELETE FROM words WHERE rowid <= 20", [])?;
        Ok::<(), StoreError>(())
    });
    made.unwrap();
    add(&store, &long).unwrap();
}

#[test]
fn another_connection_waits_for_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.db");
    let (one, other) = (open(&path, &[FIRST]).unwrap(), open(&path, &[FIRST]).unwrap());
    let (begun, may_end) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let written: Result<(), StoreError> = one.write(|writing| {
                writing.execute("INSERT INTO words (word) VALUES ('one')", [])?;
                begun.wait();
                may_end.wait();
                Ok(())
            });
            written.unwrap();
        });
        begun.wait();
        // Who reads does not wait, and sees what was there before.
        assert_eq!(number(&other, "SELECT count(*) FROM words"), 0);
        may_end.wait();
        add(&other, "other").unwrap();
    });
    assert_eq!(number(&one, "SELECT count(*) FROM words"), 2);
}
