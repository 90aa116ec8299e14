//! URI templates (RFC 6570, levels 1 to 3, and the `*` modifier for paths), read backwards: from a URI to the
//! values of its variables.
//!
//! A template becomes one anchored regular expression, which is matched in linear time. Values are
//! percent-decoded and then guarded: no value escapes upwards (`..`), starts at a root, or hides a separator.

use std::fmt;

use percent_encoding::percent_decode_str;
use regex::Regex;

/// The longest URI that is matched at all, in bytes.
const URI_BYTES_MAX: usize = 8 * 1024;

/// A parsed template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    text: String,
    pattern: Regex,
    path_variables: Vec<Variable>,
    query_variables: Vec<String>,
}

#[derive(Clone, Debug)]
struct Variable {
    name: String,
    /// Whether the value may contain `/`.
    spans_segments: bool,
}

/// Why a URI that has the shape of a template is refused all the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl Template {
    /// Parses a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut template = Self {
            text: text.into(),
            pattern: never(),
            path_variables: Vec::new(),
            query_variables: Vec::new(),
        };
        let mut pattern = String::from("^");
        let mut rest = text;
        let mut after_variable = false;
        while let Some(open) = rest.find('{') {
            let literal = &rest[..open];
            template.literal(literal, &mut pattern)?;
            let Some(length) = rest[open..].find('}') else {
                return Err(format!("`{text}` has a `{{` without `}}`"));
            };
            let expression = &rest[open + 1..open + length];
            if after_variable && literal.is_empty() && !expression.starts_with(['/', '?', '&', '#', '.']) {
                return Err(format!(
                    "`{text}` has two variables with nothing between to tell them apart"
                ));
            }
            template.expression(expression, &mut pattern)?;
            after_variable = true;
            rest = &rest[open + length + 1..];
        }
        template.literal(rest, &mut pattern)?;
        pattern.push('$');
        template.pattern =
            Regex::new(&pattern).map_err(|error| format!("`{text}` cannot be matched: {error}"))?;
        Ok(template)
    }

    /// Whether the text has variables at all.
    pub(crate) fn has_variables(text: &str) -> bool {
        text.contains('{')
    }

    /// The names of all variables, path first.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.path_variables
            .iter()
            .map(|variable| variable.name.as_str())
            .chain(self.query_variables.iter().map(String::as_str))
    }

    /// Variables of the query part, which a URI may leave out.
    pub(crate) fn query_variables(&self) -> &[String] {
        &self.query_variables
    }

    /// The values of the variables in `uri`: `None` if it has another shape.
    pub(crate) fn matches(&self, uri: &str) -> Option<Result<Vec<(String, String)>, Refused>> {
        if uri.len() > URI_BYTES_MAX {
            return None;
        }
        let (path, query) = match uri.split_once('?') {
            Some((path, query)) if !self.query_variables.is_empty() => (path, query),
            _ => (uri, ""),
        };
        let captures = self.pattern.captures(path)?;
        let path_values = self.path_variables.iter().enumerate().map(|(index, variable)| {
            let raw = captures.get(index + 1).map_or("", |value| value.as_str());
            Ok((variable.name.clone(), guarded(variable, raw)?))
        });
        Some(path_values.chain(self.query_values(query)).collect())
    }

    fn query_values(&self, query: &str) -> impl Iterator<Item = Result<(String, String), Refused>> {
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let name = self.query_variables.iter().find(|known| *known == name)?;
                Some(decoded(name, &value.replace('+', " ")).map(|value| (name.clone(), value)))
            })
    }

    fn literal(&self, literal: &str, pattern: &mut String) -> Result<(), String> {
        if literal.contains('}') {
            return Err(format!("`{}` has a `}}` without `{{`", self.text));
        }
        pattern.push_str(&regex::escape(literal));
        Ok(())
    }

    fn expression(&mut self, expression: &str, pattern: &mut String) -> Result<(), String> {
        let operator = expression
            .chars()
            .next()
            .filter(|first| "+#./;?&".contains(*first));
        let names = &expression[operator.map_or(0, char::len_utf8)..];
        if operator == Some(';') {
            return Err(format!(
                "`{}` uses `{{;…}}`, which is not supported; use `{{?…}}`",
                self.text
            ));
        }
        for (index, name) in names.split(',').enumerate() {
            let (name, exploded) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Err(format!(
                    "`{}` has a variable named `{name}`; use letters, digits and `_`",
                    self.text
                ));
            }
            if self.variables().any(|known| known == name) {
                return Err(format!("`{}` has the variable `{name}` twice", self.text));
            }
            let prefix = match operator {
                Some('?' | '&') => {
                    self.query_variables.push(name.into());
                    continue;
                }
                Some('/') => "/",
                Some('.') => "\\.",
                Some('#') if index == 0 => "#",
                _ if index > 0 => ",",
                _ => "",
            };
            let spans_segments = matches!(operator, Some('+' | '#')) || exploded;
            pattern.push_str(prefix);
            // `,` separates the variables of one expression, so a value can hold it only where there is one.
            let several = names.contains(',');
            pattern.push_str(match (spans_segments, several) {
                (true, false) => "(.+)",
                (true, true) => "([^,]+)",
                (false, false) => "([^/?#]+)",
                (false, true) => "([^/?#,]+)",
            });
            self.path_variables.push(Variable {
                name: name.into(),
                spans_segments,
            });
        }
        Ok(())
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn never() -> Regex {
    Regex::new("$^").expect("the pattern is constant and valid")
}

