//! The servers that are compared.

use std::path::Path;

use holdall::prelude::*;
use holdall_http::auth::{NewToken, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpServer, LimitsConfig, METRICS_SCOPE, Rate};
use holdall_telemetry::{AuditConfig, LogConfig, MetricsConfig, Telemetry, TelemetryConfig};
use rustix::thread::{CpuSet, sched_setaffinity};

pub(crate) const OFF: &str = "all off";
pub(crate) const ON: &str = "all on";
/// What is switched on, the last last.
pub(crate) const WAYS: [&str; 6] = [OFF, "token", "limits", "metrics", "audit", ON];
pub(crate) const AUDIT_FILE: &str = "audit.jsonl";
/// How many cores a server has: the first ones.
pub(crate) const CORES: usize = 2;

/// Greet a person by name.
#[tool]
async fn say_hello(name: String) -> String {
    format!("Hello, {name}!")
}

/// Puts this thread and those it starts on these cores.
pub(crate) fn stay_on(cores: impl Iterator<Item = usize>) {
    let mut set = CpuSet::new();
    cores.for_each(|core| set.set(core));
    sched_setaffinity(None, &set).expect("the machine has these cores");
}

/// Serves one way until the process is ended; says where, and which token is to be sent. What it writes is in `folder`.
pub(crate) fn serve(way: &str, folder: &Path) {
    stay_on(0..CORES);
    let (telemetry, observer) = Telemetry::new(telemetry(way, folder)).start().expect("it starts");
    let mut config = HttpConfig::default();
    config.limits = limits(way);
    let mut token = String::new();
    if [ON, "token"].contains(&way) {
        let file = TokenFile::at(folder.join("tokens.toml"));
        let new = NewToken::new("bench").scopes([METRICS_SCOPE]);
        let (made, _) = file.create(new).expect("it is made");
        token = made.expose().to_owned();
        config.auth.tokens = Some(Tokens::open(file.path()).expect("it is in order"));
    }
    let mut server = Server::new("hello").add(tools![say_hello]);
    if [ON, "metrics", "audit"].contains(&way) {
        server = server.observe(observer.clone());
        config.observers = config.observers.with(observer);
        config.metrics = telemetry.metrics_page();
    }
    let service = server.build().expect("the server is right");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CORES)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
        let server = server.expect("a free port");
        println!("{} {token}", server.local_addr());
        server.serve(std::future::pending()).await;
    });
}

/// The log is as the program has it by default, whatever else is on.
fn telemetry(way: &str, folder: &Path) -> TelemetryConfig {
    let mut log = LogConfig::default();
    log.filter = "warn".to_owned();
    let mut config = TelemetryConfig::default();
    config.log = Some(log);
    config.metrics = [ON, "metrics"].contains(&way).then(MetricsConfig::default);
    config.audit = [ON, "audit"].contains(&way).then(|| {
        let mut audit = AuditConfig::default();
        audit.file = Some(folder.join(AUDIT_FILE));
        audit
    });
    config
}

/// The limits of a team, of which none is reached.
fn limits(way: &str) -> LimitsConfig {
    if ![ON, "limits"].contains(&way) {
        return LimitsConfig::none();
    }
    let often = Some(Rate::per_second(1_000_000).burst(100_000));
    let mut limits = LimitsConfig::team();
    limits.requests_per_address = often;
    limits.requests_per_principal = often;
    limits.calls_per_principal_max = Some(128);
    limits
}
