//! Which signed tokens are taken.

use std::time::Duration;

use holdall_http::auth::{Algorithm, Issuer, OAuthConfig};
use serde_json::{Value, json};

use super::issuer::{TestIssuer, TestKey, base64, now, unsigned};
use super::{bind, judge, start};

/// Claims that differ in one from good ones; `null` leaves it out.
fn with(issuer: &TestIssuer, claim: &str, value: Value) -> Value {
    let mut claims = issuer.claims();
    match value {
        Value::Null => drop(claims.as_object_mut().expect("an object").remove(claim)),
        value => claims[claim] = value,
    }
    claims
}

#[tokio::test]
async fn tokens_that_are_right_are_taken() {
    let (p256, ed25519, rsa, p384) = (
        TestKey::p256("one"),
        TestKey::ed25519("two"),
        TestKey::rsa("three"),
        TestKey::p384("four"),
    );
    let issuer = TestIssuer::start(&[&p256, &ed25519, &rsa, &p384]).await;
    let mut config = OAuthConfig::new([Issuer::new(issuer.url())]);
    config.audiences = vec!["urn:notes".into()];
    let address = start(config).await;
    let good = issuer.claims();
    let of = |key: &TestKey, header: Value| key.sign_as(&header, &good);
    let header = |algorithm: &str, key: &TestKey| json!({"alg": algorithm, "kid": key.id()});
    for (what, token) in [
        ("ES256", p256.sign(&good)),
        ("EdDSA", ed25519.sign(&good)),
        ("RS256", rsa.sign(&good)),
        ("RS384", of(&rsa, header("RS384", &rsa))),
        ("RS512", of(&rsa, header("RS512", &rsa))),
        ("PS256", of(&rsa, header("PS256", &rsa))),
        ("PS384", of(&rsa, header("PS384", &rsa))),
        ("PS512", of(&rsa, header("PS512", &rsa))),
        ("ES384", p384.sign(&good)),
        ("no type", of(&p256, header("ES256", &p256))),
        (
            "no key named, and only one that fits",
            of(&p256, json!({"alg": "ES256", "typ": "JWT"})),
        ),
        (
            "whole type",
            of(
                &p256,
                json!({"alg": "ES256", "kid": "one", "typ": "application/AT+JWT"}),
            ),
        ),
        (
            "several audiences",
            p256.sign(&with(&issuer, "aud", json!(["else", "https://notes.example"]))),
        ),
        (
            "a slash",
            p256.sign(&with(&issuer, "aud", json!("https://notes.example/"))),
        ),
        (
            "another name",
            p256.sign(&with(&issuer, "aud", json!("urn:notes"))),
        ),
        (
            "clocks that differ",
            p256.sign(&with(&issuer, "exp", json!(now() - 10))),
        ),
        (
            "clocks that differ the other way",
            p256.sign(&with(&issuer, "nbf", json!(now() + 10))),
        ),
        (
            "a fraction of a second",
            p256.sign(&with(&issuer, "exp", json!(now() as f64 + 60.5))),
        ),
    ] {
        let expected = format!("oauth:{}#ada", issuer.url());
        for _ in 0..2 {
            assert_eq!(judge(address, &token).await, Ok(expected.clone()), "{what}");
        }
    }
    assert_eq!(issuer.keys_fetched(), 1);
}

