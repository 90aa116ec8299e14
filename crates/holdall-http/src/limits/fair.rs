//! [`Gate`]: how many may be inside at once, in all and for each party, and who is next when it is full.
//!
//! Max-min fairness (Bertsekas and Gallager, *Data Networks*, 6.5.2; with a single resource, dominant resource fairness
//! by Ghodsi and others, 2011, is the same): a place that becomes free goes to the waiting party with the fewest places,
//! among equals to the one that has gone without for longest, which makes them take turns (Nagle, RFC 970). A party that
//! sends 1,000 requests waits for its own, not others for it. If the
//! waiting room is full, the party with the most waiting loses its newest (longest queue drop, Suter and others, 1998),
//! so nobody can fill the room either.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// How many may be inside, and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) total_max: usize,
    pub(super) per_party_max: usize,
    pub(super) waiting_max: usize,
    pub(super) waiting_per_party_max: usize,
    pub(super) wait_max: Duration,
    pub(super) asking_max: usize,
    pub(super) asking_per_party_max: usize,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The party itself has as many inside as it may.
    Party,
    /// Everybody together.
    Total,
}

/// Lets so many in at once.
#[derive(Clone)]
pub(super) struct Gate {
    state: Arc<Mutex<State>>,
}

/// A place inside, until it is dropped.
pub(crate) struct Permit {
    state: Arc<Mutex<State>>,
    party: u64,
    /// When it was given.
    since: u64,
}

/// Somebody who was inside, and waits for somebody else without a place, until this is dropped.
pub(crate) struct Asking {
    state: Arc<Mutex<State>>,
    party: u64,
    since: u64,
}

struct State {
    bounds: Bounds,
    inside: usize,
    waiting: usize,
    asking: usize,
    /// Those with something inside, waiting or asking, so there are no more than these.
    parties: HashMap<u64, Party, BuildHasherDefault<Hashed>>,
    /// Who of those waiting may get a place, the next first.
    ranking: BTreeSet<Rank>,
    /// Counts arrivals and places given: the order of things.
    clock: u64,
}

#[derive(Default)]
struct Party {
    inside: usize,
    asking: usize,
    /// When it last got a place.
    served: u64,
    queue: VecDeque<Waiting>,
    rank: Option<Rank>,
}

/// Places held, since when it waits for another, party.
type Rank = (usize, u64, u64);

struct Waiting {
    arrival: u64,
    tell: oneshot::Sender<Permit>,
}

