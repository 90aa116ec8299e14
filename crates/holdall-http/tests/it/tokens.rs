//! Static tokens and keys in front of every route.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use holdall::Secret;
use holdall::prelude::*;
use holdall_http::auth::{NewToken, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpServer, MetricsPage, Rate};
use holdall_testkit::{Client, HttpRequest};
use serde_json::{Value, json};

use crate::stateless;

/// Tell who asks.
#[tool]
fn who(ctx: Context) -> String {
    ctx.principal().name().to_owned()
}

/// Say that there are notes.
#[tool(scopes("notes:read"))]
fn read_notes() -> &'static str {
    "notes"
}

/// A server that wants tokens, and the file it has them from.
struct Fixture {
    address: SocketAddr,
    file: TokenFile,
    tokens: Tokens,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn start() -> Self {
        // Every way to be wrong is tried, one after another.
        Self::start_allowing(None).await
    }

    /// One at which so many attempts may fail.
    async fn start_allowing(failed_logins: Option<Rate>) -> Self {
        Self::start_with(|config| config.limits.failed_logins_per_address = failed_logins).await
    }

    /// One that differs from the usual one in this.
    async fn start_with(change: impl FnOnce(&mut HttpConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TokenFile::at(folder.path().join("tokens.toml"));
        file.create(NewToken::new("first")).expect("made");
        let tokens = Tokens::open(file.path()).expect("in order");
        let mut config = HttpConfig::default();
        config.limits.failed_logins_per_address = None;
        config.auth.tokens = Some(tokens.clone());
        config.metrics = Some(MetricsPage::new("text/plain", || "figures".into()));
        change(&mut config);
        let service = Server::new("test").add(tools![who, read_notes]).build();
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service.expect("right"), config).await;
        let server = server.expect("a free port");
        let address = server.local_addr();
        tokio::spawn(server.serve(std::future::pending()));
        Self {
            address,
            file,
            tokens,
            _folder: folder,
        }
    }

    fn token(&self, new: NewToken) -> String {
        let (token, _) = self.file.create(new).expect("made");
        self.tokens.reload().expect("in order");
        token.expose().to_owned()
    }

    /// Status, kind of refusal and challenge of a call of `who` with these headers.
    async fn ask(&self, headers: &[(&str, &str)]) -> (u16, Value, Option<String>) {
        let mut request = call("who");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let reply = request.send(self.address).await;
        let challenge = reply.header("www-authenticate").map(str::to_owned);
        (reply.status, reply.json(), challenge)
    }
}

fn call(tool: &str) -> HttpRequest {
    let params = json!({"name": tool, "arguments": {}});
    let text = stateless("tools/call", tool, params);
    let (_, body) = text.split_once("\r\n\r\n").expect("a request");
    HttpRequest::post(&serde_json::from_str(body).expect("JSON"))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", tool)
}

