//! [`Lasting`]: until when a credential is good. Every request proves anew who sends it; what stays open after its
//! request does not, and has to end when its credential does.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use holdall::Principal;
#[cfg(feature = "oauth")]
use holdall::Secret;

use super::Authentication;
use super::tokens::Holder;

/// Between two looks at the clock, which somebody may set and which stands still on a machine that sleeps.
const LOOK: Duration = Duration::from_secs(60);

/// Somebody who has proved who they are.
pub(crate) struct Login {
    pub(crate) principal: Principal,
    pub(crate) lasting: Lasting,
}

/// Until when that holds.
#[derive(Clone)]
pub(crate) enum Lasting {
    /// For ever: nobody was asked.
    Always,
    /// Until the token or key expires, is revoked, or is another in its file.
    Kept(Arc<Holder>),
    /// Until the moment a signed token names.
    #[cfg(feature = "oauth")]
    Until(Option<SystemTime>),
    /// Until the authorization server says otherwise of a token.
    #[cfg(feature = "oauth")]
    Asked(Arc<Secret>, Principal),
}

impl Login {
    /// Of somebody who was not asked.
    pub(crate) fn anonymous() -> Self {
        Self {
            principal: Principal::anonymous(),
            lasting: Lasting::Always,
        }
    }

    pub(super) fn kept(holder: Arc<Holder>) -> Self {
        Self {
            principal: holder.principal().clone(),
            lasting: Lasting::Kept(holder),
        }
    }
}

/// A credential under which something stays open. An extension of requests that may open it.
#[derive(Clone)]
pub(crate) struct Lease {
    authentication: Arc<Authentication>,
    lasting: Lasting,
}

impl Lease {
    pub(crate) fn new(authentication: Arc<Authentication>, lasting: Lasting) -> Self {
        Self {
            authentication,
            lasting,
        }
    }

    /// Resolves when the credential is good no longer.
    pub(crate) async fn ended(self) {
        match self.lasting {
            Lasting::Always => std::future::pending().await,
            Lasting::Kept(holder) => {
                // Whoever has proved it by a token has a server that takes tokens.
                if let Some(tokens) = &self.authentication.config.tokens {
                    tokens.ended(&holder).await;
                }
            }
            #[cfg(feature = "oauth")]
            Lasting::Until(end) => reached(end).await,
            #[cfg(feature = "oauth")]
            Lasting::Asked(token, principal) => self.authentication.withdrawn(&token, &principal).await,
        }
    }
}

/// Resolves at a moment; never if there is none.
pub(super) async fn reached(moment: Option<SystemTime>) {
    let Some(moment) = moment else {
        return std::future::pending().await;
    };
    while let Ok(left) = moment.duration_since(SystemTime::now())
        && !left.is_zero()
    {
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_moment_that_is_past_is_reached_and_none_never_is() {
        let second = Duration::from_secs(1);
        assert!(reached(Some(SystemTime::now() - second)).now_or_never().is_some());
        assert!(
            reached(Some(SystemTime::now() + 60 * second))
                .now_or_never()
                .is_none()
        );
        assert!(reached(None).now_or_never().is_none());
    }
}
