//! The monitor as clients and operators meet it: news, restarts, several servers, the end.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use holdall_testkit::Client;
use serde_json::json;
use tempfile::TempDir;

use super::world::{Authority, Names, config, head, listen, reply, server};

const UPDATED: &str = "notifications/resources/updated";
const VERSIONS: [&str; 3] = ["2024-11-05", "2025-11-25", "2026-07-28"];

/// A site that is well or not, as the test says, and counts.
#[derive(Clone, Default)]
struct Switch {
    fails: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Switch {
    async fn listen(&self) -> u16 {
        let switch = self.clone();
        listen(move |mut stream| {
            let switch = switch.clone();
            async move {
                let bytes = match switch.fails.load(Ordering::SeqCst) {
                    true => "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
                    false => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
                };
                head(&mut stream).await;
                switch.asked.fetch_add(1, Ordering::SeqCst);
                reply(stream, bytes.as_bytes()).await;
            }
        })
        .await
    }
}

async fn watching(folder: &TempDir, port: u16, version: &str) -> Client {
    let mut config = config(folder, &Authority::new("Test"));
    config.watch = vec![format!("http://site.test:{port}/")];
    let server = server(config, folder, Arc::new(Names::default()));
    Client::connect(server).protocol(version).await
}

/// As if the interval had passed.
fn let_time_pass(folder: &Path) {
    let file = rusqlite::Connection::open(folder.join("sites.db")).unwrap();
    file.busy_timeout(Duration::from_secs(30)).unwrap();
    file.execute("UPDATE sites SET due_ms = 0", ()).unwrap();
}

/// Waits until the site was checked for the first time.
async fn first_check(client: &Client) {
    client.subscribe("log://latest").await;
    while client
        .call("list_sites", json!({}))
        .await
        .text()
        .contains("not checked yet")
    {
        client.next_notification(UPDATED).await;
    }
}

/// Waits until the client is told of `uri` and finds the site in that state. The first check, too, may be news still, and the
/// log is told of as well.
async fn hears_that_it_is(client: &Client, uri: &str, state: &str) {
    loop {
        let news = client.next_notification(UPDATED).await;
        if news.params["uri"] == uri
            && client.read(uri).await.json::<serde_json::Value>()["sites"][0]["state"] == state
        {
            return;
        }
    }
}

#[tokio::test]
async fn who_watches_a_host_hears_when_it_changes() {
    for version in VERSIONS {
        let (folder, switch) = (tempfile::tempdir().unwrap(), Switch::default());
        let port = switch.listen().await;
        let client = watching(&folder, port, version).await;
        first_check(&client).await;
        let uri = format!("sites://site.test:{port}/history");
        client.subscribe(&uri).await;
        for fails in [true, false] {
            switch.fails.store(fails, Ordering::SeqCst);
            let_time_pass(folder.path());
            hears_that_it_is(&client, &uri, if fails { "http_status 500" } else { "up" }).await;
        }
        let incidents = client.read(&uri).await.json::<serde_json::Value>()["sites"][0]["incidents"].clone();
        assert!(
            incidents.as_array().unwrap().len() == 1 && incidents[0]["ended"].is_string(),
            "{incidents}"
        );
    }
}

#[tokio::test]
async fn a_restart_checks_nothing_that_is_not_due() {
    let (folder, switch) = (tempfile::tempdir().unwrap(), Switch::default());
    let port = switch.listen().await;
    let client = watching(&folder, port, "2026-07-28").await;
    first_check(&client).await;
    client.close().await;
    assert_eq!(switch.asked.load(Ordering::SeqCst), 1);
    let other = Switch::default();
    let new = other.listen().await;
    let mut config = config(&folder, &Authority::new("Test"));
    config.watch = vec![
        format!("http://site.test:{port}/"),
        format!("http://new.test:{new}/"),
    ];
    let client = Client::connect(server(config, &folder, Arc::new(Names::default()))).await;
    // When the new one was checked, the old one would have been, too.
    first_check(&client).await;
    assert_eq!(
        (
            switch.asked.load(Ordering::SeqCst),
            other.asked.load(Ordering::SeqCst)
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn two_servers_on_one_file_share_the_checks_and_both_tell() {
    let (folder, switch) = (tempfile::tempdir().unwrap(), Switch::default());
    let port = switch.listen().await;
    let one = watching(&folder, port, "2026-07-28").await;
    let other = watching(&folder, port, "2026-07-28").await;
    first_check(&one).await;
    first_check(&other).await;
    assert_eq!(switch.asked.load(Ordering::SeqCst), 1);
    let uri = format!("sites://site.test:{port}/history");
    one.subscribe(&uri).await;
    other.subscribe(&uri).await;
    switch.fails.store(true, Ordering::SeqCst);
    let_time_pass(folder.path());
    for client in [&one, &other] {
        hears_that_it_is(client, &uri, "http_status 500").await;
    }
    assert_eq!(switch.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_monitor_ends_with_its_server() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new("Test"));
    let port = listen(|stream| async move {
        let _kept = stream;
        std::future::pending().await
    })
    .await;
    let (sender, gone) = mpsc::channel();
    let mut names = Names::default();
    names.gone = Some(sender);
    let names = Arc::new(names);
    let mut config = config(&folder, &authority);
    config.watch = vec![format!("http://site.test:{port}/")];
    config.timeout = Duration::from_secs(60);
    let service = server(config, &folder, names).build().unwrap();
    assert!(gone.try_recv().is_err());
    drop(service);
    // What finds names is gone when nothing checks any more, however long a check may take.
    tokio::task::spawn_blocking(move || gone.recv_timeout(Duration::from_secs(30)))
        .await
        .unwrap()
        .unwrap();
}
