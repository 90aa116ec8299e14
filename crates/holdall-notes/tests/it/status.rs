//! Every file that cannot be found, or only in part, is named with the reason.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::processes::Other;
use crate::support::{Desk, eventually, inventory, leads};

#[test]
fn files_that_cannot_be_indexed_are_named_with_the_reason() {
    let desk = Desk::new(&[
        ("good.md", "giraffe"),
        ("broken.md", "---\ntitle: [unclosed\n---\nwalrus\n"),
        ("deep/link-target.txt", "x"),
    ]);
    desk.put("binary.md", b"a\0b");
    desk.put("latin1.md", b"caf\xe9 au lait");
    desk.put("utf16.md", b"\xff\xfea\0b\0");
    desk.put("longline.md", "a".repeat(2_000_000));
    File::create(desk.path("huge.md"))
        .unwrap()
        .set_len(100 * 1024 * 1024)
        .unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("x.md"), "outside").unwrap();
    std::os::unix::fs::symlink(outside.path().join("x.md"), desk.path("out.md")).unwrap();
    std::os::unix::fs::symlink("nowhere.md", desk.path("dangling.md")).unwrap();
    let made = Command::new("mkfifo").arg(desk.path("pipe.md")).status().unwrap();
    assert!(made.success());

    let notebook = desk.open_words();
    let told = |path: &str| {
        let problems = notebook.status().problems;
        let problem = problems.into_iter().find(|problem| problem.path == path);
        problem.map_or_else(String::new, |problem| {
            format!("{}: {}", problem.state, problem.reason)
        })
    };
    for (path, said) in [
        ("binary.md", "skipped: it is binary: byte 1 is NUL"),
        ("latin1.md", "skipped: it is not UTF-8: byte 3 is invalid"),
        ("utf16.md", "skipped: it is UTF-16; save it as UTF-8"),
        (
            "longline.md",
            "skipped: a line has 2000000 bytes, at most 1048576 are indexed",
        ),
        (
            "huge.md",
            "skipped: the file has 104857600 bytes, at most 16777216 are indexed",
        ),
        ("out.md", "skipped: it leads nowhere, or out of the notes folder"),
        (
            "dangling.md",
            "skipped: it leads nowhere, or out of the notes folder",
        ),
        ("pipe.md", "skipped: it is not a regular file"),
    ] {
        assert_eq!(told(path), said, "{path}");
    }
    assert!(
        told("broken.md").starts_with("warning: "),
        "{}",
        told("broken.md")
    );
    assert_eq!(
        inventory(&notebook),
        [("broken.md".to_owned(), 1), ("good.md".to_owned(), 1)]
    );
    assert!(leads(&notebook, "walrus", "broken.md"));

    // Put right or removed, they are no problems any more.
    let paths: Vec<String> = notebook
        .status()
        .problems
        .into_iter()
        .map(|problem| problem.path)
        .collect();
    for path in paths {
        fs::remove_file(desk.path(&path)).unwrap();
        if path != "pipe.md" {
            desk.put(&path, "ostrich");
        }
    }
    eventually("no problem is left", || notebook.status().problems.is_empty());
    eventually("they are found", || {
        leads(&notebook, "ostrich", "latin1.md") && leads(&notebook, "ostrich", "out.md")
    });
    // They are known to the next one from the start, and not taken up again.
    drop(notebook);
    assert_eq!(desk.open_words().status().problems, []);
}

#[test]
fn a_file_that_may_not_be_read_is_named_until_it_may() {
    let desk = Desk::new(&[("good.md", "giraffe"), ("locked.md", "walrus")]);
    let permit = |mode| {
        fs::set_permissions(desk.path("locked.md"), fs::Permissions::from_mode(mode)).unwrap();
    };
    permit(0o000);
    let Some(mut other) = Other::start_without_privileges(&desk) else {
        println!("skipped: needs user namespaces, since root reads every file");
        return;
    };
    assert_eq!(other.ask("ready"), "writer");
    assert_eq!(other.ask("problems"), "locked.md failed: permission denied");
    assert_eq!(other.ask("list"), "good.md");
    permit(0o600);
    eventually("no problem is left", || other.ask("problems").is_empty());
    assert!(other.ask("find walrus").starts_with("locked.md"));
}

#[test]
fn what_cannot_be_indexed_is_not_taken_up_at_every_start() {
    let desk = Desk::new(&[("good.md", "giraffe")]);
    std::os::unix::fs::symlink("nowhere.md", desk.path("dangling.md")).unwrap();
    desk.put("binary.md", b"a\0b");
    drop(desk.open_words());
    let commits = || {
        let files = crate::support::files(desk.data.path());
        let meta = files
            .into_iter()
            .find(|path| path.ends_with("meta.json"))
            .unwrap();
        fs::read_to_string(meta).unwrap()
    };
    let before = commits();
    let notebook = desk.open_words();
    assert_eq!(notebook.status().problems.len(), 2);
    drop(notebook);
    assert_eq!(commits(), before);
}
