//! Any address, and any text as the address of a page: what may be reached is public, however it is written.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use holdall_fuzz::split;
use holdall_toolsets::outbound::{AddressPolicy, Host, HostPattern, Url, parse_url};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((mode, bytes)) = split(data) else { return };
    match mode & 3 {
        0 => {
            if let Some((four, rest)) = bytes.split_first_chunk::<4>() {
                address(IpAddr::V4(Ipv4Addr::from_octets(*four)), rest);
            }
        }
        1 => {
            if let Some((sixteen, rest)) = bytes.split_first_chunk::<16>() {
                address(IpAddr::V6(Ipv6Addr::from_octets(*sixteen)), rest);
            }
        }
        2 => page(&String::from_utf8_lossy(bytes)),
        _ => pattern(&String::from_utf8_lossy(bytes)),
    }
});

/// What may be reached is public by what the standard library knows, and by rules written differently from those that
/// are tried. Allowing a network allows that and no more.
fn address(address: IpAddr, network: &[u8]) {
    let verdict = AddressPolicy::public_only().judge(address);
    match (address, verdict) {
        (IpAddr::V4(four), Ok(())) => assert!(is_public(four), "{four}"),
        (IpAddr::V6(six), Ok(())) => {
            let [first, second, ..] = six.segments();
            assert!((0x2000..0x4000).contains(&first), "{six}");
            assert!(six.to_ipv4().is_none() && first != 0x2002, "{six}");
            assert!(first != 0x2001 || second >= 0x200 && second != 0xdb8, "{six}");
        }
        // What is refused lies in a network there is a name for.
        (_, Err(refused)) => assert!(refused.address == address && !refused.what.is_empty()),
    }
    let Some((bits, bytes)) = network.split_first() else { return };
    let network = match bytes {
        [a, b, c, d, ..] if bits & 128 == 0 => {
            let network = Ipv4Addr::new(*a, *b, *c, *d);
            format!("{network}/{}", bits % 33)
        }
        _ => match bytes.first_chunk::<16>() {
            Some(sixteen) => format!("{}/{}", Ipv6Addr::from_octets(*sixteen), bits % 129),
            None => return,
        },
    };
    let network = network.parse().expect("a network");
    let allowed = AddressPolicy::allowing([network]).judge(address);
    match (verdict, allowed) {
        (Ok(()), allowed) => assert_eq!(allowed, Ok(()), "{network} takes {address} away"),
        (Err(_), Ok(())) => assert!(
            ipnet::IpNet::contains(&network, &address),
            "{network} opens {address}"
        ),
        (Err(_), Err(_)) => {}
    }
    // One network of version 6 never opens what lies within its addresses.
    if let (IpAddr::V6(six), Ok(())) = (address, allowed)
        && let Some(four) = six.to_ipv4_mapped()
    {
        assert!(is_public(four), "{network} opens {six}");
    }
}

fn is_public(four: Ipv4Addr) -> bool {
    let [a, b, ..] = four.octets();
    !(four.is_private()
        || four.is_loopback()
        || four.is_link_local()
        || four.is_broadcast()
        || four.is_documentation()
        || four.is_unspecified()
        || four.is_multicast()
        || a == 0
        || a >= 224
        || a == 100 && b & 0xc0 == 64
        || a == 198 && b & 0xfe == 18)
}

/// What is read as an address of a page is one, means the same when it is read again, and its host is what it says.
fn page(text: &str) {
    let Ok(url) = parse_url(text) else { return };
    assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    assert_eq!(url.fragment(), None, "{url}");
    assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
    let again = parse_url(url.as_str()).expect("it was read before");
    assert_eq!(url, again);
    let host = url.host().expect("pages have a host");
    if let Host::Domain(name) = host {
        // What the system would take for a number was one for the parser, too.
        assert!(name.parse::<IpAddr>().is_err(), "{url}");
        let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
        assert!(!is_number || name.ends_with(".."), "{url}");
    }
    // A host that is named is the host that is meant.
    let named = format!("{}://{host}:{}", url.scheme(), url.port_or_known_default().expect("a port"));
    if let Ok(pattern) = named.parse::<HostPattern>() {
        assert!(pattern.matches(&url), "{pattern} {url}");
    }
}

/// What names hosts is written as it is read, and names no host it does not say.
fn pattern(text: &str) {
    let (text, url) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(pattern) = text.parse::<HostPattern>() else { return };
    assert_eq!(pattern.to_string().parse().as_ref(), Ok(&pattern));
    let Ok(url) = Url::parse(url) else { return };
    if pattern.matches(&url) && !pattern.is_every() {
        let written = pattern.to_string();
        let rest = written.split_once("://").map_or(written.as_str(), |(_, rest)| rest);
        let host = rest.trim_start_matches("*.");
        let host = match host.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => host,
            _ => host,
        };
        let meant = url.host_str().unwrap_or_default().trim_end_matches('.');
        assert!(meant.ends_with(host.trim_end_matches('.')), "{pattern} {url}");
    }
}
