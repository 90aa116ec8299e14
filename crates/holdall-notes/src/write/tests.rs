use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

struct Desk {
    folder: TempDir,
    state: TempDir,
    writer: Writer,
}

fn desk(files: &[(&str, &str)]) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let state = tempfile::tempdir().unwrap();
    let writer = writer(folder.path(), state.path());
    Desk {
        folder,
        state,
        writer,
    }
}

fn writer(folder: &Path, state: &Path) -> Writer {
    Writer::open(Arc::new(Roots::open(&[folder]).unwrap()), state).unwrap()
}

impl Desk {
    fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap()
    }

    /// Every file below the notes folder with its bytes: what must not change when something is refused.
    fn everything(&self) -> Vec<(String, Vec<u8>)> {
        fn gather(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let kind = fs::symlink_metadata(&path).unwrap();
                found.push((
                    path.display().to_string(),
                    if kind.is_file() {
                        fs::read(&path).unwrap()
                    } else {
                        Vec::new()
                    },
                ));
                if kind.is_dir() {
                    gather(&path, found);
                }
            }
        }
        let mut found = Vec::new();
        gather(self.folder.path(), &mut found);
        found.sort();
        found
    }
}

fn replace(find: &str, with: &str) -> Edit {
    Edit::Replace {
        find: find.into(),
        replace: with.into(),
        expected: 1,
    }
}

#[test]
fn a_note_is_created_appended_edited_and_all_of_it_undone() {
    let desk = desk(&[]);
    let created = desk.writer.create_note("ideas/new/mcp", "# MCP").unwrap();
    assert_eq!(created.path.as_str(), "ideas/new/mcp.md");
    assert_eq!(desk.text("ideas/new/mcp.md"), "# MCP\n");
    assert_eq!(
        created.diff,
        "--- /dev/null\n+++ b/ideas/new/mcp.md\n@@ -0,0 +1 @@\n+# MCP\n"
    );
    assert_eq!((created.old_hash, created.bytes), (None, 6));

    let hash = created.hash.unwrap().to_string();
    let appended = desk
        .writer
        .append("ideas/new/mcp", "more", Some("MCP"), Some(&hash))
        .unwrap();
    assert_eq!(appended.old_hash, created.hash);
    assert_eq!(desk.text("ideas/new/mcp.md"), "# MCP\n\nmore\n");
    let edited = desk
        .writer
        .edit("ideas/new/mcp.md", &replace("more", "less"), None)
        .unwrap();
    assert!(edited.diff.contains("-more\n+less\n"), "{}", edited.diff);

    let stale = desk
        .writer
        .append("ideas/new/mcp", "x", None, Some(&hash))
        .unwrap_err();
    assert_eq!(stale.kind(), "conflict");
    assert!(stale.to_string().contains(&edited.hash.unwrap().to_string()));

    assert_eq!(desk.writer.undo_last().unwrap().hash, appended.hash);
    assert_eq!(desk.text("ideas/new/mcp.md"), "# MCP\n\nmore\n");
    // The journal outlives the writer.
    let next = writer(desk.folder.path(), desk.state.path());
    assert_eq!(next.undo_last().unwrap().hash, created.hash);
    assert_eq!(next.undo_last().unwrap().hash, None);
    assert!(!desk.file("ideas/new/mcp.md").exists());
    assert_eq!(next.undo_last().unwrap_err().kind(), "nothing_to_undo");
}

#[test]
fn undo_refuses_a_note_that_changed_since() {
    let desk = desk(&[("a.md", "one")]);
    desk.writer.append("a", "two", None, None).unwrap();
    fs::write(desk.file("a.md"), "by hand").unwrap();
    assert_eq!(desk.writer.undo_last().unwrap_err().kind(), "conflict");
    assert_eq!(desk.text("a.md"), "by hand");
    fs::remove_file(desk.file("a.md")).unwrap();
    assert_eq!(desk.writer.undo_last().unwrap_err().kind(), "conflict");
}

