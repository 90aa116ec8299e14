//! `site_monitor`, against a site and a certificate of this machine.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use holdall_testkit::Client;
use rcgen::{CertificateParams, KeyPair};
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use serde_json::json;

use crate::site_monitor::{Monitor, server};

/// A server that answers each of so many connections once, and its address.
fn website(connections: usize, answer: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            answer(stream.unwrap());
        }
    });
    format!("localhost:{}", address.port())
}

async fn connect(sites: &[&str], roots: RootCertStore) -> Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    let sites = sites.iter().map(|site| site.parse().unwrap()).collect();
    Client::connect(server(Monitor::new(sites, roots))).await
}

#[tokio::test]
async fn a_site_answers_or_does_not() {
    let up = website(1, |mut stream| {
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream
            .write_all(b"HTTP/1.1 503 Oh\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
    });
    let up = format!("http://{up}/");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let down = format!("http://{}/", gone.local_addr().unwrap());
    drop(gone);
    let client = connect(&[&up, &down], RootCertStore::empty()).await;
    let check = async |site: &str| client.call("check_site_status", json!({ "site": site })).await;
    assert_eq!(check(&up).await.json()["status"], 503);
    let error = check(&down).await.expect_error("unavailable");
    assert!(error.message.starts_with(&down), "{}", error.message);
    let error = check("http://169.254.169.254/").await.expect_error("not_found");
    assert_eq!(error.hint.unwrap(), format!("sites: {up}, {down}"));

    let settings: serde_json::Value = client.read("config://app").await.json();
    assert_eq!(settings, json!({"sites": [up, down], "timeout_s": 10}));
    let log = client.read("log://latest").await.text();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].ends_with(&format!("{up} status: good")), "{log}");
    assert!(lines[1].contains(&format!("{down} status: ")), "{log}");

    let incident = client.prompt("debug_incident", json!({"site": down})).await;
    let messages = &incident.raw()["messages"];
    assert_eq!(
        messages[0]["content"]["text"],
        format!("There is an incident with {down}: it does not answer.")
    );
    assert_eq!(messages[1]["content"]["resource"]["text"], log);
}

#[tokio::test]
async fn a_certificate_expires() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2100, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    drop(rustls::crypto::ring::default_provider().install_default());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(
        config
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap(),
    );
    let host = website(2, move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        // A client that does not trust the certificate hangs up.
        while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
    });
    let site = format!("https://{host}/");
    let client = connect(&[&site], roots).await;
    let expiry = client
        .call("check_ssl_expiry", json!({ "site": site }))
        .await
        .json();
    assert_eq!(expiry["expires"], "2100-01-01T00:00:00Z");
    assert!(expiry["days_left"].as_i64().unwrap() > 365, "{expiry}");

    let distrustful = connect(&[&site], RootCertStore::empty()).await;
    let error = distrustful
        .call("check_ssl_expiry", json!({ "site": site }))
        .await
        .expect_error("unavailable");
    assert!(
        error.message.contains("invalid peer certificate"),
        "{}",
        error.message
    );
    let log = distrustful.read("log://latest").await.text();
    assert!(
        log.contains(&format!("{site} certificate: invalid peer certificate")),
        "{log}"
    );
}
