//! The toolsets that reach the network, as the program serves them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use holdall_testkit::Client;
use serde_json::json;

use super::program::Home;

/// Answers one request with its own `Authorization`.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let head: Vec<String> = lines
            .map(Result::unwrap)
            .take_while(|line| !line.is_empty())
            .collect();
        let sent = head
            .iter()
            .find(|line| line.starts_with("authorization: "))
            .cloned()
            .unwrap_or_default();
        let body = format!("you sent {sent}");
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
    });
    port
}

#[tokio::test]
async fn a_credential_of_the_environment_is_sent_and_not_seen() {
    let port = echo();
    let home = Home::new();
    home.put(
        "holdall.toml",
        &format!(
            "[fetch]\nrequest_hosts = [\"127.0.0.1:{port}\"]\n\
             [fetch.request_network]\nallowed = [\"127.0.0.1/32\"]\n\
             [fetch.credentials.forge]\nprefix = \"Bearer \"\nsecret = {{ env = \"FORGE_TOKEN\" }}\n\
             hosts = [\"http://127.0.0.1:{port}\"]\n"
        ),
    );
    let mut command = home.command(&["--config", "holdall.toml", "serve", "fetch"]);
    command.env("FORGE_TOKEN", "canary-5f2a91");
    let client = Client::spawn(command).await;
    assert_eq!(client.tool_names().await, ["fetch_url", "http_request"]);
    let url = format!("http://127.0.0.1:{port}/");
    let reply = client
        .call("http_request", json!({"url": url, "credential": "forge"}))
        .await;
    assert!(
        reply.text().ends_with("you sent authorization: Bearer [secret]"),
        "{}",
        reply.text()
    );
    client
        .call("fetch_url", json!({"url": url}))
        .await
        .expect_error("permission_denied");

    let mut command = home.command(&["--config", "holdall.toml", "serve", "fetch", "--read-only"]);
    command.env("FORGE_TOKEN", "canary-5f2a91");
    let client = Client::spawn(command).await;
    assert_eq!(client.tool_names().await, ["fetch_url"]);
}

#[test]
fn what_cannot_be_served_is_said_before_it_is() {
    let home = Home::new();
    let told = home.fail(&["serve", "web_search"]);
    assert!(
        told.contains("https://brave.com/search/api/") && told.contains("key = { env = \"BRAVE_API_KEY\" }"),
        "{told}"
    );
    home.put("search.toml", "[web_search]\nkey = { env = \"BRAVE_API_KEY\" }\n");
    let told = home.fail(&["--config", "search.toml", "serve", "web_search"]);
    assert!(
        told.contains("web_search.key") && told.contains("BRAVE_API_KEY has no usable value"),
        "{told}"
    );
    home.put(
        "fetch.toml",
        "[fetch.credentials.forge]\nsecret = { file = \"key\" }\nhosts = [\"*\"]\n",
    );
    let told = home.fail(&["--config", "fetch.toml", "serve", "fetch"]);
    assert!(
        told.contains("fetch.credentials.forge.secret") && told.contains("key cannot be read"),
        "{told}"
    );
    home.put("key", "canary-5f2a91\n");
    let told = home.fail(&["--config", "fetch.toml", "serve", "fetch"]);
    assert!(
        told.contains("the credential `forge` needs `hosts` that are named") && !told.contains("canary"),
        "{told}"
    );
    home.put("hosts.toml", "[fetch]\nhosts = [\"exa mple\"]\n");
    let told = home.fail(&["--config", "hosts.toml", "serve", "fetch"]);
    assert!(told.contains("`exa mple` names no host"), "{told}");
}
