//! How clients learn where to get tokens: protected resource metadata (RFC 9728).

use serde_json::{Value, json};

use super::OAuthConfig;
use super::address::Own;
use crate::routes::Route;

/// What clients are told about where to get tokens.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    own: Own,
    issuers: Vec<String>,
    scopes: Option<Vec<String>>,
}

impl Metadata {
    pub(crate) fn new(config: &OAuthConfig, own: Own) -> Self {
        Self {
            own,
            issuers: config.issuers.iter().map(|issuer| issuer.url.clone()).collect(),
            scopes: config.scopes.clone(),
        }
    }

    /// The document at a route, for a server of this name whose components ask for these scopes.
    pub(crate) fn document(&self, route: Route, name: &str, scopes: Vec<String>) -> Option<Value> {
        let resource = match route {
            Route::ResourceMetadata => self.own.base.clone(),
            Route::ResourceMetadataOfStreamable => streamable(&self.own),
            _ => return None,
        };
        let mut document = json!({
            "resource": resource,
            "authorization_servers": self.issuers,
            "bearer_methods_supported": ["header"],
            "resource_name": name,
        });
        let scopes = self.scopes.clone().unwrap_or(scopes);
        if !scopes.is_empty() {
            document["scopes_supported"] = scopes.into();
        }
        Some(document)
    }

    /// Where the document about a route is. Clients compare what it is about with what they asked for, so that each is
    /// told of the one that is about it.
    pub(crate) fn url(&self, route: Route) -> String {
        let document = match route {
            Route::Streamable => Route::ResourceMetadataOfStreamable,
            _ => Route::ResourceMetadata,
        };
        format!("{}{}", self.own.base, document.path())
    }

    /// The scopes clients are told to ask for at first, if that was configured.
    pub(crate) fn scopes(&self) -> Option<&[String]> {
        self.scopes.as_deref()
    }
}

/// What this server is called as an audience: as a whole, and at the route most clients use.
pub(crate) fn resources(own: &Own) -> [String; 2] {
    [own.base.clone(), streamable(own)]
}

fn streamable(own: &Own) -> String {
    format!("{}{}", own.base, Route::Streamable.path())
}
