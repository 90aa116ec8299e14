//! Pairs of schemas, and what is said about the way from the one to the other.

use serde_json::{Value, json};

use super::change::{ChangeKind, Severity};
use super::schemas::{self, Direction};

/// What is said, worst first: severity, kind and place.
fn said(direction: Direction, before: &Value, after: &Value) -> Vec<String> {
    let report = super::Report::new(schemas::changes(direction, before, after, ""));
    let changes = report.changes().iter();
    changes
        .map(|change| {
            let severity = match change.severity {
                Severity::Breaking => "breaking",
                Severity::Compatible => "compatible",
                Severity::Cosmetic => "cosmetic",
            };
            format!(
                "{severity} {} {}",
                serde_json::json!(change.kind).as_str().unwrap_or_default(),
                change.path
            )
        })
        .collect()
}

#[track_caller]
fn input(before: Value, after: Value, expected: &[&str]) {
    assert_eq!(
        said(Direction::Input, &before, &after),
        expected,
        "input\n{before}\n{after}"
    );
}

#[track_caller]
fn output(before: Value, after: Value, expected: &[&str]) {
    assert_eq!(
        said(Direction::Output, &before, &after),
        expected,
        "output\n{before}\n{after}"
    );
}

/// An object with these properties and nothing else, of which some are required.
fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// An object with one property.
fn with(schema: Value) -> Value {
    object(json!({"a": schema}), &[])
}

#[test]
fn arguments_come_and_go() {
    let one = || object(json!({"a": {"type": "string"}}), &["a"]);
    let two = |required: &[&str]| {
        object(
            json!({"a": {"type": "string"}, "b": {"type": "string"}}),
            required,
        )
    };
    input(one(), one(), &[]);
    input(one(), two(&["a"]), &["compatible added /properties/b"]);
    input(one(), two(&["a", "b"]), &["breaking required /properties/b"]);
    input(two(&["a"]), one(), &["breaking removed /properties/b"]);
    input(two(&["a", "b"]), one(), &["breaking removed /properties/b"]);
    input(
        two(&["a"]),
        two(&["a", "b"]),
        &["breaking required /properties/b"],
    );
    input(
        two(&["a", "b"]),
        two(&["a"]),
        &["compatible optional /properties/b"],
    );
    let renamed = object(json!({"c": {"type": "string"}}), &["c"]);
    input(
        one(),
        renamed,
        &[
            "breaking removed /properties/a",
            "breaking required /properties/c",
        ],
    );
}

#[test]
fn fields_of_results_come_and_go() {
    let one = |required: &[&str]| object(json!({"a": {"type": "string"}}), required);
    let two = |required: &[&str]| {
        object(
            json!({"a": {"type": "string"}, "b": {"type": "string"}}),
            required,
        )
    };
    output(one(&[]), two(&[]), &["compatible added /properties/b"]);
    output(one(&[]), two(&["b"]), &["compatible added /properties/b"]);
    output(two(&["b"]), one(&[]), &["breaking removed /properties/b"]);
    output(one(&["a"]), one(&[]), &["breaking optional /properties/a"]);
    output(one(&[]), one(&["a"]), &["compatible required /properties/a"]);
}

