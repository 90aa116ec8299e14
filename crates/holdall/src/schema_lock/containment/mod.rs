//! Does every value that fits one schema fit another?
//!
//! The question is answered by proof: the *narrow* schema is taken apart until each keyword of the *wide* one follows
//! from it. What does not follow is a [`Gap`]. A gap does not mean that there is a value that fits the one and not the
//! other, but no gap means that there is none.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `conjunct` | what is a schema, once references are followed and `allOf` is flat? |
//! | `prove` | which keywords of the wide schema follow? |
//! | `alternatives` | which alternative follows, and what follows from each? |
//! | `objects` | what about names: declared, required, further ones? |
//! | `values` | what about numbers, texts, lists, and schemas that only few values fit? |
//! | `same` | do two schemas say the same, but for words? |

mod alternatives;
mod conjunct;
mod objects;
mod prove;
mod same;
mod values;

use serde_json::Value;

pub(super) use self::prove::gaps;
pub(super) use self::same::same;
use super::change::ChangeKind;

/// Who sends the values a schema is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The client: arguments.
    Input,
    /// The server: results.
    Output,
}

/// Which of the two schemas is the narrow one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Narrow {
    Old,
    New,
}

/// A keyword of the wide schema that does not follow from the narrow one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gap {
    pub(super) kind: ChangeKind,
    /// Within the schemas, as a JSON pointer.
    pub(super) path: String,
    pub(super) narrow: Option<Value>,
    pub(super) wide: Option<Value>,
}
