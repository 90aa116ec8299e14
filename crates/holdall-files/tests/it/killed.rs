//! A process is killed while it writes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use holdall_files::{FILE_BYTES_MAX, IfExists, RootOptions, Roots};

use crate::support::Ground;

const FOLDER: &str = "HOLDALL_TEST_KILLED_FOLDER";

/// The process that is killed: writes until it is. Only the test below starts it, by the variable.
#[test]
fn killed_process() {
    let Some(path) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let root = RootOptions {
        name: "r".to_owned(),
        path,
        write: true,
        hidden: false,
    };
    let roots = Roots::open([root], FILE_BYTES_MAX).unwrap();
    for number in 0..1_000_000 {
        let text = char::from(b'a' + (number % 26) as u8).to_string().repeat(300_000);
        roots.write("a.txt", &text, IfExists::Replace, None).unwrap();
        roots
            .write(&format!("{}.txt", number % 50), &text, IfExists::Replace, None)
            .unwrap();
        println!("written");
    }
}

#[test]
fn killed_writers_leave_whole_files() {
    let ground = Ground::new(&[]);
    for round in 0..10 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::killed_process", "--nocapture"])
            .env(FOLDER, ground.at("served"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let written = lines
            .filter(|line| line.contains("written"))
            .take(1 + round * 3)
            .count();
        assert_eq!(written, 1 + round * 3);
        child.kill().unwrap();
        child.wait().unwrap();
        let mut whole = 0;
        for entry in fs::read_dir(ground.at("served")).unwrap() {
            let path = entry.unwrap().path();
            // What was being written has a name nobody sees.
            if path.extension().is_some_and(|extension| extension == "txt") {
                let text = fs::read(&path).unwrap();
                assert!(
                    text.len() == 300_000 && text.iter().all(|byte| *byte == text[0]),
                    "{}",
                    path.display()
                );
                whole += 1;
            }
        }
        assert!(whole > 0);
        let listed = ground.roots().list(&holdall_files::ListRequest {
            path: None,
            depth: 1,
            limit: 100,
            after: None,
        });
        assert_eq!(listed.unwrap().entries.len(), whole);
    }
}
