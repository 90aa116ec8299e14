//! Who sent a request: the address behind proxies that may be believed, and the request's id.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What proxies add to requests they hand on.
const OF_PROXIES: [HeaderName; 7] = [
    FORWARDED_FOR,
    FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-real-ip"),
    http::header::FORWARDED,
    http::header::VIA,
];
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Ids of proxies are theirs to make, within reason.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Where it is. Whoever comes by a Unix socket is on this machine, and counts as 127.0.0.1.
    pub(crate) remote: IpAddr,
    /// The address of this machine the connection came to; none for a Unix socket.
    pub(crate) local: Option<IpAddr>,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
}

/// Who sent a request, as far as the connection tells; an extension of every request.
#[derive(Clone, Debug)]
pub struct Client {
    address: IpAddr,
    secure: bool,
    request_id: HeaderValue,
    place: Place,
}

/// Where a client is, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On this machine: it has connected from there itself, and there is no sign of any proxy.
    Here,
    /// On this machine, if proxies are right, or it has come by a Unix socket.
    SaidToBeHere,
    Elsewhere,
}

impl Client {
    /// The address of the client, behind proxies that are [trusted](crate::HttpConfig::trusted_proxies).
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Whether the client's connection is encrypted, as far as this server or a trusted proxy can tell.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// What this request is called in logs; sent back as `X-Request-Id`.
    pub fn request_id(&self) -> &str {
        self.request_id.to_str().expect("only visible ASCII is taken")
    }

    /// Whether it is on this machine, if proxies that are trusted are right.
    pub(crate) fn is_here(&self) -> bool {
        self.place != Place::Elsewhere
    }

    /// Whether it is on this machine, and no proxy there has handed on what somebody further away has sent.
    pub(crate) fn is_here_for_certain(&self) -> bool {
        self.place == Place::Here
    }

    pub(crate) fn request_id_header(&self) -> HeaderValue {
        self.request_id.clone()
    }
}

/// Finds out who sent a request.
#[derive(Clone)]
pub(crate) struct Clients {
    trusted: Arc<[IpNet]>,
    /// Random, so that ids of two runs of the server differ.
    run: u64,
    next: Arc<AtomicU64>,
}

impl Clients {
    pub(crate) fn new(trusted: &[IpNet]) -> Self {
        let mut run = [0; 8];
        getrandom::fill(&mut run).expect("the system gives random bytes");
        Self {
            trusted: trusted.into(),
            run: u64::from_ne_bytes(run),
            next: Arc::default(),
        }
    }

    /// The same with other proxies.
    pub(crate) fn trusting(&self, trusted: &[IpNet]) -> Self {
        Self {
            trusted: trusted.into(),
            ..self.clone()
        }
    }

