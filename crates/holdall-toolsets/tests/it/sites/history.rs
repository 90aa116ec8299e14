//! What is told of watched sites: lists, histories, resources, the prompt.

use std::sync::Arc;

use holdall_testkit::Client;
use serde_json::json;

use super::world::{Authority, Names, WELL, World, answering, config, server, silent_port};

const UPDATED: &str = "notifications/resources/updated";

/// Watches one site that is well and one that is not, and waits until both were checked.
async fn watching(folder: &tempfile::TempDir, up: u16, down: u16) -> Client {
    let mut config = config(folder, &Authority::new("Test"));
    config.watch = vec![
        format!("http://up.test:{up}/?key=hunter2"),
        format!("http://down.test:{down}/"),
    ];
    let client = Client::connect(server(config, folder, Arc::new(Names::default()))).await;
    client.subscribe("log://latest").await;
    // The first check may have been before that.
    while client
        .call("list_sites", json!({}))
        .await
        .text()
        .contains("not checked yet")
    {
        client.next_notification(UPDATED).await;
    }
    client
}

#[tokio::test]
async fn watched_sites_are_listed_and_their_past_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (up, down) = (answering(WELL).await, silent_port().await);
    let client = watching(&folder, up, down).await;
    let listed = client.call("list_sites", json!({})).await.json();
    assert_eq!(
        (&listed["down"], &listed["interval_seconds"]),
        (&json!(1), &json!(300))
    );
    let (first, second) = (&listed["sites"][0], &listed["sites"][1]);
    assert_eq!(
        (&first["site"], &first["state"]),
        (&json!(format!("http://down.test:{down}/")), &json!("refused"))
    );
    assert_eq!(
        (&second["site"], &second["state"]),
        (&json!(format!("http://up.test:{up}/?…")), &json!("up"))
    );
    assert_eq!(
        (&first["uptime_day_percent"], &second["uptime_day_percent"]),
        (&json!(0.0), &json!(100.0))
    );
    assert_eq!(first["history"], format!("sites://down.test:{down}/history"));

    for site in [
        format!("http://down.test:{down}/"),
        format!("down.test:{down}"),
        format!("http://DOWN.test:{down}/other"),
        "down.test".to_owned(),
    ] {
        let reply = client.call("site_history", json!({ "site": site })).await;
        let text = reply.text().to_owned();
        assert!(
            text.contains("DOWN since ") && text.contains("and goes on, 1 failed check: "),
            "{text}"
        );
        let reply = reply.json();
        assert_eq!(reply["sites"].as_array().unwrap().len(), 1, "{reply}");
        assert_eq!(reply["sites"][0]["incidents"][0]["state"], "refused");
        assert_eq!(reply["sites"][0]["checks"][0]["up"], false);
    }
    let page = client
        .call(
            "site_history",
            json!({"site": format!("up.test:{up}"), "limit": 1}),
        )
        .await
        .json();
    let older = page["sites"][0]["older"].as_str().unwrap();
    let arguments = json!({"site": format!("up.test:{up}"), "before": older});
    let next = client.call("site_history", arguments).await.json();
    assert_eq!(next["sites"][0]["checks"], json!([]));

    let unknown = client
        .call("site_history", json!({"site": "other.test"}))
        .await
        .expect_error("not_found");
    assert!(unknown.hint.unwrap().contains("list_sites"));
    let arguments = json!({"site": format!("up.test:{up}"), "before": "yesterday"});
    client
        .call("site_history", arguments)
        .await
        .expect_error("invalid_arguments");
}

