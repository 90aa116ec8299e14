//! What `docs/toolsets` says each toolset offers is what it offers, and what `schema` promises is kept.
//!
//! `UPDATE_TOOLSET_PAGES=1 cargo test -p holdall-toolsets --all-features pages` writes the tables anew;
//! `HOLDALL_UPDATE_LOCK=1` accepts what breaks the promises.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use holdall::{Server, Service, Toolset};
use holdall_testkit::Client;
use rmcp::model::Tool;

/// What is between these lines of a page is written by the test.
const BEGIN: &str = "<!-- what it offers: written by the test `pages` of holdall-toolsets -->\n";
const END: &str = "<!-- end of what it offers -->";
/// More than these a model chooses badly from.
const TOOLS_MAX: usize = 10;

/// Compares page and schema lock of the toolset `name` with what it brings.
pub(crate) async fn check(name: &str, toolset: impl Toolset) {
    let server = Server::new(name).add(toolset);
    holdall_testkit::check_schema_lock(server.clone(), format!("schema/{name}.json"));
    let offered = offered(server.build().unwrap()).await;
    let path = Path::new("../../docs/toolsets").join(name).with_extension("md");
    let page = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (written, after) = rest.split_once(END)?;
        Some((before, written, after))
    });
    let (before, written, after) =
        parts.unwrap_or_else(|| panic!("{} has no place for the tables: {BEGIN}{END}", path.display()));
    if written != offered && std::env::var_os("UPDATE_TOOLSET_PAGES").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{offered}{END}{after}")).unwrap();
        return;
    }
    assert!(
        written == offered,
        "{} is not what the toolset offers: run `UPDATE_TOOLSET_PAGES=1 cargo test -p holdall-toolsets --all-features pages`",
        path.display()
    );
}

/// Tables of tools, resources and prompts.
async fn offered(service: Service) -> String {
    let budget = service.tool_budget();
    let client = Client::connect(service).await;
    let tools = client.list_tools().await;
    assert!(tools.len() <= TOOLS_MAX, "{} tools", tools.len());
    let mut text = String::new();
    if !tools.is_empty() {
        text.push_str("| tool | what it does | effect | tokens |\n| --- | --- | --- | --- |\n");
        for (tool, cost) in tools.iter().zip(&budget.tools) {
            assert_eq!(tool.name, cost.name);
            let about = sentence(tool.description.as_deref());
            let _ = writeln!(
                text,
                "| `{}` | {about} | {} | {} |",
                tool.name,
                effect(tool),
                cost.tokens
            );
        }
        let _ = writeln!(
            text,
            "\nTogether about {} tokens of every conversation.",
            budget.tokens()
        );
    }
    let mut rows = Vec::new();
    for resource in client.list_templates().await {
        rows.push((resource.uri_template.clone(), resource.description.clone()));
    }
    for resource in client.list_resources().await {
        rows.push((resource.uri.clone(), resource.description.clone()));
    }
    table("resource", &rows, &mut text);
    let prompts = client.list_prompts().await;
    let prompts = prompts
        .into_iter()
        .map(|prompt| (prompt.name.clone(), prompt.description.clone()));
    table("prompt", &prompts.collect::<Vec<_>>(), &mut text);
    text
}

fn table(what: &str, rows: &[(String, Option<String>)], text: &mut String) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n| {what} | what it is |\n| --- | --- |");
    for (name, description) in rows {
        let _ = writeln!(text, "| `{name}` | {} |", sentence(description.as_deref()));
    }
}

fn effect(tool: &Tool) -> &'static str {
    let annotations = tool.annotations.clone().unwrap_or_default();
    match (annotations.read_only_hint, annotations.destructive_hint) {
        (Some(true), _) => "reads",
        (_, Some(false)) => "writes",
        _ => "writes, may destroy",
    }
}

/// The first sentence of a description.
fn sentence(description: Option<&str>) -> String {
    let whole = description.expect("everything is described").replace('\n', " ");
    let end = whole.find(". ").map_or(whole.len(), |end| end + 1);
    whole[..end].trim_end_matches('.').replace('|', "\\|")
}

#[cfg(feature = "calculator")]
#[tokio::test]
async fn calculator() {
    let toolset = holdall_toolsets::calculator::CalculatorToolset::default();
    check("calculator", toolset).await;
}

