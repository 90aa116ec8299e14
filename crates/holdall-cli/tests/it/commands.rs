//! `index`, `search`, `eval` and the help.

use std::fs;

use serde_json::json;

use crate::program::Home;

#[test]
fn help_fits_what_there_is() {
    let home = Home::new();
    for command in ["", "serve", "search", "index", "eval"] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let name = if command.is_empty() { "program" } else { command };
        insta::assert_snapshot!(format!("help_{name}"), home.print(&arguments));
    }
    assert_eq!(
        home.print(&["--version"]),
        format!("holdall {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn index_brings_everything_in_and_names_the_rest() {
    let home = Home::new();
    home.put("notes/binary.md", "a\0b");
    let status = home.print_json(&["index", "--notes", "notes", "--json"]);
    assert_eq!(status["progress"]["notes"], 2);
    assert_eq!(status["progress"]["embedded"], 2);
    assert_eq!(
        status["problems"],
        json!([{"path": "binary.md", "state": "skipped", "reason": "it is binary: byte 1 is NUL"}])
    );
    assert!(status["seconds"].as_f64().unwrap() > 0.0);
    let text = home.print(&["index", "--notes", "notes"]);
    assert!(
        text.starts_with("2 notes, 2 passages, 2 of them found by meaning too, in "),
        "{text}"
    );
    assert!(
        text.ends_with("binary.md: skipped: it is binary: byte 1 is NUL\n"),
        "{text}"
    );
    // Everything lies in the user's data directory, nothing among the notes.
    assert!(home.path("data/holdall/notes").is_dir());
    assert_eq!(fs::read_dir(home.path("notes")).unwrap().count(), 3);
    let status = home.print_json(&[
        "index",
        "--notes",
        "notes",
        "--no-embeddings",
        "--data-dir",
        "elsewhere",
        "--json",
    ]);
    assert_eq!(
        (&status["progress"]["passages"], &status["progress"]["embedded"]),
        (&json!(2), &json!(0))
    );
    assert!(home.path("elsewhere/notes").is_dir());
}

#[test]
fn search_answers_by_words_and_meaning() {
    let home = Home::new();
    let reply = home.print_json(&["search", "fixing", "a", "vehicle", "--notes", "notes", "--json"]);
    assert_eq!(reply["hits"][0]["path"], "car.md");
    assert_eq!(reply["hits"][0]["from_line"], 3);
    assert_eq!(
        reply["legs"],
        json!({"lexical": true, "dense": true, "passages": 2, "embedded": 2})
    );
    let reply = home.print_json(&[
        "search", "--notes", "notes", "--json", "bread", "--when", "2026-05", "--tag", "kitchen", "--folder",
        "daily",
    ]);
    assert_eq!(reply["hits"].as_array().unwrap().len(), 1);
    assert_eq!(reply["interval"], "2026-05-01 00:00 … 2026-06-01 00:00 UTC");
    let text = home.print(&["search", "bread", "--notes", "notes", "--no-embeddings"]);
    assert_eq!(
        text,
        "1. daily/2026-05-04.md:3  Monday  (2026-05-04)\n   Baked bread. #kitchen\n"
    );
    assert_eq!(
        home.print(&["search", "nothing like it", "--notes", "notes", "--no-embeddings"]),
        "nothing found\n"
    );
}

#[test]
fn what_notes_say_does_not_command_the_terminal() {
    let home = Home::new();
    home.put("notes/evil.md", "---\ntitle: \"Nice \\e]0;x\\a\\u202E\"\n---\n# Sub \u{1b}[2J\n\nzebra \u{1b}[31mred\u{1b}[0m \u{202e}text\u{9b}2J\n");
    let text = home.print(&["search", "zebra", "--notes", "notes", "--no-embeddings"]);
    assert!(text.contains("zebra"));
    assert!(
        !text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']),
        "{text:?}"
    );
}

#[test]
fn two_programs_on_the_same_notes_agree() {
    let home = Home::new();
    let mut server = home
        .command(&["serve", "--notes", "notes"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let reply = home.print_json(&["search", "mechanic", "--notes", "notes", "--json"]);
    assert_eq!(reply["hits"][0]["path"], "car.md");
    let status = home.print_json(&["index", "--notes", "notes", "--json"]);
    assert_eq!(
        (&status["progress"]["notes"], &status["progress"]["embedded"]),
        (&json!(2), &json!(2))
    );
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}

#[test]
fn eval_measures_a_set() {
    let home = Home::new();
    let documents = [
        "The mechanic repaired the engine.",
        "Mix flour and water for bread.",
        "Stars are far away.",
    ];
    let corpus: String = (1..)
        .zip(documents)
        .map(|(id, text)| json!({"_id": id.to_string(), "title": "", "text": text}).to_string() + "\n")
        .collect();
    home.put("set/corpus.jsonl", &corpus);
    let queries = [
        ("a", "who repaired the engine"),
        ("b", "flour and water"),
        ("c", "how distant are suns"),
    ];
    let queries: String = queries
        .iter()
        .map(|(id, text)| json!({"_id": id, "text": text}).to_string() + "\n")
        .collect();
    home.put("set/queries.jsonl", &queries);
    home.put(
        "set/qrels/test.tsv",
        "query-id\tcorpus-id\tscore\na\t1\t1\nb\t2\t1\nc\t3\t1\n",
    );
    let report = home.print_json(&["eval", "set", "--json"]);
    assert_eq!(
        (&report["documents"], &report["questions"]),
        (&json!(3), &json!(3))
    );
    let legs = report["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 3);
    let hybrid = legs.iter().find(|leg| leg["mode"] == "hybrid").unwrap();
    assert_eq!(hybrid["all"]["ndcg_at_10"], 1.0);
    let report = home.print_json(&["eval", "set", "--no-embeddings", "--json"]);
    assert_eq!(report["legs"].as_array().unwrap().len(), 1);
    let text = home.print(&["eval", "set"]);
    assert!(
        text.starts_with("set: 3 documents, 3 passages, 3 questions\n"),
        "{text}"
    );
    assert!(text.contains("\nhybrid      1.0000   1.0000"), "{text}");
}

#[test]
#[cfg(unix)]
fn a_reader_who_has_seen_enough_is_no_error() {
    let home = Home::new();
    for command in ["search bread", "search bread --json", "index", "index --json"] {
        let line = format!(
            "exec 3>&1; {{ {} {command} --notes notes --no-embeddings; echo $? >&3; }} | true",
            env!("CARGO_BIN_EXE_holdall")
        );
        let shell = std::process::Command::new("/bin/sh")
            .args(["-c", &line])
            .current_dir(home.path(""))
            .env("HOME", home.path(""))
            .output();
        let output = shell.unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "0\n", "{command}");
    }
}

#[test]
fn a_configuration_no_server_starts_with_is_not_right() {
    let home = Home::new();
    home.put("text.db", "this is no database");
    for (text, problem) in [
        ("[notes]\nfolders = ['elsewhere']", "there is no folder"),
        (
            "[serve]\ntoolsets = ['tasks']\n[tasks]\ntimezone = 'Mars/Phobos'",
            "Mars/Phobos",
        ),
        (
            "[serve]\ntoolsets = ['clock']\n[clock]\ntimezone = 'Mars'",
            "clock.timezone",
        ),
        ("[serve]\ntoolsets = ['files']", "no folder to serve"),
        (
            "[serve]\ntoolsets = ['files']\n[files.roots]\na = { path = 'missing' }",
            "missing",
        ),
        (
            "[serve]\ntoolsets = ['prompts']\n[prompts]\nfolders = ['missing']",
            "missing",
        ),
        (
            "[serve]\ntoolsets = ['sql']\n[sql.databases.a]\nurl = 'oracle://u@h/d'",
            "must begin with postgresql://",
        ),
        ("[http]\nallowed_origins = ['https://a/path']", "https://a/path"),
        ("[auth]\ntoken_file = 'missing.toml'", "missing.toml"),
        (
            "[redis]\nurl = { env = 'HOLDALL_TEST_NOWHERE' }",
            "HOLDALL_TEST_NOWHERE",
        ),
        ("[sentry]\ndsn = { file = 'missing' }", "missing"),
        (
            "[otlp]\nendpoint = 'http://ada:lovelace@127.0.0.1:9/'",
            "otlp.endpoint",
        ),
        (
            "[otlp]\nendpoint = 'http://127.0.0.1:9/'\nsample_ratio = 7.0",
            "from 0 to 1",
        ),
        ("[log]\nlevel = 'wran'", "wran"),
    ] {
        home.put("holdall.toml", &format!("{text}\n"));
        let arguments = ["--config", "holdall.toml", "config", "check"];
        let output = home.command(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && said.contains(problem),
            "{text}: {said}"
        );
        assert!(!said.contains("lovelace"), "{said}");
    }
    let kept: Vec<_> = std::fs::read_dir(home.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !kept
            .iter()
            .any(|name| name.to_string_lossy().ends_with("tasks.db")),
        "{kept:?}"
    );
}

#[test]
fn a_line_of_the_environment_file_that_is_wrong_is_told_without_its_value() {
    let home = Home::new();
    for (line, name) in [
        ("BRAVE_API_KEY=hunter2 hunter3", "line 2 (BRAVE_API_KEY)"),
        ("DB_PASSWORD=hunter$2\"c", "line 2 (DB_PASSWORD)"),
        ("X='it's hunter2'", "line 2 (X)"),
    ] {
        home.put("secrets", &format!("A=1\n{line}\n"));
        let output = home
            .command(&["--env-file", "secrets", "config", "show"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(name), "{line}: {said}");
        assert!(!said.contains("hunter"), "{said}");
    }
}

#[test]
fn the_configuration_is_checked_shown_and_explained() {
    let home = Home::new();
    home.put(
        "holdall.toml",
        "[notes]\nfolders = [\"notes\"]\nembeddings = false\n",
    );
    let with_file = |words: &[&str]| {
        let mut arguments = vec!["--config", "holdall.toml"];
        arguments.extend(words);
        home.print(&arguments)
    };
    assert_eq!(
        with_file(&["config", "check"]),
        "holdall.toml is right; 2 keys are set\n"
    );
    home.put(
        "one.toml",
        "[otlp]\nendpoint = \"http://ada:lovelace@127.0.0.1:9/v1/traces\"\n[tasks]\n",
    );
    let shown = home.print(&["--config", "one.toml", "config", "show"]);
    assert!(
        shown.contains("http://***@127.0.0.1:9/v1/traces") && !shown.contains("lovelace"),
        "{shown}"
    );
    let shown = with_file(&["config", "show", "--log", "error"]);
    assert!(shown.contains("embeddings = false  # holdall.toml\n"), "{shown}");
    assert!(shown.contains("level = \"error\"  # --log\n"), "{shown}");
    assert!(shown.contains("read_only = false  # default\n"), "{shown}");
    let found = with_file(&["search", "mechanic", "--json"]);
    assert!(
        found.contains("car.md"),
        "the folder of the file is searched: {found}"
    );
    let schema: serde_json::Value = serde_json::from_str(&with_file(&["config", "schema"])).unwrap();
    assert_eq!(
        schema["properties"]["notes"]["properties"]["embeddings"]["default"],
        true
    );
    home.put("example.toml", &home.print(&["config", "example"]));
    home.print(&["--config", "example.toml", "config", "check"]);
    // A folder somebody else has filled has no say.
    home.put("holdall.toml", "[notes]\nfolders = [\"elsewhere\"]\n");
    assert!(
        home.print(&["config", "show"])
            .contains("folders = [\".\"]  # default")
    );
    // The user's own is found.
    home.put(".config/holdall/holdall.toml", "[log]\nlevel = \"info\"\n");
    assert!(home.print(&["config", "show"]).contains("level = \"info\"  # "));
    home.put("more.env", "HOLDALL_LOG__LEVEL=debug\n");
    let shown = home.print(&["--env-file", "more.env", "config", "show"]);
    assert!(
        shown.contains("level = \"debug\"  # HOLDALL_LOG__LEVEL"),
        "{shown}"
    );
}

#[test]
fn mistakes_in_the_configuration_are_explained() {
    let home = Home::new();
    home.put("holdall.toml", "[notes]\nfoldrs = [\"notes\"]\n");
    let told = home.fail(&["--config", "holdall.toml", "serve"]);
    assert!(
        told.contains("line 2") && told.contains("did you mean `folders`?"),
        "{told}"
    );
    let told = home.fail(&["--config", "nowhere.toml", "serve"]);
    assert!(told.contains("nowhere.toml cannot be read"), "{told}");
    let told = home.fail(&["--env-file", "nowhere.env", "serve"]);
    assert!(
        told.contains("nowhere.env cannot be used as --env-file"),
        "{told}"
    );
}
