//! How the process is: memory, descriptors, since when it runs, tasks. On Linux; elsewhere only the last two.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::figure;

/// Figures of the process.
pub(super) struct ProcessMetrics {
    resident_bytes: Gauge,
    open_fds: Gauge,
    tasks: Gauge,
}

impl ProcessMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let started = Gauge::<i64>::default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        started.set(i64::try_from(now.as_secs()).unwrap_or_default());
        registry.register(
            "process_start_time_seconds",
            "When the process began to count, in seconds since 1970",
            started,
        );
        let tasks = "Tasks of the asynchronous runtime, at work or waiting";
        let tasks = figure(registry, "runtime_tasks", tasks, Gauge::default());
        let mut on_linux = |name, help| match cfg!(target_os = "linux") {
            true => figure(registry, name, help, Gauge::default()),
            false => Gauge::default(),
        };
        Self {
            resident_bytes: on_linux(
                "process_resident_memory_bytes",
                "Memory of the process that is in RAM",
            ),
            open_fds: on_linux("process_open_fds", "Open file descriptors"),
            tasks,
        }
    }

    /// Brings the figures up to date.
    pub(super) fn look(&self) {
        // The page is made by a task; whoever makes it elsewhere learns what was true before.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let tasks = runtime.metrics().num_alive_tasks();
            self.tasks.set(i64::try_from(tasks).unwrap_or(i64::MAX));
        }
        #[cfg(target_os = "linux")]
        {
            if let Some(bytes) = resident_bytes() {
                self.resident_bytes.set(bytes);
            }
            if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
                // One of them is that of the folder itself.
                let open = entries.count().saturating_sub(1);
                self.open_fds.set(i64::try_from(open).unwrap_or(i64::MAX));
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn resident_bytes() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = text.split_whitespace().nth(1)?.parse().ok()?;
    let page_bytes = i64::try_from(rustix::param::page_size()).ok()?;
    pages.checked_mul(page_bytes)
}
