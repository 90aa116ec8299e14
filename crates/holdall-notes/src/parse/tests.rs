use proptest::prelude::*;

use super::*;
use crate::chunk::estimated_tokens;
use crate::note::Link;

fn parse(name: &str, text: &str) -> Note {
    let zone = TimeZone::UTC;
    let parser = NoteParser {
        zone: &zone,
        limits: ChunkLimits::default(),
        count_tokens: &estimated_tokens,
    };
    parser.parse(NotePath::new(name), text, Timestamp::UNIX_EPOCH)
}

#[test]
fn fields_become_typed_and_never_text() {
    let text = "---\ntitle: The  Plan\ndate: 2026-05-03 14:00\ntags: [Rust, '#mcp']\naliases: [plan]\nrating: 4\n---\n\n\
                # Heading\n\nBody #inline.\n";
    let note = parse("x.md", text);
    assert_eq!(note.title, "The Plan");
    assert_eq!(note.date.at.to_string(), "2026-05-03T14:00:00Z");
    assert_eq!(note.date.source, DateSource::Frontmatter);
    assert_eq!(note.tags, ["inline", "mcp", "rust"]);
    assert_eq!(
        serde_json::to_string(&note.fields).unwrap(),
        r#"{"aliases":["plan"],"rating":4}"#
    );
    assert_eq!(note.frontmatter_problem, None);
    assert_eq!(note.chunks.len(), 1);
    assert_eq!(note.chunks[0].text, "Body #inline.");
    assert_eq!((note.chunks[0].lines.clone(), note.headings[0].line), (11..12, 9));
    assert_eq!((note.bytes, note.lines), (text.len() as u64, 11));
}

#[test]
fn tags_in_every_spelling() {
    for (field, expected) in [
        ("tags: a b", vec!["a", "b"]),
        ("tags: a, big b", vec!["a", "big b"]),
        ("tag: one", vec!["one"]),
        ("Keywords:\n  - x\n  - 2026", vec!["2026", "x"]),
        ("tags: '#a #b'", vec!["a", "b"]),
        ("tags:", vec![]),
        ("tags: {a: b}", vec![]),
        ("tags: [yes, true]", vec!["true", "yes"]),
    ] {
        assert_eq!(
            parse("x.md", &format!("---\n{field}\n---\ntext")).tags,
            expected,
            "{field}"
        );
    }
}

#[test]
fn broken_frontmatter_is_reported_with_its_line_and_the_body_is_kept() {
    for (front, problem) in [
        ("---\ntitle: x\ntags: [a\nfoo: bar\n---\n", "line "),
        ("---\na: b: c\n---\n", "line 2"),
        (
            "---\n- a\n- b: c\n---\n",
            "line 2: the frontmatter is not a list of `field: value` lines",
        ),
        ("+++\ntitle = 'x'\n+++\n", "line 1: TOML"),
        ("---\ndate: someday\n---\n", "`date: someday` is not a date"),
        ("---\ndate: {{date}}\n---\n", ""),
        ("---\r\na: [\r\n---\r\n", "line "),
        ("\u{feff}---\ntitle: \"x\n---\n", "line "),
    ] {
        let note = parse("x.md", &format!("{front}body text\n"));
        let found = note.frontmatter_problem.unwrap_or_default();
        assert!(
            found.starts_with(problem) && !found.is_empty(),
            "{front}: {found}"
        );
        assert!(!found.contains('\n') && found.len() < 400, "{found}");
        assert_eq!(note.chunks.len(), 1, "{front}");
        assert_eq!(note.chunks[0].text, "body text", "{front}");
    }
}

#[test]
fn the_line_of_a_problem_is_the_line_of_the_file() {
    let problem = parse("x.md", "---\na: 1\nb: 2\nc: @bad\n---\n")
        .frontmatter_problem
        .unwrap();
    assert!(problem.starts_with("line 4:"), "{problem}");
}

#[test]
fn rules_and_unclosed_fences_are_body() {
    let note = parse("x.md", "---\nJust prose.\n---\nMore.\n");
    assert_eq!((note.frontmatter_problem, note.chunks[0].lines.start), (None, 1));
    let note = parse("x.md", "---\ntitle: x\n\ntext\n");
    assert!(note.frontmatter_problem.unwrap().contains("never closed"));
    assert!(note.chunks[0].text.contains("title: x"));
    assert_eq!(parse("x.md", "---\n---\ntext").frontmatter_problem, None);
}

