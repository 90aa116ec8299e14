//! The stdio transport: one JSON-RPC message a line, in on standard input, out on standard output.
//!
//! Clean by construction: the protocol takes file descriptor 1 for itself and points the old one at standard
//! error, so a stray `println!` anywhere in the process cannot corrupt the stream. Lines have a maximum length;
//! a longer one is answered with an error and skipped, never held in memory. When the client closes the input,
//! calls under way are finished and answered before the transport ends; so they are when the process that started
//! this one is gone, or nobody reads any more.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `lines` | where does a line end, and is it too long? |
//! | `decode` | which message is a line, or which error reply does it deserve? |
//! | `strict` | is it JSON, and has no object a key twice? |
//! | `session` | may this message come now, and who waits for what? |
//! | `streams` | how do bytes come in and lines go out, on threads or on tasks? |
//! | `process` | whose are the standard streams, and is anybody left? |
//!
//! What messages mean is none of it: that is `rmcp`'s and the [`Service`]'s business.

mod decode;
mod lines;
mod process;
#[cfg(test)]
mod properties;
mod session;
mod streams;
mod strict;

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CancelledNotification, CancelledNotificationParam, JsonRpcMessage, RequestId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use self::process::Watch;
use self::session::Session;
use self::streams::Outgoing;
use crate::error::{Error, Result};
use crate::observe::Arrival;
use crate::protocol::{RoleServer, RxJsonRpcMessage, ServiceExt, Transport, TxJsonRpcMessage};
use crate::service::Service;

/// The longest line that is read, in bytes: 32 MiB, room for a note of 16 MiB with every character escaped.
pub const LINE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long calls under way may take once the client has closed the input.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long the last replies may take to be written.
const WRITTEN_MAX: Duration = Duration::from_millis(500);
/// Messages read ahead of the service.
const INCOMING_MAX: usize = 16;
/// Replies waiting to be written; beyond that, calls wait for the client to read.
const OUTGOING_MAX: usize = 1024;
/// Bytes waiting to be written; beyond that, calls wait as well. A single larger reply goes out alone.
const OUTGOING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How much is read or written in one go.
const STREAM_BYTES: usize = 64 * 1024;

/// What the client sends.
type Message = RxJsonRpcMessage<RoleServer>;

/// Serves on standard input and output until the client closes the input or is gone.
///
/// # Errors
/// [`Error::Io`] if the standard streams cannot be taken over, [`Error::Transport`] if the client does not open
/// the connection as the protocol demands.
pub async fn serve(service: Service) -> Result<()> {
    let (input, output) = process::take_over()?;
    let watched = output.try_clone()?;
    let transport = Stdio::new(input, output)?;
    let _watch = Watch::start(&watched, transport.orphaned.clone())?;
    let service = service.arriving_by(|_| Arrival::by("stdio"));
    let (session, replies_written) = (Arc::clone(&transport.session), transport.written.clone());
    let running = match service.serve(transport).await {
        Ok(running) => running,
        // A client that closes the input without a word, or with nothing but noise, is not an error.
        Err(_) if session.input_closed() => {
            written(&replies_written).await;
            return Ok(());
        }
        Err(error) => return Err(Error::Transport(Box::new(error))),
    };
    running
        .waiting()
        .await
        .map(drop)
        .map_err(|error| Error::Transport(Box::new(error)))
}

/// A transport over a pair of streams.
pub struct Stdio {
    incoming: mpsc::Receiver<Message>,
    outgoing: Option<Outgoing>,
    /// Everything that was queued is written, or never will be.
    written: CancellationToken,
    session: Arc<Session>,
    /// Nobody is left at the other end, whatever the input says.
    orphaned: CancellationToken,
    reading: Option<AbortHandle>,
}

