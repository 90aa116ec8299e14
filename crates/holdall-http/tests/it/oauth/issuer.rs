//! An authorization server for tests, and its keys.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

/// An authorization server on a port of its own.
#[derive(Clone)]
pub(crate) struct TestIssuer(Arc<Inner>);

struct Inner {
    url: String,
    keys: Mutex<Vec<Value>>,
    metadata: Mutex<Option<Value>>,
    keys_fetched: AtomicUsize,
    asked: AtomicUsize,
    /// What is answered about each token.
    answers: Mutex<HashMap<String, Value>>,
}

impl TestIssuer {
    /// Starts one with these keys.
    pub(crate) async fn start(keys: &[&TestKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let issuer = Self(Arc::new(Inner {
            url,
            keys: Mutex::new(keys.iter().map(|key| key.jwk()).collect()),
            metadata: Mutex::default(),
            keys_fetched: AtomicUsize::default(),
            asked: AtomicUsize::default(),
            answers: Mutex::default(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/introspect", post(introspect))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// Serves other metadata than it should.
    pub(crate) fn set_metadata(&self, metadata: Value) {
        *self.0.metadata.lock().expect("no panic") = Some(metadata);
    }

    pub(crate) fn add_key(&self, key: &TestKey) {
        self.0.keys.lock().expect("no panic").push(key.jwk());
    }

    pub(crate) fn keys_fetched(&self) -> usize {
        self.0.keys_fetched.load(Ordering::SeqCst)
    }

    pub(crate) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// What is answered when somebody asks about a token.
    pub(crate) fn answer(&self, token: &str, answer: Value) {
        self.0
            .answers
            .lock()
            .expect("no panic")
            .insert(token.to_owned(), answer);
    }

    /// What a good token says.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": self.url(),
            "aud": super::RESOURCE,
            "sub": "ada",
            "exp": now() + 600,
            "iat": now(),
        })
    }
}

async fn metadata(State(issuer): State<TestIssuer>) -> Json<Value> {
    let url = issuer.url();
    let usual = json!({"issuer": url, "jwks_uri": format!("{url}/jwks"), "introspection_endpoint": format!("{url}/introspect")});
    Json(
        issuer
            .0
            .metadata
            .lock()
            .expect("no panic")
            .clone()
            .unwrap_or(usual),
    )
}

async fn jwks(State(issuer): State<TestIssuer>) -> Json<Value> {
    issuer.0.keys_fetched.fetch_add(1, Ordering::SeqCst);
    Json(json!({"keys": *issuer.0.keys.lock().expect("no panic")}))
}

async fn introspect(
    State(issuer): State<TestIssuer>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Result<Json<Value>, StatusCode> {
    issuer.0.asked.fetch_add(1, Ordering::SeqCst);
    let expected = format!("Basic {}", STANDARD.encode("notes%2Dserver:s%3Acret"));
    if headers
        .get("authorization")
        .is_none_or(|given| *given != *expected)
    {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let form = String::from_utf8(form.to_vec()).expect("text");
    let token = form
        .split('&')
        .find_map(|pair| pair.strip_prefix("token="))
        .expect("a token");
    let answers = issuer.0.answers.lock().expect("no panic");
    Ok(Json(
        answers.get(token).cloned().unwrap_or(json!({"active": false})),
    ))
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than 1970").as_secs()
}

/// A key of an authorization server.
pub(crate) struct TestKey {
    id: String,
    pair: Pair,
}

enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl TestKey {
    pub(crate) fn p256(id: &str) -> Self {
        Self {
            id: id.into(),
            pair: Pair::P256(on_curve(&ECDSA_P256_SHA256_FIXED_SIGNING)),
        }
    }

    pub(crate) fn p384(id: &str) -> Self {
        Self {
            id: id.into(),
            pair: Pair::P384(on_curve(&ECDSA_P384_SHA384_FIXED_SIGNING)),
        }
    }

    pub(crate) fn ed25519(id: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self {
            id: id.into(),
            pair: Pair::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key")),
        }
    }

    pub(crate) fn rsa(id: &str) -> Self {
        let pair = RsaKeyPair::from_der(include_bytes!("rsa.der")).expect("a key");
        Self {
            id: id.into(),
            pair: Pair::Rsa(Box::new(pair)),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The bytes everybody may know.
    pub(crate) fn public(&self) -> &[u8] {
        match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
            Pair::Rsa(pair) => pair.public_key().as_ref(),
        }
    }

    fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::P256(_) => {
                let (x, y) = self.public()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": base64(x), "y": base64(y), "alg": "ES256"})
            }
            Pair::P384(_) => {
                let (x, y) = self.public()[1..].split_at(48);
                json!({"kty": "EC", "crv": "P-384", "x": base64(x), "y": base64(y)})
            }
            Pair::Ed25519(_) => json!({"kty": "OKP", "crv": "Ed25519", "x": base64(self.public())}),
            Pair::Rsa(pair) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({
                    "kty": "RSA",
                    "n": base64(&public.n),
                    "e": base64(&public.e),
                    "use": "sig",
                })
            }
        };
        jwk["kid"] = self.id.as_str().into();
        jwk
    }

    /// A token with the header this key's usually have.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let algorithm = match &self.pair {
            Pair::P256(_) => "ES256",
            Pair::P384(_) => "ES384",
            Pair::Ed25519(_) => "EdDSA",
            Pair::Rsa(_) => "RS256",
        };
        self.sign_as(
            &json!({"alg": algorithm, "kid": self.id, "typ": "at+jwt"}),
            claims,
        )
    }

    /// A token with any header.
    pub(crate) fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => pair
                .sign(&random, message.as_bytes())
                .expect("it signs")
                .as_ref()
                .to_vec(),
            Pair::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let how: &dyn RsaEncoding = match header["alg"].as_str().expect("it names one") {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let signed = pair.sign(how, &random, message.as_bytes(), &mut signature);
                signed.expect("it signs");
                signature
            }
        };
        format!("{message}.{}", base64(&signature))
    }
}

fn on_curve(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).expect("a key")
}

/// Header and claims of a token.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        base64(header.to_string().as_bytes()),
        base64(claims.to_string().as_bytes())
    )
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
