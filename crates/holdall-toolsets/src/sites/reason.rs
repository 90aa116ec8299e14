//! Why a site is not well, in words a model can act on: [`Reason`].

use std::io;
use std::time::Duration;

use tokio_rustls::rustls::{AlertDescription, Error as TlsError, InvalidMessage, PeerIncompatible};

use super::certificate::Judgement;
use super::site::plain;
use crate::outbound::OutboundError;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The name leads to nothing.
    UnknownHost,
    /// The address may not be reached from here.
    NotAllowed,
    /// The host takes no connection.
    Refused,
    /// The way there fails.
    Unreachable,
    /// It took too long.
    TimedOut,
    /// The connection ended before the answer did.
    Closed,
    /// What answers speaks no TLS.
    NotTls,
    /// No encryption could be agreed on.
    Tls,
    /// The certificate is not good.
    Certificate,
    /// What answers speaks no HTTP, or more than is read.
    NotHttp,
    /// A redirect leads back to where it came from, or on and on.
    RedirectLoop,
    /// A redirect leads nowhere.
    BadRedirect,
    /// The answer says that it failed.
    HttpStatus,
}

impl Failure {
    /// The stable word, `snake_case`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::UnknownHost => "unknown_host",
            Self::NotAllowed => "not_allowed",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Closed => "closed",
            Self::NotTls => "not_tls",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::NotHttp => "not_http",
            Self::RedirectLoop => "redirect_loop",
            Self::BadRedirect => "bad_redirect",
            Self::HttpStatus => "http_status",
        }
    }

    /// What to look at next.
    fn advice(self) -> &'static str {
        match self {
            Self::UnknownHost => {
                "check the spelling; if it is right, the domain's DNS records are missing or it has expired"
            }
            Self::NotAllowed => {
                "only public addresses are reached, and networks the operator of this server has allowed in the configuration"
            }
            Self::Refused => {
                "nothing listens there: see whether the server runs, and whether the port is right"
            }
            Self::Unreachable => {
                "see whether the machine is up and the network leads to it; a firewall may be in between"
            }
            Self::TimedOut => {
                "see whether the server is overloaded or a firewall drops the packets; try once more with a longer timeout"
            }
            Self::Closed => {
                "see the log of the server, or of the proxy in front of it, for why it ended the connection"
            }
            Self::NotTls => "use http:// if that is meant, or see whether TLS is switched on at this port",
            Self::Tls => "see which versions and names the server is set up for; check_ssl_expiry tells more",
            Self::Certificate => "check_ssl_expiry tells all about the certificate",
            Self::NotHttp => "see whether port and protocol are right",
            Self::RedirectLoop => {
                "see how the server and the proxy in front of it redirect: http to https, www, and trailing slashes"
            }
            Self::BadRedirect => "correct the `Location` the server sends",
            Self::HttpStatus => {
                "see the log of the server for the request; debug_incident explains the status"
            }
        }
    }
}

/// Why a site is not well.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    /// Its kind.
    pub(super) failure: Failure,
    /// What failed, with which value.
    pub(super) message: String,
}

/// How many characters of what a server sent are repeated.
const HEARD_CHARS_MAX: usize = 40;

impl Reason {
    pub(super) fn new(failure: Failure, message: impl Into<String>) -> Self {
        Self {
            failure,
            message: message.into(),
        }
    }

