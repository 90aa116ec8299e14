//! [`Authority`]: an authorization server as it is known here: its keys, and where it is asked about tokens.
//!
//! What is known is fetched when it is first needed, by one request at a time however many wait for it, and again when
//! it is old or a token names a key that is not known. Strangers can name keys, too, so that happens only so often.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use http::Uri;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use tokio::time::Instant;

use super::Denied;
use super::address::trusted;
use super::config::{Algorithm, Issuer};
use super::fetch::Fetcher;
use super::keys::KeySet;

/// After this what is known is fetched again, while it still serves.
const FRESH: Duration = Duration::from_secs(3600);
/// After this it serves no longer: keys may have been withdrawn.
const USABLE: Duration = Duration::from_secs(24 * 3600);
/// The least time between two attempts.
const PAUSE: Duration = Duration::from_secs(30);

/// An authorization server.
pub(crate) struct Authority {
    pub(crate) issuer: Issuer,
    jwks_url: Option<Uri>,
    introspection_url: Option<Uri>,
    fetcher: Arc<Fetcher>,
    known: ArcSwapOption<Known>,
    attempts: Mutex<Attempts>,
}

/// What was fetched.
struct Known {
    keys: KeySet,
    introspection_url: Option<Uri>,
    since: Instant,
}

#[derive(Default)]
struct Attempts {
    last: Option<Instant>,
    under_way: Option<Shared<BoxFuture<'static, ()>>>,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: Option<String>,
    introspection_endpoint: Option<String>,
}

impl Authority {
    /// # Errors
    /// All addresses that are not to be trusted.
    pub(crate) fn new(issuer: Issuer, fetcher: &Arc<Fetcher>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut check = |what: &str, text: Option<&str>| match trusted(what, text?) {
            Ok(uri) => Some(uri),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        let url = check("the issuer", Some(&issuer.url));
        let jwks_url = check("the address of keys", issuer.jwks_url.as_deref());
        let introspection = issuer.introspection.as_ref();
        let introspection_url = check(
            "the address of introspection",
            introspection.and_then(|introspection| introspection.url.as_deref()),
        );
        if url.is_some_and(|url| url.query().is_some()) {
            problems.push(format!("the issuer `{}` has a query: leave that out", issuer.url));
        }
        if issuer.algorithms.is_empty() {
            problems.push(format!("`{}` may sign by no algorithm: name one", issuer.url));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            issuer,
            jwks_url,
            introspection_url,
            fetcher: Arc::clone(fetcher),
            known: ArcSwapOption::empty(),
            attempts: Mutex::default(),
        })
    }

    /// The key by which a token was signed.
    pub(crate) async fn key(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<DecodingKey, Denied> {
        let find = |known: &Known| known.keys.find(id, algorithm).cloned();
        if let Some(known) = self.usable()
            && let Some(key) = find(&known)
        {
            if known.since.elapsed() > FRESH {
                // The caller does not wait for it; it goes on by itself.
                drop(self.refresh());
            }
            return Ok(key);
        }
        if let Some(refreshed) = self.refresh() {
            refreshed.await;
        }
        let known = self.usable().ok_or(Denied::Unreachable)?;
        find(&known).ok_or(Denied::Invalid(
            "no key of the authorization server fits the access token",
        ))
    }

    /// Where it is asked about tokens.
    pub(crate) async fn introspection_url(self: &Arc<Self>) -> Result<Uri, Denied> {
        if let Some(url) = &self.introspection_url {
            return Ok(url.clone());
        }
        if self.usable().is_none()
            && let Some(refreshed) = self.refresh()
        {
            refreshed.await;
        }
        let known = self.usable().ok_or(Denied::Unreachable)?;
        known.introspection_url.clone().ok_or(Denied::Unreachable)
    }

    fn usable(&self) -> Option<Arc<Known>> {
        self.known
            .load_full()
            .filter(|known| known.since.elapsed() < USABLE)
    }

    /// The attempt under way, or a new one, unless the last was a short while ago. An attempt goes on when those who wait
    /// for it have gone.
    fn refresh(self: &Arc<Self>) -> Option<Shared<BoxFuture<'static, ()>>> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = &attempts.under_way
            && under_way.peek().is_none()
        {
            return Some(under_way.clone());
        }
        if attempts.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return None;
        }
        attempts.last = Some(Instant::now());
        let authority = Arc::clone(self);
        let attempt = tokio::spawn(async move {
            match authority.fetch().await {
                Ok(known) => authority.known.store(Some(Arc::new(known))),
                Err(problem) => {
                    let issuer = &authority.issuer.url;
                    tracing::warn!(issuer, "the authorization server cannot be asked: {problem}");
                }
            }
        });
        let attempt = attempt.map(drop).boxed().shared();
        attempts.under_way = Some(attempt.clone());
        Some(attempt)
    }

    async fn fetch(&self) -> Result<Known, String> {
        let asks = self.issuer.introspection.is_some() && self.introspection_url.is_none();
        let metadata = if self.jwks_url.is_none() || asks {
            Some(self.discover().await?)
        } else {
            None
        };
        let named = |what, name: fn(&Metadata) -> Option<&String>| {
            let text = metadata.as_ref().and_then(name);
            text.map(|text| trusted(what, text)).transpose()
        };
        let introspection_url = match asks {
            true => named("its address of introspection", |it| {
                it.introspection_endpoint.as_ref()
            })?,
            false => self.introspection_url.clone(),
        };
        let jwks_url = match &self.jwks_url {
            Some(url) => Some(url.clone()),
            None => named("its address of keys", |it| it.jwks_uri.as_ref())?,
        };
        let keys = match jwks_url {
            Some(url) => {
                let document = self
                    .fetcher
                    .get(&url)
                    .await
                    .map_err(|problem| format!("{url}: {problem}"))?;
                KeySet::read(&document, &self.issuer.algorithms)?
            }
            None if introspection_url.is_some() => KeySet::default(),
            None => return Err("it says neither where its keys are nor where it can be asked".into()),
        };
        Ok(Known {
            keys,
            introspection_url,
            since: Instant::now(),
        })
    }

    /// RFC 8414 and OpenID Connect put the same document at different places.
    async fn discover(&self) -> Result<Metadata, String> {
        let mut problems = Vec::new();
        for place in places(&self.issuer.url) {
            let found = match place.parse() {
                Ok(uri) => self.fetcher.get(&uri).await,
                Err(_) => Err("it is no address".into()),
            };
            let found = found.and_then(|found| {
                serde_json::from_slice::<Metadata>(&found)
                    .map_err(|error| format!("it is no metadata: {error}"))
            });
            match found {
                Ok(metadata) if metadata.issuer == self.issuer.url => return Ok(metadata),
                Ok(metadata) => problems.push(format!(
                    "{place}: it calls itself `{}`: write it so in the configuration if that is right",
                    metadata.issuer.escape_debug()
                )),
                Err(problem) => problems.push(format!("{place}: {problem}")),
            }
        }
        Err(problems.join("; "))
    }
}

