//! Servers as programs of their own.

use holdall_testkit::{Client, Process};
use serde_json::json;

use crate::{VERSIONS, program};

#[tokio::test]
async fn a_program_is_spoken_to_in_every_version() {
    for version in VERSIONS {
        let mut client = Client::spawn(program()).protocol(version).await;
        assert!(client.process().id().is_some());
        assert_eq!(
            client.call("echo", json!({"text": "hello"})).await.text(),
            "hello",
            "{version}"
        );
        let ended = client.close().await;
        assert!(
            ended.status.is_some_and(|status| status.success()),
            "{version}: {ended:?}"
        );
        assert!(ended.printed.ends_with("the fixture ends\n"), "{}", ended.printed);
    }
}

#[tokio::test]
async fn what_a_program_prints_is_captured_and_does_no_harm() {
    let mut client = Client::spawn(program()).await;
    assert_eq!(
        client.call("shout", json!({"text": "LOUD"})).await.text(),
        "shouted"
    );
    assert_eq!(client.process().line_with("LOUD").await, "LOUD");
    let printed = client.close().await.printed;
    assert_eq!(printed.matches("LOUD").count(), 2, "{printed}");
}

#[tokio::test]
#[cfg(unix)]
async fn dropping_the_client_ends_the_program() {
    let mut client = Client::spawn(program()).await;
    let id = client.process().id().expect("it runs");
    drop(client);
    let exists = || {
        let id =
            rustix::process::Pid::from_raw(i32::try_from(id).expect("a small number")).expect("not zero");
        rustix::process::test_kill_process(id).is_ok()
    };
    // It is killed and collected behind the test's back.
    while exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_program_that_listens_says_where() {
    let mut command = std::process::Command::new("sh");
    command.args([
        "-c",
        "echo first; echo 'listening on 127.0.0.1:7' >&2; printf unfinished; read line; exit 3",
    ]);
    let mut process = Process::start(command);
    assert_eq!(
        process.line_with("listening on").await,
        "listening on 127.0.0.1:7"
    );
    assert_eq!(process.wait().await.code(), Some(3));
    assert_eq!(process.line_with("unfinished").await, "unfinished");
    assert!(process.printed().contains("first"));
}

#[tokio::test]
#[should_panic(expected = "no line with \"never\" was printed before the end")]
async fn waiting_for_a_line_ends_with_the_program() {
    Process::start(std::process::Command::new("true"))
        .line_with("never")
        .await;
}

#[tokio::test]
#[cfg(unix)]
async fn a_program_can_be_signalled() {
    use std::os::unix::process::ExitStatusExt;

    // Whoever runs the tests in the background may have had the signal ignored.
    let sleeper = async || {
        let mut command = std::process::Command::new("env");
        command.args(["--default-signal=INT", "sh", "-c", "echo asleep; exec sleep 600"]);
        let sleeper = Process::start(command);
        sleeper.line_with("asleep").await;
        sleeper
    };
    let mut asked = sleeper().await;
    asked.terminate();
    assert_eq!(asked.wait().await.signal(), Some(15));
    let mut interrupted = sleeper().await;
    interrupted.interrupt();
    assert_eq!(interrupted.wait().await.signal(), Some(2));
    assert_eq!(sleeper().await.kill().await.signal(), Some(9));
}
