//! The process around the protocol: its standard streams, and whether anybody is left who could want it.

use std::fs::File;
use std::io;

#[cfg(unix)]
pub(super) use self::unix::{Watch, take_over};
#[cfg(windows)]
pub(super) use self::windows::{Watch, take_over};

#[cfg(unix)]
mod unix {
    use std::os::fd::OwnedFd;
    use std::thread;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, getppid};
    use tokio_util::sync::CancellationToken;

    use super::{File, io};

    /// How often the parent is looked after where the system does not tell of its end.
    const LOOK_EVERY_S: i64 = 2;

    /// Standard input, and a private copy of standard output; the public one becomes standard error.
    pub(in crate::stdio) fn take_over() -> io::Result<(File, File)> {
        let input = rustix::io::dup(rustix::stdio::stdin())?;
        let output = rustix::io::dup(rustix::stdio::stdout())?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        Ok((File::from(input), File::from(output)))
    }

    /// Watches for the end of those who started this process, until it is dropped.
    ///
    /// The end of the input says the same in most cases, but not in all: a copy of the pipe's other end may have
    /// leaked into a process that lives on. So two more signs count. Nobody can read the output any more, which holds
    /// through any number of wrappers that hand their streams on; or the parent is gone, which a host that starts
    /// its servers through `npx`, `uvx` or a shell leaves behind when it kills the wrapper alone.
    ///
    /// `PR_SET_PDEATHSIG` would not do: it fires when the *thread* ends that started this process, and hosts start
    /// their servers from threads that come and go.
    pub(in crate::stdio) struct Watch {
        /// Closing it ends the watching thread.
        _end: OwnedFd,
    }

    impl Watch {
        /// Cancels `orphaned` once nobody is left.
        pub(in crate::stdio) fn start(output: &File, orphaned: CancellationToken) -> io::Result<Self> {
            let output = OwnedFd::from(output.try_clone()?);
            let (ended, end) = rustix::pipe::pipe()?;
            let parent = Parent::of_this();
            thread::Builder::new().name("stdio-watch".into()).spawn(move || {
                match watch(&output, &ended, &parent) {
                    Ok(Some(why)) => {
                        tracing::info!("{why}: the server ends");
                        orphaned.cancel();
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::debug!(%error, "the end of the client will be seen on the input alone")
                    }
                }
            })?;
            Ok(Self { _end: end })
        }
    }

    /// The process that started this one, or that which took it in.
    struct Parent {
        id: Option<Pid>,
        /// Becomes readable when the process ends.
        #[cfg(target_os = "linux")]
        handle: Option<OwnedFd>,
    }

    impl Parent {
        fn of_this() -> Self {
            // Process 1 ends with the machine or the container: there is nothing to wait for.
            let id = getppid().filter(|id| !id.is_init());
            Self {
                id,
                #[cfg(target_os = "linux")]
                handle: id.and_then(|id| {
                    rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty()).ok()
                }),
            }
        }

        fn is_gone(&self) -> bool {
            self.id.is_some() && getppid() != self.id
        }

        #[cfg(target_os = "linux")]
        fn handle(&self) -> Option<&OwnedFd> {
            self.handle.as_ref()
        }

        #[cfg(not(target_os = "linux"))]
        fn handle(&self) -> Option<&OwnedFd> {
            None
        }

        /// How long to wait before the parent is looked after; for ever where the system tells of its end.
        fn look_after(&self) -> Option<Timespec> {
            (self.id.is_some() && self.handle().is_none()).then_some(Timespec {
                tv_sec: LOOK_EVERY_S,
                tv_nsec: 0,
            })
        }
    }

    /// Waits. Returns what happened, or nothing if the watch is over.
    fn watch(output: &OwnedFd, ended: &OwnedFd, parent: &Parent) -> io::Result<Option<&'static str>> {
        loop {
            // Errors and hang-ups are told without being asked for.
            let mut fds = vec![
                PollFd::new(ended, PollFlags::empty()),
                PollFd::new(output, PollFlags::empty()),
            ];
            fds.extend(parent.handle().map(|handle| PollFd::new(handle, PollFlags::IN)));
            match poll(&mut fds, parent.look_after().as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let happened: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            if happened[0] {
                return Ok(None);
            }
            if happened[1] {
                return Ok(Some("nobody can read the output any more"));
            }
            if parent.is_gone() || happened.get(2) == Some(&true) {
                return Ok(Some("the process that started this one is gone"));
            }
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::os::windows::io::AsHandle;

    use tokio_util::sync::CancellationToken;

    use super::{File, io};

    /// Private copies of standard input and output.
    pub(in crate::stdio) fn take_over() -> io::Result<(File, File)> {
        let input = io::stdin().as_handle().try_clone_to_owned()?;
        let output = io::stdout().as_handle().try_clone_to_owned()?;
        Ok((File::from(input), File::from(output)))
    }

    /// The end of the input is the only sign there is.
    pub(in crate::stdio) struct Watch;

    impl Watch {
        pub(in crate::stdio) fn start(_: &File, _: CancellationToken) -> io::Result<Self> {
            Ok(Self)
        }
    }
}
