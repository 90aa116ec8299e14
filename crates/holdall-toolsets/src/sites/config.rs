//! [`SitesConfig`]: what an operator says about sites, and whether it makes sense.

use std::path::PathBuf;
use std::time::Duration;

use holdall::schemars::{self, JsonSchema};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::error::SitesError;
use super::site::Site;
use crate::outbound::NetworkConfig;

/// Sites that can be watched.
pub(super) const SITES_MAX: usize = 256;
/// The shortest time between two checks of a site: what is asked more often is measured, not watched.
pub(super) const INTERVAL_MIN: Duration = Duration::from_secs(10);
/// The longest time between two checks of a site.
pub(super) const INTERVAL_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The longest a check may take, whoever asks for it.
pub(super) const TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// Checks of the monitor that may be under way at once.
const CHECKS_MAX: usize = 64;
/// Checks of one site that may be kept.
const HISTORY_CHECKS_MAX: u32 = 100_000;
/// Days a check may be kept.
const HISTORY_DAYS_MAX: u32 = 3_650;

/// Which sites are watched, how often, and what is kept of it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SitesConfig {
    /// The sites to watch, up to 256: URLs such as `https://example.com/health`, without a password. Default: none.
    pub watch: Vec<String>,
    /// How often each is checked, 10 seconds to 7 days. Default: 5 minutes.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub interval: Duration,
    /// By how many percent of `interval` a check may come earlier or later, 0 to 50, so that not all come at once.
    /// Default: 10.
    pub jitter_percent: u8,
    /// How long a check may take, 1 second to 1 minute, redirects included. Default: 10 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub timeout: Duration,
    /// Checks of watched sites under way at once, 1 to 64. Default: 8.
    pub checks_max: usize,
    /// A certificate with fewer days left than this is said to expire soon. Default: 21.
    pub certificate_days_min: u32,
    /// Files of certificates in PEM whose holders are trusted beside those this machine trusts: of a private authority.
    /// Default: none.
    #[schemars(extend("items" = { "type": "string", "format": "path" }))]
    pub authorities: Vec<PathBuf>,
    /// The file of the history. Default: `sites.db` in the folder of `[data]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub database: Option<PathBuf>,
    /// Checks kept of each site, 10 to 100,000; the oldest go first. Default: 10,000, a good month at 5 minutes.
    pub history_checks_max: u32,
    /// Days checks are kept, 1 to 3,650. Default: 90.
    pub history_days_max: u32,
    /// Networks the watched sites may be in although they are not public: `192.168.1.0/24`. The tools reach them for
    /// the URLs of `watch` and no others, and redirects from there to other hosts do not. Default: none.
    #[schemars(with = "Vec<String>")]
    pub watch_networks: Vec<IpNet>,
    /// What the tools may reach for any URL, and the monitor, too.
    pub network: NetworkConfig,
}

impl Default for SitesConfig {
    fn default() -> Self {
        Self {
            watch: Vec::new(),
            interval: Duration::from_secs(5 * 60),
            jitter_percent: 10,
            timeout: Duration::from_secs(10),
            checks_max: 8,
            certificate_days_min: 21,
            authorities: Vec::new(),
            database: None,
            history_checks_max: 10_000,
            history_days_max: 90,
            watch_networks: Vec::new(),
            network: NetworkConfig::default(),
        }
    }
}

impl SitesConfig {
    /// The sites, if everything makes sense.
    pub(super) fn sites(&self) -> Result<Vec<Site>, SitesError> {
        self.check_numbers()?;
        if self.watch.len() > SITES_MAX {
            let found = format!("{} sites", self.watch.len());
            return Err(SitesError::setting(
                "watch",
                found,
                format!("at most {SITES_MAX}"),
            ));
        }
        let mut sites: Vec<Site> = Vec::with_capacity(self.watch.len());
        for text in &self.watch {
            let site = Site::parse(text).map_err(|problem| SitesError::Watch {
                site: Site::harmless(text),
                problem,
            })?;
            if sites.iter().any(|other| other.name == site.name) {
                return Err(SitesError::Watch {
                    site: site.name,
                    problem: "it is there twice; queries do not tell sites apart".to_owned(),
                });
            }
            sites.push(site);
        }
        Ok(sites)
    }

