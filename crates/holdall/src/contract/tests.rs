//! Arguments in, arguments or problems out.

use std::collections::BTreeMap;

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shape {
    Circle { radius: f64 },
    Square { side: u8, label: Option<String> },
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "only its schema is looked at")]
struct Tree {
    size: u32,
    children: Vec<Tree>,
}

fn search() -> Contract {
    contract(&[
        Argument::of::<String>("query").description("What to look for."),
        Argument::of::<u32>("max_results").default(10).range(1, 50),
        Argument::of::<bool>("exact").optional(),
        Argument::of::<Vec<String>>("tags").optional(),
    ])
}

fn contract(arguments: &[Argument]) -> Contract {
    Contract::of_arguments(arguments).expect("the arguments make sense")
}

fn verbatim(schema: Value) -> Contract {
    Contract::of_object(schema.as_object().cloned().expect("an object")).expect("the schema is valid")
}

fn apply(contract: &Contract, arguments: Value) -> Result<Value, String> {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    contract
        .apply("search", arguments)
        .map(Value::Object)
        .map_err(|error| error.to_string())
}

#[test]
fn defaults_are_filled_in_and_nulls_count_as_absent() {
    assert_eq!(
        apply(&search(), json!({"query": "mcp", "exact": null})),
        Ok(json!({"query": "mcp", "max_results": 10}))
    );
}

#[test]
fn a_null_the_schema_allows_is_kept() {
    let contract = verbatim(json!({
        "type": "object",
        "properties": {"a": {"type": ["string", "null"]}, "b": {}, "c": {"type": "string"}, "d": {"type": "integer"}}
    }));
    assert_eq!(
        apply(&contract, json!({"a": null, "b": null})),
        Ok(json!({"a": null, "b": null}))
    );
    // Something else is wrong here, so what can be left out is looked for.
    assert_eq!(
        apply(&contract, json!({"a": null, "b": null, "c": null, "d": "1"})),
        Ok(json!({"a": null, "b": null, "d": 1}))
    );
}

#[test]
fn strings_become_numbers_booleans_and_lists_where_only_that_is_possible() {
    assert_eq!(
        apply(
            &search(),
            json!({"query": "12", "max_results": "5", "exact": "True", "tags": "[\"a\"]"})
        ),
        Ok(json!({"query": "12", "max_results": 5, "exact": true, "tags": ["a"]}))
    );
}

#[test]
fn strings_are_read_at_any_depth_and_only_where_one_reading_is_left() {
    let contract = contract(&[
        Argument::of::<Vec<Shape>>("shapes"),
        Argument::of::<BTreeMap<String, u8>>("counts"),
        Argument::of::<(u8, String)>("pair"),
        Argument::of::<Tree>("tree"),
        Argument::of::<Value>("any"),
    ]);
    assert_eq!(
        apply(
            &contract,
            json!({
                "shapes": "[{\"kind\": \"square\", \"side\": \"3\", \"label\": null}]",
                "counts": {"a": "1"},
                "pair": ["1", "2"],
                "tree": {"size": "1", "children": "[{\"size\": \"2\", \"children\": []}]"},
                "any": "5"
            })
        ),
        Ok(json!({
            "shapes": [{"kind": "square", "side": 3}],
            "counts": {"a": 1},
            "pair": [1, "2"],
            "tree": {"size": 1, "children": [{"size": 2, "children": []}]},
            "any": "5"
        }))
    );
    let either = verbatim(json!({
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "b": {"type": "integer"}}
    }));
    assert_eq!(
        apply(&either, json!({"a": "5", "b": "5"})),
        Ok(json!({"a": "5", "b": 5}))
    );
}

#[test]
fn integers_may_be_written_as_floats() {
    assert_eq!(
        apply(&search(), json!({"query": "q", "max_results": 5.0})),
        Ok(json!({"query": "q", "max_results": 5}))
    );
    assert_eq!(
        apply(&contract(&[Argument::of::<f64>("x")]), json!({"x": 5.0})),
        Ok(json!({"x": 5.0}))
    );
    assert_eq!(
        apply(&search(), json!({"query": "q", "max_results": "1e1"})),
        Ok(json!({"query": "q", "max_results": 10}))
    );
    assert!(apply(&search(), json!({"query": "q", "max_results": 5.5})).is_err());
}

