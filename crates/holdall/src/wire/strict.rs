//! What JSON leaves open is closed here: every key comes once.
//!
//! Of two equal keys one reader takes the first, another the last. Where something that judges a message and
//! something that acts on it read differently, the judgement is worth nothing, so such messages are refused. On the
//! way everything else is checked, too: syntax, depth (128 levels), numbers, escapes, UTF-8, and that nothing follows.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use crate::protocol::JsonObject;

/// Objects with more keys than this look them up in a set.
const KEYS_COMPARED: usize = 16;

/// What is wrong with a text.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is no JSON.
    Syntax(serde_json::Error),
    /// The key at this JSON pointer comes twice.
    Twice(String),
}

/// Checks that `text` is one JSON value in which no object has a key twice.
pub(super) fn check(text: &[u8]) -> Result<(), Fault> {
    let mut twice = None;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let walked = Walk { twice: &mut twice }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    match (walked, twice) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(pointer)) => Err(Fault::Twice(pointer)),
        (Err(error), None) => Err(Fault::Syntax(error)),
    }
}

/// Reads an object as [`decode`](super::decode) would let it through, on the way of reading it: for
/// `#[serde(deserialize_with = …)]` where a message is read into a type of its own.
///
/// # Errors
/// If it is no object, or an object in it has a key twice.
pub fn strict_object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<JsonObject, D::Error> {
    match deserializer.deserialize_map(Strict)? {
        Value::Object(object) => Ok(object),
        _ => Err(D::Error::custom("an object was expected")),
    }
}

/// Builds a value, and fails at a key that is there already.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = JsonObject::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key comes twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// Walks over a value; `twice` receives the pointer to a repeated key, from the key outwards.
struct Walk<'a> {
    twice: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0;
        loop {
            let walk = Walk { twice: self.twice };
            match items.next_element_seed(walk) {
                Ok(Some(())) => index += 1,
                Ok(None) => return Ok(()),
                Err(error) => {
                    lead_to(self.twice, &index.to_string());
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = Keys::Few(Vec::new());
        while let Some(key) = entries.next_key_seed(Key)? {
            if keys.contains(&key) {
                *self.twice = Some(String::new());
                lead_to(self.twice, &key);
                return Err(A::Error::custom("a key comes twice"));
            }
            let walk = Walk { twice: self.twice };
            if let Err(error) = entries.next_value_seed(walk) {
                lead_to(self.twice, &key);
                return Err(error);
            }
            keys.insert(key);
        }
        Ok(())
    }
}

/// Puts a step in front of the pointer to a repeated key.
fn lead_to(twice: &mut Option<String>, step: &str) {
    if let Some(pointer) = twice {
        let step = step.replace('~', "~0").replace('/', "~1");
        pointer.insert_str(0, &format!("/{step}"));
    }
}

/// The keys of one object so far.
enum Keys<'de> {
    Few(Vec<Cow<'de, str>>),
    Many(HashSet<Cow<'de, str>>),
}

impl<'de> Keys<'de> {
    fn contains(&self, key: &str) -> bool {
        match self {
            Self::Few(keys) => keys.iter().any(|known| known == key),
            Self::Many(keys) => keys.contains(key),
        }
    }

    fn insert(&mut self, key: Cow<'de, str>) {
        match self {
            Self::Few(keys) if keys.len() < KEYS_COMPARED => keys.push(key),
            Self::Few(keys) => {
                let mut many: HashSet<_> = keys.drain(..).collect();
                many.insert(key);
                *self = Self::Many(many);
            }
            Self::Many(keys) => {
                keys.insert(key);
            }
        }
    }
}

/// A key, borrowed from the text where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), String> {
        check(text.as_bytes()).map_err(|fault| match fault {
            Fault::Syntax(_) => "syntax".into(),
            Fault::Twice(pointer) => pointer,
        })
    }

    #[test]
    fn a_key_that_comes_twice_is_found_where_it_is() {
        for (text, pointer) in [
            (r#"{"a":1,"a":1}"#, "/a"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
            (r#"{"a":[{},{"b":{"c/d~":1,"c/d~":2}}]}"#, "/a/1/b/c~1d~0"),
            (r#"{"":0,"":0}"#, "/"),
        ] {
            assert_eq!(verdict(text), Err(pointer.into()), "{text}");
        }
        assert_eq!(verdict(r#"{"a":{"a":{"a":1}},"A":2,"b":{"a":1}}"#), Ok(()));
    }

    #[test]
    fn an_object_is_read_as_strictly_as_it_is_checked() {
        for text in [
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":[{},{"b":{"c":1,"c":2}}]}"#,
            "[]",
            "7",
            r#"{"a":1e400}"#,
            r#"{"a":"\ud800"}"#,
        ] {
            let read = strict_object(&mut serde_json::Deserializer::from_str(text));
            assert!(read.is_err(), "{text}");
        }
        let text = r#"{"a":{"a":[null,true,-1,18446744073709551615,1.5,"\u00e9",[]]},"b":{}}"#;
        let read = strict_object(&mut serde_json::Deserializer::from_str(text)).expect("nothing comes twice");
        assert_eq!(
            Value::Object(read),
            serde_json::from_str::<Value>(text).expect("JSON")
        );
    }

    #[test]
    fn many_keys_are_compared_as_well() {
        let keys: Vec<String> = (0..1000).map(|n| format!(r#""k{n}":{n}"#)).collect();
        let once = keys.join(",");
        assert_eq!(verdict(&format!("{{{once}}}")), Ok(()));
        for key in ["k0", "k15", "k16", "k999"] {
            assert_eq!(
                verdict(&format!("{{{once},\"{key}\":0}}")),
                Err(format!("/{key}"))
            );
        }
    }

    #[test]
    fn what_is_no_json_is_found() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "{",
            "{}{}",
            "1e400",
            r#""\ud800""#,
            r#"{"\udc00":1}"#,
            "{'a':1}",
            "nul",
            "\"\0\"",
            &deep,
        ] {
            assert_eq!(verdict(text), Err("syntax".into()), "{text:.20}");
        }
        assert!(matches!(check(b"\"\xff\""), Err(Fault::Syntax(_))));
        let allowed = format!("{}{}", "[".repeat(127), "]".repeat(127));
        assert_eq!(verdict(&allowed), Ok(()));
    }
}
