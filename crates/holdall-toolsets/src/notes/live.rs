//! Tells clients of changed notes.

use std::collections::BTreeSet;
use std::thread;

use holdall::ServerHandle;
use holdall_notes::{ChangeFeed, NoteChanges, NotePath};

use super::arguments::uri_of;

/// The template of the resource that is a note.
const TEMPLATE: &str = "note://{+path}";

/// Tells `server` of what the feed brings, on a thread of its own, until the notebook ends or, at the next change, the
/// server has.
pub(super) fn tell(feed: ChangeFeed, server: ServerHandle) {
    let telling = thread::Builder::new().name("notes-tell".into()).spawn(move || {
        for changes in feed {
            if server.has_stopped() {
                return;
            }
            tell_of(&changes, &server);
        }
    });
    if let Err(error) = telling {
        tracing::warn!(%error, "clients are not told of changed notes: no thread can be started");
    }
}

fn tell_of(changes: &NoteChanges, server: &ServerHandle) {
    if !changes.added.is_empty() || !changes.removed.is_empty() {
        server.listing_changed(TEMPLATE);
    }
    // Who subscribes after this line subscribes to what the notes are by now.
    if server.listeners().watches == 0 {
        return;
    }
    let names: BTreeSet<&str> = changes.paths().flat_map(names_of).collect();
    for name in names {
        server.resource_updated(&uri_of(name));
    }
}

/// Everything a client may call a note: its path or its bare file name, with or without the extension. A bare name
/// that several notes have leads to none of them, and whether it does has changed too when one of them came or went.
fn names_of(path: &NotePath) -> [&str; 4] {
    let whole = path.as_str();
    let extension = path.file_name().len() - path.stem().len();
    [
        whole,
        &whole[..whole.len() - extension],
        path.file_name(),
        path.stem(),
    ]
}
