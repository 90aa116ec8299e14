//! The way to the network, from outside: what leads somewhere it must not, and answers that are too much.

mod answers;
mod hostile;
mod redirects;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use holdall_toolsets::outbound::{
    Admission, Bounds, Client, Connector, Gate, NetworkConfig, OutboundError, Request, Resolve, Resolving,
    Response, Url, parse_url,
};

/// Says what it is told to say of each name: one answer after the other, the last for ever.
#[derive(Default)]
pub(crate) struct Told(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Told {
    pub(crate) fn new(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let mut told = HashMap::new();
        for (name, answers) in names {
            let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
            told.insert((*name).to_owned(), answers.iter().rev().map(parse).collect());
        }
        Arc::new(Self(Mutex::new(told)))
    }
}

impl Resolve for Told {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        let mut told = self.0.lock().unwrap();
        let answer = told.get_mut(name).and_then(|answers| match answers.len() {
            0 | 1 => answers.last().cloned(),
            _ => answers.pop(),
        });
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// Admits everything: what is left is the judgement of addresses.
pub(crate) struct Open;

impl Gate for Open {
    fn admit<'a>(&'a self, _: &'a Url) -> Admission<'a> {
        Box::pin(async { Ok(()) })
    }
}

/// The network of these tests: 127.0.0.1 is allowed by name, and nothing else that is not public.
fn here() -> NetworkConfig {
    let mut network = NetworkConfig::default();
    network.allowed = vec!["127.0.0.1/32".parse().unwrap()];
    network
}

fn client(told: Arc<Told>, bounds: Bounds) -> Client {
    Client::new(Connector::new(&here()).resolver(told), bounds)
}

async fn get(client: &Client, url: &str) -> Result<Response, OutboundError> {
    client.send(Request::get(parse_url(url)?), &Open).await
}

/// What an error is, in a word or two.
fn verdict(error: &OutboundError) -> String {
    match error.origin() {
        OutboundError::InvalidUrl { .. } => "no address".to_owned(),
        OutboundError::Scheme { scheme } => format!("scheme {scheme}"),
        OutboundError::Port { port } => format!("port {port}"),
        OutboundError::Refused { refused, .. } => format!("refused: {}", refused.what),
        OutboundError::UnknownHost { host, .. } => format!("asks for {host}"),
        other => format!("{other:?}"),
    }
}
