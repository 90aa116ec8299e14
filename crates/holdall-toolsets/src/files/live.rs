//! Tells clients of changed files.

use std::sync::{Arc, Mutex, OnceLock};

use holdall::ServerHandle;
use holdall_files::{Changes, Listener, Roots, WatchOptions, Watching, watch};

use super::{TEMPLATE, uri_of};

/// Tells `server` of changes below the roots, on a thread of its own, until the server is gone.
pub(super) fn begin(
    roots: &Arc<Roots>,
    server: ServerHandle,
    options: WatchOptions,
    watching: &OnceLock<Arc<Mutex<Watching>>>,
) {
    match watch(Arc::clone(roots), Teller(server), options) {
        // The first server's, should there be several.
        Ok(mode) => drop(watching.set(mode)),
        Err(error) => {
            tracing::warn!(%error, "clients are not told of changed files: no thread can be started")
        }
    }
}

struct Teller(ServerHandle);

impl Listener for Teller {
    fn changed(&self, changes: Changes) {
        let Self(server) = self;
        if changes.listing {
            server.listing_changed(TEMPLATE);
        }
        for path in &changes.paths {
            server.resource_updated(&uri_of(path));
        }
    }

    fn is_waiting(&self) -> bool {
        let listeners = self.0.listeners();
        listeners.sessions + listeners.streams + listeners.watches > 0
    }

    fn is_gone(&self) -> bool {
        self.0.has_stopped()
    }
}