#[test]
fn text_is_never_touched_and_nothing_becomes_text() {
    for (arguments, expected) in [
        (json!({"query": 12}), "/query: expected string, got 12"),
        (
            json!({"query": "q", "max_results": "five"}),
            "/max_results: expected integer, got \"five\"",
        ),
        (
            json!({"query": "q", "max_results": ""}),
            "/max_results: expected integer, got \"\"",
        ),
        (
            json!({"query": "q", "exact": "yes"}),
            "/exact: expected boolean, got \"yes\"",
        ),
        (
            json!({"query": "q", "tags": "a,b"}),
            "/tags: expected array, got \"a,b\"",
        ),
    ] {
        let error = apply(&search(), arguments).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    let error = apply(
        &search(),
        json!({"max_result": 3, "exact": 1, "max_results": 0, "tags": ["a", 2]}),
    )
    .unwrap_err();
    assert_eq!(error.lines().count(), 6, "{error}");
    for expected in [
        "/query: is required (string: What to look for.)",
        "/max_result: is not known",
        "did you mean `max_results`?",
        "/exact: expected boolean, got 1",
        "/max_results: expected 1 or more, got 0",
        "/tags/1: expected string, got 2",
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn of_several_forms_the_one_that_was_meant_is_explained() {
    let shapes = contract(&[
        Argument::of::<Vec<Shape>>("shapes"),
        Argument::of::<Option<Tree>>("tree"),
    ]);
    let error = apply(
        &shapes,
        json!({
            "shapes": [
                {"kind": "square", "side": 300, "lable": "x"},
                {"kind": "cirle", "radius": 1},
                {"radius": 1},
                5
            ],
            "tree": {"size": 1, "children": [{"children": [], "sise": 2}]}
        }),
    )
    .unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn names_in_paths_are_escaped() {
    let contract = verbatim(json!({
        "type": "object",
        "properties": {"a/b": {"type": "object", "properties": {"c~d": {"type": "integer"}}, "required": ["c~d"]}},
        "additionalProperties": false
    }));
    let error = apply(&contract, json!({"a/b": {}, "e/f": 1})).unwrap_err();
    assert!(error.contains("/a~1b/c~0d: is required (integer)"), "{error}");
    assert!(error.contains("/e~1f: is not known; known: a/b"), "{error}");
}

#[test]
fn a_long_value_is_not_repeated_whole() {
    let error = apply(&search(), json!({"query": ["x".repeat(10_000)]})).unwrap_err();
    assert!(error.len() < 300, "{error}");
}

#[test]
fn nesting_is_bounded() {
    let mut tree = json!({"size": 1, "children": []});
    for _ in 0..DEPTH_MAX {
        tree = json!({"size": 1, "children": [tree]});
    }
    let contract = contract(&[Argument::of::<Tree>("tree")]);
    let error = apply(&contract, json!({ "tree": tree })).unwrap_err();
    assert!(
        error.contains("arguments: are nested more than 64 deep"),
        "{error}"
    );
    // As text the depth is the same.
    let error = apply(&contract, json!({ "tree": tree.to_string() })).unwrap_err();
    assert!(
        error.contains("/tree: expected object") || error.contains("64 deep"),
        "{error}"
    );
}

#[test]
fn a_million_mistakes_cost_little() {
    let contract = contract(&[
        Argument::of::<Vec<Shape>>("shapes"),
        Argument::of::<BTreeMap<String, u8>>("counts"),
    ]);
    let shapes: Vec<Value> = (0..300_000).map(|_| json!({"kind": "oval"})).collect();
    let counts: serde_json::Map<String, Value> = (0..300_000).map(|n| (n.to_string(), json!("x"))).collect();
    let error = apply(&contract, json!({"shapes": shapes, "counts": counts})).unwrap_err();
    assert!(
        error.contains("/shapes/0") && error.contains("send fewer at once"),
        "{error}"
    );
    assert!(error.len() < 10_000);
}

#[test]
fn what_a_cut_list_lacks_is_no_problem() {
    let contract = contract(&[
        Argument::of::<Vec<u32>>("n").minimum_length(1000),
        Argument::of::<u8>("x"),
    ]);
    let numbers: Vec<u32> = (0..20_000).collect();
    let error = apply(&contract, json!({"n": numbers, "x": 300})).unwrap_err();
    assert!(
        error.contains("/x: expected 255 or less, got 300") && !error.contains("/n:"),
        "{error}"
    );
}

#[test]
fn patterns_take_linear_time() {
    let contract = contract(&[Argument::of::<String>("a").pattern("^(a+)+$")]);
    let hostile = format!("{}b", "a".repeat(200_000));
    assert!(apply(&contract, json!({ "a": hostile })).is_err());
}

#[test]
fn formats_are_enforced_with_an_example() {
    let contract = contract(&[Argument::of::<String>("day").format("date")]);
    assert!(apply(&contract, json!({"day": "2026-02-28"})).is_ok());
    let error = apply(&contract, json!({"day": "2026-02-30"})).unwrap_err();
    assert!(
        error.contains("expected a date, such as 2026-01-31, got \"2026-02-30\""),
        "{error}"
    );
}

#[test]
fn a_wrong_choice_names_the_nearest() {
    let contract = contract(&[Argument::of::<String>("order").one_of(["newest", "oldest"])]);
    let error = apply(&contract, json!({"order": "newst"})).unwrap_err();
    assert!(
        error.contains(
            "/order: expected one of \"newest\", \"oldest\", got \"newst\"; did you mean `newest`?"
        ),
        "{error}"
    );
}

#[test]
fn the_composition_of_a_verbatim_schema_is_enforced() {
    let contract = verbatim(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}}}},
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"}
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false
    }));
    assert!(apply(&contract, json!({"contactMethod": "phone", "phone": "1"})).is_ok());
    for (arguments, expected) in [
        (
            json!({"contactMethod": "phone", "email": "a"}),
            "/phone: is required (string)",
        ),
        (
            json!({"address": {"street": 1}, "email": "a"}),
            "/address/street: expected string, got 1",
        ),
        (json!({"emial": "a"}), "did you mean `email`?"),
    ] {
        let error = apply(&contract, arguments).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

/// Every kind of field whose schema says exactly what serde accepts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Everything {
    byte: u8,
    word: Option<i32>,
    letter: Option<char>,
    flag: bool,
    #[serde(default)]
    names: Vec<String>,
    shape: Option<Shape>,
    shapes: Option<Vec<Option<Shape>>>,
    counts: Option<BTreeMap<String, u16>>,
    pair: Option<(u8, String)>,
    triple: Option<[i8; 3]>,
}