#[cfg(feature = "clock")]
#[tokio::test]
async fn clock() {
    let config = holdall_toolsets::clock::ClockConfig::default();
    let toolset = holdall_toolsets::clock::ClockToolset::new(&config).unwrap();
    check("clock", toolset).await;
}

#[cfg(feature = "fetch")]
#[tokio::test]
async fn fetch() {
    let mut config = holdall_toolsets::fetch::FetchConfig::default();
    // Without hosts one of its tools is not offered.
    config.request_hosts = vec!["api.example.com".parse().unwrap()];
    check(
        "fetch",
        holdall_toolsets::fetch::FetchToolset::new(&config).unwrap(),
    )
    .await;
}

#[cfg(feature = "files")]
#[tokio::test]
async fn files() {
    use holdall_toolsets::files::{FilesConfig, FilesToolset, RootConfig};
    let folder = tempfile::tempdir().unwrap();
    let mut config = FilesConfig::default();
    config
        .roots
        .insert("work".to_owned(), RootConfig::writable(folder.path()));
    check("files", FilesToolset::open(&config).unwrap()).await;
}

#[cfg(feature = "memory")]
#[tokio::test]
async fn memory() {
    use holdall_toolsets::memory::{MemoryConfig, MemoryToolset};
    let folder = tempfile::tempdir().unwrap();
    let toolset = MemoryToolset::open(&folder.path().join("memory.db"), &MemoryConfig::default()).unwrap();
    check("memory", toolset).await;
}

#[cfg(feature = "notes")]
#[tokio::test]
async fn notes() {
    let (notes, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = holdall_notes::NotebookOptions::new(data.path());
    let notebook = holdall_notes::Notebook::open(&[notes.path()], options).unwrap();
    let toolset = holdall_toolsets::notes::NotesToolset::new(std::sync::Arc::new(notebook));
    check("notes", toolset).await;
}

#[cfg(feature = "prompts")]
#[tokio::test]
async fn prompts() {
    let folder = tempfile::tempdir().unwrap();
    let config = holdall_toolsets::prompts::PromptsConfig {
        folders: vec![folder.path().to_owned()],
        ..Default::default()
    };
    let toolset = holdall_toolsets::prompts::PromptsToolset::open(&config).unwrap();
    check("prompts", toolset).await;
}

#[cfg(feature = "sites")]
#[tokio::test]
async fn sites() {
    let folder = tempfile::tempdir().unwrap();
    let config = holdall_toolsets::sites::SitesConfig::default();
    let toolset = holdall_toolsets::sites::SitesToolset::open(config, &folder.path().join("sites.db"));
    check("sites", toolset.unwrap()).await;
}

#[cfg(feature = "sql")]
#[tokio::test]
async fn sql() {
    use holdall_toolsets::sql::{DatabaseConfig, DatabaseSource, SqlConfig, SqlToolset};

    let file = tempfile::NamedTempFile::new().unwrap();
    let mut config = SqlConfig::default();
    let source = DatabaseSource::Sqlite(file.path().to_owned());
    config
        .databases
        .insert("shop".to_owned(), DatabaseConfig::new(source));
    check("sql", SqlToolset::new(&config).unwrap()).await;
}

#[cfg(feature = "tasks")]
#[tokio::test]
async fn tasks() {
    use holdall_toolsets::tasks::{TasksConfig, TasksToolset};
    let folder = tempfile::tempdir().unwrap();
    let toolset = TasksToolset::open(&folder.path().join("tasks.db"), &TasksConfig::default()).unwrap();
    check("tasks", toolset).await;
}

#[cfg(feature = "thinking")]
#[tokio::test]
async fn thinking() {
    check("thinking", holdall_toolsets::thinking::ThinkingToolset::new()).await;
}

#[cfg(feature = "web_search")]
#[tokio::test]
async fn web_search() {
    let mut config = holdall_toolsets::web_search::WebSearchConfig::default();
    config.key = Some(holdall::Secret::new("not a real key"));
    let toolset = holdall_toolsets::web_search::WebSearchToolset::new(&config).unwrap();
    check("web_search", toolset).await;
}
