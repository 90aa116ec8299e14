//! [`Turn`]: when a call may run, where many share a server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::CallResult;
use crate::protocol::model::Extensions;

/// The turn of one call. A transport that many share attaches one to each call, so that nobody takes everything:
/// [`Service::taking_turns_by`](crate::Service::taking_turns_by).
///
/// Of one call nothing is asked twice, but for pauses: a function may ask its user several things, also at once.
pub trait Turn: Send + Sync {
    /// Resolves when it is the call's turn; its function runs from then on. Dropped, nobody waits any more.
    ///
    /// # Errors
    /// If it will not be soon.
    fn begin(&self) -> Pin<Box<dyn Future<Output = CallResult<()>> + Send>>;

    /// The call waits for its user and needs nothing meanwhile.
    ///
    /// # Errors
    /// If too many wait already. Then it does not wait.
    fn pause(&self) -> CallResult<()>;

    /// Resolves when the call may go on after a pause.
    fn resume(&self) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// The call goes on after a pause without waiting, because it has done so already.
    fn resume_at_once(&self);

    /// The call has ended, or goes on without anybody waiting for it.
    fn end(&self);
}

/// How the turn of a call is found, from what the transport attached to it.
pub(crate) type Turns = Arc<dyn Fn(&Extensions) -> Option<Arc<dyn Turn>> + Send + Sync>;

/// A call whose turn it is, until this is dropped.
pub(crate) struct Taken(Arc<dyn Turn>);

impl Taken {
    /// Waits for the turn.
    pub(crate) async fn wait(turn: &Arc<dyn Turn>) -> CallResult<Self> {
        turn.begin().await?;
        Ok(Self(Arc::clone(turn)))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A call that waits for its user.
pub(crate) struct Paused(Option<Arc<dyn Turn>>);

impl Paused {
    pub(crate) fn new(turn: Option<&Arc<dyn Turn>>) -> CallResult<Self> {
        if let Some(turn) = turn {
            turn.pause()?;
        }
        Ok(Self(turn.cloned()))
    }

    /// Goes on, once it may.
    pub(crate) async fn resume(mut self) {
        if let Some(turn) = &self.0 {
            turn.resume().await;
            self.0 = None;
        }
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        if let Some(turn) = &self.0 {
            turn.resume_at_once();
        }
    }
}
