//! Authentication: who sends a request, by the one credential it brings. Its form alone decides who judges it; nobody
//! tries one way after another.
//!
//! | form of the credential | who judges it |
//! | --- | --- |
//! | `hold_…` | static tokens: one look-up by hash |
//! | `NAME:KEY` | keys somebody chose: one look-up by name, one Argon2 check at a bounded pace |
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | who sends a request |
//! | `config` | how callers may prove who they are |
//! | `credential` | which credential a request brings, and of what form |
//! | `tokens` | whose token or key is this |
//! | `challenge` | what callers are told who have to prove who they are |
//! | `secret` | how credentials are kept out of logs |
//!
//! Not here: what a principal may do (`holdall`), how often (`limits`), whose session it is (`transports`).

pub(crate) mod challenge;
mod config;
mod credential;
mod secret;
mod tokens;

use holdall::Principal;
use http::{HeaderMap, Uri};

use self::challenge::{Challenges, rejected};
pub use self::config::AuthConfig;
use self::credential::{Credential, check_query};
pub use self::secret::Secret;
pub use self::tokens::{NewToken, TokenEntry, TokenError, TokenFile, TokenKind, Tokens};
use crate::front::refusal::Refusal;

/// Finds out who sends a request.
pub(crate) struct Authentication {
    config: AuthConfig,
    challenges: Challenges,
}

impl Authentication {
    pub(crate) fn new(config: AuthConfig) -> Self {
        Self {
            config,
            challenges: Challenges,
        }
    }

    /// Who sends a request with this address and these headers.
    ///
    /// # Errors
    /// Everything but one good credential, where callers are asked who they are at all.
    pub(crate) async fn identify(&self, uri: &Uri, headers: &HeaderMap) -> Result<Principal, Refusal> {
        let refused = |refusal| self.challenges.on(refusal);
        check_query(uri).map_err(refused)?;
        if !self.config.is_on() {
            return Ok(Principal::anonymous());
        }
        let credential = Credential::of(headers, &self.config.api_key_header).map_err(refused)?;
        let Some(credential) = credential else {
            return Err(self.challenges.unknown());
        };
        self.holder(credential).await.map_err(refused)
    }

    async fn holder(&self, credential: Credential<'_>) -> Result<Principal, Refusal> {
        let holder = match (credential, &self.config.tokens) {
            (Credential::Token(token), Some(tokens)) => tokens.holder_of_token(token),
            (Credential::Key { name, key }, Some(tokens)) => match tokens.remembered_holder_of_key(name, key)
            {
                Some(holder) => holder,
                // Rare, and larger than what every other request needs.
                None => Box::pin(tokens.holder_of_key(name, key)).await,
            },
            _ => Err(tokens::Rejected::Unknown),
        };
        holder.map_err(rejected)
    }
}