/// Values near the edges of what the fields accept.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i16>().prop_map(Value::from),
        (0_u8..4).prop_map(Value::from),
        (-300_i16..300).prop_map(|number| Value::from(f64::from(number) / 2.0)),
        Just(json!(1e300)),
        Just(json!(u64::MAX)),
        "[a-z]{0,2}".prop_map(Value::from),
        "-?[0-9]{1,3}(\\.0)?".prop_map(Value::from),
        prop::sample::select(vec![
            "true",
            "False",
            "[1,\"2\",3]",
            "{\"kind\":\"square\",\"side\":\"1\"}",
            "null"
        ])
        .prop_map(Value::from),
    ];
    let name = prop::sample::select(vec!["kind", "radius", "side", "label", "a", "kinds"]);
    let tag = prop::sample::select(vec!["circle", "square", "oval"]);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner.clone(), 0..4)
                .prop_map(|fields| fields.into_iter().collect()),
            (tag.clone(), inner)
                .prop_map(|(kind, value)| json!({"kind": kind, "radius": value, "side": value})),
            tag.clone()
                .prop_map(|kind| json!({"kind": kind, "radius": 1, "side": 2})),
        ]
    })
}

fn arguments() -> impl Strategy<Value = JsonObject> {
    let name = prop::sample::select(vec![
        "word", "letter", "names", "shape", "shapes", "counts", "pair", "triple", "other",
    ]);
    // The required fields mostly right, or nothing would ever be accepted.
    let byte = prop_oneof![4 => Just(json!(7)), 1 => value()];
    let flag = prop_oneof![2 => Just(json!("true")), 4 => Just(json!(true)), 1 => value()];
    let others = prop::collection::btree_map(name, value(), 0..3);
    (byte, flag, others).prop_map(|(byte, flag, others)| {
        let mut arguments: JsonObject = others
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        arguments.insert("byte".into(), byte);
        arguments.insert("flag".into(), flag);
        arguments
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

    #[test]
    fn what_is_accepted_can_be_read_and_what_is_refused_says_why(arguments in arguments()) {
        let contract = contract(&Argument::fields_of::<Everything>());
        match contract.apply("anything", arguments) {
            Ok(accepted) => {
                let accepted = Value::Object(accepted);
                let read: Everything = serde_json::from_value(accepted).expect("the schema says what serde accepts");
                // What was read is accepted as it is written.
                let written = serde_json::to_value(read).expect("it is JSON");
                let Value::Object(written) = written else { panic!("a struct is an object") };
                prop_assert!(contract.apply("anything", written).is_ok());
            }
            Err(error) => prop_assert!(!error.argument_problems().is_empty()),
        }
    }
}
