//! The new text of a note, made from the old one. Nothing here touches files.

use std::ops::Range;

pub(super) use holdall_files::LineEnding;
use holdall_files::replaced;

use crate::error::NotesError;
use crate::parse::{Document, body_start};
use crate::root::NOTE_BYTES_MAX;

/// A change inside a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replaces every occurrence of a text.
    Replace {
        /// The text as it stands in the note; line breaks match whatever kind the note uses.
        find: String,
        /// What to put there.
        replace: String,
        /// How often it must be there; usually 1.
        expected: usize,
    },
    /// Replaces all that stands under a heading, subsections included, up to the next heading of the same or a
    /// higher level.
    Section {
        /// The heading's text, with or without its `#` marks.
        heading: String,
        /// The new body, without the heading.
        body: String,
    },
}

impl Edit {
    pub(super) fn new_text(&self) -> &str {
        match self {
            Self::Replace { replace, .. } => replace,
            Self::Section { body, .. } => body,
        }
    }
}

/// The text with an addition at its end or at the end of a section.
pub(super) fn appended(
    path: &str,
    old: &str,
    addition: &str,
    heading: Option<&str>,
) -> Result<String, NotesError> {
    if addition.trim().is_empty() {
        return Err(NotesError::InvalidArgument {
            what: "the text to append is empty".to_owned(),
        });
    }
    let end = match heading {
        None => old.len(),
        Some(heading) => section(path, old, heading)?.end,
    };
    Ok(joined(&old[..end], addition, &old[end..], LineEnding::of(old)))
}

/// The text after an edit.
pub(super) fn edited(path: &str, old: &str, edit: &Edit) -> Result<String, NotesError> {
    match edit {
        Edit::Replace {
            find,
            replace,
            expected,
        } => Ok(replaced(path, old, (find, replace), *expected, NOTE_BYTES_MAX)?),
        Edit::Section { heading, body } => {
            let section = section(path, old, heading)?;
            let (before, after) = (&old[..section.start], &old[section.end..]);
            Ok(joined(before, body, after, LineEnding::of(old)))
        }
    }
}

/// The bytes below a heading, up to the next one of the same or a higher level.
fn section(path: &str, text: &str, wanted: &str) -> Result<Range<usize>, NotesError> {
    let document = Document::parse(text, body_start(text));
    let wanted = wanted.trim();
    let bare = wanted.trim_start_matches('#');
    let marks = wanted.len() - bare.len();
    // `#tag` may be the text of a heading; marks are followed by a space.
    let (level, name) = if marks > 0 && bare.starts_with(' ') {
        (Some(marks), bare.trim())
    } else {
        (None, wanted)
    };
    let headings: Vec<_> = document.headings().collect();
    let matching: Vec<usize> = (0..headings.len())
        .filter(|at| {
            let heading = &headings[*at].heading;
            heading.text == name && level.is_none_or(|level| usize::from(heading.level) == level)
        })
        .collect();
    let outline = || headings.iter().map(|heading| heading.heading.clone()).collect();
    let (path, name) = (path.to_owned(), crate::root::shortened(wanted));
    let at = match matching[..] {
        [at] => at,
        [] => {
            return Err(NotesError::HeadingNotFound {
                path,
                heading: name,
                outline: outline(),
            });
        }
        _ => {
            return Err(NotesError::HeadingAmbiguous {
                path,
                heading: name,
                count: matching.len(),
                outline: outline(),
            });
        }
    };
    let start = document.lines().bytes(headings[at].lines.end - 1).end;
    let next = headings[at + 1..]
        .iter()
        .find(|next| next.heading.level <= headings[at].heading.level);
    let end = next.map_or(text.len(), |next| document.lines().bytes(next.lines.start).start);
    Ok(start..end)
}

/// Puts `middle` between two texts, one blank line on either side.
fn joined(before: &str, middle: &str, after: &str, ending: LineEnding) -> String {
    let newline = ending.as_str();
    let kept = before.trim_end_matches(['\n', '\r', ' ', '\t']);
    let middle = middle.trim_end().trim_start_matches(['\n', '\r']);
    let mut text = String::with_capacity(kept.len() + middle.len() + after.len() + 8);
    text.push_str(kept);
    if !middle.is_empty() {
        if !kept.trim_start_matches('\u{feff}').is_empty() {
            text.push_str(newline);
            if !same_run(last_line(kept), middle) {
                text.push_str(newline);
            }
        }
        text.push_str(&ending.applied(middle));
    }
    text.push_str(newline);
    if !after.is_empty() {
        text.push_str(newline);
        text.push_str(after);
    }
    text
}

