//! Credentials never appear in what is logged or answered, however much is logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use holdall::Secret;
use holdall::prelude::*;
use holdall_http::auth::{Introspection, Issuer, NewToken, OAuthConfig, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpServer, Rate};
use holdall_testkit::HttpRequest;
use serde_json::json;

use crate::oauth::issuer::{TestIssuer, TestKey};
use crate::say_hello;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn planted_credentials_are_never_seen_again() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // With one subscriber alone, `tracing` asks the thread that is first to log somewhere whether that is wanted for
    // good, and other tests have threads that want nothing.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    // All tasks of this test run on this thread.
    let _guard = tracing::subscriber::set_default(subscriber);

    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::at(folder.path().join("tokens.toml"));
    let (token, _) = file.create(NewToken::new("good")).expect("made");
    let (revoked, _) = file.create(NewToken::new("revoked")).expect("made");
    file.revoke("revoked").expect("there is one");
    let key = Secret::new("canary-of-a-chosen-key");
    file.create_key(NewToken::new("ada"), &key).expect("kept");
    let signing = TestKey::ed25519("one");
    let issuer = TestIssuer::start(&[&signing]).await;
    issuer.answer(
        "canaryOfAnOpaqueToken",
        json!({"active": true, "aud": "https://notes.example", "sub": "ada"}),
    );
    let signed = signing.sign(&issuer.claims());

    let introspection = Introspection::new("notes-server", Secret::new("s:cret"));
    let mut config = HttpConfig::default();
    config.public_url = Some("https://notes.example".parse().expect("it is a URL"));
    config.auth.tokens = Some(Tokens::open(file.path()).expect("in order"));
    config.auth.oauth = Some(OAuthConfig::new([
        Issuer::new(issuer.url()).introspected(introspection)
    ]));
    config.limits.failed_logins_per_address = None;
    tracing::info!(?config, "configured");
    let service = Server::new("test").add(tools![say_hello]).build().expect("right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config)
        .await
        .expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));

    let forged = format!("{}canary-of-a-signature", &signed[..signed.len() - 21]);
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let mut answered = String::new();
    let mut taken = 0;
    for (name, value) in [
        ("Authorization", format!("Bearer {}", token.expose())),
        ("Authorization", format!("Bearer {}", revoked.expose())),
        ("Authorization", format!("Bearer {}x", token.expose())),
        ("Authorization", format!("Basic {}", token.expose())),
        ("X-API-Key", format!("ada:{}", key.expose())),
        ("X-API-Key", format!("eve:{}", key.expose())),
        ("Authorization", "Bearer canaryOfAnOpaqueToken".to_owned()),
        ("Authorization", "Bearer canaryOfAnUnknownToken".to_owned()),
        ("Authorization", format!("Bearer {signed}")),
        ("Authorization", format!("Bearer {forged}")),
    ] {
        let reply = HttpRequest::post(&list).header(name, &value).send(address).await;
        taken += usize::from(reply.status != 401);
        answered.push_str(&format!("{reply:?} {}", reply.text()));
    }
    assert_eq!(taken, 4);
    for path in ["/mcp?token=", "/mcp?key=", "/nowhere/", "/nowhere?token="] {
        let in_address = HttpRequest::new("POST", &format!("{path}{}", token.expose()));
        answered.push_str(&in_address.send(address).await.text());
    }

    let logged = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("text");
    assert!(
        logged.contains("TRACE") && logged.contains("the token was revoked"),
        "{logged}"
    );
    let (_, signature) = signed.rsplit_once('.').expect("a token");
    for canary in [
        &token.expose()[5..],
        &revoked.expose()[5..],
        "canary-of",
        "canaryOf",
        "s:cret",
        "bm90ZXMlMkRzZXJ2ZXI6cyUzQWNyZXQ",
        signature,
        "sha256:",
        "$argon2",
    ] {
        assert!(!logged.contains(canary), "{canary} was logged");
        assert!(!answered.contains(canary), "{canary} was answered");
    }
}

#[tokio::test]
async fn refusals_are_logged_with_who_asked_where_and_by_which_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);

    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::at(folder.path().join("tokens.toml"));
    let (revoked, _) = file.create(NewToken::new("old-laptop")).expect("made");
    file.revoke("old-laptop").expect("there is one");
    let ago = SystemTime::now() - Duration::from_secs(1);
    let (expired, _) = file
        .create(NewToken::new("last-year").expires(ago))
        .expect("made");
    let (good, _) = file.create(NewToken::new("good")).expect("made");
    let mut config = HttpConfig::default();
    config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    config.auth.tokens = Some(Tokens::open(file.path()).expect("in order"));
    config.limits.failed_logins_per_address = Some(Rate::every(Duration::from_secs(3600), 2));
    let service = Server::new("test").add(tools![say_hello]).build().expect("right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config)
        .await
        .expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));

    let bearer = |token: &Secret| format!("Bearer {}", token.expose());
    for (path, authorization, expected) in [
        (
            "/mcp?a=query",
            bearer(&revoked),
            "the token was revoked kind=\"invalid_token\" client=203.0.113.9 route=\"/mcp\" token=\"old-laptop\" request_id=",
        ),
        (
            "/sse",
            bearer(&expired),
            "the token has expired kind=\"invalid_token\" client=203.0.113.9 route=\"/sse\" token=\"last-year\" request_id=",
        ),
        (
            "/ws",
            "Bearer hold_x".to_owned(),
            "too many attempts to say who one is have failed from this address kind=\"too_many_failed_logins\" \
             client=203.0.113.9 route=\"/ws\" request_id=",
        ),
        (
            "/nowhere?a=query",
            bearer(&good),
            "there is nothing at `/nowhere` kind=\"not_found\" client=203.0.113.9 request_id=",
        ),
        // What the transports refuse is logged like what is refused in front of them.
        (
            "/ws",
            bearer(&good),
            "kind=\"upgrade_required\" client=203.0.113.9 route=\"/ws\" request_id=",
        ),
    ] {
        log.0.lock().expect("no panic").clear();
        HttpRequest::get(path)
            .header("X-Forwarded-For", "203.0.113.9")
            .header("Authorization", &authorization)
            .send(address)
            .await;
        let logged = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("text");
        let lines = logged.lines().filter(|line| line.contains("WARN")).count();
        assert!(logged.contains(expected) && lines == 1, "{expected}: {logged}");
        assert!(!logged.contains("query") && !logged.contains("hold_"), "{logged}");
    }
}
