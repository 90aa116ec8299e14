//! Paths and files that somebody made to lead elsewhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use holdall_files::{
    Edit, FILE_BYTES_MAX, FileError, IfExists, ListRequest, RootOptions, Roots, SearchRequest,
};
use proptest::prelude::*;

use crate::support::{Ground, kind};

/// Everything a path can be given to, by the name of what is done.
fn all(roots: &Roots, path: &str) -> Vec<(&'static str, Result<(), FileError>)> {
    let list = ListRequest {
        path: Some(path),
        depth: 3,
        limit: 100,
        after: None,
    };
    let search = SearchRequest {
        path: Some(path),
        pattern: Some("."),
        limit: 100,
        ..SearchRequest::default()
    };
    let edit = Edit {
        find: "a".into(),
        replace: "b".into(),
        expected: 1,
    };
    vec![
        ("read", roots.read(path).map(drop)),
        ("entry", roots.entry(path).map(drop)),
        ("list", roots.list(&list).map(drop)),
        ("search", roots.search(&search, &|| false).map(drop)),
        ("write", roots.write(path, "x", IfExists::Replace, None).map(drop)),
        ("append", roots.write(path, "x", IfExists::Append, None).map(drop)),
        ("edit", roots.edit(path, &[edit], None, false).map(drop)),
        ("create_folder", roots.create_folder(path).map(drop)),
        ("move it", roots.rename(path, "r/moved").map(drop)),
        ("move there", roots.rename("r/a.txt", path).map(drop)),
        ("removal", roots.removal(path).map(drop)),
    ]
}

#[test]
fn hostile_texts_are_refused_by_everything() {
    let ground = Ground::new(&[
        ("a.txt", "a"),
        ("f/b.txt", "b"),
        (".env", "canary"),
        (".git/config", "canary"),
    ]);
    let roots = ground.roots();
    let before = ground.everything();
    let absolute = ground.at("outside/secret.txt").display().to_string();
    let (long, deep) = ("x".repeat(300), "d/".repeat(3000));
    for path in [
        "",
        "..",
        ".",
        "r/..",
        "r/../outside/secret.txt",
        "../outside/secret.txt",
        "f/../../outside/secret.txt",
        "r/f/..",
        "r/./a.txt",
        "r//a.txt",
        "//a.txt",
        "/etc/passwd",
        &absolute,
        "r/a.txt\0",
        "a\nb",
        "a\u{85}b",
        "r/\u{202e}txt.a",
        "C:\\x",
        "C:/x",
        "\\\\server\\share",
        ".env",
        "r/.env",
        ".git/config",
        "r/f/.hidden",
        &long,
        &deep,
    ] {
        for (what, outcome) in all(&roots, path) {
            let error = outcome.expect_err(what);
            assert_eq!(error.kind(), "invalid_path", "{what} {path:?}: {error}");
            assert!(!error.to_string().contains("/served"), "{error}");
        }
    }
    assert_eq!(ground.everything(), before);
}

#[test]
fn names_not_every_system_can_hold_are_not_made() {
    let ground = Ground::new(&[("a.txt", "a"), ("caf\u{e9}.txt", "c"), ("Docs/x", "x")]);
    let roots = ground.roots();
    let before = ground.everything();
    for path in [
        "con",
        "a/NUL.txt",
        "com1.txt",
        "x. ",
        "x.",
        " x",
        "a\\b",
        "\u{feff}x",
        "f/lpt9",
    ] {
        assert_eq!(
            kind(roots.write(path, "x", IfExists::Replace, None)),
            "invalid_path",
            "{path:?}"
        );
        assert_eq!(kind(roots.create_folder(path)), "invalid_path", "{path:?}");
        assert_eq!(kind(roots.rename("a.txt", path)), "invalid_path", "{path:?}");
    }
    // Twins are one file to people, and to some systems.
    for path in ["A.TXT", "cafe\u{301}.txt", "docs/X", "r/Caf\u{c9}.txt"] {
        let write = roots.write(path, "x", IfExists::Fail, None);
        assert_eq!(kind(write), "already_exists", "{path}");
        let taken = roots.rename("Docs/x", path);
        assert!(taken.is_err() || path == "docs/X", "{path}");
        if path == "docs/X" {
            roots.rename("Docs/X", "Docs/x").unwrap();
        }
    }
    assert_eq!(ground.everything(), before);
    assert_eq!(roots.read("CAFE\u{301}.TXT").unwrap().path, "r/caf\u{e9}.txt");
    ground.put("served/A.txt", "upper");
    assert_eq!(roots.read("a.txt").unwrap().path, "r/a.txt");
    assert_eq!(kind(roots.read("a.TXT")), "ambiguous");
}