#[test]
fn the_journal_keeps_the_last_fifty() {
    let desk = desk(&[("a.md", "")]);
    for number in 0..53 {
        desk.writer
            .append("a", &format!("- {number}"), None, None)
            .unwrap();
    }
    let undone = std::iter::from_fn(|| desk.writer.undo_last().ok()).count();
    assert_eq!(undone, 50);
    assert_eq!(desk.text("a.md"), "- 0\n- 1\n- 2\n");
}

#[test]
fn a_change_that_never_took_place_is_not_undone() {
    let desk = desk(&[("a.md", "one\n")]);
    desk.writer.append("a", "two", None, None).unwrap();
    // A writer killed between journal and rename leaves a record, a temporary file and the old text.
    let place = desk.writer.roots.locate("a.md").unwrap();
    let now = ContentHash::of(desk.text("a.md").as_bytes());
    let record = Record::new(&place, Some(now), ContentHash::of(b"never"));
    desk.writer
        .journal
        .append(&record, desk.text("a.md").as_bytes())
        .unwrap();
    fs::write(desk.file(&record.temporary), "half").unwrap();

    let next = writer(desk.folder.path(), desk.state.path());
    assert!(!desk.file(&record.temporary).exists());
    next.undo_last().unwrap();
    assert_eq!(desk.text("a.md"), "one\n");
}

#[test]
fn mode_mark_and_line_endings_are_kept() {
    let desk = desk(&[("a.md", "\u{feff}one\r\ntwo\r\n")]);
    fs::set_permissions(desk.file("a.md"), fs::Permissions::from_mode(0o640)).unwrap();
    desk.writer.edit("a", &replace("one\ntwo", "1\n2"), None).unwrap();
    desk.writer.append("a", "three", None, None).unwrap();
    assert_eq!(desk.text("a.md"), "\u{feff}1\r\n2\r\n\r\nthree\r\n");
    assert_eq!(
        fs::metadata(desk.file("a.md")).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_eq!(fs::read_dir(desk.folder.path()).unwrap().count(), 1);
}

#[test]
fn hostile_targets_change_nothing() {
    let desk = desk(&[
        ("a.md", "a"),
        ("linked.md", "l"),
        ("dir/b.md", "b"),
        ("caf\u{e9}.md", "c"),
        ("plain.txt", "p"),
    ]);
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("o.md"), "outside").unwrap();
    symlink(outside.path().join("o.md"), desk.file("out.md")).unwrap();
    symlink(outside.path(), desk.file("outdir")).unwrap();
    symlink("a.md", desk.file("in.md")).unwrap();
    symlink("dir", desk.file("indir")).unwrap();
    symlink("missing.md", desk.file("dangling.md")).unwrap();
    fs::hard_link(desk.file("linked.md"), desk.file("twice.md")).unwrap();
    fs::create_dir(desk.file("folder.md")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(desk.file("pipe.md"))
            .status()
            .unwrap()
            .success()
    );
    fs::write(desk.file("latin.md"), b"caf\xe9").unwrap();
    fs::File::create(desk.file("huge.md"))
        .unwrap()
        .set_len(NOTE_BYTES_MAX + 1)
        .unwrap();
    let before = desk.everything();

    let long = format!("{}.md", "x".repeat(256));
    let both = [
        ("../x.md", "invalid_path"),
        ("/tmp/x.md", "invalid_path"),
        ("dir/../../x.md", "invalid_path"),
        ("a\0.md", "invalid_path"),
        (".hidden.md", "invalid_path"),
        (".git/x.md", "invalid_path"),
        (&long, "invalid_path"),
        ("", "invalid_path"),
        ("outdir/o.md", "refused"),
        ("indir/b.md", "refused"),
        ("a.md/x.md", "refused"),
    ];
    for (path, kind) in both {
        assert_eq!(
            desk.writer.create_note(path, "x").unwrap_err().kind(),
            kind,
            "create {path:?}"
        );
        assert_eq!(
            desk.writer.append(path, "x", None, None).unwrap_err().kind(),
            kind,
            "append {path:?}"
        );
        assert_eq!(
            desk.writer
                .edit(path, &replace("a", "x"), None)
                .unwrap_err()
                .kind(),
            kind,
            "edit {path:?}"
        );
    }
    for (path, kind) in [
        ("out.md", "refused"),
        ("in.md", "refused"),
        ("dangling.md", "refused"),
        ("twice.md", "refused"),
        ("linked.md", "refused"),
        ("folder.md", "refused"),
        ("pipe.md", "refused"),
        ("latin.md", "not_text"),
        ("huge.md", "too_large"),
        ("plain.txt", "not_found"),
        ("missing.md", "not_found"),
    ] {
        assert_eq!(
            desk.writer.append(path, "x", None, None).unwrap_err().kind(),
            kind,
            "append {path:?}"
        );
        assert_eq!(
            desk.writer
                .edit(path, &replace("a", "x"), None)
                .unwrap_err()
                .kind(),
            kind,
            "edit {path:?}"
        );
    }
    for (path, kind) in [
        ("a.md", "already_exists"),
        ("A.MD", "already_exists"),
        ("cafe\u{301}", "already_exists"),
        ("DIR/B", "already_exists"),
        ("out.md", "already_exists"),
        ("dangling.md", "already_exists"),
        ("folder", "already_exists"),
        ("con.md", "invalid_path"),
        ("x.sh", "invalid_path"),
        ("a\\b", "invalid_path"),
    ] {
        assert_eq!(
            desk.writer.create_note(path, "x").unwrap_err().kind(),
            kind,
            "create {path:?}"
        );
    }
    let too_long = "x".repeat(NOTE_BYTES_MAX as usize + 1);
    assert_eq!(
        desk.writer.create_note("big", &too_long).unwrap_err().kind(),
        "too_large"
    );
    assert_eq!(
        desk.writer.append("a", &too_long, None, None).unwrap_err().kind(),
        "too_large"
    );
    assert_eq!(
        desk.writer.create_note("nul", "a\0b").unwrap_err().kind(),
        "invalid_argument"
    );
    assert_eq!(
        desk.writer
            .append("a", "b", None, Some("xyz"))
            .unwrap_err()
            .kind(),
        "invalid_argument"
    );

    assert!(desk.everything() == before, "something was changed");
    assert_eq!(
        fs::read_to_string(outside.path().join("o.md")).unwrap(),
        "outside"
    );
    assert_eq!(desk.writer.undo_last().unwrap_err().kind(), "nothing_to_undo");
}

