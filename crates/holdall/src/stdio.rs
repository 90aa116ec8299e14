//! The stdio transport: one JSON-RPC message a line, in on standard input, out on standard output.
//!
//! Clean by construction: the protocol takes file descriptor 1 for itself and points the old one at standard
//! error, so a stray `println!` anywhere in the process cannot corrupt the stream. Lines have a maximum length;
//! a longer one is answered with an error and skipped, never held in memory. When the client closes the input,
//! calls under way are finished and answered before the transport ends.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientNotification, ClientRequest, ErrorCode,
    JsonRpcMessage, RequestId,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::error::{Error, Result};
use crate::protocol::{RoleServer, RxJsonRpcMessage, ServiceExt, Transport, TxJsonRpcMessage};
use crate::service::Service;

/// The longest line that is read, in bytes: 32 MiB, room for a note of 16 MiB with every character escaped.
pub const LINE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long calls under way may take once the client has closed the input.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);
/// Messages read ahead of the service.
const INCOMING_MAX: usize = 64;
/// Replies waiting to be written; beyond that, calls wait for the client to read.
const OUTGOING_MAX: usize = 1024;
/// How much is gathered into one write.
const WRITE_BYTES: usize = 64 * 1024;

/// Serves on standard input and output until the client closes the input.
///
/// # Errors
/// [`Error::Io`] if the standard streams cannot be taken over, [`Error::Transport`] if the client does not open
/// the connection as the protocol demands.
pub async fn serve(service: Service) -> Result<()> {
    let (input, output) = take_over()?;
    let transport = Stdio::new(input, output)?;
    let ended = Arc::clone(&transport.pending);
    let running = match service.serve(transport).await {
        Ok(running) => running,
        // A client that closes the input without a word, or with nothing but noise, is not an error.
        Err(_) if ended.input_closed() => return Ok(()),
        Err(error) => return Err(Error::Transport(Box::new(error))),
    };
    running
        .waiting()
        .await
        .map(drop)
        .map_err(|error| Error::Transport(Box::new(error)))
}

/// Standard input, and a private copy of standard output; the public one becomes standard error.
#[cfg(unix)]
fn take_over() -> io::Result<(File, File)> {
    let input = rustix::io::dup(rustix::stdio::stdin())?;
    let output = rustix::io::dup(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok((File::from(input), File::from(output)))
}

#[cfg(windows)]
fn take_over() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle;
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((File::from(input), File::from(output)))
}

/// A transport over a pair of streams, each served by a thread of its own, whatever they are: pipes, files,
/// terminals, sockets.
pub struct Stdio {
    incoming: mpsc::Receiver<RxJsonRpcMessage<RoleServer>>,
    outgoing: Option<mpsc::Sender<Vec<u8>>>,
    written: Option<oneshot::Receiver<()>>,
    pending: Arc<Pending>,
}

impl Stdio {
    /// Starts reading from `input` and writing to `output`.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn new(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> io::Result<Self> {
        let (incoming_sender, incoming) = mpsc::channel(INCOMING_MAX);
        let (outgoing, outgoing_receiver) = mpsc::channel(OUTGOING_MAX);
        let (written_sender, written) = oneshot::channel();
        let pending = Arc::new(Pending::default());
        let (errors, reader_pending) = (outgoing.clone(), Arc::clone(&pending));
        thread::Builder::new().name("stdio-read".into()).spawn(move || {
            read_messages(BufReader::new(input), &incoming_sender, &errors);
            reader_pending.close_input();
        })?;
        thread::Builder::new().name("stdio-write".into()).spawn(move || {
            if let Err(error) = write_messages(output, outgoing_receiver) {
                tracing::debug!(%error, "the client no longer reads");
            }
            // Nobody waits if the transport was dropped without being closed.
            let _ = written_sender.send(());
        })?;
        Ok(Self {
            incoming,
            outgoing: Some(outgoing),
            written: Some(written),
            pending,
        })
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let outgoing = self.outgoing.clone();
        let pending = Arc::clone(&self.pending);
        async move {
            let closed = || io::Error::new(io::ErrorKind::BrokenPipe, "the client no longer reads");
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let sent = match outgoing {
                Some(outgoing) => outgoing.send(line).await.map_err(|_| closed()),
                None => Err(closed()),
            };
            match &message {
                JsonRpcMessage::Response(response) => pending.answered(&response.id),
                JsonRpcMessage::Error(error) => error.id.iter().for_each(|id| pending.answered(id)),
                _ => {}
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        if let Some(message) = self.incoming.recv().await {
            self.pending.received(&message);
            return Some(message);
        }
        // The input is closed: replies under way are still owed.
        if tokio::time::timeout(DRAIN_MAX, self.pending.none_left())
            .await
            .is_err()
        {
            tracing::warn!(
                "the client closed the input; calls still running after {DRAIN_MAX:?} are dropped"
            );
        }
        // Streams end with the input, and not only once the service has waited for them in vain.
        self.pending.next_stream().map(cancellation_of)
    }

    async fn close(&mut self) -> io::Result<()> {
        self.incoming.close();
        drop(self.outgoing.take());
        if let Some(written) = self.written.take() {
            // The reader holds a sender for its error replies until it sees the end of the input, so this waits
            // for what is queued, not for the thread.
            let _ = tokio::time::timeout(Duration::from_millis(500), written).await;
        }
        Ok(())
    }
}

/// Requests that have not been answered yet.
#[derive(Default)]
struct Pending {
    state: Mutex<PendingState>,
    changed: Notify,
}

#[derive(Default)]
struct PendingState {
    requests: HashSet<RequestId>,
    /// Subscriptions that are open.
    streams: HashSet<RequestId>,
    input_closed: bool,
}

impl Pending {
    fn received(&self, message: &RxJsonRpcMessage<RoleServer>) {
        match message {
            JsonRpcMessage::Request(request) => {
                let id = request.id.clone();
                match request.request {
                    // A subscription is never answered while the client listens.
                    ClientRequest::SubscriptionsListenRequest(_) => {
                        self.update(|state| state.streams.insert(id));
                    }
                    _ => {
                        self.update(|state| state.requests.insert(id));
                    }
                }
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.answered(id);
                }
            }
            _ => {}
        }
    }

