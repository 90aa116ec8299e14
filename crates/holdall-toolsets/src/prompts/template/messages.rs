//! Where messages begin: at `# User` and `# Assistant`, if the text begins with one of them.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::Role;

/// The messages of a body, each with the bytes of its text. A body that begins otherwise is one message of the user,
/// whatever headings it has.
///
/// Markdown decides what is a heading: a line of code, quoted or in a list is none.
pub(super) fn split(body: &str) -> Vec<(Role, Range<usize>)> {
    let headings = role_headings(body);
    let begins = body.len() - body.trim_start().len();
    if headings.first().is_none_or(|(_, first)| first.start > begins) {
        return vec![(Role::User, 0..body.len())];
    }
    let ends = headings.iter().skip(1).map(|(_, next)| next.start);
    let ends = ends.chain([body.len()]);
    headings
        .iter()
        .zip(ends)
        .map(|((role, heading), end)| (*role, heading.end..end))
        .collect()
}

fn role_headings(body: &str) -> Vec<(Role, Range<usize>)> {
    let mut headings = Vec::new();
    let mut depth = 0_usize;
    let mut text: Option<String> = None;
    for (event, range) in Parser::new(body).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1,
                ..
            }) if depth == 0 => {
                text = Some(String::new());
                depth += 1;
            }
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => {
                depth -= 1;
                let role = text.take().and_then(|text| role_of(&text));
                headings.extend(role.map(|role| (role, range)));
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(part) => {
                if let Some(text) = &mut text {
                    text.push_str(&part);
                }
            }
            _ => {}
        }
    }
    headings
}

fn role_of(heading: &str) -> Option<Role> {
    match heading.trim().to_ascii_lowercase().as_str() {
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        _ => None,
    }
}
