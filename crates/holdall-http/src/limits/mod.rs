//! The limits: how much each party may do, and everybody together.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | what is counted for whom, and how a request that is too much is refused |
//! | `config` | how much that is |
//! | `rate` | may something happen once more, at this rate |
//! | `table` | when may each of many parties be heard again, in memory that never grows |
//! | `fair` | who is next when all places are taken |
//! | `seat` | how long a call has its place |
//! | `share` | how messages are counted on a connection that carries many |
//! | `shared` | how several replicas count together over Redis (feature `redis`) |
//!
//! The rate is judged here and not by a crate such as `governor`, because a failed login must be looked up without being
//! counted, the number of keys must have a bound, limits must change while the server runs without everybody starting
//! afresh, and replicas that share their limits over Redis must judge alike.
//!
//! Not here: connections, which have no principal yet (`listener`); limits of single tools (`holdall`).

mod config;
mod fair;
mod rate;
mod seat;
mod share;
#[cfg(feature = "redis")]
mod shared;
mod table;

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use holdall::Principal;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use tokio::time::Instant;

pub use self::config::LimitsConfig;
pub(crate) use self::fair::Permit;
use self::fair::{Bounds, Full, Gate};
pub use self::rate::{Rate, RateError};
pub(crate) use self::seat::{Seat, Sitting};
pub(crate) use self::share::Share;
#[cfg(feature = "redis")]
pub use self::shared::SharedLimits;
use self::table::Table;
use crate::front::refusal::Refusal;

/// What is counted, for whom.
pub(crate) struct Limits {
    started: Instant,
    hash: RandomState,
    parties_max: usize,
    addresses: Option<Meter>,
    principals: Option<Meter>,
    failed_logins: Option<Meter>,
    /// Those of them in which a key was wrong that somebody chose.
    wrong_keys: Option<Meter>,
    calls: Option<Gate>,
    #[cfg(feature = "redis")]
    shared: Option<Arc<shared::Shared>>,
}

/// One rate for each of many parties.
struct Meter {
    rate: Rate,
    table: Arc<Table>,
    /// Which table this is for replicas that count together.
    #[cfg(feature = "redis")]
    name: &'static str,
}

/// What a request is to the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Is answered and done.
    Call,
    /// Brings messages, and each call among them takes a place of its own ([`Seat`]): answers, and notes that something
    /// is cancelled, must get through when all places are taken.
    Messages,
    /// Stays open for what the server may have to say; the transports bound how many of these there are.
    Stream,
}

/// The name of [`Principal::anonymous`].
const ANONYMOUS: &str = "anonymous";

