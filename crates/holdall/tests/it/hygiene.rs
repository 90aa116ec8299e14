//! What the attributes generate holds in any surroundings: other things called as ours, no prelude, every lint on,
//! another name for the crate.

use serde_json::json;

use crate::client::connect;

/// The author's types are called as those of the standard library and of Holdall.
mod shadowed {
    use holdall::schemars;
    use holdall::{Json, tool, toolset};

    pub(super) struct Result;
    pub(super) struct Server;
    pub(super) struct Tool;
    pub(super) struct Call;
    pub(super) struct Vec;
    pub(super) struct Ok;
    pub(super) struct Arc;

    #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
    pub(super) struct String {
        pub(super) text: std::string::String,
    }
    #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
    pub(super) struct Option {
        pub(super) number: u8,
    }

    /// Uses them all.
    #[tool]
    pub(super) fn join(
        string: String,
        option: Option,
        call: u8,
        value_0: u8,
        this: u8,
        join: u8,
    ) -> Json<String> {
        let _ = (Result, Server, Tool, Call, Vec, Ok, Arc);
        Json(String {
            text: std::format!("{} {} {call} {value_0} {this} {join}", string.text, option.number),
        })
    }

    pub(super) struct Methods(pub(super) u8);

    #[toolset]
    impl Methods {
        /// Uses them all.
        #[tool]
        pub(super) async fn method(&self, this: String, call: Option, reply: u8) -> std::string::String {
            std::format!("{} {} {} {reply}", self.0, this.text, call.number)
        }
    }
}

/// Nothing is in scope that is not written down.
mod bare {
    #![no_implicit_prelude]

    /// Adds.
    #[::holdall::tool(
        title = "Add",
        icons("https://example.com/a.png"),
        timeout = "2s",
        tags("a"),
        meta("com.example/a" = 1)
    )]
    pub(super) async fn add(
        #[arg(default = 1, range = 0..=9)] a: u8,
        b: ::std::option::Option<u8>,
        state: &::holdall::State<u8>,
        context: &::holdall::Context,
    ) -> ::std::result::Result<::std::string::String, ::holdall::CallError> {
        let _ = context;
        ::std::result::Result::Ok(::std::format!("{a} {b:?} {}", **state))
    }

    /// A thing.
    #[::holdall::resource("thing://{id}", ttl = "1s", cache = "public", complete(id = ids))]
    pub(super) fn thing(id: &str) -> ::std::string::String {
        ::std::format!("<{id}>")
    }

    fn ids(typed: &str) -> ::std::vec::Vec<::std::string::String> {
        ::std::vec![::std::format!("{typed}1")]
    }

    /// A prompt.
    #[::holdall::prompt]
    pub(super) fn ask(about: ::std::string::String, times: u8) -> ::std::string::String {
        ::std::format!("{about} {times}")
    }

    pub(super) struct Counter(pub(super) ::std::sync::atomic::AtomicU64);

    #[::holdall::toolset]
    impl Counter {
        /// Counts.
        #[tool]
        fn count(&self, by: u64, times: u64) -> u64 {
            self.0
                .fetch_add(by * times, ::std::sync::atomic::Ordering::Relaxed)
        }
    }
}

/// The crate is known under another name, and reached through another crate.
mod renamed {
    use ::holdall as mcp;

    mod facade {
        pub(super) use ::holdall as inside;
    }

    /// Says so.
    #[mcp::tool(crate = mcp, icons("https://example.com/a.png"))]
    pub(super) fn renamed_tool(a: u8, b: u8) -> u8 {
        a + b
    }

    /// A thing.
    #[mcp::resource("renamed://{id}", crate = "facade::inside", cache = "public", complete(id = ids))]
    pub(super) fn renamed_resource(id: String) -> String {
        id
    }

    fn ids(_: &str) -> Vec<&'static str> {
        vec!["1"]
    }

    pub(super) struct Renamed;

    #[mcp::toolset(crate = facade::inside)]
    impl Renamed {
        /// Asks.
        #[prompt]
        fn renamed_prompt(&self) -> &'static str {
            "why?"
        }
    }
}

/// The prelude brings all that deriving a schema needs.
mod prelude_alone {
    use holdall::prelude::*;

