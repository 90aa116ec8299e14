//! How callers prove who they are: [`AuthConfig`].

use http::HeaderName;

#[cfg(feature = "oauth")]
use super::oauth::OAuthConfig;
use super::tokens::Tokens;

/// How callers prove who they are. Without any way to do so nobody is asked, and everybody is
/// [anonymous](holdall::Principal::anonymous).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthConfig {
    /// Static tokens and keys. Default: none.
    pub tokens: Option<Tokens>,
    /// The header in which tokens and keys may come instead of `Authorization: Bearer`. Default: `X-API-Key`.
    pub api_key_header: HeaderName,
    /// Access tokens of authorization servers. Default: none are taken.
    #[cfg(feature = "oauth")]
    pub oauth: Option<OAuthConfig>,
}

impl AuthConfig {
    /// Whether callers are asked who they are.
    pub fn is_on(&self) -> bool {
        #[cfg(feature = "oauth")]
        if self.oauth.is_some() {
            return true;
        }
        self.tokens.is_some()
    }
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            tokens: None,
            api_key_header: HeaderName::from_static("x-api-key"),
            #[cfg(feature = "oauth")]
            oauth: None,
        }
    }
}
