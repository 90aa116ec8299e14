//! Shows on a terminal how far the index is.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use holdall_notes::{Notebook, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// A bar on standard error while the notebook works; nothing if standard error is not a terminal.
pub(crate) struct Bar {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Shows the progress of `notebook` until everything is done or the bar is dropped.
    pub(crate) fn show(notebook: &Arc<Notebook>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        if !std::io::stderr().is_terminal() {
            return Self { ended, thread: None };
        }
        let (notebook, stop) = (Arc::downgrade(notebook), Arc::clone(&ended));
        let thread = thread::spawn(move || {
            let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{msg:<28} {bar:40} {pos}/{len} {elapsed}");
            bar.set_style(style.expect("the template is constant and valid"));
            while !stop.load(Ordering::Relaxed) {
                let Some(notebook) = notebook.upgrade() else { break };
                if draw(&bar, &notebook.progress()) {
                    break;
                }
                drop(notebook);
                thread::sleep(TICK);
            }
            bar.finish_and_clear();
        });
        Self {
            ended,
            thread: Some(thread),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It only draws.
            let _ = thread.join();
        }
    }
}

/// Draws; `true` when there is nothing more to do.
fn draw(bar: &ProgressBar, progress: &Progress) -> bool {
    if !progress.scanned {
        bar.set_message("reading notes");
        bar.set_length(progress.files_to_do);
        bar.set_position(progress.files_done);
        return false;
    }
    bar.set_message("learning what they mean");
    bar.set_length(progress.passages);
    bar.set_position(progress.embedded);
    progress.embedded >= progress.passages
}
