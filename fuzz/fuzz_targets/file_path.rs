//! Any text as the path of a file: what is read, listed, written, moved or removed lies in a root, is not hidden, and
//! nothing around the roots changes.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use holdall_files::{FILE_BYTES_MAX, FileError, IfExists, ListRequest, RootOptions, Roots};
use holdall_fuzz::split;
use libfuzzer_sys::fuzz_target;

const TEXT: &str = "written by the target\n";

fuzz_target!(|data: &[u8]| {
    let Some((mode, bytes)) = split(data) else { return };
    let path = String::from_utf8_lossy(bytes);
    let ground = Ground::new();
    let served: &[&str] = if mode & 8 == 0 { &["work"] } else { &["work", "docs"] };
    let roots = Roots::open(served.iter().map(|name| ground.root(name)), FILE_BYTES_MAX);
    let roots = roots.expect("the folders are there");
    let before = files(ground.0.path());

    let done: Result<Option<String>, FileError> = match mode & 7 {
        0 => roots.write(&path, TEXT, IfExists::Fail, None).map(|written| Some(written.path)),
        1 => roots.write(&path, TEXT, IfExists::Replace, None).map(|written| Some(written.path)),
        2 => roots.rename("work/a.txt", &path).map(|moved| Some(moved.to)),
        3 => roots.rename(&path, "work/moved").map(|moved| Some(moved.from)),
        4 => roots.create_folder(&path).map(|(path, _)| Some(path)),
        5 => roots
            .removal(&path)
            .and_then(|removal| roots.remove(&removal).map(|()| Some(removal.path))),
        6 => {
            if let Ok(contents) = roots.read(&path) {
                judge_name(&contents.path, served);
                let is_canary = contents.body.is_ok_and(|text| text.starts_with("canary"));
                assert!(!is_canary, "read from outside by {path:?}");
            }
            Ok(None)
        }
        _ => {
            let request = ListRequest {
                path: Some(&path),
                depth: 8,
                limit: 100,
                after: None,
            };
            for entry in roots.list(&request).unwrap_or_default().entries {
                judge_name(&entry.path, served);
                assert!(!entry.path.ends_with("canary"), "listed from outside by {path:?}");
            }
            Ok(None)
        }
    };
    let after = files(ground.0.path());
    match done {
        Ok(Some(name)) => judge_name(&name, served),
        // A folder may have been made for a file that then could not be.
        _ => assert_eq!(after, before, "refused, and done all the same: {path:?}"),
    }
    let allowed = |file: &&PathBuf| {
        let inside = served.iter().any(|root| *root == "work" && file.starts_with(root));
        let hidden = file.iter().any(|part| part.as_encoded_bytes().starts_with(b"."));
        inside && !hidden
    };
    for (file, bytes) in &after {
        assert!(before.get(file) == Some(bytes) || allowed(&file), "{file:?} was changed by {path:?}");
    }
    for file in before.keys() {
        assert!(after.contains_key(file) || allowed(&file), "{file:?} was removed by {path:?}");
    }
});

fn judge_name(name: &str, served: &[&str]) {
    let mut parts = name.split('/');
    assert!(parts.next().is_some_and(|root| served.contains(&root)), "{name:?}");
    assert!(parts.all(|part| !part.is_empty() && !part.starts_with('.')), "{name:?}");
    assert!(!name.chars().any(char::is_control), "{name:?}");
}

/// A root to write, one to read, and what lies around them.
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
        for folder in ["work/ideas", "work/.hidden", "work/empty", "docs", "outside"] {
            fs::create_dir_all(ground.at(folder)).expect("a folder");
        }
        for (file, text) in [
            ("work/a.txt", "a file\n"),
            ("work/ideas/\u{dc}ber.txt", "a file\n"),
            ("work/.hidden/b.txt", "canary\n"),
            ("docs/a.txt", "a file\n"),
            ("outside/canary", "canary\n"),
            ("outside/shared", "of two names\n"),
        ] {
            fs::write(ground.at(file), text).expect("a file");
        }
        symlink(ground.at("outside"), ground.at("work/out")).expect("a link");
        symlink("../outside/canary", ground.at("work/link.txt")).expect("a link");
        symlink("a.txt", ground.at("work/inner.txt")).expect("a link");
        symlink("ideas", ground.at("work/also")).expect("a link");
        fs::hard_link(ground.at("outside/shared"), ground.at("work/hard.txt")).expect("a link");
        ground
    }

    fn root(&self, name: &str) -> RootOptions {
        RootOptions {
            name: name.to_owned(),
            path: self.at(name),
            write: name == "work",
            hidden: false,
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
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
