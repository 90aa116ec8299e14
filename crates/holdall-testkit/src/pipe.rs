//! Lines to a server and lines back, over whatever pair of streams.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;

/// Lines read ahead of the test. A test that does not read makes the server wait.
const LINES_MAX: usize = 256;

/// This end of a connection.
pub(crate) struct Pipe {
    pub(crate) writer: Writer,
    /// Lines without their newline, in order.
    pub(crate) lines: mpsc::Receiver<Vec<u8>>,
    reading: AbortHandle,
}

/// Where bytes to the server go. Clones are one writer.
#[derive(Clone)]
pub(crate) struct Writer(Arc<Mutex<Option<Output>>>);

type Output = Box<dyn AsyncWrite + Send + Unpin>;

impl Pipe {
    /// Starts to read.
    pub(crate) fn new(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (sender, lines) = mpsc::channel(LINES_MAX);
        let reading = tokio::spawn(async move {
            let mut input = BufReader::new(input);
            let mut line = Vec::new();
            // Whatever keeps the output from being read is its end.
            while let Ok(1..) = input.read_until(b'\n', &mut line).await {
                if line.ends_with(b"\n") {
                    line.pop();
                }
                if sender.send(std::mem::take(&mut line)).await.is_err() {
                    return;
                }
            }
        });
        Self {
            writer: Writer(Arc::new(Mutex::new(Some(Box::new(output))))),
            lines,
            reading: reading.abort_handle(),
        }
    }

    /// Lets go of the stream from the server.
    pub(crate) fn stop_reading(&self) {
        self.reading.abort();
    }
}

impl Writer {
    pub(crate) async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match &mut *self.0.lock().await {
            Some(output) => {
                output.write_all(bytes).await?;
                output.flush().await
            }
            None => Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the input of the server was closed",
            )),
        }
    }

    /// Closes the input of the server.
    pub(crate) async fn close(&self) -> io::Result<()> {
        match self.0.lock().await.take() {
            Some(mut output) => output.shutdown().await,
            None => Ok(()),
        }
    }
}
