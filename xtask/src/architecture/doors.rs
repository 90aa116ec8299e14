//! Each folder with code has a door, `mod.rs`, `lib.rs` or `main.rs`, which opens with what lives behind it.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::sources::Source;

const RULE: &str = "each folder's mod.rs or lib.rs opens with what lives there and what does not, so that a reader \
                    knows within seconds whether this is the room";

/// Files by which a folder is entered.
const DOORS: [&str; 3] = ["mod.rs", "lib.rs", "main.rs"];

/// Finds folders without a door, and doors without words.
pub(super) fn check(code: &[Source]) -> Vec<Finding> {
    let rooms: Vec<&Source> = code
        .iter()
        .filter(|source| !source.is_exempt() && source.path.contains("/src/"))
        .collect();
    let folders: BTreeSet<&str> = rooms.iter().filter_map(|source| folder(&source.path)).collect();
    let missing = folders.into_iter().filter(|folder| {
        // Each file of `src/bin` is a program of its own.
        let is_door = |source: &&Source| DOORS.iter().any(|door| source.path == format!("{folder}/{door}"));
        !folder.ends_with("/src/bin") && !rooms.iter().any(is_door)
    });
    let silent = rooms
        .iter()
        .filter(|source| is_door(&source.path) && !source.text.starts_with("//!"));
    missing
        .map(missing_door)
        .chain(silent.map(|source| silent_door(source)))
        .collect()
}

fn folder(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

fn is_door(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| DOORS.contains(&name))
}

fn missing_door(folder: &str) -> Finding {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    Finding {
        place: folder.to_owned(),
        problem: "the folder has no mod.rs".to_owned(),
        rule: RULE,
        remedy: format!("move {name}.rs, if it exists beside the folder, to {folder}/mod.rs"),
    }
}

fn silent_door(source: &Source) -> Finding {
    Finding {
        place: format!("{}:1", source.path),
        problem: "the file does not start with `//!`".to_owned(),
        rule: RULE,
        remedy: "write in its first lines what lives here, what does not, and where to look for that"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let code: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source {
                path: (*path).into(),
                text: (*text).into(),
            })
            .collect();
        check(&code)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.place, finding.problem))
            .collect()
    }

    #[test]
    fn doors_with_words_pass() {
        let files = [
            ("crates/a/src/lib.rs", "//! What lives here.\n"),
            ("crates/a/src/inner/mod.rs", "//! What lives here.\n"),
            ("crates/a/src/inner/part.rs", "struct Part;\n"),
            ("crates/a/src/bin/extra.rs", "fn main() {}\n"),
            ("crates/a/tests/it/main.rs", "mod calls;\n"),
        ];
        assert!(problems(&files).is_empty());
    }

    #[test]
    fn a_door_without_words_is_found() {
        let files = [
            ("crates/a/src/lib.rs", "mod inner;\n"),
            ("crates/a/src/inner/mod.rs", "// Plain.\n"),
        ];
        assert_eq!(
            problems(&files),
            [
                "crates/a/src/lib.rs:1: the file does not start with `//!`",
                "crates/a/src/inner/mod.rs:1: the file does not start with `//!`",
            ]
        );
    }

    #[test]
    fn a_folder_without_a_door_is_found() {
        let files = [
            ("crates/a/src/lib.rs", "//! Words.\n"),
            ("crates/a/src/inner/part.rs", "//! Words.\n"),
        ];
        assert_eq!(problems(&files), ["crates/a/src/inner: the folder has no mod.rs"]);
    }
}
