//! Pages and requests, from servers on this machine.

mod pages;
mod requests;

use holdall::{Secret, Server};
use holdall_testkit::Client;
use holdall_toolsets::fetch::{CredentialConfig, FetchConfig, FetchToolset};

/// The configuration of these tests: this machine is allowed by name, and nobody is asked for `robots.txt`.
pub(crate) fn here() -> FetchConfig {
    let mut config = FetchConfig::default();
    config.network.allowed = vec!["127.0.0.1/32".parse().unwrap()];
    config.request_network = config.network.clone();
    config.robots = false;
    config
}

fn server(config: &FetchConfig) -> Server {
    Server::new("fetch").add(FetchToolset::new(config).unwrap())
}

async fn client(config: &FetchConfig) -> Client {
    Client::connect(server(config)).await
}

/// A bearer token for a server of a test.
fn credential(secret: &str, port: u16) -> CredentialConfig {
    let host = format!("http://127.0.0.1:{port}").parse().unwrap();
    CredentialConfig::bearer(Secret::new(secret), vec![host])
}
