//! From the arguments of a call to what is asked of the files.

use holdall::prelude::*;
use holdall_files::{Edit, IfExists};
use serde::Deserialize;

use super::path_in;

/// What to do with a file that is there.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum IfExistsArgument {
    Fail,
    Replace,
    Append,
}

impl From<IfExistsArgument> for IfExists {
    fn from(argument: IfExistsArgument) -> Self {
        match argument {
            IfExistsArgument::Fail => Self::Fail,
            IfExistsArgument::Replace => Self::Replace,
            IfExistsArgument::Append => Self::Append,
        }
    }
}

/// A text to replace.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditArgument {
    /// The text, exactly as it stands in the file.
    #[schemars(length(min = 1))]
    find: String,
    /// What to put in its place.
    replace: String,
    /// How often `find` must occur; all occurrences are replaced.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 10_000))]
    expected_count: u32,
}

fn once() -> u32 {
    1
}

impl From<EditArgument> for Edit {
    fn from(argument: EditArgument) -> Self {
        Self {
            find: argument.find,
            replace: argument.replace,
            expected: argument.expected_count as usize,
        }
    }
}

/// The path of a call: as it is, or out of the URI of a resource.
pub(super) fn path_of(text: &str) -> String {
    path_in(text).unwrap_or_else(|| text.to_owned())
}

/// The folder of a call; `None` for all there is, which models write in several ways.
pub(super) fn folder_of(text: &str) -> Option<String> {
    match text.trim() {
        "" | "." | "./" | "/" => None,
        _ => Some(path_of(text)),
    }
}
