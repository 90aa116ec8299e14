//! Index and vectors can be damaged in any way: they are made again, the files are the truth.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use holdall_notes::SearchMode;

use crate::support::{Desk, Dice, eventually, files, found_by, inventory, leads};

fn garble(path: &Path, dice: &mut Dice) -> &'static str {
    let length = fs::metadata(path).unwrap().len();
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    match dice.below(5) {
        0 => {
            file.set_len(dice.below(length as usize) as u64).unwrap();
            "cut"
        }
        1 => {
            file.set_len(0).unwrap();
            "emptied"
        }
        2 => {
            fs::remove_file(path).unwrap();
            "removed"
        }
        3 => {
            let at = dice.below(length as usize) as u64;
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&vec![0; (length - at).min(4096) as usize])
                .unwrap();
            "zeroed"
        }
        _ => {
            let at = dice.below(length as usize) as u64;
            let noise: Vec<u8> = (0..(length - at).clamp(1, 64))
                .map(|_| dice.below(256) as u8)
                .collect();
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&noise).unwrap();
            "garbled"
        }
    }
}

#[test]
fn a_damaged_index_is_made_again_from_the_notes() {
    let desk = Desk::new(&[]);
    for n in 0..12 {
        desk.put(
            &format!("n{n}.md"),
            format!("# Note {n}\n\ngiraffe word{n} and walrus\n"),
        );
    }
    let notebook = desk.open();
    let whole = inventory(&notebook);
    drop(notebook);
    let mut dice = Dice(3);
    for round in 0..40 {
        let index: Vec<_> = files(desk.data.path())
            .into_iter()
            .filter(|path| path.to_string_lossy().contains("/words-"))
            .collect();
        let victim = &index[dice.below(index.len())];
        let what = garble(victim, &mut dice);
        let context = format!("round {round}: {what} {}", victim.display());
        let notebook = desk.open();
        assert_eq!(inventory(&notebook), whole, "{context}");
        for n in 0..12 {
            assert!(
                leads(&notebook, &format!("word{n}"), &format!("n{n}.md")),
                "{context}"
            );
        }
        assert_eq!(
            found_by(&notebook, "giraffe", SearchMode::Dense).len(),
            10,
            "{context}"
        );
        assert_eq!(notebook.status().last_error, None, "{context}");
        // It can be changed, too.
        desk.put("n0.md", format!("# Note 0\n\ngiraffe word0 and round{round}\n"));
        eventually(&context, || leads(&notebook, &format!("round{round}"), "n0.md"));
    }
}

#[test]
fn damaged_vectors_are_made_again() {
    let desk = Desk::new(&[("car.md", "The mechanic repaired the engine of my car.")]);
    for n in 0..6 {
        desk.put(&format!("n{n}.md"), format!("Note number {n}"));
    }
    drop(desk.open());
    let mut dice = Dice(5);
    for round in 0..20 {
        let vectors = files(desk.data.path())
            .into_iter()
            .find(|path| path.extension().is_some_and(|ext| ext == "bin"));
        let what = garble(&vectors.unwrap(), &mut dice);
        let notebook = desk.open();
        let progress = notebook.progress();
        assert_eq!(
            (progress.passages, progress.embedded),
            (7, 7),
            "round {round}: {what}"
        );
        assert_eq!(
            found_by(&notebook, "fixing a vehicle", SearchMode::Dense)[0],
            "car.md",
            "round {round}: {what}"
        );
    }
}

#[test]
fn an_index_that_vanishes_while_it_is_kept_is_made_again() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let notebook = desk.open_words();
    for folder in fs::read_dir(desk.data.path().join("notes")).unwrap() {
        for part in fs::read_dir(folder.unwrap().path()).unwrap() {
            let part = part.unwrap();
            if part.file_name().to_string_lossy().starts_with("words-") {
                fs::remove_dir_all(part.path()).unwrap();
            }
        }
    }
    desk.put("b.md", "walrus");
    eventually("the new note is found", || leads(&notebook, "walrus", "b.md"));
    eventually("and the old one again", || leads(&notebook, "giraffe", "a.md"));
}
