//! Whom a transport speaks for: the principal that the front has found out, and who holds the places that are taken.

use holdall::Principal;
use holdall::protocol::model::Extensions;
use http::request::Parts;

use crate::front::client::Client;

/// The party behind a request, as the front has put it there. Somebody who was not asked is nobody in particular.
pub(crate) fn principal(parts: &Parts) -> Principal {
    parts
        .extensions
        .get::<Principal>()
        .cloned()
        .unwrap_or_else(Principal::anonymous)
}

/// The party behind a message of the protocol: that which is attached to it, or to the HTTP request which brought it.
pub(crate) fn identify(extensions: &Extensions) -> Principal {
    let of_request = || extensions.get::<Parts>()?.extensions.get::<Principal>();
    let principal = extensions.get::<Principal>().or_else(of_request);
    principal.cloned().unwrap_or_else(Principal::anonymous)
}

/// Whether two requests come from the same party. Its scopes may have changed in between.
pub(crate) fn is_same(one: &Principal, other: &Principal) -> bool {
    one.name() == other.name()
}

/// Whose share of places a request takes from: the principal's; where nobody is asked who they are, that of their
/// address.
pub(crate) fn holder(parts: &Parts) -> String {
    let principal = principal(parts);
    match parts.extensions.get::<Client>() {
        Some(client) if is_same(&principal, &Principal::anonymous()) => client.address().to_string(),
        _ => format!("principal {}", principal.name()),
    }
}