    fn check_numbers(&self) -> Result<(), SitesError> {
        let within = |key: &'static str, found: u64, least: u64, most: u64| match found {
            found if (least..=most).contains(&found) => Ok(()),
            found => Err(SitesError::setting(key, found, format!("{least} to {most}"))),
        };
        within("jitter_percent", self.jitter_percent.into(), 0, 50)?;
        within("checks_max", self.checks_max as u64, 1, CHECKS_MAX as u64)?;
        within(
            "history_checks_max",
            self.history_checks_max.into(),
            10,
            HISTORY_CHECKS_MAX.into(),
        )?;
        within(
            "history_days_max",
            self.history_days_max.into(),
            1,
            HISTORY_DAYS_MAX.into(),
        )?;
        let between = |key: &'static str, found: Duration, least: Duration, most: Duration| match (least
            ..=most)
            .contains(&found)
        {
            true => Ok(()),
            false => Err(SitesError::setting(
                key,
                format!("{found:?}"),
                format!("{least:?} to {most:?}"),
            )),
        };
        between("interval", self.interval, INTERVAL_MIN, INTERVAL_MAX)?;
        let most = TIMEOUT_MAX.min(self.interval);
        between("timeout", self.timeout, Duration::from_secs(1), most)
    }

    /// What the monitor may reach.
    pub(super) fn watched_network(&self) -> NetworkConfig {
        let mut network = self.network.clone();
        network.allowed.extend(&self.watch_networks);
        network
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watching(sites: &[&str]) -> SitesConfig {
        SitesConfig {
            watch: sites.iter().map(ToString::to_string).collect(),
            ..SitesConfig::default()
        }
    }

    #[test]
    fn mistakes_name_the_key_and_what_is_allowed() {
        let with = |change: &dyn Fn(&mut SitesConfig)| {
            let mut config = SitesConfig::default();
            change(&mut config);
            config.sites().expect_err("it is wrong").to_string()
        };
        let said = [
            with(&|config| config.interval = Duration::from_secs(1)),
            with(&|config| config.timeout = Duration::from_secs(120)),
            with(&|config| {
                config.interval = Duration::from_secs(20);
                config.timeout = Duration::from_secs(30);
            }),
            with(&|config| config.jitter_percent = 51),
            with(&|config| config.checks_max = 0),
            with(&|config| config.history_checks_max = 1),
            with(&|config| config.history_days_max = 0),
            with(&|config| config.watch = vec!["https://a.example/".to_owned(); SITES_MAX + 1]),
        ];
        let expected = "\
`interval` of the sites is 1s; allowed is 10s to 604800s
`timeout` of the sites is 120s; allowed is 1s to 60s
`timeout` of the sites is 30s; allowed is 1s to 20s
`jitter_percent` of the sites is 51; allowed is 0 to 50
`checks_max` of the sites is 0; allowed is 1 to 64
`history_checks_max` of the sites is 1; allowed is 10 to 100000
`history_days_max` of the sites is 0; allowed is 1 to 3650
`watch` of the sites is 257 sites; allowed is at most 256";
        assert_eq!(said.join("\n"), expected);
    }

    #[test]
    fn a_site_is_named_without_its_secrets() {
        for (sites, expected) in [
            (
                vec!["ftp://example.com"],
                "`ftp://example.com` in `watch` of the sites cannot be watched: the scheme `ftp`",
            ),
            (
                vec!["https://ada:hunter2@example.com/"],
                "`https://example.com/` in `watch` of the sites cannot be watched: it holds",
            ),
            (
                vec!["https://ada:hun?ter2hunter2@example.com/"],
                "`https://…` in `watch` of the sites cannot be watched: it is no URL",
            ),
            (
                vec!["https://example.com/?a=1", "https://EXAMPLE.com:443/?a=2"],
                "`https://example.com/?…` in `watch` of the sites cannot be watched: it is there twice",
            ),
            (
                vec!["https://exa mple.com/?key=hunter2"],
                "`https://exa mple.com/` in `watch` of the sites cannot be watched: it is no URL",
            ),
            (
                vec![""],
                "`` in `watch` of the sites cannot be watched: it is empty",
            ),
        ] {
            let said = watching(&sites).sites().expect_err("it is wrong").to_string();
            assert!(said.starts_with(expected) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn what_is_watched_may_be_reached_by_the_monitor_alone() {
        let mut config = SitesConfig::default();
        config.watch_networks.push("192.168.1.0/24".parse().unwrap());
        let address = "192.168.1.7".parse().unwrap();
        assert!(config.watched_network().policy().judge(address).is_ok());
        assert!(config.network.policy().judge(address).is_err());
    }
}
