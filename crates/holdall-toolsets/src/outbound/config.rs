//! [`NetworkConfig`]: what an operator may say about the network of a toolset.

use std::time::Duration;

use holdall::schemars::{self, JsonSchema};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::policy::AddressPolicy;

/// Which addresses a toolset may reach, and how long it tries. Each toolset has its own: what one watches another may
/// not read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NetworkConfig {
    /// Networks that may be reached although they are not public: `10.1.0.0/16`, `127.0.0.1/32`. Default: none.
    #[schemars(with = "Vec<String>")]
    pub allowed: Vec<IpNet>,
    /// How long finding and reaching a server may take. Default: 10 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub connect_timeout: Duration,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            allowed: Vec::new(),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

impl NetworkConfig {
    /// What is allowed, as what judges addresses.
    pub fn policy(&self) -> AddressPolicy {
        AddressPolicy::allowing(self.allowed.iter().copied())
    }
}
