//! Who listens is told which notes have come, changed and gone.

use std::fs;
use std::time::{Duration, SystemTime};

use holdall_notes::{ChangeFeed, NoteChanges, Notebook, Role};

use crate::processes::Other;
use crate::support::{Desk, eventually, leads};

fn named(changes: &NoteChanges) -> String {
    let added = changes.added.iter().map(|path| format!("+{path}"));
    let changed = changes.changed.iter().map(|path| format!("~{path}"));
    let removed = changes.removed.iter().map(|path| format!("-{path}"));
    added.chain(changed).chain(removed).collect::<Vec<_>>().join(" ")
}

fn next(feed: &mut ChangeFeed) -> String {
    named(&feed.next().unwrap())
}

/// A feed that has told of everything there was.
fn feed(notebook: &Notebook) -> ChangeFeed {
    let mut feed = notebook.changes();
    feed.now();
    feed
}

#[test]
fn notes_come_change_move_and_go() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let notebook = desk.open_words();
    let mut feed = feed(&notebook);
    assert!(feed.now().is_empty());
    desk.put("a.md", "walrus");
    assert_eq!(next(&mut feed), "~a.md");
    desk.put("sub/b.md", "zebra");
    assert_eq!(next(&mut feed), "+sub/b.md");
    fs::rename(desk.path("sub/b.md"), desk.path("c.md")).unwrap();
    let mut both = feed.next().unwrap();
    // The two halves of a move may be seen one after the other.
    if both.added.is_empty() || both.removed.is_empty() {
        let other = feed.next().unwrap();
        both.added.extend(other.added);
        both.removed.extend(other.removed);
    }
    assert_eq!(named(&both), "+c.md -sub/b.md");
    fs::remove_file(desk.path("a.md")).unwrap();
    assert_eq!(next(&mut feed), "-a.md");
}

#[test]
fn what_the_notebook_writes_itself_is_told_too() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let notebook = desk.open_words();
    let mut feed = feed(&notebook);
    notebook.create("new.md", "x").unwrap();
    assert_eq!(next(&mut feed), "+new.md");
    notebook.append("new.md", "y", None, None).unwrap();
    assert_eq!(next(&mut feed), "~new.md");
    notebook.undo().unwrap();
    notebook.undo().unwrap();
    let mut heard = String::new();
    eventually("it is gone again", || {
        heard += &named(&feed.now());
        heard.ends_with("-new.md")
    });
}

#[test]
fn a_slow_listener_hears_of_the_difference_alone() {
    let desk = Desk::new(&[("a.md", "giraffe"), ("b.md", "zebra")]);
    let notebook = desk.open_words();
    let (mut slow, mut fast) = (feed(&notebook), feed(&notebook));
    for n in 0..5 {
        desk.put("a.md", format!("walrus{n}"));
        assert_eq!(next(&mut fast), "~a.md");
        notebook.create("passing.md", "x").unwrap();
        assert_eq!(next(&mut fast), "+passing.md");
        fs::remove_file(desk.path("passing.md")).unwrap();
        assert_eq!(next(&mut fast), "-passing.md");
    }
    desk.put("b.md", "yak");
    assert_eq!(next(&mut fast), "~b.md");
    desk.put("b.md", "zebra");
    assert_eq!(next(&mut fast), "~b.md");
    assert_eq!(named(&slow.now()), "~a.md");
    assert!(slow.now().is_empty());
}

#[test]
fn a_file_that_is_only_touched_has_not_changed() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let notebook = desk.open_words();
    let mut feed = feed(&notebook);
    let file = fs::File::options().append(true).open(desk.path("a.md")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(9999))
        .unwrap();
    drop(file);
    // The next change is told without the touched one, which the index knows by then.
    desk.put("z.md", "zebra");
    assert_eq!(next(&mut feed), "+z.md");
    let request = holdall_notes::ListRequest {
        limit: 10,
        ..Default::default()
    };
    eventually("the new time is known", || {
        let page = notebook.list(&request).unwrap();
        let touched = page
            .notes
            .iter()
            .find(|note| note.path.as_str() == "a.md")
            .unwrap();
        touched.modified.duration_since(jiff::Timestamp::now()).abs() > jiff::SignedDuration::from_secs(999)
    });
    assert!(feed.now().is_empty());
}

