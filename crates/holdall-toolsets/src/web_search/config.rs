//! [`WebSearchConfig`]: what an operator may say about the toolset.

use std::time::Duration;

use holdall::Secret;
use holdall::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::outbound::NetworkConfig;

/// Calls end at two minutes; what they wait for ends before that, so that the caller learns what was slow.
const TIMEOUT_MAX: Duration = Duration::from_secs(110);

/// With what the web is searched. `S` is what stands for a secret: the program's references to them, until they are
/// read.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WebSearchConfig<S = Secret> {
    /// The key of the Brave Search API, from <https://brave.com/search/api/>. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<S>,
    /// Where the service is. Default: `https://api.search.brave.com/res/v1/web/search`.
    #[schemars(extend("format" = "uri"))]
    pub endpoint: String,
    /// The country results are for, in two letters: `DE`. Default: the service's, `US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Which results for adults are left out. Default: `moderate`.
    pub safe_search: SafeSearch,
    /// How long an answer may take: at most 110 seconds. Default: 15 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub timeout: Duration,
    /// Which addresses may be reached.
    pub network: NetworkConfig,
}

/// Which results for adults are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum SafeSearch {
    /// None.
    Off,
    /// What is explicit.
    #[default]
    Moderate,
    /// All.
    Strict,
}

impl<S> Default for WebSearchConfig<S> {
    fn default() -> Self {
        Self {
            key: None,
            endpoint: "https://api.search.brave.com/res/v1/web/search".to_owned(),
            country: None,
            safe_search: SafeSearch::default(),
            timeout: Duration::from_secs(15),
            network: NetworkConfig::default(),
        }
    }
}

impl<S> WebSearchConfig<S> {
    /// The same with its key read by `read`.
    ///
    /// # Errors
    /// What `read` says.
    pub fn read_secrets<T, E>(self, read: impl FnOnce(S) -> Result<T, E>) -> Result<WebSearchConfig<T>, E> {
        Ok(WebSearchConfig {
            key: self.key.map(read).transpose()?,
            endpoint: self.endpoint,
            country: self.country,
            safe_search: self.safe_search,
            timeout: self.timeout,
            network: self.network,
        })
    }

    pub(super) fn checked_timeout(&self) -> Result<Duration, InvalidWebSearchConfig> {
        match self.timeout.is_zero() || self.timeout > TIMEOUT_MAX {
            true => Err(InvalidWebSearchConfig::Timeout(self.timeout)),
            false => Ok(self.timeout),
        }
    }
}

/// A configuration that makes no toolset.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidWebSearchConfig {
    /// Nothing can be searched without a key.
    #[error(
        "web_search has no key: get one at https://brave.com/search/api/, put it into an environment variable or a file, and write `key = {{ env = \"BRAVE_API_KEY\" }}` or `key = {{ file = \"brave.key\" }}` under [web_search]"
    )]
    NoKey,
    /// No header can hold the key.
    #[error("the key of web_search has characters no key has: is it copied whole, on one line?")]
    Key,
    /// The key would travel unencrypted, or nowhere; or the address holds a password. It is named without.
    #[error(
        "the endpoint of web_search, `{0}`, is no address the key may travel to: use https, or http to this machine in numbers, and no user or password"
    )]
    Endpoint(String),
    /// Not two letters.
    #[error("the country of web_search is `{0}`: write two capital letters, such as DE")]
    Country(String),
    /// The time is none, or more than a call has.
    #[error("`timeout` is {0:?}: give more than nothing and at most {TIMEOUT_MAX:?}")]
    Timeout(Duration),
}
