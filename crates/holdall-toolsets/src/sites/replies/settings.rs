//! The configuration, without what may be secret: no query of a URL, no path of a file.

use serde::Serialize;

use super::super::config::SitesConfig;
use super::super::exchange::{BODY_BYTES_MAX, HEAD_BYTES_MAX, HEADERS_MAX};
use super::super::site::Site;
use super::super::visit::REDIRECTS_MAX;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SettingsReply {
    app: &'static str,
    version: &'static str,
    watch: Vec<String>,
    interval_seconds: u64,
    jitter_percent: u8,
    timeout_seconds: u64,
    checks_max: usize,
    certificate_days_min: u32,
    authorities: usize,
    history_checks_max: u32,
    history_days_max: u32,
    watch_networks: Vec<String>,
    allowed_networks: Vec<String>,
    redirects_max: usize,
    head_bytes_max: usize,
    headers_max: usize,
    body_bytes_max: u64,
}

impl SettingsReply {
    pub(crate) fn new(config: &SitesConfig, sites: &[Site]) -> Self {
        let written = |networks: &[ipnet::IpNet]| networks.iter().map(ToString::to_string).collect();
        Self {
            app: "holdall sites",
            version: env!("CARGO_PKG_VERSION"),
            watch: sites.iter().map(|site| site.name.clone()).collect(),
            interval_seconds: config.interval.as_secs(),
            jitter_percent: config.jitter_percent,
            timeout_seconds: config.timeout.as_secs(),
            checks_max: config.checks_max,
            certificate_days_min: config.certificate_days_min,
            authorities: config.authorities.len(),
            history_checks_max: config.history_checks_max,
            history_days_max: config.history_days_max,
            watch_networks: written(&config.watch_networks),
            allowed_networks: written(&config.network.allowed),
            redirects_max: REDIRECTS_MAX,
            head_bytes_max: HEAD_BYTES_MAX,
            headers_max: HEADERS_MAX,
            body_bytes_max: BODY_BYTES_MAX,
        }
    }
}
