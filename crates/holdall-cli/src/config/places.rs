//! Paths in a configuration file are relative to the file, and may begin with `~`.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::Value;

/// Makes the paths in a value absolute. `schema` tells which texts are paths: those of the format `path`.
pub(super) fn settle(value: &mut Value, schema: &Json, base: &Path, home: Option<&Path>) {
    match value {
        Value::String(text) if schema["format"] == "path" => {
            *text = absolute(text, base, home).to_string_lossy().into_owned();
        }
        Value::Array(items) => {
            for item in items {
                settle(item, &schema["items"], base, home);
            }
        }
        Value::Table(table) => {
            for (key, value) in table {
                let below = schema["properties"]
                    .get(key)
                    .or_else(|| schema.get("additionalProperties"));
                if let Some(below) = below {
                    settle(value, below, base, home);
                }
            }
        }
        _ => {}
    }
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        settle(value, choice, base, home);
    }
}

/// A path with `~` for the user's home, from `base` on.
fn absolute(text: &str, base: &Path, home: Option<&Path>) -> PathBuf {
    let in_home = match text.strip_prefix('~') {
        Some("") => home.map(Path::to_owned),
        Some(rest) => rest
            .strip_prefix(['/', std::path::MAIN_SEPARATOR])
            .and_then(|rest| Some(home?.join(rest))),
        None => None,
    };
    in_home.unwrap_or_else(|| base.join(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_become_absolute_and_other_texts_stay() {
        let path = json!({ "type": "string", "format": "path" });
        let schema = json!({ "properties": {
            "one": path,
            "many": { "items": path },
            "maybe": { "anyOf": [path, { "type": "null" }] },
            "named": { "additionalProperties": path },
            "text": { "type": "string" },
        }});
        let mut value: Value = toml::from_str(
            "one = 'a/b'\nmany = ['~/c', '/d', '~e', '~']\nmaybe = 'f'\ntext = 'a/b'\nother = '~'\n[named]\nx = 'g'",
        )
        .expect("it is TOML");
        settle(
            &mut value,
            &schema,
            Path::new("/etc/holdall"),
            Some(Path::new("/home/ada")),
        );
        let expected: Value = toml::from_str(
            "one = '/etc/holdall/a/b'\nmany = ['/home/ada/c', '/d', '/etc/holdall/~e', '/home/ada']\n\
             maybe = '/etc/holdall/f'\ntext = 'a/b'\nother = '~'\n[named]\nx = '/etc/holdall/g'",
        )
        .expect("it is TOML");
        assert_eq!(value, expected);
    }
}