#[tokio::test]
async fn every_token_that_is_not_right_is_refused_in_its_own_words() {
    let (key, rsa, foreign) = (
        TestKey::p256("one"),
        TestKey::rsa("rsa"),
        TestKey::p256("foreign"),
    );
    let issuer = TestIssuer::start(&[&key, &rsa]).await;
    let other = TestIssuer::start(&[&foreign]).await;
    let mut strict = Issuer::new(issuer.url());
    strict.algorithms = vec![Algorithm::ES256, Algorithm::RS256];
    let address = start(OAuthConfig::new([strict, Issuer::new(other.url())])).await;
    let good = issuer.claims();
    let sign = |claim: &str, value: Value| key.sign(&with(&issuer, claim, value));
    let signed = key.sign(&good);
    let (message, signature) = signed.rsplit_once('.').expect("a token");
    let hs256 = |secret: &[u8]| {
        let message = unsigned(&json!({"alg": "HS256", "kid": "rsa"}), &good);
        let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        format!(
            "{message}.{}",
            base64(ring::hmac::sign(&secret, message.as_bytes()).as_ref())
        )
    };
    // The signature of one algorithm in a token that names another.
    let swapped = |named: &str, signed: &str| {
        let named = unsigned(&json!({"alg": named, "kid": "rsa"}), &good);
        let signed = rsa.sign_as(&json!({"alg": signed, "kid": "rsa"}), &good);
        let (_, signature) = signed.rsplit_once('.').expect("a token");
        format!("{named}.{signature}")
    };
    let none = |algorithm: &str| format!("{}.", unsigned(&json!({"alg": algorithm}), &good));
    let stranger = TestKey::p256("one");
    let es256 = |more: Value| {
        let mut header = json!({"alg": "ES256", "kid": "one"});
        header
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        key.sign_as(&header, &good)
    };
    let forged = unsigned(
        &json!({"alg": "ES256", "kid": "one"}),
        &with(&issuer, "sub", json!("root")),
    );
    for (what, token, reason) in [
        ("expired", sign("exp", json!(now() - 60)), "has expired"),
        ("no end", sign("exp", Value::Null), "(`exp`)"),
        ("an end that is none", sign("exp", json!("tomorrow")), "malformed"),
        ("not yet good", sign("nbf", json!(now() + 60)), "(`nbf`)"),
        ("a start that is none", sign("nbf", json!("today")), "malformed"),
        (
            "another audience",
            sign("aud", json!("https://other.example/mcp")),
            "(`aud`)",
        ),
        (
            "a similar audience",
            sign("aud", json!("https://notes.example.evil/mcp")),
            "(`aud`)",
        ),
        ("other audiences", sign("aud", json!(["a", "b"])), "(`aud`)"),
        ("no audiences", sign("aud", json!([])), "(`aud`)"),
        ("no audience", sign("aud", Value::Null), "(`aud`)"),
        (
            "another issuer",
            sign("iss", json!("https://evil.example")),
            "nobody who is trusted",
        ),
        (
            "the issuer with a slash",
            sign("iss", json!(format!("{}/", issuer.url()))),
            "nobody who is trusted",
        ),
        ("several issuers", sign("iss", json!([issuer.url()])), "(`iss`)"),
        ("no issuer", sign("iss", Value::Null), "(`iss`)"),
        ("nobody", sign("sub", Value::Null), "(`sub`)"),
        ("a name for no log", sign("sub", json!("a\nb")), "(`sub`)"),
        ("not signed", none("none"), "no JWT signed"),
        ("not signed, shouting", none("NONE"), "no JWT signed"),
        ("signed with nothing", format!("{message}."), "signature"),
        (
            "signed with what all know",
            hs256(rsa.public()),
            "algorithm that is not taken",
        ),
        (
            "signed with nothing secret",
            hs256(b""),
            "algorithm that is not taken",
        ),
        (
            "an algorithm that is not allowed",
            rsa.sign_as(&json!({"alg": "PS256", "kid": "rsa"}), &good),
            "algorithm that is not taken",
        ),
        (
            "an algorithm the key is not for",
            key.sign_as(&json!({"alg": "RS256", "kid": "one"}), &good),
            "no key",
        ),
        (
            "signed by another algorithm than it says",
            swapped("RS256", "RS512"),
            "signature",
        ),
        (
            "signed by a kind of RSA it does not name",
            swapped("RS256", "PS256"),
            "signature",
        ),
        ("signed by a stranger", stranger.sign(&good), "signature"),
        ("a key of the other issuer", foreign.sign(&good), "no key"),
        (
            "a key of this issuer in the other's name",
            key.sign(&other.claims()),
            "no key",
        ),
        (
            "a key nobody has",
            key.sign_as(&json!({"alg": "ES256", "kid": "nobody"}), &good),
            "no key",
        ),
        (
            "claims that were changed",
            format!("{forged}.{signature}"),
            "signature",
        ),
        (
            "a signature cut off",
            signed[..signed.len() - 4].to_owned(),
            "access token",
        ),
        ("another kind", es256(json!({"typ": "logout+jwt"})), "(`typ`)"),
        ("extensions", es256(json!({"crit": ["exp"]})), "(`crit`)"),
        ("rubbish", "a.b.c".to_owned(), "no JWT signed"),
        ("nothing between dots", "..".to_owned(), "no JWT signed"),
        ("not three parts", "opaque".to_owned(), "none that can be judged"),
    ] {
        let (status, message) = judge(address, &token).await.expect_err(what);
        assert_eq!(status, 401, "{what}: {message}");
        assert!(message.contains(reason), "{what}: {message}");
    }
    let huge = key.sign(&with(&issuer, "sub", json!("x".repeat(9_000))));
    assert_eq!(judge(address, &huge).await.expect_err("it is huge").0, 401);
    assert!(judge(address, &signed).await.is_ok());
    assert_eq!(
        judge(address, &foreign.sign(&other.claims())).await,
        Ok(format!("oauth:{}#ada", other.url()))
    );
}

