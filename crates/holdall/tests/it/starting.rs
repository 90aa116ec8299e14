//! What begins when components have become part of a server.

use std::sync::{Arc, Mutex};

use holdall::prelude::*;
use holdall::{Change, Components};

use crate::raw::Raw;

type Handles = Arc<Mutex<Vec<ServerHandle>>>;

/// A bundle that keeps each handle it is given.
fn bundle(name: &str, handles: &Handles) -> Components {
    let handles = Arc::clone(handles);
    Components::new()
        .add(Tool::new(name).handler(async |_| Ok("done")))
        .add(Resource::new(format!("{name}://{{+path}}")).handler(async |_| Ok("contents")))
        .on_start(move |server| handles.lock().expect("nobody panicked").push(server))
}

fn taken(handles: &Handles) -> Vec<ServerHandle> {
    std::mem::take(&mut handles.lock().expect("nobody panicked"))
}

#[tokio::test]
async fn it_begins_once_for_each_server_that_is_built() {
    let handles = Handles::default();
    let server = Server::new("test").add(bundle("note", &handles).retain_tools(|_| false));
    assert!(
        taken(&handles).is_empty(),
        "nothing begins before the server is built"
    );
    let other = server.clone().build().unwrap();
    let service = server.build().unwrap();
    let [first, second] = taken(&handles).try_into().unwrap();
    assert!(!first.has_stopped() && !second.has_stopped());
    drop(other);
    assert!(first.has_stopped() && !second.has_stopped());

    let (mut raw, _) = Raw::session(&service, "2025-11-25").await;
    raw.ask("resources/subscribe", serde_json::json!({"uri": "note://a.md"}))
        .await;
    second.resource_updated("note://a.md");
    assert_eq!(raw.news().await, "notifications/resources/updated note://a.md");
    drop((raw, service));
    crate::raw::until(|| second.has_stopped()).await;
}

#[test]
fn it_needs_no_runtime_and_a_server_that_is_wrong_begins_nothing() {
    let handles = Handles::default();
    let wrong = [
        Server::new("test")
            .add(bundle("note", &handles))
            .add(bundle("note", &handles)),
        Server::new("test").add(bundle("note", &handles)).page_size(0),
        Server::new("test").mount("x", Server::new("in").add(bundle("no name", &handles))),
    ];
    for server in wrong {
        assert!(server.build().is_err());
    }
    assert!(taken(&handles).is_empty());
    let service = Server::new("test").add(bundle("note", &handles)).build().unwrap();
    assert_eq!(taken(&handles).len(), 1);
    drop(service);
}

#[tokio::test]
async fn mounted_it_speaks_of_its_own_names() {
    let handles = Handles::default();
    let inner = Server::new("inner").add(bundle("note", &handles));
    let outer = Server::new("outer")
        .mount("my", Server::new("middle").mount("own", inner))
        .add(bundle("note", &handles));
    let service = outer.build().unwrap();
    let (mut raw, _) = Raw::session(&service, "2025-11-25").await;
    for uri in ["my+own+note://a.md", "note://a.md"] {
        let subscribed = raw
            .ask("resources/subscribe", serde_json::json!({ "uri": uri }))
            .await;
        assert_eq!(subscribed["result"], serde_json::json!({}), "{subscribed}");
    }
    let mut heard = Vec::new();
    for handle in taken(&handles) {
        handle.resource_updated("note://a.md");
        heard.push(raw.news().await);
    }
    heard.sort();
    assert_eq!(
        heard,
        [
            "notifications/resources/updated my+own+note://a.md",
            "notifications/resources/updated note://a.md"
        ]
    );
}

#[tokio::test]
async fn what_is_added_later_begins_then_and_may_change_the_server_itself() {
    let handles = Handles::default();
    let service = Server::new("test")
        .offers_later([holdall::Kind::Tool])
        .build()
        .unwrap();
    let handle = service.handle();
    handle.add(bundle("one", &handles)).unwrap();
    assert_eq!(taken(&handles).len(), 1);
    // What is refused does not begin, nor does anything that comes with it.
    let change = Change::new()
        .add(bundle("two", &handles))
        .add(bundle("one", &handles));
    assert!(handle.apply(change).is_err());
    assert!(taken(&handles).is_empty());
    let more = bundle("three", &handles).on_start(|server| {
        let tool = Tool::new("four").blocking_handler(|_| Ok("4"));
        server.replace(tool).unwrap();
    });
    handle.replace(more).unwrap();
    assert_eq!(taken(&handles).len(), 1);
    assert_eq!(service.tool_names(), ["one", "three", "four"]);
}

struct Watched(Handles);

#[toolset(on_start = begin)]
impl Watched {
    /// Count handles.
    #[tool]
    fn count(&self) -> usize {
        self.0.lock().expect("nobody panicked").len()
    }

    fn begin(&self, server: ServerHandle) {
        self.0.lock().expect("nobody panicked").push(server);
    }
}

#[tokio::test]
async fn a_toolset_names_the_method_that_begins() {
    let handles = Handles::default();
    let service = Server::new("test")
        .add(Watched(Arc::clone(&handles)))
        .build()
        .unwrap();
    let [handle] = taken(&handles).try_into().unwrap();
    handle.remove_tool("count").unwrap();
    assert!(service.tool_names().is_empty());
}
