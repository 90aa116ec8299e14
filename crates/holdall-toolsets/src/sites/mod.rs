//! The `sites` toolset: whether sites are up, how long their certificates last, and what a monitor saw of them.
//!
//! Here: the tools, resources and prompts, the checks behind them, the monitor and its history. It reaches the network
//! through `outbound` alone, sends nothing but `GET` without credentials, and never looks at what pages say.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which tools, resources and prompts are there |
//! | `config`, `error` | what may an operator say, and what is wrong with it |
//! | `site` | from what people write to what is asked |
//! | `visit` | what comes of asking a site |
//! | `exchange` | what comes of one request |
//! | `encrypt` | how is a connection encrypted, whatever the certificate |
//! | `heard` | how did an answer begin that was not understood |
//! | `certificate` | is a certificate good, and if not, why not |
//! | `reason` | why is a site not well, in words a model can act on |
//! | `monitor` | what is checked when, and who hears of it |
//! | `history` | what is kept, and which of several processes checks |
//! | `replies` | what does a reply look like, as JSON and as text |
//! | `incident` | what is a model told about an incident |

mod certificate;
mod config;
mod encrypt;
mod error;
mod exchange;
mod heard;
mod history;
mod incident;
mod monitor;
mod reason;
mod replies;
mod site;
mod visit;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holdall::prelude::*;
use holdall::{Entry, Page};
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use self::config::SitesConfig;
pub use self::error::SitesError;
use self::error::call_error;
use self::history::{History, Pace, Retention};
use self::monitor::Monitor;
use self::replies::{
    CertificateReply, HistoriesReply, HistoryReply, SettingsReply, SiteReply, SitesReply, StatusReply, line,
};
use self::site::{Site, authority, parse_host, parse_url, plain};
use self::visit::{Checker, Clock};
use crate::outbound::{Connector, Resolve, Url};

/// Checks the tools have under way at once, all callers together.
const TOOL_CHECKS_MAX: usize = 32;
/// Lines of `log://latest`.
const LOG_LINES_MAX: u32 = 100;
/// Checks and incidents of each site in `sites://{host}/history`.
const RESOURCE_ROWS_MAX: u32 = 100;
/// Incidents in a reply.
const INCIDENTS_SHOWN_MAX: u32 = 20;
/// Values offered while one is typed.
const COMPLETIONS_MAX: usize = 100;

/// What a model should know before it uses the toolset, for [`Server::instructions`](holdall::Server::instructions).
pub const INSTRUCTIONS: &str = "check_site_status and check_ssl_expiry look at any public site now; list_sites and \
site_history tell what the monitor saw of the sites the operator watches. A site that is down is an answer, not an \
error: say why, and what the reply suggests next.";

/// Tools, resources and a prompt about sites, and the monitor of those that are watched.
///
/// The monitor begins when a server is built with the toolset and ends with it. Clients that subscribed to the history
/// of a host, or to the log, hear of it when a site is in another state than at the check before: up, down, down for
/// another reason, its certificate soon to expire. They do not hear of checks that found the same as before.
///
/// Several processes may watch with one file: each check is made by one of them, whichever comes first, and all of them
/// tell their clients.
///
/// ```
/// use holdall::Server;
/// use holdall_toolsets::sites::{SitesConfig, SitesToolset};
///
/// let folder = tempfile::tempdir()?;
/// let toolset = SitesToolset::open(SitesConfig::default(), &folder.path().join("sites.db"))?;
/// let service = Server::new("sites").add(toolset).build()?;
/// assert_eq!(service.tool_names()[0], "check_site_status");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SitesToolset {
    config: SitesConfig,
    sites: Arc<[Site]>,
    /// The history; none if nothing is watched.
    history: Option<Arc<History>>,
    /// Looks at whatever a caller names.
    anywhere: Checker,
    /// Looks at watched sites.
    watched: Checker,
    clock: Clock,
    places: Semaphore,
}

impl SitesToolset {
    /// Opens the history at `database`, unless the configuration names another file or no site.
    ///
    /// # Errors
    /// The configuration makes no sense, or the file cannot be opened or is not a history.
    pub fn open(config: SitesConfig, database: &Path) -> Result<Self, SitesError> {
        let sites: Arc<[Site]> = config.sites()?.into();
        let retention = Retention {
            checks_max: config.history_checks_max,
            days_max: config.history_days_max,
        };
        let path = config.database.as_deref().unwrap_or(database);
        let history = match sites.is_empty() {
            true => None,
            false => Some(Arc::new(History::open(path, retention)?)),
        };
        let clock = Clock::system();
        let anywhere = Checker {
            connector: Connector::new(&config.network),
            home: None,
            trust: certificate::Trust::of_system(&config.authorities)?,
            clock: clock.clone(),
            certificate_days_min: config.certificate_days_min,
        };
        let watched = Checker {
            home: Some(Connector::new(&config.watched_network())),
            ..anywhere.clone()
        };
        Ok(Self {
            config,
            sites,
            history,
            anywhere,
            watched,
            clock,
            places: Semaphore::new(TOOL_CHECKS_MAX),
        })
    }

