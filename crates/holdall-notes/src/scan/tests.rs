use std::fs;
use std::os::unix::fs::symlink;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::chunk::{ChunkLimits, estimated_tokens};

fn folder(files: &[(&str, &str)]) -> (TempDir, Roots) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let roots = Roots::open(&[folder.path()]).unwrap();
    (folder, roots)
}

fn names(walk: &Walk) -> Vec<&str> {
    walk.entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn under(paths: &[&str]) -> Scope {
    Scope::Under(
        paths
            .iter()
            .map(|path| Hint {
                root: 0,
                relative: path.into(),
            })
            .collect(),
    )
}

fn outcome(roots: &Roots, path: &str) -> Outcome {
    let zone = TimeZone::UTC;
    let parser = NoteParser {
        zone: &zone,
        limits: ChunkLimits::default(),
        count_tokens: &estimated_tokens,
    };
    read(roots, &NotePath::new(path), ScanLimits::default(), &parser)
}

fn reason(outcome: Outcome) -> String {
    match outcome {
        Outcome::Skipped { reason } => format!("skipped: {reason}"),
        Outcome::Failed { reason } => format!("failed: {reason}"),
        other => panic!("{other:?}"),
    }
}

const FILES: &[(&str, &str)] = &[
    ("a.md", "a"),
    ("b.txt", ""),
    ("deep/c.markdown", ""),
    ("deep/d.mdx", ""),
    ("deep/drafts/e.md", ""),
    ("deep/.ignore", "drafts/\n"),
    (".gitignore", "/build\n*.tmp.md\n"),
    ("build/f.md", ""),
    ("deep/build/g.md", ""),
    ("x.tmp.md", ""),
    (".obsidian/h.md", ""),
    (".hidden.md", ""),
];

#[test]
fn the_walk_sees_notes_and_nothing_else() {
    let (folder, roots) = folder(FILES);
    symlink("a.md", folder.path().join("link.md")).unwrap();
    symlink("deep", folder.path().join("linked")).unwrap();
    symlink("/etc/hostname", folder.path().join("out.md")).unwrap();
    let walk = walk(&roots, &Scope::All);
    assert_eq!(
        names(&walk),
        [
            "a.md",
            "deep/build/g.md",
            "deep/c.markdown",
            "deep/d.mdx",
            "link.md"
        ]
    );
    assert_eq!(walk.problems.len(), 1);
    assert!(walk.problems.contains_key(&NotePath::new("out.md")));
    assert!(walk.entries[0].bytes == 1 && walk.entries[0].identity.1 != 0);
}

#[test]
fn looking_under_paths_agrees_with_the_whole_walk() {
    let (_folder, roots) = folder(FILES);
    let all = walk(&roots, &Scope::All).entries;
    for path in [
        "",
        "a.md",
        "b.txt",
        "deep",
        "deep/drafts",
        "deep/drafts/e.md",
        "build",
        "build/f.md",
        "x.tmp.md",
        "missing",
    ] {
        let scope = under(&[path]);
        let expected: Vec<&Entry> = all
            .iter()
            .filter(|entry| scope.covers(&roots, &entry.path))
            .collect();
        let found = walk(&roots, &scope).entries;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{path}");
    }
    assert_eq!(
        names(&walk(&roots, &under(&["a.md", "deep/d.mdx"]))),
        ["a.md", "deep/d.mdx"]
    );
}

#[test]
fn a_scope_covers_notes_of_deleted_folders() {
    let (_folder, roots) = folder(FILES);
    let scope = under(&["gone"]);
    assert!(scope.covers(&roots, &NotePath::new("gone/x.md")));
    assert!(!scope.covers(&roots, &NotePath::new("gone2/x.md")));
    assert!(walk(&roots, &scope).entries.is_empty());
}

#[test]
fn a_rename_keeps_the_identity() {
    let (folder, roots) = folder(&[("a.md", "a")]);
    let before = walk(&roots, &Scope::All).entries.remove(0);
    fs::rename(folder.path().join("a.md"), folder.path().join("b.md")).unwrap();
    let after = walk(&roots, &Scope::All).entries.remove(0);
    assert_eq!(
        (after.path.as_str(), after.identity, after.modified),
        ("b.md", before.identity, before.modified)
    );
}

#[test]
fn a_missing_root_is_not_an_empty_one() {
    let (folder, roots) = folder(FILES);
    fs::rename(folder.path(), folder.path().with_extension("away")).unwrap();
    assert_eq!(walk(&roots, &Scope::All).missing_roots, [0]);
    fs::rename(folder.path().with_extension("away"), folder.path()).unwrap();
    assert_eq!(walk(&roots, &Scope::All).entries.len(), 4);
}

#[test]
fn every_file_has_a_state() {
    let (folder, roots) = folder(&[("ok.md", "# Fine\n\ntext"), ("nul.md", "a\0b"), ("big.md", "")]);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("latin.md", b"caf\xe9");
    write("wide.md", b"\xff\xfea\0");
    write("line.md", &vec![b'x'; 1024 * 1024 + 1]);
    fs::File::create(folder.path().join("big.md"))
        .unwrap()
        .set_len(17 * 1024 * 1024)
        .unwrap();

    let Outcome::Indexed(note) = outcome(&roots, "ok.md") else {
        panic!()
    };
    assert_eq!((note.title.as_str(), note.chunks.len()), ("Fine", 1));
    for (path, expected) in [
        ("nul.md", "skipped: it is binary: byte 1 is NUL"),
        ("latin.md", "skipped: it is not UTF-8: byte 3 is invalid"),
        ("wide.md", "skipped: it is UTF-16; save it as UTF-8"),
        (
            "line.md",
            "skipped: a line has 1048577 bytes, at most 1048576 are indexed",
        ),
        (
            "big.md",
            "skipped: the file has 17825792 bytes, at most 16777216 are indexed",
        ),
    ] {
        assert_eq!(reason(outcome(&roots, path)), expected);
    }
    assert!(matches!(outcome(&roots, "gone.md"), Outcome::Gone));
}

#[test]
fn pipes_are_skipped() {
    let (folder, roots) = folder(&[]);
    assert!(
        std::process::Command::new("mkfifo")
            .arg(folder.path().join("pipe.md"))
            .status()
            .unwrap()
            .success()
    );
    let walk = walk(&roots, &Scope::All);
    assert!(walk.problems.contains_key(&NotePath::new("pipe.md")));
    assert_eq!(
        reason(outcome(&roots, "pipe.md")),
        "skipped: it is not a regular file"
    );
}

#[test]
fn states_are_plain_json() {
    let state = FileState::Skipped { reason: "x".into() };
    assert_eq!(
        serde_json::to_string(&state).unwrap(),
        r#"{"state":"skipped","reason":"x"}"#
    );
    assert_eq!(
        serde_json::from_str::<FileState>(r#"{"state":"indexed"}"#).unwrap(),
        FileState::Indexed
    );
}

#[test]
fn hints_follow_ignore_files_and_skip_the_hidden() {
    assert_eq!(concerned(Path::new("a/b.md")), Some("a/b.md".into()));
    assert_eq!(concerned(Path::new("a/.gitignore")), Some("a".into()));
    assert_eq!(concerned(Path::new(".ignore")), Some("".into()));
    assert_eq!(concerned(Path::new(".git/index")), None);
    assert_eq!(concerned(Path::new("a/.tmp.md")), None);
}

/// Trees of a few names, with ignore files and repositories anywhere in them.
fn trees() -> impl Strategy<Value = Vec<(String, String)>> {
    let folder = "(|a/|a/b/|b/|b/a/|c/|b/a/c/)";
    let note = (folder, "(a|b|c|x)\\.md").prop_map(|(folder, name)| (folder + &name, String::new()));
    let pattern = "!?/?(a|b|c|x|\\*|\\*\\*/c|a/b|a\\*)(\\.md)?/?\n";
    let rules = (folder, "\\.(git)?ignore", prop::collection::vec(pattern, 1..4))
        .prop_map(|(folder, name, patterns)| (folder + &name, patterns.concat()));
    let repository = folder.prop_map(|folder| (folder + ".git/HEAD", String::new()));
    let file = prop_oneof![6 => note, 3 => rules, 1 => repository];
    prop::collection::vec(file, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_path_is_judged_as_the_walk_judges_it(tree in trees()) {
        let files: Vec<(&str, &str)> = tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let (folder, roots) = folder(&files);
        let walk = walk(&roots, &Scope::All);
        let walked: BTreeSet<&str> = names(&walk).into_iter().collect();
        let judged: BTreeSet<&str> = files
            .iter()
            .map(|(path, _)| *path)
            .filter(|path| path.ends_with(".md") && !is_ignored(folder.path(), Path::new(path)))
            .collect();
        prop_assert_eq!(walked, judged);
    }
}

#[test]
fn what_is_left_out_is_no_note_for_readers_and_writers_either() {
    let (folder, roots) = folder(&[
        (".gitignore", "private/\n*.secret.md\n"),
        ("private/a.md", "a"),
        ("b.secret.md", "b"),
        ("c.md", "c"),
    ]);
    for path in ["private/a.md", "b.secret.md", "private/a", "Private/A"] {
        assert_eq!(roots.find(path).unwrap_err().kind(), "refused", "{path}");
    }
    assert!(roots.find("c.md").is_ok());
    let state = tempfile::tempdir().unwrap();
    let writer = crate::write::Writer::open(Arc::new(roots), state.path()).unwrap();
    for path in ["private/new.md", "new.secret.md"] {
        assert_eq!(
            writer.create_note(path, "x").unwrap_err().kind(),
            "refused",
            "{path}"
        );
        assert!(!folder.path().join(path).exists());
    }
    assert_eq!(
        writer.append("private/a.md", "x", None, None).unwrap_err().kind(),
        "refused"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("private/a.md")).unwrap(),
        "a"
    );
}
