//! Long lists come page by page, say how long they may be kept, and what the tools cost is known.

use std::time::Duration;

use holdall::prelude::*;
use holdall::{Cache, Entry, Page};
use serde_json::{Value, json};

use crate::raw::{Raw, column, service, service_for};

fn tool(n: usize) -> Tool {
    Tool::new(format!("tool{n}")).handler(async |_| Ok(""))
}

/// `count` of everything there is; every third asks for a scope.
fn server(count: usize) -> Server {
    let scopes = |n: usize| (n % 3 == 2).then_some("third");
    let tools: Vec<_> = (0..count).map(|n| tool(n).scopes(scopes(n))).collect();
    let prompts: Vec<_> = (0..count)
        .map(|n| {
            Prompt::new(format!("prompt{n}"))
                .scopes(scopes(n))
                .handler(async |_| Ok(""))
        })
        .collect();
    let resources: Vec<_> = (0..count)
        .flat_map(|n| [format!("a://{n}"), format!("a{n}://{{x}}")].map(|uri| (n, uri)))
        .map(|(n, uri)| Resource::new(uri).scopes(scopes(n)).handler(async |_| Ok("")))
        .collect();
    Server::new("test").add(tools).add(prompts).add(resources)
}

const LISTS: [(&str, &str, &str); 4] = [
    ("tools/list", "tools", "name"),
    ("prompts/list", "prompts", "name"),
    ("resources/list", "resources", "uri"),
    ("resources/templates/list", "resourceTemplates", "uriTemplate"),
];

