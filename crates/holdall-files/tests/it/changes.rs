//! What writing, editing, moving and removing do when all is well, and when it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use holdall_files::{ContentHash, Edit, FILE_BYTES_MAX, IfExists, Roots};

use crate::support::{Ground, kind};

fn edit(find: &str, replace: &str, expected: usize) -> Edit {
    Edit {
        find: find.into(),
        replace: replace.into(),
        expected,
    }
}

#[test]
fn a_file_is_written_once_replaced_and_appended_to() {
    let ground = Ground::new(&[]);
    let roots = ground.roots();
    let made = roots
        .write("r/new/deep/a.txt", "one\n", IfExists::Fail, None)
        .unwrap();
    assert_eq!(
        (made.path.as_str(), made.old_hash, made.bytes),
        ("r/new/deep/a.txt", None, 4)
    );
    assert_eq!(
        made.diff,
        "--- /dev/null\n+++ b/r/new/deep/a.txt\n@@ -0,0 +1 @@\n+one\n"
    );
    let again = roots.write("new/deep/a.txt", "two\n", IfExists::Fail, None);
    assert_eq!(kind(again), "already_exists");
    let hash = made.hash.to_string();
    let appended = roots
        .write("new/deep/a.txt", "two\n", IfExists::Append, Some(&hash))
        .unwrap();
    assert_eq!(appended.old_hash, Some(made.hash));
    assert_eq!(ground.text("served/new/deep/a.txt"), "one\ntwo\n");
    let stale = roots
        .write("new/deep/a.txt", "three\n", IfExists::Replace, Some(&hash))
        .unwrap_err();
    assert_eq!(stale.kind(), "conflict");
    assert!(stale.to_string().contains(&appended.hash.to_string()));
    roots
        .write("new/deep/a.txt", "three\n", IfExists::Replace, None)
        .unwrap();
    assert_eq!(ground.text("served/new/deep/a.txt"), "three\n");
    assert_eq!(fs::read_dir(ground.at("served/new/deep")).unwrap().count(), 1);
    // An expected hash is of a file that is there.
    assert_eq!(
        kind(roots.write("b.txt", "x", IfExists::Replace, Some(&hash))),
        "not_found"
    );
    assert_eq!(
        kind(roots.write("b.txt", "x", IfExists::Fail, Some("xyz"))),
        "invalid_argument"
    );
    assert_eq!(
        kind(roots.write("b.txt", "x\0", IfExists::Fail, None)),
        "invalid_argument"
    );
    let long = "x".repeat(FILE_BYTES_MAX as usize + 1);
    assert_eq!(
        kind(roots.write("b.txt", &long, IfExists::Fail, None)),
        "too_large"
    );
    assert_eq!(
        kind(roots.write("new/deep/a.txt", &long, IfExists::Append, None)),
        "too_large"
    );
}

