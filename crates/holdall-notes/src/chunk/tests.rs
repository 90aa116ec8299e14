use proptest::prelude::*;

use super::*;

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn chunks_of(text: &str, target: usize, max: usize) -> Vec<Chunk> {
    let document = Document::parse(text, 0);
    chunk(&document, "Title", ChunkLimits { target, max }, &words)
}

fn shape(text: &str, target: usize, max: usize) -> Vec<String> {
    chunks_of(text, target, max)
        .iter()
        .map(|chunk| {
            format!(
                "{}..{} [{}] {}",
                chunk.lines.start,
                chunk.lines.end,
                chunk.headings.join(" › "),
                chunk.text
            )
        })
        .collect()
}

#[test]
fn a_section_is_a_chunk_under_its_headings() {
    let text = "# Title\n\nintro one two three\n\n## A\n\na b c d e f\n\n### B\n\ng h i j k l\n\n## C\nm n o p q r\n";
    assert_eq!(
        shape(text, 8, 10),
        [
            "3..4 [] intro one two three",
            "7..8 [A] a b c d e f",
            "11..12 [A › B] g h i j k l",
            "14..15 [C] m n o p q r",
        ]
    );
}

#[test]
fn tiny_neighbours_join_under_their_parent() {
    let text = "# Title\n\n## A\n\na\n\n## B\n\nb\n\n## Long\n\n1 2 3 4 5 6 7 8 9 10 11 12\n\n## D\n\nd\n";
    assert_eq!(
        shape(text, 12, 20),
        [
            "3..10 [] ## A\n\na\n\n## B\n\nb",
            "13..14 [Long] 1 2 3 4 5 6 7 8 9 10 11 12",
            "17..18 [D] d",
        ]
    );
}

#[test]
fn joining_keeps_the_headings_of_both_sides() {
    let text = "# Title\n## A\n### B\nb\n## C\nc\n";
    assert_eq!(shape(text, 20, 30), ["2..7 [] ## A\n### B\nb\n## C\nc"]);
    // Headings count: with them the two would be too long.
    assert_eq!(
        shape("## A\n1 2 3\n## B\n4 5 6\n", 8, 10),
        ["2..3 [A] 1 2 3", "4..5 [B] 4 5 6"]
    );
    assert_eq!(
        shape("1\n## A\n2\n## B\n3 4 5 6\n", 6, 10),
        ["1..4 [] 1\n## A\n2", "5..6 [B] 3 4 5 6"]
    );
}

#[test]
fn headings_without_text_are_kept() {
    assert_eq!(
        shape("# Title\n\n## Buy milk\n\n## Sell car\n", 20, 30),
        ["3..6 [] ## Buy milk\n\n## Sell car"]
    );
    assert_eq!(shape("# Title\n", 20, 30), ["1..2 [] # Title"]);
    assert_eq!(shape("\n \n", 20, 30), Vec::<String>::new());
}

#[test]
fn long_sections_split_on_paragraphs_then_items_then_sentences() {
    let text = "a b c d\n\ne f g h\n\ni j k l\n";
    assert_eq!(
        shape(text, 8, 10),
        ["1..4 [] a b c d\n\ne f g h", "5..6 [] i j k l"]
    );
    let list = "- a b c\n- d e f\n- g h i\n- j k l\n";
    assert_eq!(
        shape(list, 8, 10),
        ["1..3 [] - a b c\n- d e f", "3..5 [] - g h i\n- j k l"]
    );
    let line = "One two three four. Five six seven eight. Nine ten eleven twelve.\n";
    assert_eq!(
        shape(line, 8, 10),
        [
            "1..2 [] One two three four. Five six seven eight.",
            "1..2 [] Nine ten eleven twelve."
        ]
    );
}

