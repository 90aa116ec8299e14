//! [`FetchConfig`]: what an operator may say about the toolset.

use std::collections::BTreeMap;
use std::time::Duration;

use holdall::Secret;
use holdall::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::credentials::SECRET_BYTES_MIN;
use crate::outbound::{Bounds, HostPattern, NetworkConfig};

/// Calls end at two minutes; what they wait for ends before that, so that the caller learns what was slow.
const TIMEOUT_MAX: Duration = Duration::from_secs(110);

/// What may be fetched, and with what. `S` is what stands for a secret: the program's references to them, until they are
/// read.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FetchConfig<S = Secret> {
    /// The hosts `fetch_url` may read: `example.com`, `*.example.com`, `example.com:8443`, `*` for all. An empty list
    /// means none. Default: `*`.
    pub hosts: Vec<HostPattern>,
    /// The hosts `http_request` may send to, written the same. Without any the tool is not offered. Default: none.
    pub request_hosts: Vec<HostPattern>,
    /// Methods of `http_request` a person is asked about first. Default: `DELETE`.
    pub confirm: Vec<String>,
    /// What `http_request` may prove itself with, by the name a model calls it.
    pub credentials: BTreeMap<String, CredentialConfig<S>>,
    /// Whether `fetch_url` keeps away from what sites ask programs not to read (`robots.txt`). Default: yes.
    pub robots: bool,
    /// How long an answer may take, redirects included: at most 110 seconds. Default: 25 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub timeout: Duration,
    /// The largest answer, in bytes, packed and unpacked. Default: 5 MiB.
    pub body_bytes_max: usize,
    /// How many redirects are followed. Default: 5.
    pub redirects_max: usize,
    /// Which addresses `fetch_url` may reach.
    pub network: NetworkConfig,
    /// Which addresses `http_request` may reach: what is open to requests to listed hosts is not open to all pages.
    pub request_network: NetworkConfig,
}

/// A secret that travels in a header, to some hosts alone. No model sees it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CredentialConfig<S = Secret> {
    /// The header it travels in. Default: `Authorization`.
    #[serde(default = "authorization")]
    pub header: String,
    /// What stands in front of the secret, such as `Bearer ` with its blank. Default: nothing.
    #[serde(default)]
    pub prefix: String,
    /// The secret: at least 8 bytes.
    pub secret: S,
    /// The hosts it may go to, encrypted: `api.example.com`. Unencrypted to those written with `http://`.
    pub hosts: Vec<HostPattern>,
}

fn authorization() -> String {
    "Authorization".to_owned()
}

impl<S> CredentialConfig<S> {
    /// The secret, as a bearer token for `hosts`.
    pub fn bearer(secret: S, hosts: Vec<HostPattern>) -> Self {
        Self {
            header: authorization(),
            prefix: "Bearer ".to_owned(),
            secret,
            hosts,
        }
    }
}

impl<S> Default for FetchConfig<S> {
    fn default() -> Self {
        let bounds = Bounds::default();
        Self {
            hosts: vec!["*".parse().expect("it is a pattern")],
            request_hosts: Vec::new(),
            confirm: vec!["DELETE".to_owned()],
            credentials: BTreeMap::new(),
            robots: true,
            timeout: bounds.time_max,
            body_bytes_max: bounds.body_bytes_max,
            redirects_max: bounds.redirects_max,
            network: NetworkConfig::default(),
            request_network: NetworkConfig::default(),
        }
    }
}

impl<S> FetchConfig<S> {
    /// The same with each secret read by `read`.
    ///
    /// # Errors
    /// What `read` says first.
    pub fn read_secrets<T, E>(
        self,
        mut read: impl FnMut(&str, S) -> Result<T, E>,
    ) -> Result<FetchConfig<T>, E> {
        let mut credentials = BTreeMap::new();
        for (name, credential) in self.credentials {
            let secret = read(&name, credential.secret)?;
            let credential = CredentialConfig {
                header: credential.header,
                prefix: credential.prefix,
                secret,
                hosts: credential.hosts,
            };
            credentials.insert(name, credential);
        }
        Ok(FetchConfig {
            hosts: self.hosts,
            request_hosts: self.request_hosts,
            confirm: self.confirm,
            credentials,
            robots: self.robots,
            timeout: self.timeout,
            body_bytes_max: self.body_bytes_max,
            redirects_max: self.redirects_max,
            network: self.network,
            request_network: self.request_network,
        })
    }

    pub(super) fn bounds(&self) -> Result<Bounds, InvalidFetchConfig> {
        if self.timeout.is_zero() || self.timeout > TIMEOUT_MAX {
            return Err(InvalidFetchConfig::Timeout(self.timeout));
        }
        Ok(Bounds {
            time_max: self.timeout,
            body_bytes_max: self.body_bytes_max,
            redirects_max: self.redirects_max,
        })
    }
}

/// A configuration that makes no toolset.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidFetchConfig {
    /// The time is none, or more than a call has.
    #[error("`timeout` is {0:?}: give more than nothing and at most {TIMEOUT_MAX:?}")]
    Timeout(Duration),
    /// Nobody can ask for a method of that name.
    #[error("`confirm` has `{0}`, which is no method of http_request: write GET, POST, PUT, PATCH or DELETE")]
    Method(String),
    /// No header has that name, or it is one that this program writes.
    #[error("the credential `{name}` cannot travel in the header `{header}`: choose another")]
    Header {
        /// Of the credential.
        name: String,
        /// Of the header.
        header: String,
    },
    /// The secret cannot stand in a header.
    #[error("the credential `{0}` has characters no header can hold")]
    Value(String),
    /// The secret could not be told from ordinary text.
    #[error(
        "the credential `{0}` is shorter than {SECRET_BYTES_MIN} bytes, too short to be found in replies and hidden"
    )]
    Short(String),
    /// It may go nowhere, or everywhere.
    #[error("the credential `{0}` needs `hosts` that are named: it goes nowhere else, and `*` is no name")]
    Hosts(String),
}
