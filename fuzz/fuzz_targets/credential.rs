//! Whatever stands where a credential belongs: only the one good token is taken, wherever it may stand.

#![no_main]

use std::cell::RefCell;

use holdall_fuzz::door::Door;
use holdall_fuzz::split;
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static DOOR: RefCell<Door> = RefCell::new(Door::open());
}

fuzz_target!(|data: &[u8]| {
    let Some((mode, given)) = split(data) else { return };
    DOOR.with_borrow_mut(|door| try_it(door, mode, given));
});

fn try_it(door: &mut Door, mode: u8, given: &[u8]) {
    let token = door.token.clone();
    let (authorization, key): (Option<Vec<u8>>, Option<Vec<u8>>) = match mode % 6 {
        0 => (Some(given.to_vec()), None),
        1 => (None, Some(given.to_vec())),
        2 => (Some([b"Bearer ", given].concat()), None),
        3 => (
            Some([b"Bearer ", changed(&token, given).as_slice()].concat()),
            None,
        ),
        4 => (None, Some(changed(&token, given))),
        _ => (Some(format!("Bearer {token}").into_bytes()), Some(given.to_vec())),
    };
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    for (name, value) in [("Authorization", &authorization), ("X-API-Key", &key)] {
        let Some(value) = value else { continue };
        // What no header can hold is another matter.
        if HeaderValue::from_bytes(value).is_err() || value.len() > 32 * 1024 {
            return;
        }
        headers.push((name, value));
    }
    let is_good = match (&authorization, &key) {
        (Some(value), None) => is_bearer(value, &token),
        (None, Some(value)) => blanks_off(value) == token.as_bytes(),
        _ => false,
    };
    match door.call(&headers) {
        Ok(name) => {
            assert!(is_good, "taken: {headers:?}");
            assert_eq!(name, "token:ada");
        }
        Err(status) => {
            assert!(!is_good, "refused with {status}: {headers:?}");
            assert!(matches!(status, 400 | 401 | 431), "{status}");
        }
    }
}

/// The good token with some bytes changed, as `given` says: where, and by what.
fn changed(token: &str, given: &[u8]) -> Vec<u8> {
    let mut bytes = token.as_bytes().to_vec();
    for pair in given.chunks_exact(2) {
        let at = usize::from(pair[0]);
        match pair[1] {
            0 => bytes.truncate(at),
            by if at < bytes.len() => bytes[at] ^= by,
            by => bytes.push(by),
        }
    }
    bytes
}

fn is_bearer(value: &[u8], token: &str) -> bool {
    let value = blanks_off(value);
    let Some((scheme, rest)) = value.split_at_checked(7) else {
        return false;
    };
    let rest = rest.strip_prefix(b" ").map_or(rest, blanks_off);
    scheme.eq_ignore_ascii_case(b"bearer ") && rest == token.as_bytes()
}

/// Blanks around the value of a header are no part of it.
fn blanks_off(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value
        .iter()
        .position(|byte| !is_blank(byte))
        .unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|byte| !is_blank(byte))
        .map_or(start, |last| last + 1);
    &value[start..end]
}
