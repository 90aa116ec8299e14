//! The monitor: checks the sites that are due, keeps what it finds, and tells who watches.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use holdall::ServerHandle;
use tokio::task::{JoinSet, spawn_blocking};

use super::history::{Check, History, Pace};
use super::reason::Failure;
use super::site::{Site, history_uri};
use super::visit::{Checker, Clock, Visit};
use crate::store::StoreError;

/// How often the monitor looks whether a site is due, another process has found something, or the server has ended.
const TICK: Duration = Duration::from_secs(1);
/// The URI of the resource with the last checks.
pub(super) const LOG_URI: &str = "log://latest";

/// Checks one site.
pub(super) type Probe = Arc<dyn Fn(&Site) -> Pin<Box<dyn Future<Output = Check> + Send>> + Send + Sync>;

/// What is watched, and how.
#[derive(Clone)]
pub(super) struct Monitor {
    pub(super) sites: Arc<[Site]>,
    pub(super) history: Arc<History>,
    pub(super) pace: Pace,
    /// Checks under way at once.
    pub(super) checks_max: usize,
    pub(super) clock: Clock,
    pub(super) probe: Probe,
    /// A number from 0 to 1.
    pub(super) chance: fn() -> f64,
}

/// Checks as the monitor does.
pub(super) fn probe(checker: Checker, patience: Duration) -> Probe {
    Arc::new(move |site| {
        let (checker, site) = (checker.clone(), site.clone());
        Box::pin(async move { check_of(&site, &checker.visit(&site.url, patience).await) })
    })
}

/// A number from 0 to 1 that nobody knows beforehand.
pub(super) fn chance() -> f64 {
    // Without randomness sites are checked in step, which does no harm.
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

/// Watches on a thread of its own until `server` has ended.
pub(super) fn begin(monitor: Monitor, server: ServerHandle) {
    let watching = thread::Builder::new()
        .name("sites-monitor".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => {
                    tracing::error!(%error, "sites are not watched: no runtime can be started");
                    return;
                }
            };
            let tell = |sites: &[String]| tell(&server, &monitor.sites, sites);
            runtime.block_on(monitor.run(tell, || server.has_stopped()));
            // What blocks there ends by itself.
            runtime.shutdown_background();
        });
    if let Err(error) = watching {
        tracing::error!(%error, "sites are not watched: no thread can be started");
    }
}

/// Tells clients of sites that are in another state than before.
fn tell(server: &ServerHandle, watched: &[Site], changed: &[String]) {
    let mut hosts: Vec<&str> = Vec::new();
    for site in watched.iter().filter(|site| changed.contains(&site.name)) {
        if !hosts.contains(&site.host.as_str()) {
            hosts.push(&site.host);
        }
    }
    for host in &hosts {
        server.resource_updated(&history_uri(host));
    }
    if !hosts.is_empty() {
        server.resource_updated(LOG_URI);
    }
}

