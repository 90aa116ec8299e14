//! What a line of the audit log says.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use holdall::observe::{CallKind, CallRecord};
use serde::Serialize;

use super::names;

/// Names that were asked for and do not exist are cut here, in characters.
const REQUESTED_CHARS_MAX: usize = 200;
/// Arguments that take more are left out: the line is a record, not a copy.
const ARGUMENT_BYTES_MAX: usize = 64 * 1024;

/// Adds the line of a call, with its newline. Fields that are not known are left out.
///
/// Written field by field: there is one for every call, and nearly all of it is known beforehand.
pub(super) fn of_call(record: &CallRecord<'_>, with_arguments: bool, out: &mut Vec<u8>) {
    let call = record.call;
    let arrival = call.arrival();
    let message_id = call.request_id();
    begin(out, "call");
    // What the transport calls the request, or else what the client does.
    match arrival.request_id.as_deref() {
        Some(request_id) => {
            field(out, "request_id", request_id);
            field(out, "message_id", &message_id);
        }
        None => field(out, "request_id", &message_id),
    }
    field(out, "principal", call.principal().name());
    known(out, "client", arrival.address);
    if !arrival.transport.is_empty() {
        field(out, "transport", arrival.transport);
    }
    let protocol = call.protocol_version();
    known(out, "protocol", protocol.map(|version| version.as_str()));
    field(out, "kind", call.kind().as_str());
    field(out, "name", &call.name());
    // The URI of a resource has values in it, as arguments are.
    let is_shown = match call.kind() {
        CallKind::Resource => with_arguments,
        _ => call.name().is_none(),
    };
    known(out, "requested", is_shown.then(|| cut(call.requested())));
    known(out, "argument_bytes", call.argument_bytes());
    known(out, "result_bytes", record.result_bytes);
    // Microseconds are enough, and shorter.
    let microseconds = (record.duration.as_secs_f64() * 1e6).round();
    field(out, "duration_ms", &(microseconds / 1e3));
    field(out, "outcome", record.outcome.as_str());
    let error = record.outcome.error_kind();
    known(out, "error", error.map(|kind| kind.as_str()));
    known(out, "task", record.became_task.then_some(true));
    let arguments = call.arguments().filter(|_| {
        with_arguments
            && call
                .argument_bytes()
                .is_none_or(|bytes| bytes <= ARGUMENT_BYTES_MAX)
    });
    known(out, "arguments", arguments.map(names::shown));
    out.extend_from_slice(b"}\n");
}

/// Adds the line that says how many are missing before it.
pub(super) fn of_lost(lines: u64, out: &mut Vec<u8>) {
    begin(out, "lost");
    field(out, "lines", &lines);
    out.extend_from_slice(b"}\n");
}

fn begin(out: &mut Vec<u8>, event: &str) {
    out.extend_from_slice(b"{\"time\":\"");
    now(out);
    out.push(b'"');
    field(out, "event", event);
}

fn field<T: Serialize + ?Sized>(out: &mut Vec<u8>, name: &str, value: &T) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    serde_json::to_writer(out, value).expect("what is recorded is plain JSON");
}

fn known<T: Serialize>(out: &mut Vec<u8>, name: &str, value: Option<T>) {
    if let Some(value) = value {
        field(out, name, &value);
    }
}

fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(REQUESTED_CHARS_MAX);
    end.map_or(text, |(end, _)| &text[..end])
}

/// The bytes of a time up to its seconds: `2026-11-21T12:00:00`.
const SECOND_BYTES: usize = 19;

thread_local! {
    /// The second this thread wrote last, since 1970, and how it is written.
    static SECOND: Cell<(u64, [u8; SECOND_BYTES])> = const { Cell::new((u64::MAX, [0; SECOND_BYTES])) };
}

/// Adds the time, to the microsecond. Many lines share a second, which is worked out once.
fn now(out: &mut Vec<u8>) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    time(since, out);
}

fn time(since: Duration, out: &mut Vec<u8>) {
    let (mut second, mut written) = SECOND.get();
    if second != since.as_secs() {
        second = since.as_secs();
        let time = DateTime::from_timestamp(i64::try_from(second).unwrap_or_default(), 0);
        let text = time
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Secs, true);
        written.copy_from_slice(&text.as_bytes()[..SECOND_BYTES]);
        SECOND.set((second, written));
    }
    out.extend_from_slice(&written);
    let mut fraction = *b".000000Z";
    let mut rest = since.subsec_micros();
    for digit in fraction[1..7].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&fraction);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_microsecond() {
        for (seconds, nanos, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (1_795_262_400, 1_000, "2026-11-21T12:00:00.000001Z"),
            (1_795_262_400, 999_999_999, "2026-11-21T12:00:00.999999Z"),
            (1_795_262_401, 120_000_000, "2026-11-21T12:00:01.120000Z"),
            (951_782_399, 5_000_000, "2000-02-28T23:59:59.005000Z"),
        ] {
            let mut out = Vec::new();
            time(Duration::new(seconds, nanos), &mut out);
            assert_eq!(String::from_utf8(out).expect("text"), expected);
        }
    }
}
