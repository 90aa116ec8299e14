use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, &[u8])]) -> (TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let folder = Folder::open(dir.path()).unwrap();
    (dir, folder)
}

/// Names with their texts or what is wrong with them.
fn read(folder: &Folder) -> Vec<(String, Result<String, String>)> {
    let files = folder.read().unwrap().files;
    files.into_iter().map(|file| (file.name, file.text)).collect()
}

fn problem(folder: &Folder) -> String {
    let mut files = read(folder);
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0).1.unwrap_err()
}

#[test]
fn visible_markdown_is_read_in_order() {
    let (dir, folder) = folder(&[
        ("b.md", b"b"),
        ("A.MD", b"a"),
        (".hidden.md", b"x"),
        ("README.md", b"x"),
        ("notes.txt", b"x"),
        ("md", b"x"),
        (".md", b"x"),
    ]);
    fs::create_dir(dir.path().join("more")).unwrap();
    fs::write(dir.path().join("more/c.md"), "x").unwrap();
    let expected = [("A.MD", "a"), ("b.md", "b")].map(|(name, text)| (name.to_owned(), Ok(text.to_owned())));
    assert_eq!(read(&folder), expected);
}

#[test]
fn links_are_not_followed() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    let (dir, folder) = folder(&[("inside", b"x")]);
    for target in [
        outside.path(),
        Path::new("/etc/passwd"),
        Path::new("inside"),
        Path::new("nowhere"),
    ] {
        let link = dir.path().join("a.md");
        symlink(target, &link).unwrap();
        assert_eq!(
            problem(&folder),
            "it is a link, and links are not followed: put the file itself here",
            "{target:?}"
        );
        fs::remove_file(link).unwrap();
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let (dir, folder) = folder(&[]);
    let path = dir.path().join("a.md");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    assert_eq!(problem(&folder), "it is not a regular file");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(problem(&folder), "it is not a regular file");
    fs::remove_dir(&path).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert_eq!(problem(&folder), "the system cannot read it");
}

#[test]
fn sizes_are_bounded_and_known_before_anything_is_read() {
    let (dir, folder) = folder(&[("a.md", &[b'x'; FILE_BYTES_MAX as usize])]);
    assert!(read(&folder)[0].1.is_ok());
    // Larger than any memory, and yet nothing on the disk.
    fs::File::create(dir.path().join("a.md"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert_eq!(
        problem(&folder),
        "it is larger than 65536 bytes, the most a template may have"
    );
}

#[test]
fn text_is_utf_8() {
    let (_dir, folder) = folder(&[("a.md", b"caf\xe9")]);
    assert_eq!(problem(&folder), "it is not UTF-8 text: save it in that encoding");
}

#[test]
fn too_many_files_are_told_of() {
    let (dir, folder) = folder(&[]);
    for number in 0..=FILES_MAX {
        fs::write(dir.path().join(format!("{number:03}.md")), "x").unwrap();
    }
    let content = folder.read().unwrap();
    assert_eq!(content.files.len(), FILES_MAX);
    assert_eq!(
        content.problems,
        ["it holds 201 templates, and the first 200 by their names are read: remove some"]
    );
}

#[test]
fn names_that_are_no_text_are_told_of() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let (dir, folder) = folder(&[]);
    fs::write(dir.path().join(OsStr::from_bytes(b"caf\xe9.md")), "x").unwrap();
    let content = folder.read().unwrap();
    assert!(content.files.is_empty());
    assert_eq!(
        content.problems,
        ["the name of `caf\u{fffd}.md` is not UTF-8: rename it"]
    );
}

#[test]
fn folders_are_judged_when_they_are_opened_and_whenever_they_are_read() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("prompts");
    let said = Folder::open(&path).unwrap_err().to_string();
    assert!(said.contains("it does not exist; make it"), "{said}");
    fs::write(&path, "").unwrap();
    let said = Folder::open(&path).unwrap_err().to_string();
    assert!(said.contains("it is a file, not a folder"), "{said}");
    fs::remove_file(&path).unwrap();

    fs::create_dir(&path).unwrap();
    fs::write(path.join("a.md"), "x").unwrap();
    let folder = Folder::open(&path).unwrap();
    let first = folder.identity();
    assert!(first.is_some());
    fs::rename(&path, parent.path().join("elsewhere")).unwrap();
    assert_eq!(folder.read().unwrap_err(), "it does not exist");
    assert_eq!(folder.identity(), None);
    // A link in its place leads somewhere nobody has named.
    symlink(parent.path().join("elsewhere"), &path).unwrap();
    assert_eq!(folder.read().unwrap_err(), "it does not exist");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(folder.read().unwrap().files.is_empty());
    assert_ne!(folder.identity(), first);
}