#[test]
fn arguments_become_wider_or_narrower() {
    for (narrow, wide, keyword) in [
        (json!({"type": "integer"}), json!({"type": "number"}), "/type"),
        (
            json!({"type": "string"}),
            json!({"type": ["string", "null"]}),
            "/type",
        ),
        (json!({"type": "string"}), json!({}), "/type"),
        (
            json!({"enum": ["x", "y"]}),
            json!({"enum": ["x", "y", "z"]}),
            "/enum",
        ),
        (json!({"const": "x"}), json!({"enum": ["x", "y"]}), ""),
        (
            json!({"type": "integer", "minimum": 1}),
            json!({"type": "integer", "minimum": 0}),
            "/minimum",
        ),
        (
            json!({"type": "integer", "maximum": 9}),
            json!({"type": "integer"}),
            "/maximum",
        ),
        (
            json!({"type": "number", "exclusiveMinimum": 1}),
            json!({"type": "number", "minimum": 1}),
            "/exclusiveMinimum",
        ),
        (
            json!({"type": "string", "minLength": 2}),
            json!({"type": "string", "minLength": 1}),
            "/minLength",
        ),
        (
            json!({"type": "string", "maxLength": 2}),
            json!({"type": "string", "maxLength": 3}),
            "/maxLength",
        ),
        (
            json!({"type": "string", "pattern": "^a"}),
            json!({"type": "string"}),
            "/pattern",
        ),
        (
            json!({"type": "string", "format": "date"}),
            json!({"type": "string"}),
            "/format",
        ),
        (
            json!({"type": "array", "maxItems": 2}),
            json!({"type": "array"}),
            "/maxItems",
        ),
        (
            json!({"type": "array", "uniqueItems": true}),
            json!({"type": "array"}),
            "/uniqueItems",
        ),
        (
            json!({"type": "array", "items": {"type": "integer"}}),
            json!({"type": "array", "items": {"type": "number"}}),
            "/items/type",
        ),
        (
            json!({"type": "integer", "multipleOf": 6}),
            json!({"type": "integer", "multipleOf": 3}),
            "/multipleOf",
        ),
        (
            json!({"type": "object", "maxProperties": 1}),
            json!({"type": "object"}),
            "/maxProperties",
        ),
    ] {
        let (narrow, wide) = (with(narrow), with(wide));
        let place = format!("/properties/a{keyword}");
        let widened = said(Direction::Input, &narrow, &wide);
        assert_eq!(widened.len(), 1, "{narrow} {wide}: {widened:?}");
        assert!(
            widened[0].starts_with("compatible widened /properties/a"),
            "{widened:?}"
        );
        let narrowed = said(Direction::Input, &wide, &narrow);
        assert_eq!(narrowed.len(), 1, "{wide} {narrow}: {narrowed:?}");
        assert!(
            narrowed[0].starts_with("breaking ") && narrowed[0].contains(&place),
            "{narrowed:?}"
        );
        // The other way round for results.
        assert!(said(Direction::Output, &narrow, &wide)[0].starts_with("breaking widened"));
        assert!(said(Direction::Output, &wide, &narrow)[0].starts_with("compatible narrowed"));
    }
}

#[test]
fn other_types_break_both_ways() {
    let (text, number) = (with(json!({"type": "string"})), with(json!({"type": "integer"})));
    input(
        text.clone(),
        number.clone(),
        &["breaking retyped /properties/a/type"],
    );
    output(text, number, &["breaking retyped /properties/a/type"]);
    let (flag, text) = (with(json!({"type": "boolean"})), with(json!({"type": "string"})));
    input(flag, text, &["breaking retyped /properties/a/type"]);
}

#[test]
fn integers_know_that_nothing_lies_between() {
    let above = |keyword: &str, number: i64| with(json!({"type": "integer", keyword: number}));
    for (before, after) in [
        (above("exclusiveMinimum", 0), above("minimum", 1)),
        (above("minimum", 1), above("exclusiveMinimum", 0)),
        (above("exclusiveMaximum", 10), above("maximum", 9)),
    ] {
        assert!(
            said(Direction::Input, &before, &after)[0].starts_with("cosmetic"),
            "{before} {after}"
        );
    }
    // Beyond what floating-point numbers tell apart.
    let large = |number: i64| with(json!({"type": "integer", "maximum": number}));
    input(
        large(9_007_199_254_740_993),
        large(9_007_199_254_740_992),
        &["breaking narrowed /properties/a/maximum"],
    );
}

#[test]
fn words_are_cosmetic_and_defaults_are_not() {
    let said_as = |text: &str| with(json!({"type": "string", "description": text, "examples": [text]}));
    input(
        said_as("x"),
        said_as("y"),
        &[
            "cosmetic wording /properties/a/description",
            "cosmetic wording /properties/a/examples",
        ],
    );
    let default = |value: u8| with(json!({"type": "integer", "default": value}));
    input(
        default(1),
        default(2),
        &["compatible meaning /properties/a/default"],
    );
    let ordered = |values: Value| with(json!({"enum": values}));
    input(
        ordered(json!(["x", "y"])),
        ordered(json!(["y", "x"])),
        &["cosmetic order /properties/a/enum"],
    );
}

