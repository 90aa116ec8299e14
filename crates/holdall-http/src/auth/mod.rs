//! Authentication: who sends a request, by the one credential it brings. Its form alone decides who judges it; nobody
//! tries one way after another.
//!
//! | form of the credential | who judges it |
//! | --- | --- |
//! | `hold_…` | static tokens: one look-up by hash |
//! | `NAME:KEY` | keys somebody chose: one look-up by name, one Argon2 check at a bounded pace; not after too many wrong ones |
//! | three parts with dots between them | OAuth: the signature and what the token says |
//! | anything else after `Bearer` | OAuth: the one authorization server that is asked |
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | who sends a request, and does it lack scopes |
//! | `config` | how callers may prove who they are |
//! | `credential` | which credential a request brings, and of what form |
//! | `lasting` | until when it is good, for what stays open |
//! | `tokens` | whose token or key is this |
//! | `oauth` | whose access token is this |
//! | `challenge` | what callers are told who have to prove who they are, or lack scopes |
//! | `message` | what a message is about, before it is handed on |
//!
//! Not here: what a principal may do (`holdall`), how often (`limits`), whose session it is (`transports`).

mod challenge;
mod config;
mod credential;
pub(crate) mod lasting;
pub(crate) mod message;
#[cfg(feature = "oauth")]
mod oauth;
mod tokens;

use std::net::IpAddr;

#[cfg(feature = "oauth")]
use holdall::Secret;
use holdall::{CallError, Principal, Service};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Uri};
use serde_json::Value;

use self::challenge::Challenge;
pub use self::config::AuthConfig;
pub(crate) use self::credential::address_holds_token;
use self::credential::{Credential, check_query};
#[cfg(feature = "oauth")]
use self::lasting::Lasting;
use self::lasting::Login;
use self::message::Subject;
#[cfg(feature = "oauth")]
use self::oauth::{Access, Denied, ResourceServer, address::Own, metadata::Metadata};
#[cfg(feature = "oauth")]
pub use self::oauth::{Algorithm, Introspection, Issuer, OAuthConfig};
pub use self::tokens::{NewToken, TokenEntry, TokenError, TokenFile, TokenKind, Tokens};
use crate::config::HttpConfig;
use crate::front::refusal::Refusal;
use crate::limits::Limits;
use crate::routes::Route;

/// An attempt to say who one is: what has failed at its address decides what is still looked at.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) address: IpAddr,
}

/// Finds out who sends a request.
pub(crate) struct Authentication {
    config: AuthConfig,
    service: Service,
    #[cfg(feature = "oauth")]
    oauth: Option<(ResourceServer, Metadata)>,
}

impl Authentication {
    /// # Errors
    /// All mistakes in the configuration.
    pub(crate) fn new(config: &HttpConfig, service: &Service) -> Result<Self, Vec<String>> {
        Ok(Self {
            #[cfg(feature = "oauth")]
            oauth: oauth(config)?,
            config: config.auth.clone(),
            service: service.clone(),
        })
    }

    /// Finds out who sends a request, and takes the credential out of it: nothing behind this needs it, and what is not
    /// there is neither logged nor passed on.
    ///
    /// # Errors
    /// Everything but one good credential, where callers are asked who they are at all; a credential that can be guessed
    /// if too many were wrong at the same address.
    pub(crate) async fn identify<B>(
        &self,
        route: Route,
        request: &mut http::Request<B>,
        attempt: Attempt<'_>,
    ) -> Result<Login, Refusal> {
        let login = self.login(request.uri(), request.headers(), attempt).await;
        let login = login.map_err(|refusal| self.first_challenge(route).on(refusal))?;
        if self.config.is_on() {
            let headers = request.headers_mut();
            headers.remove(AUTHORIZATION);
            headers.remove(&self.config.api_key_header);
        }
        Ok(login)
    }

    /// What the principal of a request lacks to send something about this at all: all scopes are named at once. What is
    /// not known yet is decided when the message is answered.
    pub(crate) fn missing_scopes(&self, parts: &Parts, about: &Subject<'_>) -> Option<CallError> {
        let principal = parts.extensions.get::<Principal>()?;
        self.service.scope_refusal(about.method, about.name, principal)
    }

    /// The refusal for who [lacks scopes](Self::missing_scopes), with the challenge to ask for them.
    pub(crate) fn insufficient(&self, route: Route, error: &CallError) -> Refusal {
        let challenge = Challenge {
            scopes: error.missing_scopes().to_vec(),
            ..self.challenge(route)
        };
        challenge.on(challenge::insufficient(error.message()))
    }

    /// Whether it is worth looking for what a message is about before it is handed on: callers can be told to ask for
    /// more scopes, and there is something this one lacks scopes for.
    pub(crate) fn may_lack_scopes(&self, parts: &Parts) -> bool {
        let principal = parts.extensions.get::<Principal>();
        self.config.is_on() && principal.is_some_and(|principal| self.service.withholds_from(principal))
    }

    /// What clients read at a route about where to get tokens.
    pub(crate) fn metadata(&self, route: Route) -> Option<Value> {
        #[cfg(feature = "oauth")]
        if let Some((_, metadata)) = &self.oauth {
            return metadata.document(route, self.service.name(), self.service.scopes());
        }
        let _ = route;
        None
    }

