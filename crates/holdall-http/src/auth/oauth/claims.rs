//! What an access token says, and the principal that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use holdall::Principal;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Denied;

/// Longer names of people and programs are refused: they stand in every log line.
const SUBJECT_BYTES_MAX: usize = 255;
/// More scopes are refused; a token holds some hundreds at most.
const SCOPES_MAX: usize = 1024;

/// The claims that matter here; what is required is checked elsewhere.
#[derive(Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    pub(crate) iss: Option<String>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    pub(crate) exp: Option<f64>,
    #[serde(default)]
    pub(crate) nbf: Option<f64>,
    #[serde(default)]
    pub(crate) aud: Option<Names>,
    #[serde(default)]
    scope: Option<Names>,
    #[serde(default)]
    scp: Option<Names>,
    /// The key whose holder alone may use the token.
    #[serde(default)]
    cnf: Option<IgnoredAny>,
}

/// One text, which may hold several names with spaces between them, or several.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Names {
    One(String),
    Several(Vec<String>),
}

impl Names {
    /// Whether one of them, each taken as a whole, is among `known`.
    pub(crate) fn any_of(&self, known: &BTreeSet<String>) -> bool {
        match self {
            Self::One(name) => known.contains(name),
            Self::Several(names) => names.iter().any(|name| known.contains(name)),
        }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        };
        texts.iter().flat_map(|text| text.split_ascii_whitespace())
    }
}

impl Claims {
    /// Whom they speak of. The name is unique: issuers have no `#`, and what is made by this program begins otherwise.
    ///
    /// # Errors
    /// If they name nobody, or somebody who cannot stand in a log.
    pub(crate) fn principal(
        &self,
        issuer: &str,
        implied: &BTreeMap<String, Vec<String>>,
        may_be_client: bool,
    ) -> Result<Principal, Denied> {
        if self.cnf.is_some() {
            return Err(Denied::Invalid(
                "the access token is bound to a key (`cnf`), which is not checked here: ask for a bearer token",
            ));
        }
        let (kind, subject) = match (&self.sub, &self.client_id) {
            (Some(sub), _) => ("oauth", sub),
            // What a program was given for itself names no person where the authorization server is asked.
            (None, Some(client)) if may_be_client => ("oauth-client", client),
            _ => return Err(Denied::Invalid("the access token names nobody (`sub`)")),
        };
        if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX || subject.chars().any(char::is_control) {
            return Err(Denied::Invalid(
                "the access token names somebody (`sub`) whose name cannot be written",
            ));
        }
        let given = [&self.scope, &self.scp].into_iter().flatten();
        let mut waiting: Vec<&str> = given.flat_map(Names::words).take(SCOPES_MAX + 1).collect();
        if waiting.len() > SCOPES_MAX {
            return Err(Denied::Invalid("the access token has too many scopes"));
        }
        let mut scopes = BTreeSet::new();
        while let Some(scope) = waiting.pop() {
            if scopes.insert(scope) {
                waiting.extend(implied.get(scope).into_iter().flatten().map(String::as_str));
            }
        }
        Ok(Principal::new(format!("{kind}:{issuer}#{subject}"), scopes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn principal(claims: Value) -> Option<Principal> {
        let claims: Claims = serde_json::from_value(claims).ok()?;
        let implied = BTreeMap::from([
            ("admin".to_owned(), vec!["write".to_owned()]),
            ("write".to_owned(), vec!["read".to_owned(), "admin".to_owned()]),
        ]);
        claims.principal("https://login.example", &implied, false).ok()
    }

    #[test]
    fn scopes_come_in_all_forms_and_imply_others() {
        for (claims, expected) in [
            (json!({"sub": "ada"}), &[][..]),
            (json!({"sub": "ada", "scope": "a b"}), &["a", "b"]),
            (json!({"sub": "ada", "scp": ["a", "b c"]}), &["a", "b", "c"]),
            (json!({"sub": "ada", "scope": "", "scp": "a"}), &["a"]),
            (
                json!({"sub": "ada", "scope": "admin"}),
                &["admin", "read", "write"],
            ),
            (json!({"sub": "ada", "scope": "*"}), &["*"]),
        ] {
            let expected = Principal::new("oauth:https://login.example#ada", expected.iter().copied());
            assert_eq!(principal(claims), Some(expected));
        }
        let star = principal(json!({"sub": "ada", "scope": "*"})).expect("it names somebody");
        assert!(!star.has_scope("a"), "a star is nothing special here");
    }

    #[test]
    fn names_and_scopes_may_be_as_many_as_they_may() {
        let longest = "x".repeat(SUBJECT_BYTES_MAX);
        assert!(principal(json!({ "sub": longest })).is_some());
        assert!(principal(json!({ "sub": longest + "x" })).is_none());
        let scopes = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        let with = |scopes: Vec<String>| principal(json!({"sub": "ada", "scope": scopes}));
        assert!(with(scopes(SCOPES_MAX)).is_some());
        assert!(with(scopes(SCOPES_MAX + 1)).is_none());
    }

    #[test]
    fn who_cannot_be_named_is_nobody() {
        for claims in [
            json!({}),
            json!({"sub": ""}),
            json!({"sub": "a\nb"}),
            json!({"sub": "x".repeat(256)}),
            json!({"sub": 1}),
            json!({"client_id": "program"}),
            json!({"sub": "ada", "cnf": {"jkt": "x"}}),
            json!({"sub": "ada", "scope": (0..2000).map(|n| n.to_string()).collect::<Vec<_>>()}),
        ] {
            assert_eq!(principal(claims.clone()), None, "{claims}");
        }
    }
}
