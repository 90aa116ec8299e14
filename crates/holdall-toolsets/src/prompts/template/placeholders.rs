//! Where values go: `{{name}}`, and `\{{` for the two braces themselves.

use super::read::{Mistake, quoted};

/// The longest name of an argument, in characters; the framework's rule.
const NAME_CHARS_MAX: usize = 64;

/// A piece of a text as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written<'t> {
    Text(&'t str),
    /// Two braces that were written `\{{`.
    Braces,
    /// The name between braces, and the byte at which they begin.
    Name(&'t str, usize),
}

/// Takes a text apart; `line_of` says in which line of the file a byte of it stands.
pub(super) fn written<'t>(
    text: &'t str,
    line_of: impl Fn(usize) -> usize,
) -> Result<Vec<Written<'t>>, Mistake> {
    let mut pieces = Vec::new();
    let mut done = 0;
    while let Some(found) = text[done..].find("{{") {
        let at = done + found;
        if text[..at].ends_with('\\') {
            pieces.push(Written::Text(&text[done..at - 1]));
            pieces.push(Written::Braces);
            done = at + 2;
            continue;
        }
        let line = text[at..].lines().next().unwrap_or_default();
        let end = line.find("}}");
        let name = end.map(|end| line[2..end].trim()).filter(|name| is_name(name));
        let (Some(name), Some(end)) = (name, end) else {
            let shown = end.map_or(line, |end| &line[..end + 2]);
            let message = format!(
                "{} is no placeholder: write a name as in {{{{topic}}}}, or \\{{{{ for the braces themselves",
                quoted(shown)
            );
            return Err(Mistake::at(line_of(at), message));
        };
        pieces.push(Written::Text(&text[done..at]));
        pieces.push(Written::Name(name, at));
        done = at + end + 2;
    }
    pieces.push(Written::Text(&text[done..]));
    pieces.retain(|piece| *piece != Written::Text(""));
    Ok(pieces)
}

/// Whether an argument can be called this.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits)
}
