//! Tools, resources, prompts and completions, in every version of the protocol.

use holdall::Principal;
use holdall::protocol::{ContentBlock, Role};
use holdall_testkit::Client;
use serde::Deserialize;
use serde_json::json;

use crate::VERSIONS;
use crate::fixture::server;
use crate::scripted::scripted;

#[tokio::test]
async fn every_version_of_the_protocol_is_spoken() {
    for version in VERSIONS {
        let client = Client::connect(server()).protocol(version).await;
        assert_eq!(client.protocol().as_str(), version);
        assert_eq!(client.server().instructions.as_deref(), Some("For tests."));
        assert_eq!(
            client.call("echo", json!({"text": "hello"})).await.text(),
            "hello",
            "{version}"
        );
        assert_eq!(
            client.call("add", json!({"numbers": [1, 2]})).await.json(),
            json!({"total": 3}),
            "{version}"
        );
        assert_eq!(client.read("files://a.txt").await.bytes(), b"a.txt", "{version}");
        assert_eq!(client.tool_names().await[..2], ["add", "echo"], "{version}");
        client.close().await;
    }
}

#[tokio::test]
async fn a_tool_is_read_as_what_it_answers() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Sum {
        total: i64,
    }
    let client = Client::connect(server()).await;
    let reply = client.call("add", json!({"numbers": [20, 22]})).await;
    assert_eq!(reply.structured::<Sum>(), Sum { total: 42 });
    assert_eq!(reply.raw()["structuredContent"]["total"], 42);
    assert!(matches!(reply.content()[..], [ContentBlock::Text(_)]));
    assert_eq!(reply.result().is_error, Some(false));
    assert_eq!(reply.outcome(), Ok(reply.text()));
    assert!(!reply.is_error());
}

#[tokio::test]
async fn errors_of_tools_and_of_the_protocol_are_read_alike() {
    for version in VERSIONS {
        let client = Client::connect(server()).protocol(version).await;
        let missing = client
            .call("find", json!({"name": "x"}))
            .await
            .expect_error("not_found");
        assert_eq!(missing.message, "there is no `x`");
        assert_eq!(missing.hint.as_deref(), Some("look elsewhere"));
        assert_eq!((missing.code, missing.text.lines().count()), (None, 2));

        let wrong = client
            .call("echo", json!({"text": "", "txt": 1}))
            .await
            .expect_error("invalid_arguments");
        assert_eq!(wrong.problems.len(), 2);
        assert_eq!(wrong.problem("/txt").did_you_mean.as_deref(), Some("text"));
        assert_eq!(wrong.problem("/text").received.as_deref(), Some("\"\""));

        let unknown = client.call("ecko", json!({})).await;
        assert_eq!(unknown.expect_code(-32602).kind, "not_found");
        assert_eq!(unknown.error().hint.as_deref(), Some("did you mean `echo`?"));
        assert!(unknown.outcome().unwrap_err().contains("there is no tool `ecko`"));

        let resource = client.read("config://nothing").await.expect_error("not_found");
        assert_eq!(
            resource.code,
            Some(if version == "2026-07-28" { -32602 } else { -32002 })
        );
        assert_eq!(resource.data["uri"], "config://nothing");
        assert_eq!(
            client
                .prompt("interview", json!({}))
                .await
                .error()
                .problem("/topic")
                .path,
            "/topic"
        );
        assert_eq!(
            client
                .request("no/such", json!({}))
                .await
                .expect_code(-32601)
                .code,
            Some(-32601)
        );
    }
}

#[tokio::test]
async fn resources_prompts_and_completions_are_read_as_what_they_are() {
    let client = Client::connect(server()).await;
    let settings = client.read("config://settings").await;
    assert_eq!(settings.json::<serde_json::Value>(), json!({"theme": "dark"}));
    assert_eq!(settings.mime_type().as_deref(), Some("application/json"));
    assert_eq!(settings.contents().len(), 1);

    let interview = client.prompt("interview", json!({"topic": "Rust"})).await;
    assert_eq!(interview.text(), "Ask me about Rust.\nGladly.");
    assert_eq!(interview.messages()[1].role, Role::Assistant);

    let names = client.complete_resource("files://{+path}", "path", "a").await;
    assert_eq!(names.values(), ["ada.txt", "alan.txt"]);
    assert_eq!((names.total(), names.has_more()), (Some(2), Some(false)));
    assert_eq!(
        client.complete_prompt("interview", "topic", "R").await.values(),
        [""; 0]
    );

    assert_eq!(client.list_resources().await.len(), 1);
    assert_eq!(client.list_templates().await[0].uri_template, "files://{+path}");
    assert_eq!(client.list_prompts().await[0].name, "interview");
    let tools = client.list_tools().await;
    assert_eq!(
        tools[0]
            .annotations
            .as_ref()
            .and_then(|hints| hints.read_only_hint),
        Some(true)
    );
}

#[tokio::test]
async fn the_client_says_who_it_is_and_the_test_who_calls() {
    let client = Client::connect(server()).await;
    assert_eq!(
        client.call("whoami", json!({})).await.text(),
        "local Some(\"holdall-testkit\")"
    );
    let client = Client::connect(server())
        .client_info("cursor", "1")
        .principal(Principal::new("ada", ["notes:read"]))
        .await;
    assert_eq!(
        client.call("whoami", json!({})).await.text(),
        "ada Some(\"cursor\")"
    );
}

#[tokio::test]
async fn a_request_under_way_can_be_cancelled() {
    let client = Client::connect(server()).protocol("2025-11-25").await;
    let waiting = client.call("wait", json!({})).start().await;
    client.next_notification("notifications/progress").await;
    waiting.cancel("changed my mind").await;
    let reply = waiting.reply().await;
    assert!(reply.is_error());
    assert!(
        format!("{reply:?}").contains("the request was cancelled"),
        "{reply:?}"
    );
    assert_eq!(
        client.call("echo", json!({"text": "alive"})).await.text(),
        "alive"
    );
}

#[tokio::test]
async fn a_cancelled_request_ends_whatever_the_server_does() {
    for version in ["2025-11-25", "2026-07-28"] {
        let client = scripted(|_| Vec::new()).protocol(version).await;
        let waiting = client.call("wait", json!({})).start().await;
        waiting.cancel("changed my mind").await;
        let reply = waiting.reply().await;
        assert!(
            format!("{reply:?}").contains("the request was cancelled"),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn requests_run_side_by_side() {
    let client = Client::connect(server()).await;
    let waiting = client.call("wait", json!({})).start().await;
    let (one, two) = tokio::join!(
        async { client.call("echo", json!({"text": "one"})).await.text() },
        async { client.call("echo", json!({"text": "two"})).await.text() },
    );
    assert_eq!((one.as_str(), two.as_str()), ("one", "two"));
    waiting.cancel("enough").await;
}

#[tokio::test]
async fn capabilities_that_make_no_sense_are_refused() {
    let refused = Client::connect(server())
        .capabilities(json!({"elicitation": 7}))
        .attempt()
        .await;
    assert!(
        refused
            .err()
            .expect("it is refused")
            .to_string()
            .contains("no capabilities of a client")
    );
}
