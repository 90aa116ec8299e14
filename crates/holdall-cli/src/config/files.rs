//! The folders of the toolset `files` as the command line names them.

use std::path::{Path, PathBuf};

use holdall_toolsets::files::root_name_of;
use toml::{Table, Value};

/// What `files.roots` is for these arguments, each with whether it may be written. A folder without a name has its own,
/// with `-2`, `-3`… where that is taken.
pub(crate) fn table_of<'a>(arguments: impl IntoIterator<Item = (&'a PathBuf, bool)>) -> Table {
    let parted: Vec<_> = arguments
        .into_iter()
        .map(|(argument, write)| (parted(argument), write))
        .collect();
    let mut roots = Table::new();
    let named = |one: &&((Option<String>, PathBuf), bool)| one.0.0.is_some();
    // Names somebody chose are theirs.
    for ((name, path), write) in parted
        .iter()
        .filter(named)
        .chain(parted.iter().filter(|one| !named(one)))
    {
        let base = name.clone().unwrap_or_else(|| root_name_of(path));
        let mut free = base.clone();
        let mut number = 1;
        while roots.keys().any(|taken| taken.eq_ignore_ascii_case(&free)) {
            number += 1;
            free = format!("{base}-{number}");
        }
        let root = [
            ("path", Value::from(path.to_string_lossy().into_owned())),
            ("write", (*write).into()),
        ];
        let root: Table = root
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        roots.insert(free, root.into());
    }
    roots
}

/// `NAME=DIR`, or a folder alone. What cannot be a name is part of the path.
fn parted(argument: &Path) -> (Option<String>, PathBuf) {
    let is_name =
        |name: &str| !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with(['.', '~']);
    match argument.to_str().and_then(|text| text.split_once('=')) {
        Some((name, path)) if is_name(name) => (Some(name.to_owned()), PathBuf::from(path)),
        _ => (None, argument.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_have_the_names_they_are_given_or_their_own() {
        let arguments = [
            ("/srv/my docs", false),
            ("work=/home/ada/w", true),
            ("/home/ada/work", true),
            ("/a=b/c", false),
            ("/", false),
        ]
        .map(|(argument, write)| (PathBuf::from(argument), write));
        let table = table_of(arguments.iter().map(|(argument, write)| (argument, *write)));
        let shown: Vec<_> = table
            .iter()
            .map(|(name, root)| {
                format!(
                    "{name} {} {}",
                    root["path"].as_str().expect("a path"),
                    root["write"].as_bool().expect("yes or no")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "c /a=b/c false",
                "my-docs /srv/my docs false",
                "root / false",
                "work /home/ada/w true",
                "work-2 /home/ada/work true",
            ]
        );
    }
}
