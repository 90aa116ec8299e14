//! What a host sees before it calls anything.

use holdall::Server;
use holdall_toolsets::notes::{NotesToolset, WRITE_TOOLS};
use rmcp::model::GetPromptRequestParams;
use serde_json::json;

use crate::client::{over, over_with};

#[tokio::test]
async fn the_tools_say_what_they_do() {
    let client = over(&[]).await;
    let tools = client.sdk.list_all_tools().await.unwrap();
    // Every conversation pays for this.
    let tokens = serde_json::to_string(&tools).unwrap().len() / 4;
    insta::assert_json_snapshot!(json!({ "tokens_about": tokens, "tools": tools }));
}

#[tokio::test]
async fn read_only_notes_have_no_tool_that_writes() {
    let client = over_with(&[("a.md", "a")], |notebook| {
        Server::new("test").add(NotesToolset::read_only(notebook))
    })
    .await;
    let names: Vec<_> = client
        .sdk
        .list_all_tools()
        .await
        .unwrap()
        .into_iter()
        .map(|tool| tool.name.to_string())
        .collect();
    assert_eq!(
        names,
        [
            "search_notes",
            "read_note",
            "list_notes",
            "related_notes",
            "notes_status"
        ]
    );
    for name in WRITE_TOOLS {
        let request = rmcp::model::CallToolRequestParams::new(name);
        let error = client.sdk.call_tool(request).await.unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    assert_eq!(client.read("note://a.md").await, Ok("a".into()));
}

#[tokio::test]
async fn prompts_name_the_tools_there_are() {
    let client = over(&[]).await;
    let tools = client.sdk.list_all_tools().await.unwrap();
    let prompts = client.sdk.list_all_prompts().await.unwrap();
    assert!(!prompts.is_empty());
    for prompt in &prompts {
        let required = prompt
            .arguments
            .iter()
            .flatten()
            .filter(|argument| argument.required == Some(true));
        let arguments = required
            .map(|argument| (argument.name.clone(), json!("sourdough")))
            .collect();
        let request = GetPromptRequestParams::new(prompt.name.clone()).with_arguments(arguments);
        let text = serde_json::to_string(&client.sdk.get_prompt(request).await.unwrap()).unwrap();
        let named = tools
            .iter()
            .filter(|tool| text.contains(tool.name.as_ref()))
            .count();
        assert!(named > 0, "{} names no tool: {text}", prompt.name);
    }
    let arguments = json!({"topic": "MCP", "when": "last week"})
        .as_object()
        .cloned()
        .unwrap();
    let request = GetPromptRequestParams::new("what_did_i_write_about").with_arguments(arguments);
    let text = serde_json::to_string(&client.sdk.get_prompt(request).await.unwrap()).unwrap();
    assert!(text.contains(r#"query=\"MCP\" and when=\"last week\""#), "{text}");
    insta::assert_json_snapshot!(prompts);
}