    /// Finds names by `resolver` in place of the system.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        let connectors = [
            Some(&mut self.anywhere.connector),
            Some(&mut self.watched.connector),
            self.watched.home.as_mut(),
        ];
        for connector in connectors.into_iter().flatten() {
            *connector = connector.clone().resolver(Arc::clone(&resolver));
        }
        self
    }
}

#[toolset(on_start = watch)]
impl SitesToolset {
    /// Check now whether a site is up: requests it, follows redirects, and says the status, where it ended,
    /// how long each part took, and if it is down, why and what to look at next.
    #[tool(title = "Check site", read_only, idempotent, timeout = "90s", tags("sites"))]
    async fn check_site_status(
        &self,
        /// The URL; without a scheme, https.
        #[arg(length = 1..=2048, examples = ["https://example.com/health"])]
        url: &str,
        /// How many seconds it may take in all. Default: what the operator set.
        #[arg(range = 1..=60)]
        timeout: Option<u32>,
    ) -> CallResult<JsonWithText<StatusReply>> {
        let url = parse_url(url).map_err(|problem| wrong("url", url, &problem))?;
        let _place = self.place()?;
        let visit = self.checker_of(&url).visit(&url, self.patience(timeout)).await;
        if let Some(refused) = visit.refused {
            return Err(refused.into_call_error());
        }
        let reply = StatusReply::new(&url, &visit);
        let text = reply.text(&url);
        Ok(Json(reply).with_text(text))
    }

