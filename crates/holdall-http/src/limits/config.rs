//! What each party may do: [`LimitsConfig`].

use std::time::Duration;

use holdall::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::rate::Rate;

/// How much each party may do, and everybody together.
///
/// An address is one IPv4 address or one IPv6 network of 64 bits, as a household or a machine has. A principal is who
/// was found out to call; whoever is anonymous counts as their address. Streams are bounded by
/// [`TransportConfig`](crate::TransportConfig).
///
/// The defaults are for one person: nobody is slowed down, and only what would exhaust the machine is bounded.
/// [`team`](Self::team) has values for a server that many use.
///
/// ```
/// use holdall_http::{HttpConfig, LimitsConfig, Rate};
///
/// let mut config = HttpConfig::default();
/// config.limits = LimitsConfig::team();
/// config.limits.requests_per_principal = Some(Rate::per_second(5).burst(50));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// Requests from one address, whoever sends them. Default: no limit.
    #[serde(with = "super::rate::or_off")]
    #[schemars(with = "Rate")]
    pub requests_per_address: Option<Rate>,
    /// Requests of one principal, wherever they come from. Default: no limit.
    #[serde(with = "super::rate::or_off")]
    #[schemars(with = "Rate")]
    pub requests_per_principal: Option<Rate>,
    /// Failed attempts to say who one is, from one address. Beyond that they are answered with 429, and keys that
    /// somebody chose are not looked at there for a while if it was such keys that were wrong. Good tokens are always
    /// let in. Default: 10 a minute.
    #[serde(with = "super::rate::or_off")]
    #[schemars(with = "Rate")]
    pub failed_logins_per_address: Option<Rate>,
    /// Calls at once, all principals and transports together; more wait for their turn. A call lasts until it has ended
    /// and its reply has been taken. While it waits for an answer of its user it does not count. Default: 256.
    pub calls_max: usize,
    /// Calls at once of one principal. Default: no limit but `calls_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_principal_max: Option<usize>,
    /// Calls that may wait for their turn, all principals together. Default: 1024.
    pub waiting_max: usize,
    /// Calls of one principal that may wait for their turn. Default: no limit but `waiting_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_per_principal_max: Option<usize>,
    /// How long a call may wait for its turn. Default: 5 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub wait_max: Duration,
    /// Calls that wait for an answer of their user, all principals together. They have given their place to others; more
    /// are told that they cannot ask. Default: 256.
    pub asking_max: usize,
    /// Calls of one principal that wait for an answer of their user. Default: 64.
    pub asking_per_principal_max: usize,
    /// How many addresses, and how many principals, are told apart at a time; 16 bytes each. Default: 16,384.
    pub parties_max: usize,
    /// Where several replicas of the server count together. Default: each counts for itself.
    #[cfg(feature = "redis")]
    #[serde(skip)]
    pub shared: Option<super::SharedLimits>,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            requests_per_address: None,
            requests_per_principal: None,
            failed_logins_per_address: Some(Rate::per_minute(10)),
            calls_max: 256,
            calls_per_principal_max: None,
            waiting_max: 1024,
            waiting_per_principal_max: None,
            wait_max: Duration::from_secs(5),
            asking_max: 256,
            asking_per_principal_max: 64,
            parties_max: 16_384,
            #[cfg(feature = "redis")]
            shared: None,
        }
    }
}

impl LimitsConfig {
    /// For a server that many use: 50 requests a second from one address (200 at once), 20 a second of one principal
    /// (100 at once), 32 calls and 128 waiting calls of one principal.
    pub fn team() -> Self {
        Self {
            requests_per_address: Some(Rate::per_second(50).burst(200)),
            requests_per_principal: Some(Rate::per_second(20).burst(100)),
            calls_per_principal_max: Some(32),
            waiting_per_principal_max: Some(128),
            ..Self::default()
        }
    }

    /// Nothing is limited, which is for measuring.
    pub fn none() -> Self {
        Self {
            failed_logins_per_address: None,
            calls_max: usize::MAX,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not as by default.
    fn differences(config: &LimitsConfig) -> serde_json::Value {
        let fields = |config: &LimitsConfig| match serde_json::to_value(config).expect("JSON") {
            serde_json::Value::Object(fields) => fields,
            other => panic!("{other}"),
        };
        let usual = fields(&LimitsConfig::default());
        let mut others = fields(config);
        others.retain(|name, value| usual.get(name) != Some(value));
        others.into()
    }

    #[test]
    fn ready_made_limits_are_what_they_are_said_to_be() {
        assert_eq!(
            differences(&LimitsConfig::team()),
            serde_json::json!({
                "requests_per_address": "50/s burst 200",
                "requests_per_principal": "20/s burst 100",
                "calls_per_principal_max": 32,
                "waiting_per_principal_max": 128,
            })
        );
        assert_eq!(
            differences(&LimitsConfig::none()),
            serde_json::json!({ "failed_logins_per_address": "off", "calls_max": usize::MAX })
        );
    }
}
