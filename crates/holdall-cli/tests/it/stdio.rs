//! `serve` on standard input and output, as a host starts it.

use std::io::Write;
use std::process::{Child, Stdio};

use holdall_testkit::{Client, Wire};
use serde_json::{Value, json};

use crate::program::Home;

#[tokio::test]
async fn the_official_client_lists_and_searches() {
    let home = Home::new();
    let client = Client::spawn(home.command(&["serve", "--notes", "notes"])).await;
    let server = client.server();
    assert_eq!(server.server_info.unwrap().name, "holdall");
    assert!(server.instructions.unwrap().contains("search_notes"));
    let names = client.tool_names().await;
    assert_eq!(names.len(), 15, "{names:?}");
    for name in ["search_notes", "calculate", "current_time"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    // The first questions may come before the notes are indexed, and are told so.
    let deadline = tokio::time::Instant::now() + crate::program::PATIENCE;
    loop {
        let reply = client
            .call("search_notes", json!({"query": "mechanic"}))
            .await
            .json();
        if reply["hits"][0]["path"] == "car.md" {
            break;
        }
        assert!(
            reply["note"].is_string(),
            "nothing was found, and nothing said about why: {reply}"
        );
        assert!(tokio::time::Instant::now() < deadline);
    }
    assert_eq!(client.close().await.status.unwrap().code(), Some(0));
}

#[tokio::test]
async fn standard_output_is_the_protocol_alone_and_the_end_of_input_the_end() {
    let home = Home::new();
    home.put("notes/broken.md", "---\ntitle: [\n---\nx\n");
    let mut wire = Wire::spawn(home.command(&["serve", "--notes", "notes", "--log", "trace"]));
    wire.initialize("2025-06-18").await;
    wire.send("nonsense").await;
    let call = |name: &str, arguments: Value| json!({"name": name, "arguments": arguments});
    wire.request(
        2,
        "tools/call",
        call("search_notes", json!({"query": "mechanic"})),
    )
    .await;
    wire.request(3, "tools/call", call("read_note", json!({"path": "../out.md"})))
        .await;
    wire.close_input().await;
    // Every line is JSON, or this fails.
    let mut replies = wire.rest().await;
    replies.sort_by_key(|reply| reply["id"].as_u64());
    let ids: Vec<&Value> = replies.iter().map(|reply| &reply["id"]).collect();
    assert_eq!(ids, [&Value::Null, &json!(2), &json!(3)]);
    assert!(replies.iter().all(|reply| reply["jsonrpc"] == "2.0"));
    assert_eq!(wire.process().wait().await.code(), Some(0));
    assert!(!wire.process().printed().is_empty(), "the log went elsewhere");
}

#[test]
fn an_input_that_ends_at_once_is_no_error() {
    let home = Home::new();
    for sent in ["", "\n", "nonsense\n", "{\"jsonrpc\": \"2.0\", \"id\": 1"] {
        let mut command = home.command(&["serve", "--notes", "notes"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut server = command.spawn().unwrap();
        server.stdin.take().unwrap().write_all(sent.as_bytes()).unwrap();
        let output = server.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{sent:?}: {output:?}");
    }
}

#[tokio::test]
#[cfg(unix)]
async fn asked_to_end_it_ends_well() {
    let home = Home::new();
    for signal in [15, 2] {
        let mut wire = Wire::spawn(home.command(&["serve", "--notes", "notes"]));
        wire.initialize("2025-06-18").await;
        let process = wire.process();
        match signal {
            15 => process.terminate(),
            _ => process.interrupt(),
        }
        assert_eq!(process.wait().await.code(), Some(0), "signal {signal}");
        assert_eq!(wire.rest().await, [Value::Null; 0]);
    }
}

#[cfg(unix)]
pub(crate) fn signalled(process: &Child, signal: &str) {
    let sent = std::process::Command::new("kill")
        .args([&format!("-{signal}"), &process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test]
async fn read_only_offers_nothing_that_writes() {
    let home = Home::new();
    let client = Client::spawn(home.command(&["serve", "notes", "--notes", "notes", "--read-only"])).await;
    let names = client.tool_names().await;
    assert!(names.contains(&"search_notes".to_owned()), "{names:?}");
    assert!(!names.contains(&"create_note".to_owned()), "{names:?}");
}

#[tokio::test]
async fn what_needs_no_notes_is_served_without_any() {
    let home = Home::new();
    let mut command = home.command(&["serve", "thinking", "clock", "calculator", "--read-only"]);
    command.env("HOLDALL_CLOCK__TIMEZONE", "Asia/Kathmandu");
    let client = Client::spawn(command).await;
    let names = client.tool_names().await;
    assert_eq!(
        names,
        [
            "sequentialthinking",
            "current_time",
            "convert_timezone",
            "format_datetime",
            "add_duration",
            "time_between",
            "calculate"
        ]
    );
    let now = client.call("current_time", json!({})).await.json();
    assert_eq!(now["timezone"], "Asia/Kathmandu");
    let sum = client.call("calculate", json!({"expression": "0.1 + 0.2"})).await;
    assert_eq!(sum.text(), "0.1 + 0.2 = 0.3");
    assert_eq!(client.close().await.status.unwrap().code(), Some(0));
}

#[test]
fn a_time_zone_that_is_none_is_said_at_the_start() {
    let home = Home::new();
    let mut command = home.command(&["serve", "clock"]);
    let output = command
        .env("HOLDALL_CLOCK__TIMEZONE", "Europe/Berln")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for part in ["clock.timezone", "Europe/Berln", "Europe/Berlin?"] {
        assert!(said.contains(part), "{said}");
    }
}
