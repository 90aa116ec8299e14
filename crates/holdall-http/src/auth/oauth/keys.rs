//! The keys of an authorization server, and by which algorithms each may have signed.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use super::config::Algorithm;

/// More keys are not looked at: large providers have fewer than ten.
const KEYS_MAX: usize = 64;

/// Keys of one authorization server.
#[derive(Default)]
pub(crate) struct KeySet(Vec<Key>);

/// One key.
struct Key {
    id: Option<String>,
    /// Fixed by the key, never by a token.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a JWKS document. Keys of kinds nobody here knows are left out, as RFC 7517 has it.
    pub(crate) fn read(document: &[u8], allowed: &[Algorithm]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(document).map_err(|error| format!("the keys are no JWKS: {error}"))?;
        let keys = document.keys.into_iter().take(KEYS_MAX);
        Ok(Self(keys.filter_map(|key| Key::read(key, allowed)).collect()))
    }

    /// The key of this name that may sign by this algorithm. A token without the name of a key is taken only if there
    /// is no doubt.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.algorithms.contains(&algorithm) && (id.is_none() || key.id.as_deref() == id));
        let first = fitting.next()?;
        (id.is_some() || fitting.next().is_none()).then_some(&first.key)
    }
}

impl Key {
    fn read(document: Value, allowed: &[Algorithm]) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(document).ok()?;
        if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::ALL[..6].to_vec(),
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => vec![Algorithm::ES256],
                EllipticCurve::P384 => vec![Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            // Keys two share above all.
            _ => return None,
        };
        if let Some(named) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| is(named, *algorithm));
        }
        algorithms.retain(|algorithm| allowed.contains(algorithm));
        Some(Self {
            id: jwk.common.key_id.clone(),
            algorithms,
            key: DecodingKey::from_jwk(&jwk).ok()?,
        })
    }
}

fn is(named: KeyAlgorithm, algorithm: Algorithm) -> bool {
    named.to_string() == format!("{algorithm:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// By which algorithms a document has one key that may have signed.
    fn algorithms(keys: &Value) -> Vec<Algorithm> {
        let document = json!({ "keys": keys }).to_string();
        let keys = KeySet::read(document.as_bytes(), &Algorithm::ALL).expect("they are keys");
        let fits = |algorithm: &Algorithm| keys.find(None, *algorithm).is_some();
        Algorithm::ALL.into_iter().filter(fits).collect()
    }

    #[test]
    fn a_key_signs_by_the_algorithms_of_its_kind_and_of_its_name() {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
        let on_curve = |curve: &str| json!({"kty": "EC", "crv": curve, "x": "AQAB", "y": "AQAB"});
        let edwards = |curve: &str| json!({"kty": "OKP", "crv": curve, "x": "AQAB"});
        let with = |mut key: Value, name: &str, value: &str| {
            key[name] = value.into();
            key
        };
        for (key, expected) in [
            (rsa.clone(), &[RS256, RS384, RS512, PS256, PS384, PS512][..]),
            (with(rsa.clone(), "alg", "RS256"), &[RS256]),
            (with(rsa.clone(), "alg", "PS512"), &[PS512]),
            (with(rsa.clone(), "alg", "ES256"), &[]),
            (with(rsa.clone(), "alg", "RSA-OAEP"), &[]),
            (
                with(rsa.clone(), "use", "sig"),
                &[RS256, RS384, RS512, PS256, PS384, PS512],
            ),
            (with(rsa, "use", "enc"), &[]),
            (on_curve("P-256"), &[ES256]),
            (on_curve("P-384"), &[ES384]),
            (with(on_curve("P-384"), "alg", "ES256"), &[]),
            (on_curve("P-521"), &[]),
            (on_curve("Ed25519"), &[]),
            (edwards("Ed25519"), &[EdDSA]),
            (with(edwards("Ed25519"), "alg", "EdDSA"), &[EdDSA]),
            (edwards("P-256"), &[]),
            (edwards("X25519"), &[]),
            (json!({"kty": "oct", "k": "AQAB"}), &[]),
            (with(json!({"kty": "oct", "k": "AQAB"}), "alg", "HS256"), &[]),
            (json!("no key"), &[]),
        ] {
            assert_eq!(algorithms(&json!([key])), expected, "{key}");
        }
    }

    #[test]
    fn without_a_name_there_must_be_no_doubt() {
        let key = |id: &str| json!({"kty": "OKP", "crv": "Ed25519", "x": "AQAB", "kid": id});
        assert_eq!(algorithms(&json!([key("a")])), [Algorithm::EdDSA]);
        assert_eq!(algorithms(&json!([key("a"), key("b")])), []);
        let document = json!({"keys": [key("a"), key("b")]}).to_string();
        let keys = KeySet::read(document.as_bytes(), &Algorithm::ALL).expect("they are keys");
        for (id, known) in [("a", true), ("b", true), ("c", false)] {
            assert_eq!(keys.find(Some(id), Algorithm::EdDSA).is_some(), known, "{id}");
        }
        let none = KeySet::read(document.as_bytes(), &[Algorithm::ES256]).expect("they are keys");
        assert!(
            none.find(Some("a"), Algorithm::EdDSA).is_none(),
            "not by what is not allowed"
        );
    }
}
