//! Which addresses are reached: public ones, those the operator allowed, and no others, whoever asks.

use std::sync::Arc;

use holdall_testkit::Client;
use serde_json::json;

use super::world::{Authority, Names, WELL, World, answering, config, server};

#[tokio::test]
async fn private_addresses_are_refused_to_callers() {
    let world = World::with(|config| config.network.allowed.clear()).await;
    let port = answering(WELL).await;
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://site.test:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://inside.test/".to_owned(),
        "http://both.test/".to_owned(),
    ] {
        let error = world
            .client
            .call("check_site_status", json!({ "url": url }))
            .await;
        let error = error.expect_error("permission_denied");
        assert!(
            !error.text.contains("192.168"),
            "where a name leads is not told: {}",
            error.text
        );
        let error = world
            .client
            .call("check_ssl_expiry", json!({ "hostname": url }))
            .await;
        error.expect_error("permission_denied");
    }
}

#[tokio::test]
async fn redirects_are_judged_like_what_was_asked() {
    let world = World::new().await;
    for target in [
        "http://inside.test/",
        "http://both.test/",
        "http://10.0.0.1/",
        "http://[fe80::1]/",
    ] {
        let port = answering(format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\n\r\n")).await;
        let reply = world.status("http://site.test:PORT/", port).await;
        assert_eq!(
            (&reply["up"], &reply["reason"]["kind"]),
            (&json!(false), &json!("not_allowed")),
            "{reply}"
        );
        assert_eq!(reply["redirects"][0]["to"], target);
    }
}

#[tokio::test]
async fn what_is_watched_may_be_asked_and_nothing_beside_it() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new("Test"));
    let (port, other) = (answering(WELL).await, answering(WELL).await);
    let mut config = config(&folder, &authority);
    config.network.allowed.clear();
    config.watch_networks = vec!["127.0.0.1/32".parse().unwrap()];
    config.watch = vec![format!("http://box.test:{port}/health")];
    let client = Client::connect(server(config, &folder, Arc::new(Names::default()))).await;
    let ask = async |url: String| client.call("check_site_status", json!({ "url": url })).await;
    assert_eq!(
        ask(format!("http://box.test:{port}/health")).await.json()["up"],
        true
    );
    for url in [
        format!("http://box.test:{port}/"),
        format!("http://box.test:{port}/health?x=1"),
        format!("http://box.test:{other}/health"),
        format!("http://127.0.0.1:{port}/health"),
        format!("http://other.test:{port}/health"),
    ] {
        ask(url).await.expect_error("permission_denied");
    }
    // Its port may be looked at for a certificate, too, and no other.
    let look = async |port: u16| {
        client
            .call("check_ssl_expiry", json!({"hostname": "box.test", "port": port}))
            .await
    };
    assert_eq!(look(port).await.json()["reason"]["kind"], "not_tls");
    look(other).await.expect_error("permission_denied");
}

#[tokio::test]
async fn a_watched_site_sends_nobody_to_its_neighbours() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new("Test"));
    let well = answering(WELL).await;
    let to = async |host: &str| {
        answering(format!(
            "HTTP/1.1 302 Found\r\nlocation: http://{host}:{well}/\r\n\r\n"
        ))
        .await
    };
    let (home, away) = (to("box.test").await, to("other.test").await);
    let mut config = config(&folder, &authority);
    config.network.allowed.clear();
    config.watch_networks = vec!["127.0.0.1/32".parse().unwrap()];
    config.watch = vec![
        format!("http://box.test:{home}/"),
        format!("http://box.test:{away}/"),
    ];
    let client = Client::connect(server(config, &folder, Arc::new(Names::default()))).await;
    let ask = async |port: u16| {
        let url = format!("http://box.test:{port}/");
        client
            .call("check_site_status", json!({ "url": url }))
            .await
            .json()
    };
    assert_eq!(ask(home).await["up"], true, "its own host may");
    let reply = ask(away).await;
    assert_eq!(
        (&reply["up"], &reply["reason"]["kind"]),
        (&json!(false), &json!("not_allowed"))
    );
}

#[tokio::test]
async fn the_end_of_a_call_is_the_end_of_its_connection() {
    let world = World::new().await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let port = super::world::listen(move |mut stream| {
        let told = told.clone();
        async move {
            super::world::head(&mut stream).await;
            told.send("asked").unwrap();
            // Nothing follows, until the other side is gone.
            super::world::head(&mut stream).await;
            told.send("gone").unwrap();
        }
    })
    .await;
    let arguments = json!({"url": format!("http://site.test:{port}/"), "timeout": 60});
    let call = world.client.call("check_site_status", arguments).start().await;
    assert_eq!(heard.recv().await, Some("asked"));
    call.cancel("changed my mind").await;
    assert_eq!(heard.recv().await, Some("gone"));
}
