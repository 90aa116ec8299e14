//! URIs against templates: no value leads upwards, hides a separator or is decoded twice, however it is written.

#![no_main]

use std::cell::RefCell;

use holdall::prelude::*;
use holdall_fuzz::connection::Connection;
use holdall_fuzz::split;
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// A template, what its URIs begin with, the variables of its path that are one segment, and those that may span several.
const TEMPLATES: [(&str, &str, &[&str], &[&str]); 9] = [
    ("one://{id}", "one://", &["id"], &[]),
    ("whole://{+path}", "whole://", &[], &["path"]),
    ("both://{host}{/path*}", "both://", &["host"], &["path"]),
    ("pair://{x,y}", "pair://", &["x", "y"], &[]),
    ("ends://{id}/profile", "ends://", &["id"], &[]),
    ("within://{+path}/raw", "within://", &[], &["path"]),
    ("marked://a{#part}", "marked://a#", &[], &["part"]),
    ("dotted://a{.ending}", "dotted://a.", &["ending"], &[]),
    ("asked://{id}{?text,page}", "asked://", &["id"], &[]),
];

thread_local! {
    static SERVER: RefCell<Connection> = RefCell::new(Connection::to(server()));
}

fuzz_target!(|data: &[u8]| {
    let Some((mode, given)) = split(data) else { return };
    let given = String::from_utf8_lossy(given);
    // One of the templates, or whatever comes.
    let meant = TEMPLATES.get(usize::from(mode) % (TEMPLATES.len() + 1));
    let uri = format!("{}{given}", meant.map_or("", |(_, start, ..)| start));
    let answer = read(&uri);
    if answer.get("error").is_some() {
        judge_error(&answer);
        return;
    }
    let text = answer["result"]["contents"][0]["text"]
        .as_str()
        .expect("it was read");
    let values: Value = serde_json::from_str(text).expect("values are JSON");
    let known = TEMPLATES
        .iter()
        .find(|(template, ..)| values["template"] == *template);
    let (template, start, segments, spans) = known.expect("one of the templates was read");
    assert!(
        meant.is_none_or(|(meant, ..)| meant == template),
        "another was meant by {uri}"
    );
    for name in *segments {
        let value = values[name]
            .as_str()
            .unwrap_or_else(|| panic!("no `{name}`: {values}"));
        assert!(!value.contains('/'), "{values}");
        judge_path(value, &uri);
    }
    for name in *spans {
        judge_path(
            values[name]
                .as_str()
                .unwrap_or_else(|| panic!("no `{name}`: {values}")),
            &uri,
        );
    }
    if *template == "one://{id}" || *template == "whole://{+path}" {
        let once = percent_decode_str(&uri[start.len()..])
            .decode_utf8()
            .expect("it was decoded");
        let value = values[segments.first().or(spans.first()).expect("it has one")].as_str();
        assert_eq!(value, Some(&*once), "decoded once, and nothing else done to it");
    }
    for name in ["text", "page"] {
        assert!(
            !values[name].as_str().is_some_and(|value| value.contains('\0')),
            "{values}"
        );
    }
});

/// What no value of a path may be.
fn judge_path(value: &str, given: &str) {
    assert!(!value.contains(['\0', '\\']), "{value:?} of {given:?}");
    assert!(!value.starts_with('/'), "{value:?} of {given:?}");
    let leads_elsewhere = value.split('/').any(|segment| matches!(segment, "." | ".."));
    assert!(!leads_elsewhere, "{value:?} of {given:?}");
}

fn judge_error(answer: &Value) {
    let code = answer["error"]["code"]
        .as_i64()
        .unwrap_or_else(|| panic!("{answer}"));
    assert!(matches!(code, -32602 | -32002), "{answer}");
}

fn read(uri: &str) -> Value {
    SERVER.with_borrow_mut(|server| server.ask("resources/read", json!({"uri": uri})))
}

fn server() -> holdall::Service {
    let mut server = Server::new("fuzz");
    for (template, ..) in TEMPLATES {
        server = server.add(Resource::new(template).handler(async move |call: Call| {
            let mut values = call.arguments().clone();
            values.insert("template".into(), template.into());
            Ok(Value::Object(values).to_string())
        }));
    }
    server.build().expect("the server is right")
}