impl Gate {
    pub(super) fn new(bounds: Bounds) -> Self {
        let state = State {
            bounds,
            inside: 0,
            waiting: 0,
            asking: 0,
            parties: HashMap::default(),
            ranking: BTreeSet::new(),
            clock: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// From now on with these bounds. Whoever is inside stays.
    pub(super) fn set_bounds(&self, bounds: Bounds) {
        let mut state = lock(&self.state);
        state.bounds = bounds;
        let waiting: Vec<u64> = state.parties.keys().copied().collect();
        for party in waiting {
            state.rank(party);
        }
        self.hand_out(state);
    }

    /// A place for `party`, as soon as there is one. Dropping the future gives up the place in the queue.
    pub(super) async fn enter(&self, party: u64) -> Result<Permit, Full> {
        let (place, arrival, wait_max) = {
            let mut state = lock(&self.state);
            if state.has_room(party) {
                let since = state.admit(party);
                return Ok(self.permit(party, since));
            }
            state.make_room_to_wait(party)?;
            let (tell, place) = oneshot::channel();
            state.clock += 1;
            let arrival = state.clock;
            state.wait(party, arrival, tell);
            (place, arrival, state.bounds.wait_max)
        };
        let leaving = Leaving {
            state: &self.state,
            party,
            arrival,
        };
        let outcome = tokio::time::timeout(wait_max, place).await;
        let full = lock(&self.state).whose_limit(party);
        drop(leaving);
        match outcome {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(full),
        }
    }

    fn permit(&self, party: u64, since: u64) -> Permit {
        Permit {
            state: Arc::clone(&self.state),
            party,
            since,
        }
    }

    /// Gives free places to those who wait. Told without the lock, as a permit nobody takes is returned at once.
    fn hand_out(&self, mut state: MutexGuard<'_, State>) {
        let mut told = Vec::new();
        while let Some((party, since, tell)) = state.next() {
            told.push((tell, self.permit(party, since)));
        }
        drop(state);
        for (tell, permit) in told {
            drop(tell.send(permit));
        }
    }
}

impl Permit {
    /// Waits for somebody else from now on. The place is free once this permit is dropped.
    ///
    /// # Errors
    /// If as many do so already as may.
    pub(super) fn ask(&self) -> Result<Asking, Full> {
        lock(&self.state).ask(self.party)?;
        Ok(Asking {
            state: Arc::clone(&self.state),
            party: self.party,
            since: self.since,
        })
    }
}

impl Asking {
    /// A place again, before those of the same party who came later. Nobody is sent away who has been inside already;
    /// dropping the future gives up the place in the queue.
    pub(super) async fn enter_again(&self) -> Permit {
        let gate = Gate {
            state: Arc::clone(&self.state),
        };
        loop {
            let place = {
                let mut state = lock(&self.state);
                if state.has_room(self.party) {
                    state.admit(self.party);
                    state.rank(self.party);
                    return gate.permit(self.party, self.since);
                }
                let (tell, place) = oneshot::channel();
                state.wait(self.party, self.since, tell);
                place
            };
            let leaving = Leaving {
                state: &self.state,
                party: self.party,
                arrival: self.since,
            };
            let permit = place.await;
            drop(leaving);
            // Sent away to make room for another party: it waits anew.
            if let Ok(mut permit) = permit {
                permit.since = self.since;
                return permit;
            }
        }
    }

    /// A place again, whether there is one or not.
    pub(super) fn enter_at_once(&self) -> Permit {
        let gate = Gate {
            state: Arc::clone(&self.state),
        };
        let mut state = lock(&self.state);
        state.admit(self.party);
        state.rank(self.party);
        drop(state);
        gate.permit(self.party, self.since)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        lock(&self.state).has_asked(self.party);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.leave(self.party);
        let gate = Gate {
            state: Arc::clone(&self.state),
        };
        gate.hand_out(state);
    }
}

/// Takes whoever stops waiting out of the queue.
struct Leaving<'a> {
    state: &'a Arc<Mutex<State>>,
    party: u64,
    arrival: u64,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        lock(self.state).give_up(self.party, self.arrival);
    }
}

impl State {
    fn has_room(&self, party: u64) -> bool {
        self.inside < self.bounds.total_max
            && self.parties.get(&party).map_or(0, |party| party.inside) < self.bounds.per_party_max
    }

    /// Returns when that was.
    fn admit(&mut self, party: u64) -> u64 {
        self.inside += 1;
        self.clock += 1;
        let party = self.parties.entry(party).or_default();
        party.inside += 1;
        party.served = self.clock;
        self.clock
    }

    fn ask(&mut self, party: u64) -> Result<(), Full> {
        let asking = self.parties.get(&party).map_or(0, |party| party.asking);
        if asking >= self.bounds.asking_per_party_max {
            return Err(Full::Party);
        }
        if self.asking >= self.bounds.asking_max {
            return Err(Full::Total);
        }
        self.asking += 1;
        self.parties.entry(party).or_default().asking += 1;
        Ok(())
    }

    fn has_asked(&mut self, party: u64) {
        self.asking -= 1;
        if let Some(party) = self.parties.get_mut(&party) {
            party.asking -= 1;
        }
        self.rank(party);
    }

    /// Whose limit it is that `party` meets.
    fn whose_limit(&self, party: u64) -> Full {
        let inside = self.parties.get(&party).map_or(0, |party| party.inside);
        if inside >= self.bounds.per_party_max {
            Full::Party
        } else {
            Full::Total
        }
    }

    /// Sees that one more of `party` may wait; sends away the newest of whoever has most waiting if need be.
    fn make_room_to_wait(&mut self, party: u64) -> Result<(), Full> {
        let own = self.parties.get(&party).map_or(0, |party| party.queue.len());
        if own >= self.bounds.waiting_per_party_max {
            return Err(self.whose_limit(party));
        }
        if self.waiting < self.bounds.waiting_max {
            return Ok(());
        }
        let longest = self.parties.iter_mut().max_by_key(|(_, party)| party.queue.len());
        let Some((_, longest)) = longest.filter(|(_, longest)| longest.queue.len() > own + 1) else {
            return Err(self.whose_limit(party));
        };
        // Whoever waits hears of it by the sender being dropped.
        longest.queue.pop_back();
        self.waiting -= 1;
        Ok(())
    }

