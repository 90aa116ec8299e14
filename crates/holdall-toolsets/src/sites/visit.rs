//! Checks: [`Checker::visit`] asks a site as a browser would, [`Checker::look`] looks at its certificate alone.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls::pki_types::ServerName;

use super::certificate::{Judgement, Trust};
use super::encrypt::shake_hands;
use super::exchange::{self, Answer, BODY_BYTES_MAX};
use super::reason::{Failure, Reason};
use super::site::{ADDRESS_CHARS_MAX, plain, shown};
use crate::outbound::{Connector, Host, OutboundError, Url};

/// Redirects that are followed.
pub(super) const REDIRECTS_MAX: usize = 10;

/// What time it is.
#[derive(Clone)]
pub(super) struct Clock(pub(super) Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// That of the system.
    pub(super) fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Looks at sites.
#[derive(Clone, Debug)]
pub(super) struct Checker {
    /// The way to any of them.
    pub(super) connector: Connector,
    /// The way to the host that was asked for, if that may lie where others may not.
    pub(super) home: Option<Connector>,
    /// Whose certificates are good.
    pub(super) trust: Trust,
    /// What time it is.
    pub(super) clock: Clock,
    /// With fewer days left a certificate expires soon.
    pub(super) certificate_days_min: u32,
}

/// What came of asking a site.
#[derive(Debug)]
pub(super) struct Visit {
    /// When it began.
    pub(super) at: Timestamp,
    /// Where it ended.
    pub(super) url: Url,
    /// The ways it was sent on: the status, and where to.
    pub(super) redirects: Vec<(u16, Url)>,
    /// Status and protocol of the last answer.
    pub(super) answer: Option<(u16, &'static str)>,
    /// The encryption of the last connection.
    pub(super) encryption: Encryption,
    /// How long things took.
    pub(super) timings: Timings,
    /// Bytes of the body that came; it was not read any further.
    pub(super) body_bytes: u64,
    /// Why the site is not well, if it is not.
    pub(super) reason: Option<Reason>,
    /// What is being done.
    doing: &'static str,
    /// That the first request may not be made at all.
    pub(super) refused: Option<OutboundError>,
}

/// How the last connection was encrypted, if it was.
#[derive(Debug, Default)]
pub(super) struct Encryption {
    /// The version of TLS, if it was agreed on.
    pub(super) protocol: Option<&'static str>,
    /// What the certificate is worth, if one was shown.
    pub(super) judgement: Option<Judgement>,
}

/// How long the last request took, part by part, and all of them together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timings {
    /// Finding the host and connecting.
    pub(super) connect: Option<Duration>,
    /// The TLS handshake.
    pub(super) tls: Option<Duration>,
    /// From the request to the head of the answer.
    pub(super) answer: Option<Duration>,
    /// Reading the body.
    pub(super) body: Option<Duration>,
    /// Everything, redirects included.
    pub(super) total: Duration,
}

/// What came of looking at a certificate.
#[derive(Debug)]
pub(super) struct Look {
    /// When it began.
    pub(super) at: Timestamp,
    /// What was seen.
    pub(super) encryption: Encryption,
    /// Why nothing, or not all, was seen.
    pub(super) reason: Option<Reason>,
    /// That nothing may be looked at there.
    pub(super) refused: Option<OutboundError>,
}

impl Visit {
    /// Whether the site is well: it answered in time, completely, with no error, and can be trusted.
    pub(super) fn is_up(&self) -> bool {
        self.reason.is_none()
    }

    /// Whether more of the body would have come.
    pub(super) fn is_cut(&self) -> bool {
        self.body_bytes > BODY_BYTES_MAX
    }
}

impl Checker {
    /// Asks a site, follows where it is sent, and reads what comes, all within `patience`.
    pub(super) async fn visit(&self, url: &Url, patience: Duration) -> Visit {
        let mut visit = Visit {
            at: self.clock.now(),
            url: url.clone(),
            redirects: Vec::new(),
            answer: None,
            encryption: Encryption::default(),
            timings: Timings::default(),
            body_bytes: 0,
            reason: None,
            doing: CONNECTING,
            refused: None,
        };
        let began = Instant::now();
        let outcome = timeout_at(began + patience, self.follow(&mut visit)).await;
        visit.timings.total = began.elapsed();
        visit.reason = match outcome {
            Ok(Ok(())) => visit.answer.and_then(|(status, _)| of_status(status)),
            Ok(Err(reason)) => Some(reason),
            Err(_) => Some(Reason::of_time(visit.doing, patience)),
        };
        visit
    }

    /// Goes from request to request until one is answered with something else than a redirect.
    async fn follow(&self, visit: &mut Visit) -> Result<(), Reason> {
        let first = visit.url.clone();
        loop {
            // Where others send us is no business of the host that was asked for.
            let connector = match visit.url.host() == first.host() {
                true => self.home(),
                false => &self.connector,
            };
            let answer = self.ask(connector, visit).await?;
            let Some(next) = next(&answer, &visit.url)? else {
                let began = Instant::now();
                visit.doing = "reading the body";
                answer.read(&mut visit.body_bytes).await?;
                visit.timings.body = Some(began.elapsed());
                return Ok(());
            };
            let again = first == next || visit.redirects.iter().any(|(_, known)| *known == next);
            visit.redirects.push((answer.status.as_u16(), next.clone()));
            if again {
                let message = format!("the redirects go round in a circle: {} comes again", shown(&next));
                return Err(Reason::new(Failure::RedirectLoop, message));
            }
            if visit.redirects.len() > REDIRECTS_MAX {
                let message = format!(
                    "there are more than {REDIRECTS_MAX} redirects, the last to {}",
                    shown(&next)
                );
                return Err(Reason::new(Failure::RedirectLoop, message));
            }
            visit.url = next;
        }
    }

    /// The way to the host that was asked for.
    fn home(&self) -> &Connector {
        self.home.as_ref().unwrap_or(&self.connector)
    }

    /// Makes one request.
    async fn ask(&self, connector: &Connector, visit: &mut Visit) -> Result<Answer, Reason> {
        visit.timings = Timings::default();
        visit.encryption = Encryption::default();
        visit.answer = None;
        visit.doing = CONNECTING;
        let url = visit.url.clone();
        let host = url
            .host()
            .ok_or_else(|| Reason::new(Failure::BadRedirect, "its URL names no host"))?;
        let port = url.port_or_known_default().unwrap_or(super::site::HTTPS_PORT);
        let began = Instant::now();
        let connected = connector.connect(&host, port).await;
        visit.timings.connect = Some(began.elapsed());
        let stream = match connected {
            Ok(connection) => connection.stream,
            Err(error) => {
                let reason = Reason::of_connecting(&error);
                if matches!(error, OutboundError::Refused { .. }) && visit.redirects.is_empty() {
                    visit.refused = Some(error);
                }
                return Err(reason);
            }
        };
        let stream: Box<dyn Stream> = match url.scheme() {
            "https" => self.encrypt_to_send(stream, &host.to_owned(), visit).await?,
            _ => Box::new(stream),
        };
        visit.doing = WAITING;
        let began = Instant::now();
        let answer = exchange::ask(stream, &url).await;
        visit.timings.answer = Some(began.elapsed());
        let answer = answer?;
        visit.answer = Some((answer.status.as_u16(), answer.version));
        Ok(answer)
    }

    /// Shakes hands, and goes on only if the certificate is good.
    async fn encrypt_to_send(
        &self,
        stream: TcpStream,
        host: &Host,
        visit: &mut Visit,
    ) -> Result<Box<dyn Stream>, Reason> {
        visit.doing = SHAKING_HANDS;
        let began = Instant::now();
        let encrypted = self.encrypt(stream, host, &mut visit.encryption).await;
        visit.timings.tls = Some(began.elapsed());
        let stream = encrypted?;
        match &visit.encryption.judgement {
            Some(judgement) if judgement.verifies => Ok(stream),
            Some(judgement) => Err(Reason::of_certificate(judgement)),
            None => Err(Reason::new(Failure::Tls, "the server showed no certificate")),
        }
    }

    /// Looks at the certificate of a server, within `patience`.
    pub(super) async fn look(&self, host: &Host, port: u16, patience: Duration) -> Look {
        let mut look = Look {
            at: self.clock.now(),
            encryption: Encryption::default(),
            reason: None,
            refused: None,
        };
        let mut doing = CONNECTING;
        let looking = async {
            let connected = self.home().connect(host, port).await;
            let stream = match connected {
                Ok(connection) => connection.stream,
                Err(error) => {
                    let reason = Reason::of_connecting(&error);
                    look.refused = matches!(error, OutboundError::Refused { .. }).then_some(error);
                    return Err(reason);
                }
            };
            doing = SHAKING_HANDS;
            self.encrypt(stream, host, &mut look.encryption).await.map(drop)
        };
        let looked = timeout_at(Instant::now() + patience, looking).await;
        look.reason = match looked {
            Ok(looked) => looked.err(),
            Err(_) => Some(Reason::of_time(doing, patience)),
        };
        look
    }

    /// Shakes hands, and judges what was shown meanwhile.
    async fn encrypt(
        &self,
        stream: TcpStream,
        host: &Host,
        encryption: &mut Encryption,
    ) -> Result<Box<dyn Stream>, Reason> {
        let name = server_name(host)?;
        let hands = shake_hands(stream, &name, self.trust.provider()).await;
        if !hands.chain.is_empty() {
            let now = self.clock.now();
            let judgement = self
                .trust
                .judge(&hands.chain, &name, now, self.certificate_days_min);
            encryption.judgement = Some(judgement);
        }
        let (stream, protocol) = hands.outcome?;
        encryption.protocol = Some(protocol);
        Ok(Box::new(stream))
    }
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What a check does, for when it takes too long.
const CONNECTING: &str = "finding the host and connecting";
const SHAKING_HANDS: &str = "the TLS handshake";
const WAITING: &str = "waiting for the answer";

/// What certificates call a host. A name may end in a dot, but is written without it there.
fn server_name(host: &Host) -> Result<ServerName<'static>, Reason> {
    match host {
        Host::Ipv4(address) => Ok(ServerName::from(std::net::IpAddr::V4(*address))),
        Host::Ipv6(address) => Ok(ServerName::from(std::net::IpAddr::V6(*address))),
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()).map_err(|_| {
            let message = format!("`{}` is no name certificates can be for", plain(name, 255));
            Reason::new(Failure::Tls, message)
        }),
    }
}

