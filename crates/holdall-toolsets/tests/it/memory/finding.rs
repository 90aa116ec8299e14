//! Searching: all that the reference server finds, and more.

use serde_json::{Value, json};

use super::{Desk, create, entity, names, relate, relation};

#[tokio::test]
async fn parts_of_text_and_words_in_any_order_are_found() {
    let desk = Desk::new();
    let client = desk.client().await;
    create(
        &client,
        &[
            entity(
                "Ada_Lovelace",
                "person",
                &["Wrote the first program", "Born in London"],
            ),
            entity("London", "city", &["Rains a lot"]),
            entity(
                "Analytical Engine",
                "machine",
                &["Never finished", "Programs on cards"],
            ),
            entity("図書館", "場所", &["本を返す"]),
            entity("Café Müller", "place", &["C++ meetings", "100% vegan"]),
        ],
    )
    .await;
    relate(
        &client,
        &[relation("Ada_Lovelace", "programmed", "Analytical Engine")],
    )
    .await;
    let find = async |query: &str| {
        names(
            &client
                .call("search_nodes", json!({ "query": query }))
                .await
                .json(),
        )
    };
    // As the reference: any part of any text, whatever its case.
    for (part, expected) in [
        ("ada_love", "Ada_Lovelace"),
        ("FIRST PROG", "Ada_Lovelace"),
        ("ngin", "Analytical Engine"),
        ("書", "図書館"),
        ("返", "図書館"),
        ("C++", "Café Müller"),
        ("100%", "Café Müller"),
        ("MÜLL", "Café Müller"),
        ("plac", "Café Müller"),
    ] {
        assert!(find(part).await.contains(&expected.to_owned()), "{part}");
    }
    // The best first: what is called so, then what has it in its text.
    assert_eq!(find("london").await, ["London", "Ada_Lovelace"]);
    // More than the reference: all words, wherever they stand, and without accents.
    assert_eq!(find("london program").await, ["Ada_Lovelace"]);
    assert_eq!(find("cafe muller").await, ["Café Müller"]);
    assert_eq!(find("giraffe").await, [""; 0]);
    let some = client
        .call("search_nodes", json!({"query": "giraffe london"}))
        .await
        .json();
    assert_eq!(names(&some), ["Ada_Lovelace", "London"]);
    assert_eq!(
        some["note"],
        "nothing has all of these words; these have some of them"
    );
    assert_eq!(
        some["relations"],
        json!([relation("Ada_Lovelace", "programmed", "Analytical Engine")])
    );
    let one = client
        .call("search_nodes", json!({"query": "london", "limit": 1}))
        .await
        .json();
    assert_eq!(
        (names(&one), &one["note"]),
        (
            vec!["London".to_owned()],
            &json!("the best 1 of 2: add words for others")
        )
    );
    // Nothing asked is everything, as in the reference.
    assert_eq!(find("").await.len(), 5);
    // What was forgotten is not found.
    let deletion = json!({"deletions": [{"entityName": "Ada_Lovelace", "observations": ["Born in London"]}]});
    client.call("delete_observations", deletion).await.json();
    assert_eq!(find("london").await, ["London"]);
}

#[tokio::test]
async fn whatever_is_asked_is_text_and_never_syntax() {
    let desk = Desk::new();
    let client = desk.client().await;
    create(
        &client,
        &[entity("x", "y", &["\"AND\" OR (NOT) NEAR* ^a: -b + c {d}"])],
    )
    .await;
    for query in [
        "\"",
        "AND",
        "NOT",
        "NEAR(",
        "name:",
        "-x",
        "^a",
        "*",
        "a*",
        "(",
        "{a b}: c",
        "\\",
        "%",
        "_",
        "' OR 1=1 --",
        "\"; DELETE FROM entities; --",
        "\u{0}",
        "\u{202e}",
        "🦒",
        "NULL",
        "rowid:1",
        " ",
        "\n",
    ] {
        let reply = client.call("search_nodes", json!({ "query": query })).await;
        assert!(!reply.is_error(), "{query:?}: {reply:?}");
    }
    for query in ["\"AND\" OR (NOT)", "NEAR*", "^a:", "{d}"] {
        let found: Value = client
            .call("search_nodes", json!({ "query": query }))
            .await
            .json();
        assert_eq!(names(&found), ["x"], "{query}");
    }
}
