//! What clients are told: metadata, challenges, scopes.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use holdall_http::auth::{Issuer, OAuthConfig};
use holdall_testkit::{Client, HttpRequest};
use serde_json::{Value, json};

use super::issuer::{TestIssuer, TestKey};
use super::{call, call_with, start};

const METADATA: &str = "https://notes.example/.well-known/oauth-protected-resource/mcp";

/// A server, and tokens with scopes for it.
struct Fixture {
    issuer: TestIssuer,
    key: TestKey,
    address: SocketAddr,
}

impl Fixture {
    async fn start() -> Self {
        let key = TestKey::ed25519("one");
        let issuer = TestIssuer::start(&[&key]).await;
        let mut config = OAuthConfig::new([Issuer::new(issuer.url())]);
        config.implied_scopes = BTreeMap::from([(
            "admin".to_owned(),
            vec!["notes:read".to_owned(), "notes:write".to_owned()],
        )]);
        let address = start(config).await;
        Self { issuer, key, address }
    }

    fn token(&self, scopes: &str) -> String {
        let mut claims = self.issuer.claims();
        claims["scope"] = scopes.into();
        self.key.sign(&claims)
    }
}

#[tokio::test]
async fn metadata_says_where_to_get_tokens_and_for_what() {
    let fixture = Fixture::start().await;
    for (path, resource) in [
        ("/.well-known/oauth-protected-resource", "https://notes.example"),
        ("/.well-known/oauth-protected-resource/mcp", super::RESOURCE),
    ] {
        let reply = HttpRequest::get(path)
            .host("notes.example")
            .send(fixture.address)
            .await;
        let expected = json!({
            "resource": resource,
            "authorization_servers": [fixture.issuer.url()],
            "bearer_methods_supported": ["header"],
            "resource_name": "test",
            "scopes_supported": ["notes:read", "notes:write"],
        });
        assert_eq!((reply.status, reply.json()), (200, expected));
    }
    let elsewhere = crate::start(holdall_http::HttpConfig::default()).await;
    let reply = HttpRequest::get("/.well-known/oauth-protected-resource")
        .send(elsewhere)
        .await;
    assert_eq!(reply.status, 404, "there is none without OAuth");
}

#[tokio::test]
async fn who_brings_no_good_token_is_told_where_to_get_one() {
    let fixture = Fixture::start().await;
    let reply = call("who").send(fixture.address).await;
    assert_eq!(reply.status, 401);
    let expected = format!("Bearer resource_metadata=\"{METADATA}\", scope=\"notes:read notes:write\"");
    assert_eq!(reply.header("www-authenticate"), Some(expected.as_str()));
    let reply = call_with(fixture.address, "who", "opaque").await;
    let challenge = reply.header("www-authenticate").expect("a challenge");
    assert!(
        challenge.starts_with("Bearer error=\"invalid_token\""),
        "{challenge}"
    );
    assert!(
        challenge.contains(&format!("resource_metadata=\"{METADATA}\"")),
        "{challenge}"
    );
}

#[tokio::test]
async fn the_scopes_to_ask_for_at_first_can_be_chosen() {
    let issuer = TestIssuer::start(&[]).await;
    let mut config = OAuthConfig::new([Issuer::new(issuer.url())]);
    config.scopes = Some(vec!["notes:read".into()]);
    let address = start(config).await;
    let reply = call("who").send(address).await;
    let challenge = reply.header("www-authenticate").expect("a challenge");
    assert!(challenge.ends_with("scope=\"notes:read\""), "{challenge}");
    let metadata = HttpRequest::get("/.well-known/oauth-protected-resource")
        .host("notes.example")
        .send(address)
        .await;
    assert_eq!(metadata.json()["scopes_supported"], json!(["notes:read"]));
}

/// A request of a session or of an older client, which names nothing in its headers.
fn plain(method: &str, params: Value, token: &str) -> HttpRequest {
    HttpRequest::post(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
        .header("Authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn who_lacks_scopes_is_told_of_all_of_them_at_once() {
    let fixture = Fixture::start().await;
    for (scopes, tool, missing) in [
        ("", "read_notes", Some("notes:read")),
        ("", "delete_notes", Some("notes:read notes:write")),
        ("notes:read", "delete_notes", Some("notes:write")),
        ("notes:read", "read_notes", None),
        ("notes:read notes:write", "delete_notes", None),
        ("admin", "delete_notes", None),
        ("", "who", None),
    ] {
        let token = fixture.token(scopes);
        let named = call(tool).header("Authorization", &format!("Bearer {token}"));
        let unnamed = plain("tools/call", json!({"name": tool, "arguments": {}}), &token);
        for (request, is_named) in [(named, true), (unnamed, false)] {
            let reply = request.send(fixture.address).await;
            let Some(missing) = missing else {
                assert_ne!(reply.status, 403, "{scopes} {tool}");
                assert!(
                    !is_named || reply.status == 200,
                    "{scopes} {tool} {}",
                    reply.text()
                );
                continue;
            };
            assert_eq!(reply.status, 403, "{scopes} {tool} {}", reply.text());
            assert_eq!(reply.json()["error"], "insufficient_scope");
            let challenge = reply.header("www-authenticate").expect("a challenge");
            assert!(
                challenge.starts_with("Bearer error=\"insufficient_scope\""),
                "{challenge}"
            );
            assert!(
                challenge.ends_with(&format!("resource_metadata=\"{METADATA}\", scope=\"{missing}\"")),
                "{challenge}"
            );
        }
    }
    let token = fixture.token("");
    for method in ["resources/read", "resources/subscribe"] {
        let reply = plain(method, json!({"uri": "note://a"}), &token)
            .send(fixture.address)
            .await;
        assert_eq!(reply.status, 403, "{method}");
    }
}

#[tokio::test]
async fn listing_and_calling_agree_for_the_official_client() {
    let fixture = Fixture::start().await;
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        for (scopes, expected) in [
            ("", &["who"][..]),
            ("notes:read", &["who", "read_notes"]),
            ("notes:read notes:write", &["who", "read_notes", "delete_notes"]),
        ] {
            let client = Client::at(format!("http://{}/mcp", fixture.address))
                .protocol(version)
                .header("Authorization", format!("Bearer {}", fixture.token(scopes)))
                .await;
            let listed = client.list_tools().await;
            let listed: Vec<&str> = listed.iter().map(|tool| tool.name.as_ref()).collect();
            assert_eq!(listed, expected, "{version}");
            for tool in expected {
                assert!(
                    !client.call(tool, json!({})).await.text().is_empty(),
                    "{version} {tool}"
                );
            }
            client.close().await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read_for_its_scopes() {
    let fixture = Fixture::start().await;
    let request = HttpRequest::new("POST", "/mcp")
        .header("Authorization", &format!("Bearer {}", fixture.token("")))
        .header("Content-Type", "application/json")
        .body("x".repeat(5 * 1024 * 1024));
    assert_eq!(request.send(fixture.address).await.status, 413);
}
