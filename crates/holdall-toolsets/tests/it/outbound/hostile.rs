//! Addresses that mean something else than they seem to.

use holdall_toolsets::outbound::{Bounds, Client, Connector, NetworkConfig};

use super::{Told, get, here, verdict};
use crate::double::{Double, redirect};

const MACHINE: &str = "refused: of this machine";
const PRIVATE: &str = "refused: private";
const LINK: &str = "refused: link-local";
const MAPPED: &str = "refused: IPv4-mapped";

/// Texts, and what becomes of each. `asks for` a name means that it was read as that name: nobody knows it here.
const CASES: &[(&str, &str)] = &[
    // As they are.
    ("http://127.0.0.1/", MACHINE),
    ("https://127.0.0.1/", MACHINE),
    ("http://127.255.255.254/", MACHINE),
    ("http://0.0.0.0/", "refused: unspecified"),
    ("http://0.1.2.3/", "refused: of this network"),
    ("http://10.0.0.1/", PRIVATE),
    ("http://172.16.0.1/", PRIVATE),
    ("http://172.31.255.255/", PRIVATE),
    ("http://192.168.0.1:8080/", PRIVATE),
    ("http://100.64.0.1/", "refused: of a carrier (CGNAT)"),
    ("http://100.100.100.200/", "refused: of a carrier (CGNAT)"),
    ("http://169.254.169.254/latest/meta-data/", LINK),
    ("http://168.63.129.16/", "refused: of a cloud platform"),
    ("http://192.0.0.192/", "refused: reserved"),
    ("http://198.18.0.1/", "refused: for measurements"),
    ("http://203.0.113.7/", "refused: for documentation"),
    ("http://224.0.0.1/", "refused: multicast"),
    ("http://255.255.255.255/", "refused: broadcast"),
    ("http://250.0.0.1/", "refused: reserved"),
    // Other ways to write numbers.
    ("http://2130706433/", MACHINE),
    ("http://017700000001/", MACHINE),
    ("http://0x7f000001/", MACHINE),
    ("http://0x7F.0x0.0x0.0x1/", MACHINE),
    ("http://0177.0.0.01/", MACHINE),
    ("http://0177.0x0.0.1/", MACHINE),
    ("http://127.1/", MACHINE),
    ("http://127.0.1/", MACHINE),
    ("http://0x7f.1/", MACHINE),
    ("http://127.0.0.0x/", MACHINE),
    ("http://0/", "refused: unspecified"),
    ("http://0x/", "refused: unspecified"),
    ("http://10.1/", PRIVATE),
    ("http://192.168.257/", PRIVATE),
    ("http://3232235521/", PRIVATE),
    ("http://0xa9fea9fe/", LINK),
    ("http://0251.0376.0251.0376/", LINK),
    ("http://2852039166/", LINK),
    ("http://4294967295/", "refused: broadcast"),
    ("http://4294967296/", "no address"),
    ("http://256.0.0.1/", "no address"),
    ("http://127.0.0.1.1/", "no address"),
    ("http://127.0.0.09/", "no address"),
    ("http://0x7g.1/", "no address"),
    ("http://0x7g.example/", "asks for 0x7g.example"),
    // Encoded, and in letters that look alike.
    ("http://%31%32%37.0.0.1/", MACHINE),
    ("http://%31%32%37%2e%30%2e%30%2e%31/", MACHINE),
    ("http://127%2E0%2E0%2E1/", MACHINE),
    ("http://0%78%37f.1/", MACHINE),
    ("http://１２７.０.０.１/", MACHINE),
    ("http://127。0。0。1/", MACHINE),
    ("http://127．0．0．1/", MACHINE),
    ("http://①②⑦.⓪.⓪.①/", MACHINE),
    ("http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/", MACHINE),
    ("http://𝟣𝟬.𝟎.0.1/", PRIVATE),
    ("http://169.254.169.254%00.example/", "no address"),
    ("http://127.0.0.1%20/", "no address"),
    ("http://127.0.0.1%2f.example/", "no address"),
    // Dots at the end, blanks and lines within.
    ("http://127.0.0.1./", MACHINE),
    ("http://127.0.0.1../", "asks for 127.0.0.1.."),
    ("http://2130706433./", MACHINE),
    ("  http://127.0.0.1/  ", MACHINE),
    ("http://127.0\t.0.1/", MACHINE),
    ("ht\ntp://127.0.0.1/", MACHINE),
    ("http:127.0.0.1/", MACHINE),
    ("http:/127.0.0.1/", MACHINE),
    ("http:\\\\127.0.0.1\\", MACHINE),
    ("HTTP://LOCALHOST/", "refused: of this machine"),
    ("http://localhost./", "refused: of this machine"),
    ("http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "refused: of this machine"),
    ("http://loc\u{ad}alhost/", "refused: of this machine"),
    // Whose host is it.
    ("http://example.com@127.0.0.1/", "no address"),
    ("http://127.0.0.1@example.com/", "no address"),
    ("http://user:pass@example.com/", "no address"),
    ("http://:@example.com/", "asks for example.com"),
    ("http://example.com#@127.0.0.1/", "asks for example.com"),
    ("http://example.com?@127.0.0.1/", "asks for example.com"),
    ("http://example.com\\@127.0.0.1/", "asks for example.com"),
    ("http://127.0.0.1\\@example.com/", MACHINE),
    ("http://example.com:80@127.0.0.1:80/", "no address"),
    ("http://127.0.0.1:80\\@@example.com/", MACHINE),
    ("http://127.0.0.1 @example.com/", "no address"),
    ("http://example.com%40127.0.0.1/", "no address"),
    ("http://127.0.0.1.example.com/", "asks for 127.0.0.1.example.com"),
    ("http://127.0.0.1:0080/", MACHINE),
    ("http://127.0.0.1:/", MACHINE),
    // Version 6, and version 4 within.
    ("http://[::1]/", MACHINE),
    ("http://[0:0:0:0:0:0:0:1]/", MACHINE),
    ("http://[0000::0001]:8080/", MACHINE),
    ("http://[::]/", "refused: unspecified"),
    ("http://[::ffff:127.0.0.1]/", MAPPED),
    ("http://[::ffff:7f00:1]/", MAPPED),
    ("http://[0:0:0:0:0:ffff:169.254.169.254]/", MAPPED),
    ("http://[::ffff:8.8.8.8]/", MAPPED),
    ("http://[::127.0.0.1]/", "refused: IPv4-compatible"),
    ("http://[::ffff:0:127.0.0.1]/", "refused: IPv4-translated"),
    ("http://[64:ff9b::127.0.0.1]/", "refused: NAT64"),
    ("http://[64:ff9b::a9fe:a9fe]/", "refused: NAT64"),
    (
        "http://[64:ff9b:1::10.0.0.1]/",
        "refused: NAT64 of a local network",
    ),
    ("http://[2002:7f00:1::]/", "refused: 6to4"),
    ("http://[2002:a9fe:a9fe::1]/", "refused: 6to4"),
    ("http://[2001:0:7f00:1::]/", "refused: Teredo"),
    ("http://[2001::80ff:fffe]/", "refused: Teredo"),
    ("http://[2606:4700::5efe:127.0.0.1]/", "refused: ISATAP"),
    ("http://[fe80::1]/", LINK),
    ("http://[fe80::1%25eth0]/", "no address"),
    ("http://[fec0::1]/", "refused: site-local"),
    ("http://[fd00:ec2::254]/", "refused: unique-local"),
    ("http://[ff02::1]/", "refused: multicast"),
    ("http://[100::1]/", "refused: discarded"),
    ("http://[2001:db8::1]/", "refused: for documentation"),
    ("http://[4000::1]/", "refused: reserved"),
    ("http://[::1/", "no address"),
    ("http://[127.0.0.1]/", "no address"),
    // Names, judged by what they lead to.
    ("http://localhost:8080/", MACHINE),
    ("http://metadata.internal/", LINK),
    ("http://10.0.0.1.wildcard.example/", PRIVATE),
    ("http://mapped.example/", MAPPED),
    ("http://mixed.example/", PRIVATE),
    ("http://mixed-six.example/", "refused: unique-local"),
    ("http://sixes.example/", "refused: NAT64"),
    ("http://nothing.example/", "asks for nothing.example"),
    // No web server.
    ("http://example.com:22/", "port 22"),
    ("http://example.com:25/", "port 25"),
    ("https://example.com:6000/", "port 6000"),
    ("http://example.com:0/", "port 0"),
    ("http://example.com:65536/", "no address"),
    // No web.
    ("file:///etc/passwd", "scheme file"),
    ("FILE://localhost/etc/passwd", "scheme file"),
    ("ftp://example.com/", "scheme ftp"),
    ("gopher://127.0.0.1:6379/_INFO", "scheme gopher"),
    ("dict://127.0.0.1:11211/", "scheme dict"),
    ("data:text/html,x", "scheme data"),
    ("javascript:alert(1)", "scheme javascript"),
    ("ws://127.0.0.1/", "scheme ws"),
    ("blob:http://127.0.0.1/x", "scheme blob"),
    ("view-source:http://127.0.0.1/", "scheme view-source"),
    ("unix:/run/docker.sock", "scheme unix"),
    ("127.0.0.1", "no address"),
    ("//127.0.0.1/", "no address"),
    ("http://", "no address"),
    ("http:///", "no address"),
    ("https://?", "no address"),
    ("", "no address"),
];

fn told() -> std::sync::Arc<Told> {
    Told::new(&[
        ("localhost", &[&["127.0.0.1"]]),
        ("localhost.", &[&["::1"]]),
        ("metadata.internal", &[&["169.254.169.254"]]),
        ("10.0.0.1.wildcard.example", &[&["10.0.0.1"]]),
        ("mapped.example", &[&["::ffff:10.0.0.1"]]),
        ("mixed.example", &[&["8.8.8.8", "1.1.1.1", "192.168.1.1"]]),
        ("mixed-six.example", &[&["2606:4700::1111", "fd00::1"]]),
        ("sixes.example", &[&["64:ff9b::8.8.8.8"]]),
        ("nothing.example", &[&[]]),
    ])
}

#[tokio::test]
async fn no_address_leads_where_it_must_not() {
    const { assert!(CASES.len() >= 80) };
    let connector = Connector::new(&NetworkConfig::default()).resolver(told());
    let client = Client::new(connector, Bounds::default());
    let mut wrong = Vec::new();
    for (text, expected) in CASES {
        let found = match get(&client, text).await {
            Ok(_) => "reached".to_owned(),
            Err(error) => verdict(&error),
        };
        if found != *expected {
            wrong.push(format!("{text:?}: {found}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn redirects_lead_nowhere_else() {
    let mut wrong = Vec::new();
    for (text, expected) in CASES {
        // What no header can hold never arrives, a relative address is one of the same server, and this very machine
        // is allowed here.
        let is_whole = text.to_ascii_lowercase().starts_with("http://") || text.starts_with("https://");
        let is_other = !text.to_ascii_lowercase().starts_with("http") && text.contains(':');
        if text.contains(['\n', '\t']) || !(is_whole || is_other) || *expected == MACHINE {
            continue;
        }
        let server = Double::always(redirect("302 Found", text)).await;
        let client = Client::new(Connector::new(&here()).resolver(told()), Bounds::default());
        let found = match get(&client, &server.url("/")).await {
            Ok(_) => "reached".to_owned(),
            Err(error) => verdict(&error),
        };
        if found != *expected {
            wrong.push(format!("{text:?}: {found}, expected {expected}"));
        }
        assert_eq!(server.asked().len(), 1, "{text}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
