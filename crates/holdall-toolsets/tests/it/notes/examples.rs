//! The example notes answer the questions of the documentation.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::client::{over_examples, paths};

/// Questions whose best notes have to be among the first three.
const ANSWERED_MIN: usize = 22;

/// The table of `docs/example-questions.md`.
fn questions() -> Vec<(String, Vec<String>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/example-questions.md");
    let text = fs::read_to_string(file).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let notes = cells[1].split(", ").map(|path| path.trim_matches('`').to_owned());
        (cells[0].to_owned(), notes.collect())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_questions_of_the_documentation_are_answered() {
    let client = over_examples().await;
    let questions = questions();
    assert_eq!(questions.len(), 25);
    let mut missed = Vec::new();
    for (question, expected) in &questions {
        let mut arguments = json!({ "query": question });
        if question.contains("last week") {
            arguments["when"] = json!("2026-11-09..2026-11-15");
        }
        let mut reply = client.json("search_notes", arguments.clone()).await;
        // The model of a fresh process is still being loaded.
        while reply["legs"]["dense"] == json!(false) {
            reply = client.json("search_notes", arguments.clone()).await;
        }
        let hits = paths(&reply["hits"]);
        if !hits.iter().take(3).any(|hit| expected.contains(hit)) {
            missed.push(format!("{question}: {hits:?} instead of {expected:?}"));
        }
    }
    println!("missed: {missed:#?}");
    let answered = questions.len() - missed.len();
    assert!(
        answered >= ANSWERED_MIN,
        "{answered} of 25 answered; missed: {missed:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_alone_find_notes_in_every_language() {
    let client = over_examples().await;
    for (query, path) in [
        ("麻婆豆腐 花椒", "recipes/麻婆豆腐.md"),
        ("缓存雪崩", "howto/redis-cache-failures.md"),
        ("ข้าวซอย", "recipes/khao-soi.md"),
        ("Tomaten Hochbeet", "home/hochbeet.md"),
        ("Kasespatzle", "recipes/kaesespaetzle.md"),
        ("mercado arroz", "travel/valencia-diciembre.md"),
    ] {
        let reply = client
            .json("search_notes", json!({"query": query, "mode": "lexical"}))
            .await;
        assert_eq!(paths(&reply["hits"])[0], path, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_to_a_search_has_what_an_answer_needs() {
    let client = over_examples().await;
    let arguments = json!({"query": "\"job queue\" postgres", "limit": 2, "mode": "lexical", "when": "2026", "folder": "decisions"});
    let result = client.mcp.call("search_notes", arguments).await;
    insta::assert_snapshot!("search_as_text", result.text());
    let mut reply = result.json();
    for hit in reply["hits"].as_array_mut().unwrap() {
        for score in ["score", "lexical_score"] {
            assert!(hit[score].as_f64().unwrap() > 0.0);
            hit[score] = Value::from("…");
        }
        hit["passage"] = Value::from("…");
    }
    insta::assert_json_snapshot!("search_as_json", reply);
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_of_a_week_are_listed_and_related() {
    let client = over_examples().await;
    let text = client
        .call(
            "list_notes",
            json!({"when": "2026-11-09..2026-11-15", "folder": "daily"}),
        )
        .await
        .unwrap();
    insta::assert_snapshot!(text);
    let reply = client
        .json(
            "related_notes",
            json!({"path": "0007-postgres-as-the-job-queue", "limit": 50}),
        )
        .await;
    let related = paths(&reply["notes"]);
    assert!(
        related.contains(&"meetings/2026-11-10 Queue review.md".to_owned()),
        "{related:?}"
    );
    let status = client.json("notes_status", json!({})).await;
    assert_eq!(status["passages"], status["embedded"]);
    assert_eq!(status["problems"], json!([]));
}
