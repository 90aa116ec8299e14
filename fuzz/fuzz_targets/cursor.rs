//! Whatever stands where a cursor belongs: an error that says so, or a page that is in order and leads to an end.

#![no_main]

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdall::prelude::*;
use holdall::{Entry, Page};
use holdall_fuzz::connection::Connection;
use holdall_fuzz::split;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const PAGE: usize = 3;
/// A template lists as many at a time as it likes, and the first of them stand behind the last of the others.
const LISTED: usize = 4;
const EACH: usize = 10;

thread_local! {
    static SERVER: RefCell<Connection> = RefCell::new(Connection::to(server()));
}

fuzz_target!(|data: &[u8]| {
    let Some((mode, given)) = split(data) else { return };
    let cursor = match mode & 4 {
        0 => String::from_utf8_lossy(given).into_owned(),
        _ => URL_SAFE_NO_PAD.encode(given),
    };
    let (method, field, key) = match mode & 3 {
        0 => ("tools/list", "tools", "name"),
        1 => ("prompts/list", "prompts", "name"),
        2 => ("resources/list", "resources", "uri"),
        _ => ("resources/templates/list", "resourceTemplates", "uriTemplate"),
    };
    SERVER.with_borrow_mut(|server| walk(server, method, field, key, cursor));
});

fn walk(server: &mut Connection, method: &str, field: &str, key: &str, cursor: String) {
    let mut next = Some(cursor);
    let mut seen: Vec<String> = Vec::new();
    let mut is_first = true;
    while let Some(cursor) = next {
        let answer = server.ask(method, json!({"cursor": cursor}));
        if let Some(error) = answer.get("error") {
            assert!(is_first, "the server's own cursor is none: {answer}");
            assert_eq!(error["code"], -32602, "{answer}");
            return;
        }
        is_first = false;
        let page = answer["result"][field]
            .as_array()
            .unwrap_or_else(|| panic!("{answer}"));
        assert!(page.len() <= PAGE + LISTED, "{answer}");
        for entry in page {
            let name = entry[key].as_str().expect("entries have names").to_owned();
            assert!(!seen.contains(&name), "`{name}` comes twice");
            seen.push(name);
        }
        assert!(seen.len() <= 4 * EACH, "the list has an end");
        next = answer["result"]["nextCursor"].as_str().map(str::to_owned);
    }
}

fn server() -> holdall::Service {
    let mut server = Server::new("fuzz").page_size(PAGE);
    for n in 0..EACH {
        server = server
            .add(Tool::new(format!("tool-{n}")).handler(async |_: Call| Ok("done")))
            .add(Prompt::new(format!("prompt-{n}")).handler(async |_: Call| Ok("said")))
            .add(Resource::new(format!("fixed://{n}")).handler(async |_: Call| Ok("read")))
            .add(Resource::new(format!("family-{n}://{{id}}")).handler(async |_: Call| Ok("read")));
    }
    let listed = Resource::new("listed://{id}")
        .list(|cursor, _| page(cursor))
        .handler(async |_: Call| Ok("read"));
    server.add(listed).build().expect("the server is right")
}

/// What a template lists: ten entries, four at a time.
fn page(cursor: Option<&str>) -> CallResult<Page> {
    let from = match cursor {
        None => 0,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|from| *from < EACH)
            .ok_or_else(|| CallError::invalid_arguments("that is no cursor"))?,
    };
    let to = (from + LISTED).min(EACH);
    let entries = (from..to)
        .map(|n| Entry::new(format!("listed://{n}"), n.to_string()))
        .collect();
    Ok(Page::new(entries, (to < EACH).then(|| to.to_string())))
}
