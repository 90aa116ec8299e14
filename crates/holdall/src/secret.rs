//! [`Secret`]: a credential that is never shown by accident.

use std::fmt;

use serde::Deserialize;

/// A credential in the clear. `Debug` does not show it, and there is neither `Display` nor `Serialize`.
///
/// ```
/// use holdall::Secret;
///
/// let key = Secret::new("k-5f2a");
/// assert_eq!(format!("{key:?}"), "Secret(…)");
/// assert_eq!(key.expose(), "k-5f2a");
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a credential in.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The credential itself, for whoever it is meant for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
