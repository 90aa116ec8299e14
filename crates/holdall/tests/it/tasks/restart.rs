//! What is left of tasks when their process is gone.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use holdall::{Server, SqliteTaskStore};
use serde_json::{Value, json};

use super::{Signals, begun, is_ack, knows_tasks, looked_at_often, result_text, server};
use crate::wire::{Wire, accept};

const CHILD: &str = "HOLDALL_TEST_TASKS";

fn server_on(path: &Path, signals: &Signals) -> Server {
    let mut options = looked_at_often();
    options.store = Arc::new(SqliteTaskStore::open(path).expect("the file is ours"));
    server(signals).tasks(options)
}

fn client_on(path: &Path) -> Wire {
    Wire::modern(server_on(path, &Signals::default()), knows_tasks())
}

/// Another process with a server on the same file. It does what lines on its standard input say, and answers each
/// with a line.
struct Other {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Other {
    fn start(path: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "tasks::restart::other_process",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(CHILD, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let input = process.stdin.take().expect("a pipe");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self {
            process,
            input,
            output,
        }
    }

    fn ask(&mut self, command: Value) -> Value {
        writeln!(self.input, "{command}").expect("it reads");
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("it writes");
            assert_ne!(read, 0, "the other process has ended");
            // The test harness prints, too.
            if let Some((_, said)) = line.split_once("child: ") {
                return serde_json::from_str(said).expect("JSON");
            }
        }
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.ask(json!([method, params]))
    }

    fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": name, "arguments": arguments}))
    }

    fn task(&mut self, id: &str) -> Value {
        self.request("tasks/get", json!({"taskId": id}))["result"].take()
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it has ended");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Does nothing unless another test starts it as a process.
#[tokio::test]
async fn other_process() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let mut client = client_on(Path::new(&path));
    for line in std::io::stdin().lines() {
        let line = line.expect("text");
        let (method, params): (String, Value) = serde_json::from_str(&line).expect("a request");
        let reply = client.request(&method, params).await;
        println!("child: {reply}");
    }
}

#[tokio::test]
async fn results_outlive_the_server_and_what_ran_has_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tasks.sqlite");
    let signals = Signals::default();
    let service = server_on(&path, &signals).build().expect("the server is right");
    let mut client = Wire::modern_to(service.clone(), knows_tasks());
    let done = begun(&client.call("confirm_delete", json!({"filename": "a.txt"})).await);
    client.task_when(&done, "input_required").await;
    client
        .update(&done, json!({"sure": accept(json!({"confirm": true}))}))
        .await;
    let before = client.task_when(&done, "completed").await;
    let running = begun(&client.call("works", json!({})).await);
    service.shut_down().await;
    drop((client, service));

    let mut client = client_on(&path);
    assert_eq!(client.task(&done).await, before);
    let task = client.task(&running).await;
    assert_eq!(task["status"], "failed");
    assert_eq!(task["error"]["message"], "the server stopped before it finished");
}

#[tokio::test]
async fn tasks_of_a_killed_process_have_failed_and_its_results_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tasks.sqlite");
    let mut other = Other::start(&path);
    let done = begun(&other.call("protocol_error_job", json!({})));
    let result = loop {
        let task = other.task(&done);
        if task["status"] != "working" {
            break task;
        }
    };
    let working = begun(&other.call("works", json!({})));
    let asking = begun(&other.call("confirm_delete", json!({"filename": "a.txt"})));
    while other.task(&asking)["status"] != "input_required" {}

    let mut client = client_on(&path);
    // It lives, and only it knows what they do.
    for id in [&working, &asking] {
        assert_eq!(client.task(id).await["status"], "working");
        let reply = client.cancel_task(id).await;
        assert_eq!(reply["error"]["code"], -32603, "{reply}");
    }
    assert_eq!(client.task(&done).await["error"], result["error"]);
    other.kill();

    for id in [&working, &asking] {
        let task = client.task(id).await;
        assert_eq!(task["status"], "failed", "{task}");
        assert_eq!(task["statusMessage"], "the server stopped before it finished");
        assert_eq!(client.task(id).await, task, "an end is an end");
        let ack = client.cancel_task(id).await;
        assert!(is_ack(&ack), "{ack}");
    }
    assert_eq!(client.task(&done).await["error"], result["error"]);
    let owners = std::fs::read_dir(folder.path()).expect("a folder");
    let owners = owners.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().contains("-owner-")
    });
    assert_eq!(owners.count(), 1, "what the killed process left behind is gone");
}

#[tokio::test]
async fn processes_that_share_a_file_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tasks.sqlite");
    // All make the file at once.
    let others: Vec<Other> = (0..4).map(|_| Other::start(&path)).collect();
    let work = |mut other: Other| {
        let mut ids = Vec::new();
        for _ in 0..10 {
            ids.push(begun(&other.call("protocol_error_job", json!({}))));
        }
        for id in &ids {
            while other.task(id)["status"] == "working" {}
        }
        (other, ids)
    };
    let threads: Vec<_> = others
        .into_iter()
        .map(|other| std::thread::spawn(move || work(other)))
        .collect();
    let done: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().expect("it works"))
        .collect();
    let mut client = client_on(&path);
    for id in done.iter().flat_map(|(_, ids)| ids) {
        assert_eq!(client.task(id).await["error"]["code"], -32021);
    }
}

#[tokio::test]
async fn a_process_killed_at_any_moment_leaves_tasks_that_have_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tasks.sqlite");
    for round in 0..8 {
        let mut other = Other::start(&path);
        let mut ids = Vec::new();
        for _ in 0..=round {
            ids.push(begun(&other.call("protocol_error_job", json!({}))));
            ids.push(begun(&other.call("works", json!({}))));
        }
        // In the middle of one more.
        let call = json!(["tools/call", {"name": "protocol_error_job", "arguments": {}}]);
        writeln!(other.input, "{call}").expect("it reads");
        other.kill();
        let mut client = client_on(&path);
        for id in ids {
            let task = client.task(&id).await;
            assert_eq!(task["status"], "failed", "{task}");
        }
    }
}

#[tokio::test]
async fn a_result_is_read_from_the_file_as_from_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tasks.sqlite");
    let signals = Signals::default();
    let mut client = Wire::modern(server_on(&path, &signals), knows_tasks());
    let id = begun(&client.call("works", json!({})).await);
    signals.begun().await;
    assert_eq!(client.task(&id).await["status"], "working");
    signals.go();
    let task = client.task_when(&id, "completed").await;
    assert_eq!(result_text(&task), "done as a task: true");
    assert_eq!(task["result"]["resultType"], "complete");
}
