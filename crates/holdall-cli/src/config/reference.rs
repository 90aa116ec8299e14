//! The configuration told to people: as a commented file, as a page of the documents, as it is in force.

use std::collections::BTreeMap;
use std::fmt::Write;

use holdall::schemars::generate::SchemaSettings;
use serde_json::Value as Json;
use toml::Value;

use super::Config;

/// The longest line of a comment.
const COLUMNS: usize = 100;

/// A key with all that is known of it.
struct Key {
    /// With dots: `notes.folders`.
    path: String,
    description: String,
    kind: String,
    default: Option<Value>,
}

/// A table of the file, with what it is about.
struct Section {
    path: String,
    description: String,
    /// It changes something that it is there, and by default it is not.
    optional: bool,
    keys: Vec<Key>,
}

/// The JSON Schema of the configuration, without references.
pub(crate) fn schema() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value()
}

/// A file with every key, commented out, at its default.
pub(crate) fn commented() -> String {
    let mut text =
        "# Every key of Holdall's configuration, at its default. Paths are relative to this file.\n"
            .to_owned();
    for section in sections() {
        let _ = writeln!(text, "\n{}", comment(&section.description));
        let hidden = if section.optional { "# " } else { "" };
        let _ = writeln!(text, "{hidden}[{}]", section.path);
        for key in &section.keys {
            let name = key.path.rsplit('.').next().expect("a path has a last part");
            let _ = writeln!(text, "{}", comment(&key.description));
            match &key.default {
                Some(value) => {
                    let _ = writeln!(text, "# {name} = {value}");
                }
                None => {
                    let _ = writeln!(text, "# {name} = ({})", key.kind);
                }
            }
        }
    }
    text
}

/// The page of the documents about the configuration.
pub(crate) fn page() -> String {
    let mut text = include_str!("reference.md").to_owned();
    for section in sections() {
        let _ = write!(
            text,
            "\n## `[{}]`\n\n{}\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n",
            section.path, section.description
        );
        for key in &section.keys {
            let default = key
                .default
                .as_ref()
                .map_or_else(String::new, |value| format!("`{value}`"));
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                key.path,
                cell(&key.kind),
                cell(&default),
                cell(&key.description)
            );
        }
    }
    text
}

/// The configuration in force, with who said what.
pub(crate) fn in_force(config: &Config, sources: &BTreeMap<String, String>) -> String {
    let value = Value::try_from(config).expect("a configuration is TOML");
    let mut text = String::new();
    show(&value, "", sources, &mut text);
    text.trim_start().to_owned()
}

fn show(value: &Value, prefix: &str, sources: &BTreeMap<String, String>, text: &mut String) {
    let Value::Table(table) = value else { return };
    let is_section = |value: &Value| value.as_table().is_some_and(|below| !below.is_empty());
    for (key, value) in table.iter().filter(|(_, value)| !is_section(value)) {
        let path = format!("{prefix}{key}");
        let source = source_of(&path, sources).unwrap_or("default");
        let _ = writeln!(text, "{key} = {}  # {source}", without_logins(&value.to_string()));
    }
    for (key, below) in table.iter().filter(|(_, value)| is_section(value)) {
        let path = format!("{prefix}{key}");
        if below
            .as_table()
            .is_some_and(|below| below.values().any(|value| !is_section(value)))
        {
            let _ = writeln!(text, "\n[{path}]");
        }
        show(below, &format!("{path}."), sources, text);
    }
}

/// A value without the users and passwords that stand in its URLs. They do not belong there, but who shows a configuration
/// may not know yet.
fn without_logins(value: &str) -> String {
    let mut parts = value.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let host_ends = part.find(['/', '?', '#', '"', '\'']).unwrap_or(part.len());
        let login_ends = part[..host_ends].rfind('@');
        shown.push_str("://");
        shown.push_str(login_ends.map_or("", |_| "***"));
        shown.push_str(&part[login_ends.unwrap_or(0)..]);
    }
    shown
}

/// Who said a key, or the table it is in.
fn source_of<'a>(path: &str, sources: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let whole = sources.get(path);
    whole
        .or_else(|| sources.get(path.rsplit_once('.')?.0))
        .map(String::as_str)
}

fn sections() -> Vec<Section> {
    let schema = schema();
    let defaults = Value::try_from(Config::default()).expect("the defaults are TOML");
    let mut sections = Vec::new();
    for (name, section) in properties(&schema) {
        collect(name.clone(), section, defaults.get(name), &mut sections);
    }
    sections
}

