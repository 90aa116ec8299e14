//! [`Places`]: how many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::HttpConfig;
use crate::limits::network;

/// The places of a server.
pub(super) struct Places {
    total: Arc<Semaphore>,
    per_address_max: usize,
    exempt: Vec<IpNet>,
    /// Addresses with a connection, so no more than there are places.
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The place of one connection, until it is dropped.
pub(crate) struct Place {
    _total: OwnedSemaphorePermit,
    _from: Option<From>,
}

struct From {
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Places {
    pub(super) fn new(config: &HttpConfig) -> Self {
        let total = config.connections_max.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            total: Arc::new(Semaphore::new(total)),
            per_address_max: config.connections.per_address_max.unwrap_or(usize::MAX),
            exempt: config.trusted_proxies.clone(),
            taken: Arc::default(),
        }
    }

    /// A place, once there is one. Whoever comes meanwhile waits with the system.
    pub(super) async fn next(&self) -> Place {
        let permit = Arc::clone(&self.total).acquire_owned().await;
        Place {
            _total: permit.expect("the semaphore is never closed"),
            _from: None,
        }
    }

    /// The place as one of those of `address`; `None` if it has too many.
    pub(super) fn from(&self, place: Place, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if self.per_address_max == usize::MAX || self.exempt.iter().any(|net| net.contains(&address)) {
            return Some(place);
        }
        let address = network(address);
        let mut taken = lock(&self.taken);
        let count = taken.entry(address).or_default();
        if *count >= self.per_address_max {
            if *count == 0 {
                taken.remove(&address);
            }
            return None;
        }
        *count += 1;
        Some(Place {
            _from: Some(From {
                taken: Arc::clone(&self.taken),
                address,
            }),
            ..place
        })
    }
}

impl Drop for From {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

fn lock(taken: &Mutex<HashMap<IpAddr, usize>>) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_come_back_and_proxies_have_as_many_as_they_want() {
        let mut config = HttpConfig::default();
        config.connections.per_address_max = Some(1);
        config.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
        let places = Places::new(&config);
        let mut open = Vec::new();
        for (address, allowed) in [
            ("192.0.2.1", true),
            ("192.0.2.1", false),
            ("::ffff:192.0.2.1", false),
            ("192.0.2.2", true),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
            ("10.0.0.1", true),
            ("10.0.0.1", true),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            let place = places.from(places.next().await, address);
            assert_eq!(place.is_some(), allowed, "{address}");
            open.extend(place);
        }
        open.clear();
        assert!(lock(&places.taken).is_empty());
        assert_eq!(places.total.available_permits(), config.connections_max);
    }
}
