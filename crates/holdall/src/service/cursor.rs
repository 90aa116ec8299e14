//! [`Cursor`]: where the next page of a list begins.
//!
//! A cursor names the first entry of its page, so that a list which changes between two pages neither skips nor repeats
//! what is still there; the position helps where that entry is gone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::{CallError, CallResult};
use crate::principal::Principal;
use crate::provider::Component;
use crate::provider::catalogue::{Offered, Shelf};

/// How much of a wrong cursor an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// The lists there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum List {
    Tools,
    Prompts,
    Resources,
    Templates,
}

/// A place in a list.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    list: List,
    pub(super) place: Place,
}

/// Where in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// At a component: its position, and its name or URI.
    Component(usize, String),
    /// Within what a template lists: the template, and the cursor its lister gave.
    Listed(String, Option<String>),
}

impl Cursor {
    /// The text a client hands back.
    pub(super) fn encode(list: List, place: Place) -> String {
        let cursor = Self { list, place };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).expect("a cursor is plain JSON"))
    }

    /// Reads what a client handed back.
    pub(super) fn decode(list: List, text: &str) -> CallResult<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong(text))?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| wrong(text))?;
        if cursor.list == list {
            Ok(cursor.place)
        } else {
            Err(wrong(text))
        }
    }
}

/// The error for something that is no cursor of the list it was sent to, or no longer one.
pub(super) fn wrong(text: &str) -> CallError {
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    CallError::invalid_arguments(format!("`{shown}` is not a cursor of this list"))
        .hint("pass the `nextCursor` of the page before as it came, or start again without a cursor")
}

/// At most `size` components that `principal` may see, from a place on, and where to go on.
pub(super) fn page<'a, T: Component>(
    shelf: &'a Shelf<T>,
    from: Option<&Place>,
    size: usize,
    principal: &Principal,
) -> (Vec<&'a Offered<T>>, Option<Place>) {
    let start = match from {
        Some(Place::Component(index, key)) => shelf.position(key).unwrap_or(*index),
        _ => 0,
    };
    let mut visible = shelf
        .iter()
        .enumerate()
        .skip(start)
        .filter(|(_, offered)| offered.labels().allow(principal));
    let items = visible.by_ref().take(size).map(|(_, offered)| offered).collect();
    let next = visible.next();
    let next = next.map(|(index, offered)| Place::Component(index, offered.key().to_owned()));
    (items, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_fits_only_its_list() {
        for place in [
            Place::Component(7, "search".into()),
            Place::Listed("note://{+path}".into(), Some("a:b".into())),
            Place::Listed("note://{+path}".into(), None),
        ] {
            let text = Cursor::encode(List::Tools, place.clone());
            assert_eq!(Cursor::decode(List::Tools, &text).expect("it is one"), place);
            let error = Cursor::decode(List::Prompts, &text).expect_err("of another list");
            assert!(
                error.to_string().contains("is not a cursor of this list"),
                "{error}"
            );
        }
        for text in ["", "rubbish", "e30", "bnVsbA", "ö"] {
            assert!(Cursor::decode(List::Tools, text).is_err(), "{text}");
        }
    }
}
