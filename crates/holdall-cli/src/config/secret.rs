//! [`Secret`]: a value that is never shown, from the environment or a file of its own.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use holdall::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Files of secrets hold one line.
const BYTES_MAX: usize = 64 * 1024;

/// What is said of a secret that stands in the configuration itself.
pub(super) const MISPLACED: &str = "does not stand in the configuration";

/// Where a secret is found. The configuration never holds one itself, so it can be shown and shared.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// The environment variable of this name.
    Environment(String),
    /// The content of this file, without the newline at its end.
    File(PathBuf),
}

impl Secret {
    /// The secret itself.
    pub(crate) fn read(&self) -> Result<String> {
        let text = match self {
            Self::Environment(name) => std::env::var(name)
                .with_context(|| format!("the environment variable {name} has no usable value"))?,
            Self::File(path) => {
                let shown = path.display();
                let bytes = std::fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
                if bytes.len() > BYTES_MAX {
                    bail!(
                        "{shown} has {} bytes: a secret has at most {BYTES_MAX}",
                        bytes.len()
                    );
                }
                String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{shown} is not text"))?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            bail!("{self:?} is empty");
        }
        Ok(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`{ env = \"NAME\" }` or `{ file = \"path\" }`")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
        // The value is the secret: it is not repeated.
        Err(E::custom(
            "a secret does not stand in the configuration: write { env = \"NAME\" } for an environment variable, or { file = \"path\" }",
        ))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let wrong = || A::Error::custom("a secret is { env = \"NAME\" } or { file = \"path\" }, one of them");
        let secret = match map.next_key::<String>()?.as_deref() {
            Some("env") => Secret::Environment(map.next_value()?),
            Some("file") => Secret::File(map.next_value()?),
            _ => return Err(wrong()),
        };
        match map.next_key::<String>()? {
            None => Ok(secret),
            Some(_) => Err(wrong()),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Environment(name) => map.serialize_entry("env", name)?,
            Self::File(path) => map.serialize_entry("file", path)?,
        }
        map.end()
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "env": { "type": "string", "description": "The name of an environment variable." },
                "file": { "type": "string", "format": "path", "description": "A file that holds nothing else." },
            },
            "additionalProperties": false,
            "minProperties": 1,
            "maxProperties": 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        key: Secret,
    }

    fn parse(text: &str) -> Result<Secret, String> {
        toml::from_str(text)
            .map(|Holder { key }| key)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn secrets_are_named_not_told() {
        assert_eq!(
            parse("key = { env = \"KEY\" }"),
            Ok(Secret::Environment("KEY".into()))
        );
        assert_eq!(parse("key = { file = \"k\" }"), Ok(Secret::File("k".into())));
        let told = parse("key = \"canary\"").expect_err("a literal is refused");
        assert!(told.contains("{ env = ") && !told.contains("canary"), "{told}");
        for wrong in [
            "key = {}",
            "key = { env = \"A\", file = \"b\" }",
            "key = { name = \"A\" }",
            "key = 1",
        ] {
            parse(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn files_lose_their_last_newline_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let read = || {
            Secret::File(path.clone())
                .read()
                .map_err(|error| error.to_string())
        };
        std::fs::write(&path, " a b \r\n").expect("it is written");
        assert_eq!(read(), Ok(" a b ".to_owned()));
        for empty in ["", "\n"] {
            std::fs::write(&path, empty).expect("it is written");
            assert!(read().expect_err("it is empty").contains("empty"));
        }
        std::fs::write(&path, b"\xff").expect("it is written");
        assert!(read().expect_err("it is no text").contains("not text"));
        std::fs::remove_file(&path).expect("it is removed");
        assert!(read().expect_err("it is gone").contains("cannot be read"));
    }
}