    fn answered(&self, id: &RequestId) {
        self.update(|state| state.requests.remove(id) || state.streams.remove(id));
    }

    /// Takes one of the streams that are still open.
    fn next_stream(&self) -> Option<RequestId> {
        self.update(|state| {
            let id = state.streams.iter().next().cloned()?;
            state.streams.take(&id)
        })
    }

    fn close_input(&self) {
        self.update(|state| state.input_closed = true);
    }

    fn input_closed(&self) -> bool {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .input_closed
    }

    fn update<T>(&self, change: impl FnOnce(&mut PendingState) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_waiters();
        changed
    }

    async fn none_left(&self) {
        loop {
            let changed = self.changed.notified();
            if self
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .requests
                .is_empty()
            {
                return;
            }
            changed.await;
        }
    }
}

/// What a client says that no longer listens.
fn cancellation_of(stream: RequestId) -> RxJsonRpcMessage<RoleServer> {
    let params = CancelledNotificationParam::new(Some(stream), None);
    RxJsonRpcMessage::<RoleServer>::notification(CancelledNotification::new(params).into())
}

fn read_messages(
    mut input: impl BufRead,
    incoming: &mpsc::Sender<RxJsonRpcMessage<RoleServer>>,
    errors: &mpsc::Sender<Vec<u8>>,
) {
    let mut line = Vec::new();
    loop {
        let outcome = match read_line(&mut input, &mut line) {
            Ok(Line::Whole) => decode(&line),
            Ok(Line::TooLong) => Err(too_long()),
            Ok(Line::End) => return,
            Err(error) => {
                tracing::warn!(%error, "standard input cannot be read");
                return;
            }
        };
        let delivered = match outcome {
            Ok(Some(message)) => incoming.blocking_send(message).is_ok(),
            Ok(None) => true,
            Err(reply) => errors.blocking_send(reply).is_ok(),
        };
        if !delivered {
            return;
        }
    }
}

enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads one line without ever holding more than [`LINE_BYTES_MAX`] of it. What follows the last newline is
/// half a message and is dropped.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    line.shrink_to(WRITE_BYTES);
    let mut too_long = false;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(Line::End);
        }
        let newline = available.iter().position(|byte| *byte == b'\n');
        let taken = newline.map_or(available.len(), |index| index + 1);
        too_long |= line.len() + taken > LINE_BYTES_MAX;
        if too_long {
            line.clear();
        } else {
            line.extend_from_slice(&available[..taken]);
        }
        input.consume(taken);
        if newline.is_some() {
            return Ok(if too_long { Line::TooLong } else { Line::Whole });
        }
    }
}

