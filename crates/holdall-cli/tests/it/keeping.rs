//! What toolsets keep in files: through the death of the program, and with several programs at once.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};

use holdall_testkit::Client;
use serde_json::{Value, json};

use crate::program::Home;

/// How often the program is killed.
const KILLS: usize = 12;
/// Calls that wait for it when it is.
const CALLS: usize = 200;

/// A toolset, and how to write and read it.
struct Kept {
    toolset: &'static str,
    file: &'static str,
    /// The call that keeps a name.
    write: fn(&str) -> Value,
    /// All names that are kept.
    read: fn(&rusqlite::Connection) -> Vec<String>,
}

const TASKS: Kept = Kept {
    toolset: "tasks",
    file: "tasks.db",
    write: |name| json!({"name": "add_task", "arguments": {"title": name, "tags": ["kept"], "description": long(9_000)}}),
    read: |file| names(file, "SELECT title FROM tasks"),
};

const MEMORY: Kept = Kept {
    toolset: "memory",
    file: "memory.db",
    write: |name| {
        let entity = json!({"name": name, "entityType": "thing", "observations": [long(18_000)]});
        json!({"name": "create_entities", "arguments": {"entities": [entity]}})
    },
    read: |file| {
        names(
            file,
            "SELECT name FROM entities JOIN observations ON entity = entities.id",
        )
    },
};

/// A text of so many characters that writing it takes many pages, so that a kill comes in the middle of them.
fn long(chars: usize) -> String {
    let words: String = (0..).map(|n| format!("{n} ")).take(chars).collect();
    words[..chars].trim().to_owned()
}

fn names(file: &rusqlite::Connection, select: &str) -> Vec<String> {
    let mut statement = file.prepare(select).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

/// Everything in a file that is sound.
fn sound(path: &Path, kept: &Kept) -> Vec<String> {
    let file = rusqlite::Connection::open(path).unwrap();
    let sound: String = file
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    (kept.read)(&file)
}

fn started(home: &Home, kept: &Kept) -> (Child, ChildStdin) {
    let mut command = home.command(&["serve", kept.toolset, "--data-dir", "data"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let input = program.stdin.take().unwrap();
    (program, input)
}

fn survives_being_killed(kept: &Kept) {
    let home = Home::new();
    let mut answered = BTreeSet::new();
    for round in 0..KILLS {
        let (mut program, mut input) = started(&home, kept);
        let mut output = BufReader::new(program.stdout.take().unwrap());
        let named = |number: usize| format!("round {round} number {number}");
        let mut lines = vec![
            json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"},
            }}),
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        ];
        lines.extend((0..CALLS).map(|number| {
            json!({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": (kept.write)(&named(number))})
        }));
        let writing = std::thread::spawn(move || {
            for line in lines {
                // The program is killed in the middle of it.
                if writeln!(input, "{line}").is_err() {
                    return;
                }
            }
        });
        let before = answered.len();
        let mut line = String::new();
        // A line that was cut off by the kill was not answered.
        while output.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
            let reply: Value = serde_json::from_str(&line).unwrap();
            if let Some(number) = reply["id"].as_u64() {
                assert_eq!(reply["error"], Value::Null, "{reply}");
                assert_ne!(reply["result"]["isError"], true, "{reply}");
                assert!(answered.insert(named(usize::try_from(number).unwrap())));
            }
            if answered.len() == before + 1 + round * 5 {
                program.kill().unwrap();
            }
            line.clear();
        }
        program.wait().unwrap();
        writing.join().unwrap();
        assert!(answered.len() > before, "nothing was answered in round {round}");
    }
    let there = sound(&home.path("data").join(kept.file), kept);
    let distinct: BTreeSet<&String> = there.iter().collect();
    assert_eq!(distinct.len(), there.len(), "something was written twice");
    for name in &answered {
        assert!(distinct.contains(name), "`{name}` was answered, and is lost");
    }
}

async fn shared_by_programs(kept: &Kept) {
    let home = Home::new();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let command = home.command(&["serve", kept.toolset, "--data-dir", "data"]);
        clients.push(Client::spawn(command).await);
    }
    // All at once, from all of them.
    let mut asked = Vec::new();
    for number in 0..60 {
        for (program, client) in clients.iter().enumerate() {
            let call = (kept.write)(&format!("program {program} number {number}"));
            asked.push(client.request("tools/call", call).start().await);
        }
    }
    for asked in asked {
        let reply: Value = asked.reply().await.json();
        assert_ne!(reply["isError"], true, "{reply}");
    }
    let there: BTreeSet<String> = sound(&home.path("data").join(kept.file), kept)
        .into_iter()
        .collect();
    assert_eq!(there.len(), 180);
    for client in clients {
        assert_eq!(client.close().await.status.unwrap().code(), Some(0));
    }
}

