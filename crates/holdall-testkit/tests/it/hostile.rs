//! Everything that is no proper message, in-process, against a program, and over HTTP: it is answered with the code of the
//! specification, or not at all where an answer would be wrong, and the next proper request is answered.

use holdall_testkit::{Served, Wire};
use serde_json::{Value, json};

use crate::fixture::server;
use crate::program;

/// What must come back.
#[derive(Clone, Debug, PartialEq)]
enum Expected {
    /// One error with this code and id.
    Error(i64, Value),
    /// One result with this id.
    Result(Value),
    Nothing,
}

/// How the connection was opened.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Opened {
    /// Not at all, so far.
    No,
    /// With a handshake.
    For(&'static str),
    /// By requests that say all themselves.
    Stateless,
}

impl Opened {
    const ALL: [Self; 5] = [
        Self::No,
        Self::For("2024-11-05"),
        Self::For("2025-03-26"),
        Self::For("2025-11-25"),
        Self::Stateless,
    ];

    async fn open(self, wire: &mut Wire) {
        match self {
            Self::No => {}
            Self::For(version) => {
                wire.initialize(version).await;
            }
            Self::Stateless => {
                wire.send_json(self.request(json!("open"), "tools/list", json!({})))
                    .await;
                wire.reply_to("open").await;
            }
        }
    }

    /// A request as it is sent on such a connection.
    fn request(self, id: Value, method: &str, mut params: Value) -> Value {
        if self == Self::Stateless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    }

    /// A request that is answered on such a connection.
    fn proper(self, id: Value) -> Value {
        match self {
            Self::No => self.request(id, "ping", json!({})),
            _ => self.request(
                id,
                "tools/call",
                json!({"name": "echo", "arguments": {"text": "alive"}}),
            ),
        }
    }
}

