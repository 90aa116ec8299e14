//! `remote`: who has a token is served.

use std::process::Command;

use holdall_http::auth::{NewToken, TokenFile};
use holdall_testkit::{Client, HttpRequest, Process, Served};
use serde_json::json;

use crate::remote::{server, with_tokens};

#[tokio::test]
async fn nobody_is_served_without_a_token() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tokens.toml");
    let (root, _) = TokenFile::at(&file)
        .create(NewToken::new("root").scopes(["machine:restart"]))
        .unwrap();
    let (ada, _) = TokenFile::at(&file).create(NewToken::new("ada")).unwrap();
    let served = Served::start_with(server(), with_tokens(&file).unwrap()).await;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for credential in [None, Some("Bearer nonsense"), Some("Basic YTpi")] {
        let mut request = HttpRequest::post(&call);
        if let Some(credential) = credential {
            request = request.header("Authorization", credential);
        }
        assert_eq!(request.send(served.address()).await.status, 401, "{credential:?}");
    }
    let connect = async |token: &holdall::Secret| {
        let credential = format!("Bearer {}", token.expose());
        Client::at(served.url()).header("Authorization", credential).await
    };
    let (root, ada) = (connect(&root).await, connect(&ada).await);
    assert_eq!(root.call("whoami", json!({})).await.text(), "You are token:root.");
    assert_eq!(ada.call("whoami", json!({})).await.text(), "You are token:ada.");
    assert_eq!(root.tool_names().await, ["whoami", "restart"]);
    assert_eq!(ada.tool_names().await, ["whoami"]);
}

#[tokio::test]
async fn the_first_start_makes_a_token_and_tells_it_once() {
    let dir = tempfile::tempdir().unwrap();
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_remote"));
        command.arg("127.0.0.1:0").arg(dir.path().join("tokens.toml"));
        command
    };
    let after = |line: String, words: &str| line.split_once(words).unwrap().1.to_owned();
    let process = Process::start(command());
    let token = after(process.line_with("token: ").await, "token: ");
    let url = after(process.line_with("listening on ").await, "listening on ");
    let client = Client::at(url)
        .header("Authorization", format!("Bearer {token}"))
        .await;
    assert_eq!(
        client.call("whoami", json!({})).await.text(),
        "You are token:first."
    );
    drop(process);
    let again = Process::start(command());
    let url = after(again.line_with("listening on ").await, "listening on ");
    assert!(!again.printed().contains("token"), "{}", again.printed());
    let client = Client::at(url)
        .header("Authorization", format!("Bearer {token}"))
        .await;
    assert_eq!(
        client.call("whoami", json!({})).await.text(),
        "You are token:first."
    );
}
