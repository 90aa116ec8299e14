//! Watching resources, in both eras: who hears of what, and that nothing stays behind.

use holdall::live::{
    ListenerBounds, Listeners, STREAMS_PER_PRINCIPAL_MAX, WATCHES_PER_LISTENER_MAX, WATCHES_PER_PRINCIPAL_MAX,
};
use holdall::prelude::*;
use serde_json::json;

use crate::raw::{Raw, modern, service, service_for, subscription, until};

fn server() -> Server {
    let read = || Resource::new("config://app").handler(async |_| Ok("dark"));
    Server::new("test").add(read()).add([
        Resource::new("note://{+path}").handler(async |_| Ok("a note")),
        Resource::new("secret://{name}")
            .scopes(["admin", "secrets"])
            .handler(async |_| Ok("a secret")),
        Resource::new("find://{kind}{?text,page}").handler(async |_| Ok("found")),
    ])
}

const UPDATED: &str = "notifications/resources/updated";

#[tokio::test]
async fn a_session_hears_of_the_resources_it_subscribed_to() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let (service, handle) = service(server());
        let (mut raw, _) = Raw::session(&service, version).await;
        for uri in ["config://app", "note://a%20b.md", "find://x?text=t&page=2"] {
            let subscribed = raw.ask("resources/subscribe", json!({"uri": uri})).await;
            assert_eq!(subscribed["result"], json!({}));
        }
        handle.resource_updated("note://other.md");
        handle.resource_updated("nothing://");
        handle.resource_updated("config://app");
        assert_eq!(raw.news().await, format!("{UPDATED} config://app"));
        // The client hears of a resource as it knows it, however the server writes it.
        handle.resource_updated("note://a b.md");
        assert_eq!(raw.news().await, format!("{UPDATED} note://a%20b.md"));
        handle.resource_updated("find://x?page=2&text=t");
        assert_eq!(raw.news().await, format!("{UPDATED} find://x?text=t&page=2"));

        raw.ask("resources/unsubscribe", json!({"uri": "config://app"}))
            .await;
        let again = raw
            .ask("resources/unsubscribe", json!({"uri": "config://app"}))
            .await;
        assert_eq!(again["result"], json!({}), "unsubscribing twice is no mistake");
        handle.resource_updated("config://app");
        handle.resource_updated("note://a%20b.md");
        assert_eq!(raw.news().await, format!("{UPDATED} note://a%20b.md"));
    }
}

#[tokio::test]
async fn a_stream_hears_of_the_resources_it_named() {
    let (service, handle) = service(server());
    let mut raw = Raw::connect(&service);
    let wanted = json!(["note://a.md", "config://app"]);
    let (first, accepted) = raw.listen(json!({"resourceSubscriptions": wanted})).await;
    assert_eq!(accepted, json!({"resourceSubscriptions": wanted}));
    let (second, _) = raw
        .listen(json!({"resourceSubscriptions": ["note://b.md"]}))
        .await;
    handle.resource_updated("note://b.md");
    let heard = raw.next().await;
    assert_eq!(
        (&heard["params"]["uri"], subscription(&heard)),
        (&json!("note://b.md"), json!(second))
    );
    handle.resource_updated("note://a.md");
    let heard = raw.next().await;
    assert_eq!(
        (&heard["params"]["uri"], subscription(&heard)),
        (&json!("note://a.md"), json!(first))
    );
    // Who has old contents in hand is told that they are, also when the whole resource is another or gone.
    handle
        .replace(Resource::new("config://app").handler(async |_| Ok("light")))
        .expect("it is right");
    assert_eq!(raw.news().await, format!("{UPDATED} config://app"));
    handle.remove_resource("config://app").expect("it is there");
    assert_eq!(raw.news().await, format!("{UPDATED} config://app"));
}

#[tokio::test]
async fn what_is_unknown_or_forbidden_cannot_be_watched() {
    let service = service_for(server(), Principal::new("ada", ["secrets"]));
    let handle = service.handle();
    let (mut raw, _) = Raw::session(&service, "2025-11-25").await;
    let unknown = raw
        .ask("resources/subscribe", json!({"uri": "confg://app"}))
        .await;
    let forbidden = raw
        .ask("resources/subscribe", json!({"uri": "secret://plan"}))
        .await;
    let escaping = raw
        .ask("resources/subscribe", json!({"uri": "note://../x"}))
        .await;
    insta::assert_json_snapshot!([&unknown["error"], &forbidden["error"], &escaping["error"]]);

    // A stream is told in the acknowledgment what it will hear of …
    let mut stream = Raw::connect(&service);
    let wanted = json!(["secret://plan", "config://app", "confg://app"]);
    let (_, accepted) = stream
        .listen(json!({"resourceSubscriptions": wanted, "promptsListChanged": true}))
        .await;
    assert_eq!(accepted, json!({"resourceSubscriptions": ["config://app"]}));
    handle.resource_updated("secret://plan");
    handle.resource_updated("config://app");
    assert_eq!(stream.news().await, format!("{UPDATED} config://app"));
    // … and ends at once if that is nothing.
    let wanted =
        json!({"resourceSubscriptions": ["secret://plan", "confg://app"], "promptsListChanged": true});
    let (id, accepted) = stream.listen(wanted).await;
    assert_eq!(accepted, json!({}));
    let ended = stream.next().await;
    assert_eq!(ended["id"], id);
    insta::assert_json_snapshot!(ended["error"]);
    let one_left = Listeners::default();
    assert_ne!(handle.listeners(), one_left);
    until(|| handle.listeners().streams == 1).await;
}

