//! Large graphs come in pages, and nothing is left out without a word.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Desk, create, entity, names, relate, relation};

/// Text of a reply: see docs/toolsets/memory.md.
const REPLY_BYTES_MAX: usize = 100_000;

#[tokio::test]
async fn a_large_graph_is_read_page_by_page() {
    let desk = Desk::new();
    let client = desk.client().await;
    let entities: Vec<Value> = (0..600)
        .map(|n| entity(&format!("entity {n}"), "thing", &[&"x".repeat(500)]))
        .collect();
    create(&client, &entities).await;
    let relations: Vec<Value> = (0..900)
        .map(|n| {
            relation(
                &format!("entity {}", n % 600),
                &format!("relation {n} {}", "y".repeat(100)),
                "entity 0",
            )
        })
        .collect();
    relate(&client, &relations).await;
    let (mut cursor, mut pages) = (json!(null), 0);
    let (mut read, mut related) = (Vec::new(), Vec::new());
    loop {
        let page = client.call("read_graph", json!({ "cursor": cursor })).await;
        assert!(
            page.text().len() < REPLY_BYTES_MAX + 10_000,
            "{}",
            page.text().len()
        );
        let page = page.json();
        read.extend(page["entities"].as_array().unwrap().clone());
        related.extend(page["relations"].as_array().unwrap().clone());
        pages += 1;
        cursor = page["next"].clone();
        if cursor.is_null() {
            assert_eq!(page["note"], Value::Null);
            break;
        }
        assert_eq!(page["note"], "there is more: go on with `next` as `cursor`");
    }
    assert_eq!((read, related), (entities, relations));
    assert!(pages > 4, "{pages}");
    let all: Value = client.read("memory://knowledge-graph").await.json();
    assert_eq!(names(&all).len(), 600);
    assert_eq!(all["relations"].as_array().unwrap().len(), 900);

    // What has too many relations says how many there are.
    let hub = client
        .call("open_nodes", json!({"names": ["entity 0"]}))
        .await
        .json();
    let shown = hub["relations"].as_array().unwrap().len();
    assert_eq!(
        hub["note"],
        format!("{shown} of 900 relations fit: ask for fewer entities, or page through read_graph")
    );
    let found = client
        .call("search_nodes", json!({"query": "entity", "limit": 200}))
        .await
        .json();
    let shown = names(&found).len();
    assert!(shown < 200);
    assert!(
        found["note"]
            .as_str()
            .unwrap()
            .starts_with(&format!("the best {shown} of 600: ")),
        "{}",
        found["note"]
    );
}

#[tokio::test]
async fn an_entity_with_much_to_say_is_read_in_parts() {
    let desk = Desk::new();
    let client = desk.client().await;
    let texts: Vec<String> = (0..400).map(|n| format!("{n} {}", "z".repeat(1000))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    create(
        &client,
        &[
            entity("Long story", "story", &texts),
            entity("Short", "story", &[&"end".repeat(1000)]),
        ],
    )
    .await;
    let (mut from, mut read) = (1, Vec::new());
    loop {
        let part = json!({"names": ["Long story"], "observations_from": from});
        let part = client.call("open_nodes", part).await.json();
        let observations = part["entities"][0]["observations"].as_array().unwrap();
        read.extend(observations.iter().map(|text| text.as_str().unwrap().to_owned()));
        let Some(note) = part["note"].as_str() else { break };
        let (said, next) = note.rsplit_once('=').unwrap();
        assert_eq!(
            said,
            "“Long story” has more observations than fit: go on with open_nodes, observations_from"
        );
        from = next.parse().unwrap();
    }
    assert_eq!(read, texts);
    let both = client
        .call("open_nodes", json!({"names": ["Short", "Long story", "None"]}))
        .await
        .json();
    assert_eq!(names(&both), ["Long story"]);
    let note = both["note"].as_str().unwrap();
    assert!(
        note.contains("no entity is called “None”")
            && note.contains("did not fit, ask for them again: “Short”"),
        "{note}"
    );
}

#[tokio::test]
async fn entities_are_listed_read_and_completed_as_resources() {
    let desk = Desk::new();
    let client = desk.client().await;
    let entities: Vec<Value> = (0..450)
        .map(|n| entity(&format!("thing {n}/x"), "thing", &[]))
        .collect();
    create(&client, &entities).await;
    let listed = client.list_resources().await;
    let uris: BTreeSet<&str> = listed.iter().map(|one| one.uri.as_str()).collect();
    assert_eq!(uris.len(), 451);
    assert!(uris.contains("memory://knowledge-graph"));
    let one: Value = client.read("memory://entity?name=thing%207%2Fx").await.json();
    assert_eq!(one, json!({"entities": [entities[7]], "relations": []}));
    client
        .read("memory://entity?name=Nobody")
        .await
        .expect_error("not_found");
    client.read("memory://entity").await.expect_error("not_found");
    let complete = async |typed: &str| {
        let completed = client
            .complete_resource("memory://entity{?name}", "name", typed)
            .await;
        completed.values()
    };
    assert_eq!(complete("THING 44/").await, ["thing 44/x"]);
    assert_eq!(complete("ing 449").await, ["thing 449/x"]);
    assert_eq!(complete("nobody").await, [""; 0]);
}
