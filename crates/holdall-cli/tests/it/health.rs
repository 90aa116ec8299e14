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
        ("https://notes.example", "without encryption only"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
    ] {
        let refusal = home.fail(&["health", url]);
        assert!(refusal.contains(expected), "{refusal}");
    }
}