#[test]
fn tasks_that_were_answered_outlive_the_program() {
    survives_being_killed(&TASKS);
}

#[test]
fn memories_that_were_answered_outlive_the_program() {
    survives_being_killed(&MEMORY);
}

#[tokio::test]
async fn programs_share_their_tasks() {
    shared_by_programs(&TASKS).await;
}

#[tokio::test]
async fn programs_share_their_memory() {
    shared_by_programs(&MEMORY).await;
}

#[tokio::test]
async fn a_program_hears_of_what_another_one_writes() {
    let home = Home::new();
    let command = || home.command(&["serve", "tasks", "--data-dir", "data"]);
    let listening = Client::spawn(command()).protocol("2025-11-25").await;
    let writing = Client::spawn(command()).await;
    listening.subscribe("tasks://all").await;
    writing.call("add_task", json!({"title": "told"})).await.text();
    let news = listening
        .next_notification("notifications/resources/updated")
        .await;
    assert_eq!(news.params["uri"], "tasks://all");
    let all: Value = listening.read("tasks://all").await.json();
    assert_eq!(all["tasks"][0]["title"], "told");
}

#[tokio::test]
async fn a_program_that_has_ended_leaves_all_of_it_in_the_file() {
    for kept in [&TASKS, &MEMORY] {
        let home = Home::new();
        let client = Client::spawn(home.command(&["serve", kept.toolset, "--data-dir", "data"])).await;
        for name in ["one", "two"] {
            client.request("tools/call", (kept.write)(name)).await.result();
        }
        assert_eq!(client.close().await.status.unwrap().code(), Some(0));
        let copy = home.path("copy.db");
        std::fs::copy(home.path("data").join(kept.file), &copy).unwrap();
        assert_eq!(sound(&copy, kept), ["one", "two"]);
    }
}

#[test]
fn the_section_says_where_and_mistakes_in_it_are_explained() {
    let home = Home::new();
    home.put(
        "holdall.toml",
        "[serve]\ntoolsets = ['tasks']\n[tasks]\nfile = 'mine/todo.db'\n",
    );
    let output = home.run(&["serve", "--config", "holdall.toml"]);
    assert!(output.status.success(), "{output:?}");
    assert!(home.path("mine/todo.db").is_file());
    home.put(
        "holdall.toml",
        "[serve]\ntoolsets = ['tasks']\n[tasks]\ntimezone = 'Nowhere'\n",
    );
    let failed = home.fail(&["serve", "--config", "holdall.toml"]);
    assert!(failed.contains("there is no time zone `Nowhere`"), "{failed}");
    home.put(
        "holdall.toml",
        "[serve]\ntoolsets = ['tasks']\n[tasks]\nfile = 'holdall.toml'\n",
    );
    let failed = home.fail(&["serve", "--config", "holdall.toml"]);
    assert!(
        failed.contains("is no file in which holdall keeps tasks"),
        "{failed}"
    );
}

#[tokio::test]
async fn a_memory_of_the_reference_server_is_brought_in() {
    let home = Home::new();
    home.put(
        "memory.jsonl",
        "{\"type\":\"entity\",\"name\":\"Ada\",\"entityType\":\"person\",\"observations\":[\"likes tea\"]}\nbroken\n",
    );
    home.put(
        "holdall.toml",
        "[serve]\ntoolsets = ['memory']\n[memory]\nimport = 'memory.jsonl'\n",
    );
    let client = Client::spawn(home.command(&["serve", "--config", "holdall.toml"])).await;
    let graph = client.call("read_graph", json!({})).await.json();
    assert_eq!(graph["entities"][0]["name"], "Ada");
    let log = client.close().await.printed;
    assert!(
        log.contains("memory.jsonl, line 2, is not in the memory: "),
        "{log}"
    );
    home.put(
        "holdall.toml",
        "[serve]\ntoolsets = ['memory']\n[memory]\nimport = 'none.jsonl'\n",
    );
    let client = Client::spawn(home.command(&["serve", "--config", "holdall.toml"])).await;
    let log = client.close().await.printed;
    assert!(
        log.contains("nothing is brought into the memory: cannot read `"),
        "{log}"
    );
}
