//! Whatever looks like a signed token: taken only if the authorization server signed it and it says what it must.

#![no_main]

use std::cell::RefCell;

use holdall_fuzz::door::{AUDIENCE, Door, base64, header, now};
use holdall_fuzz::split;
use libfuzzer_sys::fuzz_target;
use ring::signature::KeyPair;
use serde_json::Value;

thread_local! {
    static DOOR: RefCell<Door> = RefCell::new(Door::open());
}

fuzz_target!(|data: &[u8]| {
    let Some((mode, given)) = split(data) else { return };
    if given.len() > 4096 {
        return;
    }
    DOOR.with_borrow_mut(|door| try_it(door, mode, given));
});

fn try_it(door: &mut Door, mode: u8, given: &[u8]) {
    let good = Door::sign(
        &door.key,
        header().to_string().as_bytes(),
        door.claims().to_string().as_bytes(),
    );
    let (token, may_be_taken) = match mode % 6 {
        // Anything at all.
        0 => (String::from_utf8_lossy(given).into_owned(), false),
        // A good one with some bytes changed.
        1 => {
            let token = changed(&good, given);
            let same = token == good;
            (token, same)
        }
        // Header and claims as one likes, signed by nobody, by everybody, or by somebody nobody trusts.
        2 | 3 => {
            let (header, claims) = header_and_claims(door, given);
            let token = match mode % 3 {
                0 => shared(&header, &claims, door.key.public_key().as_ref()),
                _ => Door::sign(&door.foreign, &header, &claims),
            };
            (token, false)
        }
        // Any header, signed rightly: the claims are right, so whether it is taken is up to the header.
        4 => {
            let header = filled(door, given);
            (
                Door::sign(&door.key, &header, door.claims().to_string().as_bytes()),
                is_header(&header),
            )
        }
        // Any claims, signed rightly.
        _ => {
            let claims = filled(door, given);
            let token = Door::sign(&door.key, header().to_string().as_bytes(), &claims);
            (token, are_claims(door, &claims))
        }
    };
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return;
    }
    match door.call(&[("Authorization", format!("Bearer {token}").as_bytes())]) {
        Ok(name) => {
            assert!(may_be_taken, "taken as {name}: {token}");
            assert!(name.starts_with(&door.holder("")), "{name}");
        }
        Err(status) => {
            assert_eq!(status, 401, "{token}");
            assert_ne!(token, good, "a good one was refused");
        }
    }
}

fn changed(token: &str, given: &[u8]) -> String {
    let mut bytes = token.as_bytes().to_vec();
    for three in given.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([three[0], three[1]])) % (bytes.len() + 1);
        match three[2] {
            0 => bytes.truncate(at),
            by if at < bytes.len() => bytes[at] ^= by,
            by => bytes.push(by),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn header_and_claims(door: &Door, given: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let end = given
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(given.len());
    let (header, claims) = given.split_at(end);
    (
        filled(door, header),
        filled(door, claims.strip_prefix(b"\n").unwrap_or(claims)),
    )
}

/// What differs from run to run has names in inputs.
fn filled(door: &Door, given: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(given);
    let soon = (now() + 3600).to_string();
    let text = text
        .replace("@ISS", &door.issuer)
        .replace("@AUD", AUDIENCE)
        .replace("@EXP", &soon);
    text.into_bytes()
}

/// Signed with what everybody knows, as if it were a secret.
fn shared(header: &[u8], claims: &[u8], public: &[u8]) -> String {
    let message = format!("{}.{}", base64(header), base64(claims));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public);
    let signature = ring::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", base64(signature.as_ref()))
}

/// What a header must say at least.
fn is_header(header: &[u8]) -> bool {
    let Ok(header) = serde_json::from_slice::<Value>(header) else {
        return false;
    };
    let kind = header["typ"].as_str().map(str::to_ascii_lowercase);
    let is_token =
        header["typ"].is_null() || matches!(kind.as_deref(), Some("at+jwt" | "application/at+jwt" | "jwt"));
    let is_key = header["kid"].is_null() || header["kid"] == holdall_fuzz::door::KEY;
    header["alg"] == "EdDSA" && is_token && is_key && header["crit"].is_null()
}

/// What claims must say at least.
fn are_claims(door: &Door, claims: &[u8]) -> bool {
    let Ok(claims) = serde_json::from_slice::<Value>(claims) else {
        return false;
    };
    let own = [AUDIENCE, "https://notes.example"];
    let is_own = |name: &Value| {
        name.as_str()
            .is_some_and(|name| own.contains(&name.strip_suffix('/').unwrap_or(name)))
    };
    let is_for_us = match &claims["aud"] {
        Value::Array(names) => names.iter().any(is_own),
        name => is_own(name),
    };
    let seconds = |name: &str| claims[name].as_f64();
    let lasts = seconds("exp").is_some_and(|end| end > now() as f64 - 40.0);
    let has_begun =
        claims["nbf"].is_null() || seconds("nbf").is_some_and(|start| start < now() as f64 + 40.0);
    let is_somebody = claims["sub"]
        .as_str()
        .is_some_and(|sub| !sub.is_empty() && sub.len() <= 255 && !sub.chars().any(char::is_control));
    let is_free = claims["cnf"].is_null();
    claims["iss"] == door.issuer && is_for_us && lasts && has_begun && is_somebody && is_free
}
