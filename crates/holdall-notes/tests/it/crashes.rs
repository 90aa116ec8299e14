//! Processes are killed at any moment; the next one needs no help.

use std::collections::BTreeMap;
use std::time::Duration;

use holdall_notes::ContentHash;

use crate::processes::Other;
use crate::support::{Desk, Dice, files, found_by, inventory};

const ROUNDS: usize = 25;

#[test]
fn nothing_is_lost_when_processes_are_killed() {
    let desk = Desk::new(&[]);
    let mut dice = Dice(7);
    // What files must hold: those put there by hand, and all changes that were acknowledged.
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..ROUNDS {
        for n in 0..8 {
            let (path, text) = (
                format!("f{}/r{round}n{n}.md", n % 3),
                format!("# Round {round}\n\nhand{round}x{n} about animals\n"),
            );
            expected.insert(path.clone(), ContentHash::of(text.as_bytes()).to_string());
            desk.put(&path, text);
        }
        if round % 5 == 4 {
            let gone = expected.keys().nth(dice.below(expected.len())).unwrap().clone();
            std::fs::remove_file(desk.path(&gone)).unwrap();
            expected.remove(&gone);
        }
        let mut other = Other::start(&desk);
        other.tell(&format!("write w{round}x"));
        // Some are killed while they start, some while they index, embed and write.
        std::thread::sleep(Duration::from_millis(dice.below(400) as u64));
        for said in other.kill() {
            let mut words = said.split(' ');
            assert_eq!(words.next(), Some("ok"), "{said}");
            expected.insert(words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        }
    }
    let acknowledged = expected.keys().filter(|path| path.starts_with('w')).count();
    assert!(acknowledged > 0, "no process lived long enough to write");

    let notebook = desk.open();
    for (path, hash) in &expected {
        let note = notebook.read(path, None).unwrap();
        let said_later = note.text.contains("second");
        assert!(
            note.hash.to_string() == *hash || said_later,
            "{path} is not as it was written: {}",
            note.text
        );
    }
    let left: Vec<_> = files(desk.notes.path())
        .into_iter()
        .chain(files(desk.data.path()))
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(".tmp") || name == "unfinished" || name == "vectors.new"
        })
        .collect();
    assert_eq!(left, [""; 0].map(std::path::PathBuf::from));

    // The index is the one a fresh start makes of the same files.
    let fresh = crate::support::open(&[desk.notes.path()], tempfile::tempdir().unwrap().path(), |_| {});
    assert_eq!(inventory(&notebook), inventory(&fresh));
    assert_eq!(notebook.progress().passages, fresh.progress().passages);
    assert_eq!(notebook.progress().embedded, fresh.progress().embedded);
    for path in expected.keys().filter(|path| path.starts_with('w')).take(20) {
        let word = path.trim_end_matches(".md");
        for mode in [
            holdall_notes::SearchMode::Lexical,
            holdall_notes::SearchMode::Dense,
        ] {
            let (mut one, mut other) = (found_by(&notebook, word, mode), found_by(&fresh, word, mode));
            assert_eq!(one.first(), other.first(), "{word} {mode:?}");
            one.sort();
            other.sort();
            if mode == holdall_notes::SearchMode::Lexical {
                assert_eq!(one, other, "{word}");
            }
        }
    }
    assert_eq!(notebook.status().last_error, None);
    assert_eq!(notebook.status().problems, []);
}
