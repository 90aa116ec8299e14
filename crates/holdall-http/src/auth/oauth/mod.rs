//! Access tokens of authorization servers: this server as a resource server of OAuth 2.1.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | whose access token is this |
//! | `config` | which authorization servers are trusted, and with what |
//! | `address` | which addresses may be trusted, and what this server's own are |
//! | `authority` | what is known of an authorization server, and when it is asked again |
//! | `fetch` | how it is asked |
//! | `keys` | which key may have signed by which algorithm |
//! | `verify` | how signatures are checked |
//! | `signed` | is a signed token good |
//! | `introspect` | is a token good that only its authorization server understands |
//! | `claims` | what a token says, and who follows from it |
//! | `remembered` | what was found out a short while ago |
//! | `metadata` | how clients learn where to get tokens |

pub(crate) mod address;
mod authority;
mod claims;
mod config;
mod fetch;
mod introspect;
mod keys;
pub(crate) mod metadata;
mod remembered;
mod signed;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use holdall::Principal;

use self::address::Own;
use self::authority::Authority;
pub use self::config::{Algorithm, Introspection, Issuer, OAuthConfig};
use self::fetch::Fetcher;
use self::introspect::Introspector;
use self::signed::Signed;

/// Why an access token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// What is wrong with it.
    Invalid(&'static str),
    /// The authorization server would have to be asked, and cannot be.
    Unreachable,
}

/// Who an access token is of, and until when it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) principal: Principal,
    pub(crate) end: Option<SystemTime>,
}

/// What is demanded of every access token beside its issuer.
pub(crate) struct Accepted {
    audiences: BTreeSet<String>,
    implied_scopes: BTreeMap<String, Vec<String>>,
    leeway: Duration,
}

/// Judges access tokens.
pub(crate) struct ResourceServer {
    authorities: Vec<Arc<Authority>>,
    accepted: Accepted,
    signed: Signed,
    introspector: Option<Introspector>,
}

impl ResourceServer {
    /// # Errors
    /// All mistakes in the configuration.
    pub(crate) fn new(config: &OAuthConfig, own: &Own) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let fetcher = Fetcher::new().map_err(|error| vec![format!("TLS cannot be set up: {error}")])?;
        let fetcher = Arc::new(fetcher);
        let mut authorities: Vec<Arc<Authority>> = Vec::new();
        for issuer in &config.issuers {
            if authorities.iter().any(|known| known.issuer.url == issuer.url) {
                problems.push(format!("the issuer `{}` is named twice", issuer.url));
            }
            match Authority::new(issuer.clone(), &fetcher) {
                Ok(authority) => authorities.push(Arc::new(authority)),
                Err(found) => problems.extend(found),
            }
        }
        if config.issuers.is_empty() {
            problems.push("OAuth is on, and no issuer is trusted: name one, or turn it off".into());
        }
        let mut introspectors = authorities.iter().filter_map(|authority| {
            let introspection = authority.issuer.introspection.as_ref()?;
            Some(Introspector::new(authority, introspection, &fetcher))
        });
        let (introspector, another) = (introspectors.next(), introspectors.next());
        if another.is_some() {
            problems.push(
                "two issuers are to be asked about tokens, which do not tell whose they are: ask one of them"
                    .into(),
            );
        }
        drop(introspectors);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut audiences: BTreeSet<String> = config.audiences.iter().cloned().collect();
        for resource in metadata::resources(own) {
            // Clients that read addresses the way browsers do put a slash behind a bare host.
            audiences.extend([format!("{resource}/"), resource]);
        }
        Ok(Self {
            authorities,
            accepted: Accepted {
                audiences,
                implied_scopes: config.implied_scopes.clone(),
                leeway: config.leeway,
            },
            signed: Signed::new(),
            introspector,
        })
    }

    /// Whose signed token this is, if that is known.
    pub(crate) fn remembered_signed(&self, token: &str) -> Option<Access> {
        self.signed.remembered(token)
    }

    /// Whose signed token this is.
    pub(crate) async fn judge_signed(&self, token: &str) -> Result<Access, Denied> {
        self.signed.judge(token, &self.authorities, &self.accepted).await
    }

    /// Whose token this is, if that is known.
    pub(crate) fn remembered_opaque(&self, token: &str) -> Option<Result<Access, Denied>> {
        match &self.introspector {
            Some(introspector) => introspector.remembered(token),
            None => Some(Err(Denied::Invalid(
                "the access token is none that can be judged here",
            ))),
        }
    }

    /// Whose token this is; the authorization server is asked.
    ///
    /// Whoever comes from where many failed waits for one another, so that their tokens take nobody else's turn.
    pub(crate) async fn judge_opaque(&self, token: &str, is_suspect: bool) -> Result<Access, Denied> {
        match &self.introspector {
            Some(introspector) => introspector.judge(token, &self.accepted, is_suspect).await,
            None => Err(Denied::Invalid(
                "the access token is none that can be judged here",
            )),
        }
    }

    /// How often the authorization server is to be asked about the same token.
    pub(crate) fn opaque_ttl(&self) -> Duration {
        // Often enough, and never without a pause, whatever was set.
        let ttl = self
            .introspector
            .as_ref()
            .map_or(Duration::ZERO, Introspector::ttl);
        ttl.max(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdall::Secret;

    #[test]
    fn nobody_is_asked_about_the_same_token_all_the_time() {
        for (seconds, expected) in [(0, 1), (30, 30)] {
            let mut introspection = Introspection::new("notes", Secret::new("secret"));
            introspection.ttl = Duration::from_secs(seconds);
            let issuer = Issuer::new("https://login.example").introspected(introspection);
            let own = Own::parse("https://notes.example").expect("it is right");
            let server = ResourceServer::new(&OAuthConfig::new([issuer]), &own).expect("it is right");
            assert_eq!(server.opaque_ttl(), Duration::from_secs(expected));
        }
    }
}