#[tokio::test]
async fn keys_are_fetched_once_for_all_and_again_only_so_often() {
    let (one, two) = (TestKey::p256("one"), TestKey::p256("two"));
    let issuer = TestIssuer::start(&[&one]).await;
    let address = start(OAuthConfig::new([Issuer::new(issuer.url())])).await;
    let tokens: Vec<String> = (0..16)
        .map(|n| one.sign(&with(&issuer, "sub", json!(format!("user-{n}")))))
        .collect();
    let calls = tokens.iter().map(|token| judge(address, token));
    for judged in futures_util::future::join_all(calls).await {
        assert!(judged.is_ok(), "{judged:?}");
    }
    assert_eq!(issuer.keys_fetched(), 1);
    // A key that appears within the pause after the last attempt is not looked for: anybody can name keys.
    issuer.add_key(&two);
    for _ in 0..3 {
        assert!(judge(address, &two.sign(&issuer.claims())).await.is_err());
    }
    assert_eq!(issuer.keys_fetched(), 1);
    // Later on it is, once, and the old key is still good.
    pass(Duration::from_secs(31)).await;
    let tokens = [&two, &two, &one].map(|key| key.sign(&with(&issuer, "sub", json!("later"))));
    for token in &tokens {
        assert!(judge(address, token).await.is_ok());
    }
    assert_eq!(issuer.keys_fetched(), 2);
}

