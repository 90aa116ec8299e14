//! Resources: fixed and templated, typed variables, listing, completion, guards.

use holdall::prelude::*;
use holdall::{Entry, Page};
use rmcp::model::{
    ArgumentInfo, CompleteRequestParams, PaginatedRequestParams, ReadResourceRequestParams, Reference,
    ResourceContents,
};

use crate::client::{Client, connect};

/// Settings of the app.
#[resource("config://app-settings", mime_type = "application/json")]
fn settings() -> Json<serde_json::Value> {
    Json(serde_json::json!({"theme": "dark"}))
}

/// The profile of a user.
#[resource("user://{user_id}/profile")]
async fn profile(user_id: u64) -> CallResult<String> {
    if user_id == 404 {
        Err(CallError::not_found("there is no user 404"))
    } else {
        Ok(format!("user {user_id}"))
    }
}

#[resource("find://things{?text,page}")]
fn find(text: Option<String>, #[arg(default = 1)] page: u32) -> String {
    format!("{text:?} {page}")
}

struct Files;

#[toolset]
impl Files {
    /// A file.
    #[resource("files://{+path}", list = list, complete(path = complete))]
    fn file(&self, path: String) -> Vec<u8> {
        path.into_bytes()
    }

    fn list(&self, cursor: Option<&str>) -> CallResult<Page> {
        let start: usize = cursor.map_or(Ok(0), str::parse)?;
        let entries = (start..start + 2)
            .map(|n| Entry::new(format!("files://{n}"), n.to_string()))
            .collect();
        Ok(Page::new(entries, (start < 2).then(|| (start + 2).to_string())))
    }

    fn complete(&self, typed: &str) -> Vec<String> {
        (0..150).map(|n| format!("{typed}{n}")).collect()
    }
}

async fn client() -> Client {
    connect(
        Server::new("test")
            .add(Files)
            .add(resources![profile, settings, find]),
    )
    .await
}

async fn read(client: &Client, uri: &str) -> Result<String, String> {
    let result = client
        .0
        .read_resource(ReadResourceRequestParams::new(uri))
        .await
        .map_err(|e| e.to_string())?;
    Ok(match &result.contents[0] {
        ResourceContents::TextResourceContents { text, mime_type, .. } => format!("{mime_type:?} {text}"),
        ResourceContents::BlobResourceContents { blob, mime_type, .. } => format!("{mime_type:?} {blob}"),
        _ => "other contents".into(),
    })
}

#[tokio::test]
async fn contents_follow_the_return_type() {
    let client = client().await;
    let settings = read(&client, "config://app-settings").await.expect("it exists");
    assert_eq!(settings, "Some(\"application/json\") {\n  \"theme\": \"dark\"\n}");
    assert_eq!(
        read(&client, "user://7/profile").await,
        Ok("Some(\"text/plain\") user 7".into())
    );
    assert_eq!(
        read(&client, "files://a/b").await,
        Ok("Some(\"application/octet-stream\") YS9i".into())
    );
    assert_eq!(
        read(&client, "find://things?text=a%20b&page=3").await,
        Ok("Some(\"text/plain\") Some(\"a b\") 3".into())
    );
    assert_eq!(
        read(&client, "find://things").await,
        Ok("Some(\"text/plain\") None 1".into())
    );
}

#[tokio::test]
async fn wrong_addresses_are_errors_that_teach() {
    let client = client().await;
    for (uri, expected) in [
        ("user://me/profile", "/user_id: expected integer, got \"me\""),
        ("user://404/profile", "there is no user 404"),
        ("files://../etc/passwd", "`.` or `..` as a path segment"),
        ("files://%2e%2e/etc", "`.` or `..` as a path segment"),
        ("config://app-setting", "did you mean `config://app-settings`?"),
        ("nothing", "there is no resource `nothing`"),
    ] {
        let error = read(&client, uri).await.expect_err(uri);
        assert!(error.contains(expected), "{uri}: {error}");
    }
}

#[tokio::test]
async fn listings_page_through_the_concrete_resources() {
    let client = client().await;
    let mut uris = Vec::new();
    let mut cursor = None;
    loop {
        let page = PaginatedRequestParams::default().with_cursor(cursor);
        let page = client
            .0
            .list_resources(Some(page))
            .await
            .expect("resources are listed");
        uris.extend(page.resources.into_iter().map(|resource| resource.uri));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(
        uris,
        [
            "config://app-settings",
            "files://0",
            "files://1",
            "files://2",
            "files://3"
        ]
    );
    let templates = client
        .0
        .list_all_resource_templates()
        .await
        .expect("templates are listed");
    let templates: Vec<_> = templates
        .iter()
        .map(|template| template.uri_template.as_str())
        .collect();
    assert_eq!(
        templates,
        [
            "files://{+path}",
            "user://{user_id}/profile",
            "find://things{?text,page}"
        ]
    );
    let page = PaginatedRequestParams::default().with_cursor(Some("rubbish".into()));
    let error = client
        .0
        .list_resources(Some(page))
        .await
        .expect_err("no such cursor")
        .to_string();
    assert!(
        error.contains("`rubbish` is not a cursor of this list"),
        "{error}"
    );
}

#[tokio::test]
async fn variables_are_completed_up_to_the_limit_of_the_protocol() {
    let client = client().await;
    let request = CompleteRequestParams::new(
        Reference::for_resource("files://{+path}"),
        ArgumentInfo::new("path", "x"),
    );
    let completion = client.0.complete(request).await.expect("it completes").completion;
    assert_eq!(
        (completion.values.len(), completion.total, completion.has_more),
        (100, Some(150), Some(true))
    );
    assert_eq!(completion.values[0], "x0");
}
