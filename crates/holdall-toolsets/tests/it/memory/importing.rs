//! The file of the reference server comes in: once, without loss, and with a word about what did not.

use std::fs;

use holdall::Server;
use holdall_testkit::{Answer, Client};
use holdall_toolsets::memory::{MemoryError, MemoryToolset};
use serde_json::json;

use super::{Desk, entity, graph, names, relation};

const FILE: &str = r#"{"type":"entity","name":"Ada","entityType":"person","observations":["likes tea","likes tea","日本 \"q\""]}

{"type":"relation","from":"Ada","to":"Bo","relationType":"knows"}
{"type":"entity","name":"Bo","entityType":"person","observations":[]}
"#;

fn written(desk: &Desk, text: impl AsRef<[u8]>) -> std::path::PathBuf {
    let path = desk.folder.path().join("memory.jsonl");
    fs::write(&path, text).unwrap();
    path
}

async fn client_of(toolset: MemoryToolset) -> Client {
    Client::connect(Server::new("test").add(toolset))
        .answer(Answer::accept(json!({})))
        .await
}

#[tokio::test]
async fn a_file_comes_in_once_and_again_when_it_changes() {
    let desk = Desk::new();
    let path = written(&desk, FILE);
    let toolset = desk.toolset();
    let report = toolset.import(&path).unwrap();
    assert_eq!(
        (report.entities, report.observations, report.relations),
        (2, 2, 1)
    );
    assert_eq!((report.already, report.problems_total), (false, 0));
    let client = client_of(toolset).await;
    let whole = json!({
        "entities": [entity("Ada", "person", &["likes tea", "日本 \"q\""]), entity("Bo", "person", &[])],
        "relations": [relation("Ada", "knows", "Bo")],
    });
    assert_eq!(graph(&client).await, whole);
    client
        .call("delete_entities", json!({"entityNames": ["Bo"]}))
        .await
        .json();

    // What was deleted since stays so, and what the file brings anew comes in.
    let toolset = desk.toolset();
    assert!(toolset.import(&path).unwrap().already);
    assert_eq!(names(&graph(&client).await), ["Ada"]);
    let more =
        r#"{"type":"entity","name":"Ada","entityType":"person","observations":["likes tea","likes rain"]}"#;
    let path = written(&desk, more);
    let report = toolset.import(&path).unwrap();
    assert_eq!(
        (report.entities, report.observations, report.relations),
        (0, 1, 0)
    );
    let ada = entity("Ada", "person", &["likes tea", "日本 \"q\"", "likes rain"]);
    assert_eq!(graph(&client).await["entities"], json!([ada]));
    assert_eq!(fs::read_to_string(&path).unwrap(), more, "the file is only read");
    assert_eq!(desk.integrity(), "ok");
}

#[tokio::test]
async fn broken_lines_are_reported_by_number_and_the_others_come_in() {
    let desk = Desk::new();
    let long = "x".repeat(20_001);
    let mut lines: Vec<Vec<u8>> = [
        "\u{feff}{\"type\":\"entity\",\"name\":\"first\",\"entityType\":\"t\",\"observations\":[]}\r",
        "{\"type\":\"entity\",\"name\":",
        "nonsense",
        "{\"type\":\"entity\",\"entityType\":\"t\",\"observations\":[]}",
        "{\"type\":\"entity\",\"name\":\"\",\"entityType\":\"t\",\"observations\":[]}",
        "{\"type\":\"entity\",\"name\":7,\"entityType\":\"t\",\"observations\":[]}",
        "{\"type\":\"planet\",\"name\":\"x\"}",
        "[1]",
        "{\"type\":\"relation\",\"from\":\"a\",\"to\":\"b\"}",
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect();
    lines.push(b"{\"type\":\"entity\",\"name\":\"\xff\"}".to_vec());
    lines.push(
        json!({"type": "entity", "name": "half", "entityType": "t", "observations": ["ok", long, "also"]})
            .to_string()
            .into_bytes(),
    );
    lines.push("[".repeat(100_000).into_bytes());
    lines.push(vec![b'x'; 17 * 1024 * 1024]);
    lines.push(br#"{"type":"entity","name":"last","extra":{"kept":"not"}}"#.to_vec());
    let path = written(&desk, lines.join(&b'\n'));
    let toolset = desk.toolset();
    let report = toolset.import(&path).unwrap();
    let numbers: Vec<u64> = report.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(numbers, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], "{report:#?}");
    let why = |line: u64| {
        report
            .problems
            .iter()
            .find(|problem| problem.line == line)
            .unwrap()
            .why
            .as_str()
    };
    assert!(why(4).starts_with("missing field `name`"), "{}", why(4));
    assert_eq!(why(5), "`name` is empty");
    assert_eq!(why(10), "it is not UTF-8");
    assert_eq!(why(11), "observation 2 has more than 20000 characters");
    assert!(why(13).starts_with("it has more than "), "{}", why(13));
    // Whoever looks again is told again.
    let again = toolset.import(&path).unwrap();
    assert!(again.already);
    assert_eq!((again.problems, again.problems_total), (report.problems, 12));
    let client = client_of(toolset).await;
    let whole = graph(&client).await;
    assert_eq!(names(&whole), ["first", "half", "last"]);
    assert_eq!(whole["entities"][1]["observations"], json!(["ok", "also"]));
}

#[tokio::test]
async fn bounds_hold_for_imports_too() {
    let desk = Desk::new();
    let path = written(&desk, FILE);
    let toolset = desk.bounded(|config| {
        config.entities_max = 1;
        config.observations_max = 1;
        config.relations_max = 0;
    });
    let report = toolset.import(&path).unwrap();
    let problems: Vec<String> = report
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.line, problem.why))
        .collect();
    assert_eq!(
        problems,
        [
            "1: observation 2: there are as many observations as there may be",
            "1: observation 3: there are as many observations as there may be",
            "3: there are as many relations as there may be",
            "4: there are as many entities as there may be",
        ]
    );
    assert_eq!(names(&graph(&client_of(toolset).await).await), ["Ada"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let desk = Desk::new();
    let error = desk
        .toolset()
        .import(&desk.folder.path().join("none.jsonl"))
        .unwrap_err();
    assert!(matches!(error, MemoryError::Import { .. }), "{error}");
    assert!(error.to_string().contains("none.jsonl"), "{error}");
    assert!(desk.toolset().import(desk.folder.path()).is_err());
}