#[test]
fn references_are_followed_and_may_turn_in_a_circle() {
    let inline = with(json!({"type": "integer", "minimum": 0}));
    let mut referring = with(json!({"$ref": "#/$defs/n"}));
    referring["$defs"] = json!({"n": {"type": "integer", "minimum": 0}});
    input(inline.clone(), referring.clone(), &["cosmetic order "]);
    let mut narrower = referring.clone();
    narrower["$defs"]["n"]["minimum"] = json!(1);
    input(referring, narrower, &["breaking narrowed /properties/a/minimum"]);

    let tree = |leaf: Value| {
        let node = json!({"type": "object", "properties": {"leaf": leaf, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}});
        json!({"$ref": "#/$defs/node", "$defs": {"node": node}})
    };
    let (integers, numbers) = (tree(json!({"type": "integer"})), tree(json!({"type": "number"})));
    input(
        integers.clone(),
        numbers.clone(),
        &["compatible widened /properties/leaf/type"],
    );
    input(
        numbers,
        integers.clone(),
        &["breaking narrowed /properties/leaf/type"],
    );
    let elsewhere = with(json!({"$ref": "https://example.com/schema"}));
    input(
        inline,
        elsewhere.clone(),
        &[
            "breaking unproven /properties/a/$ref",
            "compatible widened /properties/a/minimum",
            "compatible widened /properties/a/type",
        ],
    );
    input(elsewhere.clone(), elsewhere, &[]);
}

#[test]
fn alternatives_are_taken_one_by_one() {
    let any = |list: Value| with(json!({"anyOf": list}));
    let (text, number, nothing) = (
        json!({"type": "string"}),
        json!({"type": "integer"}),
        json!({"type": "null"}),
    );
    input(
        any(json!([text, number])),
        any(json!([number, text, nothing])),
        &["compatible widened /properties/a/anyOf"],
    );
    input(
        any(json!([text, number, nothing])),
        any(json!([number, text])),
        &["breaking narrowed /properties/a/anyOf"],
    );
    input(
        any(json!([text, nothing])),
        with(json!({"type": ["null", "string"]})),
        &["cosmetic order "],
    );
    input(
        with(json!({"type": ["null", "string"]})),
        any(json!([text, nothing])),
        &["cosmetic order "],
    );
    input(
        with(text.clone()),
        any(json!([text, nothing])),
        &["compatible widened /properties/a/type"],
    );
    // Within the one that is meant.
    let limited = |most: u8| json!({"type": "integer", "maximum": most});
    input(
        any(json!([limited(5), nothing])),
        any(json!([limited(4), nothing])),
        &["breaking narrowed /properties/a/anyOf/0/maximum"],
    );
}

#[test]
fn alternatives_that_exclude_each_other_must_still_do_so() {
    let one = |list: Value| with(json!({"oneOf": list}));
    let kind = |kind: &str, more: Value| {
        let mut properties = json!({"kind": {"const": kind}});
        properties["value"] = more;
        json!({"type": "object", "properties": properties, "required": ["kind"]})
    };
    let (a, b, c) = (
        kind("a", json!({"type": "string"})),
        kind("b", json!({"type": "integer"})),
        kind("c", json!({})),
    );
    input(
        one(json!([a, b])),
        one(json!([b, a, c])),
        &["compatible widened /properties/a/oneOf"],
    );
    input(
        one(json!([a, b, c])),
        one(json!([a, b])),
        &["breaking narrowed /properties/a/oneOf"],
    );
    let narrower = kind("b", json!({"type": "integer", "maximum": 3}));
    input(
        one(json!([a, b])),
        one(json!([a, narrower])),
        &["breaking narrowed /properties/a/oneOf"],
    );
    // Both may fit now, so that neither does.
    input(
        one(json!([{"type": "integer"}, {"type": "string"}])),
        one(json!([{"type": "integer"}, {"type": ["string", "integer"]}])),
        &["breaking unproven /properties/a/oneOf"],
    );
    // The values of an enum with documentation are alternatives, too.
    let values = |names: &[&str]| {
        let list: Vec<Value> = names
            .iter()
            .map(|name| json!({"const": name, "description": name}))
            .collect();
        one(json!(list))
    };
    input(
        values(&["x", "y"]),
        values(&["x", "y", "z"]),
        &["compatible widened /properties/a/oneOf"],
    );
    input(
        values(&["x", "y", "z"]),
        values(&["x", "y"]),
        &["breaking narrowed /properties/a/oneOf"],
    );
}