#[test]
fn edits_are_made_all_or_none() {
    let text = "\u{feff}one two\r\nthree one\r\n";
    let ground = Ground::new(&[("a.txt", text)]);
    fs::set_permissions(ground.at("served/a.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    let roots = ground.roots();
    let tried = roots
        .edit("a.txt", &[edit("two\nthree", "2\n3", 1)], None, true)
        .unwrap();
    assert!(tried.diff.contains("-three one"), "{}", tried.diff);
    assert_eq!(ground.text("served/a.txt"), text);
    let edits = [edit("one", "1", 2), edit("tow", "2", 1)];
    let error = roots.edit("a.txt", &edits, None, false).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("edit 2: the text to replace was found 0 times"),
        "{error}"
    );
    assert_eq!(
        (error.kind(), ground.text("served/a.txt").as_str()),
        ("count_mismatch", text)
    );
    let edits = [edit("one", "1", 2), edit("two\nthree", "2\n3", 1)];
    let done = roots
        .edit(
            "a.txt",
            &edits,
            Some(&ContentHash::of(text.as_bytes()).to_string()),
            false,
        )
        .unwrap();
    assert_eq!(ground.text("served/a.txt"), "\u{feff}1 2\r\n3 1\r\n");
    assert_eq!(done.hash, roots.read("a.txt").unwrap().hash);
    let mode = fs::metadata(ground.at("served/a.txt"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    fs::write(ground.at("served/latin.txt"), b"caf\xe9").unwrap();
    assert_eq!(
        kind(roots.edit("latin.txt", &[edit("caf", "x", 1)], None, false)),
        "not_text"
    );
    // What would become too much is refused before it is made.
    ground.put("served/many.txt", &"a".repeat(1_000_000));
    let explosion = edit("a", &"b".repeat(1_000_000), 1_000_000);
    assert_eq!(
        kind(roots.edit("many.txt", &[explosion], None, false)),
        "too_large"
    );
}

#[test]
fn moving_never_replaces() {
    let ground = Ground::new(&[
        ("a.txt", "a"),
        ("b.txt", "b"),
        ("f/c.txt", "c"),
        ("full/d.txt", "d"),
    ]);
    fs::create_dir(ground.at("served/empty")).unwrap();
    let roots = ground.roots();
    let before = ground.everything();
    for (from, to, wrong) in [
        ("a.txt", "b.txt", "already_exists"),
        ("a.txt", "B.txt", "already_exists"),
        ("a.txt", "f", "already_exists"),
        ("f", "empty", "already_exists"),
        ("f", "full", "already_exists"),
        ("f", "f/g/h", "invalid_argument"),
        ("f", "f", "already_exists"),
        ("a.txt", "a.txt", "already_exists"),
        ("missing", "x", "not_found"),
        ("r", "x", "refused"),
        ("a.txt", "r", "refused"),
    ] {
        assert_eq!(kind(roots.rename(from, to)), wrong, "{from} to {to}");
    }
    assert_eq!(ground.everything(), before);
    let moved = roots.rename("r/f", "r/new/place").unwrap();
    assert_eq!((moved.from.as_str(), moved.to.as_str()), ("r/f", "r/new/place"));
    assert_eq!(ground.text("served/new/place/c.txt"), "c");
    roots.rename("a.txt", "A.txt").unwrap();
    assert_eq!(ground.text("served/A.txt"), "a");
}

#[test]
fn folders_are_made_once() {
    let ground = Ground::new(&[("a.txt", "a"), ("Docs/x", "x")]);
    let roots = ground.roots();
    assert_eq!(
        roots.create_folder("x/y/z/").unwrap(),
        ("r/x/y/z".to_owned(), true)
    );
    assert_eq!(
        roots.create_folder("x/y/z").unwrap(),
        ("r/x/y/z".to_owned(), false)
    );
    assert_eq!(
        roots.create_folder("docs/new").unwrap(),
        ("r/Docs/new".to_owned(), true)
    );
    assert_eq!(kind(roots.create_folder("a.txt")), "already_exists");
    assert_eq!(kind(roots.create_folder("a.txt/x")), "refused");
}

#[test]
fn only_what_was_looked_at_is_removed() {
    let ground = Ground::new(&[("a.txt", "a"), ("full/.hidden", "h")]);
    fs::create_dir(ground.at("served/empty")).unwrap();
    let roots = ground.roots();
    let removal = roots.removal("a.txt").unwrap();
    ground.put("served/a.txt", "other");
    assert_eq!(kind(roots.remove(&removal)), "refused");
    assert_eq!(ground.text("served/a.txt"), "other");
    roots.remove(&roots.removal("a.txt").unwrap()).unwrap();
    assert!(!ground.at("served/a.txt").exists());
    let error = roots.removal("full").unwrap_err();
    assert!(
        error.to_string().contains("not empty, hidden files counted"),
        "{error}"
    );
    let empty = roots.removal("empty").unwrap();
    ground.put("served/empty/new.txt", "n");
    assert_eq!(kind(roots.remove(&empty)), "refused");
    fs::remove_file(ground.at("served/empty/new.txt")).unwrap();
    roots.remove(&roots.removal("empty").unwrap()).unwrap();
    assert!(!ground.at("served/empty").exists());
}

#[test]
fn of_several_writers_one_makes_the_file_and_none_is_lost() {
    let ground = Ground::new(&[("log.txt", "")]);
    // Writers of different processes do not see each other's locks.
    let both = [ground.roots(), ground.roots()];
    for round in 0..50 {
        let path = format!("new {round}.txt");
        let wins = std::thread::scope(|scope| {
            let rivals = both.each_ref().map(|roots| {
                let path = &path;
                scope.spawn(move || roots.write(path, "x", IfExists::Fail, None).is_ok())
            });
            rivals
                .map(|rival| usize::from(rival.join().unwrap()))
                .iter()
                .sum::<usize>()
        });
        assert_eq!(wins, 1, "{path}");
    }
    let roots = &both[0];
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for line in 0..25 {
                    roots
                        .write("log.txt", &format!("{thread}/{line}\n"), IfExists::Append, None)
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(ground.text("served/log.txt").lines().count(), 100);
}

#[test]
fn what_killed_writers_left_is_removed_after_an_hour() {
    let ground = Ground::new(&[
        (".holdall-1-2.tmp", "half"),
        (".holdall-3-4.tmp", "half"),
        ("a.txt", "a"),
    ]);
    let old = fs::File::options()
        .write(true)
        .open(ground.at("served/.holdall-1-2.tmp"))
        .unwrap();
    old.set_modified(SystemTime::now() - Duration::from_secs(2 * 3600))
        .unwrap();
    ground
        .roots()
        .write("a.txt", "b", IfExists::Replace, None)
        .unwrap();
    assert!(!ground.at("served/.holdall-1-2.tmp").exists());
    assert!(ground.at("served/.holdall-3-4.tmp").exists());
}

#[test]
fn a_full_disk_leaves_the_old_file_whole() {
    let ground = Ground::new(&[]);
    let disk = ground.at("served");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(&disk)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        println!("skipped: needs mount permission");
        return;
    }
    ground.put("served/a.txt", "old\n");
    let roots: Roots = ground.roots();
    let big = "x".repeat(200 * 1024);
    let outcomes = [
        roots.write("a.txt", &big, IfExists::Replace, None),
        roots.write("a.txt", &big, IfExists::Append, None),
        roots.edit("a.txt", &[edit("old", &big, 1)], None, false),
        roots.write("b.txt", &big, IfExists::Fail, None),
    ];
    let text = ground.text("served/a.txt");
    let files = fs::read_dir(&disk).unwrap().count();
    drop(roots);
    let unmounted = std::process::Command::new("umount")
        .arg("-l")
        .arg(&disk)
        .status()
        .unwrap();
    assert!(unmounted.success());
    for outcome in outcomes {
        assert_eq!(kind(outcome), "disk_full");
    }
    assert_eq!((text.as_str(), files), ("old\n", 1));
}