#[test]
fn creating_uses_the_folders_that_are_there() {
    let desk = desk(&[("Projects/a.md", "")]);
    assert_eq!(
        desk.writer.create_note("projects/b", "x").unwrap().path.as_str(),
        "Projects/b.md"
    );
}

#[test]
fn of_two_creators_one_wins() {
    let desk = desk(&[]);
    for round in 0..20 {
        let name = format!("note {round}");
        let wins = std::thread::scope(|scope| {
            let rivals: Vec<_> = (0..4)
                .map(|rival| {
                    let (folder, state, name) = (desk.folder.path(), desk.state.path(), &name);
                    scope.spawn(move || {
                        writer(folder, state)
                            .create_note(name, &format!("by {rival}"))
                            .is_ok()
                    })
                })
                .collect();
            rivals
                .into_iter()
                .map(|rival| rival.join().unwrap())
                .filter(|won| *won)
                .count()
        });
        assert_eq!(wins, 1);
    }
}

#[test]
fn creating_never_replaces_even_without_the_lock() {
    let desk = desk(&[]);
    // Writers with different state folders do not see each other's locks.
    for round in 0..20 {
        let name = format!("note {round}");
        let wins = std::thread::scope(|scope| {
            let rivals: Vec<_> = (0..4)
                .map(|rival| {
                    let (folder, name) = (desk.folder.path(), &name);
                    scope.spawn(move || {
                        let state = tempfile::tempdir().unwrap();
                        writer(folder, state.path())
                            .create_note(name, &format!("by {rival}"))
                            .is_ok()
                    })
                })
                .collect();
            rivals
                .into_iter()
                .map(|rival| rival.join().unwrap())
                .filter(|won| *won)
                .count()
        });
        assert_eq!(wins, 1, "{name}");
    }
}

