//! Watched sites and their past.

use std::fmt::Write;

use holdall::schemars::{self, JsonSchema};
use jiff::Timestamp;
use serde::Serialize;

use super::super::certificate::days as days_between;
use super::super::history::{Check, Incident, Summary};
use super::super::site::Site;
use super::{days, lasted, moment};
use crate::counted::counted;

/// How a watched site is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SiteReply {
    /// Its URL, without the query.
    site: String,
    /// URI of the resource with its history.
    history: String,
    /// Whether it was well at the last check; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    up: Option<bool>,
    /// up, certificate_expiring, or what is wrong: timed_out, http_status 503 and the like; unchecked before the first
    /// check
    state: String,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_check: Option<String>,
    /// How long the last check took.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_ms: Option<u64>,
    /// Share of the checks of the last 24 hours that found it well.
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_day_percent: Option<f64>,
    /// The same for 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_month_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_days_left: Option<i64>,
}

impl SiteReply {
    pub(crate) fn new(site: &Site, summary: Option<Summary>, now: Timestamp) -> Self {
        let mut reply = Self {
            site: site.name.clone(),
            history: site.history_uri(),
            up: None,
            state: "unchecked".to_owned(),
            since: None,
            message: None,
            last_check: None,
            total_ms: None,
            uptime_day_percent: None,
            uptime_month_percent: None,
            certificate_days_left: None,
        };
        if let Some(Summary {
            last,
            since,
            day,
            month,
        }) = summary
        {
            reply.up = Some(last.up);
            reply.state = last.state;
            reply.since = Some(moment(since));
            reply.message = last.message;
            reply.last_check = Some(moment(last.at));
            reply.total_ms = Some(last.total_ms);
            reply.uptime_day_percent = percent(day);
            reply.uptime_month_percent = percent(month);
            reply.certificate_days_left = last.certificate_until.map(|until| days_between(until, now));
        }
        reply
    }