#[test]
fn further_names_are_judged_by_what_was_said_about_them() {
    let map = |values: Value| json!({"type": "object", "additionalProperties": values});
    let open = json!({"type": "object"});
    input(
        map(json!({"type": "integer"})),
        map(json!({"type": "number"})),
        &["compatible widened /additionalProperties/type"],
    );
    input(
        map(json!({"type": "number"})),
        map(json!({"type": "integer"})),
        &["breaking narrowed /additionalProperties/type"],
    );
    input(
        open.clone(),
        map(json!(false)),
        &["breaking narrowed /additionalProperties"],
    );
    input(
        map(json!(false)),
        open.clone(),
        &["compatible widened /additionalProperties"],
    );
    output(
        map(json!({"type": "integer"})),
        open,
        &["breaking widened /additionalProperties/type"],
    );
    // A map of integers takes any name; now one of them must be a text.
    let named = json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "integer"}});
    input(
        map(json!({"type": "integer"})),
        named,
        &[
            "breaking retyped /properties/a/type",
            "compatible added /properties/a",
        ],
    );
    // An object that says nothing about further names has not been sent them with another meaning.
    let said_nothing = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let knows_more =
        json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
    input(said_nothing, knows_more, &["compatible added /properties/b"]);
    let patterned = |schema: Value| json!({"type": "object", "patternProperties": {"^x": schema}, "additionalProperties": false});
    input(
        patterned(json!({"type": "number"})),
        patterned(json!({"type": "integer"})),
        &["breaking narrowed /patternProperties/^x/type"],
    );
}

#[test]
fn names_that_match_a_pattern_or_nothing_are_judged_too() {
    let patterned = json!({"type": "object", "patternProperties": {"^x": {}}, "additionalProperties": false});
    let closed = json!({"type": "object", "additionalProperties": false});
    input(
        patterned.clone(),
        closed.clone(),
        &["breaking narrowed /additionalProperties"],
    );
    input(closed, patterned, &["compatible widened /additionalProperties"]);
    // Who reads a map of integers finds a text.
    let map = json!({"type": "object", "additionalProperties": {"type": "integer"}});
    let mut named = map.clone();
    named["properties"] = json!({"a": {"type": "string"}});
    output(
        map,
        named,
        &[
            "breaking retyped /additionalProperties/type",
            "compatible added /properties/a",
            "compatible narrowed /properties/a/type",
        ],
    );
}

#[test]
fn a_name_of_another_alternative_is_known() {
    let of = |name: &str, kind: &str| json!({"type": "object", "properties": {name: {"type": kind}}});
    let before = json!({"anyOf": [of("a", "integer"), of("b", "string")]});
    let after = json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}});
    // With a number for `a`, anything went for `b`.
    input(
        before,
        after,
        &[
            "breaking narrowed /properties/a/type",
            "breaking narrowed /properties/b/type",
        ],
    );
}

#[test]
fn what_is_not_understood_must_not_change() {
    let header = |name: &str| with(json!({"type": "string", "x-mcp-header": name}));
    input(
        header("A"),
        header("B"),
        &["breaking unproven /properties/a/x-mcp-header"],
    );
    input(
        header("A"),
        with(json!({"type": "string"})),
        &["breaking unproven /properties/a/x-mcp-header"],
    );
    input(
        with(json!({"type": "string"})),
        header("A"),
        &["breaking unproven /properties/a/x-mcp-header"],
    );
    let not = |schema: Value| with(json!({"type": "string", "not": schema}));
    input(
        not(json!({"const": "x"})),
        with(json!({"type": "string"})),
        &["compatible widened /properties/a/not"],
    );
    input(
        with(json!({"type": "string"})),
        not(json!({"const": "x"})),
        &["breaking narrowed /properties/a/not"],
    );
    input(
        with(json!({"type": "string"})),
        not(json!({"type": "integer"})),
        &["cosmetic order "],
    );
    let dialect = |name: &str| json!({"$schema": name, "type": "object"});
    input(
        dialect("https://json-schema.org/draft/2020-12/schema"),
        dialect("http://json-schema.org/draft-07/schema#"),
        &["breaking unproven /$schema"],
    );
}

#[test]
fn a_schema_that_would_take_too_long_is_not_proven() {
    // Each level has twice the alternatives of the one below.
    let deep = |leaf: &str| {
        let mut definitions = json!({"n0": {"type": leaf}});
        for level in 1..30 {
            let below = json!({"$ref": format!("#/$defs/n{}", level - 1)});
            let of = |name: &str| json!({"type": "object", "properties": {name: below}, "required": [name]});
            definitions[format!("n{level}")] = json!({"anyOf": [of("a"), of("b")]});
        }
        json!({"$ref": "#/$defs/n29", "$defs": definitions})
    };
    let changes = said(Direction::Input, &deep("integer"), &deep("string"));
    assert!(changes[0].starts_with("breaking"), "{changes:?}");
}

#[test]
fn kinds_have_words_for_programs() {
    assert_eq!(json!(ChangeKind::Unproven), "unproven");
    assert_eq!(json!(Severity::Breaking), "breaking");
}
