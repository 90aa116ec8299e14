//! Changes by other programs are followed, and nothing of the old stays behind.

use std::fs;
use std::time::Duration;

use holdall_notes::Notebook;

use crate::processes::Other;
use crate::support::{Desk, assert_gone, eventually, leads, open, paths, put};

/// Native watches, and looking again and again: both must find the same.
fn both_ways(desk: &Desk, test: impl Fn(&Notebook)) {
    test(&desk.open());
    let notebook = desk.open_with(|options| {
        options.watch.poll_only = true;
        options.watch.poll_interval = Duration::from_millis(50);
    });
    test(&notebook);
}

#[test]
fn edits_are_found_by_their_new_words_alone() {
    let desk = Desk::new(&[("a.md", "nothing yet"), ("b.md", "neighbour [[a]]")]);
    both_ways(&desk, |notebook| {
        desk.put("a.md", "the giraffe");
        eventually("the new word is found", || leads(notebook, "giraffe", "a.md"));
        desk.put("a.md", "the walrus!");
        eventually("the newer word is found", || leads(notebook, "walrus", "a.md"));
        assert!(!leads(notebook, "giraffe", "a.md"));
        assert_eq!(paths(notebook), ["a.md", "b.md"]);
    });
}

#[test]
fn an_editor_that_writes_beside_and_renames_is_followed() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    both_ways(&desk, |notebook| {
        for word in ["walrus", "giraffe"] {
            desk.put(".a.md.swp", word);
            fs::rename(desk.path(".a.md.swp"), desk.path("a.md")).unwrap();
            eventually("the new text is found", || leads(notebook, word, "a.md"));
            assert_eq!(paths(notebook), ["a.md"]);
        }
    });
}

#[test]
fn nothing_is_left_of_a_deleted_note() {
    let desk = Desk::new(&[("stays.md", "[[gone]] about animals")]);
    both_ways(&desk, |notebook| {
        desk.put("gone.md", "giraffe, see [[stays]]");
        eventually("it is found", || leads(notebook, "giraffe", "gone.md"));
        fs::remove_file(desk.path("gone.md")).unwrap();
        assert_gone(notebook, "gone.md", "giraffe", "stays.md");
    });
}

#[test]
fn a_renamed_note_has_one_name() {
    let desk = Desk::new(&[("stays.md", "about animals"), ("old.md", "giraffe")]);
    both_ways(&desk, |notebook| {
        fs::rename(desk.path("old.md"), desk.path("new.md")).unwrap();
        eventually("it is found by its new name", || {
            leads(notebook, "giraffe", "new.md")
        });
        assert_gone(notebook, "old.md", "giraffe", "stays.md");
        fs::rename(desk.path("new.md"), desk.path("old.md")).unwrap();
        eventually("it is found by its old name", || {
            leads(notebook, "giraffe", "old.md")
        });
    });
}

#[test]
fn a_renamed_folder_takes_its_notes_along() {
    let desk = Desk::new(&[
        ("stays.md", "about animals"),
        ("old/deep/a.md", "giraffe"),
        ("old/b.md", "walrus"),
    ]);
    both_ways(&desk, |notebook| {
        fs::rename(desk.path("old"), desk.path("new")).unwrap();
        eventually("the notes are found in the new folder", || {
            leads(notebook, "giraffe", "new/deep/a.md") && leads(notebook, "walrus", "new/b.md")
        });
        assert_gone(notebook, "old/deep/a.md", "giraffe", "stays.md");
        assert_gone(notebook, "old/b.md", "walrus", "stays.md");
        // What happens in the new folder is heard of, too.
        desk.put("new/deep/c.md", "ostrich");
        eventually("a new note in it is found", || {
            leads(notebook, "ostrich", "new/deep/c.md")
        });
        fs::remove_file(desk.path("new/deep/c.md")).unwrap();
        eventually("and gone again", || !leads(notebook, "ostrich", "new/deep/c.md"));
        fs::rename(desk.path("new"), desk.path("old")).unwrap();
        eventually("the notes are back", || {
            leads(notebook, "giraffe", "old/deep/a.md")
        });
    });
}

#[test]
fn ignore_files_take_effect_when_they_change() {
    let desk = Desk::new(&[("a.md", "giraffe"), ("drafts/b.md", "giraffe")]);
    both_ways(&desk, |notebook| {
        eventually("both are found", || paths(notebook) == ["a.md", "drafts/b.md"]);
        desk.put(".gitignore", "drafts/\n");
        eventually("drafts are left out", || paths(notebook) == ["a.md"]);
        assert_eq!(notebook.read("drafts/b.md", None).unwrap_err().kind(), "refused");
        fs::remove_file(desk.path(".gitignore")).unwrap();
        eventually("drafts are back", || paths(notebook) == ["a.md", "drafts/b.md"]);
    });
}

