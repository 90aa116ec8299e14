//! Every mistake on the command line ends with a message that says what to do.

use std::net::TcpListener;

use crate::program::Home;

#[test]
fn mistakes_are_explained() {
    let home = Home::new();
    home.put("file", "x");
    home.put("notes/inner/x.md", "x");
    home.put("no-corpus/queries.jsonl", "");
    home.put(
        "bad-json/corpus.jsonl",
        "{\"_id\": \"1\", \"text\": \"x\"}\nnonsense\n",
    );
    home.put("bad-json/queries.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n");
    home.put("bad-json/qrels/test.tsv", "query-id\tcorpus-id\tscore\na\t1\t1\n");
    home.put(
        "no-match/corpus.jsonl",
        "{\"_id\": \"1\", \"title\": \"\", \"text\": \"x\"}\n",
    );
    home.put("no-match/queries.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n");
    home.put("no-match/qrels/test.tsv", "query-id\tcorpus-id\tscore\na\t7\t1\n");
    let said: Vec<String> = [
        &[][..],
        &["serv"],
        &["serve", "calculators"],
        &["serve", "--notes", "nowhere"],
        &["serve", "--notes", "file"],
        &["serve", "--notes", "notes", "--notes", "notes/inner"],
        &["serve", "--notes", "notes", "--data-dir", "file"],
        &["serve", "files"],
        &["serve", "files", "--root", "nowhere"],
        &[
            "serve",
            "files",
            "--writable-root",
            "notes",
            "--root",
            "a b=notes",
        ],
        &["serve", "--http", "localhost"],
        &["serve", "--http", "127.0.0.1:99999"],
        &["serve", "--notes", "notes", "--http", "0.0.0.0:0"],
        &["serve", "--insecure"],
        &["serve", "--http", "--public-url", "notes.example"],
        &["serve", "--http", "--tls-cert", "file"],
        &[
            "serve",
            "--notes",
            "notes",
            "--http",
            "127.0.0.1:0",
            "--tls-cert",
            "file",
            "--tls-key",
            "file",
        ],
        &["serve", "--notes", "notes", "--unix-socket", "file"],
        &[
            "serve",
            "--notes",
            "notes",
            "--http",
            "127.0.0.1:0",
            "--allow-origin",
            "*",
        ],
        &["search", "--notes", "notes"],
        &["search", "x", "--notes", "nowhere"],
        &["search", "x", "--notes", "notes", "--when", "soon"],
        &["search", "x", "--notes", "notes", "--limit", "0"],
        &["search", " ", "--notes", "notes"],
        &["index", "--notes", "file"],
        &["index", "--notes", "notes", "--log", "nonsense=loud"],
        &["eval", "nowhere"],
        &["eval", "file"],
        &["eval", "no-corpus"],
        &["eval", "bad-json", "--no-embeddings"],
        &["eval", "no-match", "--no-embeddings"],
    ]
    .map(|arguments| home.fail(arguments))
    .into();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn a_taken_port_is_named() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = home.fail(&["serve", "--notes", "notes", "--http", &address]);
    let port = taken.local_addr().unwrap().port().to_string();
    insta::assert_snapshot!(said.replace(&port, "[port]"));
}