#[test]
fn files_that_cannot_be_indexed_are_told_of_as_what_they_are() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let notebook = desk.open_words();
    let mut feed = feed(&notebook);
    desk.put("a.md", b"\xff\xfe broken");
    assert_eq!(next(&mut feed), "-a.md");
    desk.put("bad.md", b"\xff\xfe broken");
    assert_eq!(next(&mut feed), "~bad.md");
    desk.put("a.md", "whole again");
    assert_eq!(next(&mut feed), "+a.md");
    fs::remove_file(desk.path("bad.md")).unwrap();
    assert_eq!(next(&mut feed), "~bad.md");
    desk.put("picture.png", "no note");
    desk.put("z.md", "zebra");
    assert_eq!(next(&mut feed), "+z.md");
}

#[test]
fn embeddings_are_no_news() {
    let desk = Desk::new(&[]);
    let notebook = desk.open();
    let mut feed = feed(&notebook);
    notebook.create("a.md", "giraffe").unwrap();
    assert_eq!(next(&mut feed), "+a.md");
    assert!(notebook.wait_until_embedded(crate::support::PATIENCE));
    assert!(feed.now().is_empty());
}

#[test]
fn a_process_that_only_reads_the_index_hears_of_changes_too() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let mut keeper = Other::start(&desk);
    assert_eq!(keeper.ask("ready"), "writer");
    let notebook = desk.open();
    assert_eq!(notebook.progress().role, Role::Reader);
    let mut feed = feed(&notebook);
    desk.put("a.md", "walrus");
    assert_eq!(next(&mut feed), "~a.md");
    assert!(keeper.ask("create c.md").starts_with("ok"));
    assert_eq!(next(&mut feed), "+c.md");
    notebook.create("mine.md", "ostrich").unwrap();
    assert_eq!(next(&mut feed), "+mine.md");
    fs::remove_file(desk.path("c.md")).unwrap();
    assert_eq!(next(&mut feed), "-c.md");
    // The feed outlives the change of roles, which by itself is no news.
    keeper.kill();
    eventually("it takes over", || notebook.progress().role == Role::Writer);
    desk.put("a.md", "penguin");
    assert_eq!(next(&mut feed), "~a.md");
}

#[test]
fn a_missing_folder_and_an_index_made_anew_take_no_note_away() {
    let desk = Desk::new(&[("a.md", "giraffe"), ("b.md", "zebra")]);
    drop(desk.open_words());
    // The next process finds the index damaged, and makes it again from the files.
    let damaged = crate::support::files(desk.data.path());
    let store = damaged
        .iter()
        .find(|path| path.extension().is_some_and(|it| it == "store"))
        .unwrap();
    fs::write(store, "damaged").unwrap();
    fs::remove_file(desk.path("b.md")).unwrap();
    let mut options = holdall_notes::NotebookOptions::new(desk.data.path());
    options.semantic = false;
    let notebook = Notebook::open(&[desk.notes.path()], options).unwrap();
    let mut feed = notebook.changes();
    let mut heard = Vec::new();
    eventually("every note that is there is told of", || {
        heard.push(named(&feed.now()));
        heard.iter().any(|said| said.contains("+a.md"))
    });
    assert!(heard.iter().all(|said| !said.contains('-')), "{heard:?}");
    // A folder that is moved away is out of reach, its notes are not gone.
    let aside = desk.data.path().join("aside");
    fs::rename(desk.notes.path(), &aside).unwrap();
    eventually("the folder is missed", || !notebook.status().problems.is_empty());
    fs::rename(&aside, desk.notes.path()).unwrap();
    desk.put("a.md", "walrus");
    assert_eq!(next(&mut feed), "~a.md");
    assert!(leads(&notebook, "walrus", "a.md"));
}

#[test]
fn a_feed_ends_with_its_notebook_and_wakes_whoever_waits() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let notebook = desk.open_words();
    let mut feed = feed(&notebook);
    let waiting = std::thread::spawn(move || (feed.next(), feed.now(), feed.next()));
    drop(notebook);
    assert_eq!(waiting.join().unwrap(), (None, NoteChanges::default(), None));
}
