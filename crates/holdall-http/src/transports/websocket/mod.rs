//! WebSocket: one message of the protocol in each text frame, both ways, on one connection.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | does the request ask for what is spoken here, and how is it answered? |
//! | `pump` | how do frames come in and go out, and when does it end? |
//!
//! What is judged by headers alone (host, origin, principal) has been judged before, as for every request.

mod pump;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Version};
use hyper::body::Incoming;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use self::pump::Pump;
use super::connection::Connections;
use crate::config::HttpConfig;
use crate::front::refusal::Refusal;

/// The sub-protocol clients must ask for.
const PROTOCOL: &str = "mcp";
const VERSION: &str = "13";

/// WebSocket for one service.
#[derive(Clone)]
pub(crate) struct WebSocket {
    connections: Connections,
    pump: Pump,
}

impl WebSocket {
    pub(crate) fn new(connections: Connections, config: &HttpConfig) -> Self {
        Self {
            connections,
            pump: Pump::new(config),
        }
    }

    /// Hands the connection of `request` over, if it asks for that rightly.
    pub(crate) fn answer(&self, mut request: Request<Incoming>) -> Response {
        let upgrade = hyper::upgrade::on(&mut request);
        let (parts, _) = request.into_parts();
        let accepted = match accept(parts.version, &parts.headers) {
            Ok(accepted) => accepted,
            Err(refusal) => return refusal.into_response(),
        };
        let place = match self.connections.place(&parts) {
            Ok(place) => place,
            Err(refusal) => return refusal.into_response(),
        };
        let (connections, pump) = (self.connections.clone(), self.pump.clone());
        self.connections.life().spawn(async move {
            match upgrade.await {
                Ok(upgraded) => pump.run(upgraded, connections.open(&parts, place), parts).await,
                Err(error) => tracing::debug!(%error, "a connection ended before it was handed over"),
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accepted);
        response
    }
}

/// Judges the handshake of a client; returns what shows the client that it was understood.
fn accept(version: Version, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if version != Version::HTTP_11
        || !lists(headers, &CONNECTION, "upgrade")
        || !lists(headers, &UPGRADE, "websocket")
    {
        return Err(needs_upgrade("this path speaks WebSocket alone"));
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != VERSION)
    {
        let refusal = needs_upgrade("this is another version of WebSocket than the one spoken here");
        return Err(refusal.header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION)));
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let key = match (keys.next(), keys.next()) {
        // 16 bytes in base64.
        (Some(key), None) if key.len() == 24 => key,
        _ => {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "bad_handshake",
                "the request has no usable `Sec-WebSocket-Key`",
                "send exactly one, of 16 random bytes in base64",
            ));
        }
    };
    if !offers_protocol(headers) {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "missing_subprotocol",
            format!("the client does not offer the sub-protocol `{PROTOCOL}`"),
            format!("send `Sec-WebSocket-Protocol: {PROTOCOL}`"),
        ));
    }
    Ok(HeaderValue::try_from(derive_accept_key(key.as_bytes())).expect("base64 is a header value"))
}

fn needs_upgrade(message: &str) -> Refusal {
    Refusal::new(
        StatusCode::UPGRADE_REQUIRED,
        "upgrade_required",
        message,
        format!(
            "connect with a WebSocket client of version {VERSION} that offers the sub-protocol `{PROTOCOL}`, or use /mcp"
        ),
    )
    .header(UPGRADE, HeaderValue::from_static("websocket"))
    .header(CONNECTION, HeaderValue::from_static("Upgrade"))
}

/// Whether a header that is a list has this entry, in whatever case.
fn lists(headers: &HeaderMap, name: &HeaderName, entry: &str) -> bool {
    entries(headers, name).any(|one| one.eq_ignore_ascii_case(entry))
}

/// Names of sub-protocols differ by case.
fn offers_protocol(headers: &HeaderMap) -> bool {
    entries(headers, &SEC_WEBSOCKET_PROTOCOL).any(|one| one == PROTOCOL)
}

fn entries<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handshake of which one header is changed, or left out.
    fn judge(changed: &'static str, value: Option<&'static str>) -> Result<HeaderValue, u16> {
        let mut headers = HeaderMap::new();
        for (name, usual) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "chat, mcp"),
        ] {
            let value = if name == changed { value } else { Some(usual) };
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        accept(Version::HTTP_11, &headers).map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn a_handshake_is_accepted_as_the_standard_has_it() {
        // The example of RFC 6455, section 1.3.
        assert_eq!(
            judge("", None),
            Ok(HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        );
    }

    #[test]
    fn what_is_wrong_with_a_handshake_has_its_status() {
        for (changed, value, status) in [
            ("connection", None, 426),
            ("connection", Some("close"), 426),
            ("upgrade", Some("h2c"), 426),
            ("sec-websocket-version", None, 426),
            ("sec-websocket-version", Some("8"), 426),
            ("sec-websocket-key", None, 400),
            ("sec-websocket-key", Some("short"), 400),
            ("sec-websocket-protocol", None, 400),
            ("sec-websocket-protocol", Some("chat"), 400),
            ("sec-websocket-protocol", Some("MCP"), 400),
            ("sec-websocket-protocol", Some("mcp2, xmcp"), 400),
        ] {
            assert_eq!(judge(changed, value), Err(status), "{changed}: {value:?}");
        }
    }
}