#[tokio::test]
async fn resources_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (up, down) = (answering(WELL).await, silent_port().await);
    let client = watching(&folder, up, down).await;
    let history = client.read(&format!("sites://up.test:{up}/history")).await;
    assert_eq!(history.json::<serde_json::Value>()["sites"][0]["state"], "up");
    let log = client.read("log://latest").await.text().to_owned();
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(
        log.contains(&format!(" UP   http://up.test:{up}/?… 200 ")),
        "{log}"
    );
    assert!(log.contains(&format!(" DOWN http://down.test:{down}/ ")), "{log}");
    let app: serde_json::Value = client.read("config://app").await.json();
    assert_eq!(app["watch"][0], format!("http://up.test:{up}/?…"));
    assert_eq!(
        (&app["interval_seconds"], &app["authorities"]),
        (&json!(300), &json!(1))
    );
    let whole = format!("{app} {log} {}", history.text());
    assert!(
        !whole.contains("hunter2") && !whole.contains("authority.pem"),
        "{whole}"
    );
    let listed: Vec<String> = client
        .list_resources()
        .await
        .into_iter()
        .map(|one| one.uri.clone())
        .collect();
    let histories = [
        format!("sites://up.test:{up}/history"),
        format!("sites://down.test:{down}/history"),
    ];
    assert_eq!(listed[2..], histories, "{listed:?}");
    let completed = client
        .complete_resource("sites://{host}/history", "host", "down")
        .await;
    assert_eq!(completed.values(), [format!("down.test:{down}")]);
    client
        .read("sites://other.test/history")
        .await
        .expect_error("not_found");
    client
        .read("sites://..%2f..%2fetc/history")
        .await
        .expect_error("invalid_arguments");
}

#[tokio::test]
async fn an_incident_is_debugged_with_what_the_monitor_saw() {
    let folder = tempfile::tempdir().unwrap();
    let (up, down) = (answering(WELL).await, silent_port().await);
    let client = watching(&folder, up, down).await;
    let url = format!("http://down.test:{down}/");
    let prompt = client
        .prompt("debug_incident", json!({"url": url, "status_code": "503"}))
        .await;
    let text = prompt.text().to_owned();
    assert!(
        text.starts_with(&format!(
            "{url} answers with status 503 (Service Unavailable). It is not available"
        )),
        "{text}"
    );
    assert!(
        text.contains("What the monitor saw:\n") && text.contains("and goes on"),
        "{text}"
    );
    let elsewhere = client
        .prompt("debug_incident", json!({"url": "example.com"}))
        .await;
    assert!(
        elsewhere
            .text()
            .starts_with("https://example.com/ does not answer."),
        "{}",
        elsewhere.text()
    );
    assert_eq!(
        client
            .complete_prompt("debug_incident", "url", "down")
            .await
            .values(),
        [url]
    );
    for arguments in [
        json!({"url": "ftp://x"}),
        json!({"url": "example.com", "status_code": "9"}),
        json!({}),
    ] {
        client
            .prompt("debug_incident", arguments)
            .await
            .expect_error("invalid_arguments");
    }
}

#[tokio::test]
async fn addresses_of_version_6_have_a_history_too() {
    let world = World::with(|config| config.watch = vec!["http://[::1]:9/".to_owned()]).await;
    let listed = world.client.list_resources().await;
    let uri = &listed.last().unwrap().uri;
    assert_eq!(uri, "sites://%5B::1%5D:9/history");
    let history: serde_json::Value = world.client.read(uri).await.json();
    assert_eq!(history["sites"][0]["site"], "http://[::1]:9/");
    let arguments = json!({"site": "[::1]:9"});
    let asked = world.client.call("site_history", arguments).await.json();
    assert_eq!(asked["sites"][0]["site"], "http://[::1]:9/");
    // What the operator forgot is said where the operator looks.
    world.client.subscribe("log://latest").await;
    let log = async || world.client.read("log://latest").await.text().to_owned();
    while !log().await.contains("DOWN") {
        world.client.next_notification(UPDATED).await;
    }
    assert!(
        log().await.contains("allows its network with `watch_networks`"),
        "{}",
        log().await
    );
}

#[tokio::test]
async fn without_a_watched_site_the_checks_work_all_the_same() {
    let world = World::new().await;
    let text = world.client.call("list_sites", json!({})).await.text().to_owned();
    assert!(
        text.contains("No site is watched") && text.contains("`[sites]`"),
        "{text}"
    );
    world
        .client
        .call("site_history", json!({"site": "example.com"}))
        .await
        .expect_error("not_found");
    assert_eq!(
        world.client.read("log://latest").await.text(),
        "no site is watched\n"
    );
    assert!(
        !world.folder.path().join("sites.db").exists(),
        "there is nothing to keep"
    );
}