/// Whether two lines belong to one list or one table, which a blank line would part.
fn same_run(last: &str, next: &str) -> bool {
    let kind = |line: &str| {
        let line = line.trim_start();
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ") {
            line.chars().next()
        } else if (1..=9).contains(&digits)
            && (line[digits..].starts_with(". ") || line[digits..].starts_with(") "))
        {
            Some('1')
        } else if line.starts_with('|') {
            Some('|')
        } else {
            None
        }
    };
    kind(last).is_some() && kind(last) == kind(next)
}

fn last_line(text: &str) -> &str {
    text.rsplit(['\n', '\r']).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(old: &str, addition: &str, heading: Option<&str>) -> String {
        appended("x.md", old, addition, heading).unwrap()
    }

    #[test]
    fn additions_keep_blank_lines_tidy() {
        assert_eq!(append("", "text", None), "text\n");
        assert_eq!(append("a", "b\n", None), "a\n\nb\n");
        assert_eq!(append("a\n\n\n", "\n\nb\n\n", None), "a\n\nb\n");
        assert_eq!(append("- a\n", "- b", None), "- a\n- b\n");
        assert_eq!(append("1. a\n", "2. b", None), "1. a\n2. b\n");
        assert_eq!(append("- a\n", "1. b", None), "- a\n\n1. b\n");
        assert_eq!(append("\u{feff}", "b", None), "\u{feff}b\n");
    }

    #[test]
    fn line_endings_follow_the_file() {
        assert_eq!(append("a\r\nb\r\n", "c\nd", None), "a\r\nb\r\n\r\nc\r\nd\r\n");
        assert_eq!(append("a\nb\n", "c\r\nd", None), "a\nb\n\nc\nd\n");
        let edit = Edit::Replace {
            find: "a\nb".into(),
            replace: "x\ny".into(),
            expected: 1,
        };
        assert_eq!(edited("x.md", "a\r\nb\r\n", &edit).unwrap(), "x\r\ny\r\n");
    }

    #[test]
    fn sections_end_before_the_next_heading_of_their_level() {
        let text = "---\ntags: []\n---\n# T\n\n## A\n\na\n\n### B\n\nb\n\n## C\nc\n";
        assert_eq!(
            append(text, "new", Some("A")),
            text.replace("b\n\n## C", "b\n\nnew\n\n## C")
        );
        assert_eq!(append(text, "new", Some("### B")), append(text, "new", Some("A")));
        assert_eq!(append(text, "new", Some("C")), format!("{text}\nnew\n"));
        assert_eq!(
            append("## Empty\n## Next\n", "x", Some("Empty")),
            "## Empty\n\nx\n\n## Next\n"
        );
        assert_eq!(append("Under\n---\n", "x", Some("Under")), "Under\n---\n\nx\n");
        let section = |body: &str| Edit::Section {
            heading: "A".into(),
            body: body.into(),
        };
        let new = edited("x.md", text, &section("fresh\n")).unwrap();
        assert_eq!(new, "---\ntags: []\n---\n# T\n\n## A\n\nfresh\n\n## C\nc\n");
        assert_eq!(
            edited("x.md", "## A\nold\n## B\n", &section("")).unwrap(),
            "## A\n\n## B\n"
        );
    }

    #[test]
    fn wrong_headings_show_the_outline() {
        let text = "# T\n## A\n## B\n### A\n```\n## Code\n```\n";
        let error = appended("x.md", text, "x", Some("C")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`x.md` has no heading `C`; its outline: line 1: # T; line 2: ## A; line 3: ## B; line 4: ### A"
        );
        assert_eq!(
            appended("x.md", text, "x", Some("A")).unwrap_err().kind(),
            "ambiguous"
        );
        assert!(appended("x.md", text, "x", Some("### A")).is_ok());
        for heading in ["Code", "a", "", "#"] {
            assert_eq!(
                appended("x.md", text, "x", Some(heading)).unwrap_err().kind(),
                "heading_not_found"
            );
        }
    }

    #[test]
    fn replacing_counts_and_shows_the_nearest() {
        let replace = |find: &str, expected| Edit::Replace {
            find: find.into(),
            replace: "X".into(),
            expected,
        };
        let text = "one two\nthree one\nsomething else entirely\n";
        assert_eq!(
            edited("x.md", text, &replace("two", 1)).unwrap(),
            "one X\nthree one\nsomething else entirely\n"
        );
        assert_eq!(
            edited("x.md", text, &replace("one", 2)).unwrap(),
            "X two\nthree X\nsomething else entirely\n"
        );
        let error = edited("x.md", text, &replace("one", 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the text to replace was found 2 times in `x.md`, not 1"
        );
        let error = edited("x.md", text, &replace("Something  else, entirely", 1)).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("; the nearest is line 3: `something else entirely`"),
            "{error}"
        );
        assert_eq!(
            edited("x.md", text, &replace("", 1)).unwrap_err().kind(),
            "invalid_argument"
        );
    }
}
