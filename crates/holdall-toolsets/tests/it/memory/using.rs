//! Remembering and forgetting, called as the reference server is called.

use holdall::Toolset as _;
use holdall_testkit::{Answer, Client};
use serde_json::{Value, json};

use super::{Desk, create, entity, graph, names, relate, relation};

#[tokio::test]
async fn the_calls_of_the_reference_server_do_what_they_do_there() {
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        let desk = Desk::new();
        let client = Client::connect(desk.server())
            .protocol(version)
            .answer(Answer::accept(json!({})))
            .await;
        let (ada, bo) = (
            entity("Ada", "person", &["likes tea", "lives in Berlin"]),
            entity("Bo", "person", &[]),
        );
        let created = client
            .call("create_entities", json!({"entities": [ada, bo]}))
            .await;
        assert_eq!(created.json(), json!({"entities": [ada, bo]}), "{version}");
        // Programs that read the text find what the reference sends there: the list alone.
        assert_eq!(
            serde_json::from_str::<Value>(&created.text()).unwrap(),
            json!([ada, bo])
        );
        let knows = relation("Ada", "knows", "Bo");
        assert_eq!(
            relate(&client, std::slice::from_ref(&knows)).await,
            json!({"relations": [knows]})
        );
        let more =
            json!({"observations": [{"entityName": "Bo", "contents": ["plays chess", "plays chess"]}]});
        let added = client.call("add_observations", more).await;
        let expected = json!([{"entityName": "Bo", "addedObservations": ["plays chess"]}]);
        assert_eq!(added.json(), json!({"results": expected}));
        assert_eq!(serde_json::from_str::<Value>(&added.text()).unwrap(), expected);

        let bo = entity("Bo", "person", &["plays chess"]);
        let whole = client.call("read_graph", json!({})).await;
        assert_eq!(whole.json(), json!({"entities": [ada, bo], "relations": [knows]}));
        assert_eq!(
            serde_json::from_str::<Value>(&whole.text()).unwrap(),
            whole.json()
        );
        let found = client
            .call("search_nodes", json!({"query": "CHESS"}))
            .await
            .json();
        assert_eq!(found, json!({"entities": [bo], "relations": [knows]}));
        let opened = client.call("open_nodes", json!({"names": ["Ada"]})).await.json();
        assert_eq!(opened, json!({"entities": [ada], "relations": [knows]}));

        let wrong =
            json!({"deletions": [{"entityName": "Ada", "observations": ["likes tea", "likes coffee"]}]});
        let deleted = client.call("delete_observations", wrong).await;
        assert_eq!(
            deleted.json(),
            json!({
                "success": true,
                "message": "Deleted 1 observation; 1 not found",
                "notFound": ["Ada: likes coffee"],
            })
        );
        let deleted = client
            .call("delete_relations", json!({"relations": [knows]}))
            .await;
        assert_eq!(deleted.text(), "Deleted 1 relation");
        relate(&client, &[knows, relation("Zoe", "knows", "Bo")]).await;
        let deleted = client
            .call("delete_entities", json!({"entityNames": ["Bo", "Nobody"]}))
            .await;
        assert_eq!(
            deleted.text(),
            "Deleted 1 entity, 1 observation and 2 relations; 1 not found: “Nobody”"
        );
        let rest = entity("Ada", "person", &["lives in Berlin"]);
        assert_eq!(graph(&client).await, json!({"entities": [rest], "relations": []}));
        assert_eq!(desk.integrity(), "ok");
    }
}

