//! Answers: packed, too large, too slow, broken, encrypted.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use holdall_toolsets::outbound::{Bounds, Client, Connector, OutboundError, client_config};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::{Told, client, get, here};
use crate::double::{Double, answer, html, serve};

const MIB: usize = 1024 * 1024;
/// `hello from brotli`, and eight MiB of zeros, as Brotli packs them.
const BROTLI: &[u8] = &[
    27, 16, 0, 224, 165, 210, 216, 114, 16, 67, 36, 137, 28, 98, 171, 124, 244, 0,
];
const BROTLI_BOMB: &[u8] = &[155, 255, 255, 127, 248, 39, 0, 226, 177, 64, 32, 247, 254, 15];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn packed(coding: &str, body: &[u8]) -> Vec<u8> {
    answer("200 OK", &[("Content-Encoding", coding)], body)
}

#[tokio::test]
async fn packed_answers_are_unpacked() {
    let client = client(Told::new(&[]), Bounds::default());
    for (coding, body, expected) in [
        ("gzip", gzip(b"hello"), &b"hello"[..]),
        ("x-gzip", gzip(b"hello"), b"hello"),
        ("deflate", deflate(b"hello"), b"hello"),
        ("br", BROTLI.to_vec(), b"hello from brotli"),
        ("zstd", zstd(b"hello"), b"hello"),
        ("GZIP , identity", gzip(b"hello"), b"hello"),
        ("identity", b"hello".to_vec(), b"hello"),
        ("gzip", Vec::new(), b""),
    ] {
        let server = Double::always(packed(coding, &body)).await;
        let response = get(&client, &server.url("/")).await.unwrap();
        assert_eq!(response.body, expected, "{coding}");
        assert_eq!(response.headers.get("content-encoding"), None);
        assert_eq!(
            server.asked()[0].header("accept-encoding"),
            Some("gzip, deflate, br, zstd")
        );
    }
}

#[tokio::test]
async fn bombs_do_not_go_off() {
    let mut bounds = Bounds::default();
    bounds.body_bytes_max = MIB;
    let client = client(Told::new(&[]), bounds);
    let zeros = vec![0; 8 * MIB];
    for (coding, body) in [
        ("gzip", gzip(&zeros)),
        ("deflate", deflate(&zeros)),
        ("br", BROTLI_BOMB.to_vec()),
        ("zstd", zstd(&zeros)),
        ("identity", zeros.clone()),
        // Several members, each of them small enough.
        ("gzip", gzip(&zeros[..MIB]).repeat(2)),
    ] {
        let server = Double::always(packed(coding, &body)).await;
        let error = get(&client, &server.url("/")).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::TooLarge { .. }),
            "{coding}: {error:?}"
        );
    }
    // Exactly as much as is allowed is allowed.
    let server = Double::always(packed("gzip", &gzip(&zeros[..MIB]))).await;
    assert_eq!(get(&client, &server.url("/")).await.unwrap().body.len(), MIB);
}

#[tokio::test]
async fn what_is_packed_twice_or_otherwise_is_refused() {
    let client = client(Told::new(&[]), Bounds::default());
    for coding in ["gzip, gzip", "gzip, br", "compress", "exi", "gzip\u{e9}"] {
        let server = Double::always(packed(coding, &gzip(&gzip(b"hello")))).await;
        let error = get(&client, &server.url("/")).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Coding { .. }),
            "{coding}: {error:?}"
        );
    }
    for (coding, body) in [
        ("gzip", &b"not packed at all"[..]),
        ("deflate", b"\xff\xff\xff"),
        ("br", b"\xff\xff\xff\xff\xff"),
        ("zstd", b"not packed"),
        // A window of a gigabyte.
        ("zstd", b"\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00"),
        ("gzip", &gzip(b"cut off at the end")[..20]),
    ] {
        let server = Double::always(packed(coding, body)).await;
        let error = get(&client, &server.url("/")).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Broken { .. }),
            "{coding}: {error:?}"
        );
    }
}

#[tokio::test]
async fn heads_and_lengths_are_bounded() {
    let mut bounds = Bounds::default();
    bounds.body_bytes_max = MIB;
    let client = client(Told::new(&[]), bounds);
    // One header of a megabyte.
    let long = "x".repeat(MIB);
    let server = Double::always(answer("200 OK", &[("X", &long)], "")).await;
    let error = get(&client, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, OutboundError::HeadTooLarge { .. }), "{error:?}");
    // Very many headers.
    let many: Vec<(&str, &str)> = vec![("X", "y"); 1000];
    let server = Double::always(answer("200 OK", &many, "")).await;
    let error = get(&client, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, OutboundError::HeadTooLarge { .. }), "{error:?}");
    // A promise of more than is taken, and more without a promise.
    let server = Double::always(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec()).await;
    let error = get(&client, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, OutboundError::TooLarge { .. }), "{error:?}");
    let chunk = format!("{:x}\r\n{}\r\n", MIB, "x".repeat(MIB)).repeat(3);
    let bytes = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n");
    let server = Double::always(bytes.into_bytes()).await;
    let error = get(&client, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, OutboundError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_no_http_is_said_to_be_none() {
    let client = client(Told::new(&[]), Bounds::default());
    for bytes in [
        &b""[..],
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ] {
        let server = Double::always(bytes.to_vec()).await;
        let error = get(&client, &server.url("/")).await.unwrap_err();
        assert!(matches!(error, OutboundError::Broken { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_ends_is_left() {
    // It begins to answer, and then waits until the other side is gone.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let gone = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&gone);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nx").await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        told.notify_one();
    });
    let mut bounds = Bounds::default();
    bounds.time_max = Duration::from_millis(200);
    let client = client(Told::new(&[]), bounds);
    let error = get(&client, &format!("http://127.0.0.1:{port}/"))
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Timeout { .. }), "{error:?}");
    // And the connection is closed.
    gone.notified().await;
}

/// A server with TLS whose certificate is for `site.example`, and who trusts it.
async fn encrypted() -> (u16, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["site.example".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = client_config().crypto_provider().clone();
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let trusting = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(server));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Who does not trust the certificate goes away.
            if let Ok(stream) = acceptor.accept(stream).await {
                let answer = Arc::new(|_: &crate::double::Asked| html("secret enough"));
                serve(stream, answer, Arc::new(Mutex::default())).await;
            }
        }
    });
    (port, Arc::new(trusting))
}

#[tokio::test]
async fn certificates_are_checked_for_the_name_that_was_asked() {
    let (port, trusting) = encrypted().await;
    let told = || {
        Told::new(&[
            ("site.example", &[&["127.0.0.1"]]),
            ("other.example", &[&["127.0.0.1"]]),
        ])
    };
    let client = client(told(), Bounds::default()).tls(Arc::clone(&trusting));
    let response = get(&client, &format!("https://site.example:{port}/"))
        .await
        .unwrap();
    assert_eq!(response.body, b"secret enough");
    for url in [
        format!("https://other.example:{port}/"),
        format!("https://127.0.0.1:{port}/"),
    ] {
        let error = get(&client, &url).await.unwrap_err();
        assert!(matches!(error, OutboundError::Tls { .. }), "{url}: {error:?}");
    }
    // The system does not trust it.
    let client = Client::new(Connector::new(&here()).resolver(told()), Bounds::default());
    let error = get(&client, &format!("https://site.example:{port}/"))
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Tls { .. }), "{error:?}");
}
