//! A server as a program of its own: [`Process`].

use std::fmt;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Notify;

/// How long is waited for anything unless the test says otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long is waited for what a program printed before it ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How much of what a program prints is kept, in bytes. The beginning of more is forgotten.
const PRINTED_BYTES_MAX: usize = 256 * 1024;

/// A running program, killed when this is dropped.
///
/// What it prints is kept and shown in failures. Servers that speak over standard input and output are started with
/// [`Client::spawn`](crate::Client::spawn) or [`Wire::spawn`](crate::Wire::spawn); this is for those that listen:
///
/// ```no_run
/// # #[cfg(feature = "http")]
/// # async fn example() {
/// use holdall_testkit::{Client, Process};
///
/// let mut command = std::process::Command::new("my-server");
/// command.args(["--listen", "127.0.0.1:0"]);
/// let process = Process::start(command);
/// let line = process.line_with("listening on ").await;
/// let url = line.split_once("listening on ").unwrap().1;
/// let client = Client::at(url).await;
/// # }
/// ```
pub struct Process {
    child: Child,
    printed: Arc<Printed>,
}

/// What a program printed, and which program it is.
pub(crate) struct Printed {
    command: String,
    streams: Mutex<Vec<Stream>>,
    changed: Notify,
}

/// What came on one stream.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    ended: bool,
}

impl Process {
    /// Starts a program with an empty standard input; all it prints is captured.
    ///
    /// # Panics
    /// If it cannot be started.
    #[track_caller]
    pub fn start(command: impl Into<Command>) -> Self {
        match Self::launch(command.into(), false) {
            Ok((process, _)) => process,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a program that speaks over its standard input and output.
    pub(crate) fn speaking(command: Command) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let (process, streams) = Self::launch(command, true)?;
        let (input, output) = streams.expect("both streams are piped");
        Ok((process, input, output))
    }

    fn launch(mut command: Command, speaking: bool) -> io::Result<(Self, Option<(ChildStdin, ChildStdout)>)> {
        let said = format!("{:?}", command.as_std());
        command
            .stdin(if speaking { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("cannot start {said}: {error}")))?;
        let printed = Arc::new(Printed {
            command: said,
            streams: Mutex::default(),
            changed: Notify::new(),
        });
        if let Some(errors) = child.stderr.take() {
            printed.capture(errors);
        }
        let streams = if speaking {
            child.stdin.take().zip(child.stdout.take())
        } else {
            if let Some(output) = child.stdout.take() {
                printed.capture(output);
            }
            None
        };
        Ok((Self { child, printed }, streams))
    }

    /// The id of the process; `None` once it has ended and been waited for.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it has printed so far: standard error, then standard output unless the protocol is spoken there.
    pub fn printed(&self) -> String {
        self.printed.all()
    }

    /// The first line it prints that contains `part`; waits for it.
    ///
    /// # Panics
    /// If the program closes its streams or half a minute passes without such a line.
    pub async fn line_with(&self, part: &str) -> String {
        match tokio::time::timeout(PATIENCE, self.printed.line_with(part)).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!(
                "no line with {part:?} was printed before the end\n{}",
                self.printed
            ),
            Err(_) => panic!(
                "no line with {part:?} was printed within {PATIENCE:?}\n{}",
                self.printed
            ),
        }
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// If half a minute passes.
    pub async fn wait(&mut self) -> ExitStatus {
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) => {
                // What it printed last may still be on its way; another process may hold the streams for ever.
                let _ = tokio::time::timeout(LAST_WORDS, self.printed.ended()).await;
                status
            }
            Ok(Err(error)) => panic!("the process cannot be waited for: {error}"),
            Err(_) => panic!("the process did not end within {PATIENCE:?}\n{}", self.printed),
        }
    }

    /// Ends it at once (`SIGKILL`), and waits for the end.
    pub async fn kill(&mut self) -> ExitStatus {
        // A process that has ended already needs no killing.
        let _ = self.child.start_kill();
        self.wait().await
    }

    /// Asks it to end (`SIGTERM`).
    #[cfg(unix)]
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Interrupts it as Ctrl-C does (`SIGINT`).
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let id = self.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
            // A process that has ended needs no signal.
            let _ = rustix::process::kill_process(id, signal);
        }
    }

    pub(crate) fn output(&self) -> Arc<Printed> {
        Arc::clone(&self.printed)
    }
}

impl Printed {
    fn capture(self: &Arc<Self>, mut stream: impl AsyncRead + Send + Unpin + 'static) {
        let number = {
            let mut streams = self.streams();
            streams.push(Stream::default());
            streams.len() - 1
        };
        let printed = Arc::clone(self);
        tokio::spawn(async move {
            let mut bytes = vec![0; 8 * 1024];
            loop {
                let read = stream.read(&mut bytes).await.unwrap_or_default();
                printed.add(number, &bytes[..read]);
                if read == 0 {
                    return;
                }
            }
        });
    }

    /// Adds what came on a stream; nothing is its end.
    fn add(&self, number: usize, more: &[u8]) {
        let mut streams = self.streams();
        if let Some(stream) = streams.get_mut(number) {
            stream.ended = more.is_empty();
            stream.bytes.extend_from_slice(more);
            if stream.bytes.len() > PRINTED_BYTES_MAX {
                let cut = stream.bytes.len() - PRINTED_BYTES_MAX / 2;
                stream.bytes.drain(..cut);
            }
        }
        drop(streams);
        self.changed.notify_waiters();
    }

    pub(crate) fn all(&self) -> String {
        let streams = self.streams();
        streams
            .iter()
            .map(|stream| String::from_utf8_lossy(&stream.bytes).into_owned())
            .collect()
    }

    pub(crate) async fn line_with(&self, part: &str) -> Option<String> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            {
                let streams = self.streams();
                if let Some(line) = streams.iter().find_map(|stream| stream.line_with(part)) {
                    return Some(line);
                }
                if streams.iter().all(|stream| stream.ended) {
                    return None;
                }
            }
            changed.await;
        }
    }

    async fn ended(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.streams().iter().all(|stream| stream.ended) {
                return;
            }
            changed.await;
        }
    }

    fn streams(&self) -> MutexGuard<'_, Vec<Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    fn line_with(&self, part: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        // A last line may not be whole yet.
        let mut whole = text
            .split_inclusive('\n')
            .filter(|line| self.ended || line.ends_with('\n'));
        whole
            .find(|line| line.contains(part))
            .map(|line| line.trim_end().to_owned())
    }
}

/// The program and the end of what it printed, for failures.
impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LINES: usize = 20;
        let text = self.all();
        let lines: Vec<&str> = text.lines().collect();
        let shown = &lines[lines.len().saturating_sub(LINES)..];
        match (shown.len(), lines.len()) {
            (0, _) => return writeln!(f, "  {} printed nothing", self.command),
            (shown, all) if shown == all => writeln!(f, "  {} printed:", self.command)?,
            (shown, all) => writeln!(
                f,
                "  {} printed {all} lines, of which the last {shown} are:",
                self.command
            )?,
        }
        shown.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}
