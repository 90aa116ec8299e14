//! What a certificate says, for people: everything in it was written by somebody else, and is cut and cleaned.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use super::super::site::plain;

/// Names of a certificate that are shown; some have hundreds.
const NAMES_MAX: usize = 30;
/// Characters of one name that are shown.
const NAME_CHARS_MAX: usize = 255;
/// Names that are shown in a sentence.
const NAMES_IN_SENTENCE: usize = 5;

/// A certificate as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// Whose it is.
    pub(crate) subject: String,
    /// Who issued it.
    pub(crate) issuer: String,
    /// The servers it is for: the first of them.
    pub(crate) names: Vec<String>,
    /// How many servers it is for.
    pub(crate) names_total: usize,
    /// From when on it is valid.
    pub(crate) not_before: Timestamp,
    /// Until when it is valid.
    pub(crate) not_after: Timestamp,
    /// Whether it says that its holder issued it.
    pub(super) is_self_issued: bool,
    pub(super) subject_raw: Vec<u8>,
    pub(super) issuer_raw: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate; none if it is malformed.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(der).ok()?;
        let names = names(&read);
        let names_total = names.len();
        Some(Self {
            subject: name(read.subject()),
            issuer: name(read.issuer()),
            names: names.into_iter().take(NAMES_MAX).collect(),
            names_total,
            not_before: moment(read.validity().not_before),
            not_after: moment(read.validity().not_after),
            is_self_issued: is_self_issued(&read),
            subject_raw: read.subject().as_raw().to_vec(),
            issuer_raw: read.issuer().as_raw().to_vec(),
        })
    }

    /// Whose it is, in a sentence.
    pub(super) fn subject_shown(&self) -> String {
        match (self.subject.is_empty(), self.names.first()) {
            (false, _) => format!("`{}`", self.subject),
            (true, Some(name)) => format!("`{name}`"),
            (true, None) => "a holder without a name".to_owned(),
        }
    }

    /// Who issued it, in a sentence.
    pub(super) fn issuer_shown(&self) -> String {
        match self.issuer.is_empty() {
            false => format!("`{}`", self.issuer),
            true => "without a name".to_owned(),
        }
    }

    /// The servers it is for, in a sentence.
    pub(super) fn names_shown(&self) -> String {
        let some: Vec<_> = self
            .names
            .iter()
            .take(NAMES_IN_SENTENCE)
            .map(|name| format!("`{name}`"))
            .collect();
        let rest = self.names_total - some.len();
        match rest {
            0 => some.join(", "),
            rest => format!("{} and {rest} more", some.join(", ")),
        }
    }
}

/// Whole days from `now` to `then`; negative if it is past.
pub(crate) fn days(then: Timestamp, now: Timestamp) -> i64 {
    (then.as_second() - now.as_second()) / (24 * 60 * 60)
}

/// `CN=example.com, O=Example`.
fn name(name: &X509Name<'_>) -> String {
    plain(&name.to_string(), NAME_CHARS_MAX)
}

fn names(read: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = read.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(plain(name, NAME_CHARS_MAX)),
            GeneralName::IPAddress(octets) => address(octets).map(|address| address.to_string()),
            _ => None,
        });
    names.collect()
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| IpAddr::V6(Ipv6Addr::from(octets))))
        .ok()
}

/// Holder and issuer are the same, unless their keys say otherwise.
fn is_self_issued(read: &X509Certificate<'_>) -> bool {
    if read.subject().as_raw() != read.issuer().as_raw() {
        return false;
    }
    let (mut own, mut above) = (None, None);
    for extension in read.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(key) => own = Some(key.0),
            ParsedExtension::AuthorityKeyIdentifier(key) => {
                above = key.key_identifier.as_ref().map(|key| key.0);
            }
            _ => {}
        }
    }
    own.is_none() || above.is_none() || own == above
}

/// Certificates without an end say 31 December 9999, which is past the end of time here.
fn moment(time: ASN1Time) -> Timestamp {
    let seconds = time.timestamp();
    Timestamp::from_second(seconds).unwrap_or(match seconds > 0 {
        true => Timestamp::MAX,
        false => Timestamp::MIN,
    })
}
