//! Names that say nothing about what lives behind them.

use crate::finding::Finding;
use crate::sources::Source;

const RULE: &str =
    "a file or folder is named after what lives in it; a name that fits everything attracts everything";

const FORBIDDEN: [&str; 7] = ["utils", "util", "common", "helpers", "helper", "types", "misc"];

/// Finds files and folders with such names.
pub(super) fn check(code: &[Source]) -> Vec<Finding> {
    code.iter().filter_map(|source| finding(&source.path)).collect()
}

fn finding(path: &str) -> Option<Finding> {
    let name = path
        .split('/')
        .map(|part| part.trim_end_matches(".rs"))
        .find(|part| FORBIDDEN.contains(part))?;
    Some(Finding {
        place: path.to_owned(),
        problem: format!("named `{name}`"),
        rule: RULE,
        remedy:
            "name it after the one thing it does; when it does several, move each to the code that uses it"
                .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_in_files_and_folders() {
        for path in [
            "crates/holdall/src/utils.rs",
            "crates/holdall/src/common/mod.rs",
            "crates/holdall/tests/helpers/client.rs",
            "crates/types/src/lib.rs",
            "crates/holdall/src/misc.rs",
        ] {
            assert_eq!(finding(path).map(|finding| finding.place).as_deref(), Some(path));
        }
    }

    #[test]
    fn names_with_such_a_word_inside_are_fine() {
        assert_eq!(finding("crates/holdall/src/argument_types.rs"), None);
        assert_eq!(finding("crates/holdall/src/commonmark.rs"), None);
    }
}