impl Stdio {
    /// Starts reading from `input` and writing to `output`, each on a thread of its own: it works with whatever
    /// they are, pipes, files, terminals, sockets.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn new(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> io::Result<Self> {
        let (transport, ends) = Self::pair();
        streams::on_threads(input, output, ends)?;
        Ok(transport)
    }

    /// The same over asynchronous streams, on two tasks of the current runtime: for servers within a test or
    /// another program.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn of_async(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (mut transport, ends) = Self::pair();
        transport.reading = Some(streams::on_tasks(input, output, ends));
        transport
    }

    fn pair() -> (Self, streams::Ends) {
        let (incoming_sender, incoming) = mpsc::channel(INCOMING_MAX);
        let (outgoing, outgoing_receiver) = Outgoing::channel();
        let written = CancellationToken::new();
        let session = Arc::new(Session::default());
        let ends = streams::Ends {
            session: Arc::clone(&session),
            incoming: incoming_sender,
            replies: outgoing.clone(),
            outgoing: outgoing_receiver,
            written: written.clone(),
        };
        let transport = Self {
            incoming,
            outgoing: Some(outgoing),
            written,
            session,
            orphaned: CancellationToken::new(),
            reading: None,
        };
        (transport, ends)
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let outgoing = self.outgoing.clone();
        let session = Arc::clone(&self.session);
        async move {
            let json = serde_json::to_vec(&message)?;
            let line = match &message {
                JsonRpcMessage::Response(response) => session.answer(&response.id, json),
                JsonRpcMessage::Error(error) if let Some(id) = &error.id => session.answer(id, json),
                _ => Some([json.as_slice(), b"\n"].concat()),
            };
            match (line, outgoing) {
                (Some(line), Some(outgoing)) => outgoing.send(line).await,
                (Some(_), None) => Err(streams::closed()),
                // It goes out with the rest of its batch.
                (None, _) => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<Message> {
        tokio::select! {
            biased;
            message = self.incoming.recv() => {
                if message.is_some() {
                    return message;
                }
            }
            () = self.orphaned.cancelled() => self.session.close_input(),
        }
        // Nothing more comes: replies under way are still owed.
        if tokio::time::timeout(DRAIN_MAX, self.session.none_pending())
            .await
            .is_err()
        {
            tracing::warn!(
                "nothing more comes from the client; calls still running after {DRAIN_MAX:?} are dropped"
            );
        }
        // Subscriptions end with the input, and not only once the service has waited for them in vain.
        self.session.next_stream().map(cancellation_of)
    }

    async fn close(&mut self) -> io::Result<()> {
        self.incoming.close();
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
        if let Some(outgoing) = self.outgoing.take() {
            // A client that does not read keeps nobody.
            let _ = tokio::time::timeout(WRITTEN_MAX, outgoing.finish()).await;
        }
        written(&self.written).await;
        Ok(())
    }
}

/// What a client says that no longer listens.
fn cancellation_of(stream: RequestId) -> Message {
    let params = CancelledNotificationParam::new(Some(stream), None);
    Message::notification(CancelledNotification::new(params).into())
}

/// Waits for what is queued, not for a client that does not read.
async fn written(written: &CancellationToken) {
    let _ = tokio::time::timeout(WRITTEN_MAX, written.cancelled()).await;
}

impl Drop for Stdio {
    fn drop(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn subscriptions_that_are_open_are_cancelled_when_the_input_closes() {
        let listen = |id: &str| {
            let params = json!({"notifications": {"toolsListChanged": true}});
            json!({"jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params})
        };
        let client = json!({"name": "t", "version": "0"});
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
        let initialize = json!({"jsonrpc": "2.0", "id": "i", "method": "initialize", "params": params});
        let cancel = |id: &str| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        let lines = [initialize, listen("a"), listen("b"), cancel("a"), cancel("i")];
        let input = lines.map(|line| format!("{line}\n")).concat();
        let mut transport = Stdio::new(io::Cursor::new(input), io::sink()).expect("threads start");
        let mut received = Vec::new();
        while let Some(message) = transport.receive().await {
            received.push(serde_json::to_value(message).expect("JSON"));
        }
        assert_eq!(received.len(), 6, "{received:?}");
        assert_eq!(received[5]["method"], "notifications/cancelled");
        assert_eq!(received[5]["params"]["requestId"], "b");
    }
}