    fn wait(&mut self, party: u64, arrival: u64, tell: oneshot::Sender<Permit>) {
        self.waiting += 1;
        let queue = &mut self.parties.entry(party).or_default().queue;
        let place = queue.partition_point(|waiting| waiting.arrival < arrival);
        queue.insert(place, Waiting { arrival, tell });
        self.rank(party);
    }

    /// Whose turn it is, if there is a place.
    fn next(&mut self) -> Option<(u64, u64, oneshot::Sender<Permit>)> {
        if self.inside >= self.bounds.total_max {
            return None;
        }
        let (_, _, key) = *self.ranking.first()?;
        let party = self.parties.get_mut(&key).expect("who is ranked is known");
        let waiting = party.queue.pop_front().expect("who is ranked is waiting");
        self.waiting -= 1;
        let since = self.admit(key);
        self.rank(key);
        Some((key, since, waiting.tell))
    }

    fn leave(&mut self, party: u64) {
        self.inside -= 1;
        if let Some(party) = self.parties.get_mut(&party) {
            party.inside -= 1;
        }
        self.rank(party);
    }

    fn give_up(&mut self, party: u64, arrival: u64) {
        let Some(known) = self.parties.get_mut(&party) else {
            return;
        };
        if let Ok(place) = known
            .queue
            .binary_search_by_key(&arrival, |waiting| waiting.arrival)
        {
            known.queue.remove(place);
            self.waiting -= 1;
        }
        self.rank(party);
    }

