//! The options of the attributes: what each becomes in the listing, on functions and on methods alike.

use holdall::prelude::*;
use holdall::protocol::ServiceExt;
use serde_json::json;

use crate::client::connect;

const OWNER: &str = "team-a";

/// Find a book.
///
/// Use it first.
#[tool(
    name = "library.find",
    title = "Find",
    version = "2.1.0",
    icons(
        "https://example.com/find.png",
        icon("data:image/svg+xml;base64,PHN2Zy8+", mime_type = "image/svg+xml", sizes("48x48", "any"), theme = "dark"),
        icon("https://example.com/day.png", theme = "light")
    ),
    read_only,
    destructive = false,
    idempotent,
    open_world = false,
    tags("books", "search"),
    scopes("books:read", "books:list"),
    meta("com.example/owner" = OWNER, "com.example/cost" = 3),
    timeout = "1h",
    max_result_bytes = 2 * 1024
)]
fn find() -> String {
    "found".into()
}

#[doc = "One line. "]
#[doc = include_str!("words.txt")]
#[tool]
fn described_in_a_file() {}

/// The doc comment is for Rust programmers.
#[tool(description = "What the model reads.")]
fn described_twice() {}

/// Settings.
#[resource(
    "config://app",
    name = "settings",
    title = "Settings",
    version = "3",
    icons("https://example.com/settings.png"),
    mime_type = "application/toml",
    size = 120,
    audience("user", "assistant"),
    priority = 0.75,
    last_modified = "2026-01-31T12:30:00Z",
    ttl = "5m",
    cache = "public",
    tags("config"),
    scopes("config"),
    meta("com.example/owner" = OWNER),
    timeout = "500ms",
    max_result_bytes = 1000
)]
fn settings() -> &'static str {
    "a = 1"
}

/// A page.
#[resource(
    "page://{number}",
    title = "Page",
    icons("https://example.com/page.png"),
    audience("user")
)]
fn page(number: u32) -> String {
    number.to_string()
}

/// Summarise.
#[prompt(
    name = "summary",
    title = "Summary",
    version = "1",
    icons("https://example.com/sum.png"),
    tags("text"),
    scopes("text"),
    meta("com.example/owner" = OWNER),
    timeout = "2s"
)]
fn summarise(
    /// What to summarise.
    #[arg(title = "Text")]
    text: String,
    #[arg(name = "max words", range = 1..=500)] max_words: Option<u16>,
) -> String {
    format!("{text} {max_words:?}")
}

struct Everything;

#[toolset]
impl Everything {
    /// Find a book.
    ///
    /// Use it first.
    #[tool(
        name = "library.find",
        title = "Find",
        version = "2.1.0",
        icons(
            "https://example.com/find.png",
            icon("data:image/svg+xml;base64,PHN2Zy8+", mime_type = "image/svg+xml", sizes("48x48", "any"), theme = "dark"),
            icon("https://example.com/day.png", theme = "light")
        ),
        read_only,
        destructive = false,
        idempotent,
        open_world = false,
        tags("books", "search"),
        scopes("books:read", "books:list"),
        meta("com.example/owner" = OWNER, "com.example/cost" = 3),
        timeout = "1h",
        max_result_bytes = 2 * 1024
    )]
    fn find(&self) -> String {
        "found".into()
    }

    /// Settings.
    #[resource(
        "config://app",
        name = "settings",
        title = "Settings",
        version = "3",
        icons("https://example.com/settings.png"),
        mime_type = "application/toml",
        size = 120,
        audience("user", "assistant"),
        priority = 0.75,
        last_modified = "2026-01-31T12:30:00Z",
        ttl = "5m",
        cache = "public",
        tags("config"),
        scopes("config"),
        meta("com.example/owner" = OWNER),
        timeout = "500ms",
        max_result_bytes = 1000
    )]
    fn settings(&self) -> &'static str {
        "a = 1"
    }

    /// Summarise.
    #[prompt(
        name = "summary",
        title = "Summary",
        version = "1",
        icons("https://example.com/sum.png"),
        tags("text"),
        scopes("text"),
        meta("com.example/owner" = OWNER),
        timeout = "2s"
    )]
    fn summarise(
        &self,
        /// What to summarise.
        #[arg(title = "Text")]
        text: String,
        #[arg(name = "max words", range = 1..=500)] max_words: Option<u16>,
    ) -> String {
        format!("{text} {max_words:?}")
    }

    #[cfg(any())]
    #[tool]
    fn not_there(&self) -> NoSuchType {}
}

#[cfg(any())]
#[tool]
fn not_there() -> NoSuchType {}

#[tool]
#[cfg(any())]
fn not_there_either() -> NoSuchType {}

fn functions() -> Server {
    Server::new("test")
        .add(tools![find])
        .add(resources![settings])
        .add(prompts![summarise])
}

async fn listed(server: Server) -> serde_json::Value {
    let client = connect(server).await;
    let tools = client.0.list_all_tools().await.expect("tools are listed");
    let resources = client.0.list_all_resources().await.expect("resources are listed");
    let prompts = client.0.list_all_prompts().await.expect("prompts are listed");
    json!([tools, resources, prompts])
}

#[tokio::test]
async fn every_option_is_listed() {
    insta::assert_json_snapshot!(listed(functions()).await);
}

#[tokio::test]
async fn methods_have_the_same_options() {
    assert_eq!(
        listed(Server::new("test").add(Everything)).await,
        listed(functions()).await
    );
}

