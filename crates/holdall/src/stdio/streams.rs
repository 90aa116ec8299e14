//! Bytes in, lines out: on two threads, which can read and write anything, or on two tasks.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread;

use rmcp::model::ErrorCode;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::decode::{Decoded, Refusal, decode};
use super::lines::{Line, Lines};
use super::session::{Admitted, Session};
use super::{LINE_BYTES_MAX, Message, OUTGOING_BYTES_MAX, OUTGOING_MAX, STREAM_BYTES};

/// What reading and writing need of the transport.
pub(super) struct Ends {
    pub(super) session: Arc<Session>,
    pub(super) incoming: mpsc::Sender<Message>,
    pub(super) replies: Outgoing,
    pub(super) outgoing: mpsc::Receiver<Queued>,
    /// Cancelled when nothing more will be written.
    pub(super) written: CancellationToken,
}

/// Where lines are queued to be written, within bounds of number and size.
#[derive(Clone)]
pub(super) struct Outgoing {
    lines: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
}

/// What is queued.
pub(super) enum Queued {
    /// A line, with the room it takes until it is written.
    Line(Vec<u8>, Option<OwnedSemaphorePermit>),
    /// Nothing more is written.
    End,
}

impl Outgoing {
    pub(super) fn channel() -> (Self, mpsc::Receiver<Queued>) {
        let (lines, receiver) = mpsc::channel(OUTGOING_MAX);
        let room = Arc::new(Semaphore::new(OUTGOING_BYTES_MAX));
        (Self { lines, room }, receiver)
    }

    /// Queues a line once there is room.
    pub(super) async fn send(&self, line: Vec<u8>) -> io::Result<()> {
        let bytes = u32::try_from(line.len().min(OUTGOING_BYTES_MAX)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.ok();
        let queued = Queued::Line(line, room);
        self.lines.send(queued).await.map_err(|_| closed())
    }

    /// Ends the writing once everything queued before is written, whoever else could still write.
    pub(super) async fn finish(&self) {
        // A writer that has given up has ended already.
        let _ = self.lines.send(Queued::End).await;
    }
}

impl Queued {
    /// An error reply of the reader's: small, so that it needs no room of its own.
    fn reply(line: Vec<u8>) -> Self {
        Self::Line(line, None)
    }
}

pub(super) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the client no longer reads")
}

/// Reads and writes on two threads.
pub(super) fn on_threads(
    mut input: impl Read + Send + 'static,
    mut output: impl Write + Send + 'static,
    ends: Ends,
) -> io::Result<()> {
    let Ends {
        session,
        incoming,
        replies,
        mut outgoing,
        written,
    } = ends;
    thread::Builder::new().name("stdio-read".into()).spawn(move || {
        let mut reader = Reader::new(&session);
        let mut bytes = vec![0; STREAM_BYTES];
        loop {
            let read = match input.read(&mut bytes) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::warn!(%error, "the input cannot be read");
                    0
                }
            };
            let mut rest = &bytes[..read];
            while let Some(admitted) = reader.next(&mut rest, read == 0) {
                for message in admitted.messages {
                    if incoming.blocking_send(message).is_err() {
                        return;
                    }
                }
                if !admitted.reply.is_empty()
                    && replies
                        .lines
                        .blocking_send(Queued::reply(admitted.reply))
                        .is_err()
                {
                    return;
                }
            }
            if read == 0 {
                return session.close_input();
            }
        }
    })?;
    thread::Builder::new().name("stdio-write".into()).spawn(move || {
        let mut batch = Gathered::default();
        while !batch.ends
            && let Some(first) = outgoing.blocking_recv()
        {
            batch.gather(first, &mut outgoing);
            if let Err(error) = output.write_all(&batch.bytes).and_then(|()| output.flush()) {
                tracing::debug!(%error, "the client no longer reads");
                break;
            }
            batch.clear();
        }
        written.cancel();
    })?;
    Ok(())
}

/// Reads and writes on two tasks. Returns a handle to end the reading with.
pub(super) fn on_tasks(
    mut input: impl AsyncRead + Send + Unpin + 'static,
    mut output: impl AsyncWrite + Send + Unpin + 'static,
    ends: Ends,
) -> AbortHandle {
    let Ends {
        session,
        incoming,
        replies,
        mut outgoing,
        written,
    } = ends;
    let reading = tokio::spawn(async move {
        let mut reader = Reader::new(&session);
        let mut bytes = vec![0; STREAM_BYTES];
        loop {
            let read = input.read(&mut bytes).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the input cannot be read");
                0
            });
            let mut rest = &bytes[..read];
            while let Some(admitted) = reader.next(&mut rest, read == 0) {
                for message in admitted.messages {
                    if incoming.send(message).await.is_err() {
                        return;
                    }
                }
                if !admitted.reply.is_empty()
                    && replies.lines.send(Queued::reply(admitted.reply)).await.is_err()
                {
                    return;
                }
            }
            if read == 0 {
                return session.close_input();
            }
        }
    });
    tokio::spawn(async move {
        let mut batch = Gathered::default();
        while !batch.ends
            && let Some(first) = outgoing.recv().await
        {
            batch.gather(first, &mut outgoing);
            let sent = async { output.write_all(&batch.bytes).await.and(output.flush().await) };
            if let Err(error) = sent.await {
                tracing::debug!(%error, "the client no longer reads");
                break;
            }
            batch.clear();
        }
        // The client sees the end of the output, or has gone already.
        let _ = output.shutdown().await;
        written.cancel();
    });
    reading.abort_handle()
}

/// From bytes to what follows from them.
struct Reader<'a> {
    session: &'a Session,
    lines: Lines,
}

impl<'a> Reader<'a> {
    fn new(session: &'a Session) -> Self {
        Self {
            session,
            lines: Lines::default(),
        }
    }

    /// What follows from the next line in `bytes`; `None` when all of them are taken.
    fn next(&mut self, bytes: &mut &[u8], ended: bool) -> Option<Admitted> {
        let line = if ended {
            self.lines.finish()
        } else {
            self.lines.take(bytes)
        };
        let decoded = match line? {
            Line::Whole(line) => decode(line),
            Line::TooLong => {
                let message = format!("the line is longer than {LINE_BYTES_MAX} bytes and is skipped");
                Decoded::Refused(Refusal::new(Value::Null, ErrorCode::INVALID_REQUEST, message))
            }
        };
        Some(self.session.admit(decoded))
    }
}

/// Lines that are ready at the same time are written in one go.
#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    rooms: Vec<OwnedSemaphorePermit>,
    /// Nothing comes after.
    ends: bool,
}

impl Gathered {
    fn gather(&mut self, first: Queued, more: &mut mpsc::Receiver<Queued>) {
        self.push(first);
        while !self.ends
            && self.bytes.len() < STREAM_BYTES
            && let Ok(queued) = more.try_recv()
        {
            self.push(queued);
        }
    }

    fn push(&mut self, queued: Queued) {
        match queued {
            Queued::Line(line, room) => {
                self.bytes.extend_from_slice(&line);
                self.rooms.extend(room);
            }
            Queued::End => self.ends = true,
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(STREAM_BYTES);
        self.rooms.clear();
    }
}