#[tokio::test]
async fn every_wrong_credential_is_refused_in_its_own_words() {
    let fixture = Fixture::start().await;
    let good = fixture.token(NewToken::new("good"));
    let expired = SystemTime::now() - Duration::from_secs(1);
    let expired = fixture.token(NewToken::new("expired").expires(expired));
    let revoked = fixture.token(NewToken::new("revoked"));
    fixture.file.revoke("revoked").expect("there is one");
    fixture.tokens.reload().expect("in order");
    let bearer = |token: &str| format!("Bearer {token}");
    let huge = format!("Bearer {}", "a".repeat(10_000));
    for (headers, status, kind, in_message) in [
        (vec![], 401, "unauthenticated", "who asks"),
        (vec![("Authorization", "")], 401, "invalid_token", "scheme"),
        (
            vec![("Authorization", "Basic YTpi")],
            401,
            "invalid_token",
            "scheme",
        ),
        (
            vec![("Authorization", good.as_str())],
            401,
            "invalid_token",
            "scheme",
        ),
        (
            vec![("Authorization", "Bearer")],
            401,
            "invalid_token",
            "not followed",
        ),
        (
            vec![("Authorization", "Bearer a b")],
            401,
            "invalid_token",
            "not followed",
        ),
        (
            vec![("Authorization", huge.as_str())],
            401,
            "invalid_token",
            "bytes",
        ),
        (
            vec![("Authorization", &*bearer(&good[..42]))],
            401,
            "invalid_token",
            "not whole",
        ),
        (
            vec![(
                "Authorization",
                &*bearer("hold_ohJtpMMGaPm8SjhNX3dWNYJ4W9j7Qq2w000000"),
            )],
            401,
            "invalid_token",
            "not whole",
        ),
        (
            vec![("Authorization", &*bearer(&expired))],
            401,
            "invalid_token",
            "expired",
        ),
        (
            vec![("Authorization", &*bearer(&revoked))],
            401,
            "invalid_token",
            "revoked",
        ),
        (
            vec![("Authorization", "Bearer opaque")],
            401,
            "invalid_token",
            "nobody here",
        ),
        (
            vec![("Authorization", "Bearer a.b.c")],
            401,
            "invalid_token",
            "nobody here",
        ),
        (
            vec![("X-API-Key", "ada:key")],
            401,
            "invalid_token",
            "nobody here",
        ),
        (vec![("X-API-Key", "opaque")], 401, "invalid_token", "neither"),
        (
            vec![
                ("Authorization", &*bearer(&good)),
                ("Authorization", &*bearer(&good)),
            ],
            400,
            "several_credentials",
            "several",
        ),
        (
            vec![("Authorization", &*bearer(&good)), ("X-API-Key", &good)],
            400,
            "several_credentials",
            "several",
        ),
    ] {
        let (got, body, challenge) = fixture.ask(&headers).await;
        assert_eq!(
            (got, body["error"].as_str()),
            (status, Some(kind)),
            "{headers:?}: {body}"
        );
        assert!(
            body["message"].as_str().expect("a message").contains(in_message),
            "{body}"
        );
        assert!(body["hint"].is_string(), "{body}");
        let challenge = challenge.expect("a challenge");
        let error = match (status, kind) {
            (_, "unauthenticated") => "",
            (401, _) => "error=\"invalid_token\"",
            _ => "error=\"invalid_request\"",
        };
        assert!(
            challenge.starts_with("Bearer") && challenge.contains(error),
            "{challenge}"
        );
        assert!(!error.is_empty() || challenge == "Bearer", "{challenge}");
    }
    for headers in [
        [("Authorization", &*bearer(&good))],
        [("authorization", &*format!("bearer {good}"))],
        [("X-Api-Key", &good)],
    ] {
        let (status, body, _) = fixture.ask(&headers).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["result"]["content"][0]["text"], "token:good");
    }
}

#[tokio::test]
async fn tokens_in_addresses_are_refused_even_if_they_are_good() {
    let fixture = Fixture::start().await;
    let good = fixture.token(NewToken::new("good"));
    for name in ["token", "access_token", "api_key", "Token"] {
        let request = HttpRequest::new("POST", &format!("/mcp?a=1&{name}={good}"));
        let reply = request
            .header("Authorization", &format!("Bearer {good}"))
            .send(fixture.address)
            .await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["error"], "credential_in_address");
        assert!(!reply.text().contains(&good), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_whole_token_in_an_address_is_refused_under_any_name() {
    let fixture = Fixture::start().await;
    let good = fixture.token(NewToken::new("good"));
    let encoded = format!("%68{}", &good[1..]);
    for query in [format!("key={good}"), format!("a=1&b={encoded}"), good.clone()] {
        let request = call("who").header("Authorization", &format!("Bearer {good}"));
        let bytes = String::from_utf8(request.to_bytes()).expect("text");
        let bytes = bytes.replacen("/mcp", &format!("/mcp?{query}"), 1);
        let reply = holdall_testkit::exchange(fixture.address, bytes, Duration::from_secs(30)).await;
        assert_eq!(reply.status, 400, "{query}");
        assert_eq!(reply.json()["error"], "credential_in_address");
        assert!(!reply.text().contains(&good), "{}", reply.text());
    }
    let harmless =
        HttpRequest::new("GET", "/mcp?key=hold_").header("Authorization", &format!("Bearer {good}"));
    assert_ne!(
        harmless.send(fixture.address).await.json()["error"],
        "credential_in_address"
    );
}

#[tokio::test]
async fn figures_are_for_this_machine_without_a_token_unless_a_proxy_may_be_there() {
    let fixture = Fixture::start().await;
    let figures = HttpRequest::get("/metrics");
    let reply = figures.send(fixture.address).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "figures"));
    for header in ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"] {
        let handed_on = figures.clone().header(header, "127.0.0.1");
        assert_eq!(handed_on.send(fixture.address).await.status, 401, "{header}");
    }
    // Whoever says who they are is judged by that.
    let lacking = fixture.token(NewToken::new("lacking"));
    let reader = fixture.token(NewToken::new("reader").scopes(["metrics"]));
    for (token, status) in [(lacking.as_str(), 403), (&reader, 200), ("hold_nobody's", 401)] {
        let request = figures
            .clone()
            .header("Authorization", &format!("Bearer {token}"));
        assert_eq!(request.send(fixture.address).await.status, status);
    }
    // Nothing else is open to this machine.
    for path in ["/mcp", "/sse", "/ws"] {
        assert_eq!(
            HttpRequest::get(path).send(fixture.address).await.status,
            401,
            "{path}"
        );
    }

    let behind = Fixture::start_with(|config| {
        config.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    });
    let behind = behind.await;
    assert_eq!(figures.send(behind.address).await.status, 401);
    let reader = behind.token(NewToken::new("reader").scopes(["metrics"]));
    let request = figures.header("Authorization", &format!("Bearer {reader}"));
    assert_eq!(request.send(behind.address).await.status, 200);
}