#[tokio::test]
async fn a_stream_that_asks_for_nothing_is_served_and_one_without_anything_to_hear_is_not() {
    let (service, _) = service(server());
    let mut raw = Raw::connect(&service);
    let (id, accepted) = raw.listen(json!({})).await;
    assert_eq!((id, accepted), (1, json!({})));
    let result = raw.ask_modern("resources/list", json!({})).await;
    assert!(result["result"]["resources"].is_array(), "{result}");

    let empty = Server::new("empty").build().expect("it is right");
    let mut raw = Raw::connect(&empty);
    let params = modern(json!({"notifications": {"toolsListChanged": true}}));
    let refused = raw.ask("subscriptions/listen", params).await;
    assert_eq!(refused["error"]["code"], -32601, "{refused}");
}

#[tokio::test]
async fn the_methods_of_one_era_are_unknown_in_the_other() {
    let (service, _) = service(server());
    let (mut old, _) = Raw::session(&service, "2025-11-25").await;
    let refused = old
        .ask("subscriptions/listen", json!({"notifications": {}}))
        .await;
    assert_eq!(refused["error"]["code"], -32601, "{refused}");
    let mut new = Raw::connect(&service);
    let refused = new
        .ask_modern("resources/subscribe", json!({"uri": "config://app"}))
        .await;
    assert_eq!(refused["error"]["code"], -32601, "{refused}");
}

#[tokio::test]
async fn a_client_that_does_not_read_costs_others_nothing_and_misses_nothing() {
    let (service, handle) = service(server());
    // So little fits into the pipe that the second notification already waits for the client.
    let mut slow = Raw::connect_with_buffer(&service, 128);
    slow.listen(json!({"resourceSubscriptions": ["note://a.md", "note://last.md"]}))
        .await;
    let mut fast = Raw::connect(&service);
    fast.listen(json!({"resourceSubscriptions": ["note://a.md"]}))
        .await;
    for _ in 0..2_000 {
        handle.resource_updated("note://a.md");
        assert_eq!(fast.news().await, format!("{UPDATED} note://a.md"));
    }
    handle.resource_updated("note://last.md");
    let mut heard = 0;
    while slow.news().await != format!("{UPDATED} note://last.md") {
        heard += 1;
    }
    assert!((1..=8).contains(&heard), "equal updates are merged: {heard}");
}

#[tokio::test]
async fn a_session_watches_so_many_resources_and_no_more() {
    let (service, handle) = service(server());
    let (mut raw, _) = Raw::session(&service, "2025-11-25").await;
    for n in 0..WATCHES_PER_LISTENER_MAX {
        let uri = format!("note://{n}");
        let subscribed = raw.ask("resources/subscribe", json!({"uri": uri})).await;
        assert_eq!(subscribed["result"], json!({}));
    }
    let refused = raw
        .ask("resources/subscribe", json!({"uri": "note://more"}))
        .await;
    insta::assert_json_snapshot!(refused["error"]);
    let again = raw.ask("resources/subscribe", json!({"uri": "note://0"})).await;
    assert_eq!(
        again["result"],
        json!({}),
        "what is watched already needs no room"
    );
    raw.ask("resources/unsubscribe", json!({"uri": "note://0"})).await;
    let more = raw
        .ask("resources/subscribe", json!({"uri": "note://more"}))
        .await;
    assert_eq!(more["result"], json!({}));
    assert_eq!(handle.listeners().watches, WATCHES_PER_LISTENER_MAX);
}

