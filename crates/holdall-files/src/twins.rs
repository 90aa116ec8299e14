//! Names that are one name to people, and to some file systems: other case, other Unicode form.

use cap_std::fs::Dir;
use unicode_normalization::UnicodeNormalization;

use crate::error::FileError;
use crate::names::shortened;

/// A text without what makes twins differ.
pub fn folded(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// The name in `dir` that `name` means: itself, or its only twin. `text` is the whole path, for errors.
///
/// # Errors
/// `ambiguous` if there are several, `io`.
pub fn spelled(dir: &Dir, name: &str, text: &str) -> Result<Option<String>, FileError> {
    // Where case does not matter, the file answers to any spelling; only the listing knows the real one.
    let insensitive = cfg!(any(windows, target_os = "macos"));
    if !insensitive && dir.symlink_metadata(name).is_ok() {
        return Ok(Some(name.to_owned()));
    }
    let mut twins = twins(dir, name, text)?;
    if let Some(exact) = twins.iter().position(|twin| twin == name) {
        return Ok(Some(twins.swap_remove(exact)));
    }
    match twins.len() {
        0 => Ok(None),
        1 => Ok(twins.pop()),
        _ => Err(FileError::Ambiguous {
            name: shortened(text),
            candidates: twins,
        }),
    }
}

/// Names in `dir` that are `name` in another case or Unicode form, or `name` itself.
///
/// # Errors
/// `io`.
pub fn twins(dir: &Dir, name: &str, text: &str) -> Result<Vec<String>, FileError> {
    let failed = |error| FileError::from_io(text, "read", error);
    let wanted = folded(name);
    let mut twins = Vec::new();
    for entry in dir.entries().map_err(failed)? {
        let Ok(other) = entry.map_err(failed)?.file_name().into_string() else {
            continue;
        };
        if folded(&other) == wanted {
            twins.push(other);
        }
    }
    twins.sort_unstable();
    Ok(twins)
}