impl Monitor {
    /// Watches until `stopped`; `tell` is given the sites that are in another state than before, whichever process
    /// found that out.
    pub(super) async fn run(&self, tell: impl Fn(&[String]), stopped: impl Fn() -> bool) {
        let names: Arc<[String]> = self.sites.iter().map(|site| site.name.clone()).collect();
        // Checks under way end with this.
        let mut under_way: JoinSet<Result<(), StoreError>> = JoinSet::new();
        let mut known = self.with_history(History::newest).await.unwrap_or_default();
        let mut failing = false;
        while !stopped() {
            let turn = self.turn(&names, under_way.len(), known).await;
            match turn {
                Ok(turn) => {
                    failing = false;
                    known = turn.known;
                    if !turn.changed.is_empty() {
                        tell(&turn.changed);
                    }
                    for index in turn.due {
                        under_way.spawn(self.clone().check(index));
                    }
                }
                // Once, not each second.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "sites are not watched for now"
                    );
                }
                Err(_) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                Some(done) = under_way.join_next() => match done {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "a check was not kept");
                    }
                    Err(error) => tracing::error!(%error, "a check of a site ended badly"),
                },
            }
        }
    }

    /// What is new since `known`, and the sites whose turn was taken.
    async fn turn(&self, names: &Arc<[String]>, under_way: usize, known: i64) -> Result<Turn, StoreError> {
        let (names, now, pace, chance) = (Arc::clone(names), self.clock.now(), self.pace, self.chance);
        let free = self.checks_max.saturating_sub(under_way);
        self.with_history(move |history| {
            let (changed, known) = history.news(known)?;
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let due = history.claim(&names, now, pace, free, chance)?;
            Ok(Turn { changed, known, due })
        })
        .await
    }

    async fn check(self, index: usize) -> Result<(), StoreError> {
        let check = (self.probe)(&self.sites[index]).await;
        self.with_history(move |history| history.record(&check)).await
    }

    /// Another process may keep the file to itself for a while; checks under way go on meanwhile.
    async fn with_history<T: Send + 'static>(
        &self,
        work: impl FnOnce(&History) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let history = Arc::clone(&self.history);
        spawn_blocking(move || work(&history))
            .await
            .expect("the history does not panic, and nothing cancels it")
    }
}

struct Turn {
    changed: Vec<String>,
    known: i64,
    due: Vec<usize>,
}

