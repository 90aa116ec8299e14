//! How callers over HTTP prove who they are, and what they may do: the section `[auth]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use holdall::schemars::{self, JsonSchema};
use holdall_http::auth;
use serde::{Deserialize, Serialize};

use super::Secret;

/// How callers over HTTP prove who they are, and what they may do. Without any way to prove it nobody is asked.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuthConfig {
    /// The file of tokens and keys that `holdall token` writes. `SIGHUP` has it read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(crate) token_file: Option<PathBuf>,
    /// The header in which tokens and keys may come instead of `Authorization: Bearer`.
    pub(crate) api_key_header: String,
    /// What a scope opens: patterns of tools, prompts and URIs of resources that nobody without the scope may use, such
    /// as `{ "notes:read" = ["search_notes", "note://**"] }`.
    pub(crate) grants: BTreeMap<String, Vec<String>>,
    /// Access tokens of OAuth authorization servers; `public_url` of `[http]` must be set.
    pub(crate) oauth: OAuthConfig,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            token_file: None,
            api_key_header: "x-api-key".to_owned(),
            grants: BTreeMap::new(),
            oauth: OAuthConfig::default(),
        }
    }
}

/// Access tokens of OAuth authorization servers; `public_url` of `[http]` must be set.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OAuthConfig {
    /// The authorization servers whose tokens are taken. `url`: what it calls itself, to the letter; `jwks_url`: where
    /// its keys are, if it does not tell; `client_id`, `client_secret`: how it is asked about tokens that are not signed
    /// (RFC 7662).
    pub(crate) issuers: Vec<Issuer>,
    /// Audiences to take beside the addresses of this server.
    pub(crate) audiences: Vec<String>,
    /// The scopes clients are told to ask for at first. Without it, all that tools, resources and prompts ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Vec<String>>,
    /// Scopes that imply others, such as `{ "notes:admin" = ["notes:read"] }`.
    pub(crate) implied_scopes: BTreeMap<String, Vec<String>>,
    /// How far clocks may be apart.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub(crate) leeway: Duration,
}

impl Default for OAuthConfig {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            audiences: Vec::new(),
            scopes: None,
            implied_scopes: BTreeMap::new(),
            leeway: Duration::from_secs(30),
        }
    }
}

/// An authorization server.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issuer {
    /// What it calls itself, to the letter.
    #[schemars(extend("format" = "uri"))]
    pub(crate) url: String,
    /// Where its keys are, if it does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uri"))]
    pub(crate) jwks_url: Option<String>,
    /// As whom it is asked about tokens that are not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// How this server proves that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<Secret>,
}

impl AuthConfig {
    /// The same for the HTTP front, its files read.
    pub(crate) fn open(&self) -> Result<auth::AuthConfig> {
        let mut config = auth::AuthConfig::default();
        config.api_key_header = self
            .api_key_header
            .parse()
            .with_context(|| format!("`{}` is not the name of a header", self.api_key_header))?;
        config.tokens = self.token_file.as_ref().map(auth::Tokens::open).transpose()?;
        if !self.oauth.issuers.is_empty() {
            config.oauth = Some(self.oauth.open()?);
        }
        Ok(config)
    }
}

impl OAuthConfig {
    fn open(&self) -> Result<auth::OAuthConfig> {
        let issuers = self
            .issuers
            .iter()
            .map(Issuer::open)
            .collect::<Result<Vec<_>>>()?;
        let mut config = auth::OAuthConfig::new(issuers);
        config.audiences.clone_from(&self.audiences);
        config.scopes.clone_from(&self.scopes);
        config.implied_scopes.clone_from(&self.implied_scopes);
        config.leeway = self.leeway;
        Ok(config)
    }
}

impl Issuer {
    fn open(&self) -> Result<auth::Issuer> {
        let mut issuer = auth::Issuer::new(&self.url);
        issuer.jwks_url.clone_from(&self.jwks_url);
        match (&self.client_id, &self.client_secret) {
            (None, None) => Ok(issuer),
            (Some(id), Some(secret)) => {
                let secret = secret.read().with_context(|| {
                    format!("the `client_secret` for the issuer {} is not to be had", self.url)
                })?;
                Ok(issuer.introspected(auth::Introspection::new(id, holdall::Secret::new(secret))))
            }
            _ => anyhow::bail!(
                "the issuer {} has only one of `client_id` and `client_secret`: give both, or neither",
                self.url
            ),
        }
    }
}
