//! Servers within servers: names, addresses, filters, and who may see what.

use holdall::prelude::*;
use holdall::protocol::{ContentBlock, ResourceContents};
use holdall::{Entry, Page};
use rmcp::model::Resource as Link;
use serde_json::{Value, json};

use crate::raw::{Raw, column, service, service_for};

struct Greeting(&'static str);

/// Say which greeting this server has.
#[tool]
fn greeting(state: State<Greeting>) -> String {
    state.0.into()
}

/// Find notes.
#[tool(tags("search"))]
async fn search(_text: String) -> Vec<ContentBlock> {
    vec![
        ContentBlock::text("see note://a.md"),
        ContentBlock::resource_link(Link::new("note://a.md", "a")),
        ContentBlock::resource(ResourceContents::text("b", "note://b.md")),
        ContentBlock::resource_link(Link::new("https://example.com/note", "elsewhere")),
        ContentBlock::resource_link(Link::new("other://thing", "not ours")),
    ]
}

/// Summarise a note.
#[prompt(complete(path = paths))]
fn summary(path: String) -> String {
    format!("Summarise {path}.")
}

fn paths(typed: &str) -> Vec<String> {
    vec![format!("{typed}.md")]
}

/// Touch a note: whoever watches it is told.
#[tool]
async fn touch(ctx: Context, path: String) {
    ctx.server().resource_updated(&format!("note://{path}"));
}

fn notes() -> Server {
    let note = Resource::new("note://{+path}")
        .complete("path", Completer::new(|typed, _| vec![format!("{typed}.md")]))
        .list(|cursor, _| {
            let entry = |n: &str| Entry::new(format!("note://{n}.md"), n);
            Ok(match cursor {
                None => Page::new(vec![entry("a")], Some("b".into())),
                Some(n) => Page::new(vec![entry(n)], None),
            })
        })
        .handler(async |mut call: Call| Ok(format!("note {}", call.take::<String>("path")?)));
    let index = Resource::new("note+index://all")
        .handler(async |_| Ok(vec![ResourceContents::text("all of it", "note://a.md")]));
    Server::new("notes")
        .instructions("Search first.")
        .state(Greeting("from the notes"))
        .add(tools![greeting, search, touch])
        .add(prompts![summary])
        .add([note, index])
}

fn all() -> Server {
    let deep = Server::new("deep").mount("In_ner", notes());
    Server::new("all")
        .instructions("Be kind.")
        .state(Greeting("from the top"))
        .mount(
            "notes",
            notes().add(Resource::new("https://example.com/{id}").handler(async |_| Ok("a page"))),
        )
        .add(tools![greeting])
        .add(Resource::new("note://top").handler(async |_| Ok("at the top")))
        .mount("deep", deep)
}

async fn list(raw: &mut Raw, method: &str, field: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut params = json!({});
    loop {
        let page = raw.ask_modern(method, params).await["result"].clone();
        found.extend(column(&page[field], name));
        match page["nextCursor"].as_str() {
            Some(cursor) => params = json!({"cursor": cursor}),
            None => return found,
        }
    }
}

async fn call(raw: &mut Raw, name: &str, arguments: Value) -> Value {
    let params = json!({"name": name, "arguments": arguments});
    raw.ask_modern("tools/call", params).await["result"]["content"].clone()
}

async fn read(raw: &mut Raw, uri: &str) -> Value {
    raw.ask_modern("resources/read", json!({"uri": uri})).await["result"]["contents"].clone()
}

#[tokio::test]
async fn mounted_components_have_prefixes_and_own_ones_come_first() {
    let (service, _) = service(all());
    let mut raw = Raw::connect(&service);
    let tools = list(&mut raw, "tools/list", "tools", "name").await;
    let prompts = list(&mut raw, "prompts/list", "prompts", "name").await;
    let resources = list(&mut raw, "resources/list", "resources", "uri").await;
    let templates = list(
        &mut raw,
        "resources/templates/list",
        "resourceTemplates",
        "uriTemplate",
    )
    .await;
    let (_, info) = Raw::session(&service, "2025-11-25").await;
    insta::assert_json_snapshot!(json!({
        "tools": tools,
        "prompts": prompts,
        "resources": resources,
        "templates": templates,
        "instructions": info["instructions"],
    }));
}

#[tokio::test]
async fn every_function_has_the_state_of_its_own_server() {
    let (service, _) = service(all());
    let mut raw = Raw::connect(&service);
    for (name, expected) in [
        ("greeting", "from the top"),
        ("notes_greeting", "from the notes"),
        ("deep_In_ner_greeting", "from the notes"),
    ] {
        let content = call(&mut raw, name, json!({})).await;
        assert_eq!(content[0]["text"], expected, "{name}");
    }
}

#[tokio::test]
async fn addresses_lead_to_the_server_that_has_them() {
    let (service, _) = service(all());
    let mut raw = Raw::connect(&service);
    for (uri, expected) in [
        ("note://top", "at the top"),
        ("notes+note://a/b%20c.md", "note a/b c.md"),
        ("deep+in-ner+note://x", "note x"),
    ] {
        let contents = read(&mut raw, uri).await;
        assert_eq!(
            (&contents[0]["text"], &contents[0]["uri"]),
            (&json!(expected), &json!(uri))
        );
    }
    // What contents say of themselves is told as clients know it.
    let contents = read(&mut raw, "notes+note+index://all").await;
    assert_eq!(contents[0]["uri"], "notes+note://a.md");
    for reference in [
        json!({"type": "ref/resource", "uri": "deep+in-ner+note://{+path}"}),
        json!({"type": "ref/prompt", "name": "notes_summary"}),
    ] {
        let params = json!({"ref": reference, "argument": {"name": "path", "value": "x"}});
        let completed = raw.ask_modern("completion/complete", params).await;
        assert_eq!(
            completed["result"]["completion"]["values"],
            json!(["x.md"]),
            "{completed}"
        );
    }
    for uri in ["note://a.md", "deep+note://x", "in-ner+note://x"] {
        let missing = raw.ask_modern("resources/read", json!({"uri": uri})).await;
        assert_eq!(missing["error"]["data"]["error"]["kind"], "not_found", "{uri}");
    }
}

#[tokio::test]
async fn links_in_results_lead_to_what_they_mean() {
    let (service, _) = service(all());
    let mut raw = Raw::connect(&service);
    let content = call(&mut raw, "deep_In_ner_search", json!({"text": ""})).await;
    let uris = [
        &content[0]["text"],
        &content[1]["uri"],
        &content[2]["resource"]["uri"],
        &content[3]["uri"],
        &content[4]["uri"],
    ];
    assert_eq!(
        json!(uris),
        json!([
            "see note://a.md",
            "deep+in-ner+note://a.md",
            "deep+in-ner+note://b.md",
            "https://example.com/note",
            "other://thing",
        ])
    );
    let contents = read(&mut raw, "deep+in-ner+note://a.md").await;
    assert_eq!(contents[0]["text"], "note a.md");
}

#[tokio::test]
async fn a_mounted_server_changes_itself_under_the_names_it_knows() {
    let (service, handle) = service(all());
    let (mut raw, _) = Raw::session(&service, "2025-11-25").await;
    for uri in ["deep+in-ner+note://a.md", "notes+note://a.md"] {
        raw.ask("resources/subscribe", json!({"uri": uri})).await;
    }
    let params = json!({"name": "deep_In_ner_touch", "arguments": {"path": "a.md"}});
    let id = raw.request("tools/call", params).await;
    let messages = [raw.next().await, raw.next().await];
    let updated = messages.iter().find(|message| message["id"] != id).expect("news");
    assert_eq!(
        updated["params"]["uri"], "deep+in-ner+note://a.md",
        "{messages:?}"
    );

    let inner = handle.mounted("deep").and_then(|deep| deep.mounted("In_ner"));
    let inner = inner.expect("it is mounted");
    inner
        .add(
            Tool::new("late")
                .requires::<Greeting>()
                .handler(async |call: Call| Ok(call.state::<Greeting>()?.0)),
        )
        .expect("the name is free");
    assert_eq!(raw.news().await, "notifications/tools/list_changed");
    let result = raw.ask("tools/call", json!({"name": "deep_In_ner_late"})).await;
    assert_eq!(result["result"]["content"][0]["text"], "from the notes");
    inner.listing_changed("note://{+path}");
    assert_eq!(raw.news().await, "notifications/resources/list_changed");
    assert!(handle.mounted("In_ner").is_none());

    // A name that is free within is taken outside: nothing changes, on any level.
    let taken = Tool::new("notes_extra").handler(async |_| Ok("own"));
    handle.add(taken).expect("the name is free");
    let notes = handle.mounted("notes").expect("it is mounted");
    let extra = || Tool::new("extra").handler(async |_| Ok("mounted"));
    let error = notes.add(extra()).expect_err("the name is taken outside");
    insta::assert_snapshot!(error);
    assert!(!service.tool_names().contains(&"extra".to_owned()));
    handle.remove_tool("notes_extra").expect("it is there");
    notes.add(extra()).expect("the name is free now");
}

#[test]
fn collisions_and_misspellings_are_named_with_both_sides() {
    let tool = |name: &str| Tool::new(name).tag("safe").handler(async |_| Ok(""));
    let page = || Resource::new("https://example.com/{id}").handler(async |_| Ok(""));
    let long = "x".repeat(120);
    let one = Server::new("one").add([tool("a"), tool(&long)]).add(page());
    let bad = Server::new("bad").add(tools![greeting]).add(tool("n o"));
    let server = Server::new("all")
        .add(tool("one_a"))
        .mount("one", one.clone())
        .mount(
            "two-words",
            one.clone().without_tags(["saef"]).rename_tool("b", "c"),
        )
        .mount("two_words", one.clone().only_tags(["safe"]))
        .mount("1", Server::new("misnamed"))
        .mount("bad", bad)
        .mount("bad", Server::new("twice"))
        .mount("", Server::new("flat").add([tool("one_a"), tool("d")]))
        .rename_tool("two-words_a", "d");
    let error = server.build().err().expect("the server does not start");
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn tags_decide_what_is_offered_at_all() {
    let tool = |name: &str, tags: &[&str]| {
        let tool = tags.iter().fold(Tool::new(name), |tool, tag| tool.tag(*tag));
        tool.handler(async |_| Ok(""))
    };
    let inner = Server::new("inner").add([
        tool("read", &["safe"]),
        tool("write", &["safe", "writes"]),
        tool("plain", &[]),
    ]);
    let inner = inner
        .add(Prompt::new("p").tag("writes").handler(async |_| Ok("")))
        .add(Resource::new("a://fixed").tag("safe").handler(async |_| Ok("")))
        .add(Resource::new("a://{x}").tag("writes").handler(async |_| Ok("")));
    let only = Server::new("test").mount("m", inner.clone()).only_tags(["safe"]);
    assert_eq!(
        only.build().expect("it is right").tool_names(),
        ["m_read", "m_write"]
    );
    let both = Server::new("test")
        .mount("m", inner.clone())
        .without_tags(["writes"])
        .only_tags(["safe"]);
    let (filtered, handle) = service(both);
    assert_eq!(filtered.tool_names(), ["m_read"]);
    let mut raw = Raw::connect(&filtered);
    let params = json!({"name": "m_write", "arguments": {}});
    let missing = raw.ask_modern("tools/call", params).await;
    assert_eq!(missing["error"]["data"]["error"]["kind"], "not_found");
    let (_, accepted) = raw
        .listen(json!({"resourceSubscriptions": ["m+a://fixed", "m+a://y"], "promptsListChanged": true}))
        .await;
    assert_eq!(accepted, json!({"resourceSubscriptions": ["m+a://fixed"]}));
    // What is filtered is no news either.
    let mounted = handle.mounted("m").expect("it is mounted");
    mounted.add(tool("more", &["writes"])).expect("the name is free");
    mounted.resource_updated("a://y");
    mounted.resource_updated("a://fixed");
    assert_eq!(raw.news().await, "notifications/resources/updated m+a://fixed");

    let none = Server::new("test").mount("m", inner).only_tags([""; 0]);
    assert!(
        none.build().expect("it is right").tool_names().is_empty(),
        "no tags allow nothing"
    );
    let later = Server::new("test")
        .only_tags(["new"])
        .offers_later([holdall::Kind::Tool]);
    later.build().expect("the tag may come");
}

#[tokio::test]
async fn scopes_hold_for_everything_one_can_do_with_a_component() {
    let complete = || Completer::new(|_, _| vec!["x".to_owned()]);
    let server = Server::new("test").mount(
        "m",
        Server::new("inner")
            .add(Tool::new("t").scopes(["a", "b"]).handler(async |_| Ok("")))
            .add(
                Prompt::new("p")
                    .scopes(["a"])
                    .argument(Argument::of::<String>("x").optional())
                    .complete("x", complete())
                    .handler(async |_| Ok("")),
            )
            .add(Resource::new("r://fixed").scopes(["b"]).handler(async |_| Ok("")))
            .add(
                Resource::new("r://{x}/t")
                    .scopes(["b"])
                    .complete("x", complete())
                    .list(|_, _| Ok(Page::new(vec![Entry::new("r://1/t", "1")], None)))
                    .handler(async |_| Ok("")),
            ),
    );
    let attempts = [
        ("tools/call", json!({"name": "m_t"}), &["a", "b"][..]),
        ("prompts/get", json!({"name": "m_p"}), &["a"]),
        ("resources/read", json!({"uri": "m+r://fixed"}), &["b"]),
        ("resources/read", json!({"uri": "m+r://1/t"}), &["b"]),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "m_p"}, "argument": {"name": "x", "value": ""}}),
            &["a"],
        ),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/resource", "uri": "m+r://{x}/t"}, "argument": {"name": "x", "value": ""}}),
            &["b"],
        ),
    ];
    for scopes in [&[][..], &["a"], &["b"], &["a", "b", "c"]] {
        let service = service_for(server.clone(), Principal::new("ada", scopes.iter().copied()));
        let mut raw = Raw::connect(&service);
        for (method, params, needed) in &attempts {
            let reply = raw.ask_modern(method, params.clone()).await;
            let missing: Vec<&&str> = needed.iter().filter(|scope| !scopes.contains(scope)).collect();
            let told = &reply["error"]["data"]["error"];
            if missing.is_empty() {
                assert!(reply["result"].is_object(), "{method} {reply}");
            } else {
                assert_eq!(told["kind"], "insufficient_scope", "{method} {reply}");
                assert_eq!(told["missing_scopes"], json!(missing), "{method} {reply}");
            }
        }
        let seen = [
            list(&mut raw, "tools/list", "tools", "name").await,
            list(&mut raw, "prompts/list", "prompts", "name").await,
            list(&mut raw, "resources/list", "resources", "uri").await,
            list(
                &mut raw,
                "resources/templates/list",
                "resourceTemplates",
                "uriTemplate",
            )
            .await,
        ];
        let (a, b) = (scopes.contains(&"a"), scopes.contains(&"b"));
        let expected = [
            if a && b { vec!["m_t"] } else { vec![] },
            if a { vec!["m_p"] } else { vec![] },
            if b {
                vec!["m+r://fixed", "m+r://1/t"]
            } else {
                vec![]
            },
            if b { vec!["m+r://{x}/t"] } else { vec![] },
        ];
        assert_eq!(json!(seen), json!(expected), "{scopes:?}");
    }
    // What cannot be seen is not suggested either.
    let nobody = service_for(server, Principal::anonymous());
    let mut raw = Raw::connect(&nobody);
    let reply = raw.ask_modern("tools/call", json!({"name": "m_tt"})).await;
    let hint = reply["error"]["data"]["error"]["hint"].as_str();
    assert_eq!(hint, Some("tools/list shows what there is"));
}