type Case = (&'static str, Vec<u8>, Expected);

/// What is wrong however the connection was opened.
fn always_wrong() -> Vec<Case> {
    use Expected::{Error, Nothing};
    let parse = |what, line: &[u8]| (what, line.to_vec(), Error(-32700, Value::Null));
    let invalid = |what, line: &str, id: Value| (what, line.as_bytes().to_vec(), Error(-32600, id));
    let params = |what, line: &str| (what, line.as_bytes().to_vec(), Error(-32602, json!(1)));
    let silent = |what, line: &str| (what, line.as_bytes().to_vec(), Nothing);
    let deep = |open: &str, close: &str, levels| format!("{}{}", open.repeat(levels), close.repeat(levels));
    let null = || Value::Null;
    vec![
        parse("an open brace", b"{"),
        parse("two values", br#"{"jsonrpc":"2.0","id":1,"method":"ping"}{}"#),
        parse(
            "a comma too much",
            br#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#,
        ),
        parse("no quotes", b"{jsonrpc:2.0}"),
        parse("a comment", br#"{"jsonrpc":"2.0","id":1,"method":"ping"} // x"#),
        parse("not a number", br#"{"jsonrpc":"2.0","id":NaN,"method":"ping"}"#),
        parse(
            "a number beyond all",
            br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":1e400}}"#,
        ),
        parse(
            "half a surrogate pair",
            br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\ud800"}}"#,
        ),
        parse(
            "half a surrogate pair as key",
            br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"\udc00":1}}"#,
        ),
        parse(
            "invalid UTF-8",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}",
        ),
        parse(
            "overlong UTF-8",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xc0\xaf\"}",
        ),
        parse("NUL", b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\0\"}"),
        parse("NULs alone", b"\0\0\0"),
        parse(
            "UTF-16",
            &"{}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        ),
        parse("deep arrays", deep("[", "]", 100_000).as_bytes()),
        parse("deep objects", deep("{\"a\":", "}", 100_000).as_bytes()),
        parse(
            "deep parameters",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":{}}}}}"#,
                deep("[", "]", 130)
            )
            .as_bytes(),
        ),
        invalid("a text", r#""ping""#, null()),
        invalid("a number", "7", null()),
        invalid("null", "null", null()),
        invalid("an empty object", "{}", null()),
        invalid("no version", r#"{"id":1,"method":"ping"}"#, json!(1)),
        invalid(
            "another version",
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            json!(1),
        ),
        invalid(
            "a version that is a number",
            r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#,
            json!(1),
        ),
        invalid("no method", r#"{"jsonrpc":"2.0","id":1}"#, json!(1)),
        invalid(
            "a method that is a number",
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
            json!(1),
        ),
        invalid(
            "a method that is null",
            r#"{"jsonrpc":"2.0","id":"x","method":null}"#,
            json!("x"),
        ),
        invalid(
            "request and answer",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            json!(1),
        ),
        invalid(
            "request and error",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","error":{}}"#,
            json!(1),
        ),
        invalid(
            "null as id",
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            null(),
        ),
        invalid(
            "a fraction as id",
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            null(),
        ),
        invalid(
            "a huge id",
            r#"{"jsonrpc":"2.0","id":1e300,"method":"ping"}"#,
            null(),
        ),
        invalid(
            "an id of 65 bits",
            r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"}"#,
            json!(u64::MAX),
        ),
        invalid(
            "true as id",
            r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
            null(),
        ),
        invalid(
            "an object as id",
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            null(),
        ),
        invalid(
            "an array as id",
            r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#,
            null(),
        ),
        invalid(
            "two ids",
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
            null(),
        ),
        invalid(
            "two methods",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
            json!(1),
        ),
        invalid(
            "two tools",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"shout"}}"#,
            json!(1),
        ),
        invalid(
            "two texts, one of them in disguise",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a","t\u0065xt":"b"}}}"#,
            json!(1),
        ),
        invalid("an empty batch", "[]", null()),
        params(
            "an array of parameters",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}"#,
        ),
        params(
            "a number as parameters",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":7}"#,
        ),
        params(
            "a text as parameters",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":"x"}"#,
        ),
        params(
            "metadata that is a number",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":7}}"#,
        ),
        silent("an empty line", ""),
        silent("blanks", " \t \r"),
        silent(
            "an answer nobody asked for",
            r#"{"jsonrpc":"2.0","id":99,"result":{}}"#,
        ),
        silent(
            "an error nobody asked for",
            r#"{"jsonrpc":"2.0","id":99,"error":{"code":1,"message":"x"}}"#,
        ),
        silent(
            "an error without an id",
            r#"{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}"#,
        ),
        silent(
            "an error with null as id",
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}"#,
        ),
        silent("a malformed answer", r#"{"id":{},"result":7,"error":7}"#),
        silent(
            "an unknown notification",
            r#"{"jsonrpc":"2.0","method":"notifications/no_such"}"#,
        ),
        silent(
            "the cancellation of a foreign request",
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4711}}"#,
        ),
        silent(
            "a cancellation of nothing",
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}"#,
        ),
        silent(
            "a malformed cancellation",
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]}"#,
        ),
        silent(
            "a notification with metadata that is a text",
            r#"{"jsonrpc":"2.0","method":"x","params":{"_meta":"y"}}"#,
        ),
        silent(
            "a notification in the name of a request",
            r#"{"jsonrpc":"2.0","method":"tools/list"}"#,
        ),
    ]
}