fn collect(path: String, schema: &Json, defaults: Option<&Value>, sections: &mut Vec<Section>) {
    let mut keys = Vec::new();
    let mut below = Vec::new();
    for (name, property) in properties(schema) {
        let default = defaults.and_then(|defaults| defaults.get(name));
        let key = format!("{path}.{name}");
        if let Some(table) = table(property) {
            below.push((key, property, table, default));
        } else {
            keys.push(Key {
                path: key,
                description: description(property),
                kind: kind(property),
                default: default.cloned(),
            });
        }
    }
    sections.push(Section {
        path,
        description: description(schema),
        optional: false,
        keys,
    });
    for (key, property, table, default) in below {
        let mut inner = Vec::new();
        collect(key, table, default, &mut inner);
        if let Some(first) = inner.first_mut() {
            first.description = description(property);
            first.optional = default.is_none();
        }
        sections.append(&mut inner);
    }
}

/// The schema of a property that is a table with keys of its own, whether it must be there or not.
fn table(property: &Json) -> Option<&Json> {
    let has_keys = |schema: &&Json| properties(schema).any(|(name, _)| name != "env" && name != "file");
    let choices = property["anyOf"].as_array().into_iter().flatten();
    std::iter::once(property).chain(choices).find(has_keys)
}

fn properties(schema: &Json) -> impl Iterator<Item = (&String, &Json)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn description(schema: &Json) -> String {
    let text = schema["description"].as_str().unwrap_or("");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What values a key takes, in words.
fn kind(schema: &Json) -> String {
    let choices = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array());
    if let Some(choices) = choices {
        let mut kinds: Vec<String> = choices
            .iter()
            .filter(|choice| choice["type"] != "null")
            .map(kind)
            .collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    if let Some(value) = schema.get("const") {
        return format!("`{value}`");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
        return values.join(" or ");
    }
    let named = match &schema["type"] {
        Json::Array(types) => types
            .iter()
            .find_map(|kind| kind.as_str().filter(|kind| *kind != "null")),
        kind => kind.as_str(),
    };
    match named {
        Some("string") => match schema["format"].as_str() {
            Some(format) => format.replace('-', " "),
            None => "text".to_owned(),
        },
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some("integer" | "number") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("object") if schema["properties"].get("env").is_some() => {
            "`{ env = \"NAME\" }` or `{ file = \"path\" }`".to_owned()
        }
        Some("object") => match properties(schema)
            .map(|(name, _)| format!("`{name}`"))
            .collect::<Vec<_>>()
        {
            keys if keys.is_empty() => format!("table of {}", kind(&schema["additionalProperties"])),
            keys => format!("table with {}", keys.join(", ")),
        },
        _ => "value".to_owned(),
    }
}

/// Text as comment lines.
fn comment(text: &str) -> String {
    let mut lines = Vec::new();
    let mut line = "#".to_owned();
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > COLUMNS {
            lines.push(std::mem::replace(&mut line, "#".to_owned()));
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers;

    const PAGE: &str = "../../docs/configuration.md";

    #[test]
    fn the_page_of_the_documents_agrees_with_the_code() {
        if std::env::var_os("UPDATE_CONFIGURATION_PAGE").is_some() {
            std::fs::write(PAGE, page()).expect("the page is written");
        }
        let written = std::fs::read_to_string(PAGE).expect("there is a page");
        assert!(
            written == page(),
            "docs/configuration.md is not what the code says: run `just configuration-page`"
        );
    }

    #[test]
    fn the_commented_file_is_a_configuration_with_and_without_its_comments() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("holdall.toml");
        let uncommented: String = commented()
            .lines()
            .map(|line| {
                let key = line.strip_prefix("# ").and_then(|line| line.split_once(" = "));
                match key {
                    Some((name, value)) if !name.contains(' ') && !value.starts_with('(') => {
                        format!("{name} = {value}\n")
                    }
                    _ => format!("{line}\n"),
                }
            })
            .collect();
        assert!(uncommented.contains("\nlevel = \"warn\"\n"), "{uncommented}");
        for text in [commented(), uncommented] {
            std::fs::write(&path, text).expect("it is written");
            layers::load(&layers::Sources {
                file: Some(path.clone()),
                ..Default::default()
            })
            .expect("it is a configuration");
        }
    }

    #[test]
    fn every_key_is_explained() {
        for section in sections() {
            assert!(!section.description.is_empty(), "[{}]", section.path);
            for key in section.keys {
                assert!(!key.description.is_empty(), "{}", key.path);
                assert!(!key.kind.contains("value"), "{}: {}", key.path, key.kind);
            }
        }
    }
}
