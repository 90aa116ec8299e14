//! [`Hub`]: who listens to what, and what each has not been told yet.
//!
//! News are never queued. A listener has one mark for each list and each resource it asked about; telling it the same
//! thing twice before it could be written changes nothing, so what is kept for a client that does not read is bounded
//! by what it asked for, and nobody ever waits for it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::bounds::ListenerBounds;
use crate::error::{CallError, CallResult, ErrorKind};
use crate::principal::Principal;
use crate::provider::Kind;
use crate::provider::labels::Labels;

/// How many listen, and to how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listeners {
    /// Sessions of protocol versions up to 2025-11-25.
    pub sessions: usize,
    /// Open `subscriptions/listen` streams.
    pub streams: usize,
    /// Resources watched by either, counted once for each who watches.
    pub watches: usize,
}

/// Who listens.
#[derive(Default)]
pub(crate) struct Hub(Mutex<State>);

#[derive(Default)]
struct State {
    bounds: ListenerBounds,
    next_id: u64,
    listeners: HashMap<u64, Entry>,
    /// Who watches the resource with this identity, and as which URI.
    watched: HashMap<String, HashSet<(u64, Arc<str>)>>,
    totals: Listeners,
    principals: HashMap<Arc<str>, Listeners>,
}

struct Entry {
    listener: Arc<Listener>,
    /// The resources it watches, by the URI it knows, and their identities.
    watches: HashMap<Arc<str>, String>,
}

/// A session or a stream.
pub(crate) struct Listener {
    /// The name of the principal, which never changes; its scopes may.
    name: Arc<str>,
    principal: Mutex<Principal>,
    lists: HashSet<Kind>,
    is_stream: bool,
    untold: Mutex<Untold>,
    wake: Notify,
}

/// What a listener has not been told yet.
#[derive(Default)]
struct Untold {
    lists: VecDeque<Kind>,
    resources: VecDeque<Arc<str>>,
    /// The same, to find doubles.
    marked: HashSet<Arc<str>>,
}

/// Something to tell a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    ListChanged(Kind),
    Updated(Arc<str>),
}

/// A listener for as long as this value lives.
pub(crate) struct Listening {
    hub: Arc<Hub>,
    id: u64,
    listener: Arc<Listener>,
}

impl Hub {
    /// From now on with these bounds. Whoever listens already goes on.
    pub(crate) fn bound(&self, bounds: ListenerBounds) {
        self.state().bounds = bounds;
    }

    /// Adds a session, which hears of changed lists.
    pub(crate) fn add_session(
        self: &Arc<Self>,
        principal: Principal,
        lists: impl IntoIterator<Item = Kind>,
    ) -> Listening {
        self.add(self.state(), principal, lists, false)
    }

    /// Adds a stream.
    ///
    /// # Errors
    /// If there are as many as there may be.
    pub(crate) fn add_stream(
        self: &Arc<Self>,
        principal: Principal,
        lists: impl IntoIterator<Item = Kind>,
    ) -> CallResult<Listening> {
        let state = self.state();
        let (mine, all) = (state.of(principal.name()).streams, state.totals.streams);
        let ListenerBounds {
            streams_max,
            streams_per_principal_max,
            ..
        } = state.bounds;
        if mine >= streams_per_principal_max {
            let name = principal.name();
            return Err(full(format!(
                "`{name}` has {streams_per_principal_max} streams open, the most there may be for one principal"
            )));
        }
        if all >= streams_max {
            return Err(full(format!(
                "{streams_max} streams are open, the most there may be"
            )));
        }
        Ok(self.add(state, principal, lists, true))
    }

    fn add(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        principal: Principal,
        lists: impl IntoIterator<Item = Kind>,
        is_stream: bool,
    ) -> Listening {
        let listener = Arc::new(Listener {
            name: principal.name().into(),
            principal: Mutex::new(principal),
            lists: lists.into_iter().collect(),
            is_stream,
            untold: Mutex::default(),
            wake: Notify::new(),
        });
        let id = state.next_id;
        state.next_id += 1;
        state.count(&listener, |counts| {
            if is_stream {
                counts.streams += 1;
            } else {
                counts.sessions += 1;
            }
        });
        let entry = Entry {
            listener: Arc::clone(&listener),
            watches: HashMap::new(),
        };
        state.listeners.insert(id, entry);
        Listening {
            hub: Arc::clone(self),
            id,
            listener,
        }
    }

    /// Marks a list as changed for all who asked about it and may see at least one of the components in which it
    /// changed.
    pub(crate) fn list_changed(&self, kind: Kind, changed: &[&Labels]) {
        if changed.is_empty() {
            return;
        }
        for Entry { listener, .. } in self.state().listeners.values() {
            let concerned = || changed.iter().any(|labels| listener.may_see(labels));
            if listener.lists.contains(&kind) && concerned() {
                listener.mark_list(kind);
            }
        }
    }

    /// Marks a resource as updated for all who watch it and may see it.
    pub(crate) fn updated(&self, identity: &str, labels: &Labels) {
        let state = self.state();
        for (id, uri) in state.watched.get(identity).into_iter().flatten() {
            if let Some(Entry { listener, .. }) = state.listeners.get(id)
                && listener.may_see(labels)
            {
                listener.mark_resource(uri);
            }
        }
    }

