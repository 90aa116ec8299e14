//! `check_site_status`: what a site may answer, and what is made of it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::world::{Papers, WELL, World, answer, answering, head, listen, reply, silent_port};

fn kind(reply: &Value) -> &str {
    assert_eq!(reply["up"], false, "{reply}");
    reply["reason"]["kind"].as_str().unwrap()
}

fn message(reply: &Value) -> &str {
    reply["reason"]["message"].as_str().unwrap()
}

#[tokio::test]
async fn a_site_that_is_well_is_measured() {
    let world = World::new().await;
    let port = answering(WELL).await;
    let url = format!("http://site.test:{port}/a?b=c");
    let reply = world
        .client
        .call("check_site_status", json!({ "url": url }))
        .await;
    let text = reply.text().to_owned();
    assert!(
        text.starts_with(&format!("http://site.test:{port}/a?… is up: status 200 in ")),
        "{text}"
    );
    assert!(text.ends_with("\n5 bytes of body"), "{text}");
    let reply = reply.json();
    assert_eq!(
        (&reply["up"], &reply["status"], &reply["body_bytes"]),
        (&json!(true), &json!(200), &json!(5))
    );
    assert_eq!((&reply["url"], &reply["final_url"]), (&json!(url), &json!(url)));
    assert_eq!(
        (&reply["redirects"], &reply["reason"], &reply["tls"]),
        (&json!([]), &json!(null), &json!(null))
    );
    for part in ["connect", "answer", "body", "total"] {
        assert!(reply["timings_ms"][part].is_u64(), "{reply}");
    }
}

#[tokio::test]
async fn what_is_asked_is_a_plain_get_without_credentials() {
    let world = World::new().await;
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let port = listen(move |mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            let location = b"HTTP/1.1 302 Found\r\nset-cookie: a=b\r\nlocation: //ada:hunter2@other.test:";
            let port = stream.local_addr().unwrap().port();
            let redirect = [location, format!("{port}/next#part\r\n\r\n").as_bytes()].concat();
            let request = head(&mut stream).await;
            let is_first = request.starts_with("GET /first");
            seen.lock().unwrap().push(request);
            reply(stream, if is_first { &redirect } else { WELL }).await;
        }
    })
    .await;
    let reply = world.status("http://site.test:PORT/first?x=%20y", port).await;
    assert_eq!(
        reply["final_url"],
        format!("http://other.test:{port}/next"),
        "{reply}"
    );
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked[0].starts_with("GET /first?x=%20y HTTP/1.1\r\n"),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains(&format!("host: site.test:{port}\r\n")),
        "{}",
        asked[0]
    );
    assert!(asked[1].starts_with("GET /next HTTP/1.1\r\n"), "{}", asked[1]);
    let secrets = asked[1].to_lowercase();
    assert!(
        !secrets.contains("cookie") && !secrets.contains("authorization"),
        "{secrets}"
    );
    assert_eq!(*world.names.asked.lock().unwrap(), ["site.test", "other.test"]);
}

