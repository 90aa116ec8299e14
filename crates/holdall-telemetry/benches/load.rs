//! What everything a team switches on costs: `cargo bench -p holdall-telemetry --bench load`, on Linux.
//!
//! The same tool is served by the same program with all of it off and with all of it on: tokens, limits, metrics and
//! the audit log in a file. Each server has a process of its own on two cores, its clients the other cores; 64
//! connections call as fast as they are answered. Rounds alternate, and each is compared with its neighbour, so that what
//! else runs on the machine meets both; the median counts. Processor time is that of the server's process, the thread
//! that writes the audit log included.
//!
//! Fails if less than three quarters of the throughput is left, or if one call in a hundred takes more than three times
//! as long as the median. `-- --each` switches on one thing after the other; `-- --rounds N` for more or fewer.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

#[cfg(target_os = "linux")]
#[path = "load/client.rs"]
mod client;
#[cfg(target_os = "linux")]
#[path = "load/server.rs"]
mod server;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1)
    };
    if let Some(way) = after("--serve") {
        let folder = after("--folder").expect("a folder");
        server::serve(way, std::path::Path::new(folder));
        return std::process::ExitCode::SUCCESS;
    }
    let rounds = after("--rounds").map_or(15, |rounds| rounds.parse().expect("a number"));
    measured::run(rounds, arguments.iter().any(|argument| argument == "--each"))
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the load is measured on Linux");
}

#[cfg(target_os = "linux")]
mod measured {
    use std::process::ExitCode;
    use std::time::Duration;

    use super::client::{Figures, Served};
    use super::server::{OFF, ON, WAYS};

    const ROUND: Duration = Duration::from_millis(1000);
    /// Of the throughput without any of it, what has to be left with all of it.
    const KEPT_MIN: f64 = 0.75;
    /// How many times the median the slowest of a hundred may take.
    const TAIL_MAX: f64 = 3.0;

    pub(crate) fn run(rounds: usize, each: bool) -> ExitCode {
        let ways: Vec<&str> = match each {
            true => WAYS.to_vec(),
            false => vec![OFF, ON],
        };
        let mut servers: Vec<Served> = ways.iter().map(|way| Served::start(way)).collect();
        for server in &mut servers {
            server.round(ROUND / 2);
        }
        let mut figures: Vec<Vec<Figures>> = vec![Vec::new(); ways.len()];
        for _ in 0..rounds {
            for (server, figures) in servers.iter_mut().zip(&mut figures) {
                figures.push(server.round(ROUND));
            }
        }
        println!(
            "{:<12} {:>9} {:>6} {:>12} {:>6} {:>8} {:>8} {:>8} {:>8}",
            "", "calls/s", "kept", "CPU µs/call", "kept", "p50 µs", "p99 µs", "p99.9 µs", "p99/p50"
        );
        let off = figures[0].clone();
        let mut last = (0.0, 0.0);
        for (way, figures) in ways.iter().zip(&figures) {
            let kept = median(figures.iter().zip(&off).map(|(on, off)| on.rate / off.rate));
            let kept_cpu = median(figures.iter().zip(&off).map(|(on, off)| off.cpu / on.cpu));
            let tail = median(figures.iter().map(|one| one.p99 / one.p50));
            let of = |figure: fn(&Figures) -> f64| median(figures.iter().map(figure));
            println!(
                "{way:<12} {:>9.0} {kept:>6.2} {:>12.2} {kept_cpu:>6.2} {:>8.0} {:>8.0} {:>8.0} {tail:>8.2}",
                of(|one| one.rate),
                of(|one| one.cpu),
                of(|one| one.p50),
                of(|one| one.p99),
                of(|one| one.p999),
            );
            last = (kept, tail);
        }
        servers.iter().for_each(Served::check);
        let (kept, tail) = last;
        println!(
            "with all on, {kept:.2} of the throughput is kept (at least {KEPT_MIN}); p99 is {tail:.2} times p50 (at most {TAIL_MAX})"
        );
        match kept >= KEPT_MIN && tail <= TAIL_MAX {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }

    fn median(figures: impl Iterator<Item = f64>) -> f64 {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    }
}
