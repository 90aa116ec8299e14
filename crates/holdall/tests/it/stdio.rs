//! The stdio transport over a pair of pipes: what a raw client sees.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use holdall::prelude::*;
use holdall::protocol::ServiceExt;
use holdall::stdio::Stdio;
use serde_json::{Value, json};

#[tool]
async fn slow(ctx: Context) -> String {
    // Long enough for the client to close its end first.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    ctx.request_id()
}

/// Sends these lines, closes the input, and returns every line that came back.
fn exchange(lines: &[Vec<u8>]) -> Vec<Value> {
    let (client, server) = UnixStream::pair().expect("a pair of sockets");
    let served = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let output = server.try_clone().expect("a second handle");
            let service = Server::new("test")
                .add(tools![slow])
                .build()
                .expect("the server is right");
            let transport = Stdio::new(server, output).expect("threads start");
            if let Ok(running) = service.serve(transport).await {
                running.waiting().await.expect("it ends by itself");
            }
        });
    });
    let mut writer = client.try_clone().expect("a second handle");
    for line in lines {
        writer.write_all(line).expect("the server reads");
        writer.write_all(b"\n").expect("the server reads");
    }
    writer
        .shutdown(std::net::Shutdown::Write)
        .expect("the input closes");
    let replies = BufReader::new(client)
        .lines()
        .map(|line| serde_json::from_str(&line.expect("a line")).expect("every line is JSON"));
    let replies = replies.collect();
    served.join().expect("the server does not panic");
    replies
}

fn initialize() -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"},
    }})
    .to_string()
    .into_bytes()
}

fn initialized() -> Vec<u8> {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
        .to_string()
        .into_bytes()
}

#[test]
fn calls_under_way_are_answered_after_the_input_closes() {
    let call = json!({"jsonrpc": "2.0", "id": "late", "method": "tools/call", "params": {"name": "slow"}});
    let replies = exchange(&[initialize(), initialized(), call.to_string().into_bytes()]);
    assert_eq!(replies.len(), 2, "{replies:?}");
    assert_eq!(replies[1]["id"], "late");
    assert_eq!(replies[1]["result"]["content"][0]["text"], "late");
}

#[test]
fn noise_is_answered_and_survived() {
    let list = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list"})
        .to_string()
        .into_bytes();
    let replies = exchange(&[
        initialize(),
        initialized(),
        b"{\"half\":".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        b"[1,2]".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":7}".to_vec(),
        vec![b'x'; holdall::stdio::LINE_BYTES_MAX + 1],
        b"{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"no/such\"}".to_vec(),
        list,
    ]);
    let codes: Vec<i64> = replies
        .iter()
        .filter_map(|reply| reply["error"]["code"].as_i64())
        .collect();
    let count = |code| codes.iter().filter(|seen| **seen == code).count();
    assert_eq!(
        (count(-32700), count(-32600), count(-32601)),
        (2, 3, 1),
        "{replies:?}"
    );
    assert!(
        replies
            .iter()
            .any(|reply| reply["id"] == 9 && reply["result"]["tools"].is_array()),
        "{replies:?}"
    );
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    assert!(exchange(&[]).is_empty());
}
