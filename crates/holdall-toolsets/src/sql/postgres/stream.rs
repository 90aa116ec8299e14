//! The bytes of a connection to PostgreSQL, counted: one row may have a gigabyte, and the protocol has no bound for it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::config::Host;

/// How many bytes may still come.
#[derive(Debug)]
pub(super) struct Meter {
    left: AtomicUsize,
    exceeded: AtomicBool,
}

impl Meter {
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicUsize::new(bytes),
            exceeded: AtomicBool::new(false),
        })
    }

    pub(super) fn allow(&self, bytes: usize) {
        self.left.store(bytes, Relaxed);
    }

    pub(super) fn is_exceeded(&self) -> bool {
        self.exceeded.load(Relaxed)
    }
}

pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection that ends when more comes than its meter allows.
pub(super) struct Metered {
    stream: Box<dyn Io>,
    meter: Arc<Meter>,
}

impl Metered {
    pub(super) async fn connect(host: &Host, port: u16, meter: Arc<Meter>) -> io::Result<Self> {
        let stream: Box<dyn Io> = match host {
            Host::Tcp(name) => {
                let stream = TcpStream::connect((name.as_str(), port)).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            #[cfg(unix)]
            Host::Unix(folder) => {
                let socket = folder.join(format!(".s.PGSQL.{port}"));
                Box::new(tokio::net::UnixStream::connect(socket).await?)
            }
        };
        Ok(Self { stream, meter })
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.meter.left.load(Relaxed);
        if left == 0 {
            self.meter.exceeded.store(true, Relaxed);
            return Poll::Ready(Err(io::Error::other(
                "the server sent more than a query may give",
            )));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let read = buffer.filled().len() - before;
        self.meter.left.store(left.saturating_sub(read), Relaxed);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
