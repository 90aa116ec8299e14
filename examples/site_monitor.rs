//! A monitor of websites: whether they answer, how long their certificates are good for, and a prompt to begin with when
//! they are not. Which sites these are is said by whoever starts the server.
//!
//! Run it with `cargo run -p examples --bin site_monitor -- https://example.com`. The full-grown monitor is the toolset
//! `sites`.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use holdall::prelude::*;
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use serde::Serialize;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use x509_parser::prelude::{FromDer, X509Certificate};

/// How long a site may take.
const TIME_MAX: Duration = Duration::from_secs(10);
/// How many checks the log remembers.
const LINES_MAX: usize = 100;

/// The sites, and what was found out about them.
pub(crate) struct Monitor {
    sites: Vec<Uri>,
    tls: Arc<ClientConfig>,
    log: Mutex<VecDeque<String>>,
}

#[derive(Serialize)]
struct Settings {
    sites: Vec<String>,
    timeout_s: u64,
}

#[derive(Serialize, JsonSchema)]
struct SiteStatus {
    status: u16,
    elapsed_ms: u128,
}

#[derive(Serialize, JsonSchema)]
struct CertificateExpiry {
    expires: String,
    days_left: i64,
}

impl Monitor {
    pub(crate) fn new(sites: Vec<Uri>, roots: RootCertStore) -> Self {
        let tls = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            sites,
            tls: Arc::new(tls),
            log: Mutex::default(),
        }
    }

    /// A model may name what is monitored, and nothing else.
    fn site(&self, name: &str) -> CallResult<&Uri> {
        let known = || {
            self.sites
                .iter()
                .map(Uri::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let missing =
            || CallError::not_found(format!("`{name}` is not monitored")).hint(format!("sites: {}", known()));
        self.sites.iter().find(|site| **site == *name).ok_or_else(missing)
    }

    /// Writes a check into the log, and makes of what went wrong an error for the model.
    fn noted<T>(&self, check: &str, site: &Uri, found: Result<T, String>) -> CallResult<T> {
        let outcome = found.as_ref().map_or_else(String::as_str, |_| "good");
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push_back(format!("{:.0} {site} {check}: {outcome}", Timestamp::now()));
        if log.len() > LINES_MAX {
            log.pop_front();
        }
        found.map_err(|reason| CallError::new(ErrorKind::Unavailable, format!("{site}: {reason}")))
    }

    fn log(&self) -> String {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.make_contiguous().join("\n")
    }
}

/// Check whether a site answers, with which status, and how fast.
#[tool(read_only)]
fn check_site_status(
    monitor: State<Monitor>,
    /// The site, as config://app lists it.
    site: &str,
) -> CallResult<Json<SiteStatus>> {
    let site = monitor.site(site)?;
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .http_status_as_error(false);
    let agent: ureq::Agent = agent
        .max_redirects(0)
        .timeout_global(Some(TIME_MAX))
        .build()
        .into();
    let start = Instant::now();
    let found = agent.get(site.clone()).call().map_err(|error| error.to_string());
    let status = monitor.noted("status", site, found)?.status().as_u16();
    Ok(Json(SiteStatus {
        status,
        elapsed_ms: start.elapsed().as_millis(),
    }))
}

/// Tell when the certificate of a site expires.
#[tool(read_only)]
fn check_ssl_expiry(
    monitor: State<Monitor>,
    /// The site, as config://app lists it.
    site: &str,
) -> CallResult<Json<CertificateExpiry>> {
    let site = monitor.site(site)?;
    let expires = monitor.noted(
        "certificate",
        site,
        expiry(site, &monitor.tls).map_err(|error| error.to_string()),
    )?;
    let days_left = (expires.as_second() - Timestamp::now().as_second()) / (24 * 3600);
    Ok(Json(CertificateExpiry {
        expires: expires.to_string(),
        days_left,
    }))
}

fn expiry(site: &Uri, tls: &Arc<ClientConfig>) -> Result<Timestamp, Box<dyn std::error::Error>> {
    let host = site.host().ok_or("it has no host")?;
    let mut connection = ClientConnection::new(Arc::clone(tls), ServerName::try_from(host.to_owned())?)?;
    let mut socket = TcpStream::connect((host, site.port_u16().unwrap_or(443)))?;
    socket.set_read_timeout(Some(TIME_MAX))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    let certificates = connection.peer_certificates().ok_or("it has no certificate")?;
    let (_, certificate) = X509Certificate::from_der(&certificates[0])?;
    Ok(Timestamp::from_second(
        certificate.validity().not_after.timestamp(),
    )?)
}

/// What is monitored.
#[resource("config://app")]
fn config(monitor: State<Monitor>) -> Json<Settings> {
    let sites = monitor.sites.iter().map(Uri::to_string).collect();
    Json(Settings {
        sites,
        timeout_s: TIME_MAX.as_secs(),
    })
}

/// The latest checks, oldest first.
#[resource("log://latest")]
fn latest_log(monitor: State<Monitor>) -> String {
    monitor.log()
}

/// Find out why a site does not work.
#[prompt]
fn debug_incident(
    monitor: State<Monitor>,
    /// The site.
    site: &str,
    /// What is seen.
    #[arg(default = "it does not answer")]
    symptom: String,
) -> Conversation {
    Conversation::new()
        .user(format!("There is an incident with {site}: {symptom}."))
        .user(Embedded::text("log://latest", monitor.log()))
        .assistant("I look at the log first, and check status and certificate before I name causes.")
        .user("List three likely causes, and for each the one check that would rule it out.")
}

pub(crate) fn server(monitor: Monitor) -> Server {
    Server::new("site_monitor")
        .state(monitor)
        .add(tools![check_site_status, check_ssl_expiry])
        .add(resources![config, latest_log])
        .add(prompts![debug_incident])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let sites = std::env::args()
        .skip(1)
        .map(|site| site.parse())
        .collect::<Result<_, _>>()?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(server(Monitor::new(sites, roots)).run().await?)
}
