//! Any text as the path of a note: what is written lies in the folder of notes, is no hidden file, and nothing around
//! the folder changes.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use holdall_fuzz::split;
use holdall_notes::root::Roots;
use holdall_notes::write::{Edit, Writer, Written};
use libfuzzer_sys::fuzz_target;

const TEXT: &str = "written by the target\n";

fuzz_target!(|data: &[u8]| {
    let Some((mode, bytes)) = split(data) else { return };
    let path = String::from_utf8_lossy(bytes);
    let ground = Ground::new();
    let (notes, work) = (ground.at("notes"), ground.at("work"));
    let folders = if mode & 8 == 0 {
        vec![notes]
    } else {
        vec![notes, work]
    };
    let roots = Arc::new(Roots::open(&folders).expect("the folders are there"));
    let writer = Writer::open(Arc::clone(&roots), &ground.at("state")).expect("the folder is there");
    let around = files(&ground.at("outside"));
    let before: Vec<_> = folders.iter().map(|folder| files(folder)).collect();

    let done = match mode & 3 {
        0 => writer.create_note(&path, TEXT),
        1 => writer.append(&path, TEXT, None, None),
        2 => {
            let edit = Edit::Replace {
                find: "a".into(),
                replace: "b".into(),
                expected: 1,
            };
            writer.edit(&path, &edit, None)
        }
        _ => {
            if let Ok(found) = roots.find(&path) {
                judge_name(found.as_str());
                if let Ok(raw) = roots.read(&found, 1024) {
                    assert!(!raw.bytes.starts_with(b"canary"), "read from outside by {path:?}");
                }
            }
            return;
        }
    };
    let after: Vec<_> = folders.iter().map(|folder| files(folder)).collect();
    match &done {
        Ok(written) => judge(written, &folders),
        Err(_) => assert_eq!(after, before, "refused, and done all the same: {path:?}"),
    }
    assert_eq!(
        files(&ground.at("outside")),
        around,
        "changed outside by {path:?}"
    );
    assert_eq!(
        ground.names(),
        ["notes", "outside", "state", "work"],
        "made outside by {path:?}"
    );
    let is_hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
    for (folder, was) in after.iter().zip(&before) {
        let made = folder
            .keys()
            .find(|file| !was.contains_key(*file) && file.components().any(is_hidden));
        assert_eq!(made, None, "made by {path:?}");
    }
    if done.is_ok_and(|written| !written.diff.is_empty()) {
        writer.undo_last().expect("a change can be taken back");
        let undone: Vec<_> = folders.iter().map(|folder| files(folder)).collect();
        assert_eq!(undone, before, "{path:?}");
    }
});

fn judge(written: &Written, folders: &[PathBuf]) {
    let name = written.path.as_str();
    judge_name(name);
    let (folder, below) = match folders {
        [only] => (only, name),
        several => {
            let (root, below) = name.split_once('/').expect("the folder comes first");
            let named = several.iter().find(|folder| folder.ends_with(root));
            (named.expect("it is one of the folders"), below)
        }
    };
    let file = fs::canonicalize(folder.join(below)).expect("what was written is there");
    assert!(file.starts_with(folder), "{file:?} is not in {folder:?}");
    let bytes = fs::metadata(&file).expect("it is there").len();
    assert_eq!(bytes, written.bytes);
}

fn judge_name(name: &str) {
    let parts = || name.split('/');
    assert!(
        parts().all(|part| !part.is_empty() && !part.starts_with('.')),
        "{name:?}"
    );
    assert!(!name.chars().any(char::is_control), "{name:?}");
}

/// Two folders of notes, and what lies around them.
struct Ground(tempfile::TempDir);

impl Ground {
    fn new() -> Self {
        // Many small files are written, and none is to stay.
        let memory = Path::new("/dev/shm");
        let dir = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let ground = Self(dir.expect("a folder"));
        for folder in ["notes/ideas", "notes/.hidden", "work", "outside", "state"] {
            fs::create_dir_all(ground.at(folder)).expect("a folder");
        }
        for (file, text) in [
            ("notes/a.md", "a note\n"),
            ("notes/ideas/Über.md", "a note\n"),
            ("notes/.hidden/b.md", "a note\n"),
            ("notes/.gitignore", "private*\n"),
            ("notes/private.md", "a note\n"),
            ("work/a.md", "a note\n"),
            ("outside/canary.md", "canary\n"),
            ("outside/shared.md", "of two names\n"),
        ] {
            fs::write(ground.at(file), text).expect("a file");
        }
        symlink(ground.at("outside"), ground.at("notes/out")).expect("a link");
        symlink("../outside/canary.md", ground.at("notes/link.md")).expect("a link");
        symlink("a.md", ground.at("notes/inner.md")).expect("a link");
        symlink("ideas", ground.at("notes/also")).expect("a link");
        fs::hard_link(ground.at("outside/shared.md"), ground.at("work/hard.md")).expect("a link");
        ground
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().expect("it is there").join(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

/// All files below a folder with what is in them; links are not followed.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(&dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = fs::symlink_metadata(&path).expect("it is there").file_type();
            if kind.is_dir() {
                waiting.push(path);
                continue;
            }
            let bytes = match kind.is_symlink() {
                true => fs::read_link(&path)
                    .expect("a link")
                    .into_os_string()
                    .into_encoded_bytes(),
                false => fs::read(&path).expect("a file"),
            };
            found.insert(
                path.strip_prefix(folder).expect("below the folder").to_owned(),
                bytes,
            );
        }
    }
    found
}
