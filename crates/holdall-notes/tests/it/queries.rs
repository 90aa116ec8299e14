//! Whatever is asked, the answer is a list or an error, and the next question is answered.

use std::sync::LazyLock;

use holdall_notes::{Notebook, SearchMode, SearchRequest};
use proptest::prelude::*;

use crate::support::{Desk, found};

static NOTES: LazyLock<(Desk, Notebook)> = LazyLock::new(|| {
    let desk = Desk::new(&[
        ("a.md", "giraffe and walrus, 100 % of them"),
        ("b.md", "日本語の長い文 and เด็ก 🎉"),
        ("c.md", "e-mail to node.js: C++ v1.2"),
    ]);
    let notebook = desk.open();
    (desk, notebook)
});

fn ask(query: &str) {
    for mode in [SearchMode::Hybrid, SearchMode::Lexical, SearchMode::Dense] {
        for limit in [0, 1, 10, usize::MAX] {
            let mut request = SearchRequest::new(query);
            (request.mode, request.limit) = (mode, limit);
            match NOTES.1.search(&request) {
                Ok(results) => {
                    assert!(results.hits.len() <= limit.min(3));
                    for hit in &results.hits {
                        assert!((0.0..=1.0).contains(&hit.score.total), "{:?}", hit.score);
                    }
                }
                Err(error) => assert_eq!(error.kind(), "invalid_argument", "{error}"),
            }
        }
    }
}

#[test]
fn hostile_queries_are_answered() {
    let long_word = "x".repeat(1_000_000);
    let many_words = "giraffe walrus ".repeat(70_000);
    let many_phrases = "\"giraffe walrus\" -\"a b\" ".repeat(20_000);
    let many_quotes = "\"".repeat(100_000);
    let nested = "(".repeat(50_000);
    let chinese = "日本語".repeat(100_000);
    let marks = format!("a{}", "\u{301}".repeat(100_000));
    for query in [
        "",
        " ",
        "\n\t",
        "\0",
        "a\0b",
        "\"",
        "\"\"",
        "\" \"",
        "\"a",
        "a\"",
        "-",
        "--",
        "-x",
        "-giraffe",
        "-\"giraffe and\"",
        "-giraffe -walrus",
        "\"-\"",
        "-\"\"",
        "“giraffe”",
        "”“",
        "a AND b OR NOT c",
        "title:giraffe",
        "path:*",
        "*",
        "?",
        ".*",
        "[a-z]+(",
        "^$",
        "\\",
        "\\\"",
        "a~2",
        "a^2",
        "[1 TO 2]",
        "{}",
        "+giraffe",
        "!",
        "!!!",
        "...",
        "%",
        "100 %",
        "'; DROP TABLE notes; --",
        "<script>",
        "${jndi:x}",
        "\u{202e}giraffe",
        "\u{feff}",
        "\u{200b}",
        "🎉",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈 🎉",
        "\u{301}",
        "\u{10ffff}",
        "مرحبا بالعالم",
        "ﷺ",
        "İ",
        "ß",
        "ŉ",
        "ǅ",
        "日",
        "日本語",
        "เด็ก",
        "ก",
        "the",
        "\u{eb1}",
        "\u{eb1}a\u{e31}",
        "the of and",
        "C++",
        "node.js",
        "1e400",
        "NaN",
        &long_word,
        &many_words,
        &many_phrases,
        &many_quotes,
        &nested,
        &chinese,
        &marks,
    ] {
        ask(query);
    }
    assert_eq!(found(&NOTES.1, "giraffe")[0], "a.md");
}

#[test]
fn an_empty_query_is_an_error_that_says_so() {
    for query in ["", "  ", "\n"] {
        let error = NOTES.1.search(&SearchRequest::new(query)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the query is empty; ask a question or give words"
        );
    }
}

#[test]
fn phrases_must_be_there_and_exclusions_must_not() {
    let lexical = |query: &str| crate::support::found_by(&NOTES.1, query, SearchMode::Lexical);
    assert_eq!(lexical("\"giraffe and walrus\""), ["a.md"]);
    assert_eq!(found(&NOTES.1, "\"walrus and giraffe\""), [""; 0]);
    assert!(!found(&NOTES.1, "animals -giraffe").contains(&"a.md".to_owned()));
    assert_eq!(lexical("e-mail"), ["c.md"]);
    // The phrase ends before the passages do.
    assert!(!lexical("animals -\"giraffe and walrus\"").contains(&"a.md".to_owned()));
    ask("-\"a-a\"ก");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_may_be_asked(query in "\\PC{0,60}|[-\"“” a日ก\\\\*()\u{0}\u{301}]{0,30}") {
        ask(&query);
    }
}
