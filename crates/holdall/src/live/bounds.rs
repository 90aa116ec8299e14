//! [`ListenerBounds`]: how many may listen, and to how much.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most resources one session or one `subscriptions/listen` stream watches, unless the server says otherwise: more
/// than a person has open in a host.
pub const WATCHES_PER_LISTENER_MAX: usize = 1024;
/// The most resources the sessions and streams of one principal watch together, unless the server says otherwise: a
/// quarter of all, so that one principal leaves room for others.
pub const WATCHES_PER_PRINCIPAL_MAX: usize = 16 * 1024;
/// The most resources that are watched in all, unless the server says otherwise; each takes some 300 bytes.
pub const WATCHES_MAX: usize = 64 * 1024;
/// The most `subscriptions/listen` streams one principal has open, unless the server says otherwise: a quarter of all.
pub const STREAMS_PER_PRINCIPAL_MAX: usize = 1024;
/// The most `subscriptions/listen` streams that are open in all, unless the server says otherwise; each takes a
/// connection, a task and some kilobytes.
pub const STREAMS_MAX: usize = 4 * 1024;

/// How many clients may listen to changes, and to how much: [`Server::listener_bounds`](crate::Server::listener_bounds).
///
/// ```
/// use holdall::prelude::*;
/// use holdall::live::ListenerBounds;
///
/// let mut bounds = ListenerBounds::default();
/// bounds.streams_max = 100;
/// bounds.streams_per_principal_max = 10;
/// let service = Server::new("news").listener_bounds(bounds).build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ListenerBounds {
    /// `subscriptions/listen` streams open at once, each some kilobytes. Default: 4096.
    pub streams_max: usize,
    /// Such streams one principal has open. Default: 1024.
    pub streams_per_principal_max: usize,
    /// Resources that are watched in all, each some 300 bytes. Default: 65,536.
    pub watches_max: usize,
    /// Resources the sessions and streams of one principal watch together. Default: 16,384.
    pub watches_per_principal_max: usize,
    /// Resources one session or stream watches. Default: 1024.
    pub watches_per_listener_max: usize,
}

impl Default for ListenerBounds {
    fn default() -> Self {
        Self {
            streams_max: STREAMS_MAX,
            streams_per_principal_max: STREAMS_PER_PRINCIPAL_MAX,
            watches_max: WATCHES_MAX,
            watches_per_principal_max: WATCHES_PER_PRINCIPAL_MAX,
            watches_per_listener_max: WATCHES_PER_LISTENER_MAX,
        }
    }
}
