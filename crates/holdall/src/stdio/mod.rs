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
//! | `streams` | how do bytes come in and lines go out, on threads or on tasks? |
//! | `process` | whose are the standard streams, and is anybody left? |
//!
//! What a line is, and when it may come, is [`wire`](crate::wire)'s business, as on every transport.

mod lines;
mod process;
mod streams;

use std::io::{self, Read, Write};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use self::process::Watch;
use crate::error::Result;
use crate::observe::Arrival;
use crate::protocol::{RoleServer, RxJsonRpcMessage, Transport, TxJsonRpcMessage};
use crate::service::Service;
use crate::wire::{Bounds, Wire};

/// The longest line that is read, in bytes: 32 MiB, room for a note of 16 MiB with every character escaped.
pub const LINE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long calls under way may take once the client has closed the input.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How much is read or written in one go.
const STREAM_BYTES: usize = 64 * 1024;

/// Serves on standard input and output until the client closes the input or is gone.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if the standard streams cannot be taken over,
/// [`Error::Transport`](crate::Error::Transport) if the client does not open
/// the connection as the protocol demands.
pub async fn serve(service: Service) -> Result<()> {
    let (input, output) = process::take_over()?;
    let watched = output.try_clone()?;
    let service = service.arriving_by(|_| Arrival::by("stdio"));
    let Stdio { wire, reading: _ } = Stdio::new(input, output)?;
    let _watch = Watch::start(&watched, wire.closing())?;
    crate::wire::serve(service, wire, CancellationToken::new()).await
}

/// A transport over a pair of streams.
pub struct Stdio {
    wire: Wire,
    reading: Reading,
}

/// Reading on a task ends with its transport; a thread ends with its input.
#[derive(Default)]
struct Reading(Option<AbortHandle>);

impl Reading {
    fn end(&mut self) {
        if let Some(reading) = self.0.take() {
            reading.abort();
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.end();
    }
}

impl Stdio {
    /// Starts reading from `input` and writing to `output`, each on a thread of its own: it works with whatever
    /// they are, pipes, files, terminals, sockets.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn new(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> io::Result<Self> {
        let (wire, inlet, outlet) = Wire::new(bounds());
        streams::on_threads(input, output, inlet, outlet)?;
        Ok(Self {
            wire,
            reading: Reading::default(),
        })
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
        let (wire, inlet, outlet) = Wire::new(bounds());
        let reading = streams::on_tasks(input, output, inlet, outlet);
        Self {
            wire,
            reading: Reading(Some(reading)),
        }
    }
}

fn bounds() -> Bounds {
    Bounds {
        drain: DRAIN_MAX,
        ..Bounds::default()
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.wire.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.wire.receive().await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.reading.end();
        self.wire.close().await
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
