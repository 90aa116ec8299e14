//! Several processes on the same notes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use holdall_notes::{Edit, Notebook, Role};

use crate::support::{Desk, assert_gone, eventually, found, inventory, leads, open, paths};

const CHILD: &str = "HOLDALL_TEST_CHILD";

/// Another process with a notebook. It does what lines on its standard input say, and answers each with a line.
pub(crate) struct Other {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Other {
    pub(crate) fn start(desk: &Desk) -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()), desk)
    }

    /// A process for which the system has only so many file watches. `None` where nobody may limit them.
    pub(crate) fn start_with_watches(watches: usize, desk: &Desk) -> Option<Self> {
        let limit = format!("echo {watches} > /proc/sys/user/max_inotify_watches");
        let unshare = |script: &str| {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]);
            command
        };
        let allowed = unshare(&limit).stderr(Stdio::null()).status();
        if !allowed.is_ok_and(|status| status.success()) {
            return None;
        }
        let mut command = unshare(&format!("{limit} && exec \"$@\""));
        command.arg(std::env::current_exe().unwrap());
        Some(Self::start_by(command, desk))
    }

    /// A process that may read only what permissions let it. `None` where root cannot give up its privileges.
    pub(crate) fn start_without_privileges(desk: &Desk) -> Option<Self> {
        let is_root =
            std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("Uid:\t0"));
        if !is_root {
            return Some(Self::start(desk));
        }
        let unshare = || {
            let mut command = Command::new("unshare");
            command.arg("--user");
            command
        };
        let allowed = unshare().arg("true").stderr(Stdio::null()).status();
        if !allowed.is_ok_and(|status| status.success()) {
            return None;
        }
        let mut command = unshare();
        command.arg(std::env::current_exe().unwrap());
        Some(Self::start_by(command, desk))
    }

    fn start_by(mut command: Command, desk: &Desk) -> Self {
        let mut process = command
            .args([
                "--exact",
                "processes::other_process",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(
                CHILD,
                format!("{}\n{}", desk.notes.path().display(), desk.data.path().display()),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            input,
            output,
        }
    }

    /// Sends a command without waiting.
    pub(crate) fn tell(&mut self, command: &str) {
        writeln!(self.input, "{command}").unwrap();
    }

    /// The next answer; `None` if the process has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            // The test harness prints, too.
            if let Some((_, said)) = line.trim_end_matches('\n').split_once("child: ") {
                return Some(said.to_owned());
            }
        }
    }

    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.hear().unwrap()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::from_fn(|| self.hear()).collect()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Not a test by itself: what the other process runs.
#[test]
fn other_process() {
    let Ok(folders) = std::env::var(CHILD) else { return };
    let (notes, data) = folders.split_once('\n').unwrap();
    let say = |text: &str| {
        let mut output = std::io::stdout().lock();
        writeln!(output, "child: {text}").unwrap();
        output.flush().unwrap();
    };
    let notebook = Notebook::open(&[notes], holdall_notes::NotebookOptions::new(data)).unwrap();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match command {
            "ready" => {
                assert!(notebook.wait_until_embedded(crate::support::PATIENCE));
                say(&notebook.progress().role.to_string());
            }
            "problems" => {
                let problems = notebook.status().problems;
                let problems = problems
                    .iter()
                    .map(|problem| format!("{} {}: {}", problem.path, problem.state, problem.reason));
                say(&problems.collect::<Vec<_>>().join(", "));
            }
            "watching" => {
                let watching = || notebook.status().watching;
                eventually("it is known how changes are noticed", || watching().is_some());
                say(&watching().unwrap());
            }
            "role" => say(&notebook.progress().role.to_string()),
            "find" => say(&found(&notebook, rest).join(" ")),
            "list" => say(&paths(&notebook).join(" ")),
            "create" => say(&outcome(
                rest,
                notebook.create(rest, &format!("created {rest}\n")),
            )),
            "append" => say(&outcome(
                rest,
                notebook.append(rest, &format!("appended {rest}"), None, None),
            )),
            "edit" => {
                let edit = Edit::Replace {
                    find: "created".into(),
                    replace: "edited".into(),
                    expected: 1,
                };
                say(&outcome(rest, notebook.edit(rest, &edit, None)));
            }
            // Writes until it is killed, and tells of each change that is done.
            "write" => {
                for n in 0.. {
                    let path = format!("{rest}{n}.md");
                    say(&outcome(
                        &path,
                        notebook.create(&path, &format!("# {rest}\n\nfirst {rest}{n}\n")),
                    ));
                    say(&outcome(
                        &path,
                        notebook.append(&path, &format!("second {rest}{n}"), None, None),
                    ));
                }
            }
            other => panic!("unknown command {other}"),
        }
    }
}