    /// Check now how long a server's TLS certificate lasts, and what is wrong with it: expired, not yet valid, for
    /// another name, self-signed, incomplete chain or unknown authority. Nothing but the handshake is sent.
    #[tool(
        title = "Check certificate",
        read_only,
        idempotent,
        timeout = "90s",
        tags("sites")
    )]
    async fn check_ssl_expiry(
        &self,
        /// Host name or address.
        #[arg(length = 1..=2048, examples = ["example.com"])]
        hostname: &str,
        /// Default: 443.
        #[arg(range = 1..=65535)]
        port: Option<u16>,
        /// How many seconds it may take in all. Default: what the operator set.
        #[arg(range = 1..=60)]
        timeout: Option<u32>,
    ) -> CallResult<JsonWithText<CertificateReply>> {
        let (host, port) =
            parse_host(hostname, port).map_err(|problem| wrong("hostname", hostname, &problem))?;
        let _place = self.place()?;
        let name = host.to_string();
        let is_watched = |site: &Site| {
            site.url.host_str() == Some(&name) && site.url.port_or_known_default() == Some(port)
        };
        let checker = match self.sites.iter().any(is_watched) {
            true => &self.watched,
            false => &self.anywhere,
        };
        let look = checker.look(&host, port, self.patience(timeout)).await;
        if let Some(refused) = look.refused {
            return Err(refused.into_call_error());
        }
        let reply = CertificateReply::new(name, port, &look);
        let text = reply.text();
        Ok(Json(reply).with_text(text))
    }

    /// List the sites the operator watches, those that are down first: since when they are as they are, uptime, and
    /// days their certificates last. Reads what the monitor saw; nothing is asked.
    #[tool(
        title = "List sites",
        read_only,
        idempotent,
        open_world = false,
        tags("sites")
    )]
    fn list_sites(&self) -> CallResult<JsonWithText<SitesReply>> {
        let sites = self.sites.iter().map(|site| self.summed_up(site));
        let reply = SitesReply::new(sites.collect::<CallResult<_>>()?, self.config.interval.as_secs());
        let text = reply.text();
        Ok(Json(reply).with_text(text))
    }

    /// Tell what the monitor saw of a watched site: incidents with begin, end and reason, and single checks.
    #[tool(
        title = "Site history",
        read_only,
        idempotent,
        open_world = false,
        tags("sites")
    )]
    fn site_history(
        &self,
        /// URL or host, as list_sites has them; a host means all sites on it.
        #[arg(length = 1..=2048)]
        site: &str,
        /// How many checks of each site.
        #[arg(default = 20, range = 1..=500)]
        limit: u32,
        /// Only checks that found something else than the one before.
        #[arg(default = false)]
        changes_only: bool,
        /// Only checks before this time: `older` of the reply before.
        #[arg(format = "date-time")]
        before: Option<String>,
    ) -> CallResult<JsonWithText<HistoriesReply>> {
        let before = before.map(|text| moment(&text)).transpose()?;
        let sites = self.called(site)?;
        let histories = sites
            .into_iter()
            .map(|site| self.history_of(site, before, changes_only, limit, INCIDENTS_SHOWN_MAX));
        let reply = HistoriesReply {
            sites: histories.collect::<CallResult<_>>()?,
        };
        let text = reply.text();
        Ok(Json(reply).with_text(text))
    }

    /// The configuration of the site checks, without secrets.
    #[resource(
        "config://app",
        name = "sites-config",
        title = "Configuration of the site checks"
    )]
    fn app_config(&self) -> Json<SettingsReply> {
        Json(SettingsReply::new(&self.config, &self.sites))
    }

    /// The latest checks of all watched sites, newest first, a line each; a word in capitals is news.
    // The URI is `monitor::LOG_URI`, too.
    #[resource("log://latest", name = "sites-log", title = "Latest checks")]
    fn latest_log(&self) -> CallResult<String> {
        let Some(history) = &self.history else {
            return Ok("no site is watched\n".to_owned());
        };
        let names: Vec<&str> = self.sites.iter().map(|site| site.name.as_str()).collect();
        let checks = history.latest(&names, LOG_LINES_MAX).map_err(call_error)?;
        Ok(match checks.is_empty() {
            true => "no site has been checked yet\n".to_owned(),
            false => checks.iter().map(|check| line(check) + "\n").collect(),
        })
    }

    /// What the monitor saw of the watched sites of a host: incidents and the last checks.
    // The template is `site::HISTORY_TEMPLATE`, too.
    #[resource(
        "sites://{host}/history",
        name = "site-history",
        title = "History of a host",
        list = list_histories,
        complete(host = complete_host)
    )]
    fn history(&self, host: &str) -> CallResult<Json<HistoriesReply>> {
        let sites: Vec<&Site> = self.sites.iter().filter(|site| site.host == host).collect();
        if sites.is_empty() {
            return Err(self.unknown(host));
        }
        let histories = sites
            .into_iter()
            .map(|site| self.history_of(site, None, false, RESOURCE_ROWS_MAX, RESOURCE_ROWS_MAX));
        Ok(Json(HistoriesReply {
            sites: histories.collect::<CallResult<_>>()?,
        }))
    }

    fn list_histories(&self, _cursor: Option<&str>) -> CallResult<Page> {
        let mut entries: Vec<Entry> = Vec::new();
        for site in self.sites.iter() {
            let uri = site.history_uri();
            if !entries.iter().any(|entry| entry.uri == uri) {
                entries.push(Entry::new(uri, &site.host));
            }
        }
        Ok(Page::new(entries, None))
    }

    fn complete_host(&self, typed: &str) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        for site in self.sites.iter().filter(|site| site.host.contains(typed)) {
            if !hosts.contains(&site.host) && hosts.len() < COMPLETIONS_MAX {
                hosts.push(site.host.clone());
            }
        }
        hosts
    }

    /// Find out why a site fails: a plan for a model, with what the status means and what the monitor saw.
    #[prompt(title = "Debug an incident", complete(url = complete_site))]
    fn debug_incident(
        &self,
        /// The URL that fails.
        #[arg(length = 1..=2048)]
        url: &str,
        /// The status it answered with; leave it out if it did not answer.
        #[arg(range = 100..=599)]
        status_code: Option<u16>,
    ) -> CallResult<String> {
        let url = parse_url(url).map_err(|problem| wrong("url", url, &problem))?;
        let site = self.sites.iter().find(|site| site.url == url);
        let history = site
            .map(|site| self.history_of(site, None, true, 5, 5))
            .transpose()?;
        Ok(incident::plan(
            &url,
            status_code,
            history.map(|history| history.text()),
        ))
    }

    fn complete_site(&self, typed: &str) -> Vec<String> {
        // A name is no URL that can be asked where the query is left out.
        let askable = self.sites.iter().filter(|site| site.url.query().is_none());
        let names = askable
            .map(|site| site.name.clone())
            .filter(|name| name.contains(typed));
        names.take(COMPLETIONS_MAX).collect()
    }

    fn watch(&self, server: ServerHandle) {
        let Some(history) = &self.history else { return };
        let interval_ms = i64::try_from(self.config.interval.as_millis()).unwrap_or(i64::MAX / 4);
        let monitor = Monitor {
            sites: Arc::clone(&self.sites),
            history: Arc::clone(history),
            pace: Pace {
                interval_ms,
                jitter_percent: self.config.jitter_percent,
            },
            checks_max: self.config.checks_max,
            clock: self.clock.clone(),
            probe: monitor::probe(self.watched.clone(), self.config.timeout),
            chance: monitor::chance,
        };
        monitor::begin(monitor, server);
    }
}

