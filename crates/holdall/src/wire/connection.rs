//! A connection, message by message: [`Wire`] is the service's end, [`Inlet`] and [`Outlet`] are the client's.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CancelledNotification, CancelledNotificationParam, JsonRpcMessage, RequestId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::Message;
use super::decode::Decoded;
use super::session::{Admitted, Session};
use crate::error::{Error, Result};
use crate::protocol::{RoleServer, ServiceExt, Transport, TxJsonRpcMessage};
use crate::service::Service;

/// How long the last replies may take to be written.
const WRITTEN_MAX: Duration = Duration::from_millis(500);

/// How much may wait on a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bounds {
    /// Texts read ahead of the service; more wait to be taken. Default: 16.
    pub incoming_max: usize,
    /// Requests under way at once; more are refused. Default: no bound, for a client that started the server.
    pub requests_max: usize,
    /// Messages waiting to be written; beyond that, calls wait for the client to read. Default: 1024.
    pub outgoing_max: usize,
    /// Bytes waiting to be written; beyond that, calls wait as well. A single larger message goes out alone.
    /// Default: 64 MiB.
    pub outgoing_bytes_max: usize,
    /// How long calls under way may take once the client sends nothing more. Default: 10 seconds.
    pub drain: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            incoming_max: 16,
            requests_max: usize::MAX,
            outgoing_max: 1024,
            outgoing_bytes_max: 64 * 1024 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// The other end of the connection takes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection has ended")]
pub struct Gone;

