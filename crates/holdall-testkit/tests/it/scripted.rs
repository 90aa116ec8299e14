//! A server that says exactly what a test wants it to say.

use holdall_testkit::{Client, Connect};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// Connects to a server that answers every message after the handshake with what `answer` returns for it.
pub(crate) fn scripted(mut answer: impl FnMut(&Value) -> Vec<Value> + Send + 'static) -> Connect {
    raw(move |message| {
        let lines = answer(message);
        lines.into_iter().map(|line| line.to_string()).collect()
    })
}

/// The same, with lines as they are.
pub(crate) fn raw(mut answer: impl FnMut(&Value) -> Vec<String> + Send + 'static) -> Connect {
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let (input, mut output) = tokio::io::split(far);
        let mut lines = BufReader::new(input).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let message: Value = serde_json::from_str(&line).expect("the client speaks JSON");
            let lines = handshake(&message).map_or_else(|| answer(&message), |reply| vec![reply.to_string()]);
            for line in lines {
                if output.write_all(format!("{line}\n").as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    });
    let (input, output) = tokio::io::split(near);
    Client::over(input, output)
}

/// The result of a request.
pub(crate) fn result(request: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })
}

fn handshake(message: &Value) -> Option<Value> {
    let server = json!({ "name": "scripted", "version": "0" });
    match message["method"].as_str() {
        Some("initialize") => Some(result(
            message,
            json!({ "protocolVersion": message["params"]["protocolVersion"], "capabilities": {}, "serverInfo": server }),
        )),
        Some("server/discover") => Some(result(
            message,
            json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {},
                "ttlMs": 0, "cacheScope": "private",
                "_meta": { "io.modelcontextprotocol/serverInfo": server },
            }),
        )),
        _ => None,
    }
}