    fn line(&self) -> String {
        let word = match self.up {
            None => "not checked yet",
            Some(true) => "up",
            Some(false) => "DOWN",
        };
        let mut line = format!("{}: {word}", self.site);
        if let Some(since) = &self.since {
            let _ = write!(line, " since {since}");
        }
        if let Some(message) = &self.message {
            let _ = write!(line, "; {message}");
        }
        if let (Some(check), Some(ms)) = (&self.last_check, self.total_ms) {
            let _ = write!(line, "; last check {check}, {ms} ms");
        }
        if let Some(percent) = self.uptime_day_percent {
            let _ = write!(line, "; well in {percent} % of the last 24 h");
        }
        if let Some(percent) = self.uptime_month_percent {
            let _ = write!(line, ", {percent} % of 30 days");
        }
        if let Some(left) = self.certificate_days_left {
            let _ = match left {
                left if left < 0 => write!(line, "; certificate expired {} ago", days(left)),
                left => write!(line, "; certificate good for {}", days(left)),
            };
        }
        line
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SitesReply {
    sites: Vec<SiteReply>,
    /// Sites that are not well.
    down: usize,
    /// Seconds between two checks of a site.
    interval_seconds: u64,
}

impl SitesReply {
    pub(crate) fn new(mut sites: Vec<SiteReply>, interval_seconds: u64) -> Self {
        // What needs attention first; the order of the configuration otherwise.
        sites.sort_by_key(|site| (site.up == Some(true), site.state == "up"));
        Self {
            down: sites.iter().filter(|site| site.up == Some(false)).count(),
            sites,
            interval_seconds,
        }
    }

    pub(crate) fn text(&self) -> String {
        if self.sites.is_empty() {
            return "No site is watched. The operator of this server names sites with `watch` in `[sites]` of the \
                    configuration; check_site_status asks any site now."
                .to_owned();
        }
        let mut text = format!(
            "{} sites watched, {} down, each checked every {}:",
            self.sites.len(),
            self.down,
            lasted(i64::try_from(self.interval_seconds).unwrap_or(i64::MAX))
        );
        for site in &self.sites {
            let _ = write!(text, "\n- {}", site.line());
        }
        text
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct HistoryReply {
    #[serde(flatten)]
    site: SiteReply,
    /// Times it was not well, newest first.
    incidents: Vec<IncidentReply>,
    /// Checks, newest first.
    checks: Vec<CheckReply>,
    /// The `before` with which older checks follow, if there may be some.
    #[serde(skip_serializing_if = "Option::is_none")]
    older: Option<String>,
}

/// The history of the sites that were asked for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct HistoriesReply {
    pub(crate) sites: Vec<HistoryReply>,
}

impl HistoriesReply {
    pub(crate) fn text(&self) -> String {
        self.sites
            .iter()
            .map(HistoryReply::text)
            .collect::<Vec<_>>()
            .join("\n\n")
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct IncidentReply {
    began: String,
    /// Absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Checks that failed.
    checks: u64,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct CheckReply {
    at: String,
    up: bool,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    total_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl HistoryReply {
    pub(crate) fn new(site: SiteReply, incidents: Vec<Incident>, checks: &[Check], most: u32) -> Self {
        let incidents = incidents.into_iter().map(|incident| IncidentReply {
            began: moment(incident.began),
            ended: incident.ended.map(moment),
            seconds: incident
                .ended
                .map(|ended| ended.as_second() - incident.began.as_second()),
            state: incident.state,
            message: incident.message,
            checks: incident.checks,
        });
        let full = checks.len() >= most as usize;
        Self {
            site,
            incidents: incidents.collect(),
            // To the millisecond, or what was checked in the same second would be lost.
            older: checks.last().filter(|_| full).map(|check| check.at.to_string()),
            checks: checks
                .iter()
                .map(|check| CheckReply {
                    at: moment(check.at),
                    up: check.up,
                    state: check.state.clone(),
                    status: check.status,
                    total_ms: check.total_ms,
                    message: check.message.clone(),
                })
                .collect(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = self.site.line();
        match self.incidents.is_empty() {
            true => text.push_str("\nNo incidents are known."),
            false => text.push_str("\nIncidents, newest first:"),
        }
        for incident in &self.incidents {
            let until = match (&incident.ended, incident.seconds) {
                (Some(ended), Some(seconds)) => format!("to {ended} ({})", lasted(seconds)),
                _ => "and goes on".to_owned(),
            };
            let message = incident.message.as_deref().unwrap_or(&incident.state);
            let _ = write!(
                text,
                "\n- {} {until}, {}: {message}",
                incident.began,
                counted(incident.checks, "failed check", "failed checks")
            );
        }
        if !self.checks.is_empty() {
            text.push_str("\nChecks, newest first:");
        }
        for check in &self.checks {
            let status = check
                .status
                .map_or_else(String::new, |status| format!(" {status}"));
            let word = if check.up { "up" } else { "DOWN" };
            let message = check
                .message
                .as_ref()
                .map_or_else(String::new, |message| format!(": {message}"));
            let _ = write!(
                text,
                "\n- {} {word}{status} {} ms{message}",
                check.at, check.total_ms
            );
        }
        if let Some(older) = &self.older {
            let _ = write!(text, "\n(go on with before=\"{older}\")");
        }
        text
    }
}

/// A line of the log.
pub(crate) fn line(check: &Check) -> String {
    let word = match (check.up, check.changed) {
        (true, false) => "up",
        (true, true) => "UP",
        (false, false) => "down",
        (false, true) => "DOWN",
    };
    let status = check
        .status
        .map_or_else(String::new, |status| format!(" {status}"));
    let message = check
        .message
        .as_ref()
        .map_or_else(String::new, |message| format!(" {message}"));
    format!(
        "{} {word:<4} {}{status} {} ms{message}",
        moment(check.at),
        check.site,
        check.total_ms
    )
}

/// Of how many checks how many found it well; two decimals.
fn percent((all, up): (u64, u64)) -> Option<f64> {
    (all > 0).then(|| (up as f64 / all as f64 * 10_000.0).floor() / 100.0)
}