/// Lets time pass for the server.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn keys_that_are_old_are_fetched_again_and_too_old_ones_serve_no_longer() {
    let key = TestKey::p256("one");
    let issuer = TestIssuer::start(&[&key]).await;
    let address = start(OAuthConfig::new([Issuer::new(issuer.url())])).await;
    // Each token is new, so that none is known from before.
    let token = |name: &str| key.sign(&with(&issuer, "sub", json!(name)));
    let first = token("a");
    assert!(judge(address, &first).await.is_ok());
    issuer.set_metadata(json!({"issuer": "https://evil.example"}));
    pass(Duration::from_secs(3601)).await;
    assert!(
        judge(address, &token("b")).await.is_ok(),
        "old keys serve while they cannot be fetched"
    );
    pass(Duration::from_secs(24 * 3600)).await;
    let (status, message) = judge(address, &token("c")).await.expect_err("too old");
    assert_eq!(status, 503, "{message}");
    // By the clock on the wall, which stood still, the first was looked at a moment ago.
    assert!(judge(address, &first).await.is_ok(), "needs no key again");
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_is_nobodys_fault() {
    let key = TestKey::p256("one");
    let issuer = TestIssuer::start(&[&key]).await;
    let address = start(OAuthConfig::new([Issuer::new(issuer.url())])).await;
    // Everything else in it is right, so that its name alone decides.
    let jwks = format!("{}/jwks", issuer.url());
    issuer.set_metadata(json!({"issuer": "https://evil.example", "jwks_uri": jwks}));
    let (status, message) = judge(address, &key.sign(&issuer.claims()))
        .await
        .expect_err("another issuer");
    assert_eq!(
        (status, message.contains("cannot be asked")),
        (503, true),
        "{message}"
    );
    assert_eq!(issuer.keys_fetched(), 0);

    let issuer = TestIssuer::start(&[&key]).await;
    let address = start(OAuthConfig::new([Issuer::new(issuer.url())])).await;
    issuer.set_metadata(json!({"issuer": issuer.url(), "jwks_uri": "http://keys.example/jwks"}));
    assert_eq!(
        judge(address, &key.sign(&issuer.claims()))
            .await
            .expect_err("not encrypted")
            .0,
        503
    );
}

#[tokio::test]
async fn an_issuer_whose_keys_are_nowhere_cannot_be_asked() {
    let key = TestKey::p256("one");
    let issuer = TestIssuer::start(&[&key]).await;
    let address = start(OAuthConfig::new([Issuer::new(issuer.url())])).await;
    // Where tokens could be asked about is of no use to whoever may not ask.
    let introspection = format!("{}/introspect", issuer.url());
    issuer.set_metadata(json!({"issuer": issuer.url(), "introspection_endpoint": introspection}));
    let judged = judge(address, &key.sign(&issuer.claims())).await;
    assert_eq!(judged.expect_err("there are no keys").0, 503);
}

#[tokio::test]
async fn who_knows_where_the_keys_are_asks_for_nothing_else() {
    let key = TestKey::p256("one");
    let issuer = TestIssuer::start(&[&key]).await;
    issuer.set_metadata(json!({"issuer": "https://evil.example"}));
    let mut known = Issuer::new(issuer.url());
    known.jwks_url = Some(format!("{}/jwks", issuer.url()));
    let address = start(OAuthConfig::new([known])).await;
    let judged = judge(address, &key.sign(&issuer.claims())).await;
    assert_eq!(judged, Ok(format!("oauth:{}#ada", issuer.url())));
}

#[tokio::test]
async fn configurations_by_which_nobody_could_be_known_are_refused() {
    let plain = |url: &str| OAuthConfig::new([Issuer::new(url)]);
    let mut no_algorithms = Issuer::new("https://login.example");
    no_algorithms.algorithms.clear();
    let asked = |url: &str| {
        let secret = holdall::Secret::new("s");
        Issuer::new(url).introspected(holdall_http::auth::Introspection::new("c", secret))
    };
    for (config, public_url, part) in [
        (plain("https://login.example"), None, "public_url"),
        (
            plain("https://login.example"),
            Some("http://notes.example"),
            "not encrypted",
        ),
        (
            plain("http://login.example"),
            Some("https://notes.example"),
            "not encrypted",
        ),
        (
            plain("login.example"),
            Some("https://notes.example"),
            "no whole address",
        ),
        (OAuthConfig::new([]), Some("https://notes.example"), "no issuer"),
        (
            OAuthConfig::new([no_algorithms]),
            Some("https://notes.example"),
            "no algorithm",
        ),
        (
            OAuthConfig::new([asked("https://a.example"), asked("https://b.example")]),
            Some("https://notes.example"),
            "two issuers",
        ),
        (
            OAuthConfig::new([Issuer::new("https://a.example"), Issuer::new("https://a.example")]),
            Some("https://notes.example"),
            "named twice",
        ),
    ] {
        let error = bind(config, public_url).await.err().expect(part).to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}
