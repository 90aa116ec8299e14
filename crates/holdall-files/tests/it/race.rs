//! A folder becomes a link to the outside and a folder again, in a loop, while files in it are read and written.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use holdall_files::{IfExists, ListRequest, Roots};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::support::Ground;

const READS: usize = 80_000;
const WRITES: usize = 20_000;
/// What lies outside, told from what lies inside by its length, too.
const OUTSIDE: &str = "canary of the outside";

/// Swaps the folder and the link, in one step each time, as long as others work.
fn swapping(ground: &Ground, work: impl FnOnce() + Send) {
    let (folder, link) = (ground.at("served/dir"), ground.at("served/link"));
    symlink(ground.at("outside"), &link).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let worker = scope.spawn(work);
        let outcome = worker.join();
        done.store(true, Relaxed);
        outcome.unwrap();
    });
}

fn nothing_escaped(ground: &Ground) {
    assert_eq!(ground.text("outside/secret.txt"), OUTSIDE);
    assert_eq!(
        fs::read_dir(ground.at("outside")).unwrap().count(),
        1,
        "something was made outside"
    );
}

fn read(roots: &Roots, number: usize) -> bool {
    // What is outside has the same name.
    match number % 4 {
        0..3 => match roots.read("r/dir/secret.txt") {
            Ok(contents) => {
                assert_eq!(contents.body.unwrap(), "inside", "read {number} escaped");
                true
            }
            Err(_) => false,
        },
        _ => {
            let request = ListRequest {
                path: Some("r"),
                depth: 2,
                limit: 50,
                after: None,
            };
            let listing = roots.list(&request).unwrap();
            let escaped = listing
                .entries
                .iter()
                .find(|entry| entry.bytes == Some(OUTSIDE.len() as u64));
            assert_eq!(escaped, None, "listing {number} escaped");
            true
        }
    }
}

fn write(roots: &Roots, number: usize) -> bool {
    let name = format!("r/dir/{}.txt", number % 16);
    match number % 8 {
        0 => match roots.removal(&name) {
            Ok(removal) => roots.remove(&removal).is_ok(),
            Err(_) => false,
        },
        1 => roots
            .rename(&name, &format!("r/dir/{}.moved", number % 16))
            .is_ok(),
        2 => roots
            .rename(&format!("r/dir/{}.moved", number % 16), &name)
            .is_ok(),
        3 => roots
            .write("r/dir/secret.txt", "inside", IfExists::Replace, None)
            .is_ok(),
        _ => roots
            .write(&name, &number.to_string(), IfExists::Replace, None)
            .is_ok(),
    }
}

#[test]
fn a_hundred_thousand_reads_and_writes_do_not_escape() {
    let ground = Ground::new(&[("dir/secret.txt", "inside")]);
    ground.put("outside/secret.txt", OUTSIDE);
    let roots = ground.roots();
    let (read_well, written_well) = (AtomicUsize::new(0), AtomicUsize::new(0));
    swapping(&ground, || {
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..READS {
                    read_well.fetch_add(usize::from(read(&roots, number)), Relaxed);
                }
            });
            for number in 0..WRITES {
                written_well.fetch_add(usize::from(write(&roots, number)), Relaxed);
            }
        });
    });
    nothing_escaped(&ground);
    // Both sides of the race were seen: else nothing was shown.
    for (well, all) in [
        (read_well.into_inner(), READS),
        (written_well.into_inner(), WRITES),
    ] {
        assert!(0 < well && well < all, "{well} of {all} met the folder");
    }
}