fn decoded(name: &str, raw: &str) -> Result<String, Refused> {
    let value = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| Refused(format!("`{name}` is not valid UTF-8 after percent-decoding")))?;
    if value.contains('\0') {
        return Err(Refused(format!("`{name}` contains a NUL")));
    }
    Ok(value.into_owned())
}

fn guarded(variable: &Variable, raw: &str) -> Result<String, Refused> {
    let name = &variable.name;
    let value = decoded(name, raw)?;
    if value.contains('\\') {
        return Err(Refused(format!("`{name}` contains a backslash")));
    }
    if !variable.spans_segments && value.contains('/') {
        return Err(Refused(format!("`{name}` contains a `/`")));
    }
    if value.starts_with('/') {
        return Err(Refused(format!("`{name}` starts with `/`; give a relative path")));
    }
    if value.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Refused(format!(
            "`{name}` contains `.` or `..` as a path segment"
        )));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(template: &str, uri: &str) -> Option<Result<String, String>> {
        let template = Template::parse(template).expect("the template is valid");
        let values = template.matches(uri)?.map_err(|refused| refused.0);
        Some(values.map(|values| {
            let values: Vec<String> = values
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            values.join(" ")
        }))
    }

    #[test]
    fn uris_give_their_variables() {
        for (template, uri, expected) in [
            ("user://{id}/profile", "user://42/profile", "id=42"),
            ("note://{+path}", "note://a/b%20c.md", "path=a/b c.md"),
            ("repo://{owner}/{name}", "repo://x/y.z", "owner=x name=y.z"),
            ("file://{host}{/path*}", "file://h/a/b", "host=h path=a/b"),
            (
                "q://search{?text,page}",
                "q://search?page=2&text=a%26b+c",
                "page=2 text=a&b c",
            ),
            ("q://search{?text,page}", "q://search", ""),
            ("geo://{lat,lon}", "geo://1.5,2", "lat=1.5 lon=2"),
            ("日://{名}", "日://%E6%9C%AC", "名=本"),
        ] {
            assert_eq!(
                values(template, uri),
                Some(Ok(expected.into())),
                "{template} {uri}"
            );
        }
    }

    #[test]
    fn other_shapes_do_not_match() {
        for (template, uri) in [
            ("user://{id}/profile", "user://4/2/profile"),
            ("user://{id}/profile", "user:///profile"),
            ("note://{+path}", "note://"),
            ("note://{+path}", "notes://a"),
        ] {
            assert_eq!(values(template, uri), None, "{template} {uri}");
        }
        let long = format!("note://{}", "a".repeat(URI_BYTES_MAX));
        assert_eq!(values("note://{+path}", &long), None);
    }

    #[test]
    fn values_that_escape_are_refused() {
        for uri in [
            "note://../secret",
            "note://a/../../b",
            "note://%2e%2e/b",
            "note://a/%2E%2E",
            "note:///etc/passwd",
            "note://%2Fetc/passwd",
            "note://a%5c..%5cb",
            "note://a%00b",
            "note://%ff",
            "note://./a",
        ] {
            assert!(matches!(values("note://{+path}", uri), Some(Err(_))), "{uri}");
        }
        for uri in ["user://a%2Fb", "user://..", "user://%2e%2e"] {
            assert!(matches!(values("user://{id}", uri), Some(Err(_))), "{uri}");
        }
    }

    #[test]
    fn malformed_templates_say_what_is_wrong() {
        for (template, expected) in [
            ("a://{b", "without `}`"),
            ("a://b}", "without `{`"),
            ("a://{}", "named ``"),
            ("a://{b c}", "letters, digits"),
            ("a://{b}/{b}", "twice"),
            ("a://{b}{c}", "nothing between"),
            ("a://{;b}", "not supported"),
        ] {
            let error = Template::parse(template).expect_err(template);
            assert!(error.contains(expected), "{template}: {error}");
        }
    }
}
