//! Redirects: each is a request of its own, judged anew, and takes along only what its origin may have.

use holdall_toolsets::outbound::{Bounds, OutboundError, Request, parse_url};
use http::{HeaderValue, Method};

use super::{Open, Told, client, get, verdict};
use crate::double::{Double, answer, html, redirect};

#[tokio::test]
async fn a_name_that_moves_inside_is_not_followed() {
    let server = Double::always(redirect("302 Found", "/again")).await;
    let port = server.port;
    for (moved, expected) in [
        ("127.0.0.2", "refused: of this machine"),
        ("::1", "refused: of this machine"),
        ("169.254.169.254", "refused: link-local"),
        ("::ffff:127.0.0.1", "refused: IPv4-mapped"),
        ("10.0.0.1", "refused: private"),
    ] {
        let told = Told::new(&[("rebinding.example", &[&["127.0.0.1"], &[moved]])]);
        let client = client(told, Bounds::default());
        let before = server.asked().len();
        let error = get(&client, &format!("http://rebinding.example:{port}/"))
            .await
            .unwrap_err();
        assert_eq!(verdict(&error), expected);
        assert_eq!(server.asked().len(), before + 1, "asked once, before it moved");
    }
}

#[tokio::test]
async fn every_way_to_write_a_redirect_is_judged() {
    for location in [
        "http://127.0.0.2/",
        "http://2130706434/",
        "http://0x7f.2/",
        "//127.0.0.2/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "//[::1]/",
        "http://10.0.0.1:8080/x",
        "https://192.168.1.1/",
        "\\\\127.0.0.2\\x",
    ] {
        for status in [
            "301 Moved",
            "302 Found",
            "303 See Other",
            "307 Temporary",
            "308 Permanent",
        ] {
            let server = Double::always(redirect(status, location)).await;
            let client = client(Told::new(&[]), Bounds::default());
            let error = get(&client, &server.url("/")).await.unwrap_err();
            assert!(
                matches!(error.origin(), OutboundError::Refused { .. }),
                "{status} {location}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn redirects_come_to_an_end() {
    let server = Double::new(|asked| {
        let step: usize = asked.path()[1..].parse().unwrap();
        redirect("302 Found", &format!("/{}", step + 1))
    })
    .await;
    let mut bounds = Bounds::default();
    bounds.redirects_max = 3;
    let client = client(Told::new(&[]), bounds);
    let error = get(&client, &server.url("/0")).await.unwrap_err();
    let url = server.url("/0");
    assert_eq!(
        error.to_string(),
        format!("`{url}` leads to more than 3 redirects")
    );
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn what_is_no_redirect_is_an_answer() {
    let client = client(Told::new(&[]), Bounds::default());
    for (status, headers) in [
        ("304 Not Modified", &[("Location", "http://10.0.0.1/")][..]),
        ("300 Multiple Choices", &[("Location", "http://10.0.0.1/")]),
        ("200 OK", &[("Location", "http://10.0.0.1/")]),
        ("302 Found", &[]),
    ] {
        let server = Double::always(answer(status, headers, "")).await;
        let response = get(&client, &server.url("/")).await.unwrap();
        assert_eq!(response.redirects, 0, "{status}");
    }
}

/// A request with everything that must not travel far.
fn loaded(url: &str, method: Method) -> Request {
    let mut request = Request::get(parse_url(url).unwrap());
    request.method = method;
    for (name, value) in [
        ("authorization", "Bearer canary"),
        ("cookie", "session=canary"),
        ("x-api-key", "canary"),
        ("content-type", "text/plain"),
        ("accept", "text/html"),
    ] {
        request.headers.insert(name, HeaderValue::from_static(value));
    }
    request.body = "canary body".into();
    request
}

#[tokio::test]
async fn credentials_and_body_do_not_leave_their_origin() {
    let far = Double::always(html("far")).await;
    let target = far.url("/far");
    let near = Double::new(move |_| redirect("302 Found", &target)).await;
    let client = client(Told::new(&[]), Bounds::default());
    let response = client
        .send(loaded(&near.url("/"), Method::POST), &Open)
        .await
        .unwrap();
    assert_eq!(response.body, b"far");
    assert_eq!(near.asked()[0].header("authorization"), Some("Bearer canary"));
    assert_eq!(near.asked()[0].body, "canary body");
    let asked = &far.asked()[0];
    assert_eq!(asked.method(), "GET");
    assert_eq!(asked.header("accept"), Some("text/html"));
    assert!(!format!("{asked:?}").contains("canary"), "{asked:?}");
    assert_eq!(asked.header("content-type"), None);
    assert_eq!(
        asked.header("user-agent"),
        Some(concat!("Holdall/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(
        asked.header("host"),
        Some(format!("127.0.0.1:{}", far.port).as_str())
    );
}

#[tokio::test]
async fn what_would_need_the_body_elsewhere_is_not_followed() {
    let far = Double::always(html("far")).await;
    let target = far.url("/far");
    for status in ["307 Temporary Redirect", "308 Permanent Redirect"] {
        let target = target.clone();
        let near = Double::new(move |_| redirect(status, &target)).await;
        let client = client(Told::new(&[]), Bounds::default());
        for method in [Method::POST, Method::DELETE] {
            let response = client.send(loaded(&near.url("/"), method), &Open).await.unwrap();
            assert!(response.status.is_redirection());
        }
    }
    assert_eq!(far.asked().len(), 0);
}

#[tokio::test]
async fn within_its_origin_a_request_stays_what_it_is() {
    for (status, method, expected, body) in [
        ("301 Moved", "POST", "GET", ""),
        ("302 Found", "POST", "GET", ""),
        ("302 Found", "DELETE", "DELETE", "canary body"),
        ("303 See Other", "PUT", "GET", ""),
        ("307 Temporary", "POST", "POST", "canary body"),
        ("308 Permanent", "PATCH", "PATCH", "canary body"),
    ] {
        let server = Double::new(move |asked| match asked.path() {
            "/" => redirect(status, "/next#part"),
            _ => html("there"),
        })
        .await;
        let client = client(Told::new(&[]), Bounds::default());
        let request = loaded(&server.url("/"), method.parse().unwrap());
        let response = client.send(request, &Open).await.unwrap();
        assert_eq!(response.url.path(), "/next");
        let asked = &server.asked()[1];
        assert_eq!(asked.path(), "/next");
        assert_eq!(
            (asked.method(), asked.body.as_str()),
            (expected, body),
            "{status}"
        );
        assert_eq!(asked.header("authorization"), Some("Bearer canary"));
    }
}