#[test]
fn links_pipes_and_devices_lead_nowhere() {
    let ground = Ground::new(&[
        ("a.txt", "a"),
        ("f/b.txt", "b"),
        (".env", "canary"),
        ("hard.txt", "h"),
    ]);
    let at = |path: &str| ground.at(&format!("served/{path}"));
    symlink(ground.at("outside/secret.txt"), at("out.txt")).unwrap();
    symlink("../outside/secret.txt", at("up.txt")).unwrap();
    symlink("f/../../outside/secret.txt", at("winding.txt")).unwrap();
    symlink(ground.at("outside"), at("outdir")).unwrap();
    symlink("../outside", at("updir")).unwrap();
    symlink(at("a.txt"), at("absolute.txt")).unwrap();
    symlink(".env", at("hidden.txt")).unwrap();
    symlink("loop.txt", at("loop.txt")).unwrap();
    symlink("missing", at("dangling.txt")).unwrap();
    symlink("f", at("indir")).unwrap();
    symlink("../a.txt", at("f/in.txt")).unwrap();
    symlink("f/in.txt", at("twice.txt")).unwrap();
    fs::hard_link(at("hard.txt"), at("harder.txt")).unwrap();
    for name in ["pipe", "f/pipe"] {
        assert!(
            std::process::Command::new("mkfifo")
                .arg(at(name))
                .status()
                .unwrap()
                .success()
        );
    }
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    fs::File::create(at("sparse")).unwrap().set_len(1 << 40).unwrap();
    let roots = ground.roots();
    let before = ground.everything();

    for path in [
        "out.txt",
        "up.txt",
        "winding.txt",
        "absolute.txt",
        "hidden.txt",
        "loop.txt",
        "dangling.txt",
        "outdir",
        "updir",
        "outdir/secret.txt",
        "updir/secret.txt",
        "indir/b.txt",
        "pipe",
        "socket",
        "a.txt/x",
        "f",
    ] {
        let error = roots.read(path).unwrap_err();
        assert!(matches!(error.kind(), "refused" | "io"), "{path}: {error}");
        let text = error.to_string();
        assert!(!text.contains("canary") && !text.contains("outside"), "{text}");
    }
    for path in ["f/in.txt", "twice.txt"] {
        assert_eq!(roots.read(path).unwrap().path, "r/a.txt");
    }
    assert_eq!(kind(roots.read("sparse")), "too_large");
    for path in [
        "out.txt",
        "up.txt",
        "twice.txt",
        "dangling.txt",
        "indir/new.txt",
        "outdir/new.txt",
        "updir/secret.txt",
        "pipe",
        "hard.txt",
        "harder.txt",
        "socket",
        "a.txt/new.txt",
        "f",
    ] {
        for if_exists in [IfExists::Replace, IfExists::Append] {
            let error = roots.write(path, "x", if_exists, None).unwrap_err();
            assert!(matches!(error.kind(), "refused" | "io"), "{path}: {error}");
        }
    }
    assert_eq!(
        kind(roots.write("sparse", "x", IfExists::Append, None)),
        "too_large"
    );
    assert_eq!(kind(roots.rename("a.txt", "outdir/a.txt")), "refused");
    assert_eq!(kind(roots.rename("outdir/secret.txt", "mine.txt")), "refused");
    for path in ["outdir/secret.txt", "f", "pipe", "r"] {
        assert_eq!(kind(roots.removal(path)), "refused", "{path}");
    }
    // Nothing of what lies behind links is found, and no pipe is waited for.
    let everywhere = |glob, pattern| SearchRequest {
        glob,
        pattern,
        limit: 500,
        ..SearchRequest::default()
    };
    let found = roots
        .search(&everywhere(None, Some("canary|b")), &|| false)
        .unwrap();
    let paths: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["r/f/b.txt"]);
    let found = roots
        .search(&everywhere(Some("secret*"), None), &|| false)
        .unwrap();
    assert_eq!(found.files, []);
    assert_eq!(ground.everything(), before);

    // A link itself can be removed, and what it leads to stays.
    let link = roots.removal("out.txt").unwrap();
    roots.remove(&link).unwrap();
    assert!(fs::symlink_metadata(at("out.txt")).is_err());
    assert_eq!(ground.text("outside/secret.txt"), "canary");
}

#[test]
fn what_may_only_be_read_is_only_read() {
    let ground = Ground::new(&[("a.txt", "a"), ("f/b.txt", "b")]);
    let locked = RootOptions {
        write: false,
        ..ground.options("locked")
    };
    let roots = Roots::open([locked], FILE_BYTES_MAX).unwrap();
    let before = ground.everything();
    for (what, outcome) in all(&roots, "locked/f/b.txt") {
        match what {
            "read" | "entry" => outcome.unwrap(),
            "list" | "search" => assert_eq!(kind(outcome), "refused"),
            _ => assert_eq!(kind(outcome), "not_writable", "{what}"),
        }
    }
    assert_eq!(ground.everything(), before);
}

