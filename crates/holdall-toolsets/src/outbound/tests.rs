//! Addresses, names and connections, judged.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use url::Host;

use super::{AddressPolicy, Connector, NetworkConfig, OutboundError, Resolve, Resolving};

fn what(policy: &AddressPolicy, address: &str) -> Option<&'static str> {
    let address: IpAddr = address.parse().expect(address);
    policy.judge(address).err().map(|refused| refused.what)
}

#[test]
fn public_addresses_alone_may_be_reached() {
    let policy = AddressPolicy::public_only();
    for (address, expected) in [
        // The edges of each network, from both sides.
        ("0.0.0.0", Some("unspecified")),
        ("0.0.0.1", Some("of this network")),
        ("0.255.255.255", Some("of this network")),
        ("1.0.0.0", None),
        ("9.255.255.255", None),
        ("10.0.0.0", Some("private")),
        ("10.255.255.255", Some("private")),
        ("11.0.0.0", None),
        ("100.63.255.255", None),
        ("100.64.0.0", Some("of a carrier (CGNAT)")),
        ("100.127.255.255", Some("of a carrier (CGNAT)")),
        ("100.128.0.0", None),
        ("126.255.255.255", None),
        ("127.0.0.0", Some("of this machine")),
        ("127.255.255.255", Some("of this machine")),
        ("128.0.0.0", None),
        ("168.63.129.15", None),
        ("168.63.129.16", Some("of a cloud platform")),
        ("168.63.129.17", None),
        ("169.253.255.255", None),
        ("169.254.0.0", Some("link-local")),
        ("169.254.169.254", Some("link-local")),
        ("169.255.0.0", None),
        ("172.15.255.255", None),
        ("172.16.0.0", Some("private")),
        ("172.31.255.255", Some("private")),
        ("172.32.0.0", None),
        ("191.255.255.255", None),
        ("192.0.0.192", Some("reserved")),
        ("192.0.1.0", None),
        ("192.0.2.255", Some("for documentation")),
        ("192.88.99.1", Some("a relay of 6to4")),
        ("192.167.255.255", None),
        ("192.168.0.0", Some("private")),
        ("192.168.255.255", Some("private")),
        ("192.169.0.0", None),
        ("198.17.255.255", None),
        ("198.18.0.0", Some("for measurements")),
        ("198.19.255.255", Some("for measurements")),
        ("198.20.0.0", None),
        ("198.51.100.1", Some("for documentation")),
        ("203.0.113.1", Some("for documentation")),
        ("223.255.255.255", None),
        ("224.0.0.0", Some("multicast")),
        ("239.255.255.255", Some("multicast")),
        ("240.0.0.0", Some("reserved")),
        ("255.255.255.254", Some("reserved")),
        ("255.255.255.255", Some("broadcast")),
        ("::", Some("unspecified")),
        ("::1", Some("of this machine")),
        ("::2", Some("IPv4-compatible")),
        ("::8.8.8.8", Some("IPv4-compatible")),
        ("::ffff:127.0.0.1", Some("IPv4-mapped")),
        ("::ffff:8.8.8.8", Some("IPv4-mapped")),
        ("::ffff:0:8.8.8.8", Some("IPv4-translated")),
        ("::1:0:0", Some("reserved")),
        ("64:ff9b::8.8.8.8", Some("NAT64")),
        ("64:ff9b::10.0.0.1", Some("NAT64")),
        ("64:ff9b:1::1", Some("NAT64 of a local network")),
        ("64:ff9b:1:ffff::1", Some("NAT64 of a local network")),
        ("64:ff9b:2::1", Some("reserved")),
        ("100::1", Some("discarded")),
        ("1fff:ffff::1", Some("reserved")),
        ("2000::1", None),
        ("2001::1", Some("Teredo")),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Some("Teredo")),
        ("2001:1::1", Some("reserved")),
        ("2001:2::1", Some("for measurements")),
        ("2001:20::1", Some("reserved")),
        ("2001:1ff:ffff::1", Some("reserved")),
        ("2001:200::1", None),
        ("2001:db8::1", Some("for documentation")),
        ("2001:4860:4860::8888", None),
        ("2002:7f00:1::", Some("6to4")),
        ("2002:808:808::1", Some("6to4")),
        ("2003::1", None),
        ("2606:4700::5efe:8.8.8.8", Some("ISATAP")),
        ("2606:4700::200:5efe:10.0.0.1", Some("ISATAP")),
        ("2606:4700::100:5efe:10.0.0.1", Some("ISATAP")),
        ("2606:4700::400:5efe:10.0.0.1", None),
        ("2606:4700:4700::1111", None),
        ("3fff::1", Some("for documentation")),
        ("3fff:1000::1", None),
        ("3fff:ffff::1", None),
        ("4000::1", Some("reserved")),
        ("5f00::1", Some("reserved")),
        ("fbff::1", Some("reserved")),
        ("fc00::1", Some("unique-local")),
        ("fd00:ec2::254", Some("unique-local")),
        ("fe00::1", Some("reserved")),
        ("fe80::1", Some("link-local")),
        ("fe80::5efe:10.0.0.1", Some("link-local")),
        ("fec0::1", Some("site-local")),
        ("ff02::1", Some("multicast")),
    ] {
        assert_eq!(what(&policy, address), expected, "{address}");
    }
}

