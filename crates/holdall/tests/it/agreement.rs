//! What is listed can be used, and what is not listed cannot: for servers of any shape, before and after a change.

use std::collections::BTreeSet;

use holdall::prelude::*;
use holdall::{Change, Kind};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::raw::{Raw, column, service_for};

/// How many names, tags and scopes there are to choose from.
const NAMES: usize = 4;
const LABELS: usize = 3;
const PREFIXES: [&str; 3] = ["a", "b_c", ""];

/// A component: its name, its tags and its scopes, by number.
#[derive(Clone, Debug)]
struct Item {
    name: usize,
    tags: BTreeSet<usize>,
    scopes: BTreeSet<usize>,
}

/// A server, and what is mounted into it.
#[derive(Clone, Debug)]
struct Shape {
    items: Vec<Item>,
    only: Option<BTreeSet<usize>>,
    without: BTreeSet<usize>,
    /// From one of the names there may be to a new one.
    rename: Option<(usize, usize)>,
    mounts: Vec<(usize, Shape)>,
}

/// A change of one of the servers: an item comes or is replaced, or goes.
#[derive(Clone, Debug)]
struct Step {
    path: Vec<usize>,
    item: Item,
    removes: bool,
}

fn labels() -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0..LABELS, 0..=2)
}

fn item() -> impl Strategy<Value = Item> {
    (0..NAMES, labels(), labels()).prop_map(|(name, tags, scopes)| Item { name, tags, scopes })
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = shape_with(Just(Vec::new()).boxed());
    leaf.prop_recursive(2, 6, 2, |inner| {
        shape_with(proptest::collection::vec((0..PREFIXES.len(), inner), 0..=2).boxed())
    })
}

fn shape_with(mounts: BoxedStrategy<Vec<(usize, Shape)>>) -> BoxedStrategy<Shape> {
    let items = proptest::collection::vec(item(), 1..=NAMES);
    let only = proptest::option::weighted(0.2, labels());
    let without = prop_oneof![2 => Just(BTreeSet::new()), 1 => labels()];
    let rename = proptest::option::weighted(0.3, (0..NAMES, 0..NAMES + 2));
    (items, only, without, rename, mounts)
        .prop_map(|(mut items, only, without, rename, mounts)| {
            let mut seen = BTreeSet::new();
            items.retain(|item| seen.insert(item.name));
            Shape {
                items,
                only,
                without,
                rename,
                mounts,
            }
        })
        .boxed()
}

fn step() -> impl Strategy<Value = Step> {
    let path = proptest::collection::vec(0..PREFIXES.len(), 0..=2);
    (path, item(), any::<bool>()).prop_map(|(path, item, removes)| Step { path, item, removes })
}

fn tag(n: &usize) -> String {
    format!("tag{n}")
}

fn scope(n: &usize) -> String {
    format!("scope{n}")
}

/// Each item is offered in every form there is.
fn components(item: &Item) -> (Tool, Prompt, [Resource; 2]) {
    let Item { name, tags, scopes } = item;
    let scopes = || scopes.iter().map(scope);
    let complete = || Completer::new(|_, _| Vec::<String>::new());
    let tool = Tool::new(format!("n{name}")).scopes(scopes());
    let prompt = Prompt::new(format!("n{name}"))
        .scopes(scopes())
        .argument(Argument::of::<String>("x").optional())
        .complete("x", complete());
    let resources = [format!("n{name}://fixed"), format!("n{name}://of/{{x}}")].map(|uri| {
        let resource = Resource::new(&uri).scopes(scopes());
        let resource = tags.iter().fold(resource, |resource, n| resource.tag(tag(n)));
        let resource = match uri.contains('{') {
            true => resource.complete("x", complete()),
            false => resource,
        };
        resource.handler(async |_| Ok(""))
    });
    (
        tags.iter()
            .fold(tool, |tool, n| tool.tag(tag(n)))
            .handler(async |_| Ok("")),
        tags.iter()
            .fold(prompt, |prompt, n| prompt.tag(tag(n)))
            .handler(async |_| Ok("")),
        resources,
    )
}

fn server(shape: &Shape) -> Server {
    let mut server = Server::new("test").offers_later([Kind::Tool, Kind::Prompt, Kind::Resource]);
    for item in &shape.items {
        let (tool, prompt, resources) = components(item);
        server = server.add(tool).add(prompt).add(resources);
    }
    for (prefix, mounted) in &shape.mounts {
        server = server.mount(PREFIXES[*prefix], self::server(mounted));
    }
    if let Some((from, to)) = shape.rename {
        let names = [format!("n{from}"), format!("n{to}")];
        server = server
            .rename_tool(&names[0], &names[1])
            .rename_prompt(&names[0], &names[1]);
    }
    if let Some(only) = &shape.only {
        server = server.only_tags(only.iter().map(tag));
    }
    server.without_tags(shape.without.iter().map(tag))
}

