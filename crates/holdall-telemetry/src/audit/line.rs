//! What a line of the audit log says.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use holdall::observe::{CallKind, CallRecord};
use serde::Serialize;
use serde_json::{Map, Value};

use super::names;

/// Names that were asked for and do not exist are cut here, in characters.
const REQUESTED_CHARS_MAX: usize = 200;
/// Arguments that take more are left out: the line is a record, not a copy.
const ARGUMENT_BYTES_MAX: usize = 64 * 1024;

/// One call. Fields that are not known are left out.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    event: &'static str,
    /// What the transport calls the request, or else what the client does.
    request_id: &'a str,
    /// What the client calls it, if the transport calls it something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    principal: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<IpAddr>,
    #[serde(skip_serializing_if = "str::is_empty")]
    transport: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    kind: &'a str,
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_bytes: Option<usize>,
    duration_ms: f64,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    task: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<Map<String, Value>>,
}

/// The line of a call, with its newline.
pub(super) fn of_call(record: &CallRecord<'_>, with_arguments: bool) -> Vec<u8> {
    let call = record.call;
    let arrival = call.arrival();
    let message_id = call.request_id();
    let request_id = arrival.request_id.as_deref();
    // The URI of a resource has values in it, as arguments are.
    let is_shown = match call.kind() {
        CallKind::Resource => with_arguments,
        _ => call.name().is_none(),
    };
    let arguments = call.arguments().filter(|_| {
        with_arguments
            && call
                .argument_bytes()
                .is_none_or(|bytes| bytes <= ARGUMENT_BYTES_MAX)
    });
    to_bytes(&Line {
        time: now(),
        event: "call",
        request_id: request_id.unwrap_or(&message_id),
        message_id: request_id.is_some().then_some(&message_id),
        principal: call.principal().name(),
        client: arrival.address,
        transport: arrival.transport,
        protocol: call.protocol_version().map(|version| version.as_str()),
        kind: call.kind().as_str(),
        name: call.name(),
        requested: is_shown.then(|| cut(call.requested())),
        argument_bytes: call.argument_bytes(),
        result_bytes: record.result_bytes,
        // Microseconds are enough, and shorter.
        duration_ms: (record.duration.as_secs_f64() * 1e6).round() / 1e3,
        outcome: record.outcome.as_str(),
        error: record.outcome.error_kind().map(|kind| kind.as_str()),
        task: record.became_task,
        arguments: arguments.map(names::shown),
    })
}

/// The line that says how many are missing before it.
pub(super) fn of_lost(lines: u64) -> Vec<u8> {
    #[derive(Serialize)]
    struct Lost {
        time: String,
        event: &'static str,
        lines: u64,
    }
    to_bytes(&Lost {
        time: now(),
        event: "lost",
        lines,
    })
}

fn to_bytes(line: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    serde_json::to_writer(&mut bytes, line).expect("a line is plain JSON");
    bytes.push(b'\n');
    bytes
}

fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(REQUESTED_CHARS_MAX);
    end.map_or(text, |(end, _)| &text[..end])
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = DateTime::from_timestamp(
        i64::try_from(since.as_secs()).unwrap_or_default(),
        since.subsec_nanos(),
    );
    time.unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}
