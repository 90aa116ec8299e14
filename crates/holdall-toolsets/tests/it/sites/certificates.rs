//! `check_ssl_expiry`: each thing that can be wrong with a certificate, and with what answers in its place.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use holdall_testkit::Client;
use serde_json::json;

use super::world::{Authority, Names, Papers, WELL, World, answering, config, listen, server, silent_port};

/// Serves these papers; what was requested does not matter here.
async fn serving(papers: Papers) -> u16 {
    papers.answering(WELL, &Arc::new(AtomicUsize::new(0))).await
}

#[tokio::test]
async fn a_good_certificate_is_described() {
    let world = World::new().await;
    let port = serving(world.authority.papers("site.test", -10, 61)).await;
    let reply = world.certificate("site.test", port).await;
    assert_eq!(reply["status"], "healthy");
    assert_eq!(reply["verifies"], true);
    assert!(
        [60, 61].contains(&reply["days_left"].as_i64().unwrap()),
        "{reply}"
    );
    assert_eq!(
        (&reply["subject"], &reply["issuer"]),
        (&json!("CN=site.test"), &json!("CN=Test intermediate"))
    );
    assert_eq!(
        (&reply["names"], &reply["names_total"]),
        (&json!(["site.test"]), &json!(1))
    );
    assert_eq!(
        (&reply["protocol"], &reply["certificates_sent"]),
        (&json!("TLS 1.3"), &json!(2))
    );
    assert_eq!(
        (&reply["problems"], &reply["hint"], &reply["reason"]),
        (&json!([]), &json!(null), &json!(null))
    );
    let until = reply["not_after"].as_str().unwrap();
    assert!(until.ends_with("T00:00:00Z"), "{until}");
}

#[tokio::test]
async fn each_condition_is_told_although_verification_fails() {
    let world = World::new().await;
    let (own, other) = (&world.authority, Authority::new("Other"));
    for (papers, status, verifies, problem) in [
        (own.papers("site.test", -10, 5), "expiring", true, "it expires in"),
        (own.papers("site.test", -100, -10), "expired", false, "it expired"),
        (
            own.papers("site.test", 10, 100),
            "not_yet_valid",
            false,
            "it becomes valid in",
        ),
        (
            own.papers("other.test", -10, 100),
            "wrong_name",
            false,
            "not for `site.test` but for `other.test`",
        ),
        (
            Papers::self_signed("site.test"),
            "self_signed",
            false,
            "signed its certificate itself",
        ),
        (
            own.papers("site.test", -10, 100).alone(),
            "incomplete_chain",
            false,
            "`CN=Test intermediate` was not sent",
        ),
        (
            other.papers("site.test", -10, 100).and_root(&other),
            "unknown_authority",
            false,
            "the authority `CN=Other root`, which is not trusted here",
        ),
    ] {
        let port = serving(papers).await;
        let reply = world.certificate("site.test", port).await;
        assert_eq!(
            (&reply["status"], &reply["verifies"]),
            (&json!(status), &json!(verifies)),
            "{reply}"
        );
        let problems = reply["problems"].as_array().unwrap();
        assert!(
            problems.len() == 1 && problems[0].as_str().unwrap().contains(problem),
            "{reply}"
        );
        assert!(
            reply["hint"].is_string() && reply["days_left"].is_i64() && reply["reason"].is_null(),
            "{reply}"
        );
        assert_eq!(reply["protocol"], "TLS 1.3");
    }
}

#[tokio::test]
async fn several_mistakes_are_all_told() {
    let world = World::new().await;
    let port = serving(world.authority.papers("other.test", -100, -10).alone()).await;
    let reply = world
        .client
        .call("check_ssl_expiry", json!({"hostname": "site.test", "port": port}))
        .await;
    let text = reply.text().to_owned();
    assert!(text.contains(": expired\n- it expired "), "{text}");
    assert!(
        text.contains("\n- the chain ends at") && text.contains("\n- it is not for `site.test`"),
        "{text}"
    );
    assert!(
        text.contains("a careful client does not accept it\nNext: renew"),
        "{text}"
    );
    assert!(reply.json()["days_left"].as_i64().unwrap() < 0);
}

