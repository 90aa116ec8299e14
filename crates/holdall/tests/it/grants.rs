//! Scopes the operator of a server asks for.

use holdall::prelude::*;
use serde_json::json;

use crate::raw::{Raw, service_for};

fn tool(name: &str) -> Tool {
    Tool::new(name).blocking_handler(|_| Ok("done"))
}

fn resource(uri: &str) -> Resource {
    Resource::new(uri).blocking_handler(|_| Ok("text"))
}

fn server() -> Server {
    let inner = Server::new("inner")
        .add(tool("search"))
        .add(tool("write").scopes(["author"]));
    Server::new("outer")
        .add(tool("open"))
        .add(tool("secret"))
        .add(Prompt::new("ask").blocking_handler(|_| Ok("")))
        .add(resource("note://{+path}"))
        .add(resource("config://app"))
        .mount("notes", inner)
        .rename_tool("secret", "hidden")
        .grant("read", ["notes_*", "note://**"])
        .grant("admin", ["notes_write", "hidden", "ask"])
}

#[tokio::test]
async fn what_a_grant_covers_asks_for_its_scope_in_listing_and_in_calling() {
    for (scopes, tools) in [
        (&[][..], &["open"][..]),
        (&["read"], &["open", "notes_search"]),
        (&["admin"], &["open", "hidden"]),
        (&["author"], &["open"]),
        (&["read", "author"], &["open", "notes_search"]),
        (
            &["read", "admin", "author"],
            &["open", "hidden", "notes_search", "notes_write"],
        ),
    ] {
        let principal = Principal::new("ada", scopes.iter().copied());
        let service = service_for(server(), principal.clone());
        for name in ["open", "hidden", "notes_search", "notes_write"] {
            let refusal = service.scope_refusal("tools/call", name, &principal);
            assert_eq!(refusal.is_none(), tools.contains(&name), "{scopes:?} {name}");
        }
        assert_eq!(
            service.scope_refusal("prompts/get", "ask", &principal).is_none(),
            scopes.contains(&"admin")
        );
        for (uri, scope) in [
            ("note://a/b", Some("read")),
            ("config://app", None),
            ("nothing://", None),
        ] {
            for method in ["resources/read", "resources/subscribe"] {
                let refused = service.scope_refusal(method, uri, &principal).is_some();
                assert_eq!(
                    refused,
                    scope.is_some_and(|scope| !scopes.contains(&scope)),
                    "{scopes:?} {uri}"
                );
            }
        }
        assert_eq!(service.withholds_from(&principal), scopes.len() < 3);
        assert_eq!(service.scopes(), ["admin", "author", "read"]);
        let listed = Raw::session(&service, "2025-11-25")
            .await
            .0
            .ask("tools/list", json!({}))
            .await;
        let listed: Vec<&str> = listed["result"]["tools"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|tool| tool["name"].as_str().expect("a name"))
            .collect();
        assert_eq!(listed, tools, "{scopes:?}");
    }
    let nobody = Principal::anonymous();
    let error = server()
        .build()
        .expect("it is right")
        .scope_refusal("tools/call", "notes_write", &nobody);
    assert_eq!(
        error.expect("refused").missing_scopes(),
        ["author", "read", "admin"]
    );
    let error = server()
        .build()
        .expect("it is right")
        .scope_refusal("tools/list", "notes_write", &nobody);
    assert!(error.is_none());
}

#[test]
fn grants_that_keep_nothing_from_anybody_are_mistakes() {
    let server = || Server::new("test").add(tool("search_notes"));
    let wrong = server()
        .grant("read", ["serch_notes", "search_notes"])
        .grant("a b", ["search_notes"])
        .grant("none", [""; 0])
        .grant("empty", [""]);
    let error = wrong.build().err().expect("it is wrong").to_string();
    for part in [
        "`serch_notes`, which matches no tool",
        "did you mean `search_notes`?",
        "`a b` is not a valid scope",
        "the scope `none` is asked for nothing",
        "the scope `empty`: `` is not a pattern",
    ] {
        assert!(error.contains(part), "{part}:\n{error}");
    }
    let later = server()
        .grant("read", ["later_*"])
        .offers_later([holdall::Kind::Tool]);
    let service = later.build().expect("it may be right");
    service.handle().add(tool("later_on")).expect("it is added");
    assert!(
        service
            .scope_refusal("tools/call", "later_on", &Principal::anonymous())
            .is_some()
    );
}