    async fn login(&self, uri: &Uri, headers: &HeaderMap, attempt: Attempt<'_>) -> Result<Login, Refusal> {
        check_query(uri)?;
        if !self.config.is_on() {
            return Ok(Login::anonymous());
        }
        match Credential::of(headers, &self.config.api_key_header)? {
            Some(credential) => self.holder(credential, attempt).await,
            None => Err(challenge::unknown(self.config.tokens.is_some())),
        }
    }

    async fn holder(&self, credential: Credential<'_>, attempt: Attempt<'_>) -> Result<Login, Refusal> {
        // What takes long is rare, and larger than what every other request needs.
        let holder = match (credential, &self.config.tokens) {
            (Credential::Token(token), Some(tokens)) => tokens.holder_of_token(token),
            (Credential::Key { name, key }, Some(tokens)) => {
                return Box::pin(Self::holder_of_key(tokens, name, key, attempt)).await;
            }
            #[cfg(feature = "oauth")]
            (Credential::Signed(token), _) if let Some((server, _)) = &self.oauth => {
                let holder = match server.remembered_signed(token) {
                    Some(holder) => Ok(holder),
                    None => Box::pin(server.judge_signed(token)).await,
                };
                let Access { principal, end } = holder.map_err(challenge::denied)?;
                let lasting = Lasting::Until(end);
                return Ok(Login { principal, lasting });
            }
            #[cfg(feature = "oauth")]
            (Credential::Opaque(token), _) if let Some((server, _)) = &self.oauth => {
                let holder = match server.remembered_opaque(token) {
                    Some(holder) => holder,
                    None => {
                        let judging = async {
                            let is_suspect = attempt.limits.is_suspect(attempt.address).await;
                            server.judge_opaque(token, is_suspect).await
                        };
                        Box::pin(judging).await
                    }
                };
                let principal = holder.map_err(challenge::denied)?.principal;
                let lasting = Lasting::Asked(Secret::new(token).into(), principal.clone());
                return Ok(Login { principal, lasting });
            }
            _ => Err(tokens::Rejected::Unknown),
        };
        holder.map(Login::kept).map_err(challenge::rejected)
    }

    /// Keys that somebody chose are the only credentials that can be guessed, remembered ones as well as others, so how
    /// often that is tried is bounded before any is looked at.
    async fn holder_of_key(
        tokens: &Tokens,
        name: &str,
        key: &str,
        Attempt { limits, address }: Attempt<'_>,
    ) -> Result<Login, Refusal> {
        limits.may_try_key(address).await?;
        let holder = match tokens.remembered_holder_of_key(name, key) {
            Some(holder) => holder,
            None => tokens.holder_of_key(name, key).await,
        };
        if holder == Err(tokens::Rejected::Unknown) {
            limits.key_was_wrong(address).await;
        }
        holder.map(Login::kept).map_err(challenge::rejected)
    }

    /// Resolves when a token that only its authorization server understands is not that of `principal` any more. Asks as
    /// often as requests with it would have it asked.
    #[cfg(feature = "oauth")]
    async fn withdrawn(&self, token: &Secret, principal: &Principal) {
        let Some((server, _)) = &self.oauth else { return };
        loop {
            let answer = match server.remembered_opaque(token.expose()) {
                Some(answer) => answer,
                None => server.judge_opaque(token.expose(), false).await,
            };
            let end = match answer {
                Ok(access) if access.principal == *principal => access.end,
                // Nobody has said that it is good no longer.
                Err(Denied::Unreachable) => None,
                _ => return,
            };
            tokio::select! {
                () = lasting::reached(end) => {}
                () = tokio::time::sleep(server.opaque_ttl()) => {}
            }
        }
    }

    /// The challenge for a caller that is not known.
    fn first_challenge(&self, route: Route) -> Challenge {
        #[cfg(feature = "oauth")]
        if let Some((_, metadata)) = &self.oauth {
            let configured = metadata.scopes().map(<[String]>::to_vec);
            return Challenge {
                scopes: configured.unwrap_or_else(|| self.service.scopes()),
                ..self.challenge(route)
            };
        }
        self.challenge(route)
    }

    fn challenge(&self, route: Route) -> Challenge {
        #[cfg(feature = "oauth")]
        if let Some((_, metadata)) = &self.oauth {
            return Challenge {
                metadata_url: Some(metadata.url(route)),
                scopes: Vec::new(),
            };
        }
        let _ = (self, route);
        Challenge::default()
    }
}

#[cfg(feature = "oauth")]
fn oauth(config: &HttpConfig) -> Result<Option<(ResourceServer, Metadata)>, Vec<String>> {
    let Some(oauth) = &config.auth.oauth else {
        return Ok(None);
    };
    let Some(public_url) = &config.public_url else {
        return Err(vec![
            "tokens are issued for the address by which clients reach this server: say which that is (`public_url`)"
                .into(),
        ]);
    };
    let own = Own::parse(&public_url.to_string()).map_err(|problem| vec![problem])?;
    let server = ResourceServer::new(oauth, &own)?;
    Ok(Some((server, Metadata::new(oauth, own))))
}