#[tokio::test]
async fn what_is_known_already_is_left_as_it_was() {
    let desk = Desk::new();
    let client = desk.client().await;
    let twice = [
        entity("Ada", "person", &["a", "a", "b"]),
        entity("Ada", "robot", &["c"]),
    ];
    let created = create(&client, &twice).await;
    assert_eq!(created["entities"], json!([entity("Ada", "person", &["a", "b"])]));
    let note = "known already and left as they were: “Ada”; add to them with add_observations";
    assert_eq!(created["note"], note);
    let again = client
        .call("create_entities", json!({"entities": [twice[0]]}))
        .await;
    assert_eq!(again.text(), format!("[]\n({note})"));
    let knows = relation("Ada", "knows", "Nobody");
    let related = relate(&client, &[knows.clone(), knows.clone()]).await;
    assert_eq!(
        related,
        json!({"relations": [knows], "note": "no entity is called “Nobody” yet"})
    );
    assert_eq!(graph(&client).await["relations"], json!([knows]));
    // Names are compared as they are.
    create(
        &client,
        &[entity("ada", "person", &[]), entity("Ada ", "person", &[])],
    )
    .await;
    assert_eq!(names(&graph(&client).await), ["Ada", "ada", "Ada "]);
}

#[tokio::test]
async fn all_of_a_call_or_nothing_of_it() {
    let desk = Desk::new();
    let client = desk.client().await;
    create(&client, &[entity("Ada", "person", &[])]).await;
    let more = json!({"observations": [
        {"entityName": "Ada", "contents": ["x"]},
        {"entityName": "Bo", "contents": ["y"]},
        {"entityName": "Zoe", "contents": ["z"]},
    ]});
    let error = client
        .call("add_observations", more)
        .await
        .expect_error("not_found");
    assert_eq!(
        error.message,
        "no entity is called “Bo”, “Zoe”, and nothing was added"
    );
    assert_eq!(
        graph(&client).await["entities"],
        json!([entity("Ada", "person", &[])])
    );
}

#[tokio::test]
async fn deleting_entities_asks_first_and_the_rest_does_not() {
    let desk = Desk::new();
    let client = Client::connect(desk.server()).answer(Answer::decline()).await;
    create(
        &client,
        &[entity("Ada", "person", &["a", "b"]), entity("Bo", "person", &[])],
    )
    .await;
    relate(&client, &[relation("Ada", "knows", "Bo")]).await;
    let kept = json!({"entityNames": ["Ada", "Bo", "Ada"]});
    let kept = client.call("delete_entities", kept).await.json();
    assert_eq!(
        kept,
        json!({"success": false, "message": "the user said no, nothing was deleted"})
    );
    assert_eq!(
        client.questions()[0].text(),
        "Forget “Ada”, “Bo” for good, with 2 observations and 1 relation?"
    );
    // Where there is nothing to lose nobody is asked.
    let nothing = client
        .call("delete_entities", json!({"entityNames": ["Zoe"]}))
        .await;
    assert_eq!(
        nothing.text(),
        "Deleted 0 entities, 0 observations and 0 relations; 1 not found: “Zoe”"
    );
    assert_eq!(client.questions().len(), 1);
    assert_eq!(names(&graph(&client).await), ["Ada", "Bo"]);
    drop(client);

    // A client that cannot ask is given a code.
    let client = desk.client().await;
    let refused = client
        .call("delete_entities", json!({"entityNames": ["Ada"]}))
        .await;
    let hint = refused.expect_error("confirmation_required").hint.unwrap();
    let code = hint.split('"').nth(1).unwrap();
    let agreed = json!({"entityNames": ["Ada"], "confirmation": code});
    assert_eq!(
        client.call("delete_entities", agreed).await.text(),
        "Deleted 1 entity, 2 observations and 1 relation"
    );
}