#[test]
fn code_and_tables_stay_whole_up_to_max() {
    let code = "intro\n\n```\n1\n\n2 6\n3 7\n4\n5\n```\n\nend of it all\n";
    assert_eq!(
        shape(code, 8, 12),
        [
            "1..11 [] intro\n\n```\n1\n\n2 6\n3 7\n4\n5\n```",
            "12..13 [] end of it all"
        ]
    );
    let long = "```\n1 2 3\n4 5 6\n7 8 9\n```\n";
    assert_eq!(
        shape(long, 4, 6),
        ["1..3 [] ```\n1 2 3", "3..4 [] 4 5 6", "4..6 [] 7 8 9\n```"]
    );
    let table = "| a | b |\n|---|---|\n| c | d |\n";
    assert_eq!(shape(table, 6, 12).len(), 1);
    assert!(shape(table, 5, 9).len() > 1);
}

#[test]
fn indented_first_lines_keep_their_indentation() {
    assert_eq!(shape("\n\n    code\n", 8, 9), ["3..4 []     code"]);
}

#[test]
fn the_estimate_follows_words() {
    assert_eq!(estimated_tokens("The quick brown fox, again."), 7);
    assert_eq!(estimated_tokens("internationalisation 2026"), 6);
    assert_eq!(estimated_tokens("日本語"), 3);
    assert_eq!(estimated_tokens(""), 0);
}

/// Pieces of Markdown that interact badly.
fn markdown() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "# Title\n",
        "## Two\n",
        "### Three\r\n",
        "Under\n===\n",
        "word ",
        "words and more words. ",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "- item\n",
        "  - nested\n",
        "1. one\n",
        "> quote\n",
        "> # quoted heading\n",
        "```\n",
        "~~~\n",
        "    indented\n",
        "| a | b |\n|---|---|\n",
        "| 1 | 2 |\n",
        "<div>\n",
        "</div>\n",
        "---\n",
        "+++\n",
        "key: value\n",
        "\u{feff}",
        "日本語のテキスト。",
        "🦀",
        "[[link]]",
        "#tag ",
        "[^1]: note\n",
        "\t",
        "\u{3000}",
        "$$",
        "\0",
        "###### Six\n",
        "[a]: b\n",
        "* * *\n",
        "\u{2028}",
    ]);
    let any = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(any, 0..40).prop_map(|parts| parts.concat())
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// Every line with text is in one chunk, in order; a split line's pieces add up to it.
    #[test]
    fn chunks_cover_the_text_exactly_once(text in markdown(), target in 1usize..12, more in 0usize..12) {
        let front = crate::parse::body_start(&text);
        let document = Document::parse(&text, front);
        let limits = ChunkLimits { target, max: target + more };
        let chunks = chunk(&document, "Title", limits, &words);

        let headings: Vec<u32> = document.headings().flat_map(|heading| heading.lines.clone()).collect();
        let covered: Vec<u32> = chunks.iter().flat_map(|chunk| chunk.lines.clone()).collect();
        let mut in_order = covered.clone();
        in_order.sort_unstable();
        prop_assert_eq!(&covered, &in_order);
        for line in document.body() {
            let content = &text[document.bytes_of(line..line + 1)];
            let times = covered.iter().filter(|other| **other == line).count();
            if content.trim().is_empty() || headings.contains(&line) {
                prop_assert!(times <= 1);
            } else if words(content) > limits.max {
                prop_assert!(times >= 1);
            } else {
                prop_assert_eq!(times, 1, "line {}", line);
            }
        }
        prop_assert!(covered.iter().all(|line| document.body().contains(line)));

        // The words of all chunks are the words of the lines they cover.
        let mut lines = covered;
        lines.dedup();
        let expected: String = lines.iter().map(|line| &text[document.bytes_of(*line..*line + 1)]).collect();
        let actual: String = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
        prop_assert_eq!(bare(&actual), bare(&expected));
        for chunk in &chunks {
            prop_assert!(!chunk.text.trim().is_empty());
            prop_assert!(!chunk.text.contains('\r'));
        }
    }
}