/// Where an answer sends to from `url`, if it does.
fn next(answer: &Answer, url: &Url) -> Result<Option<Url>, Reason> {
    let status = answer.status.as_u16();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let bad = |message: String| Reason::new(Failure::BadRedirect, message);
    let Some(location) = &answer.location else {
        return Err(bad(format!(
            "status {status} is a redirect, but there is no `Location`"
        )));
    };
    let written = String::from_utf8_lossy(location);
    // Without the query, which may hold a key.
    let whole = plain(written.split('?').next().unwrap_or_default(), 200);
    if written.len() > ADDRESS_CHARS_MAX {
        return Err(bad(format!(
            "the `Location` has more than {ADDRESS_CHARS_MAX} characters"
        )));
    }
    let mut next = url
        .join(&written)
        .map_err(|error| bad(format!("the `Location` `{whole}` is no URL ({error})")))?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(bad(format!("the redirect to `{whole}` leaves http and https")));
    }
    // What somebody else writes there is not sent anywhere.
    let _ = next.set_username("");
    let _ = next.set_password(None);
    next.set_fragment(None);
    Ok(Some(next))
}

/// What a status says, if it is bad news.
fn of_status(status: u16) -> Option<Reason> {
    if status < 400 {
        return None;
    }
    let word = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let word = word.map_or_else(String::new, |word| format!(" ({word})"));
    let what = match status {
        400..=499 => "the server refuses the request",
        _ => "the server fails",
    };
    Some(Reason::new(
        Failure::HttpStatus,
        format!("{what}: status {status}{word}"),
    ))
}
