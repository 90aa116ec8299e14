//! Output that is the same on every machine and in every run: [`redacted`], [`snapshot`], [`filters`].

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

/// What differs from run to run, and what stands for it. The order counts: paths may hold numbers.
const DIFFERING: [(&str, &str); 8] = [
    (
        r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b",
        "[uuid]",
    ),
    (
        r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?(\[[A-Za-z_/]+\])?",
        "[time]",
    ),
    (
        r"(127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\]):\d{2,5}\b",
        "$1:[port]",
    ),
    (r"\b\d+(\.\d+)?\s?(ns|µs|us|ms)\b", "[duration]"),
    (r"\b\d+\.\d+\s?s\b", "[duration]"),
    (
        r#"("(?:[a-z]+_)*(?:duration|elapsed|took)_(?:ns|us|ms|s)":\s*)\d+(\.\d+)?"#,
        "$1\"[duration]\"",
    ),
    (
        r#"("(?:serverInfo|clientInfo)":\s*\{[^{}]*"version":\s*)"[^"]*""#,
        "$1\"[version]\"",
    ),
    (
        r#"("jsonrpc":\s*"2\.0",\s*"id":\s*|"(?:progressToken|requestId|taskId|io\.modelcontextprotocol/subscriptionId)":\s*)(?:-?\d+|"[^"]*")"#,
        "$1\"[id]\"",
    ),
];

/// All patterns, those of this machine included.
static PATTERNS: LazyLock<Vec<(String, &str)>> = LazyLock::new(|| {
    let temporary = temporary_folders().into_iter().map(|folder| {
        let folder = regex::escape(&folder.display().to_string());
        (format!(r#"{folder}[/\\]+[^/\\\s"'`:,;)]+"#), "[temp]")
    });
    let differing = DIFFERING
        .iter()
        .map(|(pattern, replacement)| ((*pattern).to_owned(), *replacement));
    temporary.chain(differing).collect()
});

/// The same, ready to use.
static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compiled = PATTERNS.iter().map(|(pattern, replacement)| {
        let pattern = Regex::new(pattern).expect("the patterns are constant, and paths are escaped");
        (pattern, *replacement)
    });
    compiled.collect()
});

/// Regular expressions for what differs from run to run, each with what stands for it: temporary folders, UUIDs,
/// times, ports of this machine, durations, the version of server and client, and the protocol's ids. They have the
/// form that filters of `insta` have:
///
/// ```
/// insta::with_settings!({filters => holdall_testkit::filters()}, {
///     insta::assert_snapshot!("listening on 127.0.0.1:39217", @"listening on 127.0.0.1:[port]");
/// });
/// ```
///
/// Dates without a time, and numbers that are not marked as what they are, are left alone.
pub fn filters() -> Vec<(&'static str, &'static str)> {
    PATTERNS
        .iter()
        .map(|(pattern, replacement)| (pattern.as_str(), *replacement))
        .collect()
}

/// `text` without what differs from run to run; see [`filters`].
///
/// ```
/// let text = "2026-05-04T10:20:30Z answered in 12.5 ms at 127.0.0.1:39217";
/// assert_eq!(holdall_testkit::redacted(text), "[time] answered in [duration] at 127.0.0.1:[port]");
/// ```
pub fn redacted(text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    for (pattern, replacement) in RULES.iter() {
        if let Cow::Owned(replaced) = pattern.replace_all(&text, *replacement) {
            text = Cow::Owned(replaced);
        }
    }
    text.into_owned()
}

/// `value` as indented JSON without what differs from run to run; see [`filters`].
///
/// # Panics
/// If it cannot be written as JSON.
pub fn snapshot(value: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(value).unwrap_or_else(|error| panic!("it is no JSON: {error}"));
    redacted(&json)
}

/// Settings for snapshots with `insta`, with all [`filters`].
///
/// ```
/// holdall_testkit::snapshot_settings().bind(|| {
///     insta::assert_snapshot!("answered in 12 ms", @"answered in [duration]");
/// });
/// ```
#[cfg(feature = "insta")]
pub fn snapshot_settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    for (pattern, replacement) in filters() {
        settings.add_filter(pattern, replacement);
    }
    settings
}

/// As it is named and as it really is: on some systems the one is a link to the other. The longest first.
fn temporary_folders() -> Vec<PathBuf> {
    let named = std::env::temp_dir();
    let trimmed: PathBuf = named.components().collect();
    let mut folders: Vec<PathBuf> = std::fs::canonicalize(&named)
        .into_iter()
        .chain([trimmed])
        .collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(folder.as_os_str().len()));
    folders.dedup();
    folders
}
