//! Certificates, judged one question at a time, so that one mistake does not hide the others.
//!
//! Here: whom the checks trust, and what is right and wrong with a chain of certificates a server showed. Not here: how
//! it was shown, and what is said of a site because of it. Revocation is not looked at.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | is this chain good for this name at this time, and if not, why not |
//! | `parsed` | what does a certificate say |
//! | `trust` | whom is trusted |

mod parsed;
#[cfg(test)]
mod tests;
mod trust;

use jiff::Timestamp;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, Error};

pub(super) use self::parsed::{Certificate, days};
pub(super) use self::trust::Trust;

/// What a chain is worth. The first that fits of this order is said; all of them are in [`Judgement::problems`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    /// Its time is over.
    Expired,
    /// Its time is yet to come.
    NotYetValid,
    /// It vouches for itself.
    SelfSigned,
    /// A certificate between it and a trusted one was not sent.
    IncompleteChain,
    /// It leads to an authority nobody here trusts.
    UnknownAuthority,
    /// Something else is wrong with it.
    Invalid,
    /// It is for somebody else.
    WrongName,
    /// It is good, but not for long.
    Expiring,
    /// It is good.
    Healthy,
}

impl Condition {
    /// The stable word, `snake_case`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::SelfSigned => "self_signed",
            Self::IncompleteChain => "incomplete_chain",
            Self::UnknownAuthority => "unknown_authority",
            Self::Invalid => "invalid",
            Self::WrongName => "wrong_name",
            Self::Expiring => "expiring",
            Self::Healthy => "healthy",
        }
    }

    /// What to do about it.
    pub(super) fn advice(self) -> Option<&'static str> {
        match self {
            Self::Expired => Some("renew the certificate, and see why that did not happen by itself"),
            Self::NotYetValid => {
                Some("wait until it is valid, or correct the clock of whoever issued it, or of this machine")
            }
            Self::SelfSigned => Some(
                "have an authority issue a certificate; if it is meant to be so, the operator of this server names it in `authorities`",
            ),
            Self::IncompleteChain => Some(
                "have the server send the intermediate certificates, too (the \"full chain\" of the authority)",
            ),
            Self::UnknownAuthority => Some(
                "if it is a private authority, the operator of this server names its certificate in `authorities`; if not, do not trust it",
            ),
            Self::Invalid => Some("have the certificate issued anew"),
            Self::WrongName => Some(
                "check that the name is right and the server is set up for it, or have a certificate issued for it",
            ),
            Self::Expiring => Some("renew the certificate before it expires"),
            Self::Healthy => None,
        }
    }
}

/// What came of a look at a chain.
#[derive(Clone, Debug)]
pub(super) struct Judgement {
    /// The worst of it.
    pub(super) condition: Condition,
    /// Whether a careful client accepts it.
    pub(super) verifies: bool,
    /// Everything that is wrong, each a sentence.
    pub(super) problems: Vec<String>,
    /// What the server's own certificate says, if it can be read.
    pub(super) certificate: Option<Certificate>,
    /// Certificates that were sent, its own included.
    pub(super) sent: usize,
}

/// The questions, and what they are about.
struct Case<'a> {
    chain: &'a [CertificateDer<'static>],
    name: &'a ServerName<'static>,
    now: Timestamp,
    found: Vec<(Condition, String)>,
}

impl Trust {
    /// Judges what a server that goes by `name` showed, its own certificate in front. A good one with fewer than
    /// `days_min` days left expires soon.
    pub(super) fn judge(
        &self,
        chain: &[CertificateDer<'static>],
        name: &ServerName<'static>,
        now: Timestamp,
        days_min: u32,
    ) -> Judgement {
        let mut case = Case {
            chain,
            name,
            now,
            found: Vec::new(),
        };
        let parsed: Vec<_> = chain.iter().map(|one| Certificate::read(one)).collect();
        let own = parsed.first().and_then(Option::as_ref);
        match own {
            Some(own) => {
                case.time(own);
                case.names(own);
                case.chain(self, own, &parsed[1..]);
                if case.found.is_empty() && days(own.not_after, now) < i64::from(days_min) {
                    let left = days(own.not_after, now);
                    case.found.push((
                        Condition::Expiring,
                        format!("it expires in {}, on {}", counted(left), day(own.not_after)),
                    ));
                }
            }
            None => case
                .found
                .push((Condition::Invalid, "the certificate cannot be read".to_owned())),
        }
        case.found.sort_by_key(|(condition, _)| *condition);
        let condition = case
            .found
            .first()
            .map_or(Condition::Healthy, |(condition, _)| *condition);
        Judgement {
            condition,
            verifies: condition >= Condition::Expiring,
            problems: case.found.into_iter().map(|(_, problem)| problem).collect(),
            certificate: own.cloned(),
            sent: chain.len(),
        }
    }
}

impl Case<'_> {
    fn say(&mut self, condition: Condition, problem: String) {
        self.found.push((condition, problem));
    }