/// A message, nothing for an empty line, or the error reply the line deserves.
fn decode(line: &[u8]) -> Result<Option<RxJsonRpcMessage<RoleServer>>, Vec<u8>> {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    match serde_json::from_slice(line) {
        Ok(message) => Ok(Some(message)),
        Err(error) => match serde_json::from_slice::<Value>(line) {
            Err(syntax) => Err(reply(
                &Value::Null,
                ErrorCode::PARSE_ERROR,
                &format!("this line is not JSON: {syntax}"),
            )),
            // An answer, even a malformed one, must not be answered.
            Ok(Value::Object(object)) if object.contains_key("result") || object.contains_key("error") => {
                Ok(None)
            }
            Ok(Value::Array(_)) => Err(reply(
                &Value::Null,
                ErrorCode::INVALID_REQUEST,
                "batches are not supported: send one message a line",
            )),
            Ok(value) => {
                let id = value
                    .get("id")
                    .filter(|id| id.is_string() || id.is_i64() || id.is_u64());
                let text = format!("this is not a JSON-RPC 2.0 message of the protocol: {error}");
                Err(reply(
                    id.unwrap_or(&Value::Null),
                    ErrorCode::INVALID_REQUEST,
                    &text,
                ))
            }
        },
    }
}

fn too_long() -> Vec<u8> {
    let text = format!("the line is longer than {LINE_BYTES_MAX} bytes and was skipped");
    reply(&Value::Null, ErrorCode::INVALID_REQUEST, &text)
}

fn reply(id: &Value, code: ErrorCode, message: &str) -> Vec<u8> {
    let reply = json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code.0, "message": message } });
    let mut line = reply.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// Writes whatever is waiting in one go.
fn write_messages(mut output: impl Write, mut outgoing: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    let mut batch = Vec::with_capacity(WRITE_BYTES);
    while let Some(line) = outgoing.blocking_recv() {
        batch.extend_from_slice(&line);
        while batch.len() < WRITE_BYTES
            && let Ok(line) = outgoing.try_recv()
        {
            batch.extend_from_slice(&line);
        }
        output.write_all(&batch)?;
        output.flush()?;
        batch.clear();
        batch.shrink_to(WRITE_BYTES);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(line: &[u8]) -> Value {
        let reply = decode(line).expect_err("the line is refused");
        serde_json::from_slice(&reply).expect("the reply is JSON")
    }

    #[test]
    fn malformed_lines_are_answered_with_the_code_of_the_specification() {
        for (line, code) in [
            (&b"{"[..], -32700),
            (b"{\"jsonrpc\":\"2.0\"}{}", -32700),
            (b"\xff\xfe", -32700),
            (b"{\"a\":1e400}", -32700),
            (b"\"text\"", -32600),
            (b"[]", -32600),
            (b"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", -32600),
        ] {
            assert_eq!(
                error_of(line)["error"]["code"],
                code,
                "{}",
                String::from_utf8_lossy(line)
            );
        }
    }

    #[test]
    fn the_id_is_echoed_where_it_can_be_read() {
        assert_eq!(error_of(b"{\"jsonrpc\":\"2.0\",\"id\":7}")["id"], 7);
        assert_eq!(
            error_of(b"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}")["id"],
            Value::Null
        );
    }

    #[test]
    fn empty_lines_and_malformed_answers_are_passed_over() {
        assert!(matches!(decode(b" \r\n"), Ok(None)));
        assert!(matches!(decode(b"{\"id\":{},\"result\":1}"), Ok(None)));
    }

    #[test]
    fn a_line_without_end_is_never_held_whole_and_the_next_one_is_read() {
        let endless = io::repeat(b'x').take(LINE_BYTES_MAX as u64 + 10);
        let mut input = BufReader::new(endless.chain(&b"\nnext\nhalf"[..]));
        let mut line = Vec::new();
        assert!(matches!(read_line(&mut input, &mut line), Ok(Line::TooLong)));
        assert!(line.capacity() <= LINE_BYTES_MAX);
        assert!(matches!(read_line(&mut input, &mut line), Ok(Line::Whole)));
        assert_eq!(line, b"next\n");
        assert!(matches!(read_line(&mut input, &mut line), Ok(Line::End)));
    }

    #[tokio::test]
    async fn streams_that_are_open_are_cancelled_when_the_input_closes() {
        let listen = |id: &str| {
            let params = json!({"notifications": {"toolsListChanged": true}});
            json!({"jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params})
        };
        let cancel =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "a"}});
        let input = format!("{}\n{}\n{cancel}\n", listen("a"), listen("b"));
        let mut transport = Stdio::new(io::Cursor::new(input), io::sink()).expect("threads start");
        let mut received = Vec::new();
        while let Some(message) = transport.receive().await {
            received.push(serde_json::to_value(message).expect("JSON"));
        }
        assert_eq!(received.len(), 4, "{received:?}");
        assert_eq!(received[3]["method"], "notifications/cancelled");
        assert_eq!(received[3]["params"]["requestId"], "b");
    }
}
