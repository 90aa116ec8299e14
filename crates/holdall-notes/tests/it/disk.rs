//! Full and read-only disks. Needs the permission to mount; says so where it is missing.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdall_notes::{Notebook, NotebookOptions};
use tempfile::TempDir;

use crate::support::{Desk, eventually, files, inventory, leads, open};

/// A small disk.
struct Disk {
    folder: TempDir,
}

impl Disk {
    fn mount(options: &str) -> Option<Self> {
        let disk = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        if mount(&["-t", "tmpfs", "-o", options, "tmpfs"], disk.folder.path()) {
            return Some(disk);
        }
        println!("skipped: needs mount permission");
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn remount(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], self.path()));
    }

    /// Takes all the space that is left.
    fn fill(&self) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = File::create(&filler).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        filler
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn an_index_without_space_says_so_and_goes_on_when_there_is_some() {
    let Some(disk) = Disk::mount("size=1m") else {
        return;
    };
    let desk = Desk::new(&[]);
    let mut dice = crate::support::Dice(1);
    for n in 0..150 {
        let words: String = (0..1500)
            .map(|_| format!("w{} ", dice.below(1_000_000)))
            .collect();
        desk.put(&format!("{n}.md"), format!("giraffe{n} {words}"));
    }
    let before: Vec<_> = files(desk.notes.path())
        .iter()
        .map(|file| fs::read(file).unwrap())
        .collect();
    let mut options = NotebookOptions::new(disk.path());
    options.semantic = false;
    let notebook = Notebook::open(&[desk.notes.path()], options).unwrap();
    eventually("the error is told", || notebook.status().last_error.is_some());
    // Files are the truth: they can be read meanwhile.
    assert!(notebook.read("3.md", None).unwrap().text.starts_with("giraffe3 "));
    disk.remount("size=64m");
    eventually("all notes are indexed", || {
        notebook.progress().scanned
            && inventory(&notebook).len() == 150
            && leads(&notebook, "giraffe7", "7.md")
    });
    eventually("the error is over", || notebook.status().last_error.is_none());
    let after: Vec<_> = files(desk.notes.path())
        .iter()
        .map(|file| fs::read(file).unwrap())
        .collect();
    assert!(before == after);
}

#[test]
fn vectors_without_space_leave_words_to_be_found() {
    let Some(disk) = Disk::mount("size=4m") else {
        return;
    };
    let desk = Desk::new(&[("a.md", "giraffe"), ("b.md", "walrus")]);
    drop(open(&[desk.notes.path()], disk.path(), |options| {
        options.semantic = false
    }));
    let filler = disk.fill();
    let notebook = Notebook::open(&[desk.notes.path()], NotebookOptions::new(disk.path())).unwrap();
    eventually("words are found", || leads(&notebook, "walrus", "b.md"));
    eventually("the error is told", || notebook.status().last_error.is_some());
    fs::remove_file(filler).unwrap();
    eventually("everything is embedded", || notebook.progress().embedded == 2);
    eventually("the error is over", || notebook.status().last_error.is_none());
}

#[test]
fn a_note_that_does_not_fit_is_not_written_at_all() {
    let Some(disk) = Disk::mount("size=1m") else {
        return;
    };
    let data = tempfile::tempdir().unwrap();
    fs::write(disk.path().join("a.md"), "giraffe\n").unwrap();
    let notebook = open(&[disk.path()], data.path(), |options| options.semantic = false);
    let filler = disk.fill();
    let text = "x ".repeat(100_000);
    let error = notebook.append("a.md", &text, None, None).unwrap_err();
    assert_eq!(error.kind(), "disk_full", "{error}");
    let error = notebook.create("new.md", &text).unwrap_err();
    assert_eq!(error.kind(), "disk_full", "{error}");
    assert_eq!(fs::read_to_string(disk.path().join("a.md")).unwrap(), "giraffe\n");
    assert_eq!(files(disk.path()), [disk.path().join("a.md"), filler.clone()]);
    // Nothing was changed, so there is nothing to undo.
    assert_eq!(notebook.undo().unwrap_err().kind(), "nothing_to_undo");
    fs::remove_file(filler).unwrap();
    notebook.append("a.md", "walrus", None, None).unwrap();
    assert!(leads(&notebook, "walrus", "a.md"));
}

#[test]
fn a_journal_without_space_keeps_the_note_as_it_is() {
    let Some(disk) = Disk::mount("size=2m") else {
        return;
    };
    let desk = Desk::new(&[("a.md", "giraffe\n")]);
    let notebook = open(&[desk.notes.path()], disk.path(), |options| {
        options.semantic = false
    });
    let filler = disk.fill();
    let error = notebook.append("a.md", "walrus", None, None).unwrap_err();
    assert_eq!(error.kind(), "disk_full", "{error}");
    assert_eq!(fs::read_to_string(desk.path("a.md")).unwrap(), "giraffe\n");
    fs::remove_file(filler).unwrap();
    notebook.append("a.md", "walrus", None, None).unwrap();
    assert!(leads(&notebook, "walrus", "a.md"));
}

#[test]
fn read_only_disks_are_told_and_read() {
    let Some(disk) = Disk::mount("size=1m") else {
        return;
    };
    fs::write(disk.path().join("a.md"), "giraffe\n").unwrap();
    disk.remount("ro");
    // As the place of data: nothing can be done.
    let desk = Desk::new(&[("a.md", "x")]);
    let error = Notebook::open(
        &[desk.notes.path()],
        NotebookOptions::new(disk.path().join("data")),
    )
    .err()
    .unwrap();
    assert_eq!(error.kind(), "data_folder");
    assert!(error.hint().unwrap().contains("can be written"));
    // As the place of notes: they are found, not changed.
    let notebook = open(&[disk.path()], desk.data.path(), |options| {
        options.semantic = false
    });
    assert!(leads(&notebook, "giraffe", "a.md"));
    for error in [
        notebook.append("a.md", "x", None, None),
        notebook.create("b.md", "x"),
    ] {
        assert_eq!(error.unwrap_err().kind(), "read_only");
    }
    assert_eq!(notebook.status().last_error, None);
}