    /// Is it valid now?
    fn time(&mut self, own: &Certificate) {
        if own.not_after < own.not_before {
            self.say(Condition::Invalid, "it ends before it begins".to_owned());
        }
        if self.now > own.not_after {
            let ago = counted(-days(own.not_after, self.now));
            self.say(
                Condition::Expired,
                format!("it expired {ago} ago, on {}", day(own.not_after)),
            );
        } else if self.now < own.not_before {
            let until = counted(days(own.not_before, self.now));
            self.say(
                Condition::NotYetValid,
                format!("it becomes valid in {until}, on {}", day(own.not_before)),
            );
        }
    }

    /// Is it for this server?
    fn names(&mut self, own: &Certificate) {
        let Err(error) = Trust::names(&self.chain[0], self.name) else {
            return;
        };
        let name = self.name.to_str();
        let problem = match error {
            Error::InvalidCertificate(
                CertificateError::NotValidForNameContext { .. } | CertificateError::NotValidForName,
            ) => match own.names.is_empty() {
                true => format!("it names no server at all, so not `{name}` either"),
                false => format!("it is not for `{name}` but for {}", own.names_shown()),
            },
            error => format!(
                "whether it is for `{name}` cannot be found out: {}",
                words(&error)
            ),
        };
        self.say(Condition::WrongName, problem);
    }

    /// Does it lead to somebody who is trusted? Asked for a time at which it is valid itself: that it is over, or yet to
    /// come, was said already.
    fn chain(&mut self, trust: &Trust, own: &Certificate, others: &[Option<Certificate>]) {
        let at = self.now.min(own.not_after).max(own.not_before);
        let Err(error) = trust.chain(self.chain, unix(at)) else {
            return;
        };
        if own.is_self_issued {
            let by = own.subject_shown();
            self.say(
                Condition::SelfSigned,
                format!("{by} signed its certificate itself; no authority vouches for it"),
            );
            return;
        }
        let others: Vec<&Certificate> = others.iter().flatten().collect();
        let (top, links) = top(own, &others);
        let over = links
            .iter()
            .find(|link| self.now > link.not_after || self.now < link.not_before);
        let unknown = matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer));
        let untimely = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. }
            )
        );
        if let Some(over) = over {
            let (when, what) = match self.now > over.not_after {
                true => (over.not_after, "expired on"),
                false => (over.not_before, "becomes valid on"),
            };
            let problem = format!(
                "the certificate of its authority {} {what} {}",
                over.subject_shown(),
                day(when)
            );
            self.say(Condition::Invalid, problem);
        } else if untimely && at != self.now {
            // The others are good now, if not when it was; that it is not good now was said.
        } else if unknown && top.is_self_issued {
            let problem = format!(
                "it leads to the authority {}, which is not trusted here",
                top.subject_shown()
            );
            self.say(Condition::UnknownAuthority, problem);
        } else if unknown && !trust.knows(&top.issuer_raw) {
            let problem = format!(
                "the chain ends at {}: the certificate of its issuer {} was not sent and is not trusted here",
                top.subject_shown(),
                top.issuer_shown()
            );
            self.say(Condition::IncompleteChain, problem);
        } else if unknown {
            let problem = format!(
                "it says that the trusted authority {} issued it, but that is not true",
                top.issuer_shown()
            );
            self.say(Condition::UnknownAuthority, problem);
        } else {
            self.say(Condition::Invalid, words(&error));
        }
    }
}

/// Where the certificates that were sent lead to from `own`, and those on the way. Each is gone through once.
fn top<'a>(own: &'a Certificate, others: &[&'a Certificate]) -> (&'a Certificate, Vec<&'a Certificate>) {
    let mut at = own;
    let mut links: Vec<&'a Certificate> = Vec::new();
    while !at.is_self_issued {
        let above = others.iter().find(|other| {
            other.subject_raw == at.issuer_raw && !links.iter().any(|link| std::ptr::eq(*link, **other))
        });
        let Some(above) = above else { break };
        at = above;
        links.push(at);
    }
    (at, links)
}

/// What rustls says of a certificate, for people.
fn words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => match error {
            CertificateError::BadEncoding => "it is malformed".to_owned(),
            CertificateError::BadSignature => "its signature is wrong".to_owned(),
            CertificateError::UnhandledCriticalExtension => {
                "it demands something that is not understood here".to_owned()
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "it is not meant for servers".to_owned()
            }
            other => super::site::plain(&other.to_string(), PROBLEM_CHARS_MAX),
        },
        other => super::site::plain(&other.to_string(), PROBLEM_CHARS_MAX),
    }
}

/// The longest text of a library about a certificate.
const PROBLEM_CHARS_MAX: usize = 300;

fn unix(at: Timestamp) -> UnixTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

/// The day of a moment, in UTC.
fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn counted(days: i64) -> String {
    match days {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
