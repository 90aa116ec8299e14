//! How many of what there are, in words.

use std::fmt::Display;

/// "1 file", "2 files".
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let what = if count == N::from(1) { one } else { many };
    format!("{count} {what}")
}