#[test]
fn no_addition_of_concurrent_writers_is_lost() {
    let desk = desk(&[("log.md", "")]);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (folder, state) = (desk.folder.path(), desk.state.path());
            scope.spawn(move || {
                let writer = writer(folder, state);
                for entry in 0..10 {
                    writer
                        .append("log", &format!("- {thread}/{entry}"), None, None)
                        .unwrap();
                }
            });
        }
    });
    let mut lines: Vec<String> = desk.text("log.md").lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 40);
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), 40);
}

#[test]
fn of_two_writers_that_expect_the_same_one_is_told() {
    let desk = desk(&[("a.md", "start\n")]);
    let hash = ContentHash::of(b"start\n").to_string();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let rivals: Vec<_> = (0..4)
            .map(|rival| {
                scope.spawn({
                    let (desk, hash) = (&desk, &hash);
                    move || desk.writer.append("a", &format!("by {rival}"), None, Some(hash))
                })
            })
            .collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .all(|error| error.kind() == "conflict")
    );
}

#[test]
fn a_full_disk_leaves_the_old_file_whole() {
    let disk = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(disk.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        println!("skipped: needs mount permission");
        return;
    }
    let state = tempfile::tempdir().unwrap();
    fs::write(disk.path().join("a.md"), "old\n").unwrap();
    let writer = writer(disk.path(), state.path());
    let big = "x".repeat(200 * 1024);
    let appended = writer.append("a", &big, None, None).map(|written| written.bytes);
    let created = writer.create_note("b", &big).map(|written| written.bytes);
    let text = fs::read_to_string(disk.path().join("a.md")).unwrap();
    let files = fs::read_dir(disk.path()).unwrap().count();
    let undo = writer.undo_last().map(|written| written.bytes);
    drop(writer);
    assert!(
        std::process::Command::new("umount")
            .arg("-l")
            .arg(disk.path())
            .status()
            .unwrap()
            .success()
    );

    assert_eq!(
        appended.unwrap_err().to_string(),
        "the disk is full, `a.md` is unchanged"
    );
    assert_eq!(created.unwrap_err().kind(), "disk_full");
    assert_eq!((text.as_str(), files), ("old\n", 1));
    assert_eq!(undo.unwrap_err().kind(), "nothing_to_undo");
}

const KILLED_FOLDER: &str = "HOLDALL_TEST_KILLED_FOLDER";

/// The process that is killed: writes until it is. Only the test below starts it, by the variable.
#[test]
fn killed_process() {
    let Some(folder) = std::env::var_os(KILLED_FOLDER).map(PathBuf::from) else {
        return;
    };
    let writer = writer(&folder.join("notes"), &folder.join("state"));
    let whole = |number: usize| format!("## Body\n\n{}\nend", format!("{number}\n").repeat(2_000));
    let started = fs::read_dir(folder.join("notes")).unwrap().count();
    for number in started.. {
        let name = format!("note {number}");
        writer.create_note(&name, &whole(number)).unwrap();
        let body = Edit::Section {
            heading: "Body".into(),
            body: format!("{}\nend", "new\n".repeat(3_000)),
        };
        writer.edit(&name, &body, None).unwrap();
        println!("written");
    }
}

#[test]
fn killed_writers_leave_whole_notes_and_a_journal_that_works() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let (notes, state) = (folder.path().join("notes"), folder.path().join("state"));
    fs::create_dir(&notes).unwrap();
    for round in 0..8 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "write::tests::killed_process", "--nocapture"])
            .env(KILLED_FOLDER, folder.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        assert_eq!(
            lines
                .filter(|line| line.contains("written"))
                .take(1 + round)
                .count(),
            1 + round
        );
        child.kill().unwrap();
        child.wait().unwrap();

        let next = writer(&notes, &state);
        for entry in fs::read_dir(&notes).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(path.extension().unwrap(), "md", "{} is left", path.display());
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.starts_with("## Body") && text.ends_with("\nend\n"),
                "{} is not whole",
                path.display()
            );
        }
        let undone = next.undo_last().unwrap();
        assert!(undone.old_hash.is_some());
    }
}
