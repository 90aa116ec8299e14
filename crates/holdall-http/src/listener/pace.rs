//! When a connection has been silent for too long: [`Pace`].
//!
//! hyper has one timer, for the time until the next request's headers are whole. Here waiting for a request may take long,
//! sending its headers may not. A request that comes in one piece sets no timer at all. Clients that take none of their
//! reply are another's business ([`Patient`](crate::patience::Patient)).

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Nothing has come yet.
const FRESH: u8 = 0;
/// The last request is answered, nothing of the next has come.
const IDLE: u8 = 1;
/// Headers are coming in.
const HEADERS: u8 = 2;
/// A request is being answered.
const BUSY: u8 = 3;

/// How far a connection has come. Only its own task changes and reads it.
#[derive(Clone, Default)]
pub(super) struct Pace {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    phase: AtomicU8,
    /// The client does not take what is ready.
    stalled: AtomicBool,
    /// Counts the changes.
    changes: AtomicU32,
}

/// How long each may take.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub(super) headers: Duration,
    pub(super) idle: Duration,
}

impl Pace {
    /// A request's headers are whole.
    pub(super) fn request(&self) {
        self.enter(BUSY);
    }

    /// Whether nothing has come yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.inner.phase.load(Relaxed) == FRESH
    }

    /// Resolves with what the client has taken too long for.
    pub(super) async fn overdue(&self, patience: Patience) -> &'static str {
        let mut seen = self.inner.changes.load(Relaxed);
        let mut since = Instant::now();
        let mut timer = pin!(tokio::time::sleep(patience.headers));
        std::future::poll_fn(|cx| {
            loop {
                let changes = self.inner.changes.load(Relaxed);
                if changes != seen {
                    (seen, since) = (changes, Instant::now());
                }
                let Some((limit, what)) = self.limit(patience) else {
                    return Poll::Pending;
                };
                let deadline = since + limit;
                // A timer that is early is set anew when it fires: most never do.
                if deadline < timer.deadline() || timer.is_elapsed() {
                    timer.as_mut().reset(deadline);
                }
                ready!(timer.as_mut().poll(cx));
                if Instant::now() >= deadline {
                    return Poll::Ready(what);
                }
            }
        })
        .await
    }

    fn limit(&self, patience: Patience) -> Option<(Duration, &'static str)> {
        if self.inner.stalled.load(Relaxed) {
            return None;
        }
        match self.inner.phase.load(Relaxed) {
            FRESH | HEADERS => Some((patience.headers, "to send its headers")),
            IDLE => Some((patience.idle, "to send another request")),
            _ => None,
        }
    }

    fn enter(&self, phase: u8) {
        if self.inner.phase.swap(phase, Relaxed) != phase {
            self.inner.changes.fetch_add(1, Relaxed);
        }
    }

    fn bytes_came(&self) {
        if matches!(self.inner.phase.load(Relaxed), FRESH | IDLE) {
            self.enter(HEADERS);
        }
    }

    fn wrote<T>(&self, outcome: Poll<T>) -> Poll<T> {
        let stalled = outcome.is_pending();
        if self.inner.stalled.load(Relaxed) != stalled {
            self.inner.stalled.store(stalled, Relaxed);
            self.inner.changes.fetch_add(1, Relaxed);
        }
        outcome
    }
}

/// A stream whose pace is known.
pub(super) struct Paced<S> {
    pub(super) stream: S,
    pub(super) pace: Pace,
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.pace.bytes_came();
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.pace.wrote(outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.pace.wrote(outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.pace.wrote(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.pace.wrote(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A reply; the connection is idle once it is sent.
pub(super) struct Reply {
    pub(super) body: Body,
    pub(super) pace: Pace,
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.pace.enter(IDLE);
    }
}

impl hyper::body::Body for Reply {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        hyper::body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        hyper::body::Body::size_hint(&self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        headers: Duration::from_secs(10),
        idle: Duration::from_secs(75),
    };

    type Event = fn(&Pace);

    /// After how many seconds what is too slow, if things happen at these seconds.
    async fn ends(events: &[(u64, Event)]) -> Option<(u64, &'static str)> {
        let pace = Pace::default();
        let started = Instant::now();
        let happening = async {
            for (second, event) in events {
                tokio::time::sleep_until(started + Duration::from_secs(*second)).await;
                event(&pace);
            }
            tokio::time::sleep_until(started + Duration::from_secs(10_000)).await;
        };
        // In one task, as events and timer are in a connection.
        tokio::select! {
            biased;
            () = happening => None,
            what = pace.overdue(PATIENCE) => Some((started.elapsed().as_secs(), what)),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_own_time() {
        let bytes: Event = Pace::bytes_came;
        let request: Event = Pace::request;
        let replied: Event = |pace| pace.enter(IDLE);
        let stuck: Event = |pace| assert!(pace.wrote(Poll::<()>::Pending).is_pending());
        let moved: Event = |pace| assert!(pace.wrote(Poll::Ready(())).is_ready());
        let (headers, idle) = ("to send its headers", "to send another request");
        for (events, expected) in [
            (&[][..], Some((10, headers))),
            // Dripping bytes does not help.
            (&[(1, bytes), (5, bytes), (10, bytes)], Some((11, headers))),
            // An answer may take long.
            (&[(1, bytes), (2, request)], None),
            (&[(1, bytes), (2, request), (500, replied)], Some((575, idle))),
            // The next request is quick once it has begun.
            (&[(1, request), (2, replied), (50, bytes)], Some((60, headers))),
            (&[(1, request), (2, replied), (50, bytes), (59, request)], None),
            // Whoever is still taking the reply is not idle.
            (&[(1, request), (3, stuck), (4, replied)], None),
            (
                &[(1, request), (3, stuck), (4, replied), (20, moved)],
                Some((95, idle)),
            ),
        ] {
            assert_eq!(ends(events).await, expected, "{events:?}");
        }
    }
}
