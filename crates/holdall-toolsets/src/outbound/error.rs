//! What can go wrong on the way to a server: [`OutboundError`].

use std::io;
use std::time::Duration;

use holdall::{CallError, ErrorKind};
use thiserror::Error;

use super::policy::RefusedAddress;

/// Why something could not be reached.
///
/// The texts are for callers: they hold no address a name leads to, since that would tell strangers about the inside of
/// a network. The fields hold it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// A text is no address of a page.
    #[error("the address cannot be used: {problem}")]
    InvalidUrl {
        /// What is wrong with it.
        problem: String,
    },
    /// Pages are not reached that way.
    #[error("`{scheme}` addresses are not reached: only http and https are")]
    Scheme {
        /// Which way.
        scheme: String,
    },
    /// No web server is at that port.
    #[error("port {port} is not reached: what answers there is no web server")]
    Port {
        /// Which.
        port: u16,
    },
    /// The operator did not list the host.
    #[error(
        "`{host}` is none of the hosts the operator of this server allows here{}",
        listed_text(listed)
    )]
    HostNotListed {
        /// The name, or the address; with scheme and port where these are the reason.
        host: String,
        /// What is listed of the same host.
        listed: Vec<String>,
    },
    /// The site does not want programs there.
    #[error("`{host}` asks programs not to read this page (robots.txt)")]
    Robots {
        /// The name, or the address.
        host: String,
    },
    /// The name leads to nothing.
    #[error("there is no host `{host}`")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the look-up said.
        source: Option<io::Error>,
    },
    /// An address of the host may not be reached.
    #[error("`{host}` may not be reached: its address is {}", refused.what)]
    Refused {
        /// The name, or the address.
        host: String,
        /// Which of its addresses, and what that is.
        refused: RefusedAddress,
    },
    /// The host does not take the connection.
    #[error("`{host}` does not take connections at port {port}")]
    Connect {
        /// The name, or the address.
        host: String,
        /// The port.
        port: u16,
        /// What the last of its addresses said.
        source: io::Error,
    },
    /// The host could not be found and reached in time.
    #[error("`{host}` could not be reached within {after:?}")]
    ConnectTimeout {
        /// The name, or the address.
        host: String,
        /// How long that was.
        after: Duration,
    },
    /// No encrypted connection came about.
    #[error("`{host}` could not be trusted, or does not encrypt")]
    Tls {
        /// The name, or the address.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// The host broke off, or does not speak HTTP.
    #[error("the answer of `{host}` broke off, or is no HTTP")]
    Broken {
        /// The name, or the address.
        host: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer was not whole in time.
    #[error("`{host}` had not answered after {after:?}")]
    Timeout {
        /// The name, or the address that was asked first.
        host: String,
        /// How long that was.
        after: Duration,
    },
    /// The headers are too large.
    #[error("the headers of `{host}` are larger than {bytes_max} bytes")]
    HeadTooLarge {
        /// The name, or the address.
        host: String,
        /// The bound.
        bytes_max: usize,
    },
    /// The body is too large, packed or unpacked.
    #[error("the answer of `{host}` is larger than {bytes_max} bytes")]
    TooLarge {
        /// The name, or the address.
        host: String,
        /// The bound.
        bytes_max: usize,
    },
    /// The body is packed in a way nobody asked for, or twice.
    #[error("the answer is packed as `{coding}`, which is not unpacked")]
    Coding {
        /// What the server called it.
        coding: String,
    },
    /// One redirect led to the next.
    #[error("`{url}` leads to more than {followed} redirects")]
    TooManyRedirects {
        /// The address that was asked first.
        url: String,
        /// How many were followed.
        followed: usize,
    },
    /// Redirects led to something that failed.
    #[error("{source}; `{url}` leads there by {}", redirects_text(*redirects))]
    Redirected {
        /// The address that was asked first: what servers name may hold anything.
        url: String,
        /// How many were followed.
        redirects: usize,
        /// What failed.
        source: Box<OutboundError>,
    },
}

fn listed_text(listed: &[String]) -> String {
    match listed {
        [] => String::new(),
        listed => format!(": of that host there is `{}`", listed.join("`, `")),
    }
}

fn redirects_text(redirects: usize) -> String {
    match redirects {
        1 => "a redirect".to_owned(),
        redirects => format!("{redirects} redirects"),
    }
}

impl OutboundError {
    /// What failed, whether or not redirects led there.
    pub fn origin(&self) -> &Self {
        match self {
            Self::Redirected { source, .. } => source.origin(),
            error => error,
        }
    }

    /// The same as an error of a call, with what to do about it; what lies behind it goes to the log alone.
    pub fn into_call_error(self) -> CallError {
        let is_redirected = matches!(self, Self::Redirected { .. });
        let (kind, hint) = match self.origin() {
            Self::InvalidUrl { .. } | Self::Scheme { .. } | Self::Port { .. } if is_redirected => {
                (ErrorKind::Failed, "try another address")
            }
            Self::InvalidUrl { .. } | Self::Scheme { .. } | Self::Port { .. } => (
                ErrorKind::InvalidArguments,
                "give a whole address, such as https://example.com/page",
            ),
            Self::HostNotListed { listed, .. } if !listed.is_empty() => (
                ErrorKind::PermissionDenied,
                "write the address as it is listed, or ask the operator of this server to list it",
            ),
            Self::HostNotListed { .. } => (
                ErrorKind::PermissionDenied,
                "ask the operator of this server to list it",
            ),
            Self::Robots { .. } => (
                ErrorKind::PermissionDenied,
                "ask the user to open the page themselves",
            ),
            Self::Refused { .. } => (
                ErrorKind::PermissionDenied,
                "only public addresses are reached, and networks the operator of this server has allowed",
            ),
            Self::UnknownHost { .. } => (ErrorKind::NotFound, "check the spelling of the host"),
            Self::Connect { .. } | Self::ConnectTimeout { .. } => {
                (ErrorKind::Unavailable, "try again later, or check host and port")
            }
            Self::Tls { .. } => (ErrorKind::Unavailable, "check the spelling of the host"),
            Self::Broken { .. } | Self::Timeout { .. } => (ErrorKind::Unavailable, "try again later"),
            Self::HeadTooLarge { .. } | Self::TooLarge { .. } => {
                (ErrorKind::TooLarge, "ask for a smaller page or part")
            }
            Self::Coding { .. } | Self::TooManyRedirects { .. } | Self::Redirected { .. } => {
                (ErrorKind::Failed, "try another address")
            }
        };
        CallError::new(kind, self.to_string()).hint(hint).caused_by(self)
    }
}
