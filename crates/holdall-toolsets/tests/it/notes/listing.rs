//! What a host sees before it calls anything.

use holdall::{Server, Toolset as _};
use holdall_toolsets::notes::NotesToolset;
use serde_json::{Value, json};

use super::client::{over, over_with};

#[tokio::test]
async fn the_tools_say_what_they_do() {
    let client = over(&[]).await;
    let tools = client.mcp.list_tools().await;
    // Every conversation pays for this.
    let tokens = serde_json::to_string(&tools).unwrap().len() / 4;
    insta::assert_json_snapshot!(json!({ "tokens_about": tokens, "tools": tools }));
}

#[tokio::test]
async fn read_only_notes_have_no_tool_that_writes() {
    let client = over_with(&[("a.md", "a")], |notebook| {
        Server::new("test").add(NotesToolset::new(notebook).components().only_reading())
    })
    .await;
    assert_eq!(
        client.mcp.tool_names().await,
        [
            "search_notes",
            "read_note",
            "list_notes",
            "related_notes",
            "notes_status"
        ]
    );
    for name in ["create_note", "append_note", "edit_note", "undo_note_change"] {
        let error = client.mcp.call(name, json!({})).await.expect_code(-32602);
        assert!(error.message.contains(name), "{error}");
    }
    assert_eq!(client.mcp.read("note://a.md").await.text(), "a");
}

#[tokio::test]
async fn prompts_name_the_tools_there_are() {
    let client = over(&[]).await;
    let tools = client.mcp.list_tools().await;
    let prompts = client.mcp.list_prompts().await;
    assert!(!prompts.is_empty());
    for prompt in &prompts {
        let required = prompt
            .arguments
            .iter()
            .flatten()
            .filter(|argument| argument.required == Some(true));
        let arguments: Value = required
            .map(|argument| (argument.name.clone(), json!("sourdough")))
            .collect();
        let text = client.mcp.prompt(&prompt.name, arguments).await.text();
        let named = tools
            .iter()
            .filter(|tool| text.contains(tool.name.as_ref()))
            .count();
        assert!(named > 0, "{} names no tool: {text}", prompt.name);
    }
    let arguments = json!({"topic": "MCP", "when": "last week"});
    let text = client
        .mcp
        .prompt("what_did_i_write_about", arguments)
        .await
        .text();
    assert!(text.contains(r#"query="MCP" and when="last week""#), "{text}");
    insta::assert_json_snapshot!(prompts);
}

#[tokio::test]
async fn what_is_not_there_at_all_is_told_from_what_does_not_fit() {
    let client = over(&[("plans/a.md", "---\ntags: [garden]\n---\ntomatoes")]).await;
    for (tool, asked, expected) in [
        (
            "search_notes",
            json!({ "folder": "plan" }),
            Some("there is no note in a folder `plan`"),
        ),
        (
            "search_notes",
            json!({ "tags": ["gardn"] }),
            Some("no note has the tag `gardn`"),
        ),
        ("search_notes", json!({ "folder": "plans", "when": "1999" }), None),
        (
            "list_notes",
            json!({ "folder": "../.." }),
            Some("there is no note in a folder `../..`"),
        ),
        (
            "list_notes",
            json!({ "tags": ["garden", "gardn"] }),
            Some("no note has the tag `gardn`"),
        ),
        ("list_notes", json!({ "when": "1999", "tags": ["garden"] }), None),
        ("list_notes", json!({ "folder": "plans" }), None),
    ] {
        let mut arguments = asked.clone();
        if tool == "search_notes" {
            arguments["query"] = json!("zebra");
            arguments["mode"] = json!("lexical");
        }
        let text = client.mcp.call(tool, arguments).await.text();
        match expected {
            Some(expected) => assert!(text.contains(expected), "{tool} {asked}: {text}"),
            None => assert!(
                !text.contains("there is no note in") && !text.contains("no note has"),
                "{tool} {asked}: {text}"
            ),
        }
    }
}
