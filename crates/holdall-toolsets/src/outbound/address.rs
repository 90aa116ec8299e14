//! Addresses that are not public, by the registries of special addresses (IANA; RFC 6890 and what came after it).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of version 4 that are not public: the first that fits names the address.
const SPECIAL_V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 32, "unspecified"),
    (Ipv4Addr::new(0, 0, 0, 0), 8, "of this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "of a carrier (CGNAT)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "of this machine"),
    // Public by number, answered inside one provider's machines only: it hands out their settings.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "of a cloud platform"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a relay of 6to4"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for measurements"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::BROADCAST, 32, "broadcast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// Networks of version 6 that are not public: the first that fits names the address. What lies outside of
/// [`PUBLIC_V6`] is reserved even if it is not here.
const SPECIAL_V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "of this machine"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "IPv4-mapped"),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, "IPv4-translated"),
    (Ipv6Addr::UNSPECIFIED, 96, "IPv4-compatible"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        "NAT64 of a local network",
    ),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "discarded"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "Teredo"),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, "for measurements"),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "for documentation",
    ),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "for documentation",
    ),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique-local"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "site-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// All that is handed out as public: 2000::/3.
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What an address is, if it is not public.
pub(super) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => SPECIAL_V4
            .iter()
            .find(|(network, bits, _)| same_v4(*network, address, *bits))
            .map(|(_, _, what)| *what),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let found = SPECIAL_V6
        .iter()
        .find(|(network, bits, _)| same_v6(*network, address, *bits));
    match found {
        Some((_, _, what)) => Some(what),
        None if is_isatap(address) => Some("ISATAP"),
        None if !same_v6(PUBLIC_V6.0, address, PUBLIC_V6.1) => Some("reserved"),
        None => None,
    }
}

/// The addresses of version 4 that packets to this one may end at. A machine or a router between may take them out of
/// it, so they are judged, too.
pub(super) fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let octets = address.octets();
    let at = |start: usize| {
        let four = octets[start..start + 4]
            .try_into()
            .expect("an address has sixteen octets");
        Ipv4Addr::from_octets(four)
    };
    let lies_in = |network: [u16; 8], bits| same_v6(Ipv6Addr::from(network), address, bits);
    let mut found = Vec::new();
    // Compatible, mapped, translated, and the well-known prefix of NAT64: the last 32 bits. `::` and `::1` have a
    // meaning of their own.
    let is_last = lies_in([0; 8], 96)
        || lies_in([0, 0, 0, 0, 0, 0xffff, 0, 0], 96)
        || lies_in([0, 0, 0, 0, 0xffff, 0, 0, 0], 96)
        || lies_in([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);
    if is_last && !address.is_loopback() && !address.is_unspecified() {
        found.push(at(12));
    }
    // A local prefix of NAT64 may be of any length from 48 bits on (RFC 6052, octet 8 is left out): each is tried.
    if lies_in([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48) {
        found.push(Ipv4Addr::new(octets[6], octets[7], octets[9], octets[10]));
        found.push(Ipv4Addr::new(octets[7], octets[9], octets[10], octets[11]));
        found.push(at(9));
        found.push(at(12));
    }
    if lies_in([0x2002, 0, 0, 0, 0, 0, 0, 0], 16) {
        found.push(at(2));
    }
    // Teredo: the server, and the client with all bits turned round.
    if lies_in([0x2001, 0, 0, 0, 0, 0, 0, 0], 32) {
        found.push(at(4));
        found.push(Ipv4Addr::from_bits(!at(12).to_bits()));
    }
    if is_isatap(address) {
        found.push(at(12));
    }
    found
}

/// Whatever the prefix, an interface identifier `0:5efe:…` or `200:5efe:…` holds an address of version 4.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    low == 0x5efe && high & !0x0300 == 0
}

fn same_v4(network: Ipv4Addr, address: Ipv4Addr, bits: u32) -> bool {
    (network.to_bits() ^ address.to_bits()).leading_zeros() >= bits
}

fn same_v6(network: Ipv6Addr, address: Ipv6Addr, bits: u32) -> bool {
    (network.to_bits() ^ address.to_bits()).leading_zeros() >= bits
}