#[test]
fn hidden_names_are_served_on_request_and_gits_are_never_changed() {
    let ground = Ground::new(&[
        (".env", "e"),
        (".git/config", "[core]"),
        (".holdall-1-2.tmp", "half"),
        ("a.txt", "a"),
    ]);
    let shown = RootOptions {
        hidden: true,
        ..ground.options("r")
    };
    let roots = Roots::open([shown], FILE_BYTES_MAX).unwrap();
    assert_eq!(roots.read(".env").unwrap().body.unwrap(), "e");
    assert_eq!(roots.read(".git/config").unwrap().body.unwrap(), "[core]");
    assert_eq!(kind(roots.read(".holdall-1-2.tmp")), "invalid_path");
    let before = ground.everything();
    for path in [
        ".git/config",
        ".git/hooks/pre-commit",
        ".GIT/config",
        "f/.git",
        "GIT~1/config",
    ] {
        for (what, outcome) in all(&roots, path) {
            if !matches!(what, "read" | "entry" | "list" | "search") {
                assert_eq!(kind(outcome), "refused", "{what} {path}");
            }
        }
    }
    assert_eq!(ground.everything(), before);
    roots.write(".env", "f", IfExists::Replace, None).unwrap();
}

#[test]
fn a_root_made_anew_is_opened_again_but_not_through_a_link() {
    let ground = Ground::new(&[("a.txt", "a")]);
    let roots = ground.roots();
    fs::rename(ground.at("served"), ground.at("old")).unwrap();
    assert_eq!(kind(roots.read("a.txt")), "root");
    symlink(ground.at("outside"), ground.at("served")).unwrap();
    let error = roots.read("secret.txt").unwrap_err();
    assert_eq!(error.kind(), "root");
    assert!(!error.to_string().contains("outside"), "{error}");
    fs::remove_file(ground.at("served")).unwrap();
    ground.put("served/a.txt", "new");
    assert_eq!(roots.read("a.txt").unwrap().body.unwrap(), "new");
}

#[test]
fn folders_that_cannot_be_roots_are_explained() {
    let ground = Ground::new(&[("a.txt", "a")]);
    let open = |name: &str, path: &Path| {
        let options = RootOptions {
            path: path.to_owned(),
            ..ground.options(name)
        };
        Roots::open([options], FILE_BYTES_MAX).unwrap_err().to_string()
    };
    assert!(open("r", &ground.at("missing")).contains("does not exist"));
    assert!(open("r", &ground.at("served/a.txt")).contains("is a file"));
    for name in ["", ".r", "a b", "a/b", "é", &"x".repeat(65)] {
        assert!(
            open(name, &ground.at("served")).contains("ASCII letters"),
            "{name}"
        );
    }
    let twice = Roots::open([ground.options("r"), ground.options("R")], FILE_BYTES_MAX);
    assert!(
        twice
            .unwrap_err()
            .to_string()
            .contains("another root has this name")
    );
    let many = (0..65).map(|number| ground.options(&format!("r{number}")));
    assert!(
        Roots::open(many, FILE_BYTES_MAX)
            .unwrap_err()
            .to_string()
            .contains("more than 64")
    );
    assert!(
        Roots::open([], FILE_BYTES_MAX)
            .unwrap_err()
            .to_string()
            .contains("no folder")
    );
}

#[test]
fn roots_are_told_apart_by_their_names() {
    let ground = Ground::new(&[("x.txt", "outer"), ("r/x.txt", "inner")]);
    // A name of a root in front is the root, always.
    let roots = ground.roots();
    assert_eq!(roots.read("x.txt").unwrap().path, "r/x.txt");
    assert_eq!(roots.read("r/x.txt").unwrap().body.unwrap(), "outer");
    assert_eq!(roots.read("R/r/x.txt").unwrap().body.unwrap(), "inner");
    let two = Roots::open([ground.options("one"), ground.options("two")], FILE_BYTES_MAX).unwrap();
    assert_eq!(two.read("two/x.txt").unwrap().path, "two/x.txt");
    let error = two.read("x.txt").unwrap_err().to_string();
    assert!(error.contains("`one/`, `two/`"), "{error}");
}

proptest! {
    /// Whatever the text, what is read is inside, and nothing outside changes.
    #[test]
    fn any_text_stays_inside(text in "(r/)?([a-zA-Z.é\\\\ ~]{0,6}/?){0,4}|\\PC{0,20}|(\\.\\./){0,3}(outdir|up)?/?secret.txt") {
        let ground = Ground::new(&[("a.txt", "a"), ("f/b.txt", "b")]);
        symlink(ground.at("outside"), ground.at("served/outdir")).unwrap();
        symlink("../outside/secret.txt", ground.at("served/up")).unwrap();
        let roots = ground.roots();
        if let Ok(contents) = roots.read(&text) {
            prop_assert!(contents.body != Ok("canary".to_owned()), "{text:?}");
        }
        if let Ok(written) = roots.write(&text, "written", IfExists::Replace, None) {
            let below = written.path.strip_prefix("r/").unwrap();
            let real = fs::canonicalize(ground.at("served").join(below)).unwrap();
            prop_assert!(real.starts_with(fs::canonicalize(ground.at("served")).unwrap()));
            prop_assert!(!below.split('/').any(|part| part.is_empty() || part.starts_with('.')));
        }
        prop_assert_eq!(ground.text("outside/secret.txt"), "canary");
        prop_assert_eq!(fs::read_dir(ground.at("outside")).unwrap().count(), 1);
    }
}