impl SitesToolset {
    /// A place among the checks under way.
    fn place(&self) -> CallResult<SemaphorePermit<'_>> {
        self.places.try_acquire().map_err(|_| {
            let message = format!("{TOOL_CHECKS_MAX} checks are under way already");
            CallError::new(ErrorKind::Unavailable, message).hint("try again in a few seconds")
        })
    }

    /// How long a check may take.
    fn patience(&self, seconds: Option<u32>) -> Duration {
        seconds.map_or(self.config.timeout, |seconds| Duration::from_secs(seconds.into()))
    }

    /// Who may look at `url`: what is watched may be in networks of its own.
    fn checker_of(&self, url: &Url) -> &Checker {
        match self.sites.iter().any(|site| site.url == *url) {
            true => &self.watched,
            false => &self.anywhere,
        }
    }

    /// The sites somebody means by a URL, a name or a host.
    fn called(&self, text: &str) -> CallResult<Vec<&Site>> {
        let text = text.trim();
        let url = parse_url(text).ok();
        let is_meant = |site: &&Site| site.name == text || url.as_ref() == Some(&site.url);
        let exact: Vec<&Site> = self.sites.iter().filter(is_meant).collect();
        if !exact.is_empty() {
            return Ok(exact);
        }
        // A host alone means all its ports.
        let is_host = !text.contains("://") && url.as_ref().is_some_and(|url| url.port().is_none());
        let host = url.as_ref().map(authority);
        let is_on_host = |site: &&Site| match is_host {
            true => site.url.host_str() == host.as_deref(),
            false => Some(&site.host) == host.as_ref(),
        };
        let on_host: Vec<&Site> = self.sites.iter().filter(is_on_host).collect();
        match on_host.is_empty() {
            true => Err(self.unknown(text)),
            false => Ok(on_host),
        }
    }

    fn unknown(&self, text: &str) -> CallError {
        let hint = match self.sites.is_empty() {
            true => {
                "no site is watched: the operator names sites with `watch` in `[sites]`; check_site_status asks any site now"
            }
            false => "list_sites shows what is watched; check_site_status asks any site now",
        };
        CallError::not_found(format!("`{}` is not watched", plain(text, 200))).hint(hint)
    }

    fn summed_up(&self, site: &Site) -> CallResult<SiteReply> {
        let now = self.clock.now();
        let summary = self
            .history
            .as_ref()
            .map(|history| history.summary(&site.name, now))
            .transpose();
        let summary = summary.map_err(call_error)?;
        Ok(SiteReply::new(site, summary.flatten(), now))
    }

    fn history_of(
        &self,
        site: &Site,
        before: Option<Timestamp>,
        changes_only: bool,
        checks_max: u32,
        incidents_max: u32,
    ) -> CallResult<HistoryReply> {
        let summed_up = self.summed_up(site)?;
        let Some(history) = &self.history else {
            return Ok(HistoryReply::new(summed_up, Vec::new(), &[], checks_max));
        };
        let checks = history
            .checks(&site.name, before, changes_only, checks_max)
            .map_err(call_error)?;
        let incidents = history.incidents(&site.name, incidents_max).map_err(call_error)?;
        Ok(HistoryReply::new(summed_up, incidents, &checks, checks_max))
    }
}

fn moment(text: &str) -> CallResult<Timestamp> {
    text.parse().map_err(|_| {
        let message = format!("`before` is `{}`, which is no time", plain(text, 80));
        CallError::invalid_arguments(message).hint("give one such as 2026-05-01T12:00:00Z")
    })
}

/// What is wrong with an address somebody gave.
fn wrong(argument: &str, value: &str, problem: &str) -> CallError {
    let value = Site::harmless(value);
    CallError::invalid_arguments(format!(
        "`{argument}` is `{value}`, which cannot be checked: {problem}"
    ))
}
