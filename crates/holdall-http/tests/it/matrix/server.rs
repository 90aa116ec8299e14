//! The server that is asked, and the credentials of those who ask.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use holdall::prelude::*;
use holdall_http::auth::{Issuer, NewToken, OAuthConfig, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpServer, MetricsPage};
use serde_json::{Value, json};

use super::rule::Credential;
use crate::oauth::PUBLIC_URL;
use crate::oauth::issuer::{TestIssuer, TestKey, now};

/// The largest body that is taken.
pub(super) const BODY_BYTES_MAX: usize = 2000;
/// The page on the list.
pub(super) const LISTED: &str = "https://app.example";

/// How often tools were called.
struct Calls(Arc<AtomicUsize>);

/// Say that there are notes: answered directly.
#[tool(scopes("notes:read"))]
fn read_notes(calls: State<Calls>) -> &'static str {
    calls.0.fetch_add(1, Ordering::SeqCst);
    "notes"
}

/// Say that there are notes, knowing who asks: never answered directly.
#[tool(scopes("notes:read"))]
async fn read_in_context(_ctx: Context, calls: State<Calls>) -> &'static str {
    calls.0.fetch_add(1, Ordering::SeqCst);
    "notes"
}

/// A server that wants to know who asks. It serves until the test ends.
pub(super) struct Guarded {
    pub(super) address: SocketAddr,
    calls: Arc<AtomicUsize>,
    credentials: HashMap<Credential, String>,
    issuer: TestIssuer,
    key: TestKey,
    _folder: tempfile::TempDir,
}

impl Guarded {
    /// One that differs from the usual one in this.
    pub(super) async fn start(change: impl FnOnce(&mut HttpConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TokenFile::at(folder.path().join("tokens.toml"));
        let key = TestKey::ed25519("one");
        let issuer = TestIssuer::start(&[&key]).await;
        let credentials = credentials(&file, &issuer, &key);
        let mut config = usual();
        config.auth.tokens = Some(Tokens::open(file.path()).expect("in order"));
        config.auth.oauth = Some(OAuthConfig::new([Issuer::new(issuer.url())]));
        change(&mut config);
        let calls = Arc::default();
        let service = Server::new("test")
            .state(Calls(Arc::clone(&calls)))
            .add(tools![read_notes, read_in_context]);
        let service = service.build().expect("the server is right");
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
        let server = server.expect("a free port");
        let address = server.local_addr();
        tokio::spawn(server.serve(std::future::pending()));
        Self {
            address,
            calls,
            credentials,
            issuer,
            key,
            _folder: folder,
        }
    }

    /// What is sent in `Authorization`; nothing if there is nothing to send.
    pub(super) fn token(&self, credential: Credential) -> Option<&str> {
        self.credentials.get(&credential).map(String::as_str)
    }

    /// How often tools were called.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The token of a principal of this name that may do everything.
    pub(super) fn token_of(&self, name: &str) -> String {
        self.key.sign(&access(&self.issuer, "sub", json!(name)))
    }
}

/// Bounds that no request meets unless it is meant to.
fn usual() -> HttpConfig {
    let mut config = HttpConfig::default();
    config.public_url = Some(PUBLIC_URL.parse().expect("it is a URL"));
    config.allowed_origins = vec![LISTED.into()];
    config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    config.body_bytes_max = BODY_BYTES_MAX;
    config.transports.body_idle_timeout = Duration::from_millis(100);
    config.transports.streams_max = 100_000;
    config.transports.streams_per_principal_max = 100_000;
    config.sessions.max = 100_000;
    config.sessions.per_principal_max = 100_000;
    // Every way to be wrong is tried, again and again.
    config.limits.failed_logins_per_address = None;
    config.metrics = Some(MetricsPage::new("text/plain", || "figures".into()));
    config
}

fn all_scopes(name: &str) -> NewToken {
    NewToken::new(name).scopes(["notes:read", "metrics"])
}

/// What a token says of somebody who may do everything, but for one claim.
fn access(issuer: &TestIssuer, claim: &str, value: Value) -> Value {
    let mut claims = issuer.claims();
    claims["scope"] = json!("notes:read metrics");
    claims[claim] = value;
    claims
}

fn credentials(file: &TokenFile, issuer: &TestIssuer, key: &TestKey) -> HashMap<Credential, String> {
    let make = |new| {
        let (token, _) = file.create(new).expect("made");
        token.expose().to_owned()
    };
    let ago = SystemTime::now() - Duration::from_secs(1);
    let unknown = make(all_scopes("unknown"));
    let good = make(all_scopes("good"));
    let mut credentials = HashMap::from([
        (Credential::Good, good.clone()),
        (Credential::InAddress, good.clone()),
        (Credential::Twice, good),
        (Credential::Another, make(all_scopes("another"))),
        (Credential::Lacking, make(NewToken::new("lacking"))),
        (Credential::Expired, make(all_scopes("expired").expires(ago))),
        (Credential::Revoked, make(all_scopes("revoked"))),
    ]);
    file.revoke("revoked").expect("there is one");
    // Well-formed, and of nobody here.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let elsewhere = TokenFile::at(elsewhere.path().join("tokens.toml"));
    let (foreign, _) = elsewhere.create(all_scopes("unknown")).expect("made");
    assert_ne!(foreign.expose(), unknown);
    credentials.insert(Credential::Unknown, foreign.expose().to_owned());
    let good = access(issuer, "sub", json!("ada"));
    for (credential, token) in [
        (Credential::GoodAccess, key.sign(&good)),
        (
            Credential::LackingAccess,
            key.sign(&access(issuer, "scope", json!(""))),
        ),
        (
            Credential::ExpiredAccess,
            key.sign(&access(issuer, "exp", json!(now() - 600))),
        ),
        (
            Credential::AccessElsewhere,
            key.sign(&access(issuer, "aud", json!("https://elsewhere.example/mcp"))),
        ),
        (Credential::Forged, TestKey::ed25519("one").sign(&good)),
    ] {
        credentials.insert(credential, token);
    }
    credentials
}
