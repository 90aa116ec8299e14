//! The block of fields at the top of a file.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::dates::parse_date;
use super::one_line;

/// Longest block that is read: fields are a few lines; a megabyte of YAML is a mistake or an attack.
pub(super) const FRONTMATTER_BYTES_MAX: usize = 64 * 1024;
/// Longest problem report.
const PROBLEM_CHARS_MAX: usize = 240;
/// Fields that may hold the date of a note, best first, with `-` and spaces written `_`.
const DATE_FIELDS: [&str; 12] = [
    "date",
    "created",
    "created_at",
    "date_created",
    "creation_date",
    "published",
    "published_at",
    "publish_date",
    "date_published",
    "pubdate",
    "datetime",
    "day",
];
const TAG_FIELDS: [&str; 4] = ["tags", "tag", "keywords", "keyword"];

/// What stood at the top of a file.
#[derive(Debug, Default)]
pub(super) struct Frontmatter {
    pub(super) fields: Map<String, Value>,
    /// What could not be read, with its line.
    pub(super) problem: Option<String>,
    /// Where the body begins, in bytes.
    pub(super) body_start: usize,
}

/// Reads the frontmatter of a whole file, byte order mark included.
pub(super) fn read(text: &str) -> Frontmatter {
    let top = text.len() - text.trim_start_matches('\u{feff}').len();
    let body_only = Frontmatter {
        body_start: top,
        ..Frontmatter::default()
    };
    let first = first_line(&text[top..]);
    let fence = first.trim_end();
    if fence != "---" && fence != "+++" {
        return body_only;
    }
    let inside = top + first.len();
    let Some(close) = closing_fence(text, inside, fence) else {
        let opens_fields = looks_like_a_field(first_line(&text[inside..]));
        let problem = (fence == "---" && opens_fields).then(|| {
            "line 1: the frontmatter opened by `---` is never closed by another `---` line".to_owned()
        });
        return Frontmatter { problem, ..body_only };
    };
    let block = &text[inside..close];
    if fence == "---" && !block.trim().is_empty() && !text_lines(block).any(looks_like_a_field) {
        // Two horizontal rules around prose.
        return body_only;
    }
    let body_start = close + first_line(&text[close..]).len();
    let outcome = if fence == "+++" {
        Err(
            "line 1: TOML frontmatter (`+++`) is not read; write the fields as YAML between `---` lines"
                .to_owned(),
        )
    } else if block.len() > FRONTMATTER_BYTES_MAX {
        Err(format!(
            "line 1: the frontmatter has {} bytes, at most {FRONTMATTER_BYTES_MAX} are read",
            block.len()
        ))
    } else {
        // The break that ends the opening fence is kept, so that the parser's line numbers are the file's.
        fields_of(&text[top + fence.len()..close])
    };
    match outcome {
        Ok(fields) => Frontmatter {
            fields,
            problem: None,
            body_start,
        },
        Err(problem) => Frontmatter {
            problem: Some(problem),
            body_start,
            ..Frontmatter::default()
        },
    }
}

impl Frontmatter {
    /// Removes and returns the title.
    pub(super) fn take_title(&mut self) -> Option<String> {
        let key = self.key_of("title")?;
        let title = scalar_text(self.fields.get(&key)?)?;
        let title = one_line(&title);
        if title.is_empty() {
            return None;
        }
        self.fields.shift_remove(&key);
        Some(title)
    }

    /// Removes and returns the first field that holds a readable date; an unreadable one is reported.
    pub(super) fn take_date(&mut self, zone: &TimeZone) -> Option<Timestamp> {
        let mut unreadable = None;
        for field in DATE_FIELDS {
            let Some(key) = self.key_of(field) else { continue };
            let Some(text) = self
                .fields
                .get(&key)
                .and_then(scalar_text)
                .filter(|text| !text.trim().is_empty())
            else {
                continue;
            };
            if let Some(at) = parse_date(&text, zone) {
                self.fields.shift_remove(&key);
                return Some(at);
            }
            unreadable.get_or_insert((key, text));
        }
        let (key, text) = unreadable?;
        if self.problem.is_none() {
            self.problem = Some(shortened(&format!(
                "`{key}: {text}` is not a date; write it as 2026-05-03 or 2026-05-03 14:00"
            )));
        }
        None
    }

    /// Removes and returns the tags, as written.
    pub(super) fn take_tags(&mut self) -> Vec<String> {
        let mut tags = Vec::new();
        for field in TAG_FIELDS {
            let Some(value) = self.key_of(field).and_then(|key| self.fields.shift_remove(&key)) else {
                continue;
            };
            match value {
                Value::Array(items) => tags.extend(items.iter().filter_map(scalar_text)),
                other => {
                    let text = scalar_text(&other).unwrap_or_default();
                    if text.contains(',') {
                        tags.extend(text.split(',').map(str::to_owned));
                    } else {
                        tags.extend(text.split_whitespace().map(str::to_owned));
                    }
                }
            }
        }
        tags
    }

    /// The key as written of a field named regardless of case and separators.
    fn key_of(&self, name: &str) -> Option<String> {
        self.fields
            .keys()
            .find(|key| normalised_key(key) == name)
            .cloned()
    }
}

/// The fields of a YAML text, or what is wrong with it.
fn fields_of(yaml: &str) -> Result<Map<String, Value>, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 24,
            max_nodes: 4_000,
            max_events: 10_000,
            max_documents: 1,
            max_aliases: 100,
            max_anchors: 100,
            max_recorded_anchor_events: 2_000,
            max_recorded_anchor_bytes: FRONTMATTER_BYTES_MAX,
            max_total_scalar_bytes: 2 * FRONTMATTER_BYTES_MAX,
            max_merge_keys: 100,
            flow_nesting_limit: 24,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 2_000,
            max_replay_stack_depth: 8,
            max_alias_expansions_per_anchor: 100,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Option<Value>>(yaml, options) {
        Ok(None | Some(Value::Null)) => Ok(Map::new()),
        Ok(Some(Value::Object(fields))) => Ok(fields),
        Ok(Some(_)) => Err("line 2: the frontmatter is not a list of `field: value` lines".to_owned()),
        Err(error) => {
            let line = error.location().map_or(1, |location| location.line());
            Err(shortened(&format!("line {line}: {}", error.without_snippet())))
        }
    }
}

/// The byte at which the line that closes the block starts.
fn closing_fence(text: &str, from: usize, fence: &str) -> Option<usize> {
    let mut start = from;
    while start < text.len() {
        let line = first_line(&text[start..]);
        let bare = line.trim_end();
        if bare == fence || (fence == "---" && bare == "...") {
            return Some(start);
        }
        start += line.len();
    }
    None
}

fn looks_like_a_field(line: &str) -> bool {
    let line = line.trim();
    !line.starts_with('#')
        && (line.ends_with(':')
            || line.contains(": ")
            || line.contains(":\t")
            || line.starts_with(['{', '[', '&', '%']))
}

fn text_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let line = first_line(rest);
        rest = &rest[line.len()..];
        (!line.is_empty()).then_some(line)
    })
}

/// The first line with its line break.
fn first_line(text: &str) -> &str {
    match text.find(['\n', '\r']) {
        None => text,
        Some(at) if text[at..].starts_with("\r\n") => &text[..at + 2],
        Some(at) => &text[..=at],
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn normalised_key(key: &str) -> String {
    key.trim().to_lowercase().replace(['-', ' '], "_")
}

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(PROBLEM_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
