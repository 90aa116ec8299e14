//! Which authorization servers are trusted, and with what: [`OAuthConfig`].

use std::collections::BTreeMap;
use std::time::Duration;

use holdall::Secret;

/// Whose access tokens are taken. Needs [`HttpConfig::public_url`](crate::HttpConfig::public_url).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuthConfig {
    /// The authorization servers, at least one.
    pub issuers: Vec<Issuer>,
    /// Audiences to take beside the addresses of this server, for authorization servers that know it by another name.
    /// Default: none.
    pub audiences: Vec<String>,
    /// The scopes clients are told to ask for at first. Default: all that tools, resources and prompts ask for.
    pub scopes: Option<Vec<String>>,
    /// Scopes that imply others: who has `notes:admin` has `notes:read`, too. Default: none.
    pub implied_scopes: BTreeMap<String, Vec<String>>,
    /// How far clocks may be apart. Default: 30 seconds.
    pub leeway: Duration,
}

impl OAuthConfig {
    /// Takes the tokens of these authorization servers.
    pub fn new(issuers: impl IntoIterator<Item = Issuer>) -> Self {
        Self {
            issuers: issuers.into_iter().collect(),
            audiences: Vec::new(),
            scopes: None,
            implied_scopes: BTreeMap::new(),
            leeway: Duration::from_secs(30),
        }
    }
}

/// An authorization server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issuer {
    /// What it calls itself, to the letter: `https://login.example/tenant`.
    pub url: String,
    /// Where its keys are. Default: it is asked.
    pub jwks_url: Option<String>,
    /// By which algorithms it may sign. Default: all that [`Algorithm`] knows.
    pub algorithms: Vec<Algorithm>,
    /// How it is asked about tokens that are not signed. Default: it is not, and they are refused.
    pub introspection: Option<Introspection>,
}

impl Issuer {
    /// The authorization server that calls itself `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            jwks_url: None,
            algorithms: Algorithm::ALL.to_vec(),
            introspection: None,
        }
    }

    /// Asks it about tokens that are not signed. Only one authorization server can be asked: such tokens do not tell
    /// whose they are.
    pub fn introspected(mut self, introspection: Introspection) -> Self {
        self.introspection = Some(introspection);
        self
    }
}

/// How an authorization server is asked about tokens (RFC 7662).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Introspection {
    /// As whom this server asks.
    pub client_id: String,
    /// How it proves that.
    pub client_secret: Secret,
    /// Where to ask. Default: it is asked for, too.
    pub url: Option<String>,
    /// How long an answer is taken for true. A token that is revoked stays good for so long. Default: 30 seconds.
    pub ttl: Duration,
}

impl Introspection {
    /// Asks as this client.
    pub fn new(client_id: impl Into<String>, client_secret: Secret) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            url: None,
            ttl: Duration::from_secs(30),
        }
    }
}

/// An algorithm by which tokens are signed with a key that only their issuer has. There is none whose key two share
/// (`HS256`), and none that signs nothing (`none`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "these are names of RFC 7518 and RFC 8037")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl Algorithm {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];

    pub(crate) fn of(algorithm: jsonwebtoken::Algorithm) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.plain() == algorithm)
    }

    pub(crate) fn plain(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::RS384 => jsonwebtoken::Algorithm::RS384,
            Self::RS512 => jsonwebtoken::Algorithm::RS512,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
            Self::PS384 => jsonwebtoken::Algorithm::PS384,
            Self::PS512 => jsonwebtoken::Algorithm::PS512,
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::ES384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}
