//! Any text as a note: nothing panics, passages cover lines there are, in order, and nothing is lost.

#![no_main]

use std::sync::LazyLock;

use holdall_fuzz::split;
use holdall_notes::chunk::{ChunkLimits, estimated_tokens};
use holdall_notes::parse::{Lines, LinkResolver, NoteParser, date_in_file_name, parse_date};
use holdall_notes::{Note, NotePath};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

static ZONES: LazyLock<[TimeZone; 2]> = LazyLock::new(|| {
    [
        TimeZone::UTC,
        TimeZone::get("Europe/Berlin").expect("it is built in"),
    ]
});

fuzz_target!(|data: &[u8]| {
    let Some((mode, bytes)) = split(data) else { return };
    let text = String::from_utf8_lossy(bytes);
    let zone = &ZONES[usize::from(mode & 1)];
    let limits = match mode >> 1 & 3 {
        0 => ChunkLimits::default(),
        1 => ChunkLimits { target: 8, max: 16 },
        2 => ChunkLimits { target: 1, max: 1 },
        _ => ChunkLimits { target: 0, max: 0 },
    };
    let parser = NoteParser {
        zone,
        limits,
        count_tokens: &estimated_tokens,
    };
    let note = parser.parse(path("ideas/a-note.md"), &text, Timestamp::UNIX_EPOCH);
    judge(&note, &text);
    // What stands first may also be a date, or the name of a file.
    let first = text.lines().next().unwrap_or("");
    let _ = parse_date(first, zone);
    let _ = date_in_file_name(first, zone);
    let resolver = LinkResolver::new([
        &path("ideas/a-note.md"),
        &path("mcp.md"),
        &path("ideas/deep/mcp.md"),
    ]);
    for link in &note.links {
        let _ = resolver.resolve(&note.path, link);
    }
});

fn judge(note: &Note, text: &str) {
    let lines = Lines::of(text);
    assert_eq!((note.lines, note.bytes), (lines.count(), text.len() as u64));
    assert!(
        !note.title.is_empty() && !note.title.chars().any(char::is_control),
        "{:?}",
        note.title
    );
    assert!(
        note.tags.is_sorted_by(|one, other| one < other),
        "{:?}",
        note.tags
    );
    assert!(
        note.tags
            .iter()
            .all(|tag| !tag.is_empty() && !tag.starts_with('#')),
        "{:?}",
        note.tags
    );
    let mut end = 1;
    for (ordinal, chunk) in note.chunks.iter().enumerate() {
        assert_eq!(chunk.ordinal as usize, ordinal);
        assert!(
            chunk.lines.start >= 1 && chunk.lines.start < chunk.lines.end,
            "{chunk:?}"
        );
        assert!(
            chunk.lines.end <= lines.count() + 1,
            "{chunk:?} of {} lines",
            lines.count()
        );
        assert!(!chunk.text.trim().is_empty(), "{chunk:?}");
        // Pieces of one long line name the same line.
        assert!(
            chunk.lines.start >= end || chunk.lines.start + 1 == end,
            "{:?}",
            note.chunks
        );
        end = chunk.lines.end;
        assert!(
            text.get(lines.bytes_of(chunk.lines.clone())).is_some(),
            "lines are whole characters"
        );
    }
    for heading in &note.headings {
        assert!(
            (1..=6).contains(&heading.level) && (1..=lines.count()).contains(&heading.line),
            "{heading:?}"
        );
    }
    if let Some(problem) = &note.frontmatter_problem {
        assert!(
            !problem.is_empty() && problem.chars().count() <= 300,
            "{problem:?}"
        );
    }
}

fn path(text: &str) -> NotePath {
    serde_json::from_value(text.into()).expect("a path is a string")
}
