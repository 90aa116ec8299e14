//! Between the official SDK's client and the wire: everything that passes is noted as it is, before the SDK makes
//! of it what it understands.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use holdall::protocol::{RxJsonRpcMessage, Transport, TxJsonRpcMessage};
use rmcp::RoleClient;
use rmcp::model::{GetMeta, JsonRpcMessage};
use serde_json::Value;

use crate::journal::Journal;
use crate::pipe::Pipe;

/// What the server sends.
type Received = RxJsonRpcMessage<RoleClient>;
/// What the client sends.
type Sent = TxJsonRpcMessage<RoleClient>;

/// An entry of `_meta` that never leaves: the SDK asks for progress on every request, and this takes it back.
pub(crate) const WITHOUT_PROGRESS: &str = "holdall-testkit/without-progress";

/// Prepares a message to be sent, and takes note of it.
fn prepared(mut message: Sent, journal: &Journal) -> (Sent, Value) {
    if let JsonRpcMessage::Request(request) = &mut message {
        let meta = request.request.get_meta_mut();
        if meta.remove(WITHOUT_PROGRESS).is_some() {
            meta.remove("progressToken");
        }
    }
    let json = serde_json::to_value(&message).expect("a message is plain JSON");
    journal.sent(&json);
    (message, json)
}

/// One message a line.
pub(crate) struct LineLink {
    pipe: Pipe,
    journal: Arc<Journal>,
    /// The rest of a batch.
    unpacked: VecDeque<Received>,
}

impl LineLink {
    pub(crate) fn new(pipe: Pipe, journal: Arc<Journal>) -> Self {
        Self {
            pipe,
            journal,
            unpacked: VecDeque::new(),
        }
    }

    fn take_in(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        match serde_json::from_slice(line) {
            Ok(Value::Array(messages)) => messages.iter().for_each(|message| self.note(message)),
            Ok(message) => self.note(&message),
            Err(_) if text.trim().is_empty() => {}
            Err(_) => self
                .journal
                .remark(&format!("the server wrote a line that is no JSON: {text}")),
        }
    }

    fn note(&mut self, message: &Value) {
        self.journal.received(message);
        match serde_json::from_value(message.clone()) {
            Ok(message) => self.unpacked.push_back(message),
            Err(error) => self
                .journal
                .remark(&format!("the last message is none of the protocol: {error}")),
        }
    }
}

impl Transport<RoleClient> for LineLink {
    type Error = io::Error;

    fn send(&mut self, message: Sent) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let writer = self.pipe.writer.clone();
        let (_, json) = prepared(message, &self.journal);
        async move { writer.write(format!("{json}\n").as_bytes()).await }
    }

    async fn receive(&mut self) -> Option<Received> {
        loop {
            if let Some(message) = self.unpacked.pop_front() {
                return Some(message);
            }
            match self.pipe.lines.recv().await {
                Some(line) => self.take_in(&line),
                None => {
                    self.journal.end();
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.pipe.writer.close().await
    }
}

/// Over a transport of the SDK's, which shows messages only as it has understood them.
#[cfg(feature = "http")]
pub(crate) struct TypedLink<T> {
    inner: T,
    journal: Arc<Journal>,
}

#[cfg(feature = "http")]
impl<T> TypedLink<T> {
    pub(crate) fn new(inner: T, journal: Arc<Journal>) -> Self {
        Self { inner, journal }
    }
}

#[cfg(feature = "http")]
impl<T: Transport<RoleClient>> Transport<RoleClient> for TypedLink<T> {
    type Error = T::Error;

    fn send(&mut self, message: Sent) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let (message, _) = prepared(message, &self.journal);
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<Received> {
        let message = self.inner.receive().await;
        match &message {
            Some(message) => self
                .journal
                .received(&serde_json::to_value(message).unwrap_or_default()),
            None => self.journal.end(),
        }
        message
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
