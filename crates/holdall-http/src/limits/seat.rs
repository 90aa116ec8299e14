//! [`Seat`]: the place of one call, from when it is its turn until it ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdall::protocol::model::Extensions;
use holdall::{CallError, CallResult, ErrorKind, Turn};
use http::request::Parts;

use super::fair::{Asking, Full, Permit};
use super::share::Share;
use super::{no_place, why_no_place};
use crate::front::refusal::Refusal;

/// The place of one call among all that are under way. It is given back while the call waits for its user, and once
/// neither the call nor anybody who takes its reply needs it.
#[derive(Clone)]
pub(crate) struct Seat(Arc<Inner>);

struct Inner {
    share: Share,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    place: Place,
    /// Who needs it: the call, and whoever takes the reply.
    users: usize,
    /// Questions that are open.
    questions: usize,
}

#[derive(Default)]
enum Place {
    /// Not yet, no longer, or there is no bound.
    #[default]
    None,
    Inside(Permit),
    Asking(Asking),
}

/// Somebody who needs a seat, until this is dropped.
pub(crate) struct Sitting(Seat);

impl Seat {
    pub(crate) fn new(share: Share) -> Self {
        Self(Arc::new(Inner {
            share,
            state: Mutex::default(),
        }))
    }

    /// The seat of a call, by what came with its message: the one its request has taken already, or a new one on a
    /// connection that carries many calls. None where the whole request has a place.
    pub(crate) fn of(message: &Extensions) -> Option<Arc<dyn Turn>> {
        let extensions = &message.get::<Parts>()?.extensions;
        let taken = extensions.get::<Self>().cloned();
        let seat = taken.or_else(|| Some(Self::new(extensions.get::<Share>()?.clone())));
        seat.map(|seat| Arc::new(seat) as _)
    }

    /// Waits for a place, for whoever takes the reply.
    pub(crate) async fn take(&self) -> Result<Sitting, Refusal> {
        match self.sit().await {
            Ok(()) => Ok(Sitting(self.clone())),
            Err(full) => Err(no_place(full)),
        }
    }

    async fn sit(&self) -> Result<(), Full> {
        {
            let mut state = self.state();
            if !matches!(state.place, Place::None) {
                state.users += 1;
                return Ok(());
            }
        }
        let permit = self.0.share.place().await?;
        let mut state = self.state();
        state.users += 1;
        if let (Place::None, Some(permit)) = (&state.place, permit) {
            state.place = Place::Inside(permit);
        }
        Ok(())
    }

    fn stand_up(&self) {
        let place = {
            let mut state = self.state();
            state.users = state.users.saturating_sub(1);
            match state.users {
                0 => std::mem::take(&mut state.place),
                _ => return,
            }
        };
        // Not under the lock: somebody else gets it at once.
        drop(place);
    }

    /// The last of its questions is answered, so it needs a place again.
    fn answered(&self) -> Option<Back> {
        let mut state = self.state();
        state.questions = state.questions.saturating_sub(1);
        if state.questions > 0 || !matches!(state.place, Place::Asking(_)) {
            return None;
        }
        match std::mem::take(&mut state.place) {
            Place::Asking(asking) => Some(Back {
                seat: self.clone(),
                asking: Some(asking),
            }),
            _ => None,
        }
    }

