//! [`AddressPolicy`]: which addresses may be reached.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use thiserror::Error;

use super::address::{embedded, special};

/// Which addresses may be reached: all that are public, and networks that were allowed by name.
///
/// Addresses of this machine, private and link-local ones, those of carriers, multicast, broadcast, and what is reserved
/// for documentation or measurements are not public. Neither are the forms of version 6 that hold an address of version
/// 4 (mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP): allowing their network is not enough, the address
/// they hold must be public or allowed, too.
///
/// ```
/// use holdall_toolsets::outbound::AddressPolicy;
///
/// let policy = AddressPolicy::allowing(["10.1.0.0/16".parse()?]);
/// assert!(policy.judge("1.1.1.1".parse()?).is_ok());
/// assert!(policy.judge("10.1.2.3".parse()?).is_ok());
/// assert!(policy.judge("10.2.0.1".parse()?).is_err());
/// assert!(policy.judge("::ffff:10.1.2.3".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AddressPolicy {
    allowed: Arc<[IpNet]>,
}

/// An address that may not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{address} is {what}")]
#[non_exhaustive]
pub struct RefusedAddress {
    /// The address.
    pub address: IpAddr,
    /// What it is: `private`, `link-local`.
    pub what: &'static str,
}

impl AddressPolicy {
    /// Public addresses alone.
    pub fn public_only() -> Self {
        Self::allowing([])
    }

    /// Public addresses, and all in `networks`.
    pub fn allowing(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            allowed: networks.into_iter().collect(),
        }
    }

    /// Whether `address` may be reached.
    ///
    /// # Errors
    /// It is not public and was not allowed, or it holds an address of which that is true.
    pub fn judge(&self, address: IpAddr) -> Result<(), RefusedAddress> {
        let refused = |address, what| RefusedAddress { address, what };
        if let Some(what) = self.special(address) {
            return Err(refused(address, what));
        }
        if let IpAddr::V6(outer) = address {
            let mut inner = embedded(outer).into_iter();
            if let Some(what) = inner.find_map(|inner| self.special(IpAddr::V4(inner))) {
                return Err(refused(address, what));
            }
        }
        Ok(())
    }

    /// What `address` is, if it is neither public nor allowed.
    fn special(&self, address: IpAddr) -> Option<&'static str> {
        special(address).filter(|_| !self.allowed.iter().any(|network| network.contains(&address)))
    }
}
