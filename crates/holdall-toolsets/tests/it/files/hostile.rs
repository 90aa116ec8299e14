//! Paths that lead elsewhere, through every tool and the resource, and a race.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::{fs, thread};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::json;

use super::Ground;

#[tokio::test]
async fn nothing_leads_out_and_nothing_is_given_away() {
    let ground = Ground::new(&[("work/a.txt", "a"), ("work/.env", "canary")]);
    let outside = ground.at("outside");
    symlink(&outside, ground.at("work/dir")).unwrap();
    symlink(outside.join("secret.txt"), ground.at("work/link.txt")).unwrap();
    symlink("../outside/secret.txt", ground.at("work/up.txt")).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(ground.at("work/pipe"))
        .status();
    assert!(pipe.unwrap().success());
    let client = ground.connect().await;
    let absolute = outside.join("secret.txt").display().to_string();
    let real = ground.at("").display().to_string();
    for path in [
        "work/../outside/secret.txt",
        "../outside/secret.txt",
        "work/dir/secret.txt",
        "work/link.txt",
        "work/up.txt",
        "work/.env",
        "work/pipe",
        "work/a.txt\0",
        "file://work/../outside/secret.txt",
        "file://work/%2e%2e/outside/secret.txt",
        "file:///etc/passwd",
        "elsewhere/a.txt",
        &absolute,
    ] {
        for (tool, arguments) in [
            ("read_file", json!({"path": path})),
            ("search_files", json!({"path": path, "pattern": "."})),
            ("list_directory", json!({"path": path})),
            (
                "write_file",
                json!({"path": path, "content": "x", "if_exists": "replace"}),
            ),
            (
                "edit_file",
                json!({"path": path, "edits": [{"find": "a", "replace": "x"}]}),
            ),
            ("move_file", json!({"from": "work/a.txt", "to": path})),
            ("move_file", json!({"from": path, "to": "work/b.txt/x"})),
        ] {
            if tool == "move_file" && matches!(path, "work/link.txt" | "work/up.txt" | "work/pipe") {
                continue;
            }
            let error = client.call(tool, arguments).await.outcome().expect_err(path);
            assert!(!error.contains("canary"), "{tool} {path:?}: {error}");
            assert!(
                !error.contains(&real) || path == absolute,
                "{tool} {path:?}: {error}"
            );
        }
        let uri = match path.strip_prefix("file://") {
            Some(_) => path.to_owned(),
            None => format!("file://{path}"),
        };
        let error = client.read(&uri).await.outcome().expect_err(&uri);
        assert!(!error.contains("canary"), "{uri:?}: {error}");
    }
    assert_eq!(ground.text("outside/secret.txt"), "canary");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(ground.text("work/a.txt"), "a");
    // The server is as well as before.
    assert_eq!(
        client
            .call("read_file", json!({"path": "work/a.txt"}))
            .await
            .json()["text"],
        "a"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_becomes_a_link_lets_no_call_out() {
    let ground = Ground::new(&[("work/dir/secret.txt", "inside")]);
    symlink(ground.at("outside"), ground.at("work/link")).unwrap();
    let (folder, link) = (ground.at("work/dir"), ground.at("work/link"));
    let client = ground.connect().await;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                for number in 0..400 {
                    let read = client
                        .call("read_file", json!({"path": "work/dir/secret.txt"}))
                        .await;
                    if let Ok(text) = read.outcome() {
                        assert!(text.contains("inside"), "{text}");
                    }
                    let write = json!({"path": format!("work/dir/{number}.txt"), "content": "x"});
                    let _ = client.call("write_file", write).await.outcome();
                }
            });
        });
        done.store(true, Relaxed);
    });
    assert_eq!(ground.text("outside/secret.txt"), "canary");
    assert_eq!(fs::read_dir(ground.at("outside")).unwrap().count(), 1);
}