fn places(issuer: &str) -> Vec<String> {
    let plain = issuer.trim_end_matches('/');
    let behind_scheme = plain.find("://").map_or(0, |at| at + 3);
    let path = plain[behind_scheme..]
        .find('/')
        .map_or(plain.len(), |at| at + behind_scheme);
    let (origin, path) = plain.split_at(path);
    let mut places = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        places.push(format!("{plain}/.well-known/openid-configuration"));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that nobody can reach. No test here lets it be asked.
    fn authority() -> Arc<Authority> {
        let fetcher = Arc::new(Fetcher::new().expect("TLS"));
        let issuer = Issuer::new("http://127.0.0.1:1");
        Arc::new(Authority::new(issuer, &fetcher).expect("it is right"))
    }

    /// A point on a curve, known from now on.
    fn one_key() -> Known {
        let document = br#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        Known {
            keys: KeySet::read(document, &Algorithm::ALL).expect("keys"),
            introspection_url: None,
            since: Instant::now(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_looked_for_again_when_they_are_old_and_not_before() {
        let authority = authority();
        authority.known.store(Some(Arc::new(one_key())));
        let attempted = || authority.attempts.lock().expect("no panic").last.is_some();
        tokio::time::advance(FRESH).await;
        assert!(authority.key(None, Algorithm::EdDSA).await.is_ok());
        assert!(!attempted(), "they are fresh for all of the time");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(authority.key(None, Algorithm::EdDSA).await.is_ok());
        assert!(attempted(), "and nobody waits for the new ones");
    }

    #[tokio::test(start_paused = true)]
    async fn keys_serve_for_a_day_and_not_a_moment_longer() {
        let authority = authority();
        assert!(authority.usable().is_none());
        authority.known.store(Some(Arc::new(one_key())));
        tokio::time::advance(USABLE - Duration::from_millis(1)).await;
        assert!(authority.usable().is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(authority.usable().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_a_pause_between_attempts() {
        let authority = authority();
        let started = Instant::now();
        authority.attempts.lock().expect("no panic").last = Some(started);
        tokio::time::advance(PAUSE - Duration::from_millis(1)).await;
        assert!(authority.refresh().is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(authority.refresh().is_some());
    }

    #[test]
    fn metadata_is_looked_for_where_both_specifications_put_it() {
        assert_eq!(
            places("https://login.example/"),
            [
                "https://login.example/.well-known/oauth-authorization-server",
                "https://login.example/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            places("https://login.example/a/b"),
            [
                "https://login.example/.well-known/oauth-authorization-server/a/b",
                "https://login.example/.well-known/openid-configuration/a/b",
                "https://login.example/a/b/.well-known/openid-configuration",
            ]
        );
        // What is before the path may be short.
        assert_eq!(
            places("https://a.b/c")[0],
            "https://a.b/.well-known/oauth-authorization-server/c"
        );
    }
}