/// Every name and scheme anything can have in a tree of this depth.
fn universe() -> (Vec<String>, Vec<String>) {
    let mut routes = vec![(String::new(), String::new())];
    for _ in 0..2 {
        let longer: Vec<_> = routes
            .iter()
            .flat_map(|(names, schemes)| {
                [("a_", "a+"), ("b_c_", "b-c+")]
                    .map(|(name, scheme)| (format!("{names}{name}"), format!("{schemes}{scheme}")))
            })
            .collect();
        routes.extend(longer);
    }
    routes.sort();
    routes.dedup();
    let numbers = 0..NAMES + 2;
    routes
        .iter()
        .flat_map(|(names, schemes)| {
            numbers
                .clone()
                .map(move |n| (format!("{names}n{n}"), format!("{schemes}n{n}")))
        })
        .unzip()
}

async fn listed(raw: &mut Raw, method: &str, field: &str, key: &str) -> BTreeSet<String> {
    let page = raw.ask_modern(method, json!({})).await["result"].clone();
    assert!(page["nextCursor"].is_null(), "one page is enough for these few");
    let names = column(&page[field], key);
    let count = names.len();
    let set: BTreeSet<String> = names.into_iter().collect();
    assert_eq!(set.len(), count, "nothing is listed twice");
    set
}

async fn works(raw: &mut Raw, method: &str, params: Value) -> bool {
    let reply = raw.ask_modern(method, params).await;
    let kind = reply["error"]["data"]["error"]["kind"].as_str();
    assert!(
        reply["result"].is_object() || matches!(kind, Some("not_found" | "insufficient_scope")),
        "{reply}"
    );
    reply["result"].is_object()
}

/// Lists everything, then tries everything there could be.
async fn check(raw: &mut Raw) {
    let tools = listed(raw, "tools/list", "tools", "name").await;
    let prompts = listed(raw, "prompts/list", "prompts", "name").await;
    let fixed = listed(raw, "resources/list", "resources", "uri").await;
    let templates = listed(
        raw,
        "resources/templates/list",
        "resourceTemplates",
        "uriTemplate",
    )
    .await;
    let (names, schemes) = universe();
    for name in &names {
        let params = json!({"name": name});
        assert_eq!(
            works(raw, "tools/call", params.clone()).await,
            tools.contains(name),
            "tool {name}"
        );
        assert_eq!(
            works(raw, "prompts/get", params).await,
            prompts.contains(name),
            "prompt {name}"
        );
        let reference = json!({"type": "ref/prompt", "name": name});
        let params = json!({"ref": reference, "argument": {"name": "x", "value": ""}});
        assert_eq!(
            works(raw, "completion/complete", params).await,
            prompts.contains(name),
            "{name}"
        );
    }
    let mut watched = Vec::new();
    for scheme in &schemes {
        let (uri, template) = (format!("{scheme}://fixed"), format!("{scheme}://of/{{x}}"));
        let instance = format!("{scheme}://of/it");
        let params = json!({"uri": uri});
        assert_eq!(
            works(raw, "resources/read", params).await,
            fixed.contains(&uri),
            "{uri}"
        );
        let params = json!({"uri": instance});
        assert_eq!(
            works(raw, "resources/read", params).await,
            templates.contains(&template),
            "{instance}"
        );
        let reference = json!({"type": "ref/resource", "uri": template});
        let params = json!({"ref": reference, "argument": {"name": "x", "value": ""}});
        assert_eq!(
            works(raw, "completion/complete", params).await,
            templates.contains(&template),
            "{template}"
        );
        watched.extend([uri, instance]);
    }
    let (id, accepted) = raw
        .listen(json!({"toolsListChanged": true, "resourceSubscriptions": watched}))
        .await;
    let accepted: Vec<&str> = accepted["resourceSubscriptions"]
        .as_array()
        .map(|uris| uris.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    for uri in &watched {
        let visible = fixed.contains(uri) || templates.contains(&uri.replace("of/it", "of/{x}"));
        assert_eq!(accepted.contains(&uri.as_str()), visible, "watching {uri}");
    }
    raw.cancel(id).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_listed_works_and_what_is_not_does_not(
        shape in shape(),
        scopes in proptest::collection::btree_set(0..LABELS, 1..=LABELS),
        steps in proptest::collection::vec(step(), 0..=3),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            // Shapes that collide do not start; which do is another test's business.
            if server(&shape).build().is_err() {
                return;
            }
            let service = service_for(server(&shape), Principal::new("ada", scopes.iter().map(scope)));
            let mut raw = Raw::connect(&service);
            check(&mut raw).await;
            for Step { path, item, removes } in steps {
                let mut handle = Some(service.handle());
                for prefix in path {
                    handle = handle.and_then(|handle| handle.mounted(PREFIXES[prefix]));
                }
                let Some(handle) = handle else { continue };
                let (tool, prompt, resources) = components(&item);
                let change = match removes {
                    true => Change::new().remove_tool(format!("n{}", item.name)),
                    false => Change::new().replace(tool).replace(prompt).replace(resources),
                };
                // What would collide changes nothing.
                let _ = handle.apply(change);
                check(&mut raw).await;
            }
        });
    }
}