    pub(crate) fn listeners(&self) -> Listeners {
        self.state().totals
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&self, principal: &str) -> Listeners {
        self.principals.get(principal).copied().unwrap_or_default()
    }

    /// Changes the counts of all and of the principal.
    fn count(&mut self, listener: &Listener, change: impl Fn(&mut Listeners)) {
        change(&mut self.totals);
        match self.principals.get_mut(&listener.name) {
            Some(counts) => {
                change(counts);
                if *counts == Listeners::default() {
                    self.principals.remove(&listener.name);
                }
            }
            None => change(self.principals.entry(Arc::clone(&listener.name)).or_default()),
        }
    }

    fn forget(&mut self, id: u64, identity: &str, uri: &Arc<str>) {
        if let Some(watchers) = self.watched.get_mut(identity) {
            watchers.remove(&(id, Arc::clone(uri)));
            if watchers.is_empty() {
                self.watched.remove(identity);
            }
        }
    }
}

impl Listening {
    /// Watches a resource, known to the client as `uri`. Watching it twice is watching it once.
    ///
    /// # Errors
    /// If the listener, its principal or all together watch as many as they may.
    pub(crate) fn watch(&self, uri: &str, identity: String) -> CallResult<()> {
        let mut state = self.hub.state();
        let bounds = state.bounds;
        let (mine, all) = (state.of(&self.listener.name).watches, state.totals.watches);
        let Some(entry) = state.listeners.get_mut(&self.id) else {
            return Ok(());
        };
        if entry.watches.contains_key(uri) {
            return Ok(());
        }
        let reached = [
            (
                entry.watches.len(),
                bounds.watches_per_listener_max,
                "this session or stream",
            ),
            (mine, bounds.watches_per_principal_max, "this principal"),
            (all, bounds.watches_max, "all clients together"),
        ];
        for (watches, most, whose) in reached {
            if watches >= most {
                return Err(full(format!(
                    "`{uri}` cannot be watched: {most} resources are the most that {whose} may watch"
                )));
            }
        }
        let uri: Arc<str> = uri.into();
        entry.watches.insert(Arc::clone(&uri), identity.clone());
        state.count(&self.listener, |counts| counts.watches += 1);
        state.watched.entry(identity).or_default().insert((self.id, uri));
        Ok(())
    }

    /// Watches a resource no longer.
    pub(crate) fn unwatch(&self, uri: &str) {
        let mut state = self.hub.state();
        let entry = state.listeners.get_mut(&self.id);
        if let Some((uri, identity)) = entry.and_then(|entry| entry.watches.remove_entry(uri)) {
            state.forget(self.id, &identity, &uri);
            state.count(&self.listener, |counts| counts.watches -= 1);
        }
        self.listener.unmark_resource(uri);
    }

    /// The listener, for whoever writes to the client.
    pub(crate) fn listener(&self) -> &Arc<Listener> {
        &self.listener
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        let Some(Entry { listener, watches }) = state.listeners.remove(&self.id) else {
            return;
        };
        for (uri, identity) in &watches {
            state.forget(self.id, identity, uri);
        }
        state.count(&listener, |counts| {
            counts.watches -= watches.len();
            if listener.is_stream {
                counts.streams -= 1;
            } else {
                counts.sessions -= 1;
            }
        });
    }
}

impl Listener {
    /// Whether the principal behind it is called so.
    pub(crate) fn is_of(&self, principal: &Principal) -> bool {
        *self.name == *principal.name()
    }

    /// Notes the scopes the principal has by now.
    pub(crate) fn renew(&self, principal: &Principal) {
        debug_assert!(self.is_of(principal), "a listener stays with its principal");
        *self.principal.lock().unwrap_or_else(PoisonError::into_inner) = principal.clone();
    }

    fn may_see(&self, labels: &Labels) -> bool {
        labels.allow(&self.principal.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Resolves with the next thing to tell.
    pub(crate) async fn next(&self) -> News {
        loop {
            // A mark that is set after this look leaves a permit behind, so it is not missed.
            if let Some(news) = self.untold().take() {
                return news;
            }
            self.wake.notified().await;
        }
    }

    fn mark_list(&self, kind: Kind) {
        let mut untold = self.untold();
        if !untold.lists.contains(&kind) {
            untold.lists.push_back(kind);
            self.wake.notify_one();
        }
    }

    fn mark_resource(&self, uri: &Arc<str>) {
        let mut untold = self.untold();
        if untold.marked.insert(Arc::clone(uri)) {
            untold.resources.push_back(Arc::clone(uri));
            self.wake.notify_one();
        }
    }

    fn unmark_resource(&self, uri: &str) {
        let mut untold = self.untold();
        if untold.marked.remove(uri) {
            untold.resources.retain(|marked| &**marked != uri);
        }
    }

    fn untold(&self) -> MutexGuard<'_, Untold> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Untold {
    fn take(&mut self) -> Option<News> {
        if let Some(kind) = self.lists.pop_front() {
            return Some(News::ListChanged(kind));
        }
        let uri = self.resources.pop_front()?;
        self.marked.remove(&uri);
        Some(News::Updated(uri))
    }
}

fn full(message: String) -> CallError {
    CallError::new(ErrorKind::TooLarge, message).hint("end subscriptions that are no longer needed")
}
