//! What sites ask programs not to read: `robots.txt` (RFC 9309), fetched once in a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use robotstxt::DefaultMatcher;
use tokio::time::Instant;

use crate::outbound::{Admission, Client, Gate, HostPattern, OutboundError, Request, Url};

/// By what name sites know this program.
const AGENT: &str = "Holdall";
/// For how long what a site said holds.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// For how long a site that cannot say is not asked again.
const RETRY: Duration = Duration::from_secs(60);
/// Sites remembered; the oldest goes first.
const SITES_MAX: usize = 256;
/// What is read of a file: what Google reads.
const BYTES_MAX: usize = 500 * 1024;

/// What sites said.
#[derive(Default)]
pub(super) struct Robots {
    /// Until when it holds, by origin.
    sites: Mutex<HashMap<String, (Instant, Rules)>>,
}

#[derive(Clone)]
enum Rules {
    Everything,
    Nothing,
    These(Arc<str>),
}

/// Admits hosts that are listed, and of these what they want to be read.
pub(super) struct Listed<'a> {
    pub(super) hosts: &'a [HostPattern],
    /// Without it only hosts count.
    pub(super) robots: Option<(&'a Robots, &'a Client)>,
}

impl Gate for Listed<'_> {
    fn admit<'a>(&'a self, url: &'a Url) -> Admission<'a> {
        Box::pin(async move {
            let host = || url.host_str().unwrap_or_default().to_owned();
            if !self.hosts.iter().any(|pattern| pattern.matches(url)) {
                let of_host = self.hosts.iter().filter(|pattern| pattern.names_host_of(url));
                let listed: Vec<String> = of_host.map(ToString::to_string).collect();
                return Err(OutboundError::HostNotListed {
                    host: match listed.is_empty() {
                        true => host(),
                        false => url.origin().ascii_serialization(),
                    },
                    listed,
                });
            }
            let Some((robots, client)) = self.robots else {
                return Ok(());
            };
            match robots.allows(url, client, self.hosts).await {
                true => Ok(()),
                false => Err(OutboundError::Robots { host: host() }),
            }
        })
    }
}

impl Robots {
    async fn allows(&self, url: &Url, client: &Client, hosts: &[HostPattern]) -> bool {
        let site = url.origin().ascii_serialization();
        let known = self.known(&site);
        let rules = match known {
            Some(rules) => rules,
            None => {
                let (rules, fresh) = ask(url, client, hosts).await;
                self.remember(site, rules.clone(), fresh);
                rules
            }
        };
        match rules {
            Rules::Everything => true,
            Rules::Nothing => false,
            Rules::These(text) => {
                let url = url.to_string();
                let matching =
                    move || DefaultMatcher::default().one_agent_allowed_by_robots(&text, AGENT, &url);
                tokio::task::spawn_blocking(matching).await.unwrap_or(false)
            }
        }
    }

    fn known(&self, site: &str) -> Option<Rules> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, rules) = sites.get(site)?;
        (Instant::now() < *until).then(|| rules.clone())
    }

    fn remember(&self, site: String, rules: Rules, fresh: Duration) {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        if sites.len() >= SITES_MAX && !sites.contains_key(&site) {
            let oldest = sites.iter().min_by_key(|(_, (until, _))| *until);
            if let Some(oldest) = oldest.map(|(site, _)| site.clone()) {
                sites.remove(&oldest);
            }
        }
        sites.insert(site, (Instant::now() + fresh, rules));
    }
}

/// Without the file a site asks for nothing; one that cannot tell now wants to be left alone (RFC 9309, 2.3.1).
async fn ask(url: &Url, client: &Client, hosts: &[HostPattern]) -> (Rules, Duration) {
    let Ok(file) = url.join("/robots.txt") else {
        return (Rules::Nothing, RETRY);
    };
    let gate = Listed { hosts, robots: None };
    match client.send(Request::get(file), &gate).await {
        Ok(answer) if answer.status.is_success() => (Rules::These(plain(&answer.body).into()), FRESH),
        Ok(answer) if answer.status.is_client_error() && answer.status != StatusCode::TOO_MANY_REQUESTS => {
            (Rules::Everything, FRESH)
        }
        Err(error) => match error.origin() {
            // The page itself will not be reached either, and that error says more.
            OutboundError::UnknownHost { .. }
            | OutboundError::Refused { .. }
            | OutboundError::Connect { .. }
            | OutboundError::ConnectTimeout { .. }
            | OutboundError::Tls { .. } => (Rules::Everything, Duration::ZERO),
            _ => (Rules::Nothing, RETRY),
        },
        Ok(_) => (Rules::Nothing, RETRY),
    }
}

/// The rules as paths are compared with: what is not ASCII, percent-encoded.
fn plain(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(BYTES_MAX)];
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) {
        match byte {
            0 => text.push('\n'),
            0x80.. => text.push_str(&format!("%{byte:02X}")),
            _ => text.push(char::from(*byte)),
        }
    }
    text
}
