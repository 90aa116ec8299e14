//! `x-mcp-header`: arguments a client repeats in HTTP headers, so that what stands between can route by them. A
//! client must drop a tool that breaks the rules of the protocol, so a server with such a tool does not start.

use std::collections::HashSet;

use serde_json::Value;

use super::walk;
use crate::protocol::JsonObject;

/// The keyword.
pub(crate) const KEYWORD: &str = "x-mcp-header";

/// The largest integer that every JSON library keeps exact: 2^53 − 1.
pub(crate) const SAFE_INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// What is wrong with the headers of a tool's arguments.
pub(crate) fn problems(schema: &JsonObject) -> Vec<String> {
    let mut problems = Vec::new();
    if schema.contains_key(KEYWORD) {
        problems.push(format!("`{KEYWORD}` belongs to one argument, not to all of them"));
    }
    look(schema, "", true, &mut HashSet::new(), &mut problems);
    problems
}

/// Whether any argument travels in a header.
pub(crate) fn any(schema: &JsonObject) -> bool {
    let mut any = schema.contains_key(KEYWORD);
    walk::inner(schema, &mut |_, inner| any = any || self::any(inner));
    any
}

/// `reachable`: through `properties` alone, as the protocol asks.
fn look(
    schema: &JsonObject,
    path: &str,
    reachable: bool,
    seen: &mut HashSet<String>,
    problems: &mut Vec<String>,
) {
    let named = schema.get("properties").and_then(Value::as_object);
    for (name, property) in named.into_iter().flatten() {
        let Value::Object(property) = property else {
            continue;
        };
        let path = format!("{path}/{}", walk::escaped(name));
        if reachable && let Some(header) = property.get(KEYWORD) {
            problems.extend(problem(&path, header, property, seen));
        }
        look(property, &path, reachable, seen, problems);
    }
    walk::inner(schema, &mut |keyword, inner| {
        if keyword != "properties" {
            if inner.contains_key(KEYWORD) {
                problems.push(format!(
                    "`{path}`: `{KEYWORD}` cannot stand inside `{keyword}`; put it on a property"
                ));
            }
            look(inner, path, false, seen, problems);
        } else if !reachable && inner.contains_key(KEYWORD) {
            problems.push(format!(
                "`{path}`: `{KEYWORD}` is reached through more than `properties`; put it on an argument that is always there"
            ));
        }
    });
}

fn problem(path: &str, header: &Value, property: &JsonObject, seen: &mut HashSet<String>) -> Option<String> {
    let Some(header) = header.as_str() else {
        return Some(format!("`{path}`: `{KEYWORD}` is a text, the name of the header"));
    };
    if !is_token(header) {
        return Some(format!(
            "`{path}`: `{header}` is no name of a header: use letters, digits and `-`, such as `Region`"
        ));
    }
    if !seen.insert(header.to_ascii_lowercase()) {
        return Some(format!(
            "`{path}`: the header `{header}` is taken by another argument"
        ));
    }
    match walk::types(property)[..] {
        ["string" | "integer" | "boolean"] => None,
        _ => Some(format!(
            "`{path}`: only a text, an integer or a boolean can travel in the header `{header}`"
        )),
    }
}

/// Whether a text is a name of a header field: a token of RFC 9110.
fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(properties: Value) -> String {
        let schema = json!({"type": "object", "properties": properties});
        problems(schema.as_object().expect("an object")).join("\n")
    }

    #[test]
    fn what_the_protocol_allows_is_allowed() {
        let properties = json!({
            "region": {"type": "string", KEYWORD: "Region"},
            "count": {"type": "integer", KEYWORD: "Item-Count"},
            "flag": {"type": "boolean", KEYWORD: "x.flag"},
            "inner": {"type": "object", "properties": {"id": {"type": "string", KEYWORD: "Id"}}},
            "plain": {"default": {KEYWORD: "not a schema"}}
        });
        assert_eq!(found(properties), "");
    }

    #[test]
    fn what_the_protocol_forbids_is_named() {
        for (properties, expected) in [
            (
                json!({"a": {"type": "string", KEYWORD: ""}}),
                "`/a`: `` is no name of a header",
            ),
            (
                json!({"a": {"type": "string", KEYWORD: "a b"}}),
                "is no name of a header",
            ),
            (
                json!({"a": {"type": "string", KEYWORD: "a\r\nb"}}),
                "is no name of a header",
            ),
            (
                json!({"a": {"type": "string", KEYWORD: "größe"}}),
                "is no name of a header",
            ),
            (json!({"a": {"type": "string", KEYWORD: 1}}), "is a text"),
            (
                json!({"a": {"type": "number", KEYWORD: "A"}}),
                "only a text, an integer or a boolean",
            ),
            (
                json!({"a": {"type": ["string", "null"], KEYWORD: "A"}}),
                "only a text, an integer or a boolean",
            ),
            (
                json!({"a": {"type": "array", "items": {"type": "string", KEYWORD: "A"}}}),
                "cannot stand inside `items`",
            ),
            (
                json!({"a": {"anyOf": [{"type": "string", KEYWORD: "A"}]}}),
                "cannot stand inside `anyOf`",
            ),
            (
                json!({"a": {"items": {"properties": {"b": {"type": "string", KEYWORD: "A"}}}}}),
                "through more than `properties`",
            ),
            (
                json!({"a": {"type": "string", KEYWORD: "Id"}, "b": {"properties": {"c": {"type": "string", KEYWORD: "iD"}}}}),
                "`/b/c`: the header `iD` is taken",
            ),
        ] {
            let problems = found(properties.clone());
            assert!(problems.contains(expected), "{properties}: {problems}");
        }
    }
}
