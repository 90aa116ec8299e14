//! A certificate that was looked at.

use std::fmt::Write;

use holdall::schemars::{self, JsonSchema};
use serde::Serialize;

use super::super::certificate::days as days_between;
use super::super::visit::Look;
use super::status::ReasonReply;
use super::{days, moment};
use crate::counted::counted;

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct CertificateReply {
    hostname: String,
    port: u16,
    /// healthy, expiring, expired, not_yet_valid, wrong_name, self_signed, incomplete_chain, unknown_authority, invalid;
    /// or unreachable: no certificate was seen
    status: &'static str,
    /// Whether a careful client accepts it.
    verifies: bool,
    /// Whole days until it expires; negative if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// The servers it is for, the first 30.
    names: Vec<String>,
    /// How many servers it is for.
    names_total: usize,
    /// Version of TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    /// Certificates the server sent, its own included.
    certificates_sent: usize,
    /// Everything that is wrong with the certificate.
    problems: Vec<String>,
    /// What to do about the status.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    /// Why the handshake failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonReply>,
    /// When it was looked at.
    checked_at: String,
}

impl CertificateReply {
    pub(crate) fn new(hostname: String, port: u16, look: &Look) -> Self {
        let judgement = look.encryption.judgement.as_ref();
        let certificate = judgement.and_then(|judgement| judgement.certificate.as_ref());
        Self {
            hostname,
            port,
            status: judgement.map_or("unreachable", |judgement| judgement.condition.as_str()),
            verifies: judgement.is_some_and(|judgement| judgement.verifies),
            days_left: certificate.map(|certificate| days_between(certificate.not_after, look.at)),
            not_before: certificate.map(|certificate| moment(certificate.not_before)),
            not_after: certificate.map(|certificate| moment(certificate.not_after)),
            subject: certificate.map(|certificate| certificate.subject.clone()),
            issuer: certificate.map(|certificate| certificate.issuer.clone()),
            names: certificate.map_or_else(Vec::new, |certificate| certificate.names.clone()),
            names_total: certificate.map_or(0, |certificate| certificate.names_total),
            protocol: look.encryption.protocol,
            certificates_sent: judgement.map_or(0, |judgement| judgement.sent),
            problems: judgement.map_or_else(Vec::new, |judgement| judgement.problems.clone()),
            hint: judgement.and_then(|judgement| judgement.condition.advice()),
            reason: look.reason.as_ref().map(ReasonReply::new),
            checked_at: moment(look.at),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}:{}: {}", self.hostname, self.port, self.status);
        match self.days_left {
            Some(left) if left >= 0 && self.status != "not_yet_valid" => {
                let _ = write!(text, ", {} left", days(left));
            }
            _ => {}
        }
        for problem in &self.problems {
            let _ = write!(text, "\n- {problem}");
        }
        if let (Some(from), Some(until)) = (&self.not_before, &self.not_after) {
            let _ = write!(text, "\nValid from {from} to {until}");
        }
        if let (Some(subject), Some(issuer)) = (&self.subject, &self.issuer) {
            let _ = write!(text, "\nSubject: {subject}\nIssuer: {issuer}");
        }
        if !self.names.is_empty() {
            let more = match self.names_total - self.names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let _ = write!(text, "\nFor: {}{more}", self.names.join(", "));
        }
        if self.certificates_sent > 0 {
            let accepts = if self.verifies {
                "accepts"
            } else {
                "does not accept"
            };
            let _ = write!(
                text,
                "\n{}, {} sent; a careful client {accepts} it",
                self.protocol.unwrap_or("TLS"),
                counted(self.certificates_sent, "certificate", "certificates")
            );
        }
        if let Some(hint) = self.hint {
            let _ = write!(text, "\nNext: {hint}");
        }
        if let Some(reason) = &self.reason {
            reason.write(&mut text);
        }
        text
    }
}
