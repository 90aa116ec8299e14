use std::fs;
use std::path::Path;

use super::*;
use crate::lexical::tests::WordCounter;

const CORPUS: &str = r#"{"_id": "d1", "title": "Roses: \"a\" guide", "text": "Roses need water.\n\n# Pruning\n\nCut in spring."}
{"_id": "d2", "title": "", "text": "The server needs cooling."}

{"_id": "d3", "text": "A pump moves water."}
"#;
const QUERIES: &str = r#"{"_id": "q1", "text": "when to cut roses"}
{"_id": "q2", "text": "server cooling"}
{"_id": "q3", "text": "unanswered"}
"#;
const QRELS: &str = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td2\t1\nq2\td9\t1\nq3\td1\t0\n";

fn set(corpus: &str, queries: &str, qrels: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("qrels")).expect("a folder");
    for (name, text) in [
        ("corpus.jsonl", corpus),
        ("queries.jsonl", queries),
        ("qrels/test.tsv", qrels),
    ] {
        fs::write(folder.path().join(name), text).expect("a file is written");
    }
    folder
}

fn measure(set: &Path, work: &Path, embedder: Option<&dyn Embedder>) -> Result<EvalReport, EvalError> {
    evaluate(set, work, embedder, EvalOptions::default(), &mut |_| ())
}

#[test]
fn a_set_is_measured_leg_by_leg() {
    let (set, work) = (
        set(CORPUS, QUERIES, QRELS),
        tempfile::tempdir().expect("a folder"),
    );
    let report = measure(set.path(), work.path(), Some(&WordCounter)).expect("measures");
    assert_eq!((report.documents, report.questions), (3, 2));
    assert_eq!(report.embedded, report.passages as usize);
    let modes: Vec<SearchMode> = report.legs.iter().map(|leg| leg.mode).collect();
    assert_eq!(
        modes,
        [SearchMode::Lexical, SearchMode::Dense, SearchMode::Hybrid]
    );
    let lexical = &report.legs[0];
    assert_eq!(
        (
            lexical.all.questions,
            lexical.all.ndcg_at_10,
            lexical.all.recall_at_100
        ),
        (2, 1.0, 1.0)
    );
    assert_eq!(lexical.even.questions + lexical.odd.questions, 2);
    serde_json::to_string(&report).expect("a report is data");

    let again = measure(set.path(), work.path(), Some(&WordCounter)).expect("measures again");
    assert_eq!(again.embedded, 0);
    assert_eq!(
        again.legs.iter().map(|leg| leg.all).collect::<Vec<_>>(),
        report.legs.iter().map(|leg| leg.all).collect::<Vec<_>>()
    );
}

#[test]
fn words_alone_need_no_embedder() {
    let (set, work) = (
        set(CORPUS, QUERIES, QRELS),
        tempfile::tempdir().expect("a folder"),
    );
    let report = measure(set.path(), work.path(), None).expect("measures");
    assert_eq!(
        (report.legs.len(), report.embedder, report.question_embedding),
        (1, None, None)
    );
}

#[test]
fn titles_reach_the_note_whatever_they_hold() {
    for title in [
        "plain",
        "a: b # c",
        "\"quoted\" 'x'",
        "back\\slash \u{7f} tab\t",
        "- [x] {y}",
        "日本\u{2028}語",
    ] {
        let document: Document =
            serde_json::from_value(serde_json::json!({"_id": "d", "title": title, "text": "body"}))
                .expect("a document");
        let parsed = crate::lexical::tests::note("0.md", &note_text(&document));
        assert_eq!(parsed.frontmatter_problem, None, "{title:?}");
        let words = |text: &str| Analyser::new().tokens(text);
        assert_eq!(words(&parsed.title), words(title), "{title:?}");
    }
}

#[test]
fn malformed_sets_name_the_file_and_the_line() {
    let cases = [
        (set("{\"_id\": 1}\n", QUERIES, QRELS), "corpus.jsonl, line 1"),
        (
            set(CORPUS, "{\"_id\": \"q1\", \"text\": \"a\"}\n{", QRELS),
            "queries.jsonl, line 2",
        ),
        (
            set(CORPUS, QUERIES, "q1\td1\t1\nq1 d1 1\n"),
            "test.tsv, line 2: 1 columns",
        ),
        (
            set(CORPUS, QUERIES, "query-id\tcorpus-id\tscore\nq1\td1\tx\n"),
            "test.tsv, line 2: the score `x`",
        ),
        (
            set(
                &format!("{CORPUS}{{\"_id\": \"d1\", \"text\": \"\"}}"),
                QUERIES,
                QRELS,
            ),
            "line 5: the id `d1` is there twice",
        ),
        (set(CORPUS, QUERIES, "q7\td1\t1\n"), "no question of"),
    ];
    let work = tempfile::tempdir().expect("a folder");
    for (set, expected) in cases {
        let error = measure(set.path(), work.path(), None).expect_err("it is refused");
        assert!(
            error.to_string().contains(expected),
            "{error} does not say {expected}"
        );
    }
    fs::write(work.path().join("corpus.jsonl"), b"{\"_id\": \"\xff\"}").expect("a file is written");
    let error = measure(work.path(), work.path(), None).expect_err("it is refused");
    assert!(error.to_string().contains("line 1: this is not UTF-8"), "{error}");
    let missing = tempfile::tempdir().expect("a folder");
    let error = measure(missing.path(), work.path(), None).expect_err("it is refused");
    assert!(
        error.to_string().contains("corpus.jsonl cannot be read"),
        "{error}"
    );
}