#[test]
fn frontmatter_bombs_are_refused() {
    let mut bomb = String::from("---\na: &a [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = (b'a' + level - 1) as char;
        let name = (b'a' + level) as char;
        bomb.push_str(&format!(
            "{name}: &{name} [*{before}, *{before}, *{before}, *{before}, *{before}, *{before}]\n"
        ));
    }
    let deep = format!("---\na: {}\n", "[".repeat(5_000));
    let huge = format!("---\na: {}\n", "x".repeat(70_000));
    let many = format!("---\na: [{}]\n", "1, ".repeat(9_000));
    for front in [bomb, deep, huge, many] {
        let note = parse("x.md", &format!("{front}---\nbody"));
        assert!(note.frontmatter_problem.is_some());
        assert_eq!(note.chunks[0].text, "body");
    }
}

#[test]
fn titles_and_dates_fall_back() {
    assert_eq!(parse("a/mcp-server_notes.md", "text").title, "mcp server notes");
    assert_eq!(
        parse("2026-05-03-stand-up.md", "## Two\n").title,
        "2026-05-03 stand up"
    );
    assert_eq!(parse("---.md", "").title, "---.md");
    assert_eq!(parse("x.md", "One `two` *three*\n=====\n").title, "One two three");
    assert_eq!(parse("x.md", "> # quoted\n\n# Real #\n").title, "Real");
    assert_eq!(parse("2026-05-03.md", "").date.source, DateSource::FileName);
    assert_eq!(
        parse("x.md", "").date,
        NoteDate {
            at: Timestamp::UNIX_EPOCH,
            source: DateSource::Modified
        }
    );
    let note = parse(
        "2026-05-03.md",
        "---\ncreated-at: 2020-01-02\nupdated: 2021-01-01\n---\n",
    );
    assert_eq!(note.date.at.to_string(), "2020-01-02T00:00:00Z");
    assert!(note.fields.contains_key("updated") && !note.fields.contains_key("created-at"));
}

#[test]
fn inline_tags_and_links_come_from_text_only() {
    let note = parse(
        "x.md",
        "#start `#code` \\#escaped [#label](other.md) https://x.y/#z #my_tag **#bold**\n\n```\n#fenced [[no]]\n```\n\n\
         ## Heading #intag\n\n[[Note#Part|alias]] ![[embed]] ![[pic.png]] [x](../a%20b.md#c) [y](https://z.md) [[Note]]\n\n\
         | t |\n|---|\n| [[cell\\|alias]] |\n",
    );
    assert_eq!(note.tags, ["bold", "intag", "my_tag", "start"]);
    let wiki = |target: &str| Link {
        target: target.into(),
        wiki: true,
    };
    let plain = |target: &str| Link {
        target: target.into(),
        wiki: false,
    };
    assert_eq!(
        note.links,
        [
            plain("other.md"),
            wiki("Note"),
            wiki("embed"),
            plain("../a b.md"),
            wiki("cell")
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Whatever stands between the fences, no part of it becomes a chunk, and the body does.
    #[test]
    fn frontmatter_never_leaks(block in "([a-z]{1,4}: ?[ -~é\t]{0,20}\n|[ -~]{0,20}\n|\r\n){0,8}") {
        prop_assume!(!block.lines().any(|line| matches!(line.trim_end(), "---" | "...")));
        prop_assume!(!block.contains("BODY"));
        let note = parse("x.md", &format!("---\nSECRET: 1\n{block}---\nBODY\n"));
        prop_assert_eq!(note.chunks.len(), 1);
        prop_assert_eq!(&note.chunks[0].text, "BODY");
    }

    /// No text makes parsing panic, and a note always has a title.
    #[test]
    fn any_text_parses(text in any::<String>(), open in "(\u{feff}?(---|\\+\\+\\+)(\n|\r\n|\r))?") {
        let note = parse("a.md", &format!("{open}{text}"));
        prop_assert!(!note.title.is_empty());
    }
}
