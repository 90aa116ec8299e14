//! Whether what was said of an argument makes sense, found out when the server is built.

use serde_json::Value;

use super::Argument;
use crate::protocol::JsonObject;
use crate::schema::check::compiled;
use crate::schema::walk;

/// The formats that are enforced.
pub(super) const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
    "regex",
    "json-pointer",
];

/// Pairs of keywords of which the first must not exceed the second.
const BOUNDS: &[(&str, &str)] = &[
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
];

/// A keyword's number.
pub(super) fn number(schema: &JsonObject, keyword: &str) -> Option<f64> {
    schema.get(keyword).and_then(Value::as_f64)
}

/// Everything that is wrong with these arguments.
pub(super) fn problems(arguments: &[Argument]) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let name = &argument.name;
        if arguments[..index].iter().any(|earlier| earlier.name == *name) {
            problems.push(format!("the argument `{name}` is declared twice"));
        }
        let own = argument.mistakes.iter().cloned();
        problems.extend(
            own.chain(contradictions(argument))
                .map(|problem| format!("argument `{name}`: {problem}")),
        );
    }
    problems
}

fn contradictions(argument: &Argument) -> Vec<String> {
    let schema = &argument.schema;
    let mut problems = Vec::new();
    for (least, most) in BOUNDS {
        if let (Some(lower), Some(upper)) = (number(schema, least), number(schema, most))
            && lower > upper
        {
            problems.push(format!(
                "nothing fits: its `{least}` {lower} is above its `{most}` {upper}"
            ));
        }
    }
    if schema
        .get("enum")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        problems.push("nothing fits: `one_of` is empty".into());
    }
    let validator = match compiled(schema) {
        Ok(validator) => validator,
        Err(problem) => {
            problems.push(problem);
            return problems;
        }
    };
    let mut fits = |what: &str, value: &Value| {
        if let Err(error) = validator.validate(value) {
            problems.push(format!("{what} {value} does not fit: {error}"));
        }
    };
    if let Some(default) = schema.get("default") {
        fits("its default", default);
    }
    for (keyword, what) in [("examples", "its example"), ("enum", "its value")] {
        for value in schema
            .get(keyword)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            fits(what, value);
        }
    }
    problems
}

/// The fields of an object as arguments.
pub(super) fn fields(mut schema: JsonObject, type_name: &str) -> Vec<Argument> {
    let definitions = schema.shift_remove("$defs");
    let properties = schema.shift_remove("properties");
    let required = schema.shift_remove("required");
    let mistake = if walk::types(&schema) != ["object"] || properties.is_none() {
        Some(format!(
            "`{type_name}` is no struct with named fields; take it as an argument of its own"
        ))
    } else {
        let plain = ["type", "title", "description", "additionalProperties"];
        let open = schema
            .get("additionalProperties")
            .is_some_and(|rest| *rest != false);
        let further = schema.keys().find(|keyword| {
            !plain.contains(&keyword.as_str()) || (open && *keyword == "additionalProperties")
        });
        further.map(|keyword| format!("`{type_name}` is more than its fields (its schema has `{keyword}`); take it as an argument of its own"))
    };
    if let Some(mistake) = mistake {
        let mut argument = Argument::with_schema("…", JsonObject::new());
        argument.mistakes.push(mistake);
        return vec![argument];
    }
    let Some(Value::Object(properties)) = properties else {
        return Vec::new();
    };
    let field = |(name, property): (String, Value)| {
        let mut schema = match property {
            Value::Object(schema) => schema,
            _ => JsonObject::new(),
        };
        if let Some(definitions) = &definitions
            && refers(&schema)
        {
            schema.insert("$defs".into(), definitions.clone());
        }
        let is_required = required
            .as_ref()
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|required| *required == name));
        let argument = Argument::with_schema(name, schema);
        if is_required {
            argument
        } else {
            argument.optional()
        }
    };
    properties.into_iter().map(field).collect()
}

fn refers(schema: &JsonObject) -> bool {
    let mut refers = schema.contains_key("$ref");
    walk::inner(schema, &mut |_, inner| refers = refers || self::refers(inner));
    refers
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Node {
        name: String,
        /// How many.
        #[serde(default)]
        count: u8,
        next: Option<Box<Node>>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    enum Choice {
        A { b: u8 },
        C,
    }

    fn found(argument: Argument) -> String {
        problems(&[argument]).join("\n")
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let of = |name| Argument::of::<u8>(name);
        let text = || Argument::of::<String>("t");
        for (argument, expected) in [
            (
                of("n").range(5, 1),
                "nothing fits: its `minimum` 5 is above its `maximum` 1",
            ),
            (of("n").range(0, 300), "the maximum 300 is beyond 255"),
            (of("n").minimum(-1), "the minimum -1 is beyond 0"),
            (of("n").default(256), "its default 256 does not fit"),
            (of("n").default("1"), "its default \"1\" does not fit"),
            (of("n").range(1, 9).default(10), "its default 10 does not fit"),
            (of("n").examples([1, 1000]), "its example 1000 does not fit"),
            (of("n").one_of(["a"]), "its value \"a\" does not fit"),
            (of("n").one_of([0; 0]), "`one_of` is empty"),
            (
                of("n").length(1, 2),
                "`minLength` is for string and array, but its type is integer",
            ),
            (of("n").pattern("a"), "`pattern` is for string"),
            (of("n").unique(), "`uniqueItems` is for array"),
            (of("n").minimum(f64::NAN), "not valid JSON Schema at /minimum"),
            (
                text().range(1, 2),
                "`minimum` is for integer and number, but its type is string",
            ),
            (text().length(3, 2), "nothing fits: its `minLength` 3"),
            (text().pattern("("), "not valid JSON Schema at /pattern"),
            (text().format("markdown"), "the format `markdown` is not known"),
            (
                text().format("date").default("tomorrow"),
                "its default \"tomorrow\" does not fit",
            ),
            (
                Argument::of::<Vec<u8>>("v").length(2, 1),
                "nothing fits: its `minItems` 2",
            ),
        ] {
            let problems = found(argument);
            assert!(problems.contains(expected), "{expected}: {problems}");
        }
        assert_eq!(
            found(of("n").range(1, 9).default(3).examples([1, 9]).header("N")),
            ""
        );
    }

    #[test]
    fn every_format_offered_is_enforced() {
        for format in FORMATS {
            let schema = json!({"type": "string", "format": format});
            let validator = compiled(schema.as_object().expect("an object")).expect("it is valid");
            assert!(!validator.is_valid(&json!("( \u{0}%")), "{format}");
        }
    }

    #[test]
    fn a_struct_gives_an_argument_for_each_field() {
        let fields = Argument::fields_of::<Node>();
        let shown: Vec<_> = fields
            .iter()
            .map(|field| (field.name(), field.is_required()))
            .collect();
        assert_eq!(shown, [("name", true), ("count", false), ("next", false)]);
        assert_eq!(fields[1].schema().get("description"), Some(&json!("How many.")));
        assert!(fields[2].schema().contains_key("$defs") && !fields[0].schema().contains_key("$defs"));
        assert_eq!(problems(&fields), Vec::<String>::new());
        let refused = Argument::fields_of::<Choice>();
        assert!(problems(&refused)[0].contains("no struct with named fields"));
    }

    #[test]
    fn integers_in_headers_stay_exact() {
        let argument = Argument::of::<u64>("n").header("N");
        assert_eq!(argument.schema()["maximum"], json!(9_007_199_254_740_991_i64));
        assert_eq!(argument.schema()["minimum"], json!(0));
    }
}