#[tokio::test]
async fn nothing_but_open_routes_answers_without_a_token() {
    let fixture = Fixture::start().await;
    for route in holdall_http::Route::ALL {
        for method in ["GET", "POST", "DELETE", "PUT"] {
            // From further away: what this machine may do without is tried elsewhere.
            let request = HttpRequest::new(method, route.path()).header("X-Forwarded-For", "203.0.113.9");
            let reply = request.send(fixture.address).await;
            assert_eq!(reply.status == 401, !route.is_open(), "{method} {}", route.path());
        }
    }
}

#[tokio::test]
async fn listing_and_calling_agree_on_scopes_in_every_version() {
    let fixture = Fixture::start().await;
    let reader = fixture.token(NewToken::new("reader").scopes(["notes:read"]));
    let nobody = fixture.token(NewToken::new("nobody"));
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        for (token, name, expected) in [
            (&reader, "token:reader", &["who", "read_notes"][..]),
            (&nobody, "token:nobody", &["who"]),
        ] {
            let client = Client::at(format!("http://{}/mcp", fixture.address))
                .protocol(version)
                .header("Authorization", format!("Bearer {token}"))
                .await;
            let listed = client.list_tools().await;
            let listed: Vec<&str> = listed.iter().map(|tool| tool.name.as_ref()).collect();
            assert_eq!(listed, expected, "{version}");
            assert_eq!(client.call("who", json!({})).await.text(), name);
            if expected.contains(&"read_notes") {
                assert_eq!(client.call("read_notes", json!({})).await.text(), "notes");
            }
            client.close().await;
        }
    }
}

#[tokio::test]
async fn a_chosen_key_opens_the_door_too() {
    let fixture = Fixture::start().await;
    let key = Secret::new("correct horse battery");
    fixture.file.create_key(NewToken::new("ada"), &key).expect("kept");
    fixture.tokens.reload().expect("in order");
    for (value, status) in [
        ("ada:correct horse battery", 200),
        ("ada:correct horse battery", 200),
        ("ada:correct horse", 401),
        ("eve:correct horse battery", 401),
    ] {
        let (got, body, _) = fixture.ask(&[("X-API-Key", value)]).await;
        assert_eq!(got, status, "{body}");
    }
}

#[tokio::test]
async fn who_is_known_is_let_in_whoever_fails_beside_them() {
    let once = Rate::every(Duration::from_secs(3600), 1);
    let fixture = Fixture::start_allowing(Some(once)).await;
    let good = format!("Bearer {}", fixture.token(NewToken::new("good")));
    let key = Secret::new("correct horse battery");
    fixture.file.create_key(NewToken::new("ada"), &key).expect("kept");
    fixture.tokens.reload().expect("in order");
    let good = ("Authorization", &*good);
    let (right, wrong) = (
        ("X-API-Key", "ada:correct horse battery"),
        ("X-API-Key", "ada:correct horse"),
    );
    for (header, expected) in [
        (("Authorization", "Bearer hold_wrong"), (401, "invalid_token")),
        (
            ("Authorization", "Bearer hold_wrong"),
            (429, "too_many_failed_logins"),
        ),
        // Nobody can guess a token, so wrong ones say nothing about a good one.
        (good, (200, "")),
        // Without any it is said how to get one.
        (("Accept-Language", "en"), (401, "unauthenticated")),
        // A key can be guessed, and none was wrong so far, however often a right one came.
        (right, (200, "")),
        (right, (200, "")),
        (wrong, (429, "too_many_failed_logins")),
        // From now on nobody learns here whether a key is right.
        (right, (429, "too_many_failed_logins")),
        (wrong, (429, "too_many_failed_logins")),
        (good, (200, "")),
    ] {
        let (status, body, _) = fixture.ask(&[header]).await;
        let kind = body["error"].as_str().unwrap_or_default();
        assert_eq!((status, kind), expected, "{header:?}: {body}");
    }
}

#[tokio::test]
async fn with_authentication_a_public_address_needs_no_decision() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::at(folder.path().join("tokens.toml"));
    file.create(NewToken::new("first")).expect("made");
    let mut config = HttpConfig::default();
    config.auth.tokens = Some(Tokens::open(file.path()).expect("in order"));
    let service = Server::new("test").build().expect("right");
    assert!(
        HttpServer::bind(([0, 0, 0, 0], 0).into(), service, config)
            .await
            .is_ok()
    );
}