    pub(crate) fn identify(&self, peer: Peer, headers: &HeaderMap) -> Client {
        let remote = peer.remote.to_canonical();
        if !self.trusts(remote) {
            let is_handed_on = OF_PROXIES.iter().any(|name| headers.contains_key(name));
            let place = match remote.is_loopback() && !is_handed_on {
                true if peer.local.is_some() && self.trusted.is_empty() => Place::Here,
                true => Place::SaidToBeHere,
                false => Place::Elsewhere,
            };
            return Client {
                address: remote,
                secure: peer.secure,
                request_id: self.new_id(),
                place,
            };
        }
        let address = self.forwarded_for(headers).unwrap_or(remote);
        Client {
            address,
            place: match address.is_loopback() {
                true => Place::SaidToBeHere,
                false => Place::Elsewhere,
            },
            secure: last(headers, &FORWARDED_PROTO)
                .map_or(peer.secure, |protocol| protocol.eq_ignore_ascii_case("https")),
            request_id: given_id(headers).unwrap_or_else(|| self.new_id()),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The last address of the list that is no trusted proxy: everything to its left is only what that one claims.
    fn forwarded_for(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let mut nearest = None;
        for entry in entries(headers, &FORWARDED_FOR) {
            // What is no address ends what can be believed.
            let Some(address) = address(entry) else {
                break;
            };
            nearest = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        nearest
    }

    fn new_id(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        HeaderValue::try_from(format!("{:016x}-{number:x}", self.run))
            .expect("hexadecimal digits are a header value")
    }
}

/// The entries of a list that may be spread over several headers, last first.
fn entries<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
    values.into_iter().rev().flat_map(|value| {
        let text = value.to_str().unwrap_or("");
        text.rsplit(',').map(str::trim)
    })
}

fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    entries(headers, name).next()
}

/// An address with or without a port, as proxies write them.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let address = text
        .parse()
        .or_else(|_| text.parse().map(|with_port: SocketAddr| with_port.ip()))
        .or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse());
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// The id a proxy gave the request, if it can stand in a log as it is.
fn given_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:=/+".contains(byte);
    let bytes = value.as_bytes();
    ((1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(fits)).then(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(trusted: &[&str], remote: &str, headers: &[(&str, &str)]) -> Client {
        let trusted: Vec<IpNet> = trusted
            .iter()
            .map(|net| net.parse().expect("a network"))
            .collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).expect("a header name");
            map.append(name, value.parse().expect("a header value"));
        }
        let peer = Peer {
            remote: remote.parse().expect("an address"),
            local: Some([127, 0, 0, 1].into()),
            secure: false,
        };
        Clients::new(&trusted).identify(peer, &map)
    }

    fn address_of(trusted: &[&str], remote: &str, forwarded: &[&str]) -> String {
        let headers: Vec<_> = forwarded
            .iter()
            .map(|value| ("x-forwarded-for", *value))
            .collect();
        identify(trusted, remote, &headers).address().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(address_of(&[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(address_of(&["10.0.0.0/8"], "11.0.0.1", &["1.2.3.4"]), "11.0.0.1");
        assert_eq!(address_of(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(
            address_of(&["10.0.0.0/8"], "::ffff:10.0.0.1", &["1.2.3.4"]),
            "1.2.3.4"
        );
        assert_eq!(address_of(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn other_proxies_can_be_trusted_from_now_on() {
        let net = |text: &str| -> IpNet { text.parse().expect("a network") };
        let before = Clients::new(&[net("10.0.0.0/8")]);
        let after = before.trusting(&[net("11.0.0.0/8")]);
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_FOR, HeaderValue::from_static("1.2.3.4"));
        for (proxy, old, new) in [
            ([10, 0, 0, 1], "1.2.3.4", "10.0.0.1"),
            ([11, 0, 0, 1], "11.0.0.1", "1.2.3.4"),
        ] {
            let peer = Peer {
                remote: proxy.into(),
                local: None,
                secure: false,
            };
            let address = |clients: &Clients| clients.identify(peer, &headers).address().to_string();
            assert_eq!((address(&before).as_str(), address(&after).as_str()), (old, new));
        }
    }

    #[test]
    fn what_a_client_claims_of_itself_is_not_believed() {
        let trusted = &["10.0.0.0/8"][..];
        for (forwarded, expected) in [
            (&["6.6.6.6, 1.2.3.4"][..], "1.2.3.4"),
            (&["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
            (&["6.6.6.6, 1.2.3.4, 10.0.0.9"], "1.2.3.4"),
            (&["1.2.3.4, unknown"], "10.0.0.1"),
            (&["1.2.3.4, unknown, 10.0.0.7"], "10.0.0.7"),
            (&["1.2.3.4:5678"], "1.2.3.4"),
            (&["[2001:db8::1]:5678"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&[""], "10.0.0.1"),
        ] {
            assert_eq!(
                address_of(trusted, "10.0.0.1", forwarded),
                expected,
                "{forwarded:?}"
            );
        }
    }

    #[test]
    fn encryption_and_ids_are_taken_from_trusted_proxies_only() {
        let headers = &[("x-forwarded-proto", "https"), ("x-request-id", "abc-1")][..];
        let stranger = identify(&[], "10.0.0.1", headers);
        assert!(!stranger.is_secure() && stranger.request_id() != "abc-1");
        let known = identify(&["10.0.0.1/32"], "10.0.0.1", headers);
        assert!(known.is_secure());
        assert_eq!(known.request_id(), "abc-1");
        let long = "x".repeat(129);
        for wrong in ["", "a b", "a\tb", long.as_str()] {
            let client = identify(&["10.0.0.1/32"], "10.0.0.1", &[("x-request-id", wrong)]);
            assert_ne!(client.request_id(), wrong);
        }
    }

    #[test]
    fn ids_differ() {
        let clients = Clients::new(&[]);
        assert_ne!(clients.new_id(), clients.new_id());
        assert_ne!(clients.new_id(), Clients::new(&[]).new_id());
    }

    #[test]
    fn only_a_connection_from_here_without_any_proxy_is_certainly_from_here() {
        let place =
            |trusted: &[&str], remote, headers: &[(&str, &str)]| identify(trusted, remote, headers).place;
        for remote in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(place(&[], remote, &[]), Place::Here, "{remote}");
        }
        assert_eq!(place(&[], "10.0.0.1", &[]), Place::Elsewhere);
        for header in OF_PROXIES {
            let headers = [(header.as_str(), "127.0.0.1")];
            assert_eq!(place(&[], "127.0.0.1", &headers), Place::Elsewhere, "{header}");
        }
        assert_eq!(place(&["10.0.0.0/8"], "127.0.0.1", &[]), Place::SaidToBeHere);
        let trusted = &["127.0.0.0/8"];
        assert_eq!(place(trusted, "127.0.0.1", &[]), Place::SaidToBeHere);
        for (forwarded, expected) in [("127.0.0.1", Place::SaidToBeHere), ("1.2.3.4", Place::Elsewhere)] {
            let headers = [("x-forwarded-for", forwarded)];
            assert_eq!(place(trusted, "127.0.0.1", &headers), expected, "{forwarded}");
        }
        let socket = Peer {
            remote: [127, 0, 0, 1].into(),
            local: None,
            secure: false,
        };
        let by_socket = Clients::new(&[]).identify(socket, &HeaderMap::new());
        assert!(by_socket.is_here() && !by_socket.is_here_for_certain());
    }
}