fn outcome(path: &str, written: Result<holdall_notes::Written, holdall_notes::NotesError>) -> String {
    match written {
        Ok(written) => format!("ok {path} {}", written.hash.unwrap()),
        Err(error) => format!("error {path} {error}"),
    }
}

#[test]
fn one_process_keeps_the_index_and_the_other_follows_and_takes_over() {
    let desk = Desk::new(&[("a.md", "giraffe"), ("stays.md", "about animals")]);
    let mut keeper = Other::start(&desk);
    assert_eq!(keeper.ask("ready"), "writer");

    let notebook = desk.open();
    assert_eq!(notebook.progress().role, Role::Reader);
    assert_eq!(found(&notebook, "giraffe")[0], "a.md");
    // It sees what the other one commits…
    desk.put("b.md", "walrus");
    eventually("a commit of the other process is seen", || {
        leads(&notebook, "walrus", "b.md")
    });
    assert!(keeper.ask("create c.md").starts_with("ok"));
    eventually("a note of the other process is seen", || {
        leads(&notebook, "created", "c.md")
    });
    // …writes itself, and both find it…
    notebook.create("mine.md", "ostrich").unwrap();
    eventually("its own note is found", || leads(&notebook, "ostrich", "mine.md"));
    assert!(keeper.ask("find ostrich").contains("mine.md"));
    assert!(keeper.ask("append mine.md").starts_with("ok"));
    assert!(
        notebook
            .read("mine.md", None)
            .unwrap()
            .text
            .contains("appended mine.md")
    );
    // …embeddings too…
    eventually("vectors of the other process are seen", || {
        let progress = notebook.progress();
        progress.passages == 5 && progress.embedded == 5
    });
    // …and takes over when the other one is gone.
    assert_eq!(notebook.progress().role, Role::Reader);
    keeper.kill();
    eventually("it takes over", || notebook.progress().role == Role::Writer);
    desk.put("d.md", "penguin");
    eventually("it follows the files itself", || {
        leads(&notebook, "penguin", "d.md")
    });
    std::fs::remove_file(desk.path("a.md")).unwrap();
    assert_gone(&notebook, "a.md", "giraffe", "stays.md");
    assert!(notebook.wait_until_embedded(crate::support::PATIENCE));
    // The next one follows in its turn.
    let mut next = Other::start(&desk);
    assert_eq!(next.ask("ready"), "reader");
    assert_eq!(next.ask("list"), paths(&notebook).join(" "));
}

#[test]
fn a_process_that_follows_knows_when_the_index_is_whole() {
    let desk = Desk::new(&[]);
    for n in 0..300 {
        desk.put(&format!("{n}.md"), format!("giraffe number{n}"));
    }
    // Both start at once on nothing; whoever keeps the index, both have all of it once they say so.
    let options = |options: &mut holdall_notes::NotebookOptions| options.semantic = false;
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| open(&[desk.notes.path()], desk.data.path(), options));
        let other = scope.spawn(|| open(&[desk.notes.path()], desk.data.path(), options));
        let open = [one.join().unwrap(), other.join().unwrap()].map(|notebook| {
            assert_eq!(inventory(&notebook).len(), 300);
            notebook
        });
        open.into()
    });
    let mut roles = [one.progress().role, other.progress().role].map(|role| role.to_string());
    roles.sort();
    assert_eq!(roles, ["reader", "writer"]);
}

#[test]
fn writers_in_two_processes_lose_nothing() {
    let desk = Desk::new(&[("shared.md", "# Shared\n")]);
    let mut other = Other::start(&desk);
    other.ask("ready");
    let notebook = desk.open();
    for _ in 0..5 {
        other.tell("append shared.md");
        notebook.append("shared.md", "mine", None, None).unwrap();
        assert!(other.hear().unwrap().starts_with("ok"));
    }
    let text = notebook.read("shared.md", None).unwrap().text;
    assert_eq!(text.matches("mine").count(), 5, "{text}");
    assert_eq!(text.matches("appended shared.md").count(), 5, "{text}");
}