#[tokio::test]
async fn statuses_are_good_or_bad_news() {
    let world = World::new().await;
    for (status, up) in [
        (204, true),
        (304, true),
        (399, true),
        (400, false),
        (404, false),
        (500, false),
        (599, false),
    ] {
        let port = answering(format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n")).await;
        let reply = world.status("http://site.test:PORT/", port).await;
        assert_eq!(
            (&reply["status"], &reply["up"]),
            (&json!(status), &json!(up)),
            "{reply}"
        );
        if !up {
            assert_eq!(kind(&reply), "http_status");
            assert!(message(&reply).contains(&status.to_string()), "{reply}");
            assert!(reply["reason"]["hint"].is_string());
        }
    }
    let port = answering("HTTP/1.1 503 Service Unavailable\r\n\r\n").await;
    let reply = world.status("http://site.test:PORT/", port).await;
    assert_eq!(
        message(&reply),
        "the server fails: status 503 (Service Unavailable)"
    );
}

#[tokio::test]
async fn redirects_are_followed_to_their_end() {
    let world = World::new().await;
    let last = answering(WELL).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let to_last: &'static str =
        format!("HTTP/1.1 308 Permanent Redirect\r\nlocation: http://last.test:{last}/?key=hunter2\r\n\r\n")
            .leak();
    let second = world
        .authority
        .papers("second.test", -1, 30)
        .answering(to_last.as_bytes(), &asked)
        .await;
    let first = answering(format!(
        "HTTP/1.1 301 Moved\r\nLocation: https://second.test:{second}/x\r\n\r\n"
    ))
    .await;
    let reply = world.status("http://first.test:PORT/", first).await;
    assert_eq!(
        reply["redirects"],
        json!([
            {"status": 301, "to": format!("https://second.test:{second}/x")},
            {"status": 308, "to": format!("http://last.test:{last}/?…")},
        ])
    );
    assert!(!reply.to_string().contains("hunter2"), "{reply}");
    assert_eq!(
        (&reply["up"], &reply["status"], &reply["tls"]),
        (&json!(true), &json!(200), &json!(null))
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirects_that_lead_nowhere_are_explained() {
    let world = World::new().await;
    let to = async |location: &str| {
        let port = answering(format!("HTTP/1.1 302 Found\r\n{location}\r\n\r\n")).await;
        world.status("http://site.test:PORT/", port).await
    };
    let round = to("location: /").await;
    assert_eq!(kind(&round), "redirect_loop");
    assert!(message(&round).contains("go round in a circle"), "{round}");
    let on_and_on = to("location: ?a=1").await;
    assert_eq!(kind(&on_and_on), "redirect_loop", "{on_and_on}");
    for location in [
        "location: ftp://site.test/",
        "location: javascript:alert(1)",
        "location: http://",
        "location: http://[::1",
        "x-location: /",
    ] {
        let reply = to(location).await;
        assert_eq!(
            (kind(&reply), &reply["status"]),
            ("bad_redirect", &json!(302)),
            "{reply}"
        );
    }
    let long = to(&format!("location: /{}", "a".repeat(5_000))).await;
    assert_eq!(kind(&long), "bad_redirect");
    // Each time to another place.
    let count = Arc::new(AtomicUsize::new(0));
    let port = listen(move |stream| {
        let next = count.fetch_add(1, Ordering::SeqCst);
        async move {
            let redirect = format!("HTTP/1.1 302 Found\r\nlocation: /{next}?key=hunter2\r\n\r\n");
            answer(stream, redirect.as_bytes()).await;
        }
    })
    .await;
    let reply = world.status("http://site.test:PORT/", port).await;
    assert_eq!(kind(&reply), "redirect_loop");
    assert!(
        message(&reply).starts_with("there are more than 10 redirects"),
        "{reply}"
    );
    assert!(!message(&reply).contains("hunter2"), "{reply}");
    assert_eq!(reply["redirects"].as_array().unwrap().len(), 11);
}

#[tokio::test]
async fn a_bad_certificate_is_told_and_nothing_is_asked() {
    let world = World::new().await;
    let asked = Arc::new(AtomicUsize::new(0));
    for (papers, problem) in [
        (world.authority.papers("site.test", -100, -10), "it expired"),
        (
            world.authority.papers("other.test", -10, 100),
            "not for `site.test`",
        ),
        (Papers::self_signed("site.test"), "signed its certificate itself"),
        (
            world.authority.papers("site.test", -10, 100).alone(),
            "was not sent",
        ),
    ] {
        let port = papers.answering(WELL, &asked).await;
        let reply = world.status("https://site.test:PORT/", port).await;
        assert_eq!(kind(&reply), "certificate");
        assert!(message(&reply).contains(problem), "{reply}");
        assert!(
            reply["status"].is_null() && reply["tls"]["certificate"].is_string(),
            "{reply}"
        );
    }
    assert_eq!(
        asked.load(Ordering::SeqCst),
        0,
        "nothing is sent to whom nobody vouches for"
    );
    let port = world
        .authority
        .papers("site.test", -10, 5)
        .answering(WELL, &asked)
        .await;
    let reply = world.status("https://site.test:PORT/", port).await;
    assert_eq!(
        (&reply["up"], &reply["tls"]["certificate"]),
        (&json!(true), &json!("expiring")),
        "{reply}"
    );
    assert_eq!(
        (&reply["tls"]["protocol"], asked.load(Ordering::SeqCst)),
        (&json!("TLS 1.3"), 1)
    );
}

#[tokio::test]
async fn what_is_no_http_is_named() {
    let world = World::new().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let tls = world
        .authority
        .papers("site.test", -10, 100)
        .answering(WELL, &asked)
        .await;
    let reply = world.status("http://site.test:PORT/", tls).await;
    assert_eq!(
        (kind(&reply), message(&reply)),
        (
            "not_http",
            "it answers TLS where plain HTTP was expected: use https://"
        )
    );
    let reply = world
        .status("https://site.test:PORT/", answering(WELL).await)
        .await;
    assert_eq!(kind(&reply), "not_tls");
    for (bytes, expected) in [
        (
            &b"220 mail.test ESMTP\r\n"[..],
            "it speaks no HTTP: its answer begins with `220 mail.test ESMTP\u{fffd}\u{fffd}`",
        ),
        (
            b"\x00\x01\x02\x03\x04",
            "it speaks no HTTP: its answer begins with `\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}`",
        ),
        (
            b"HTTP/1.1 abc\r\n\r\n",
            "its answer to the request is malformed HTTP",
        ),
        (
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "its answer to the request is malformed HTTP",
        ),
    ] {
        let reply = world
            .status("http://site.test:PORT/", answering(bytes).await)
            .await;
        assert_eq!((kind(&reply), message(&reply)), ("not_http", expected));
    }
}

#[tokio::test]
async fn huge_heads_are_refused() {
    let world = World::new().await;
    let expected = "its headers have more than 64 KiB or 256 lines";
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(1024 * 1024));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    for head in [long, many] {
        let reply = world
            .status("http://site.test:PORT/", answering(head).await)
            .await;
        assert_eq!((kind(&reply), message(&reply)), ("not_http", expected));
    }
    let port = listen(|mut stream| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await;
        while stream.write_all(&[b'a'; 8192]).await.is_ok() {}
    })
    .await;
    let reply = world.status("http://site.test:PORT/", port).await;
    assert_eq!((kind(&reply), message(&reply)), ("not_http", expected));
}

#[tokio::test]
async fn endless_bodies_are_read_so_far_and_no_further() {
    let world = World::new().await;
    let port = listen(|mut stream| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'a'; 8192]).await.is_ok() {}
    })
    .await;
    let reply = world.status("http://site.test:PORT/", port).await;
    assert_eq!(
        (&reply["up"], &reply["body_cut"]),
        (&json!(true), &json!(true)),
        "{reply}"
    );
    let bytes = reply["body_bytes"].as_u64().unwrap();
    assert!((1024 * 1024..4 * 1024 * 1024).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn connections_that_end_early_are_told_apart() {
    let world = World::new().await;
    let closing = listen(|stream| async move { drop(stream) }).await;
    let reply = world.status("http://site.test:PORT/", closing).await;
    assert_eq!(kind(&reply), "closed", "{reply}");
    let silent = answering("").await;
    let reply = world.status("http://site.test:PORT/", silent).await;
    assert_eq!(
        (kind(&reply), message(&reply)),
        ("closed", "the connection was closed without an answer")
    );
    let half = answering("HTTP/1.1 200 OK\r\ncontent-le").await;
    let reply = world.status("http://site.test:PORT/", half).await;
    assert_eq!(kind(&reply), "closed", "{reply}");
    let short = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
    let reply = world.status("http://site.test:PORT/", short).await;
    assert_eq!(kind(&reply), "closed", "{reply}");
    assert_eq!((&reply["status"], &reply["body_bytes"]), (&json!(200), &json!(5)));
    let reply = world.status("http://site.test:PORT/", silent_port().await).await;
    assert_eq!(kind(&reply), "refused");
    assert!(message(&reply).ends_with("the connection was refused"), "{reply}");
    let reply = world.status("http://nowhere.test:PORT/", 80).await;
    assert_eq!(
        (kind(&reply), message(&reply)),
        ("unknown_host", "there is no host `nowhere.test`")
    );
}

#[tokio::test]
async fn what_takes_too_long_is_told_with_what_it_was() {
    let world = World::new().await;
    let stalling = |reply: &'static [u8]| {
        listen(move |mut stream| async move {
            head(&mut stream).await;
            stream.write_all(reply).await.unwrap();
            std::future::pending().await
        })
    };
    let waiting = async |port: u16| {
        let arguments = json!({"url": format!("http://site.test:{port}/"), "timeout": 1});
        world.client.call("check_site_status", arguments).await.json()
    };
    let reply = waiting(stalling(b"").await).await;
    assert_eq!(
        (kind(&reply), message(&reply)),
        ("timed_out", "waiting for the answer was not done within 1 s")
    );
    let reply = waiting(stalling(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel").await).await;
    assert_eq!(
        (kind(&reply), message(&reply)),
        ("timed_out", "reading the body was not done within 1 s")
    );
    assert_eq!((&reply["status"], &reply["body_bytes"]), (&json!(200), &json!(3)));
}

#[tokio::test]
async fn arguments_are_checked() {
    let world = World::new().await;
    for arguments in [
        json!({"url": "https://site.test/", "timeout": 0}),
        json!({"url": "https://site.test/", "timeout": 61}),
        json!({"url": ""}),
        json!({"url": "a".repeat(3_000)}),
        json!({"url": "file:///etc/passwd"}),
        json!({"url": "gopher://site.test/"}),
        json!({"url": "https://"}),
        json!({"url": "https://ada:hunter2@site.test/"}),
        json!({"url": "https://site.test:99999/"}),
        json!({}),
    ] {
        let error = world
            .client
            .call("check_site_status", arguments)
            .await
            .expect_error("invalid_arguments");
        assert!(!error.text.contains("hunter2"), "{}", error.text);
    }
    assert!(
        world.names.asked.lock().unwrap().is_empty(),
        "nothing was looked up"
    );
}

#[tokio::test]
async fn how_long_a_check_may_take_is_what_the_operator_says_unless_the_call_does() {
    let world = World::with(|config| config.timeout = Duration::from_secs(1)).await;
    let port = listen(|stream| async move {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    for (tool, arguments) in [
        (
            "check_site_status",
            json!({"url": format!("http://site.test:{port}/")}),
        ),
        ("check_ssl_expiry", json!({"hostname": "site.test", "port": port})),
    ] {
        let reply = world.client.call(tool, arguments).await.json();
        let reason = &reply["reason"];
        assert_eq!(reason["kind"], "timed_out", "{reply}");
        assert!(
            reason["message"].as_str().unwrap().ends_with("within 1 s"),
            "{reply}"
        );
    }
}
