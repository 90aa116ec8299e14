//! Who calls: [`Principal`].

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// The party a call comes from, and what it may do. Found out by the transport, never taken from a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    name: Arc<str>,
    scopes: Scopes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scopes {
    /// Every scope there is.
    All,
    /// These; none if empty.
    Only(Arc<BTreeSet<String>>),
}

impl Principal {
    /// A party with these scopes. Without any it may do only what asks for none.
    pub fn new(name: impl Into<Arc<str>>, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let scopes = scopes.into_iter().map(Into::into).collect();
        Self {
            name: name.into(),
            scopes: Scopes::Only(Arc::new(scopes)),
        }
    }

    /// A party that may do everything.
    pub fn with_all_scopes(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            scopes: Scopes::All,
        }
    }

    /// The person who started the program and speaks to it over standard input, or in the same process: may do
    /// everything.
    pub fn local() -> Self {
        Self::with_all_scopes("local")
    }

    /// Somebody who was not asked: has no scopes.
    pub fn anonymous() -> Self {
        static ANONYMOUS: LazyLock<Principal> = LazyLock::new(|| Principal::new("anonymous", [""; 0]));
        ANONYMOUS.clone()
    }

    /// The name in logs, unique among those who may call the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the party may do what asks for `scope`.
    pub fn has_scope(&self, scope: &str) -> bool {
        match &self.scopes {
            Scopes::All => true,
            Scopes::Only(scopes) => scopes.contains(scope),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scopes_means_none() {
        assert!(Principal::local().has_scope("notes:write"));
        assert!(!Principal::anonymous().has_scope("notes:write"));
        assert!(!Principal::anonymous().has_scope(""));
        let ada = Principal::new("ada", ["notes:read"]);
        assert!(ada.has_scope("notes:read") && !ada.has_scope("notes:write"));
    }
}