/// Whom something is counted for.
#[derive(Clone, Copy, Debug)]
enum Party<'a> {
    Address(IpAddr),
    Principal(&'a str),
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig) -> Self {
        let fresh = Self {
            started: Instant::now(),
            hash: RandomState::new(),
            parties_max: 0,
            addresses: None,
            principals: None,
            failed_logins: None,
            wrong_keys: None,
            calls: None,
            #[cfg(feature = "redis")]
            shared: None,
        };
        fresh.changed(config)
    }

    /// The same limits with other values: what has been counted stays counted, whoever is inside stays inside.
    pub(crate) fn changed(&self, config: &LimitsConfig) -> Self {
        let meter = |old: &Option<Meter>, rate: Option<Rate>, name: &'static str| {
            rate.map(|rate| Meter::new(old.as_ref(), rate, name, self.parties_max, config))
        };
        Self {
            started: self.started,
            hash: self.hash.clone(),
            parties_max: config.parties_max,
            addresses: meter(&self.addresses, config.requests_per_address, "address"),
            principals: meter(&self.principals, config.requests_per_principal, "principal"),
            failed_logins: meter(&self.failed_logins, config.failed_logins_per_address, "login"),
            wrong_keys: meter(&self.wrong_keys, config.failed_logins_per_address, "key"),
            calls: gate(self.calls.as_ref(), bounds(config)),
            #[cfg(feature = "redis")]
            shared: shared::Shared::changed(self.shared.as_ref(), config.shared.as_ref()),
        }
    }

    /// Counts a request from this address.
    pub(crate) async fn hear(&self, address: IpAddr) -> Result<(), Refusal> {
        let Some(meter) = &self.addresses else {
            return Ok(());
        };
        let wait = self.count(meter, Party::at(address)).await;
        wait.map_or(Ok(()), |wait| {
            Err(too_fast(
                "too_many_requests",
                "more requests come from this address than it may send",
                wait,
            ))
        })
    }

    /// Counts a request of this principal, and waits for its turn. It lasts until the permit is dropped; there is
    /// none where nothing is limited.
    pub(crate) async fn enter(
        &self,
        kind: Kind,
        principal: &Principal,
        address: IpAddr,
    ) -> Result<Option<Permit>, Refusal> {
        let gate = match kind {
            Kind::Call => self.calls.as_ref(),
            Kind::Messages | Kind::Stream => None,
        };
        if gate.is_none() && self.principals.is_none() {
            return Ok(None);
        }
        let party = Party::of(principal, address);
        if let Some(meter) = &self.principals
            && let Some(wait) = self.count(meter, party).await
        {
            let message = match party {
                Party::Address(_) => "more requests come from this address than anybody may send".to_owned(),
                Party::Principal(name) => format!("`{name}` sends more requests than it may"),
            };
            return Err(too_fast("too_many_requests", message, wait));
        }
        let Some(gate) = gate else {
            return Ok(None);
        };
        match gate.enter(self.key(party)).await {
            Ok(permit) => Ok(Some(permit)),
            Err(full) => Err(no_place(full)),
        }
    }

    /// Waits for the turn of a call of this principal, as [`enter`](Self::enter) does; counts nothing.
    async fn place(&self, principal: &Principal, address: IpAddr) -> Result<Option<Permit>, Full> {
        match &self.calls {
            Some(gate) => gate
                .enter(self.key(Party::of(principal, address)))
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    /// Counts one more message on a connection that carries many, once there may be one more; until then, says how long
    /// to wait.
    async fn hear_message(&self, principal: &Principal, address: IpAddr) -> Option<Duration> {
        let meters = [
            self.addresses.as_ref().map(|meter| (meter, Party::at(address))),
            self.principals
                .as_ref()
                .map(|meter| (meter, Party::of(principal, address))),
        ];
        // Nothing is counted for one that has to wait for the other.
        for (meter, party) in meters.into_iter().flatten() {
            if let Some(wait) = self.look(meter, party).await {
                return Some(wait);
            }
        }
        for (meter, party) in meters.into_iter().flatten() {
            self.count(meter, party).await;
        }
        None
    }

    /// Counts an attempt from this address to say who one is, which failed.
    ///
    /// # Errors
    /// If there were too many of them. This is all that becomes of it: whoever comes from the same address with a
    /// credential that is good, and that nobody could have guessed, is let in.
    pub(crate) async fn login_failed(&self, address: IpAddr) -> Result<(), Refusal> {
        let Some(meter) = &self.failed_logins else {
            return Ok(());
        };
        let wait = self.count(meter, Party::at(address)).await;
        wait.map_or(Ok(()), |wait| Err(too_many_failed(wait)))
    }

    /// Whether too many attempts have failed at this address.
    #[cfg(any(test, feature = "oauth"))]
    pub(crate) async fn is_suspect(&self, address: IpAddr) -> bool {
        match &self.failed_logins {
            Some(meter) => self.look(meter, Party::at(address)).await.is_some(),
            None => false,
        }
    }

    /// Whether a key that somebody chose may be tried at this address: such keys can be guessed, so not even a right one
    /// is looked at for a while after many wrong ones.
    pub(crate) async fn may_try_key(&self, address: IpAddr) -> Result<(), Refusal> {
        let Some(meter) = &self.wrong_keys else {
            return Ok(());
        };
        let wait = self.look(meter, Party::at(address)).await;
        wait.map_or(Ok(()), |wait| Err(too_many_failed(wait)))
    }

    /// Counts a key that was wrong.
    pub(crate) async fn key_was_wrong(&self, address: IpAddr) {
        if let Some(meter) = &self.wrong_keys {
            self.count(meter, Party::at(address)).await;
        }
    }

    /// Counts, and says how long to wait if it was too much.
    async fn count(&self, meter: &Meter, party: Party<'_>) -> Option<Duration> {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared
            && let Some(verdict) = shared.judge(meter.name, party, meter.rate, 1).await
        {
            return verdict.wait();
        }
        let counted = meter.table.change(self.key(party), |due| {
            // Looked at with the party held: one that waited for it would think it was still earlier.
            let now = self.now();
            match meter.rate.wait(due, now) {
                Some(wait) => Err(wait),
                None => Ok(meter.rate.next(due, now)),
            }
        });
        counted.err()
    }

    /// Says how long to wait, and counts nothing.
    async fn look(&self, meter: &Meter, party: Party<'_>) -> Option<Duration> {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared
            && let Some(verdict) = shared.judge(meter.name, party, meter.rate, 0).await
        {
            return verdict.wait();
        }
        match meter.table.due(self.key(party)) {
            // Never heard of, as nearly always; then it does not matter what time it is.
            0 => None,
            due => meter.rate.wait(due, self.now()),
        }
    }

    fn key(&self, party: Party<'_>) -> u64 {
        match party {
            Party::Address(address) => self.hash.hash_one((0_u8, address)),
            Party::Principal(name) => self.hash.hash_one((1_u8, name)),
        }
    }

    fn now(&self) -> u64 {
        // 584 years of nanoseconds; 0 means "never heard of".
        u64::try_from(self.started.elapsed().as_nanos())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }
}

impl Meter {
    fn new(
        old: Option<&Self>,
        rate: Rate,
        #[cfg_attr(not(feature = "redis"), expect(unused_variables))] name: &'static str,
        parties_before: usize,
        config: &LimitsConfig,
    ) -> Self {
        let table = match old {
            Some(old) if parties_before == config.parties_max => Arc::clone(&old.table),
            _ => Arc::new(Table::new(config.parties_max)),
        };
        Self {
            rate,
            table,
            #[cfg(feature = "redis")]
            name,
        }
    }
}

impl<'a> Party<'a> {
    /// Everybody anonymous has the same name, so they are told apart by where they are.
    fn of(principal: &'a Principal, address: IpAddr) -> Self {
        match principal.name() {
            ANONYMOUS => Self::at(address),
            name => Self::Principal(name),
        }
    }

    fn at(address: IpAddr) -> Self {
        Self::Address(network(address))
    }
}

/// What counts as one address: whoever has one of IPv6 has the 64 bits after it, too.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn bounds(config: &LimitsConfig) -> Bounds {
    Bounds {
        total_max: config.calls_max,
        per_party_max: config.calls_per_principal_max.unwrap_or(usize::MAX),
        waiting_max: config.waiting_max,
        waiting_per_party_max: config.waiting_per_principal_max.unwrap_or(usize::MAX),
        wait_max: config.wait_max,
        asking_max: config.asking_max,
        asking_per_party_max: config.asking_per_principal_max,
    }
}

