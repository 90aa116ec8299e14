//! What is known of a token or key: [`TokenEntry`], and what one is to be: [`NewToken`].

use std::time::SystemTime;

use super::chosen;
use super::generate::Hash;

/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 64;
/// The scope by which a token has all there are.
pub(crate) const EVERYTHING: &str = "*";

/// A token or key to be made.
#[derive(Clone, Debug)]
#[must_use = "it is made by `TokenFile::create` or `TokenFile::create_key`"]
pub struct NewToken {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: Option<SystemTime>,
}

impl NewToken {
    /// A token for `name`, which tells it from all others: 1 to 64 letters, digits, `_`, `-`, `.` and `@`. Without scopes
    /// it may do only what asks for none.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            scopes: Vec::new(),
            expires: None,
        }
    }

    /// Adds scopes. `*` stands for all there are.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// When it stops to be good. Default: never.
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }
}

/// What is known of a token or key. The credential itself is not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenEntry {
    /// What it is called.
    pub name: String,
    /// Whether it was made by this program or chosen by somebody.
    pub kind: TokenKind,
    /// What whoever holds it may do; `*` is everything.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// When it stops to be good; never if `None`.
    pub expires: Option<SystemTime>,
    /// When it was revoked, if it was.
    pub revoked: Option<SystemTime>,
    pub(crate) hash: KeptHash,
}

impl TokenEntry {
    /// Whether it is neither revoked nor expired at `moment`.
    pub fn is_good_at(&self, moment: SystemTime) -> bool {
        self.revoked.is_none() && !self.is_expired_at(moment)
    }

    pub(crate) fn is_expired_at(&self, moment: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= moment)
    }

    /// What is wrong with it.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
        if !(1..=NAME_CHARS_MAX).contains(&self.name.len()) || !self.name.chars().all(fits) {
            problems.push(format!(
                "the name is not valid: use 1 to {NAME_CHARS_MAX} letters, digits, `_`, `-`, `.` and `@`"
            ));
        }
        let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        for scope in &self.scopes {
            if scope.is_empty() || !scope.chars().all(fits) {
                problems.push(format!(
                    "`{}` is not a valid scope: use visible ASCII characters except `\"` and `\\`, no spaces",
                    scope.escape_debug()
                ));
            }
        }
        if let KeptHash::Argon2(phc) = &self.hash {
            problems.extend(chosen::problem(phc));
        }
        problems
    }
}

/// Where a credential comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// Made by this program: `hold_…`, kept as SHA-256.
    Generated,
    /// Chosen by somebody: sent as `NAME:KEY`, kept as Argon2.
    Chosen,
}

/// What is kept of a credential.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum KeptHash {
    Sha256(Hash),
    Argon2(String),
}

impl std::fmt::Debug for KeptHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sha256(_) => "Sha256(…)",
            Self::Argon2(_) => "Argon2(…)",
        })
    }
}

impl KeptHash {
    /// As in the file.
    pub(crate) fn to_text(&self) -> String {
        use std::fmt::Write as _;
        match self {
            Self::Argon2(phc) => phc.clone(),
            Self::Sha256(hash) => hash.iter().fold("sha256:".to_owned(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            }),
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.starts_with("$argon2") {
            return Some(Self::Argon2(text.to_owned()));
        }
        let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64)?;
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair)
                .ok()
                .filter(|pair| !pair.starts_with('+'))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self::Sha256(hash))
    }
}