/// Asks for page after page in either era; returns the keys of each.
async fn pages(raw: &mut Raw, modern: bool, (method, field, key): (&str, &str, &str)) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut params = json!({});
    loop {
        let reply = match modern {
            true => raw.ask_modern(method, params).await,
            false => raw.ask(method, params).await,
        };
        pages.push(column(&reply["result"][field], key));
        match reply["result"]["nextCursor"].as_str() {
            Some(cursor) => params = json!({"cursor": cursor}),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn every_list_is_paged_in_both_eras_and_counts_only_what_the_caller_sees() {
    for (scopes, seen) in [(&[][..], 7), (&["third"][..], 10)] {
        let service = service_for(
            server(10).page_size(3),
            Principal::new("ada", scopes.iter().copied()),
        );
        let mut modern = Raw::connect(&service);
        let (mut old, _) = Raw::session(&service, "2025-06-18").await;
        for list in LISTS {
            let found = pages(&mut modern, true, list).await;
            let lengths: Vec<usize> = found.iter().map(Vec::len).collect();
            let mut expected = vec![3; seen / 3];
            expected.push(1);
            assert_eq!(lengths, expected, "{list:?}");
            assert_eq!(found, pages(&mut old, false, list).await, "{list:?}");
            let numbers: Vec<usize> = found
                .concat()
                .iter()
                .map(|key| {
                    let digits: String = key.chars().filter(char::is_ascii_digit).collect();
                    digits.parse().expect("a number")
                })
                .collect();
            let all = (0..10).filter(|n| !scopes.is_empty() || n % 3 != 2);
            assert_eq!(numbers, all.collect::<Vec<_>>(), "{list:?}");
        }
    }
}

#[tokio::test]
async fn few_clients_ask_twice_so_a_page_is_long() {
    let (service, _) = service(server(1001));
    let mut raw = Raw::connect(&service);
    for list in LISTS {
        let lengths: Vec<usize> = pages(&mut raw, true, list).await.iter().map(Vec::len).collect();
        assert_eq!(lengths, [1000, 1], "{list:?}");
    }
}

async fn first_cursor(raw: &mut Raw, method: &str) -> String {
    let reply = raw.ask_modern(method, json!({})).await;
    let cursor = reply["result"]["nextCursor"].as_str();
    cursor.expect("there is more").to_owned()
}

#[tokio::test]
async fn a_list_that_changes_between_its_pages_neither_skips_nor_repeats() {
    let (service, handle) = service(
        Server::new("test")
            .add((0..6).map(tool).collect::<Vec<_>>())
            .page_size(2),
    );
    let mut raw = Raw::connect(&service);
    let mut next = async |cursor: &str| {
        let reply = raw.ask_modern("tools/list", json!({"cursor": cursor})).await;
        let cursor = reply["result"]["nextCursor"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (column(&reply["result"]["tools"], "name"), cursor)
    };
    let mut other = Raw::connect(&service);
    let cursor = first_cursor(&mut other, "tools/list").await;
    // Before, behind and at the place where the cursor points.
    handle.remove_tool("tool0").expect("it is there");
    handle.add(tool(9)).expect("the name is free");
    let (names, after) = next(&cursor).await;
    assert_eq!(names, ["tool2", "tool3"]);
    handle.remove_tool("tool1").expect("it is there");
    let (names, last) = next(&after).await;
    assert_eq!(names, ["tool4", "tool5"]);
    assert_eq!(next(&last).await, (vec!["tool9".to_owned()], String::new()));
    // Where the entry itself is gone, its position says how far the client has got.
    handle.remove_tool("tool9").expect("it is there");
    assert_eq!(next(&last).await, (Vec::new(), String::new()));
}

#[tokio::test]
async fn resources_at_fixed_addresses_come_before_what_templates_list() {
    let lister = |scheme: &'static str, count: usize| {
        Resource::new(format!("{scheme}://{{n}}"))
            .list(move |cursor, _| {
                let n: usize = cursor.map_or(Ok(0), str::parse)?;
                let entry = Entry::new(format!("{scheme}://{n}"), n.to_string());
                Ok(Page::new(
                    vec![entry],
                    (n + 1 < count).then(|| (n + 1).to_string()),
                ))
            })
            .handler(async |_| Ok(""))
    };
    let fixed: Vec<_> = (0..3)
        .map(|n| Resource::new(format!("fixed://{n}")).handler(async |_| Ok("")))
        .collect();
    let server = Server::new("test")
        .add([lister("b", 2), lister("c", 1)])
        .add(lister("secret", 1).scopes(["admin"]))
        .add(lister("d", 1))
        .add(fixed)
        .page_size(2);
    let service = service_for(server, Principal::anonymous());
    let handle = service.handle();
    let mut raw = Raw::connect(&service);
    let found = pages(&mut raw, true, LISTS[2]).await;
    let expected = [
        &["fixed://0", "fixed://1"][..],
        &["fixed://2", "b://0"],
        &["b://1"],
        &["c://0"],
        &["d://0"],
    ];
    assert_eq!(json!(found), json!(expected));

    // A cursor into a template that is gone is no cursor any more.
    let cursor = first_cursor(&mut raw, "resources/list").await;
    let reply = raw.ask_modern("resources/list", json!({"cursor": cursor})).await;
    let within = reply["result"]["nextCursor"].clone();
    handle.remove_resource("b://{n}").expect("it is there");
    let error = raw.ask_modern("resources/list", json!({"cursor": within})).await;
    assert_eq!(error["error"]["code"], -32602, "{error}");
}

#[tokio::test]
async fn a_wrong_cursor_is_an_error_that_teaches() {
    let (service, _) = service(server(4).page_size(2));
    let mut raw = Raw::connect(&service);
    let of_prompts = first_cursor(&mut raw, "prompts/list").await;
    let long = "x".repeat(10_000);
    for (method, field, _) in LISTS {
        for cursor in ["", "rubbish", "MTIz", &long, &of_prompts] {
            if method == "prompts/list" && cursor == of_prompts {
                continue;
            }
            let reply = raw.ask_modern(method, json!({"cursor": cursor})).await;
            assert_eq!(
                reply["error"]["code"], -32602,
                "{method} {field} {cursor} {reply}"
            );
            let message = reply["error"]["message"].as_str().expect("a message");
            assert!(
                message.contains("is not a cursor of this list")
                    && message.contains("start again without a cursor"),
                "{message}"
            );
            assert!(message.len() < 400, "{message}");
        }
    }
}

#[test]
fn a_page_has_room_for_something() {
    let error = server(1).page_size(0).build().err().expect("it does not start");
    assert!(error.to_string().contains("the page size is 0"), "{error}");
}

fn hints(reply: &Value) -> (Value, Value) {
    (
        reply["result"]["ttlMs"].clone(),
        reply["result"]["cacheScope"].clone(),
    )
}

#[tokio::test]
async fn what_may_be_kept_is_said_and_is_private_where_it_depends_on_the_caller() {
    let minute = Duration::from_secs(60);
    let open = |uri: &str| Resource::new(uri).handler(async |_| Ok(""));
    let server = Server::new("test")
        .list_ttl(minute)
        .list_cache(Cache::Public)
        .add(tool(0))
        .add(Prompt::new("p").scopes(["x"]).handler(async |_| Ok("")))
        .add(open("a://public").ttl(minute).cache(Cache::Public))
        .add(open("a://private").ttl(minute * 2))
        .add(open("a://unsaid"))
        .add(open("t://{n}"));
    let (service, handle) = service(server);
    let mut raw = Raw::connect(&service);
    let (public, private) = (
        (json!(60_000), json!("public")),
        (json!(60_000), json!("private")),
    );
    for (method, expected) in [
        ("tools/list", &public),
        ("prompts/list", &private),
        ("resources/list", &public),
        ("resources/templates/list", &public),
    ] {
        assert_eq!(
            hints(&raw.ask_modern(method, json!({})).await),
            *expected,
            "{method}"
        );
    }
    for (uri, expected) in [
        ("a://public", (json!(60_000), json!("public"))),
        ("a://private", (json!(120_000), json!("private"))),
        ("a://unsaid", (json!(0), json!("private"))),
    ] {
        let reply = raw.ask_modern("resources/read", json!({"uri": uri})).await;
        assert_eq!(hints(&reply), expected, "{uri}");
    }
    // Scopes and listers make private what was public, from one moment to the next.
    let scoped = open("a://public").ttl(minute).cache(Cache::Public).scopes(["x"]);
    let lists = open("t://{n}").list(|_, _| Ok(Page::default()));
    handle.replace(scoped).expect("it is right");
    let reply = raw
        .ask_modern("resources/read", json!({"uri": "a://public"}))
        .await;
    assert_eq!(hints(&reply), private);
    assert_eq!(hints(&raw.ask_modern("resources/list", json!({})).await), private);
    handle.replace(open("a://public")).expect("it is right");
    assert_eq!(hints(&raw.ask_modern("resources/list", json!({})).await), public);
    handle.replace(lists).expect("it is right");
    assert_eq!(hints(&raw.ask_modern("resources/list", json!({})).await), private);

    // Older clients know nothing of this.
    let (mut old, _) = Raw::session(&service, "2025-11-25").await;
    for (method, params) in [
        ("tools/list", json!({})),
        ("resources/read", json!({"uri": "a://private"})),
    ] {
        assert_eq!(
            hints(&old.ask(method, params).await),
            (Value::Null, Value::Null),
            "{method}"
        );
    }
}

#[test]
fn the_budget_counts_each_tool_once_and_grows_with_what_is_said() {
    let brief = Tool::new("brief").handler(async |_| Ok(""));
    let wordy = Tool::new("wordy")
        .description("One two three four five six seven eight nine ten.")
        .argument(Argument::of::<String>("text").description("Eleven twelve."))
        .scopes(["hidden"])
        .handler(async |_| Ok(""));
    let inner = Server::new("inner").add([brief, wordy]);
    let service = Server::new("test")
        .mount("m", inner)
        .build()
        .expect("it is right");
    let budget = service.tool_budget();
    let names: Vec<&str> = budget.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["m_brief", "m_wordy"]);
    assert!(
        budget.tools[1].tokens >= budget.tools[0].tokens + 12,
        "{budget:?}"
    );
    assert_eq!(budget.tokens(), budget.tools[0].tokens + budget.tools[1].tokens);
    let shown = r#"{"name":"m_brief","inputSchema":"#.len();
    assert!(
        budget.tools[0].bytes > shown && budget.bytes() > 2 * shown,
        "{budget:?}"
    );
}