#[tokio::test]
async fn what_is_no_tls_is_named() {
    let world = World::new().await;
    let http = answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let plain = world.certificate("site.test", http).await;
    assert_eq!(plain["status"], "unreachable");
    assert_eq!(plain["reason"]["kind"], "not_tls");
    assert!(
        plain["reason"]["message"]
            .as_str()
            .unwrap()
            .contains("plain HTTP"),
        "{plain}"
    );

    let ssh = listen(|stream| async move {
        super::world::answer(stream, b"SSH-2.0-OpenSSH_9.9\r\n").await;
    })
    .await;
    let reply = world.certificate("site.test", ssh).await;
    assert_eq!(
        reply["reason"]["message"],
        "it speaks no TLS: its answer begins with `SSH-2.0-OpenSSH_9.9\u{fffd}\u{fffd}`"
    );

    let closing = listen(|stream| async move { drop(stream) }).await;
    let reply = world.certificate("site.test", closing).await;
    assert_eq!(
        (&reply["status"], &reply["reason"]["kind"]),
        (&json!("unreachable"), &json!("closed")),
        "{reply}"
    );

    let reply = world.certificate("site.test", silent_port().await).await;
    assert_eq!(reply["reason"]["kind"], "refused", "{reply}");
    let reply = world.certificate("nowhere.test", 443).await;
    assert_eq!(reply["reason"]["kind"], "unknown_host", "{reply}");
}

#[tokio::test]
async fn who_never_answers_is_given_up() {
    let world = World::new().await;
    let port = listen(|stream| async move {
        let _kept = stream;
        std::future::pending().await
    })
    .await;
    let arguments = json!({"hostname": "site.test", "port": port, "timeout": 1});
    let reply = world.client.call("check_ssl_expiry", arguments).await.json();
    assert_eq!(
        (&reply["status"], &reply["reason"]["kind"]),
        (&json!("unreachable"), &json!("timed_out"))
    );
    assert_eq!(
        reply["reason"]["message"],
        "the TLS handshake was not done within 1 s"
    );
}

#[tokio::test]
async fn a_host_may_be_written_in_many_ways() {
    let world = World::new().await;
    let port = serving(world.authority.papers("xn--mnchen-3ya.test", -10, 61)).await;
    for hostname in [
        format!("münchen.test:{port}"),
        format!("https://MÜNCHEN.test:{port}/some/page?x=1"),
        format!("xn--mnchen-3ya.test.:{port}"),
    ] {
        let reply = world
            .client
            .call("check_ssl_expiry", json!({ "hostname": hostname }))
            .await
            .json();
        assert_eq!(
            (&reply["status"], &reply["port"]),
            (&json!("healthy"), &json!(port)),
            "{reply}"
        );
    }
    for hostname in ["", "a b", "ftp://site.test", "https://ada:hunter2@site.test"] {
        let error = world
            .client
            .call("check_ssl_expiry", json!({ "hostname": hostname }))
            .await
            .expect_error("invalid_arguments");
        assert!(!error.text.contains("hunter2"), "{}", error.text);
    }
}

#[tokio::test]
async fn an_address_may_have_a_certificate() {
    let world = World::new().await;
    let port = serving(world.authority.papers("127.0.0.1", -10, 61)).await;
    let reply = world.certificate("127.0.0.1", port).await;
    assert_eq!(
        (&reply["status"], &reply["names"]),
        (&json!("healthy"), &json!(["127.0.0.1"])),
        "{reply}"
    );
}

#[tokio::test]
async fn without_the_authority_it_is_unknown() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new("Test"));
    let mut config = config(&folder, &authority);
    config.authorities.clear();
    let client = Client::connect(server(config, &folder, Arc::new(Names::default()))).await;
    let port = serving(authority.papers("site.test", -10, 61).and_root(&authority)).await;
    let reply = client
        .call("check_ssl_expiry", json!({"hostname": "site.test", "port": port}))
        .await
        .json();
    assert_eq!(
        (&reply["status"], &reply["verifies"]),
        (&json!("unknown_authority"), &json!(false)),
        "{reply}"
    );
}