    /// What to look at next.
    pub(super) fn advice(&self) -> &'static str {
        self.failure.advice()
    }

    /// Why there is no connection.
    pub(super) fn of_connecting(error: &OutboundError) -> Self {
        let refused = |source: &io::Error| source.kind() == io::ErrorKind::ConnectionRefused;
        let failure = match error {
            OutboundError::UnknownHost { .. } => Failure::UnknownHost,
            OutboundError::Refused { .. } => Failure::NotAllowed,
            OutboundError::Connect { source, .. } if refused(source) => Failure::Refused,
            OutboundError::ConnectTimeout { .. } => Failure::TimedOut,
            // A connector fails in no other way.
            _ => Failure::Unreachable,
        };
        let more = match (error, failure) {
            (OutboundError::Connect { .. }, Failure::Refused) => ": the connection was refused",
            (OutboundError::Connect { source, .. }, _) => match source.kind() {
                io::ErrorKind::HostUnreachable => ": there is no way to the host",
                io::ErrorKind::NetworkUnreachable => ": there is no way to its network",
                _ => "",
            },
            _ => "",
        };
        Self::new(failure, format!("{error}{more}"))
    }

    /// Why there is no encryption. `heard` is how the answer began.
    pub(super) fn of_encrypting(error: &io::Error, heard: &[u8]) -> Self {
        if heard.starts_with(b"HTTP/") {
            return Self::new(
                Failure::NotTls,
                "it answers plain HTTP where TLS was expected: the port is not encrypted",
            );
        }
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        match tls {
            Some(TlsError::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::UnknownProtocolVersion,
            )) => Self::new(
                Failure::NotTls,
                format!("it speaks no TLS: its answer begins with {}", quoted(heard)),
            ),
            Some(error) => Self::new(Failure::Tls, handshake(error)),
            None => Self::of_reading(error, "the TLS handshake"),
        }
    }

    /// That what came is no HTTP. `heard` is how it began.
    pub(super) fn of_no_http(heard: &[u8], doing: &str) -> Self {
        let message = match heard {
            // An alert, or a greeting, of TLS.
            [0x15 | 0x16, 0x03, ..] => {
                "it answers TLS where plain HTTP was expected: use https://".to_owned()
            }
            heard if heard.starts_with(b"HTTP/") => format!("its answer to {doing} is malformed HTTP"),
            heard => format!("it speaks no HTTP: its answer begins with {}", quoted(heard)),
        };
        Self::new(Failure::NotHttp, message)
    }

    /// Why `doing` ended early.
    pub(super) fn of_reading(error: &io::Error, doing: &str) -> Self {
        let message = match error.kind() {
            io::ErrorKind::ConnectionReset => format!("the connection was reset during {doing}"),
            _ => format!("the connection was closed during {doing}"),
        };
        Self::new(Failure::Closed, message)
    }

    /// Why a certificate keeps a site from being well.
    pub(super) fn of_certificate(judgement: &Judgement) -> Self {
        Self::new(
            Failure::Certificate,
            format!("the certificate is not good: {}", judgement.problems.join("; ")),
        )
    }

    /// That it took longer than `patience` altogether.
    pub(super) fn of_time(doing: &str, patience: Duration) -> Self {
        Self::new(
            Failure::TimedOut,
            format!("{doing} was not done within {} s", patience.as_secs_f64()),
        )
    }
}

/// What a server sent, for people.
fn quoted(heard: &[u8]) -> String {
    match heard.is_empty() {
        true => "nothing".to_owned(),
        false => format!("`{}`", plain(&String::from_utf8_lossy(heard), HEARD_CHARS_MAX)),
    }
}

/// What keeps two sides from agreeing.
fn handshake(error: &TlsError) -> String {
    match error {
        TlsError::AlertReceived(alert) => match alert {
            AlertDescription::ProtocolVersion => {
                "the server wants another version of TLS than 1.2 and 1.3".to_owned()
            }
            AlertDescription::UnrecognisedName => "the server knows no site of this name".to_owned(),
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
                "the server found no encryption both sides know, or no certificate for this name".to_owned()
            }
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate => {
                "the server wants a certificate of its client".to_owned()
            }
            AlertDescription::InternalError => {
                "the server says that it failed during the handshake".to_owned()
            }
            other => format!("the server ended the handshake: {other:?}"),
        },
        TlsError::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "the server speaks versions of TLS before 1.2 only, which are broken".to_owned(),
        other => format!(
            "no encryption could be agreed on: {}",
            plain(&other.to_string(), 200)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_tls_is_quoted_harmlessly() {
        let error = io::Error::new(
            io::ErrorKind::InvalidData,
            TlsError::InvalidMessage(InvalidMessage::InvalidContentType),
        );
        let reason = Reason::of_encrypting(&error, b"SSH-2.0-\x1b[31m\n");
        assert_eq!(reason.failure, Failure::NotTls);
        assert_eq!(
            reason.message,
            "it speaks no TLS: its answer begins with `SSH-2.0-\u{fffd}[31m\u{fffd}`"
        );
        let reason = Reason::of_encrypting(&error, b"HTTP/1.1 400 Bad");
        assert!(reason.message.contains("plain HTTP"), "{reason:?}");
    }

    #[test]
    fn alerts_are_explained() {
        let said = |alert| {
            let error = io::Error::new(io::ErrorKind::InvalidData, TlsError::AlertReceived(alert));
            Reason::of_encrypting(&error, b"\x15\x03").message
        };
        assert!(said(AlertDescription::UnrecognisedName).contains("no site of this name"));
        assert!(said(AlertDescription::ProtocolVersion).contains("1.2 and 1.3"));
        assert!(said(AlertDescription::CertificateRequired).contains("of its client"));
        assert!(said(AlertDescription::DecodeError).contains("DecodeError"));
    }
}