/// What is wrong, and right, on this kind of connection.
fn wrong_once(opened: Opened) -> Vec<Case> {
    use Expected::{Error, Result};
    let case = |what, message: Value, expected| (what, message.to_string().into_bytes(), expected);
    let request = |method: &str, params: Value| opened.request(json!(1), method, params);
    let mut cases = vec![case(
        "a batch",
        json!([opened.proper(json!(1))]),
        Error(-32600, Value::Null),
    )];
    // Before a connection is open, what is missing is how it could be.
    let unknown = if opened == Opened::No { -32602 } else { -32601 };
    cases.extend([
        case(
            "an unknown method",
            request("no/such", json!({})),
            Error(unknown, json!(1)),
        ),
        case(
            "a method in capitals",
            request("TOOLS/LIST", json!({})),
            Error(unknown, json!(1)),
        ),
        case(
            "an empty method",
            request("", json!({})),
            Error(unknown, json!(1)),
        ),
        case(
            "a tool that is a number",
            request("tools/call", json!({"name": 7})),
            Error(-32602, json!(1)),
        ),
        case(
            "no tool",
            request("tools/call", json!({})),
            Error(-32602, json!(1)),
        ),
        case(
            "arguments that are an array",
            request("tools/call", json!({"name": "echo", "arguments": []})),
            Error(-32602, json!(1)),
        ),
        case(
            "a tool there is not",
            request("tools/call", json!({"name": "no"})),
            Error(-32602, json!(1)),
        ),
    ]);
    let proper = |id: Value| opened.proper(id).to_string();
    let (bom, padded) = (
        format!("\u{feff}{}", proper(json!(1))),
        format!(" \t{}\r", proper(json!(1))),
    );
    cases.extend([
        ("a byte order mark", bom.into_bytes(), Result(json!(1))),
        ("blanks around", padded.into_bytes(), Result(json!(1))),
        case(
            "a text as id",
            opened.proper(json!("\u{0}\u{10ffff}")),
            Result(json!("\u{0}\u{10ffff}")),
        ),
        case("an empty text as id", opened.proper(json!("")), Result(json!(""))),
        case(
            "the smallest id",
            opened.proper(json!(i64::MIN)),
            Result(json!(i64::MIN)),
        ),
        (
            "an integer in the form of a fraction",
            proper(json!(1)).replace("\"id\":1", "\"id\":1.0").into(),
            Result(json!(1)),
        ),
    ]);
    if opened == Opened::For("2025-03-26") {
        cases.remove(0);
    }
    cases
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Over {
    Lines,
    WebSocket,
    Sse,
    Streamable,
}

impl Over {
    /// Whether every message is a request of HTTP, which has to be answered whatever it holds.
    fn is_posted(self) -> bool {
        matches!(self, Self::Sse | Self::Streamable)
    }

    /// Whether a message can be sent at all. A WebSocket frame that is no text ends the connection.
    fn carries(self, line: &[u8]) -> bool {
        self != Self::WebSocket || std::str::from_utf8(line).is_ok()
    }

    /// Whether `got` will do where lines would be answered with `expected`.
    fn allows(self, got: &Expected, expected: &Expected) -> bool {
        match (got, expected) {
            _ if got == expected => true,
            (Expected::Error(_, id), Expected::Nothing) => self.is_posted() && id.is_null(),
            // The headers that belong to a request cannot be made from one without a name.
            (Expected::Error(-32020, got), Expected::Error(-32602, id)) => {
                self == Self::Streamable && got == id
            }
            _ => false,
        }
    }
}

async fn check(wire: &mut Wire, over: Over, opened: Opened, (what, line, expected): Case, number: usize) {
    let probe = json!(format!("probe {number}"));
    wire.send(&line).await;
    wire.send_json(opened.proper(probe.clone())).await;
    let (mut alive, mut others) = (None, Vec::new());
    let wanted = if expected == Expected::Nothing { 0 } else { 1 };
    while alive.is_none() || others.len() < wanted {
        let reply = wire.next().await;
        match reply["id"] == probe {
            true => alive = Some(reply),
            false => others.push(reply),
        }
    }
    let alive = alive.expect("it was waited for");
    assert!(
        alive.get("result").is_some(),
        "{what} ({over:?}, {opened:?}): {alive}"
    );
    assert!(others.len() < 2, "{what} ({over:?}, {opened:?}): {others:?}");
    let got = match others.pop() {
        None => Expected::Nothing,
        Some(reply) => match reply.get("error") {
            Some(error) => {
                assert!(
                    error["message"].as_str().is_some_and(|text| !text.is_empty()),
                    "{reply}"
                );
                Expected::Error(error["code"].as_i64().unwrap_or_default(), reply["id"].clone())
            }
            None => Expected::Result(reply["id"].clone()),
        },
    };
    assert!(
        over.allows(&got, &expected),
        "{what} ({over:?}, {opened:?}): {got:?} instead of {expected:?}"
    );
}

async fn check_all(over: Over, connect: impl AsyncFn() -> Wire) {
    for opened in Opened::ALL {
        if over == Over::Streamable && opened == Opened::No {
            // There is no connection before `initialize`.
            continue;
        }
        let mut wire = connect().await;
        opened.open(&mut wire).await;
        let cases = always_wrong().into_iter().chain(wrong_once(opened));
        for (number, case) in cases.filter(|(_, line, _)| over.carries(line)).enumerate() {
            check(&mut wire, over, opened, case, number).await;
        }
        // Nothing came late, and the end of the input is still the end.
        wire.close_input().await;
        assert_eq!(wire.rest().await, [Value::Null; 0], "{opened:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_answered_rightly_in_process() {
    check_all(Over::Lines, async || Wire::connect(server())).await;
}

#[tokio::test]
async fn what_is_wrong_is_answered_rightly_by_a_program() {
    check_all(Over::Lines, async || Wire::spawn(program())).await;
}

#[tokio::test]
async fn what_is_wrong_is_answered_rightly_over_http() {
    let served = Served::start(server()).await;
    for (over, url) in [
        (Over::Streamable, served.url()),
        (Over::Sse, served.sse_url()),
        (Over::WebSocket, served.websocket_url()),
    ] {
        check_all(over, async || Wire::at(&url).await).await;
    }
    served.stop().await;
}

#[tokio::test]
async fn a_connection_can_still_be_opened_after_everything_else() {
    for mut wire in [Wire::connect(server()), Wire::spawn(program())] {
        for (_, line, _) in always_wrong() {
            wire.send(&line).await;
        }
        wire.initialize("2025-11-25").await;
        let echo = json!({"name": "echo", "arguments": {"text": "alive"}});
        wire.request("last", "tools/call", echo).await;
        let reply = wire.reply_to("last").await;
        assert_eq!(reply["result"]["content"][0]["text"], "alive");
    }
}

#[tokio::test]
async fn batches_are_answered_where_the_protocol_has_them() {
    for mut wire in [Wire::connect(server()), Wire::spawn(program())] {
        wire.initialize("2025-03-26").await;
        let echo = |id: u32, text: &str| {
            let params = json!({"name": "echo", "arguments": {"text": text}});
            json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
        };
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        wire.send_json(json!([echo(1, "a"), notification, 7, echo(2, "b"), {"jsonrpc": "2.0", "id": 3}]))
            .await;
        let Value::Array(replies) = wire.next().await else {
            panic!("the replies to a batch are a batch");
        };
        let text = |id: u32| {
            let reply = replies.iter().find(|reply| reply["id"] == id);
            reply.map(|reply| reply["result"]["content"][0]["text"].clone())
        };
        assert_eq!((text(1), text(2)), (Some(json!("a")), Some(json!("b"))));
        let errors = replies.iter().filter(|reply| reply["error"]["code"] == -32600);
        assert_eq!((errors.count(), replies.len()), (2, 4), "{replies:?}");

        // Notifications alone are not answered.
        wire.send_json(json!([notification, notification])).await;
        let params = json!({"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}});
        wire.send_json(json!([{"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": params}]))
            .await;
        assert_eq!(wire.next().await[0]["error"]["code"], -32600);
    }
}

#[tokio::test]
async fn an_id_in_use_is_refused() {
    let mut wire = Wire::connect(server());
    wire.initialize("2025-11-25").await;
    let wait = json!({"name": "wait", "_meta": {"progressToken": 1}});
    wire.request(1, "tools/call", wait.clone()).await;
    assert_eq!(wire.next().await["method"], "notifications/progress");
    wire.request(1, "tools/call", wait).await;
    let refused = wire.reply_to(1).await;
    assert_eq!(refused["error"]["code"], -32600);
    // The first one goes on, until it is cancelled.
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    wire.send_json(cancel).await;
    wire.request(2, "ping", Value::Null).await;
    assert_eq!(wire.next().await["id"], 2);
}

#[tokio::test]
async fn the_input_may_end_anywhere() {
    let half = r#"{"jsonrpc":"2.0","id":1,"method":"ping""#;
    for (sent, expected) in [
        ("", vec![]),
        ("\n\n", vec![]),
        (half, vec![Expected::Error(-32700, Value::Null)]),
        ("nonsense\n", vec![Expected::Error(-32700, Value::Null)]),
        // Complete but for its newline.
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            vec![Expected::Result(json!(1))],
        ),
    ] {
        for mut wire in [Wire::connect(server()), Wire::spawn(program())] {
            wire.send_bytes(sent).await;
            wire.close_input().await;
            let got: Vec<Expected> = wire
                .rest()
                .await
                .iter()
                .map(|reply| match reply.get("error") {
                    Some(error) => {
                        Expected::Error(error["code"].as_i64().unwrap_or_default(), reply["id"].clone())
                    }
                    None => Expected::Result(reply["id"].clone()),
                })
                .collect();
            assert_eq!(got, expected, "{sent:?}");
        }
        let mut wire = Wire::spawn(program());
        wire.send_bytes(sent).await;
        wire.close_input().await;
        assert_eq!(wire.process().wait().await.code(), Some(0), "{sent:?}");
    }
}

/// The memory of a process now and at its peak, in MiB.
#[cfg(target_os = "linux")]
fn memory_mib(wire: &mut Wire) -> (u64, u64) {
    let id = wire.process().id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let value = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .expect("a line");
        line.trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .expect("a number")
            / 1024
    };
    (value("VmRSS:"), value("VmHWM:"))
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_gigabyte_without_a_newline_is_refused_and_the_memory_comes_back() {
    let mut wire = Wire::spawn(program());
    wire.initialize("2025-11-25").await;
    let (before, _) = memory_mib(&mut wire);
    let piece = vec![b'x'; 1024 * 1024];
    let mut refused = false;
    for _ in 0..1024 {
        wire.send_bytes(&piece).await;
        if !refused && let Some(reply) = wire.already_there() {
            // It is told as soon as it is known, not at the end.
            assert_eq!(
                (&reply["id"], &reply["error"]["code"]),
                (&Value::Null, &json!(-32600))
            );
            refused = true;
        }
    }
    assert!(refused);
    wire.send("").await;
    wire.request(1, "ping", Value::Null).await;
    assert_eq!(wire.next().await["id"], 1);
    let (after, peak) = memory_mib(&mut wire);
    assert!(peak < before + 100, "before {before} MiB, peak {peak} MiB");
    assert!(after < before + 16, "before {before} MiB, after {after} MiB");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_storm_of_wrong_messages_leaves_no_memory_behind() {
    let mut wire = Wire::spawn(program());
    wire.initialize("2025-11-25").await;
    let lines: Vec<u8> = always_wrong()
        .into_iter()
        .flat_map(|(_, line, _)| [line, b"\n".to_vec()].concat())
        .collect();
    let replies = always_wrong()
        .iter()
        .filter(|(_, _, expected)| *expected != Expected::Nothing)
        .count();
    let mut after_first = 0;
    for round in 0..20 {
        wire.send_bytes(&lines).await;
        for _ in 0..replies {
            wire.next().await;
        }
        if round == 4 {
            (after_first, _) = memory_mib(&mut wire);
        }
    }
    let (after, _) = memory_mib(&mut wire);
    assert!(
        after < after_first + 8,
        "after 5 rounds {after_first} MiB, after 20 {after} MiB"
    );
}