/// Serves a connection until the client has closed its end and calls under way are answered, or until `cancelled`,
/// which cancels them.
///
/// # Errors
/// [`Error::Transport`] if the client does not open the connection as the protocol demands. One that closes it without
/// a word, or with nothing but noise, is no error.
pub async fn serve(service: Service, wire: Wire, cancelled: CancellationToken) -> Result<()> {
    let (session, written) = (Arc::clone(&wire.session), wire.written.clone());
    let running = match service.serve_with_ct(wire, cancelled.clone()).await {
        Ok(running) => running,
        Err(_) if session.input_closed() || cancelled.is_cancelled() => {
            await_written(&written).await;
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

/// The service's end of a connection.
pub struct Wire {
    incoming: mpsc::Receiver<Vec<Message>>,
    /// The rest of what came in one text.
    arrived: VecDeque<Message>,
    outgoing: Option<Queue>,
    /// Everything that was queued is written, or never will be.
    written: CancellationToken,
    session: Arc<Session>,
    closing: CancellationToken,
    drain: Duration,
}

/// Where texts from the client are taken in. Dropped, it says that nothing more comes.
pub struct Inlet {
    session: Arc<Session>,
    incoming: mpsc::Sender<Vec<Message>>,
    /// Weak: when the service is gone nothing more comes out, whoever could still send something in.
    replies: mpsc::WeakSender<Queued>,
}

/// Where messages for the client come out. Dropped, it says that nothing more is written.
pub struct Outlet {
    queued: mpsc::Receiver<Queued>,
    written: CancellationToken,
}

/// A message for the client. It counts as waiting until it is dropped.
pub struct Frame {
    text: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Wire {
    /// A connection.
    pub fn new(bounds: Bounds) -> (Self, Inlet, Outlet) {
        let (incoming_sender, incoming) = mpsc::channel(bounds.incoming_max);
        let (outgoing, queued) = Queue::channel(&bounds);
        let written = CancellationToken::new();
        let session = Arc::new(Session::new(bounds.requests_max));
        let inlet = Inlet {
            session: Arc::clone(&session),
            incoming: incoming_sender,
            replies: outgoing.queued.downgrade(),
        };
        let wire = Self {
            incoming,
            arrived: VecDeque::new(),
            outgoing: Some(outgoing),
            written: written.clone(),
            session,
            closing: CancellationToken::new(),
            drain: bounds.drain,
        };
        (wire, inlet, Outlet { queued, written })
    }

    /// Cancelled, nothing more is taken in: calls under way are answered, and the connection ends.
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }
}

impl Transport<RoleServer> for Wire {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let outgoing = self.outgoing.clone();
        let session = Arc::clone(&self.session);
        async move {
            let json = serde_json::to_vec(&message)?;
            let text = match &message {
                JsonRpcMessage::Response(response) => session.answer(&response.id, json),
                JsonRpcMessage::Error(error) if let Some(id) = &error.id => session.answer(id, json),
                _ => Some(json),
            };
            match (text, outgoing) {
                (Some(text), Some(outgoing)) => outgoing.send(text).await,
                (Some(_), None) => Err(broken()),
                // It goes out with the rest of its batch.
                (None, _) => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<Message> {
        if let Some(message) = self.arrived.pop_front() {
            return Some(message);
        }
        tokio::select! {
            biased;
            messages = self.incoming.recv() => {
                if let Some(messages) = messages {
                    self.arrived.extend(messages);
                    return self.arrived.pop_front();
                }
            }
            () = self.closing.cancelled() => self.session.close_input(),
        }
        // Nothing more comes: replies under way are still owed.
        if tokio::time::timeout(self.drain, self.session.none_pending())
            .await
            .is_err()
        {
            tracing::warn!(
                "nothing more comes from the client; calls still running after {:?} are dropped",
                self.drain
            );
        }
        // Subscriptions end with the input, and not only once the service has waited for them in vain.
        self.session.next_stream().map(cancellation_of)
    }

    async fn close(&mut self) -> io::Result<()> {
        self.incoming.close();
        if let Some(outgoing) = self.outgoing.take() {
            // A client that does not read keeps nobody.
            let _ = tokio::time::timeout(WRITTEN_MAX, outgoing.finish()).await;
        }
        await_written(&self.written).await;
        Ok(())
    }
}

/// What a client says that no longer listens.
fn cancellation_of(stream: RequestId) -> Message {
    let params = CancelledNotificationParam::new(Some(stream), None);
    Message::notification(CancelledNotification::new(params).into())
}

/// Waits for what is queued, not for a client that does not read.
async fn await_written(written: &CancellationToken) {
    let _ = tokio::time::timeout(WRITTEN_MAX, written.cancelled()).await;
}

impl Inlet {
    /// Takes in what was read, once there is room for it; `attach` adds to each message what the transport knows of
    /// its sender. What is refused is answered by itself.
    ///
    /// Cancellation safe: nothing is taken in halves.
    ///
    /// # Errors
    /// If the service does not read any more.
    pub async fn take(
        &self,
        decoded: Decoded,
        attach: impl FnMut(&mut Message),
    ) -> std::result::Result<(), Gone> {
        let place = match decoded {
            // What the service will not look at any more would never be answered.
            Decoded::Message(_) | Decoded::Batch(_) if self.session.input_closed() => return Err(Gone),
            Decoded::Message(_) | Decoded::Batch(_) => Some(self.incoming.reserve().await.map_err(|_| Gone)?),
            Decoded::Nothing | Decoded::Refused(_) => None,
        };
        let Admitted {
            mut messages,
            replies,
        } = self.session.admit(decoded);
        messages.iter_mut().for_each(attach);
        if let Some(place) = place
            && !messages.is_empty()
        {
            place.send(messages);
        }
        for reply in replies {
            let outgoing = self.replies.upgrade().ok_or(Gone)?;
            outgoing.send(Queued::reply(reply)).await.map_err(|_| Gone)?;
        }
        Ok(())
    }

    /// The same from a thread that may block.
    pub(crate) fn take_blocking(&self, decoded: Decoded) -> std::result::Result<(), Gone> {
        let Admitted { messages, replies } = self.session.admit(decoded);
        if !messages.is_empty() {
            self.incoming.blocking_send(messages).map_err(|_| Gone)?;
        }
        for reply in replies {
            let outgoing = self.replies.upgrade().ok_or(Gone)?;
            outgoing.blocking_send(Queued::reply(reply)).map_err(|_| Gone)?;
        }
        Ok(())
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.session.close_input();
    }
}

impl Outlet {
    /// The next message; `None` once the connection has ended.
    ///
    /// Cancellation safe.
    pub async fn next(&mut self) -> Option<Frame> {
        Self::frame(self.queued.recv().await)
    }

    pub(crate) fn next_blocking(&mut self) -> Option<Frame> {
        Self::frame(self.queued.blocking_recv())
    }

    /// A message that is there already; `Some(None)` if there will be none.
    pub(crate) fn next_ready(&mut self) -> Option<Option<Frame>> {
        let queued = self.queued.try_recv().ok()?;
        Some(Self::frame(Some(queued)))
    }

    fn frame(queued: Option<Queued>) -> Option<Frame> {
        match queued {
            Some(Queued::Frame(frame)) => Some(frame),
            Some(Queued::End) | None => None,
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.written.cancel();
    }
}

impl Frame {
    /// One message, or one batch of them, as JSON without line breaks.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The text, which no longer counts as waiting.
    pub fn into_text(self) -> Vec<u8> {
        self.text
    }
}

/// Where messages wait to be written, within bounds of number and size.
#[derive(Clone)]
struct Queue {
    queued: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
    bytes_max: usize,
}

/// What waits.
enum Queued {
    Frame(Frame),
    /// Nothing more is written, whatever the service still says.
    End,
}

impl Queue {
    fn channel(bounds: &Bounds) -> (Self, mpsc::Receiver<Queued>) {
        let (queued, receiver) = mpsc::channel(bounds.outgoing_max);
        let bytes_max = bounds.outgoing_bytes_max.min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(bytes_max));
        let queue = Self {
            queued,
            room,
            bytes_max,
        };
        (queue, receiver)
    }

    /// Queues a message once there is room.
    async fn send(&self, text: Vec<u8>) -> io::Result<()> {
        let bytes = u32::try_from(text.len().min(self.bytes_max)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.ok();
        let queued = Queued::Frame(Frame { text, _room: room });
        self.queued.send(queued).await.map_err(|_| broken())
    }

    /// Ends the writing once everything queued before is written.
    async fn finish(&self) {
        // A writer that has given up has ended already.
        let _ = self.queued.send(Queued::End).await;
    }
}

impl Queued {
    /// An error reply of the reader's: small, so that it needs no room of its own.
    fn reply(text: Vec<u8>) -> Self {
        Self::Frame(Frame { text, _room: None })
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the client no longer reads")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode;

    #[tokio::test]
    async fn nothing_more_comes_out_once_the_service_is_gone() {
        let (wire, inlet, mut outlet) = Wire::new(Bounds::default());
        inlet
            .take(decode(b"{"), |_| ())
            .await
            .expect("the service is there");
        drop(wire);
        assert!(
            outlet
                .next()
                .await
                .is_some_and(|frame| frame.text().starts_with(b"{"))
        );
        assert!(outlet.next().await.is_none());
        assert_eq!(inlet.take(decode(b"{"), |_| ()).await, Err(Gone));
        let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        assert_eq!(inlet.take(decode(ping), |_| ()).await, Err(Gone));
    }

    #[tokio::test]
    async fn what_waits_for_a_client_is_bounded_and_a_large_message_goes_alone() {
        let bounds = Bounds {
            outgoing_bytes_max: 10,
            ..Bounds::default()
        };
        let (wire, _inlet, mut outlet) = Wire::new(bounds);
        let queue = wire.outgoing.clone().expect("it is open");
        queue.send(vec![b'x'; 25]).await.expect("it is read");
        let second = tokio::spawn(async move { queue.send(vec![b'y'; 5]).await });
        let first = outlet.next().await.expect("it was sent");
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        assert_eq!(outlet.next().await.expect("it was sent").text(), b"yyyyy");
        second.await.expect("no panic").expect("it is read");
    }
}