    /// Ranks a party anew, and forgets it if nothing of it is left.
    fn rank(&mut self, key: u64) {
        let Some(party) = self.parties.get_mut(&key) else {
            return;
        };
        if let Some(old) = party.rank.take() {
            self.ranking.remove(&old);
        }
        match party.queue.front() {
            Some(first) if party.inside < self.bounds.per_party_max => {
                let rank = (party.inside, first.arrival.max(party.served), key);
                party.rank = Some(rank);
                self.ranking.insert(rank);
            }
            Some(_) => {}
            None if party.inside == 0 && party.asking == 0 => {
                self.parties.remove(&key);
            }
            None => {}
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const ADA: u64 = 1;
    const BOB: u64 = 2;
    const CLEO: u64 = 3;

    fn gate(total_max: usize, per_party_max: usize, waiting_max: usize) -> Gate {
        Gate::new(Bounds {
            total_max,
            per_party_max,
            waiting_max,
            waiting_per_party_max: usize::MAX,
            wait_max: Duration::from_secs(5),
            asking_max: 3,
            asking_per_party_max: 2,
        })
    }

    fn is_empty(gate: &Gate) -> bool {
        let state = lock(&gate.state);
        let nobody = (state.inside, state.waiting, state.asking) == (0, 0, 0);
        nobody && state.parties.is_empty() && state.ranking.is_empty()
    }

    /// Someone who waits, and is told apart by name.
    fn waiting(gate: &Gate, party: u64) -> tokio::task::JoinHandle<Result<Permit, Full>> {
        let gate = gate.clone();
        tokio::spawn(async move { gate.enter(party).await })
    }

    /// Lets everybody run until nothing moves.
    async fn settle() {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_requests_of_one_party_do_not_starve_another() {
        // How many requests of the crowd may get a place before both latecomers have had theirs.
        for (total, before) in [(1, 1), (2, 1), (5, 0)] {
            let gate = gate(total, usize::MAX, 10_000);
            let mut inside = VecDeque::new();
            for _ in 0..total {
                inside.push_back(gate.enter(ADA).await);
            }
            let mut crowd: VecDeque<_> = (0..1000).map(|_| waiting(&gate, ADA)).collect();
            settle().await;
            let mut late = VecDeque::from([waiting(&gate, BOB), waiting(&gate, CLEO)]);
            settle().await;
            let mut of_crowd = 0;
            while !late.is_empty() {
                drop(inside.pop_front().expect("somebody is inside"));
                settle().await;
                for (queue, counted) in [(&mut crowd, 1), (&mut late, 0)] {
                    if queue.front().is_some_and(|request| request.is_finished()) {
                        let served = queue.pop_front().expect("there is one");
                        inside.push_back(served.await.expect("it does not panic"));
                        of_crowd += counted;
                    }
                }
            }
            assert_eq!(of_crowd, before, "of {total} places");
            for request in crowd {
                request.abort();
                drop(request.await);
            }
            drop(inside);
            assert!(is_empty(&gate));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_again_and_again_does_not_starve_who_waits() {
        let gate = gate(1, usize::MAX, 100);
        let mut place = gate.enter(BOB).await;
        let patient = waiting(&gate, ADA);
        settle().await;
        let mut rounds = 0;
        while !patient.is_finished() {
            let next = waiting(&gate, BOB);
            settle().await;
            drop(place);
            settle().await;
            place = if patient.is_finished() {
                Err(Full::Total)
            } else {
                next.await.expect("no panic")
            };
            rounds += 1;
        }
        assert_eq!(rounds, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_shared_evenly_and_in_order_of_arrival() {
        let gate = gate(4, usize::MAX, 100);
        let mut inside: Vec<_> = (0..4).map(|_| gate.enter(ADA).now_or_never()).collect();
        let mut queue = Vec::new();
        for _ in 0..8 {
            for party in [ADA, BOB] {
                queue.push((party, waiting(&gate, party)));
                settle().await;
            }
        }
        inside.truncate(2);
        settle().await;
        let served: Vec<_> = queue
            .iter()
            .enumerate()
            .filter(|(_, (_, request))| request.is_finished())
            .map(|(place, (party, _))| (*party, place))
            .collect();
        assert_eq!(served, [(BOB, 1), (BOB, 3)], "two each, the earliest first");
    }

    #[tokio::test(start_paused = true)]
    async fn a_party_has_a_limit_of_its_own() {
        let gate = gate(10, 2, 100);
        let first = gate.enter(ADA).await;
        let _second = gate.enter(ADA).await;
        assert!(gate.enter(ADA).now_or_never().is_none());
        assert!(gate.enter(BOB).now_or_never().is_some_and(|place| place.is_ok()));
        let next = waiting(&gate, ADA);
        settle().await;
        drop(first);
        settle().await;
        assert!(next.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_all_it_may_waits_for_its_own_whoever_else_leaves() {
        let gate = gate(10, 2, 100);
        let (first, second) = (gate.enter(ADA).await, gate.enter(ADA).await);
        let next = waiting(&gate, ADA);
        settle().await;
        drop(gate.enter(BOB).await);
        settle().await;
        assert!(!next.is_finished(), "there is room, but not for it");
        drop(first);
        settle().await;
        assert!(next.is_finished());
        // What it still has counts when something of it has ended.
        drop(next.await);
        let again = gate.enter(ADA).now_or_never();
        assert!(again.as_ref().is_some_and(Result::is_ok));
        assert!(gate.enter(ADA).now_or_never().is_none(), "it has two");
        drop((second, again));
        assert!(is_empty(&gate));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends() {
        let gate = gate(1, usize::MAX, 100);
        let place = gate.enter(ADA).await;
        let started = tokio::time::Instant::now();
        assert_eq!(gate.enter(BOB).await.err(), Some(Full::Total));
        assert_eq!(started.elapsed(), Duration::from_secs(5));
        drop(place);
        assert!(is_empty(&gate));
        let gate = super::tests::gate(10, 1, 100);
        let _place = gate.enter(ADA).await;
        assert_eq!(gate.enter(ADA).await.err(), Some(Full::Party));
    }

    #[tokio::test(start_paused = true)]
    async fn the_waiting_room_is_bounded_and_nobody_fills_it_alone() {
        let gate = gate(1, usize::MAX, 3);
        let _place = gate.enter(ADA).await;
        let crowd: Vec<_> = (0..3).map(|_| waiting(&gate, ADA)).collect();
        settle().await;
        assert_eq!(
            gate.enter(ADA).await.err(),
            Some(Full::Total),
            "no more of the same"
        );
        let bob = waiting(&gate, BOB);
        settle().await;
        assert!(!bob.is_finished(), "another may wait");
        let sent_away: Vec<bool> = crowd.iter().map(|request| request.is_finished()).collect();
        assert_eq!(sent_away, [false, false, true], "in place of the newest");
        assert_eq!(lock(&gate.state).waiting, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_sent_away_for_whoever_would_wait_as_long() {
        let gate = gate(1, usize::MAX, 1);
        let place = gate.enter(ADA).await;
        let bob = waiting(&gate, BOB);
        settle().await;
        assert_eq!(gate.enter(CLEO).await.err(), Some(Full::Total));
        assert!(!bob.is_finished(), "one each is even");
        drop(place);
        settle().await;
        assert!(bob.await.expect("no panic").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_makes_room_to_wait_at_once() {
        let gate = gate(1, usize::MAX, 1);
        let _place = gate.enter(ADA).await;
        let given_up = waiting(&gate, BOB);
        settle().await;
        given_up.abort();
        settle().await;
        assert_eq!(lock(&gate.state).waiting, 0);
        assert!(lock(&gate.state).ranking.is_empty());
        let cleo = waiting(&gate, CLEO);
        settle().await;
        assert!(!cleo.is_finished(), "it may wait");
        cleo.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_leaves_no_trace() {
        let gate = gate(1, usize::MAX, 100);
        let place = gate.enter(ADA).await;
        let given_up = waiting(&gate, BOB);
        let stays = waiting(&gate, CLEO);
        settle().await;
        given_up.abort();
        settle().await;
        drop(place);
        settle().await;
        assert!(stays.is_finished());
        drop(stays.await);
        assert!(is_empty(&gate));
        // Given a place at the very moment it stops waiting: the place comes back.
        let place = gate.enter(ADA).await;
        let mut late = Box::pin(gate.enter(BOB));
        assert!(late.as_mut().now_or_never().is_none());
        drop(place);
        drop(late);
        assert!(is_empty(&gate));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_has_no_place_and_gets_one_before_who_came_later() {
        let gate = gate(1, usize::MAX, 100);
        let place = gate.enter(ADA).await.expect("there is room");
        let asking = place.ask().expect("nobody asks");
        let later = waiting(&gate, ADA);
        settle().await;
        assert!(!later.is_finished(), "until the place is given back");
        drop(place);
        settle().await;
        let busy = later.await.expect("no panic").expect("its turn");
        let latest = waiting(&gate, ADA);
        settle().await;
        let again = tokio::spawn(async move { asking.enter_again().await });
        settle().await;
        assert!(!again.is_finished());
        // As long as it takes, unlike those who come for the first time.
        tokio::time::advance(Duration::from_secs(4)).await;
        drop(busy);
        settle().await;
        assert!(again.is_finished() && !latest.is_finished());
        drop(again.await);
        settle().await;
        assert!(latest.is_finished());
        drop(latest.await);
        assert!(is_empty(&gate));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_is_bounded_for_each_and_for_all() {
        let gate = gate(10, usize::MAX, 100);
        let ask = async |party| {
            let place = gate.enter(party).await.expect("there is room");
            place.ask()
        };
        let (first, _second) = (ask(ADA).await, ask(ADA).await);
        assert_eq!(ask(ADA).await.err(), Some(Full::Party));
        let third = ask(BOB).await;
        assert_eq!(ask(CLEO).await.err(), Some(Full::Total));
        drop(first);
        assert!(ask(CLEO).await.is_ok(), "for as long as it asks");
        // Whoever goes on without waiting is counted all the same.
        let place = third.map(|asking| asking.enter_at_once());
        let counted = {
            let state = lock(&gate.state);
            (state.inside, state.asking)
        };
        assert_eq!(counted, (1, 1));
        drop((place, _second));
        assert!(is_empty(&gate));
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_inside_waits_however_many_wait() {
        let gate = gate(1, usize::MAX, 1);
        let place = gate.enter(ADA).await.expect("there is room");
        let asking = place.ask().expect("nobody asks");
        drop(place);
        let busy = gate.enter(BOB).await.expect("there is room");
        let crowd = waiting(&gate, ADA);
        settle().await;
        let again = tokio::spawn(async move { asking.enter_again().await });
        settle().await;
        // Another party makes room for itself where most wait, with the newest of them.
        let cleo = waiting(&gate, CLEO);
        settle().await;
        assert!(crowd.is_finished() && !again.is_finished());
        cleo.abort();
        settle().await;
        drop(busy);
        settle().await;
        assert!(again.is_finished());
        drop((again.await, crowd.await, cleo.await));
        assert!(is_empty(&gate));
    }

    #[tokio::test(start_paused = true)]
    async fn bounds_change_while_people_wait() {
        let gate = gate(1, usize::MAX, 100);
        let _place = gate.enter(ADA).await;
        let request = waiting(&gate, BOB);
        settle().await;
        let mut bounds = lock(&gate.state).bounds;
        bounds.total_max = 2;
        gate.set_bounds(bounds);
        settle().await;
        assert!(request.is_finished());
    }
}
