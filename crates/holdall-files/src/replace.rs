//! Replaces text in a text. Nothing here touches files.

use std::borrow::Cow;

use similar::TextDiff;

use crate::error::FileError;

/// Lines compared when looking for the nearest one, and characters of each.
const NEAREST_LINES_MAX: usize = 2_000;
const NEAREST_CHARS_MAX: usize = 160;

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnding {
    /// With a line feed.
    Lf,
    /// With a carriage return and a line feed.
    CrLf,
}

impl LineEnding {
    /// The kind most lines of a text end with.
    pub fn of(text: &str) -> Self {
        let crlf = text.matches("\r\n").count();
        if crlf > 0 && crlf * 2 >= text.matches('\n').count() {
            Self::CrLf
        } else {
            Self::Lf
        }
    }

    /// The characters themselves.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }

    /// The text with lines ending this way.
    pub fn applied(self, text: &str) -> Cow<'_, str> {
        let unix = if text.contains("\r\n") {
            Cow::Owned(text.replace("\r\n", "\n"))
        } else {
            Cow::Borrowed(text)
        };
        if self == Self::CrLf && unix.contains('\n') {
            Cow::Owned(unix.replace('\n', "\r\n"))
        } else {
            unix
        }
    }
}

/// The text with every occurrence of `find` replaced, which must be there `expected` times. Line breaks match whatever
/// kind the text uses. `shown` is what errors call the file.
///
/// # Errors
/// `count_mismatch` with the nearest line, `invalid_argument`, `too_large` if more than `limit` bytes would come of it.
pub fn replaced(
    shown: &str,
    old: &str,
    (find, replace): (&str, &str),
    expected: usize,
    limit: u64,
) -> Result<String, FileError> {
    if find.is_empty() || expected == 0 {
        let what = "the text to replace must not be empty and must be expected at least once".to_owned();
        return Err(FileError::InvalidArgument { what });
    }
    let ending = LineEnding::of(old);
    let mut find = Cow::Borrowed(find);
    if !old.contains(find.as_ref()) {
        find = Cow::Owned(ending.applied(&find).into_owned());
    }
    let found = old.matches(find.as_ref()).count();
    if found != expected {
        let nearest = if found == 0 {
            nearest_line(old, &find)
        } else {
            None
        };
        return Err(FileError::CountMismatch {
            path: shown.to_owned(),
            expected,
            found,
            nearest,
        });
    }
    let replace = ending.applied(replace);
    // Before anything is made of it: a short text that is there often can become a very long one.
    let bytes = (old.len() - found * find.len()) as u64 + found as u64 * replace.len() as u64;
    if bytes > limit {
        return Err(FileError::TooLarge {
            path: shown.to_owned(),
            bytes,
            limit,
        });
    }
    Ok(old.replace(find.as_ref(), &replace))
}

/// The line most like the first line of `find`, if any is much like it.
fn nearest_line(text: &str, find: &str) -> Option<(u32, String)> {
    let cut = |line: &str| line.trim().chars().take(NEAREST_CHARS_MAX).collect::<String>();
    let wanted = cut(find.lines().find(|line| !line.trim().is_empty())?);
    let likeness = |line: &str| {
        let line = cut(line);
        TextDiff::from_chars(line.to_lowercase().as_str(), wanted.to_lowercase().as_str()).ratio()
    };
    text.lines()
        .take(NEAREST_LINES_MAX)
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| (likeness(line), at, line))
        .filter(|(ratio, ..)| *ratio > 0.5)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, at, line)| (at as u32 + 1, cut(line)))
}