    fn sit_down_again(&self, permit: Permit) {
        let mut state = self.state();
        if state.users > 0 {
            state.place = Place::Inside(permit);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn for Seat {
    fn begin(&self) -> Pin<Box<dyn Future<Output = CallResult<()>> + Send>> {
        let seat = self.clone();
        Box::pin(async move {
            seat.sit().await.map_err(|full| {
                let (message, hint) = why_no_place(full);
                CallError::new(ErrorKind::Unavailable, message).hint(hint)
            })
        })
    }

    fn pause(&self) -> CallResult<()> {
        let mut state = self.state();
        if let Place::Inside(permit) = &state.place {
            let asking = permit.ask().map_err(too_many_questions)?;
            // Dropped under the lock of the seat alone; the gate has its own.
            state.place = Place::Asking(asking);
        }
        state.questions += 1;
        Ok(())
    }

    fn resume(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let seat = self.clone();
        Box::pin(async move {
            if let Some(mut back) = seat.answered() {
                back.sit_down().await;
            }
        })
    }

    fn resume_at_once(&self) {
        // Dropped, it sits down.
        drop(self.answered());
    }

    fn end(&self) {
        self.stand_up();
    }
}

/// Somebody who has asked and comes back to their place. Dropped on the way they have it at once, because they go on.
struct Back {
    seat: Seat,
    asking: Option<Asking>,
}

impl Back {
    async fn sit_down(&mut self) {
        if let Some(asking) = &self.asking {
            let permit = asking.enter_again().await;
            self.seat.sit_down_again(permit);
            self.asking = None;
        }
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        if let Some(asking) = &self.asking {
            self.seat.sit_down_again(asking.enter_at_once());
        }
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        self.0.stand_up();
    }
}

fn too_many_questions(full: Full) -> CallError {
    let (message, hint) = match full {
        Full::Party => (
            "as many calls of yours wait for an answer of their user as may",
            "answer what they ask, or cancel them; then call again",
        ),
        Full::Total => (
            "as many calls wait for an answer of their user as the server can keep",
            "call again in a while",
        ),
    };
    CallError::new(ErrorKind::Unavailable, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use arc_swap::ArcSwap;
    use futures_util::FutureExt;
    use holdall::Principal;

    use super::*;
    use crate::auth::Authentication;
    use crate::config::HttpConfig;
    use crate::front::settings::Settings;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// Calls of one party, where there is one place for all.
    fn share() -> Share {
        let mut config = HttpConfig::default();
        config.limits.calls_max = 1;
        let service = holdall::Server::new("test").build().expect("the server is right");
        let nobody = Arc::new(Authentication::new(&config, &service).expect("it is off"));
        let settings = Arc::new(ArcSwap::from_pointee(Settings::new(&config, nobody)));
        Share::new(settings, Principal::new("ada", [""; 0]), HERE)
    }

    /// The place, if nobody has it.
    fn free(share: &Share) -> Option<Permit> {
        let place = share.place().now_or_never()?;
        place.expect("there is room to wait")
    }

    async fn begin(seat: &Seat) {
        seat.begin().await.expect("there is a place");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_kept_until_neither_the_call_nor_its_reply_needs_it() {
        let share = share();
        for call_is_first in [true, false] {
            let seat = Seat::new(share.clone());
            let reply = seat.take().await.expect("there is a place");
            begin(&seat).await;
            assert!(free(&share).is_none(), "one place for both");
            let mut reply = Some(reply);
            if call_is_first {
                seat.end();
            } else {
                reply = None;
            }
            assert!(free(&share).is_none(), "one of them needs it");
            if call_is_first {
                drop(reply);
            } else {
                seat.end();
            }
            assert!(free(&share).is_some(), "even if the seat is there still");
            drop(seat);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_the_user_has_no_place_until_all_is_answered() {
        let share = share();
        let seat = Seat::new(share.clone());
        begin(&seat).await;
        for _ in 0..2 {
            seat.pause().expect("few ask");
            assert!(free(&share).is_some());
        }
        seat.resume().await;
        assert!(free(&share).is_some(), "one question is open");
        seat.resume().await;
        assert!(free(&share).is_none());
        seat.end();
        assert!(free(&share).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_on_at_once_is_counted_beside_whom_it_meets() {
        let share = share();
        let seat = Seat::new(share.clone());
        begin(&seat).await;
        seat.pause().expect("few ask");
        let another = free(&share);
        assert!(another.is_some());
        seat.resume_at_once();
        drop(another);
        assert!(free(&share).is_none(), "it has its place");
        seat.end();
        assert!(free(&share).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_ends_on_the_way_back_has_no_place() {
        let share = share();
        let seat = Seat::new(share.clone());
        begin(&seat).await;
        seat.pause().expect("few ask");
        let another = free(&share);
        let mut back = seat.resume();
        assert!(back.as_mut().now_or_never().is_none(), "it waits for its turn");
        seat.end();
        drop(another);
        back.await;
        assert!(free(&share).is_some());
    }
}
