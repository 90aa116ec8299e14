//! `health`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::http::Served;
use crate::program::Home;

#[test]
fn a_server_that_runs_is_well() {
    let home = Home::new();
    let served = Served::start(&home, &[]);
    let url = served.url().replace("/mcp", "");
    let said: serde_json::Value = home.print_json(&["health", &url]);
    assert_eq!(said["status"], "ok");
    let refusal = home.fail(&["health", &format!("{url}/nowhere")]);
    assert!(refusal.contains("/nowhere answered 404 Not Found: "), "{refusal}");
    assert!(refusal.ends_with("(exit code 1)"), "{refusal}");
    drop(served);
    let refusal = home.fail(&["health", &url]);
    assert!(
        refusal.contains("cannot be reached; is the server running?"),
        "{refusal}"
    );
}

#[test]
fn what_answers_strangely_is_not_well() {
    let home = Home::new();
    for (answer, expected) in [
        (
            &b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\n\x1b[2J\n"[..],
            "answered 503",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "broke off"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let peer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /health HTTP/1.1\r\n"));
            stream.write_all(answer).unwrap();
        });
        let refusal = home.fail(&["health", &url]);
        peer.join().unwrap();
        assert!(refusal.contains(expected), "{refusal}");
        assert!(
            !refusal.contains('\u{1b}'),
            "terminals are not commanded: {refusal}"
        );
    }
}

#[test]
fn what_does_not_answer_is_given_up() {
    let home = Home::new();
    // It accepts, as the system does for it, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let refusal = home.fail(&["health", "--timeout", "1", &url]);
    assert!(refusal.contains("did not answer within 1 s"), "{refusal}");
}

#[test]
fn what_cannot_be_asked_is_said() {
    let home = Home::new();
    for (url, expected) in [
        ("ftp://notes.example", "http:// or https://"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
    ] {
        let refusal = home.fail(&["health", url]);
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn a_server_that_encrypts_is_well_if_it_is_the_right_one() {
    let home = Home::new();
    let certificate = |name: &str| {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    };
    let (own, key) = certificate("notes.example");
    home.put("own.pem", &own);
    home.put("key.pem", &key);
    home.put("other.pem", &certificate("notes.example").0);
    let served = Served::start(&home, &["--tls-cert", "own.pem", "--tls-key", "key.pem"]);
    let url = served.url().replace("/mcp", "");
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    // Nobody the system trusts has vouched for it.
    let refusal = home.fail(&["health", &url]);
    assert!(refusal.contains("--any-certificate"), "{refusal}");
    let said = home.print_json(&["health", "--any-certificate", &url]);
    assert_eq!(said["status"], "ok");
    // The one of the configuration is known, by whatever name it is asked.
    for (file, is_well) in [("own.pem", true), ("other.pem", false)] {
        let config = format!("[http.tls]\ncertificates = '{file}'\nkey = 'key.pem'\n");
        home.put("holdall.toml", &config);
        let question = ["health", "--config", "holdall.toml", &url];
        match is_well {
            true => drop(home.print(&question)),
            false => drop(home.fail(&question)),
        }
    }
    // With the authority that vouched for it, the name has to be right.
    let ca = |name: &str| {
        let (own, key) = certificate(name);
        home.put("own.pem", &own);
        home.put("key.pem", &key);
        let served = Served::start(&home, &["--tls-cert", "own.pem", "--tls-key", "key.pem"]);
        let url = served.url().replace("/mcp", "").replace("127.0.0.1", "localhost");
        let mut command = home.command(&["health", &url]);
        command
            .env("SSL_CERT_FILE", home.path("own.pem"))
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(ca("localhost"));
    assert!(!ca("notes.example"));
    // Without encryption nobody answers there.
    let refusal = home.fail(&["health", &url.replace("https", "http")]);
    assert!(
        refusal.contains("does not speak HTTP") || refusal.contains("answered 400"),
        "{refusal}"
    );
}