/// What is kept of a visit.
fn check_of(site: &Site, visit: &Visit) -> Check {
    let judgement = visit.encryption.judgement.as_ref();
    let status = visit.answer.map(|(status, _)| status);
    let expires_soon = judgement.filter(|judgement| !judgement.problems.is_empty());
    let (state, message) = match (&visit.reason, expires_soon) {
        (Some(reason), _) => {
            let word = reason.failure.as_str();
            let state = match (reason.failure, status) {
                (Failure::HttpStatus, Some(status)) => format!("{word} {status}"),
                _ => word.to_owned(),
            };
            let more = match visit.refused {
                Some(_) => "; the operator allows its network with `watch_networks` in `[sites]`",
                None => "",
            };
            (state, Some(format!("{}{more}", reason.message)))
        }
        (None, Some(judgement)) => (
            format!("certificate_{}", judgement.condition.as_str()),
            Some(format!("the certificate: {}", judgement.problems.join("; "))),
        ),
        (None, None) => ("up".to_owned(), None),
    };
    Check {
        site: site.name.clone(),
        at: visit.at,
        up: visit.is_up(),
        state,
        status,
        total_ms: u64::try_from(visit.timings.total.as_millis()).unwrap_or(u64::MAX),
        message,
        certificate_until: judgement.and_then(|judgement| Some(judgement.certificate.as_ref()?.not_after)),
        changed: false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use jiff::{SignedDuration, Timestamp};
    use tempfile::TempDir;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
    use tokio::time::Instant;

    use super::super::history::Retention;
    use super::*;

    /// Sites that are what the test says, and are asked in no time unless it says otherwise.
    #[derive(Clone, Default)]
    struct World(Arc<Shared>);

    #[derive(Default)]
    struct Shared {
        states: Mutex<HashMap<String, &'static str>>,
        asked: Mutex<Vec<(String, u64)>>,
        takes: Mutex<Duration>,
        under_way: AtomicUsize,
        most: AtomicUsize,
        dropped: AtomicUsize,
    }

    struct Under(World);

    impl Drop for Under {
        fn drop(&mut self) {
            self.0.0.under_way.fetch_sub(1, Ordering::SeqCst);
            self.0.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl World {
        fn put(&self, site: &str, state: &'static str) {
            self.0.states.lock().unwrap().insert(site.to_owned(), state);
        }

        fn asked(&self) -> Vec<(String, u64)> {
            std::mem::take(&mut self.0.asked.lock().unwrap())
        }

        fn monitor(&self, folder: &TempDir, sites: &[&str]) -> Monitor {
            let began = Instant::now();
            let start: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
            let clock = Clock(Arc::new(move || {
                start + SignedDuration::try_from(began.elapsed()).unwrap()
            }));
            let (world, now) = (self.clone(), clock.clone());
            let probe: Probe = Arc::new(move |site| {
                let (world, now, site) = (world.clone(), now.clone(), site.name.clone());
                let seconds = began.elapsed().as_secs();
                world.0.asked.lock().unwrap().push((site.clone(), seconds));
                Box::pin(async move {
                    let under_way = world.0.under_way.fetch_add(1, Ordering::SeqCst) + 1;
                    world.0.most.fetch_max(under_way, Ordering::SeqCst);
                    let _under = Under(world.clone());
                    let takes = *world.0.takes.lock().unwrap();
                    tokio::time::sleep(takes).await;
                    let state = world.0.states.lock().unwrap().get(&site).copied().unwrap_or("up");
                    assert_ne!(state, "panic", "as asked for");
                    Check {
                        at: now.now(),
                        up: state == "up",
                        state: state.to_owned(),
                        status: None,
                        total_ms: 1,
                        message: None,
                        certificate_until: None,
                        changed: false,
                        site,
                    }
                })
            });
            let retention = Retention {
                checks_max: 1000,
                days_max: 30,
            };
            Monitor {
                sites: sites.iter().map(|site| Site::parse(site).unwrap()).collect(),
                history: Arc::new(History::open(&folder.path().join("sites.db"), retention).unwrap()),
                pace: Pace {
                    interval_ms: 60_000,
                    jitter_percent: 0,
                },
                checks_max: 2,
                clock,
                probe,
                chance: || 0.5,
            }
        }
    }

    /// Runs a monitor; what it tells of comes out.
    fn run(
        monitor: Monitor,
        stop: &Arc<AtomicBool>,
    ) -> (UnboundedReceiver<String>, tokio::task::JoinHandle<()>) {
        let (sender, receiver) = unbounded_channel();
        let stop = Arc::clone(stop);
        let running = tokio::spawn(async move {
            let tell = |sites: &[String]| {
                for site in sites {
                    sender.send(site.clone()).unwrap();
                }
            };
            monitor.run(tell, || stop.load(Ordering::SeqCst)).await;
        });
        (receiver, running)
    }

    /// Lets so much time pass.
    async fn pass(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn sites_are_checked_once_an_interval_and_changes_are_told() {
        let (folder, world) = (tempfile::tempdir().unwrap(), World::default());
        let stop = Arc::default();
        let monitor = world.monitor(&folder, &["https://a.test", "https://b.test"]);
        let history = Arc::clone(&monitor.history);
        let (mut told, running) = run(monitor, &stop);
        // The first check is news.
        let mut first = [told.recv().await.unwrap(), told.recv().await.unwrap()];
        first.sort();
        assert_eq!(first, ["https://a.test/", "https://b.test/"]);
        pass(30).await;
        assert_eq!(world.asked().len(), 2);
        world.put("https://a.test/", "timed_out");
        assert_eq!(told.recv().await.unwrap(), "https://a.test/");
        pass(90).await;
        assert!(told.try_recv().is_err(), "the same again is no news");
        world.put("https://a.test/", "up");
        assert_eq!(told.recv().await.unwrap(), "https://a.test/");
        let asked = world.asked();
        for site in ["https://a.test/", "https://b.test/"] {
            let times: Vec<u64> = asked
                .iter()
                .filter(|(name, _)| name == site)
                .map(|(_, at)| *at)
                .collect();
            assert!(
                times.windows(2).all(|two| (60..=62).contains(&(two[1] - two[0]))),
                "{times:?}"
            );
        }
        assert_eq!(history.incidents("https://a.test/", 9).unwrap().len(), 1);
        stop.store(true, Ordering::SeqCst);
        running.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_allowed_are_checked_at_once() {
        let (folder, world) = (tempfile::tempdir().unwrap(), World::default());
        *world.0.takes.lock().unwrap() = Duration::from_secs(5);
        let sites: Vec<String> = (0..9)
            .map(|number| format!("https://site{number}.test"))
            .collect();
        let names: Vec<&str> = sites.iter().map(String::as_str).collect();
        let stop = Arc::default();
        let (mut told, running) = run(world.monitor(&folder, &names), &stop);
        for _ in 0..9 {
            told.recv().await.unwrap();
        }
        assert_eq!(world.0.most.load(Ordering::SeqCst), 2);
        let times: Vec<u64> = world.asked().into_iter().map(|(_, at)| at).collect();
        assert!(times[8] >= 20 && times[8] < 30, "{times:?}");
        stop.store(true, Ordering::SeqCst);
        running.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn two_on_one_file_share_the_work_and_both_tell() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (World::default(), World::default());
        let stop = Arc::default();
        let sites = ["https://a.test", "https://b.test"];
        let (mut told_one, running_one) = run(one.monitor(&folder, &sites), &stop);
        let (mut told_other, running_other) = run(other.monitor(&folder, &sites), &stop);
        for _ in 0..2 {
            told_one.recv().await.unwrap();
            told_other.recv().await.unwrap();
        }
        pass(300).await;
        let checks = one.asked().len() + other.asked().len();
        assert!(
            (10..=12).contains(&checks),
            "{checks} checks of two sites in five minutes"
        );
        for world in [&one, &other] {
            world.put("https://a.test/", "refused");
        }
        assert_eq!(told_one.recv().await.unwrap(), "https://a.test/");
        assert_eq!(told_other.recv().await.unwrap(), "https://a.test/");
        stop.store(true, Ordering::SeqCst);
        running_one.await.unwrap();
        running_other.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_does_not_wait_for_checks() {
        let (folder, world) = (tempfile::tempdir().unwrap(), World::default());
        *world.0.takes.lock().unwrap() = Duration::from_secs(1_000_000);
        let stop = Arc::default();
        let (_told, running) = run(world.monitor(&folder, &["https://a.test"]), &stop);
        pass(10).await;
        assert_eq!(world.0.under_way.load(Ordering::SeqCst), 1);
        stop.store(true, Ordering::SeqCst);
        running.await.unwrap();
        // Its place in the queue of the runtime ends a moment later.
        while world.0.dropped.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_panics_harms_no_other() {
        let (folder, world) = (tempfile::tempdir().unwrap(), World::default());
        world.put("https://a.test/", "panic");
        let stop = Arc::default();
        let (mut told, running) = run(
            world.monitor(&folder, &["https://a.test", "https://b.test"]),
            &stop,
        );
        assert_eq!(told.recv().await.unwrap(), "https://b.test/");
        world.put("https://a.test/", "up");
        assert_eq!(told.recv().await.unwrap(), "https://a.test/");
        stop.store(true, Ordering::SeqCst);
        running.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_history_that_fails_is_tried_again() {
        let (folder, world) = (tempfile::tempdir().unwrap(), World::default());
        let stop = Arc::default();
        let monitor = world.monitor(&folder, &["https://a.test"]);
        let file = rusqlite::Connection::open(folder.path().join("sites.db")).unwrap();
        file.execute_batch("ALTER TABLE sites RENAME TO elsewhere")
            .unwrap();
        let (mut told, running) = run(monitor, &stop);
        pass(10).await;
        assert!(world.asked().is_empty());
        file.execute_batch("ALTER TABLE elsewhere RENAME TO sites")
            .unwrap();
        assert_eq!(told.recv().await.unwrap(), "https://a.test/");
        stop.store(true, Ordering::SeqCst);
        running.await.unwrap();
    }
}
