//! Access tokens that carry their own proof: JWT, signed by an authorization server (RFC 9068).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;

use super::authority::Authority;
use super::claims::Claims;
use super::config::Algorithm;
use super::remembered::Remembered;
use super::{Accepted, Access, Denied};

/// How long a signature is taken for right without another look, so that keys that were withdrawn stop to count.
const REMEMBERED: Duration = Duration::from_secs(300);

/// Judges signed access tokens.
pub(crate) struct Signed {
    remembered: Remembered<Access>,
}

#[derive(Deserialize)]
struct Issuer {
    iss: String,
}

impl Signed {
    pub(crate) fn new() -> Self {
        super::verify::install();
        Self {
            remembered: Remembered::new(),
        }
    }

    /// Whose token this is, if it was looked at a short while ago.
    pub(crate) fn remembered(&self, token: &str) -> Option<Access> {
        self.remembered.get(token)
    }

    /// Whose token this is.
    pub(crate) async fn judge(
        &self,
        token: &str,
        authorities: &[Arc<Authority>],
        accepted: &Accepted,
    ) -> Result<Access, Denied> {
        let (authority, algorithm, key_id) = whose(token, authorities)?;
        let key = authority.key(key_id.as_deref(), algorithm).await?;
        let issuer = &authority.issuer.url;
        let validation = validation(issuer, algorithm, &accepted.audiences, accepted.leeway);
        let claims = decode::<Claims>(token, &key, &validation)
            .map_err(|error| Denied::Invalid(reason(error.kind())))?
            .claims;
        let principal = claims.principal(issuer, &accepted.implied_scopes, false)?;
        let end = claims.exp.and_then(|exp| Duration::try_from_secs_f64(exp).ok());
        let end = end.and_then(|end| SystemTime::UNIX_EPOCH.checked_add(end + accepted.leeway));
        let access = Access { principal, end };
        self.remembered.put(token, access.clone(), REMEMBERED, end);
        Ok(access)
    }
}

/// Who is to have signed a token, by which algorithm, with which key: what it says of itself, before anything is
/// believed. The issuer chooses among those who are trusted, and the key has to be one of that issuer.
fn whose(
    token: &str,
    authorities: &[Arc<Authority>],
) -> Result<(Arc<Authority>, Algorithm, Option<String>), Denied> {
    let header = decode_header(token)
        .map_err(|_| Denied::Invalid("the access token is no JWT signed by a known algorithm"))?;
    let algorithm = Algorithm::of(header.alg).ok_or(Denied::Invalid(
        "the access token is signed by an algorithm that is not taken",
    ))?;
    let kinds = ["at+jwt", "application/at+jwt", "jwt"];
    let is_known = |kind: &String| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known));
    if !header.typ.as_ref().is_none_or(is_known) {
        return Err(Denied::Invalid("the JWT is no access token (`typ`)"));
    }
    if header.crit.is_some() {
        return Err(Denied::Invalid(
            "the access token asks for extensions nobody here knows (`crit`)",
        ));
    }
    let claims: Issuer = insecure_decode_claims(token)
        .map_err(|_| Denied::Invalid("the access token does not say who issued it (`iss`)"))?;
    let authority = authorities
        .iter()
        .find(|authority| authority.issuer.url == claims.iss)
        .ok_or(Denied::Invalid(
            "the access token was issued by nobody who is trusted here",
        ))?;
    if !authority.issuer.algorithms.contains(&algorithm) {
        return Err(Denied::Invalid(
            "the access token is signed by an algorithm that is not taken",
        ));
    }
    Ok((Arc::clone(authority), algorithm, header.kid))
}

fn validation(
    issuer: &str,
    algorithm: Algorithm,
    audiences: &BTreeSet<String>,
    leeway: Duration,
) -> Validation {
    let mut validation = Validation::new(algorithm.plain());
    // Without this a token that lacks one of them would pass.
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.aud = Some(audiences.iter().cloned().collect());
    validation.validate_exp = true;
    validation.validate_nbf = true;
    validation.validate_aud = true;
    validation.leeway = leeway.as_secs();
    validation
}

fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "the access token has expired",
        ErrorKind::ImmatureSignature => "the access token is not good yet (`nbf`)",
        ErrorKind::InvalidAudience => "the access token was issued for another server (`aud`)",
        ErrorKind::MissingRequiredClaim(claim) => match claim.as_str() {
            "exp" => "the access token does not say when it ends (`exp`)",
            "aud" => "the access token does not say for whom it was issued (`aud`)",
            "sub" => "the access token names nobody (`sub`)",
            _ => "the access token does not say who issued it (`iss`)",
        },
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => {
            "the signature of the access token is wrong"
        }
        _ => "the access token is malformed",
    }
}