#[tokio::test]
async fn a_principal_leaves_room_for_others() {
    let server = server().build().expect("it is right");
    let handle = server.handle();
    let of = |name: &'static str| {
        let server = server.clone();
        server.identified_by(move |_| Principal::new(name, [""; 0]))
    };
    let uris: Vec<String> = (0..WATCHES_PER_LISTENER_MAX)
        .map(|n| format!("note://{n}"))
        .collect();
    let mut greedy = Raw::connect(&of("greedy"));
    for _ in 0..WATCHES_PER_PRINCIPAL_MAX / WATCHES_PER_LISTENER_MAX {
        let (_, accepted) = greedy.listen(json!({"resourceSubscriptions": uris})).await;
        assert_eq!(accepted["resourceSubscriptions"], json!(uris));
    }
    let (_, accepted) = greedy
        .listen(json!({"resourceSubscriptions": ["note://a", "note://b"]}))
        .await;
    assert_eq!(accepted, json!({}));
    let ended = greedy.next().await["error"]["message"].to_string();
    assert!(
        ended.contains("the most that this principal may watch"),
        "{ended}"
    );
    for _ in greedy_streams(&handle)..STREAMS_PER_PRINCIPAL_MAX {
        greedy.listen(json!({"resourcesListChanged": true})).await;
    }
    let (_, accepted) = greedy.listen(json!({"resourcesListChanged": true})).await;
    assert_eq!(accepted, json!({}));
    let ended = greedy.next().await["error"]["message"].to_string();
    assert!(ended.contains("`greedy` has 1024 streams open"), "{ended}");

    let mut modest = Raw::connect(&of("modest"));
    let (_, accepted) = modest
        .listen(json!({"resourceSubscriptions": ["note://a"]}))
        .await;
    assert_eq!(accepted, json!({"resourceSubscriptions": ["note://a"]}));
}

#[tokio::test]
async fn a_server_says_how_many_may_listen_and_to_how_much() {
    let mut bounds = ListenerBounds::default();
    bounds.streams_max = 3;
    bounds.streams_per_principal_max = 2;
    bounds.watches_max = 3;
    bounds.watches_per_principal_max = 2;
    bounds.watches_per_listener_max = 1;
    let server = server().listener_bounds(bounds).build().expect("it is right");
    let of = |name: &'static str| {
        let server = server.clone();
        server.identified_by(move |_| Principal::new(name, [""; 0]))
    };
    let [mut ada, mut bob, mut cleo] = ["ada", "bob", "cleo"].map(|name| Raw::connect(&of(name)));
    let watching = |uris: &[&str]| json!({"resourceSubscriptions": uris});
    let both = watching(&["note://a", "note://b"]);
    // One each, so the second is too much for the stream, and a third for the principal.
    assert_eq!(ada.listen(both.clone()).await.1, watching(&["note://a"]));
    assert_eq!(ada.listen(both.clone()).await.1, watching(&["note://a"]));
    assert_eq!(ada.listen(both.clone()).await.1, json!({}));
    let ended = ada.next().await["error"]["message"].to_string();
    assert!(ended.contains("`ada` has 2 streams open"), "{ended}");
    assert_eq!(bob.listen(both.clone()).await.1, watching(&["note://a"]));
    assert_eq!(cleo.listen(both).await.1, json!({}));
    let ended = cleo.next().await["error"]["message"].to_string();
    assert!(ended.contains("3 streams are open"), "{ended}");
}

fn greedy_streams(handle: &ServerHandle) -> usize {
    handle.listeners().streams
}

#[tokio::test]
async fn a_thousand_subscriptions_leave_nothing_behind() {
    let (service, handle) = service(server());
    let mut raw = Raw::connect(&service);
    let mut streams = Vec::new();
    for n in 0..500 {
        let wanted = json!({"toolsListChanged": true, "resourceSubscriptions": [format!("note://{n}"), "config://app"]});
        streams.push(raw.listen(wanted).await.0);
    }
    let (session, _) = {
        let (mut session, info) = Raw::session(&service, "2025-11-25").await;
        for n in 0..500 {
            session
                .ask("resources/subscribe", json!({"uri": format!("note://{n}")}))
                .await;
        }
        (session, info)
    };
    let listeners = handle.listeners();
    assert_eq!(
        (listeners.sessions, listeners.streams, listeners.watches),
        (1, 500, 1500)
    );
    // Half of the streams are cancelled, the others end with their connection; so does the session.
    for id in streams.drain(..250) {
        raw.cancel(id).await;
    }
    until(|| handle.listeners().streams == 250).await;
    assert_eq!(handle.listeners().watches, 1000);
    drop((raw, session));
    // Connections that are broken off at any moment leave nothing either.
    for n in 0..200 {
        let mut raw = Raw::connect(&service);
        let params = modern(json!({"notifications": {"resourceSubscriptions": ["config://app"]}}));
        raw.request("subscriptions/listen", params).await;
        for _ in 0..n % 20 {
            tokio::task::yield_now().await;
        }
    }
    until(|| handle.listeners() == Listeners::default()).await;
}