#[test]
fn an_allowed_network_does_not_allow_what_its_addresses_hold() {
    let allowing = |networks: &[&str]| {
        AddressPolicy::allowing(networks.iter().map(|network| network.parse().expect(network)))
    };
    for (networks, address, expected) in [
        (&["127.0.0.0/8"][..], "127.0.0.1", None),
        (&["127.0.0.1/32"], "127.0.0.2", Some("of this machine")),
        (&["127.0.0.0/8"], "::1", Some("of this machine")),
        (&["127.0.0.0/8"], "::ffff:127.0.0.1", Some("IPv4-mapped")),
        (&["::ffff:0:0/96"], "::ffff:127.0.0.1", Some("of this machine")),
        (&["::ffff:0:0/96"], "::ffff:8.8.8.8", None),
        (&["::ffff:0:0/96", "127.0.0.0/8"], "::ffff:127.0.0.1", None),
        (&["64:ff9b::/96"], "64:ff9b::8.8.8.8", None),
        (&["64:ff9b::/96"], "64:ff9b::10.0.0.1", Some("private")),
        (&["64:ff9b::/96", "10.0.0.0/8"], "64:ff9b::10.0.0.1", None),
        // 10.0.0.1 behind a prefix of 48, 56, 64 and 96 bits.
        (
            &["64:ff9b:1::/48"],
            "64:ff9b:1:a00:0:100:808:808",
            Some("private"),
        ),
        (&["64:ff9b:1::/48"], "64:ff9b:1:80a:0:1:808:808", Some("private")),
        (&["64:ff9b:1::/48"], "64:ff9b:1:808:a:0:108:808", Some("private")),
        (
            &["64:ff9b:1::/48"],
            "64:ff9b:1:808:8:808:10.0.0.1",
            Some("private"),
        ),
        (&["64:ff9b:1::/48"], "64:ff9b:1:808:8:808:8.8.8.8", None),
        (&["2002::/16"], "2002:808:808::1", None),
        (&["2002::/16"], "2002:a00:1::1", Some("private")),
        // The server of Teredo, then its client.
        (&["2001::/32"], "2001:0:a00:1::f7f7:f7f7", Some("private")),
        (&["2001::/32"], "2001:0:808:808::f5ff:fffe", Some("private")),
        (&["2001::/32"], "2001:0:808:808::f7f7:f7f7", None),
        (&["fe80::/10"], "fe80::1", None),
        (&["fe80::/10"], "fe80::5efe:10.0.0.1", Some("private")),
        (&["2606:4700::/32"], "2606:4700::5efe:8.8.8.8", None),
        (&["2606:4700::/32"], "2606:4700::5efe:10.0.0.1", Some("private")),
        (&["::/0"], "127.0.0.1", Some("of this machine")),
        (&["::/0"], "::1", None),
    ] {
        assert_eq!(
            what(&allowing(networks), address),
            expected,
            "{networks:?} {address}"
        );
    }
}

/// Says what it is told to say, one answer for each time it is asked.
#[derive(Default)]
struct Told {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
}

