//! Bytes in, lines out: on two threads, which can read and write anything, or on two tasks.

use std::io::{self, Read, Write};
use std::thread;

use rmcp::model::ErrorCode;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::AbortHandle;

use super::lines::{Line, Lines};
use super::{LINE_BYTES_MAX, STREAM_BYTES};
use crate::wire::{Decoded, Frame, Inlet, Outlet, Refusal, decode};

/// Reads and writes on two threads.
pub(super) fn on_threads(
    mut input: impl Read + Send + 'static,
    mut output: impl Write + Send + 'static,
    inlet: Inlet,
    mut outlet: Outlet,
) -> io::Result<()> {
    thread::Builder::new().name("stdio-read".into()).spawn(move || {
        let mut lines = Lines::default();
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
            while let Some(decoded) = next(&mut lines, &mut rest, read == 0) {
                if inlet.take_blocking(decoded).is_err() {
                    return;
                }
            }
            if read == 0 {
                return;
            }
        }
    })?;
    thread::Builder::new().name("stdio-write".into()).spawn(move || {
        let mut batch = Gathered::default();
        while !batch.ends
            && let Some(first) = outlet.next_blocking()
        {
            batch.gather(first, &mut outlet);
            if let Err(error) = output.write_all(&batch.bytes).and_then(|()| output.flush()) {
                tracing::debug!(%error, "the client no longer reads");
                break;
            }
            batch.clear();
        }
    })?;
    Ok(())
}

/// Reads and writes on two tasks. Returns a handle to end the reading with.
pub(super) fn on_tasks(
    mut input: impl AsyncRead + Send + Unpin + 'static,
    mut output: impl AsyncWrite + Send + Unpin + 'static,
    inlet: Inlet,
    mut outlet: Outlet,
) -> AbortHandle {
    let reading = tokio::spawn(async move {
        let mut lines = Lines::default();
        let mut bytes = vec![0; STREAM_BYTES];
        loop {
            let read = input.read(&mut bytes).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the input cannot be read");
                0
            });
            let mut rest = &bytes[..read];
            while let Some(decoded) = next(&mut lines, &mut rest, read == 0) {
                if inlet.take(decoded, |_| ()).await.is_err() {
                    return;
                }
            }
            if read == 0 {
                return;
            }
        }
    });
    tokio::spawn(async move {
        let mut batch = Gathered::default();
        while !batch.ends
            && let Some(first) = outlet.next().await
        {
            batch.gather(first, &mut outlet);
            let sent = async { output.write_all(&batch.bytes).await.and(output.flush().await) };
            if let Err(error) = sent.await {
                tracing::debug!(%error, "the client no longer reads");
                break;
            }
            batch.clear();
        }
        // The client sees the end of the output, or has gone already.
        let _ = output.shutdown().await;
    });
    reading.abort_handle()
}

/// The next line in `bytes`; `None` when all of them are taken.
fn next(lines: &mut Lines, bytes: &mut &[u8], ended: bool) -> Option<Decoded> {
    let line = if ended { lines.finish() } else { lines.take(bytes) };
    Some(match line? {
        Line::Whole(line) => decode(line),
        Line::TooLong => {
            let message = format!("the line is longer than {LINE_BYTES_MAX} bytes and is skipped");
            Decoded::Refused(Refusal::new(Value::Null, ErrorCode::INVALID_REQUEST, message))
        }
    })
}

/// Lines that are ready at the same time are written in one go.
#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    /// Until they are written, they count as waiting.
    frames: Vec<Frame>,
    /// Nothing comes after.
    ends: bool,
}

impl Gathered {
    fn gather(&mut self, first: Frame, more: &mut Outlet) {
        self.push(first);
        while !self.ends
            && self.bytes.len() < STREAM_BYTES
            && let Some(ready) = more.next_ready()
        {
            match ready {
                Some(frame) => self.push(frame),
                None => self.ends = true,
            }
        }
    }

    fn push(&mut self, frame: Frame) {
        self.bytes.extend_from_slice(frame.text());
        self.bytes.push(b'\n');
        self.frames.push(frame);
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(STREAM_BYTES);
        self.frames.clear();
    }
}
