//! A site that was asked.

use std::fmt::Write;

use holdall::schemars::{self, JsonSchema};
use serde::Serialize;

use super::super::reason::Reason;
use super::super::site::shown;
use super::super::visit::{Encryption, Timings, Visit};
use super::{days, milliseconds, moment};
use crate::counted::counted;
use crate::outbound::Url;

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct StatusReply {
    /// What was asked.
    url: String,
    /// Whether it answered in time, completely, without an error, and with a good certificate.
    up: bool,
    /// Status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Where the redirects ended; the query of what others named is not shown.
    final_url: String,
    redirects: Vec<RedirectReply>,
    timings_ms: TimingsReply,
    /// Size of the body, as far as it was read.
    body_bytes: u64,
    /// Whether the body goes on after that.
    body_cut: bool,
    /// Of the last connection, if it was encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<TlsReply>,
    /// Why it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonReply>,
    /// When it was asked.
    checked_at: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct RedirectReply {
    status: u16,
    to: String,
}

/// Of the last request; `total` of all.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TimingsReply {
    /// Finding the host and connecting.
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<u64>,
    /// From the request to the head of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<u64>,
    total: u64,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TlsReply {
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    /// healthy, expiring, expired, not_yet_valid, wrong_name, self_signed, incomplete_chain, unknown_authority, invalid
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ReasonReply {
    /// unknown_host, not_allowed, refused, unreachable, timed_out, closed, not_tls, tls, certificate, not_http,
    /// redirect_loop, bad_redirect, http_status
    kind: &'static str,
    message: String,
    /// What to look at next.
    hint: &'static str,
}

impl ReasonReply {
    pub(super) fn new(reason: &Reason) -> Self {
        Self {
            kind: reason.failure.as_str(),
            message: reason.message.clone(),
            hint: reason.advice(),
        }
    }

    pub(super) fn write(&self, text: &mut String) {
        let Self { kind, message, hint } = self;
        let _ = write!(text, "\n{kind}: {message}\nNext: {hint}");
    }
}

impl TlsReply {
    fn new(encryption: &Encryption, visit: &Visit) -> Option<Self> {
        if encryption.protocol.is_none() && encryption.judgement.is_none() {
            return None;
        }
        let judgement = encryption.judgement.as_ref();
        let certificate = judgement.and_then(|judgement| judgement.certificate.as_ref());
        Some(Self {
            protocol: encryption.protocol,
            certificate: judgement.map(|judgement| judgement.condition.as_str()),
            days_left: certificate
                .map(|certificate| super::super::certificate::days(certificate.not_after, visit.at)),
        })
    }
}

impl StatusReply {
    pub(crate) fn new(asked: &Url, visit: &Visit) -> Self {
        let Timings {
            connect,
            tls,
            answer,
            body,
            total,
        } = visit.timings;
        let redirects = visit.redirects.iter().map(|(status, to)| RedirectReply {
            status: *status,
            // A server may put a key there that nobody asked it for.
            to: shown(to),
        });
        Self {
            url: asked.to_string(),
            up: visit.is_up(),
            status: visit.answer.map(|(status, _)| status),
            final_url: match visit.url == *asked {
                true => asked.to_string(),
                false => shown(&visit.url),
            },
            redirects: redirects.collect(),
            timings_ms: TimingsReply {
                connect: connect.map(milliseconds),
                tls: tls.map(milliseconds),
                answer: answer.map(milliseconds),
                body: body.map(milliseconds),
                total: milliseconds(total),
            },
            body_bytes: visit.body_bytes,
            body_cut: visit.is_cut(),
            tls: TlsReply::new(&visit.encryption, visit),
            reason: visit.reason.as_ref().map(ReasonReply::new),
            checked_at: moment(visit.at),
        }
    }

    pub(crate) fn text(&self, asked: &Url) -> String {
        let name = shown(asked);
        let total = self.timings_ms.total;
        let mut text = match (self.up, self.status) {
            (true, Some(status)) => format!("{name} is up: status {status} in {total} ms"),
            (_, Some(status)) => format!("{name} is DOWN: status {status}, after {total} ms"),
            (_, None) => format!("{name} is DOWN, after {total} ms"),
        };
        let parts = [
            ("connect", self.timings_ms.connect),
            ("TLS", self.timings_ms.tls),
            ("answer", self.timings_ms.answer),
            ("body", self.timings_ms.body),
        ];
        let parts = parts
            .into_iter()
            .filter_map(|(name, time)| Some(format!("{name} {}", time?)));
        let parts = parts.collect::<Vec<_>>().join(", ");
        if !parts.is_empty() {
            let _ = write!(text, " ({parts})");
        }
        for RedirectReply { status, to } in &self.redirects {
            let _ = write!(text, "\n{status} → {to}");
        }
        if let Some(tls) = &self.tls {
            let _ = write!(text, "\n{}", tls.protocol.unwrap_or("TLS"));
            if let Some(condition) = tls.certificate {
                let _ = write!(text, ", certificate {condition}");
            }
            match tls.days_left {
                Some(left) if left >= 0 => {
                    let _ = write!(text, ", {} left", days(left));
                }
                _ => {}
            }
        }
        if self.body_bytes > 0 {
            let more = if self.body_cut { " and more" } else { "" };
            let _ = write!(
                text,
                "\n{} of body{more}",
                counted(self.body_bytes, "byte", "bytes")
            );
        }
        if let Some(reason) = &self.reason {
            reason.write(&mut text);
        }
        text
    }
}
