//! Tokens this program makes: random, recognisable, with a checksum.

use sha2::{Digest, Sha256};

use holdall::Secret;

/// What every token begins with, so that people and scanners for leaked secrets know what they see.
pub(crate) const PREFIX: &str = "hold_";
/// 32 of 62 characters: 190 bits.
const RANDOM_CHARS: usize = 32;
/// Enough for the 32 bits of a CRC.
const CHECKSUM_CHARS: usize = 6;
/// No `-` or `_`, so that a double click selects all of it.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The hash by which a token is found.
pub(crate) type Hash = [u8; 32];

/// A new token.
pub(crate) fn token() -> Secret {
    let random = std::iter::repeat_with(random_byte).filter_map(character);
    let body: String = PREFIX.chars().chain(random.take(RANDOM_CHARS)).collect();
    let checksum = checksum(&body);
    Secret::new(body + &checksum)
}

fn random_byte() -> u8 {
    let mut byte = [0];
    getrandom::fill(&mut byte).expect("the system gives random bytes");
    byte[0]
}

/// The character a random byte stands for. Bytes from 248 on stand for none: with them the first eight characters would
/// be likelier than the others.
fn character(byte: u8) -> Option<char> {
    (byte < 248).then(|| char::from(ALPHABET[usize::from(byte % 62)]))
}

/// Whether `text` is a token as it was made: not mistyped, not cut off.
pub(crate) fn is_whole(text: &str) -> bool {
    if text.len() != PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS || !text.is_ascii() {
        return false;
    }
    let (body, sum) = text.split_at(PREFIX.len() + RANDOM_CHARS);
    checksum(body) == sum
}

/// Whether there is a whole token anywhere in a text.
pub(crate) fn holds_token(text: &str) -> bool {
    let whole_at = |(start, _)| {
        let end = start + PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS;
        text.get(start..end).is_some_and(is_whole)
    };
    text.match_indices(PREFIX).any(whole_at)
}

/// Tokens have more bits than anybody can try, so a fast hash keeps them as well as a slow one.
pub(crate) fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[rest % 62];
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_whole() {
        let (one, other) = (token(), token());
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 43);
        assert!(one.expose().starts_with(PREFIX));
        assert!(one.expose()[5..].chars().all(|c| c.is_ascii_alphanumeric()));
        assert!(is_whole(one.expose()) && is_whole(other.expose()));
        assert_ne!(hash(one.expose()), hash(other.expose()));
    }

    #[test]
    fn every_character_is_as_likely_as_any_other() {
        let mut bytes_of = std::collections::BTreeMap::new();
        for character in (0..=u8::MAX).filter_map(character) {
            *bytes_of.entry(character).or_insert(0) += 1;
        }
        assert_eq!(bytes_of.len(), ALPHABET.len());
        assert!(bytes_of.values().all(|bytes| *bytes == 4), "{bytes_of:?}");
    }

    #[test]
    fn checksums_stay_what_they_are() {
        // CRC-32 (ISO-HDLC) in base 62, as scanners for leaked secrets compute it, too.
        for (body, sum) in [
            ("hold_00000000000000000000000000000000", "1DDhgo"),
            ("hold_0123456789ABCDEFGHIJKLMNOPQRSTUV", "3UIcwj"),
        ] {
            assert_eq!(checksum(body), sum, "{body}");
            assert!(is_whole(&format!("{body}{sum}")));
        }
    }

    #[test]
    fn one_wrong_or_missing_character_shows() {
        let token = token();
        let token = token.expose();
        for index in PREFIX.len()..token.len() {
            let mut wrong = token.to_owned();
            let other = if &token[index..=index] == "A" { "B" } else { "A" };
            wrong.replace_range(index..=index, other);
            assert!(!is_whole(&wrong), "{index}");
            wrong.remove(index);
            assert!(!is_whole(&wrong), "{index}");
        }
        assert!(!is_whole("hold_"));
        assert!(!is_whole(&"ä".repeat(22)));
    }
}
