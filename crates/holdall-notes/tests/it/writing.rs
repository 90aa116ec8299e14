//! Writing through the notebook.

use std::fs;

use holdall_notes::Edit;

use crate::support::{Desk, assert_gone, files, found, leads, paths};

#[test]
fn what_was_written_is_found_on_return() {
    let desk = Desk::new(&[("stays.md", "about animals")]);
    let notebook = desk.open();
    for round in 0..5 {
        let path = format!("ideas/new{round}.md");
        let word = |name: &str| format!("{name}{round}");
        let created = notebook
            .create(&path, &format!("# Zoo\n\n{}\n", word("giraffe")))
            .unwrap();
        assert_eq!(created.path.as_str(), path);
        assert!(leads(&notebook, &word("giraffe"), &path));
        notebook
            .append(&path, &word("walrus"), Some("Zoo"), None)
            .unwrap();
        assert!(leads(&notebook, &word("walrus"), &path));
        let edit = Edit::Replace {
            find: word("giraffe"),
            replace: word("ostrich"),
            expected: 1,
        };
        let edited = notebook.edit(&path, &edit, None).unwrap();
        assert!(leads(&notebook, &word("ostrich"), &path));
        assert!(!leads(&notebook, &word("giraffe"), &path));
        assert_eq!(notebook.read(&path, None).unwrap().hash, edited.hash.unwrap());
        notebook.undo().unwrap();
        assert!(leads(&notebook, &word("giraffe"), &path));
        notebook.undo().unwrap();
        assert!(!leads(&notebook, &word("walrus"), &path));
        let undone = notebook.undo().unwrap();
        assert_eq!(undone.hash, None);
        assert_gone(&notebook, &path, &word("giraffe"), "stays.md");
        assert_eq!(notebook.undo().unwrap_err().kind(), "nothing_to_undo");
    }
    assert_eq!(paths(&notebook), ["stays.md"]);
}

#[test]
fn a_write_that_expects_another_text_changes_nothing() {
    let desk = Desk::new(&[("a.md", "one\n")]);
    let notebook = desk.open_words();
    let hash = notebook.read("a.md", None).unwrap().hash.to_string();
    desk.put("a.md", "two\n");
    let error = notebook.append("a.md", "three", None, Some(&hash)).unwrap_err();
    assert_eq!(error.kind(), "conflict");
    assert_eq!(fs::read_to_string(desk.path("a.md")).unwrap(), "two\n");
    assert_eq!(files(desk.notes.path()), [desk.path("a.md")]);
}

#[test]
fn nothing_outside_or_hidden_is_read_or_written() {
    let desk = Desk::new(&[
        ("a.md", "a"),
        (".obsidian/plan.md", "hidden"),
        (".git/notes.md", "hidden"),
        (".hidden.md", "hidden"),
        ("private/secret.md", "hidden"),
        (".gitignore", "private/"),
    ]);
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("out.md"), "outside").unwrap();
    std::os::unix::fs::symlink(outside.path(), desk.path("folder")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("out.md"), desk.path("link.md")).unwrap();
    let notebook = desk.open_words();
    assert_eq!(paths(&notebook), ["a.md"]);
    assert_eq!(found(&notebook, "hidden outside"), [""; 0]);
    let absolute = outside.path().join("out.md");
    let before = files(desk.notes.path());
    for path in [
        ".obsidian/plan.md",
        ".obsidian/plan",
        ".git/notes.md",
        ".hidden.md",
        ".hidden",
        "private/secret.md",
        "secret",
        "secret.md",
        "../out.md",
        "folder/out.md",
        "folder/new.md",
        "link.md",
        "a.md/x.md",
        "a.md/../a.md",
        "a\0.md",
        "",
        absolute.to_str().unwrap(),
    ] {
        assert!(notebook.read(path, None).is_err(), "{path} was read");
        let related = notebook.related(path, 5);
        assert!(
            related.is_err() || path == "link.md",
            "{path} is related: {related:?}"
        );
        assert!(
            notebook.append(path, "x", None, None).is_err(),
            "{path} was appended to"
        );
        let edit = Edit::Replace {
            find: "hidden".into(),
            replace: "x".into(),
            expected: 1,
        };
        assert!(notebook.edit(path, &edit, None).is_err(), "{path} was edited");
        if !["secret", "secret.md"].contains(&path) {
            assert!(notebook.create(path, "x").is_err(), "{path} was created");
        }
    }
    assert_eq!(files(desk.notes.path()), before);
    assert_eq!(fs::read_to_string(absolute).unwrap(), "outside");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}