#[test]
fn a_folder_that_vanishes_keeps_its_notes_until_it_returns() {
    let (one, other) = (
        Desk::new(&[("a.md", "giraffe")]),
        Desk::new(&[("b.md", "walrus")]),
    );
    let folders = [one.path("notes"), other.path("other")];
    for (folder, word) in folders.iter().zip(["giraffe", "walrus"]) {
        put(folder, "x.md", word);
    }
    for poll_only in [false, true] {
        let notebook = open(&[&folders[0], &folders[1]], one.data.path(), |options| {
            options.semantic = false;
            options.watch.poll_only = poll_only;
            options.watch.poll_interval = Duration::from_millis(50);
            options.watch.root_check_interval = Duration::from_millis(50);
        });
        let away = one.path("away");
        fs::rename(&folders[0], &away).unwrap();
        let problems = notebook.status().problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].path == "notes" && problems[0].reason.contains("missing"),
            "{problems:?}"
        );
        // The missing folder has been looked at by the time this is found, and again after.
        for round in 0..3 {
            put(&folders[1], "new.md", format!("ostrich{round}"));
            eventually("the other folder is followed", || {
                leads(&notebook, &format!("ostrich{round}"), "other/new.md")
            });
            assert!(leads(&notebook, "giraffe", "notes/x.md"));
        }
        put(&away, "x.md", "giraffe and penguin");
        fs::rename(&away, &folders[0]).unwrap();
        eventually("its change is found", || {
            leads(&notebook, "penguin", "notes/x.md")
        });
        assert_eq!(notebook.status().problems, []);
        fs::remove_file(folders[0].join("x.md")).unwrap();
        eventually("a note deleted after its return is gone", || {
            paths(&notebook) == ["other/new.md", "other/x.md"]
        });
        put(&folders[0], "x.md", "giraffe");
        fs::remove_file(folders[1].join("new.md")).unwrap();
    }
}

#[test]
fn many_changes_at_once_all_arrive() {
    let desk = Desk::new(&[]);
    let notebook = desk.open_words();
    for n in 0..1500 {
        desk.put(&format!("f{}/n{n}.md", n % 40), format!("giraffe number{n}"));
    }
    eventually("all are there", || paths(&notebook).len() == 1500);
    for n in (0..1500).step_by(2) {
        fs::remove_file(desk.path(&format!("f{}/n{n}.md", n % 40))).unwrap();
    }
    eventually("half are there", || paths(&notebook).len() == 750);
    assert!(!leads(&notebook, "number0", "f0/n0.md"));
    assert!(leads(&notebook, "number1", "f1/n1.md"));
}

#[test]
fn polling_says_so() {
    let desk = Desk::new(&[("a.md", "a")]);
    let notebook = desk.open_words();
    eventually("native watches are in place", || {
        notebook.status().watching.as_deref() == Some("watching")
    });
    drop(notebook);
    let notebook = desk.open_with(|options| {
        options.semantic = false;
        options.watch.poll_only = true;
    });
    let said = "looking every 2s: it was configured so";
    eventually("polling is told", || {
        notebook.status().watching.as_deref() == Some(said)
    });
}

#[test]
fn without_watches_left_changes_are_found_by_looking() {
    let desk = Desk::new(&[]);
    for folder in 0..20 {
        desk.put(&format!("f{folder}/a.md"), "giraffe");
    }
    let Some(mut other) = Other::start_with_watches(5, &desk) else {
        println!("skipped: needs user namespaces");
        return;
    };
    assert_eq!(other.ask("ready"), "writer");
    assert_eq!(
        other.ask("watching"),
        "looking every 2s: the system has no file watches left; raise fs.inotify.max_user_watches"
    );
    desk.put("f19/new.md", "ostrich");
    eventually("the change is found", || other.ask("list").contains("f19/new.md"));

    // There were watches enough, until folders were made.
    drop(other);
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let mut other = Other::start_with_watches(5, &desk).unwrap();
    other.ask("ready");
    assert_eq!(other.ask("watching"), "watching");
    for folder in 0..20 {
        desk.put(&format!("f{folder}/b.md"), "walrus");
    }
    eventually("it says so", || {
        other.ask("watching").starts_with("looking every 2s")
    });
    desk.put("f19/new.md", "ostrich");
    eventually("the change is found", || other.ask("list").contains("f19/new.md"));
}
