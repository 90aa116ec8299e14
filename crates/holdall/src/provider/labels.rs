//! [`Labels`]: the tags and scopes of a component.

use crate::principal::Principal;

/// What decides who sees a component.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub(crate) tags: Vec<String>,
    /// A caller must have all of them.
    pub(crate) scopes: Vec<String>,
}

impl Labels {
    pub(crate) fn add_scopes(&mut self, scopes: impl IntoIterator<Item = impl Into<String>>) {
        for scope in scopes.into_iter().map(Into::into) {
            if !self.scopes.contains(&scope) {
                self.scopes.push(scope);
            }
        }
    }

    /// Whether `principal` may see and use the component.
    pub(crate) fn allow(&self, principal: &Principal) -> bool {
        self.scopes.iter().all(|scope| principal.has_scope(scope))
    }

    /// Every scope `principal` lacks.
    pub(crate) fn missing(&self, principal: &Principal) -> Vec<String> {
        let missing = self.scopes.iter().filter(|scope| !principal.has_scope(scope));
        missing.cloned().collect()
    }

    /// What is wrong with the scopes: they travel in `WWW-Authenticate`, separated by spaces and within quotes.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        let wrong = self
            .scopes
            .iter()
            .filter(move |scope| scope.is_empty() || !scope.chars().all(fits));
        wrong.map(|scope| {
            format!(
                "`{scope}` is not a valid scope: use visible ASCII characters except `\"` and `\\`, no spaces"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scopes_are_asked_for_and_all_missing_ones_are_named() {
        let mut labels = Labels::default();
        assert!(labels.allow(&Principal::anonymous()), "no scopes ask for nothing");
        labels.add_scopes(["notes:read", "notes:write"]);
        labels.add_scopes(["notes:read"]);
        assert_eq!(labels.scopes, ["notes:read", "notes:write"]);
        assert!(labels.allow(&Principal::local()));
        let reader = Principal::new("ada", ["notes:read"]);
        assert!(!labels.allow(&reader));
        assert_eq!(labels.missing(&reader), ["notes:write"]);
        assert_eq!(labels.missing(&Principal::anonymous()), labels.scopes);
    }

    #[test]
    fn scopes_that_could_not_travel_are_refused() {
        let mut labels = Labels::default();
        labels.add_scopes(["", "a b", "a\"b", "a\\b", "ä", "fine:one/two.three"]);
        assert_eq!(labels.problems().count(), 5);
    }
}
