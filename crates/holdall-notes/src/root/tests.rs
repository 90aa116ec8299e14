use std::fs;
use std::os::unix::fs::symlink;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn notes() -> (TempDir, Roots) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("ideas/deep")).unwrap();
    fs::write(folder.path().join("ideas/mcp.md"), "mcp").unwrap();
    fs::write(folder.path().join("ideas/caf\u{e9}.md"), "nfc").unwrap();
    fs::write(folder.path().join("Top.MD"), "top").unwrap();
    fs::write(folder.path().join("plain.txt"), "secret").unwrap();
    let roots = Roots::open(&[folder.path()]).unwrap();
    (folder, roots)
}

fn kind<T: std::fmt::Debug>(outcome: Result<T, NotesError>) -> &'static str {
    outcome.unwrap_err().kind()
}

#[test]
fn notes_are_found_by_what_people_write() {
    let (_folder, roots) = notes();
    for (text, expected) in [
        ("ideas/mcp.md", "ideas/mcp.md"),
        ("ideas/mcp", "ideas/mcp.md"),
        ("Ideas/MCP", "ideas/mcp.md"),
        ("ideas/cafe\u{301}", "ideas/caf\u{e9}.md"),
        ("top.md", "Top.MD"),
    ] {
        assert_eq!(roots.find(text).unwrap().as_str(), expected, "{text}");
        let raw = roots.read(&NotePath::new(text), 100).unwrap();
        assert_eq!(raw.path.as_str(), expected);
    }
}

#[test]
fn hostile_paths_are_refused() {
    let (_folder, roots) = notes();
    let long = format!("{}.md", "a".repeat(300));
    let deep = "a/".repeat(3000) + "x.md";
    for text in [
        "",
        "/etc/passwd",
        "/ideas/mcp.md",
        "../x.md",
        "ideas/../../x.md",
        "ideas/./mcp.md",
        "ideas//mcp.md",
        "ideas/",
        "a\0b.md",
        "a\nb.md",
        "C:\\x.md",
        "C:/x.md",
        "\\\\server\\x.md",
        ".git/config.md",
        "ideas/.hidden.md",
        &long,
        &deep,
        "..",
    ] {
        assert_eq!(kind(roots.find(text)), "invalid_path", "{text:?}");
        assert_eq!(kind(roots.locate_new(text)), "invalid_path", "{text:?}");
    }
    for text in ["plain.txt", "nothing", "nothing/x.md", "ideas"] {
        assert_eq!(kind(roots.find(text)), "not_found", "{text:?}");
    }
    for text in [
        "con.md",
        "a/NUL",
        "com1.md",
        "lpt9.x.md",
        "a /x.md",
        "a./x.md",
        " x.md",
        "x .md/y ",
        "a\\b.md",
        "\u{202e}x.md",
        "x.txt",
        "x.exe",
    ] {
        assert_eq!(kind(roots.locate_new(text)), "invalid_path", "{text:?}");
    }
}

#[test]
fn links_pipes_and_folders_do_not_lead_out() {
    let (folder, roots) = notes();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.md"), "secret").unwrap();
    symlink(outside.path().join("secret.md"), folder.path().join("out.md")).unwrap();
    symlink(outside.path(), folder.path().join("outdir")).unwrap();
    symlink("mcp.md", folder.path().join("ideas/in.md")).unwrap();
    symlink("../Top.MD", folder.path().join("ideas/up.md")).unwrap();
    symlink("ideas", folder.path().join("indir")).unwrap();
    symlink("loop.md", folder.path().join("loop.md")).unwrap();
    fs::create_dir(folder.path().join("dir.md")).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(folder.path().join("pipe.md"))
        .status()
        .unwrap();
    assert!(pipe.success());

    let read = |path: &str| roots.read(&NotePath::new(path), 100);
    for path in [
        "out.md",
        "outdir/secret.md",
        "indir/mcp.md",
        "loop.md",
        "dir.md",
        "pipe.md",
    ] {
        assert_eq!(kind(read(path)), "refused", "{path}");
    }
    assert_eq!(read("ideas/in.md").unwrap().bytes, b"mcp");
    assert_eq!(read("ideas/up.md").unwrap().bytes, b"top");
    for path in ["outdir/new.md", "indir/new.md"] {
        assert_eq!(kind(roots.locate_new(path)), "refused", "{path}");
    }
    let message = read("out.md").unwrap_err().to_string();
    assert!(
        !message.contains(outside.path().to_str().unwrap()) && !message.contains("tmp"),
        "{message}"
    );
}