fn gate(old: Option<&Gate>, bounds: Bounds) -> Option<Gate> {
    if bounds.total_max == usize::MAX && bounds.per_party_max == usize::MAX {
        return None;
    }
    match old {
        Some(gate) => {
            gate.set_bounds(bounds);
            Some(gate.clone())
        }
        None => Some(Gate::new(bounds)),
    }
}

fn too_fast(kind: &'static str, message: impl Into<String>, wait: Duration) -> Refusal {
    let seconds = whole_seconds(wait);
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        kind,
        message,
        format!("send it again in {seconds} s, and send fewer from then on"),
    )
    .header(RETRY_AFTER, HeaderValue::from(seconds))
}

fn too_many_failed(wait: Duration) -> Refusal {
    too_fast(
        "too_many_failed_logins",
        "too many attempts to say who one is have failed from this address",
        wait,
    )
}

fn no_place(full: Full) -> Refusal {
    let (status, kind) = match full {
        Full::Party => (StatusCode::TOO_MANY_REQUESTS, "too_many_calls"),
        Full::Total => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
    };
    let (message, hint) = why_no_place(full);
    Refusal::new(status, kind, message, hint).header(RETRY_AFTER, HeaderValue::from(1_u64))
}

/// Why a call is not let in, and what to do about it.
fn why_no_place(full: Full) -> (&'static str, &'static str) {
    match full {
        Full::Party => (
            "as many calls are under way as one may have at once",
            "wait for some of them to end, then send it again",
        ),
        Full::Total => (
            "the server has as many calls under way as it can take",
            "send it again in a moment",
        ),
    }
}

/// What `Retry-After` says: never too early, never 0.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests;
