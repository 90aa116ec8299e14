//! `serve prompts`: the folders of the configuration, and what is told of them.

use holdall_testkit::Client;
use serde_json::json;

use crate::program::Home;

const CHANGED: &str = "notifications/prompts/list_changed";

#[tokio::test]
async fn the_folder_of_the_configuration_is_served_and_followed() {
    for version in ["2025-11-25", "2026-07-28"] {
        let home = Home::new();
        home.put(
            "settings/holdall.toml",
            "[serve]\ntoolsets = [\"prompts\"]\nread_only = true\n\n[prompts]\nfolders = [\"mine\"]\nbuilt_in = []\n",
        );
        home.put("settings/mine/broken.md", "---\ntitel: Broken\n---\nx\n");
        let command = home.command(&["serve", "--config", "settings/holdall.toml"]);
        let client = Client::spawn(command).protocol(version).await;
        if version == "2026-07-28" {
            drop(client.listen(json!({"promptsListChanged": true})).await);
        }
        // There is none yet, and still clients are told that there may be.
        assert!(client.list_prompts().await.is_empty());
        home.put("settings/mine/Say hello.md", "Hello, {{name}}!\n");
        client.next_notification(CHANGED).await;
        let hello = client.prompt("say_hello", json!({"name": "Ada"})).await;
        assert_eq!(hello.text(), "Hello, Ada!", "{version}");
        let problems = client.read("prompts://problems").await.text();
        assert!(
            problems.starts_with("- `broken.md`, line 2: unknown field `titel`"),
            "{problems}"
        );
        let ended = client.close().await;
        assert!(ended.status.unwrap().success());
        let told = ended
            .printed
            .matches("`broken.md`, line 2: unknown field `titel`")
            .count();
        assert_eq!(told, 1, "{}", ended.printed);
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let home = Home::new();
    home.put("holdall.toml", "[prompts]\nfolders = [\"mine\"]\n");
    let said = home.fail(&["serve", "prompts", "--config", "holdall.toml"]);
    assert!(
        said.contains("mine` cannot be used: it does not exist; make it"),
        "{said}"
    );
}