#[tokio::test]
async fn scopes_decide_who_sees_what() {
    for server in [functions(), Server::new("test").add(Everything)] {
        let service = server.build().expect("the server is put together rightly");
        let service = service.identified_by(|_| Principal::new("ada", ["books:read", "books:list", "text"]));
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move {
            let running = service.serve(far).await.expect("the handshake succeeds");
            running.waiting().await.expect("the server ends with its client");
        });
        let client = ().serve(near).await.expect("the handshake succeeds");
        assert_eq!(client.list_all_tools().await.expect("tools are listed").len(), 1);
        assert_eq!(
            client.list_all_prompts().await.expect("prompts are listed").len(),
            1
        );
        assert_eq!(
            client
                .list_all_resources()
                .await
                .expect("resources are listed")
                .len(),
            0
        );
        let request = rmcp::model::ReadResourceRequestParams::new("config://app");
        assert!(
            client.read_resource(request).await.is_err(),
            "ada lacks the scope `config`"
        );
    }
}

#[tokio::test]
async fn templates_are_listed_with_what_they_say() {
    let client = connect(Server::new("test").add(resources![page])).await;
    let templates = client
        .0
        .list_all_resource_templates()
        .await
        .expect("templates are listed");
    insta::assert_json_snapshot!(templates);
}

#[tokio::test]
async fn descriptions_come_from_doc_comments_files_and_options() {
    let client = connect(Server::new("test").add(tools![described_in_a_file, described_twice])).await;
    let tools = client.0.list_all_tools().await.expect("tools are listed");
    let described: Vec<_> = tools.iter().map(|tool| tool.description.as_deref()).collect();
    assert_eq!(
        described,
        [Some("One line. \nfrom a file\n\n"), Some("What the model reads.")]
    );
}

#[tokio::test]
async fn reading_says_how_long_and_for_whom_it_may_be_cached() {
    let client = connect(Server::new("test").add(resources![settings, page])).await;
    let read = async |uri: &str| {
        let request = rmcp::model::ReadResourceRequestParams::new(uri);
        let result = client.0.read_resource(request).await.expect("it exists");
        serde_json::to_value(result).expect("results are JSON")
    };
    let settings = read("config://app").await;
    assert_eq!(
        (&settings["ttlMs"], &settings["cacheScope"]),
        (&json!(300_000), &json!("public"))
    );
    let page = read("page://1").await;
    assert_eq!(
        (&page["ttlMs"], &page["cacheScope"]),
        (&json!(0), &json!("private"))
    );
}

#[tokio::test]
async fn limits_of_tools_and_resources_hold() {
    #[tool(max_result_bytes = 3)]
    fn long() -> &'static str {
        "four"
    }
    #[resource("long://", max_result_bytes = 3)]
    fn long_resource() -> &'static str {
        "four"
    }
    let client = connect(
        Server::new("test")
            .add(tools![long])
            .add(resources![long_resource]),
    )
    .await;
    let error = client.call("long", json!({})).await.unwrap_err();
    assert!(error.contains("4 bytes, more than the 3 allowed"), "{error}");
    let request = rmcp::model::ReadResourceRequestParams::new("long://");
    let error = client.0.read_resource(request).await.expect_err("it is too long");
    assert!(
        error.to_string().contains("4 bytes, more than the 3 allowed"),
        "{error}"
    );
}

#[tokio::test]
async fn a_tool_that_confirms_takes_the_code_of_a_refusal() {
    #[tool(destructive, confirm)]
    async fn delete(ctx: Context, what: String) -> CallResult<String> {
        ctx.confirm(format!("Delete {what}?")).await?;
        Ok(format!("deleted {what}"))
    }
    let client = connect(Server::new("test").add(tools![delete])).await;
    let tools = client.0.list_all_tools().await.expect("tools are listed");
    let schema = &tools[0].input_schema;
    assert!(schema["properties"]["confirmation"].is_object());
    assert_eq!(schema["required"], json!(["what"]));
    // This client cannot ask anybody, so the refusal says how to confirm.
    let refusal = client.call("delete", json!({"what": "all"})).await.unwrap_err();
    assert!(refusal.contains("`confirmation`"), "{refusal}");
    let code = refusal.rsplit('"').nth(1).expect("the code stands in quotes");
    let arguments = json!({"what": "all", "confirmation": code});
    assert_eq!(client.call("delete", arguments).await, Ok("deleted all".into()));
}

#[test]
fn what_the_builder_is_told_wrong_is_named() {
    let tool = Tool::new("t")
        .icon("ftp://example.com/a.png")
        .icon(holdall::Icon::new("https://example.com/a.png").size("big"))
        .meta("no prefix", 1)
        .meta("holdall/tags", ["x"])
        .argument(Argument::of::<String>("größe"))
        .blocking_handler(|_| Ok("done"));
    let resource = Resource::new("a://{b}")
        .variable(Argument::of::<String>("b").header("B"))
        .blocking_handler(|_| Ok("done"));
    let headers = Tool::new("h")
        .argument(Argument::of::<String>("a").header("Region"))
        .argument(Argument::of::<String>("b").header("region"))
        .argument(Argument::of::<f64>("c").header("C"))
        .argument(Argument::of::<bool>("d").header("no token"))
        .blocking_handler(|_| Ok("done"));
    let prompt = Prompt::new("p")
        .argument(Argument::of::<u8>("n").range(0, 900).default("x"))
        .blocking_handler(|_| Ok("done"));
    let error = Server::new("test")
        .add([tool, headers])
        .add(resource)
        .add(prompt)
        .build()
        .err()
        .expect("the server does not start");
    insta::assert_snapshot!(error);
}