    #[derive(serde::Deserialize, serde::Serialize, JsonSchema)]
    pub(super) struct Point {
        pub(super) x: u8,
    }
}

/// Who has `schemars` as well gets on with it: by name, and as the crate reached through ours.
mod prelude_beside_schemars {
    use holdall::prelude::*;
    use schemars::JsonSchema;

    pub(super) mod inner {
        use holdall::prelude::*;
        use holdall::schemars;

        #[derive(serde::Deserialize, JsonSchema)]
        pub(in super::super) struct Line {
            pub(in super::super) length: u8,
        }
    }

    #[derive(serde::Deserialize, JsonSchema)]
    pub(super) struct Point {
        #[schemars(range(max = 9))]
        pub(super) y: u8,
    }

    /// Adds.
    #[tool]
    pub(super) fn add_points(
        a: super::prelude_alone::Point,
        b: Point,
        c: inner::Line,
    ) -> Json<super::prelude_alone::Point> {
        Json(super::prelude_alone::Point {
            x: a.x + b.y + c.length,
        })
    }
}

/// Every lint is an error.
#[deny(
    warnings,
    missing_docs,
    unused,
    deprecated,
    nonstandard_style,
    unreachable_pub
)]
#[deny(clippy::all, clippy::cargo, clippy::unwrap_used, clippy::expect_used)]
mod strict {
    use holdall::prelude::*;

    /// Does nothing with what it gets.
    #[tool]
    #[deprecated = "use another"]
    pub(crate) fn ignore(_a: u8, _b: Option<&str>, _ctx: Context) {}

    /// Never used by anybody.
    #[tool]
    fn unused_tool() {}

    const _: fn() = unused_tool;

    /// Has methods.
    pub(crate) struct Strict;

    #[toolset]
    impl Strict {
        /// Does nothing.
        #[tool]
        #[deprecated = "use another"]
        fn nothing(&self) {}

        /// Asks.
        #[prompt]
        fn wonder(&self) -> &'static str {
            "why?"
        }
    }
}

#[tokio::test]
async fn names_of_the_author_never_meet_ours() {
    let server = holdall::Server::new("test")
        .add(holdall::tools![shadowed::join])
        .add(shadowed::Methods(7));
    let client = connect(server).await;
    let arguments = json!({"string": {"text": "a"}, "option": {"number": 1}, "call": 2, "value_0": 3, "this": 4, "join": 5});
    assert_eq!(
        client.call("join", arguments).await,
        Ok("{\"text\":\"a 1 2 3 4 5\"}".into())
    );
    let arguments = json!({"this": {"text": "a"}, "call": {"number": 1}, "reply": 2});
    assert_eq!(client.call("method", arguments).await, Ok("7 a 1 2".into()));
}

#[tokio::test]
async fn nothing_is_needed_in_scope() {
    let server = holdall::Server::new("test")
        .state(3_u8)
        .add(holdall::tools![bare::add, renamed::renamed_tool])
        .add(holdall::resources![bare::thing, renamed::renamed_resource])
        .add(holdall::prompts![bare::ask])
        .add(bare::Counter(Default::default()))
        .add(renamed::Renamed)
        .add(strict::Strict);
    #[allow(deprecated, reason = "its author did not mean us")]
    let server = server.add(holdall::tools![strict::ignore]);
    let server = server.add(holdall::tools![prelude_beside_schemars::add_points]);
    let client = connect(server).await;
    let arguments = json!({"a": {"x": 1}, "b": {"y": 2}, "c": {"length": 3}});
    assert_eq!(client.call("add_points", arguments).await, Ok("{\"x\":6}".into()));
    assert_eq!(
        client.call("add", json!({"b": 2})).await,
        Ok("1 Some(2) 3".into())
    );
    assert_eq!(
        client.call("count", json!({"by": 2, "times": 3})).await,
        Ok("0".into())
    );
    assert_eq!(
        client.call("renamed_tool", json!({"a": 2, "b": 3})).await,
        Ok("5".into())
    );
    assert_eq!(client.call("ignore", json!({"a": 2})).await, Ok("done".into()));
    assert_eq!(client.call("nothing", json!({})).await, Ok("done".into()));
}
