//! `serve` on standard input and output, as a host starts it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};

use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

use crate::program::Home;

#[tokio::test]
async fn the_official_client_lists_and_searches() {
    let home = Home::new();
    let command = home.command(&["serve", "--notes", "notes"]);
    let transport = TokioChildProcess::new(tokio::process::Command::from(command)).unwrap();
    let client = ().serve(transport).await.unwrap();
    let server = serde_json::to_value(client.peer_info()).unwrap();
    assert_eq!(server["serverInfo"]["name"], "holdall");
    assert!(server["instructions"].as_str().unwrap().contains("search_notes"));
    let names: Vec<_> = client
        .list_all_tools()
        .await
        .unwrap()
        .into_iter()
        .map(|tool| tool.name.to_string())
        .collect();
    assert_eq!(names.len(), 9, "{names:?}");
    // The first questions may come before the notes are indexed, and are told so.
    let deadline = tokio::time::Instant::now() + crate::program::PATIENCE;
    loop {
        let arguments = json!({"query": "mechanic"}).as_object().cloned().unwrap();
        let request = CallToolRequestParams::new("search_notes").with_arguments(arguments);
        let result = client.call_tool(request).await.unwrap();
        let reply = result.structured_content.unwrap();
        if reply["hits"][0]["path"] == "car.md" {
            break;
        }
        assert!(
            reply["note"].is_string(),
            "nothing was found, and nothing said about why: {reply}"
        );
        assert!(tokio::time::Instant::now() < deadline);
    }
    client.cancel().await.unwrap();
}

fn start(home: &Home, arguments: &[&str]) -> Child {
    let mut command = home.command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn initialize() -> String {
    let parameters = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}});
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters});
    format!(
        "{request}\n{}\n",
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
    )
}

#[test]
fn standard_output_is_the_protocol_alone_and_the_end_of_input_the_end() {
    let home = Home::new();
    home.put("notes/broken.md", "---\ntitle: [\n---\nx\n");
    let mut server = start(&home, &["serve", "--notes", "notes", "--log", "trace"]);
    let mut input = server.stdin.take().unwrap();
    let call = |id: u32, name: &str, arguments: Value| {
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}}).to_string()
    };
    write!(
        input,
        "{}nonsense\n{}\n{}\n",
        initialize(),
        call(2, "search_notes", json!({"query": "mechanic"})),
        call(3, "read_note", json!({"path": "../out.md"})),
    )
    .unwrap();
    drop(input);
    let output = server.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let replies: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    for id in 1..=3 {
        assert!(
            replies.iter().any(|reply| reply["id"] == id),
            "no reply to {id}: {text}"
        );
    }
    assert!(replies.iter().all(|reply| reply["jsonrpc"] == "2.0"));
    assert!(!output.stderr.is_empty(), "the log went elsewhere");
}

#[test]
fn an_input_that_ends_at_once_is_no_error() {
    let home = Home::new();
    for sent in ["", "\n", "nonsense\n", "{\"jsonrpc\": \"2.0\", \"id\": 1"] {
        let mut server = start(&home, &["serve", "--notes", "notes"]);
        server.stdin.take().unwrap().write_all(sent.as_bytes()).unwrap();
        let output = server.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{sent:?}: {output:?}");
    }
}

#[test]
#[cfg(unix)]
fn asked_to_end_it_ends_well() {
    let home = Home::new();
    for signal in ["TERM", "INT"] {
        let mut server = start(&home, &["serve", "--notes", "notes"]);
        let mut input = server.stdin.take().unwrap();
        input.write_all(initialize().as_bytes()).unwrap();
        let mut output = BufReader::new(server.stdout.take().unwrap());
        output.read_line(&mut String::new()).unwrap();
        signalled(&server, signal);
        assert_eq!(server.wait().unwrap().code(), Some(0), "SIG{signal}");
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        drop(input);
    }
}

#[cfg(unix)]
pub(crate) fn signalled(process: &Child, signal: &str) {
    let sent = std::process::Command::new("kill")
        .args([&format!("-{signal}"), &process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn read_only_offers_nothing_that_writes() {
    let home = Home::new();
    let mut server = start(&home, &["serve", "notes", "--notes", "notes", "--read-only"]);
    let mut input = server.stdin.take().unwrap();
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    writeln!(input, "{}{list}", initialize()).unwrap();
    drop(input);
    let text = String::from_utf8(server.wait_with_output().unwrap().stdout).unwrap();
    assert!(
        text.contains("search_notes") && !text.contains("create_note\""),
        "{text}"
    );
}
