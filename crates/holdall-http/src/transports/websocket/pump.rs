//! Frames in, frames out, until either side has had enough.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use holdall::wire::{Decoded, Inlet, Outlet, decode};
use http::request::Parts;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use crate::config::HttpConfig;
use crate::limits::Share;
use crate::transports::connection::{Connection, attach};

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// How long a client may take to close its end once it was told.
const CLOSE_MAX: Duration = Duration::from_secs(1);
/// How much is read in one go.
const STREAM_BYTES: usize = 16 * 1024;

/// Carries messages between a connection and its service.
#[derive(Clone)]
pub(super) struct Pump {
    message_bytes_max: usize,
    write_timeout: Duration,
    keep_alive: Duration,
}

/// Why nothing more is carried.
struct End {
    code: CloseCode,
    reason: &'static str,
}

/// The client has to prove anew who it is.
const CREDENTIAL_ENDED: End = End::new(
    CloseCode::Policy,
    "the credential is good no longer: connect with another",
);

impl End {
    const fn new(code: CloseCode, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

impl Pump {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Self {
            message_bytes_max: config.body_bytes_max,
            write_timeout: config.transports.write_timeout,
            keep_alive: config.transports.keep_alive,
        }
    }

    /// Serves a connection that has been handed over.
    pub(super) async fn run(self, upgraded: Upgraded, connection: Connection, parts: Parts) {
        let mut config = WebSocketConfig::default()
            .max_message_size(Some(self.message_bytes_max))
            .max_frame_size(Some(self.message_bytes_max));
        config.read_buffer_size = STREAM_BYTES;
        config.write_buffer_size = STREAM_BYTES;
        let io = TokioIo::new(upgraded);
        let socket: Socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        let (sink, mut stream) = socket.split();
        let Connection {
            inlet,
            outlet,
            closing,
            expired,
            alive,
            place,
        } = connection;
        let heard = Notify::new();
        let mut writer = Writer { sink, pump: self };
        let end = tokio::select! {
            end = read(&mut stream, inlet, parts, &heard, &closing) => end,
            end = writer.carry(outlet, &heard) => end,
        };
        let end = match end {
            Some(End {
                code: CloseCode::Away,
                ..
            }) if expired.is_cancelled() => Some(CREDENTIAL_ENDED),
            end => end,
        };
        // Nobody is left to answer: what is under way is cancelled.
        drop(alive);
        if let Some(end) = end {
            writer.close(end).await;
            // The client answers with a close frame of its own, or does not care to.
            let rest = async { while let Some(Ok(_)) = stream.next().await {} };
            let _ = timeout(CLOSE_MAX, rest).await;
        }
        drop(place);
    }
}

/// Reads until the client closes the connection (`None`), or must be told to.
///
/// Once the connection is closing nothing more is read: what comes now would cut short what is still to be answered.
async fn read(
    stream: &mut SplitStream<Socket>,
    inlet: Inlet,
    parts: Parts,
    heard: &Notify,
    closing: &CancellationToken,
) -> Option<End> {
    loop {
        let next = tokio::select! {
            biased;
            () = closing.cancelled() => std::future::pending().await,
            next = stream.next() => next,
        };
        let message = match next {
            Some(Ok(message)) => message,
            Some(Err(error)) => return why(&error),
            None => return None,
        };
        heard.notify_one();
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Some(End::new(CloseCode::Unsupported, "messages are text frames")),
            Message::Close(_) => return None,
            // Pings are answered by themselves.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        if let Some(share) = parts.extensions.get::<Share>() {
            // A client that has to wait for its turn is no client that is gone.
            share.hear(|| heard.notify_one()).await;
        }
        let decoded: Decoded = decode(text.as_bytes());
        drop(text);
        if inlet.take(decoded, attach(&parts)).await.is_err() {
            return Some(End::new(CloseCode::Away, "the session has ended"));
        }
    }
}

/// What the client is told of what it did; nothing if nobody listens any more.
fn why(error: &Error) -> Option<End> {
    match error {
        Error::Capacity(_) => Some(End::new(CloseCode::Size, "the message is too large")),
        Error::Utf8(_) => Some(End::new(CloseCode::Invalid, "the message is no UTF-8")),
        // Gone without a word.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(End::new(CloseCode::Protocol, "this is not WebSocket")),
        _ => None,
    }
}

struct Writer {
    sink: SplitSink<Socket, Message>,
    pump: Pump,
}

impl Writer {
    /// Writes until the service has said all it had to, or the client is gone (`None`).
    async fn carry(&mut self, mut outlet: Outlet, heard: &Notify) -> Option<End> {
        let keep_alive = self.pump.keep_alive;
        let mut look = Instant::now() + keep_alive;
        // Whether the client has been asked for a sign of life.
        let mut asked = false;
        loop {
            tokio::select! {
                frame = outlet.next() => {
                    let Some(frame) = frame else {
                        return Some(End::new(CloseCode::Away, "the session has ended"));
                    };
                    let text = Utf8Bytes::try_from(frame.into_text()).expect("JSON is UTF-8");
                    self.send(Message::Text(text)).await?;
                }
                () = heard.notified() => {
                    asked = false;
                    look = Instant::now() + keep_alive;
                }
                () = sleep_until(look) => {
                    if asked {
                        tracing::debug!("a client gives no sign of life and is dropped");
                        return None;
                    }
                    self.send(Message::Ping(Default::default())).await?;
                    asked = true;
                    look = Instant::now() + keep_alive;
                }
            }
        }
    }

    /// Nothing, if the client is gone or does not read.
    async fn send(&mut self, message: Message) -> Option<()> {
        match timeout(self.pump.write_timeout, self.sink.send(message)).await {
            Ok(sent) => sent.ok(),
            Err(_) => {
                tracing::debug!("a client does not read and is dropped");
                None
            }
        }
    }

    async fn close(&mut self, End { code, reason }: End) {
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        };
        let _ = timeout(CLOSE_MAX, self.sink.send(Message::Close(Some(frame)))).await;
    }
}
