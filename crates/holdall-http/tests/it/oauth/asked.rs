//! Which tokens are taken that the authorization server is asked about.

use std::time::Duration;

use holdall::Secret;
use holdall_http::Rate;
use holdall_http::auth::{Introspection, Issuer, OAuthConfig};
use serde_json::{Value, json};

use super::issuer::{TestIssuer, TestKey, now};
use super::{PUBLIC_URL, bind_allowing, call_with, judge, start};

fn asking(issuer: &TestIssuer, secret: &str) -> OAuthConfig {
    let introspection = Introspection::new("notes-server", Secret::new(secret));
    OAuthConfig::new([Issuer::new(issuer.url()).introspected(introspection)])
}

#[tokio::test]
async fn what_the_authorization_server_says_decides_if_it_is_for_this_server() {
    let key = TestKey::p256("one");
    let issuer = TestIssuer::start(&[&key]).await;
    let address = start(asking(&issuer, "s:cret")).await;
    let url = issuer.url();
    let good = json!({"active": true, "aud": super::RESOURCE, "sub": "ada", "exp": now() + 600});
    let with = |claim: &str, value: Value| {
        let mut answer = good.clone();
        match value {
            Value::Null => drop(answer.as_object_mut().expect("an object").remove(claim)),
            value => answer[claim] = value,
        }
        answer
    };
    let mut program = with("sub", Value::Null);
    program["client_id"] = "robot".into();
    for (token, answer, expected) in [
        ("good", good.clone(), Ok(format!("oauth:{url}#ada"))),
        (
            "endless",
            with("exp", Value::Null),
            Ok(format!("oauth:{url}#ada")),
        ),
        ("robot", program, Ok(format!("oauth-client:{url}#robot"))),
        ("inactive", with("active", json!(false)), Err("good no longer")),
        ("unsure", with("active", Value::Null), Err("cannot be asked")),
        ("expired", with("exp", json!(now() - 60)), Err("expired")),
        ("early", with("nbf", json!(now() + 60)), Err("(`nbf`)")),
        (
            "slow",
            with("exp", json!(now() - 10)),
            Ok(format!("oauth:{url}#ada")),
        ),
        (
            "fast",
            with("nbf", json!(now() + 10)),
            Ok(format!("oauth:{url}#ada")),
        ),
        (
            "strange",
            with("iss", json!("https://evil.example")),
            Err("nobody who is trusted"),
        ),
        (
            "elsewhere",
            with("aud", json!("https://other.example")),
            Err("(`aud`)"),
        ),
        ("anywhere", with("aud", Value::Null), Err("(`aud`)")),
        ("nobody", with("sub", Value::Null), Err("(`sub`)")),
    ] {
        issuer.answer(token, answer);
        match (judge(address, token).await, expected) {
            (Ok(name), Ok(expected)) => assert_eq!(name, expected, "{token}"),
            (Err((_, message)), Err(part)) => assert!(message.contains(part), "{token}: {message}"),
            (judged, _) => panic!("{token}: {judged:?}"),
        }
    }
    assert!(judge(address, "unknown").await.is_err());
    assert!(
        judge(address, &key.sign(&issuer.claims())).await.is_ok(),
        "signed ones need no question"
    );
}

#[tokio::test]
async fn an_issuer_without_keys_can_be_asked() {
    let issuer = TestIssuer::start(&[]).await;
    let endpoint = format!("{}/introspect", issuer.url());
    issuer.set_metadata(json!({"issuer": issuer.url(), "introspection_endpoint": endpoint}));
    let good = json!({"active": true, "aud": super::RESOURCE, "sub": "ada"});
    issuer.answer("good", good);
    let address = start(asking(&issuer, "s:cret")).await;
    assert_eq!(
        judge(address, "good").await,
        Ok(format!("oauth:{}#ada", issuer.url()))
    );
    // The same where nothing but its name is known beside where to ask.
    issuer.set_metadata(json!({"issuer": issuer.url()}));
    let mut introspection = Introspection::new("notes-server", Secret::new("s:cret"));
    introspection.url = Some(endpoint);
    let config = OAuthConfig::new([Issuer::new(issuer.url()).introspected(introspection)]);
    let address = start(config).await;
    assert!(judge(address, "good").await.is_ok());
    let signed = TestKey::p256("one").sign(&issuer.claims());
    let (status, message) = judge(address, &signed).await.expect_err("it has no keys");
    assert_eq!((status, message.contains("no key")), (401, true), "{message}");
}

#[tokio::test]
async fn answers_are_remembered_for_a_while() {
    let issuer = TestIssuer::start(&[]).await;
    let address = start(asking(&issuer, "s:cret")).await;
    issuer.answer(
        "good",
        json!({"active": true, "aud": super::RESOURCE, "sub": "ada"}),
    );
    for _ in 0..3 {
        assert!(judge(address, "good").await.is_ok());
        assert!(judge(address, "bad").await.is_err());
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_secret_that_is_wrong_is_no_fault_of_the_caller() {
    let issuer = TestIssuer::start(&[]).await;
    let address = start(asking(&issuer, "wrong")).await;
    let reply = call_with(address, "who", "good").await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("30")),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn whose_token_is_good_is_let_in_whoever_fails_beside_them() {
    let key = TestKey::ed25519("one");
    let issuer = TestIssuer::start(&[&key]).await;
    let once = Some(Rate::every(Duration::from_secs(3600), 1));
    let server = bind_allowing(once, asking(&issuer, "s:cret"), Some(PUBLIC_URL)).await;
    let server = server.expect("the configuration is right");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    issuer.answer("wrong", json!({"active": false}));
    issuer.answer("worse", json!({"active": false}));
    let good = json!({"active": true, "aud": super::RESOURCE, "sub": "ada", "exp": now() + 600});
    issuer.answer("good", good);
    let signed = key.sign(&issuer.claims());
    for (token, status) in [
        ("wrong", 401),
        ("worse", 429),
        ("good", 200),
        ("wrong", 429),
        (&signed, 200),
    ] {
        let reply = call_with(address, "who", token).await;
        assert_eq!(reply.status, status, "{token}: {}", reply.text());
    }
}
