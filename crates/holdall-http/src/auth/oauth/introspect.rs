//! Access tokens that mean something to their authorization server alone: it is asked (RFC 7662).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::authority::Authority;
use super::claims::Claims;
use super::config::Introspection;
use super::fetch::Fetcher;
use super::remembered::Remembered;
use super::{Accepted, Access, Denied};

/// Questions under way at once; more callers are sent away to come back.
const QUESTIONS_MAX: usize = 64;
/// Those of them that ask about tokens from addresses where too many were wrong; others of these wait.
const SUSPECTS_MAX: usize = 2;
/// Those that may wait.
const SUSPECTS_WAITING_MAX: usize = 64;
/// How long a token that is not good is known as such.
const REFUSAL_REMEMBERED: Duration = Duration::from_secs(10);

/// Asks an authorization server about tokens.
pub(crate) struct Introspector {
    authority: Arc<Authority>,
    fetcher: Arc<Fetcher>,
    authorization: HeaderValue,
    ttl: Duration,
    places: Semaphore,
    suspects: Semaphore,
    waiting_suspects: Semaphore,
    remembered: Remembered<Result<Access, Denied>>,
}

#[derive(Deserialize)]
struct Answer {
    active: bool,
    #[serde(flatten)]
    claims: Claims,
}

impl Introspector {
    pub(crate) fn new(
        authority: &Arc<Authority>,
        introspection: &Introspection,
        fetcher: &Arc<Fetcher>,
    ) -> Self {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (id, secret) = (&introspection.client_id, introspection.client_secret.expose());
        let basic = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
        let mut authorization =
            HeaderValue::try_from(format!("Basic {basic}")).expect("base64 is a header value");
        authorization.set_sensitive(true);
        Self {
            authority: Arc::clone(authority),
            fetcher: Arc::clone(fetcher),
            authorization,
            ttl: introspection.ttl,
            places: Semaphore::new(QUESTIONS_MAX),
            suspects: Semaphore::new(SUSPECTS_MAX),
            waiting_suspects: Semaphore::new(SUSPECTS_MAX + SUSPECTS_WAITING_MAX),
            remembered: Remembered::new(),
        }
    }

    /// What was answered a short while ago.
    pub(crate) fn remembered(&self, token: &str) -> Option<Result<Access, Denied>> {
        self.remembered.get(token)
    }

    /// How long an answer is taken for true.
    pub(crate) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Whose token this is.
    pub(crate) async fn judge(
        &self,
        token: &str,
        accepted: &Accepted,
        is_suspect: bool,
    ) -> Result<Access, Denied> {
        let _turn = match is_suspect {
            true => {
                let waiting = self.waiting_suspects.try_acquire();
                let waiting = waiting.map_err(|_| Denied::Unreachable)?;
                let turn = self.suspects.acquire().await;
                Some((waiting, turn.expect("the semaphore is never closed")))
            }
            false => None,
        };
        let _place = self.places.try_acquire().map_err(|_| Denied::Unreachable)?;
        let answer = self.ask(token).await?;
        let judged = self.judge_answer(&answer, accepted);
        let end = answer.claims.exp.and_then(moment);
        match &judged {
            Ok(_) => self.remembered.put(token, judged.clone(), self.ttl, end),
            Err(_) => self
                .remembered
                .put(token, judged.clone(), REFUSAL_REMEMBERED.min(self.ttl), None),
        }
        judged
    }

    async fn ask(&self, token: &str) -> Result<Answer, Denied> {
        let url = self.authority.introspection_url().await?;
        let token = utf8_percent_encode(token, NON_ALPHANUMERIC);
        let form = format!("token={token}&token_type_hint=access_token");
        let answer = self.fetcher.post(&url, &self.authorization, form).await;
        let answer = answer.and_then(|answer| {
            // What it says of the token is not for logs.
            serde_json::from_slice(&answer).map_err(|_| "the answer is none to introspection".to_owned())
        });
        answer.map_err(|problem| {
            let issuer = &self.authority.issuer.url;
            tracing::warn!(
                issuer,
                "the authorization server cannot be asked about a token: {problem}"
            );
            Denied::Unreachable
        })
    }

    /// The authorization server says whether the token is good; whether it is for this server is checked here.
    fn judge_answer(&self, answer: &Answer, accepted: &Accepted) -> Result<Access, Denied> {
        let Answer { active, claims } = answer;
        let (now, leeway) = (SystemTime::now(), accepted.leeway);
        if !active {
            return Err(Denied::Invalid("the access token is good no longer"));
        }
        if claims
            .exp
            .is_some_and(|exp| moment(exp).is_none_or(|end| end + leeway <= now))
        {
            return Err(Denied::Invalid("the access token has expired"));
        }
        if claims
            .nbf
            .is_some_and(|nbf| moment(nbf).is_none_or(|start| start > now + leeway))
        {
            return Err(Denied::Invalid("the access token is not good yet (`nbf`)"));
        }
        let issuer = &self.authority.issuer.url;
        if claims.iss.as_ref().is_some_and(|iss| iss != issuer) {
            return Err(Denied::Invalid(
                "the access token was issued by nobody who is trusted here",
            ));
        }
        match &claims.aud {
            None => Err(Denied::Invalid(
                "the access token does not say for whom it was issued (`aud`)",
            )),
            Some(aud) if !aud.any_of(&accepted.audiences) => Err(Denied::Invalid(
                "the access token was issued for another server (`aud`)",
            )),
            Some(_) => {
                let principal = claims.principal(issuer, &accepted.implied_scopes, true)?;
                let end = claims
                    .exp
                    .and_then(moment)
                    .and_then(|end| end.checked_add(leeway));
                Ok(Access { principal, end })
            }
        }
    }
}

fn moment(seconds: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}