impl Told {
    fn new(name: &str, answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().expect("an address")).collect();
        let answers: Vec<Vec<IpAddr>> = answers.iter().rev().map(parse).collect();
        Arc::new(Self {
            answers: Mutex::new(HashMap::from([(name.to_owned(), answers)])),
        })
    }
}

impl Resolve for Told {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        let mut answers = self.answers.lock().expect("no test panics with it");
        let answer = answers.get_mut(name).and_then(Vec::pop);
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn here() -> NetworkConfig {
    NetworkConfig {
        allowed: vec!["127.0.0.1/32".parse().expect("a network")],
        ..NetworkConfig::default()
    }
}

#[tokio::test]
async fn a_connection_leads_to_the_address_that_was_judged() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let told = Told::new("site.example", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let connector = Connector::new(&here()).resolver(told);
    let host = Host::parse("site.example").expect("a host");
    let mut connection = connector.connect(&host, port).await.expect("it is allowed");
    assert_eq!(connection.address, ([127, 0, 0, 1], port).into());
    assert_eq!(
        connection.stream.peer_addr().expect("connected"),
        connection.address
    );
    let (_, from) = listener.accept().await.expect("a connection");
    assert_eq!(from, connection.stream.local_addr().expect("connected"));
    connection.stream.shutdown().await.expect("it is open");
    // The name has another address by now.
    let error = connector
        .connect(&host, port)
        .await
        .expect_err("it is not allowed");
    assert!(
        matches!(&error, OutboundError::Refused { refused, .. } if refused.what == "of this machine"),
        "{error:?}"
    );
    // And now it has none.
    let error = connector.connect(&host, port).await.expect_err("it is gone");
    assert_eq!(error.to_string(), "there is no host `site.example`");
}

#[tokio::test]
async fn one_bad_address_among_good_ones_is_enough() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    for bad in [
        "10.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "169.254.169.254",
        "fe80::1",
    ] {
        let told = Told::new("mixed.example", &[&["127.0.0.1", bad], &["127.0.0.1"]]);
        let connector = Connector::new(&here()).resolver(told);
        let host = Host::parse("mixed.example").expect("a host");
        let error = connector
            .connect(&host, port)
            .await
            .expect_err("one is not allowed");
        assert!(matches!(error, OutboundError::Refused { .. }), "{bad}: {error:?}");
        assert!(
            !error.to_string().contains(bad),
            "the inside is not told: {error}"
        );
        connector
            .connect(&host, port)
            .await
            .expect("without it, all is well");
    }
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let network = NetworkConfig {
        allowed: vec!["127.0.0.0/8".parse().expect("a network")],
        ..NetworkConfig::default()
    };
    let told = Told::new("two.example", &[&["127.0.0.2", "127.0.0.1"], &["127.0.0.2"], &[]]);
    let connector = Connector::new(&network).resolver(told);
    let host = Host::parse("two.example").expect("a host");
    let connection = connector.connect(&host, port).await.expect("the second answers");
    assert_eq!(connection.address, ([127, 0, 0, 1], port).into());
    let error = connector.connect(&host, port).await.expect_err("nobody listens");
    assert!(matches!(error, OutboundError::Connect { .. }), "{error:?}");
    let error = connector.connect(&host, port).await.expect_err("no addresses");
    assert!(matches!(error, OutboundError::UnknownHost { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_hangs_is_given_up() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
            Box::pin(std::future::pending())
        }
    }
    let network = NetworkConfig {
        connect_timeout: Duration::from_secs(7),
        ..NetworkConfig::default()
    };
    let connector = Connector::new(&network).resolver(Arc::new(Silent));
    let host = Host::parse("slow.example").expect("a host");
    let error = connector.connect(&host, 80).await.expect_err("nobody answers");
    assert_eq!(error.to_string(), "`slow.example` could not be reached within 7s");
}

#[tokio::test]
async fn the_system_knows_this_machine() {
    let connector = Connector::new(&NetworkConfig::default());
    let host = Host::parse("LOCALHOST.").expect("a host");
    let error = connector
        .connect(&host, 80)
        .await
        .expect_err("it is this machine");
    match error {
        OutboundError::Refused { refused, .. } => assert_eq!(refused.what, "of this machine"),
        // Not every system knows the name with a dot at its end.
        OutboundError::UnknownHost { .. } => {}
        other => panic!("{other:?}"),
    }
}
