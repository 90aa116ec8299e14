//! Sending requests: to whom, with what, and what of it comes back.

use holdall::Secret;
use holdall_testkit::{Answer, Client};
use holdall_toolsets::fetch::{CredentialConfig, FetchConfig, FetchToolset, InvalidFetchConfig};
use serde_json::json;

use super::{client, credential, here, server};
use crate::double::{Double, answer, redirect};

const SECRET: &str = "canary/s3cret+42";

/// Listed for requests: this port of this machine.
fn listed(port: u16) -> FetchConfig {
    let mut config = here();
    config.request_hosts = vec![format!("127.0.0.1:{port}").parse().unwrap()];
    config
}

#[tokio::test]
async fn without_hosts_the_tool_is_not_there() {
    let names = client(&here()).await.tool_names().await;
    assert_eq!(names, ["fetch_url"]);
    let names = client(&listed(1)).await.tool_names().await;
    assert_eq!(names, ["fetch_url", "http_request"]);
    // It is none of those that only read, whatever the method.
    let reading = holdall::Toolset::components(FetchToolset::new(&listed(1)).unwrap()).only_reading();
    let client = Client::connect(holdall::Server::new("fetch").add(reading)).await;
    assert_eq!(client.tool_names().await, ["fetch_url"]);
}

#[tokio::test]
async fn a_request_arrives_as_it_was_meant() {
    let api = Double::new(|asked| {
        assert_eq!(asked.header("x-kind"), Some("test"));
        let headers = [
            ("Content-Type", "application/json"),
            ("Set-Cookie", "session=of-the-server"),
            ("X-Seen", "yes"),
        ];
        answer("201 Created", &headers, "{\"id\": 7}")
    })
    .await;
    let client = client(&listed(api.port)).await;
    let arguments = json!({
        "url": api.url("/items?x=1"), "method": "POST", "headers": {"X-Kind": "test"}, "body": "{\"name\": \"Ada\"}",
    });
    let reply = client.call("http_request", arguments).await;
    assert_eq!(
        reply.json(),
        json!({
            "url": api.url("/items?x=1"), "status": 201, "bytes": 9, "truncated": false, "text": "{\"id\": 7}",
            "headers": {"content-type": "application/json", "x-seen": "yes"},
        })
    );
    let asked = &api.asked()[0];
    assert_eq!((asked.method(), asked.path()), ("POST", "/items?x=1"));
    assert_eq!(asked.body, "{\"name\": \"Ada\"}");
    assert_eq!(asked.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn errors_and_nothing_are_answers_too() {
    let api = Double::new(|asked| match asked.path() {
        "/missing" => answer("404 Not Found", &[], "no such thing"),
        "/long" => answer("200 OK", &[("Content-Type", "text/plain")], "x".repeat(500)),
        "/picture" => answer("200 OK", &[("Content-Type", "image/png")], b"\x89PNG"),
        _ => answer("204 No Content", &[], ""),
    })
    .await;
    let client = client(&listed(api.port)).await;
    let call = async |path: &str, method: &str| {
        let arguments = json!({"url": api.url(path), "method": method, "max_length": 100});
        client.call("http_request", arguments).await
    };
    let missing = call("/missing", "GET").await;
    assert_eq!(
        (&missing.json()["status"], &missing.json()["text"]),
        (&json!(404), &json!("no such thing"))
    );
    let long = call("/long", "GET").await;
    assert_eq!(long.json()["text"].as_str().unwrap().len(), 100);
    assert!(long.text().contains("raise max_length"), "{}", long.text());
    assert!(
        call("/picture", "GET")
            .await
            .text()
            .ends_with("(the body is no text)")
    );
    assert!(call("/", "PUT").await.text().ends_with("(no body)"));
    assert_eq!(api.asked().last().unwrap().method(), "PUT");
}

#[tokio::test]
async fn only_listed_hosts_are_sent_to() {
    let api = Double::always(answer("200 OK", &[], "")).await;
    let other = Double::always(answer("200 OK", &[], "")).await;
    let client = client(&listed(api.port)).await;
    for url in [
        other.url("/"),
        format!("http://localhost:{}/", api.port),
        "https://example.com/".to_owned(),
        format!("https://127.0.0.1.example:{}/", api.port),
    ] {
        let arguments = json!({"url": url, "method": "POST", "body": "x"});
        client
            .call("http_request", arguments)
            .await
            .expect_error("permission_denied");
    }
    // A host that is listed and leads inside is judged like any other.
    let mut config = listed(api.port);
    config.request_network.allowed.clear();
    let error = super::client(&config)
        .await
        .call("http_request", json!({"url": api.url("/")}))
        .await
        .expect_error("permission_denied");
    assert!(error.message.contains("of this machine"), "{}", error.message);
    // And what is open to requests is not open to pages.
    let mut config = listed(api.port);
    config.network.allowed.clear();
    super::client(&config)
        .await
        .call("fetch_url", json!({"url": api.url("/")}))
        .await
        .expect_error("permission_denied");
    assert_eq!((api.asked().len(), other.asked().len()), (0, 0));
}

#[tokio::test]
async fn what_no_request_should_say_is_refused() {
    let api = Double::always(answer("200 OK", &[], "")).await;
    let client = client(&listed(api.port)).await;
    for arguments in [
        json!({"headers": {"Host": "other.example"}}),
        json!({"headers": {"Transfer-Encoding": "chunked"}}),
        json!({"headers": {"content-length": "0"}}),
        json!({"headers": {"Proxy-Authorization": "x"}}),
        json!({"headers": {"X": "a\r\nHost: other.example"}}),
        json!({"headers": {"X\r\nY": "a"}}),
        json!({"headers": {"X": "a", "x": "b"}}),
        json!({"headers": {"": "a"}}),
        json!({"body": "with GET"}),
        json!({"method": "CONNECT"}),
        json!({"method": "get"}),
        json!({"method": "GET / HTTP/1.1\r\nX: "}),
    ] {
        let mut whole = arguments.clone();
        whole["url"] = json!(api.url("/"));
        client
            .call("http_request", whole)
            .await
            .expect_error("invalid_arguments");
    }
    let headers: serde_json::Map<_, _> = (0..33).map(|n| (format!("x-{n}"), json!("y"))).collect();
    let arguments = json!({"url": api.url("/"), "headers": headers});
    client
        .call("http_request", arguments)
        .await
        .expect_error("too_large");
    assert_eq!(api.asked().len(), 0);
}

#[tokio::test]
async fn a_credential_goes_out_and_never_comes_back() {
    let api = Double::new(|asked| {
        let sent = asked.header("authorization").unwrap_or("none").to_owned();
        assert_eq!(sent, format!("Bearer {SECRET}"));
        let body = format!(
            "you sent {sent}; {SECRET}; canary%2Fs3cret%2B42; canary\\/s3cret+42; Y2FuYXJ5L3MzY3JldCs0Mg=="
        );
        let wide: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
        match asked.path() {
            "/wide" => answer(
                "200 OK",
                &[("Content-Type", "text/plain; charset=utf-16le")],
                wide,
            ),
            "/split" => {
                let split = SECRET.replace('3', "\u{200b}3\u{202e}");
                answer("200 OK", &[("Content-Type", "text/plain")], split)
            }
            "/moved" => redirect("302 Found", "/?again=canary%2Fs3cret%2B42"),
            _ => answer(
                "200 OK",
                &[("X-Echo", &sent), ("Content-Type", "text/plain")],
                body,
            ),
        }
    })
    .await;
    let mut config = listed(api.port);
    config
        .credentials
        .insert("forge".to_owned(), credential(SECRET, api.port));
    let client = client(&config).await;
    for path in ["/", "/wide", "/split", "/moved", "/?x=canary%2Fs3cret%2B42"] {
        let arguments = json!({"url": api.url(path), "credential": "forge"});
        let reply = client.call("http_request", arguments).await;
        let raw = reply.raw().to_string();
        assert!(raw.contains("[secret]"), "{path}: {raw}");
        for shape in ["s3cret", "Y2FuYXJ5"] {
            assert!(!raw.contains(shape), "{path}: {raw}");
        }
    }
    let wrong = json!({"url": api.url("/"), "credential": "forg"});
    let error = client.call("http_request", wrong).await.expect_error("not_found");
    assert_eq!(error.hint.as_deref(), Some("known: forge"));
    let twice = json!({"url": api.url("/"), "credential": "forge", "headers": {"authorization": "mine"}});
    client
        .call("http_request", twice)
        .await
        .expect_error("invalid_arguments");
}

#[tokio::test]
async fn a_credential_goes_to_its_hosts_alone() {
    let other = Double::always(answer("200 OK", &[], "")).await;
    let target = other.url("/");
    let api = Double::new(move |_| redirect("302 Found", &target)).await;
    let mut config = listed(api.port);
    config
        .request_hosts
        .push(format!("127.0.0.1:{}", other.port).parse().unwrap());
    config
        .credentials
        .insert("forge".to_owned(), credential(SECRET, api.port));
    let mut plain = credential(SECRET, 0);
    plain.hosts = vec![format!("127.0.0.1:{}", api.port).parse().unwrap()];
    config.credentials.insert("encrypted".to_owned(), plain);
    let client = client(&config).await;
    for (url, name) in [(other.url("/"), "forge"), (api.url("/"), "encrypted")] {
        let arguments = json!({"url": url, "credential": name});
        let error = client
            .call("http_request", arguments)
            .await
            .expect_error("permission_denied");
        assert!(error.message.contains("does not go to"), "{}", error.message);
    }
    assert_eq!((api.asked().len(), other.asked().len()), (0, 0));
    // A redirect leaves it behind.
    let arguments = json!({"url": api.url("/"), "credential": "forge"});
    client.call("http_request", arguments).await.text();
    assert!(api.asked()[0].header("authorization").is_some());
    assert!(other.asked()[0].header("authorization").is_none());
}

#[tokio::test]
async fn a_person_is_asked_before_something_is_deleted() {
    let api = Double::always(answer("204 No Content", &[], "")).await;
    let delete = json!({"url": api.url("/items/7"), "method": "DELETE"});
    for version in ["2025-11-25", "2026-07-28"] {
        let before = api.asked().len();
        let client = Client::connect(server(&listed(api.port)))
            .protocol(version)
            .answer(Answer::decline())
            .answer(Answer::accept(json!({})))
            .await;
        client
            .call("http_request", delete.clone())
            .await
            .expect_error("declined");
        assert_eq!(api.asked().len(), before);
        client.call("http_request", delete.clone()).await.text();
        assert_eq!(api.asked().len(), before + 1);
        let question = client.questions()[0].text().to_owned();
        assert_eq!(question, format!("Send DELETE {}?", api.url("/items/7")));
        // Nobody is asked about what will not happen.
        let elsewhere = json!({"url": "https://example.com/", "method": "DELETE"});
        client
            .call("http_request", elsewhere)
            .await
            .expect_error("permission_denied");
        assert_eq!(client.questions().len(), 2);
    }
    let client = Client::connect(server(&listed(api.port))).await;
    client
        .call("http_request", delete)
        .await
        .expect_error("confirmation_required");
}

#[test]
fn configurations_that_cannot_be_kept_are_refused() {
    let with = |credential: CredentialConfig| {
        let mut config = FetchConfig::default();
        config.credentials.insert("forge".to_owned(), credential);
        FetchToolset::new(&config).err().unwrap()
    };
    let forge = "forge".to_owned();
    let hosts = vec!["api.example".parse().unwrap()];
    let good = || CredentialConfig::bearer(Secret::new("long enough"), hosts.clone());
    let mut bad = good();
    bad.secret = Secret::new("short");
    assert_eq!(with(bad), InvalidFetchConfig::Short(forge.clone()));
    let mut bad = good();
    bad.secret = Secret::new("long enough\r\nX: y");
    let error = with(bad);
    assert_eq!(error, InvalidFetchConfig::Value(forge.clone()));
    assert!(!error.to_string().contains("long enough"));
    let mut bad = good();
    bad.hosts.clear();
    assert_eq!(with(bad), InvalidFetchConfig::Hosts(forge.clone()));
    let mut bad = good();
    bad.hosts = vec!["*".parse().unwrap()];
    assert_eq!(with(bad), InvalidFetchConfig::Hosts(forge));
    for header in ["", "a b", "Host"] {
        let mut bad = good();
        bad.header = header.to_owned();
        assert!(matches!(with(bad), InvalidFetchConfig::Header { .. }), "{header}");
    }
    let mut config = FetchConfig::default();
    config.confirm = vec!["delete".to_owned()];
    assert!(matches!(
        FetchToolset::new(&config),
        Err(InvalidFetchConfig::Method(_))
    ));
    let mut config = FetchConfig::default();
    config.timeout = std::time::Duration::from_secs(111);
    assert!(matches!(
        FetchToolset::new(&config),
        Err(InvalidFetchConfig::Timeout(_))
    ));
}