#[test]
fn size_is_checked_before_reading() {
    let (folder, roots) = notes();
    let file = fs::File::create(folder.path().join("sparse.md")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_eq!(
        kind(roots.read(&NotePath::new("sparse.md"), NOTE_BYTES_MAX)),
        "too_large"
    );
    assert_eq!(kind(roots.read(&NotePath::new("ideas/mcp.md"), 2)), "too_large");
}

#[test]
fn twins_are_told_apart_or_asked_about() {
    let (folder, roots) = notes();
    fs::write(folder.path().join("ideas/MCP.md"), "upper").unwrap();
    assert_eq!(
        roots.read(&NotePath::new("ideas/MCP.md"), 100).unwrap().bytes,
        b"upper"
    );
    assert_eq!(
        roots.read(&NotePath::new("ideas/mcp.md"), 100).unwrap().bytes,
        b"mcp"
    );
    assert_eq!(kind(roots.find("ideas/Mcp.md")), "ambiguous");
    for text in [
        "ideas/mcp",
        "IDEAS/mcP.MD",
        "ideas/cafe\u{301}.md",
        "ideas/CAF\u{c9}",
    ] {
        assert_eq!(kind(roots.locate_new(text)), "already_exists", "{text}");
    }
    let place = roots.locate_new("Ideas/New/x").unwrap();
    assert_eq!(place.path.as_str(), "ideas/New/x.md");
}

#[test]
fn several_roots_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, three] = ["a/notes", "b/notes", "c/work"].map(|name| folder.path().join(name));
    for root in [&one, &two, &three] {
        fs::create_dir_all(root).unwrap();
        fs::write(root.join("x.md"), root.to_str().unwrap()).unwrap();
    }
    let roots = Roots::open(&[&one, &two, &three, &one]).unwrap();
    assert_eq!(
        roots.iter().map(Root::name).collect::<Vec<_>>(),
        ["notes", "notes-2", "work"]
    );
    assert_eq!(roots.find("notes-2/x").unwrap().as_str(), "notes-2/x.md");
    assert_eq!(
        roots.read(&NotePath::new("work/x.md"), 1000).unwrap().bytes,
        three.to_str().unwrap().as_bytes()
    );
    for text in ["x.md", "work", "elsewhere/x.md"] {
        let error = roots.find(text).unwrap_err();
        assert!(
            error.kind() == "invalid_path" && error.to_string().contains("`work/`"),
            "{error}"
        );
    }
    assert_eq!(
        roots.note_path(1, Path::new("q/y.md")).unwrap().as_str(),
        "notes-2/q/y.md"
    );
    assert_eq!(roots.note_path(1, Path::new("../y.md")), None);
}

#[test]
fn folders_that_cannot_be_roots_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("in/er")).unwrap();
    fs::write(folder.path().join("file.md"), "").unwrap();
    let message = |folders: &[PathBuf]| Roots::open(folders).unwrap_err().to_string();
    assert!(message(&[folder.path().join("missing")]).contains("does not exist"));
    assert!(message(&[folder.path().join("file.md")]).contains("is a file"));
    assert!(
        message(&[folder.path().join("in"), folder.path().join("in/er")]).contains("one inside the other")
    );
    assert!(message(&[]).contains("no folder"));
}

#[test]
fn a_root_made_anew_is_opened_again_but_not_through_a_link() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("notes");
    fs::create_dir(&root).unwrap();
    let roots = Roots::open(&[&root]).unwrap();
    fs::rename(&root, parent.path().join("old")).unwrap();
    assert_eq!(kind(roots.find("x.md")), "root");
    symlink(parent.path().join("old"), &root).unwrap();
    assert_eq!(kind(roots.find("x.md")), "root");
    fs::remove_file(&root).unwrap();
    fs::create_dir(&root).unwrap();
    fs::write(root.join("x.md"), "new").unwrap();
    assert_eq!(roots.read(&NotePath::new("x.md"), 10).unwrap().bytes, b"new");
}

proptest! {
    /// Whatever the text, what is found is inside the root, and what is not found is an error.
    #[test]
    fn any_text_stays_inside(text in "([a-zA-Z.é\\\\ ~]{0,6}/?){0,5}|\\PC{0,20}|(\\.\\./){0,3}ideas/mcp(\\.md)?") {
        let (folder, roots) = notes();
        if let Ok(path) = roots.find(&text) {
            let real = fs::canonicalize(folder.path().join(path.as_str())).unwrap();
            prop_assert!(real.starts_with(fs::canonicalize(folder.path()).unwrap()));
        }
        if let Ok(place) = roots.locate_new(&text) {
            let bad = place.path.as_str().split('/').any(|part| part.is_empty() || part.starts_with('.'));
            prop_assert!(!bad && is_note_name(&place.name));
        }
    }
}
