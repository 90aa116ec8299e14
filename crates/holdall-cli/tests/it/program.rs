//! Runs the program in a place of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Longer than anything takes.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// A home with a folder of notes in it.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        home.put(
            "notes/car.md",
            "# Garage\n\nThe mechanic repaired the engine of my car.\n",
        );
        home.put("notes/daily/2026-05-04.md", "# Monday\n\nBaked bread. #kitchen\n");
        home
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The program, at home, with nothing of the environment the tests run in.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdall"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that succeeds prints.
    #[track_caller]
    pub(crate) fn print(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn print_json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.print(arguments)).unwrap()
    }

    /// Exit code and message of a command that fails, without what differs from run to run.
    #[track_caller]
    pub(crate) fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let code = output.status.code().unwrap();
        assert!(code != 0, "{arguments:?} succeeded");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
        let home = fs::canonicalize(self.folder.path()).unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        let error = error.replace(home.to_str().unwrap(), "[home]");
        format!(
            "$ holdall {}\n{}(exit code {code})",
            arguments.join(" "),
            error.trim_start()
        )
    }
}