#[tokio::test]
async fn texts_are_kept_as_they_are() {
    let desk = Desk::new();
    let client = desk.client().await;
    let hostile = [
        "Robert'); DROP TABLE entities;--",
        "NUL \u{0} in it",
        "\u{202e}turned\u{2066}",
        "line\nbreak\ttab",
        "%00 ../../etc/passwd",
        "日本 🦒 é",
        "\"quoted\" \\ back",
    ];
    for text in hostile {
        let kept = entity(text, text, &[text]);
        assert_eq!(
            create(&client, std::slice::from_ref(&kept)).await["entities"],
            json!([kept])
        );
        let opened = client.call("open_nodes", json!({"names": [text]})).await.json();
        assert_eq!(opened["entities"], json!([kept]));
    }
    let listed = client.list_resources().await;
    for resource in &listed {
        assert!(
            !resource.name.contains(['\u{0}', '\u{202e}', '\n']),
            "{:?}",
            resource.name
        );
        assert!(!client.read(&resource.uri).await.is_error(), "{}", resource.uri);
    }
    // The graph comes on top, and a URI with NUL in it leads nowhere.
    assert_eq!(listed.len(), hostile.len());
    assert_eq!(desk.integrity(), "ok");
}

#[tokio::test]
async fn wrong_calls_and_too_much_are_refused() {
    let desk = Desk::new();
    let few = desk.bounded(|config| {
        config.entities_max = 2;
        config.observations_max = 3;
        config.relations_max = 1;
    });
    let client = Client::connect(holdall::Server::new("test").add(few)).await;
    create(&client, &[entity("Ada", "person", &["a"])]).await;
    let many: Vec<String> = (0..4).map(|n| n.to_string()).collect();
    let long = "x".repeat(20_001);
    for (tool, arguments, said) in [
        (
            "create_entities",
            json!({"entities": [entity("b", "", &[]), entity("c", "", &[])]}),
            "there may be 2 entities",
        ),
        (
            "add_observations",
            json!({"observations": [{"entityName": "Ada", "contents": many}]}),
            "there may be 3 observations",
        ),
        (
            "create_relations",
            json!({"relations": [relation("a", "b", "c"), relation("a", "b", "d")]}),
            "there may be 1 relations",
        ),
        (
            "create_entities",
            json!({"entities": [entity("", "", &[])]}),
            "/entities/0/name",
        ),
        (
            "create_entities",
            json!({"entities": [entity(&"x".repeat(1001), "", &[])]}),
            "/entities/0/name",
        ),
        (
            "create_entities",
            json!({"entities": [entity("x", "", &[&long])]}),
            "/entities/0/observations/0",
        ),
        (
            "create_entities",
            json!({"entities": [{"name": "x"}]}),
            "is required",
        ),
        (
            "create_entities",
            json!({"entities": vec![entity("x", "", &[]); 1001]}),
            "/entities",
        ),
        ("create_entities", json!({}), "/entities"),
        (
            "create_relations",
            json!({"relations": [{"from": "a", "to": "b"}]}),
            "is required",
        ),
        (
            "read_graph",
            json!({"cursor": "x1"}),
            "is no cursor of read_graph",
        ),
        ("read_graph", json!({"cursor": "é"}), "is no cursor of read_graph"),
        ("search_nodes", json!({"query": "x".repeat(1001)}), "/query"),
    ] {
        let error = client.call(tool, arguments).await.error();
        assert!(error.text.contains(said), "{tool}: {error}");
    }
    let rest = json!({"entities": [entity("Ada", "person", &["a"])], "relations": []});
    assert_eq!(graph(&client).await, rest);
}

#[tokio::test]
async fn relations_of_what_was_never_described_are_not_lost_unasked() {
    let desk = Desk::new();
    let client = Client::connect(desk.server()).answer(Answer::decline()).await;
    relate(&client, &[relation("Zoe", "knows", "Bo")]).await;
    let names = json!({"entityNames": ["Zoe"]});
    let kept = client.call("delete_entities", names).await.json();
    assert_eq!(kept["success"], false);
    assert_eq!(
        client.questions()[0].text(),
        "Forget “Zoe” for good, with 0 observations and 1 relation?"
    );
    assert_eq!(graph(&client).await["relations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn read_only_memory_has_no_tool_that_writes() {
    let desk = Desk::new();
    let read_only = holdall::Server::new("test").add(desk.toolset().components().only_reading());
    let client = Client::connect(read_only).await;
    assert_eq!(
        client.tool_names().await,
        ["read_graph", "search_nodes", "open_nodes"]
    );
}
