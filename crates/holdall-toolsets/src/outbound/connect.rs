//! [`Connector`]: from the name of a host to a connection with an address that was judged.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::Host;

use super::config::NetworkConfig;
use super::error::OutboundError;
use super::policy::AddressPolicy;
use super::resolve::{Resolve, SystemResolver};

/// Addresses of one name that are tried, at most. All are judged.
const ADDRESSES_TRIED_MAX: usize = 6;

/// Opens connections to addresses that may be reached, and to no others. Cloning it is cheap.
///
/// ```no_run
/// use holdall_toolsets::outbound::{Connector, Host, NetworkConfig};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = Connector::new(&NetworkConfig::default());
/// let connection = connector.connect(&Host::parse("example.com")?, 443).await?;
/// println!("connected to {}", connection.address);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    policy: AddressPolicy,
    resolver: Arc<dyn Resolve>,
    connect_timeout: Duration,
}

/// An open connection.
#[derive(Debug)]
#[non_exhaustive]
pub struct Connection {
    /// Whom it leads to: an address that was judged.
    pub address: SocketAddr,
    /// The connection, without encryption.
    pub stream: TcpStream,
}

impl Connector {
    /// Reaches what `network` allows, and finds names as the system does.
    pub fn new(network: &NetworkConfig) -> Self {
        Self {
            policy: network.policy(),
            resolver: Arc::new(SystemResolver::default()),
            connect_timeout: network.connect_timeout,
        }
    }

    /// Finds names by `resolver` in place of the system.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Looks `host` up, judges every address it has, and connects to the first that answers. A host that is an address
    /// is judged as well. Dropping the future gives the attempt up.
    ///
    /// # Errors
    /// The host has no address, one of its addresses may not be reached, or none answers in time.
    pub async fn connect<S: AsRef<str>>(
        &self,
        host: &Host<S>,
        port: u16,
    ) -> Result<Connection, OutboundError> {
        let deadline = Instant::now() + self.connect_timeout;
        let connecting = async {
            let addresses = self.addresses(host).await?;
            self.first_that_answers(&host.to_string(), &addresses, port, deadline)
                .await
        };
        let connected = timeout_at(deadline, connecting).await;
        connected.unwrap_or_else(|_| {
            Err(OutboundError::ConnectTimeout {
                host: host.to_string(),
                after: self.connect_timeout,
            })
        })
    }

    /// The addresses of `host`, all of them judged.
    async fn addresses<S: AsRef<str>>(&self, host: &Host<S>) -> Result<Vec<IpAddr>, OutboundError> {
        let name = host.to_string();
        let addresses = match host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(domain) => {
                let found = self.resolver.resolve(domain.as_ref()).await;
                found.map_err(|source| OutboundError::UnknownHost {
                    host: name.clone(),
                    source: Some(source),
                })?
            }
        };
        if addresses.is_empty() {
            return Err(OutboundError::UnknownHost {
                host: name,
                source: None,
            });
        }
        // One address that may not be reached is one too many: who names both is after the other.
        for address in &addresses {
            if let Err(refused) = self.policy.judge(*address) {
                tracing::debug!(host = name, %refused, "an address may not be reached");
                return Err(OutboundError::Refused { host: name, refused });
            }
        }
        Ok(addresses)
    }

    async fn first_that_answers(
        &self,
        host: &str,
        addresses: &[IpAddr],
        port: u16,
        deadline: Instant,
    ) -> Result<Connection, OutboundError> {
        let mut last = None;
        let tried = addresses.len().min(ADDRESSES_TRIED_MAX);
        for (index, ip) in addresses.iter().take(tried).enumerate() {
            let address = SocketAddr::new(*ip, port);
            // What is left of the time is shared, so that one address that is silent does not use up all of it.
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(tried - index).unwrap_or(u32::MAX);
            match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Requests are written in one go; waiting to fill a packet only costs time.
                    let _ = stream.set_nodelay(true);
                    return Ok(Connection { address, stream });
                }
                Ok(Err(error)) => last = Some(error),
                Err(_) => {}
            }
        }
        Err(match last {
            Some(source) => OutboundError::Connect {
                host: host.to_owned(),
                port,
                source,
            },
            None => OutboundError::ConnectTimeout {
                host: host.to_owned(),
                after: self.connect_timeout,
            },
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("policy", &self.policy)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}
