//! [`Share`]: how messages are counted on a connection that carries many.

use std::net::IpAddr;
use std::time::Duration;

use holdall::Principal;

use super::fair::{Full, Permit};
use crate::front::settings::Current;

/// Between two looks, so that limits that have changed meanwhile are noticed.
const LOOK: Duration = Duration::from_secs(1);

/// What the sender of many messages may send. An extension of requests that ask for an upgrade, and of those that bring
/// messages to a connection or a session.
#[derive(Clone)]
pub(crate) struct Share {
    settings: Current,
    principal: Principal,
    address: IpAddr,
}

impl Share {
    pub(crate) fn new(settings: Current, principal: Principal, address: IpAddr) -> Self {
        Self {
            settings,
            principal,
            address,
        }
    }

    /// Counts one more message, once there may be one more. Whoever sends too fast is not refused but read slowly: there
    /// is no reply that could say when to come back. `waiting` is called now and then meanwhile.
    pub(crate) async fn hear(&self, waiting: impl Fn()) {
        loop {
            let settings = self.settings.load_full();
            let wait = settings.limits.hear_message(&self.principal, self.address).await;
            let Some(wait) = wait else { return };
            waiting();
            tokio::time::sleep(wait.min(LOOK)).await;
        }
    }

    /// A place for a call among all that are under way, once it is its turn; nothing where there is no bound.
    pub(super) async fn place(&self) -> Result<Option<Permit>, Full> {
        let settings = self.settings.load_full();
        settings.limits.place(&self.principal, self.address).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arc_swap::ArcSwap;
    use tokio::time::Instant;

    use super::*;
    use crate::auth::Authentication;
    use crate::config::HttpConfig;
    use crate::front::settings::Settings;
    use crate::limits::Rate;

    #[tokio::test(start_paused = true)]
    async fn messages_are_read_as_fast_as_they_may_come() {
        let mut config = HttpConfig::default();
        config.limits.requests_per_address = Some(Rate::per_second(10).burst(2));
        config.limits.requests_per_principal = Some(Rate::per_second(1).burst(2));
        let service = holdall::Server::new("test").build().expect("the server is right");
        let nobody = Arc::new(Authentication::new(&config, &service).expect("it is off"));
        let settings = Arc::new(ArcSwap::from_pointee(Settings::new(&config, nobody)));
        let here = [192, 0, 2, 1].into();
        let share = Share::new(Arc::clone(&settings), Principal::new("ada", [""; 0]), here);
        let started = Instant::now();
        for expected in [0, 0, 1, 2, 3] {
            share.hear(|| {}).await;
            assert_eq!(started.elapsed().as_millis() / 1000, expected);
        }
        config.limits.requests_per_principal = None;
        settings.rcu(|settings| settings.changed(&config));
        let quick = Instant::now();
        for _ in 0..10 {
            share.hear(|| {}).await;
        }
        assert!(
            quick.elapsed() < Duration::from_millis(1100),
            "the new limits hold"
        );
    }
}
