//! How panics and faults reach Sentry.
//!
//! What is sent says where and what kind: stack, name, kind. Texts of panics and causes can hold values of arguments and
//! are sent only if asked for; arguments, headers, environment variables and host names never are.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holdall::ErrorKind;
use holdall::observe::{CallRecord, Outcome};
use sentry::integrations::backtrace::{AttachStacktraceIntegration, ProcessStacktraceIntegration};
use sentry::integrations::panic::PanicIntegration;
use sentry::protocol::{Event, Exception, Level, User};
use sentry::types::Dsn;
use sentry::{ClientInitGuard, ClientOptions, Envelope, Hub, Transport, TransportFactory, TransportOptions};

use crate::config::SentryConfig;
use crate::error::TelemetryError;
use crate::outbound;

/// Reports that wait to be sent; a server that fails more often than this is not helped by more of them.
const WAITING_MAX: usize = 64;
/// How long one report may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long what is left may take to be sent at the end.
const FLUSHED: Duration = Duration::from_secs(5);
const AGENT: &str = concat!("holdall/", env!("CARGO_PKG_VERSION"));

/// Tells Sentry of faults. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Faults {
    hub: Arc<Hub>,
    messages: bool,
    addresses: bool,
}

/// What sends reports. Dropped, it sends what is left.
pub(crate) struct Reporter(#[expect(dead_code, reason = "kept for what its drop does")] ClientInitGuard);

/// From here on panics anywhere in the process are told, too.
pub(crate) fn start(config: &SentryConfig) -> Result<(Faults, Reporter), TelemetryError> {
    let dsn: Dsn = config.dsn.expose().parse().map_err(|_| TelemetryError::Sentry)?;
    let messages = config.messages;
    let mut options = ClientOptions::default();
    options.dsn = Some(dsn);
    options.release = Some(AGENT.into());
    options.environment = config.environment.clone().map(Into::into);
    options.default_integrations = false;
    options.integrations = vec![
        Arc::new(AttachStacktraceIntegration::new()),
        Arc::new(PanicIntegration::new()),
        Arc::new(ProcessStacktraceIntegration::new()),
    ];
    options.max_breadcrumbs = 0;
    options.send_default_pii = false;
    options.shutdown_timeout = FLUSHED;
    options.before_send = Some(Arc::new(move |event| Some(scrubbed(event, messages))));
    options.transport = Some(Arc::new(Sending));
    let guard = sentry::init(options);
    let faults = Faults {
        hub: Hub::current(),
        messages,
        addresses: config.addresses,
    };
    Ok((faults, Reporter(guard)))
}

/// Leaves of an event what is about the program.
fn scrubbed(mut event: Event<'static>, messages: bool) -> Event<'static> {
    event.server_name = None;
    event.request = None;
    event.extra.clear();
    event.contexts.clear();
    event.breadcrumbs.values.clear();
    if !messages {
        event.message = None;
        event.logentry = None;
        for exception in &mut event.exception.values {
            exception.value = None;
        }
    }
    event
}

impl Faults {
    pub(crate) fn call_ended(&self, record: &CallRecord<'_>) {
        // A panic was told of where it happened, with its stack.
        if record.outcome != Outcome::Failed(ErrorKind::Internal) || record.panicked() {
            return;
        }
        let call = record.call;
        let source = record.error.and_then(|error| error.source());
        let mut event = Event {
            level: Level::Error,
            ..Event::default()
        };
        event.exception.values.push(Exception {
            ty: "internal".into(),
            value: source.filter(|_| self.messages).map(ToString::to_string),
            ..Exception::default()
        });
        // Faults of one component belong together.
        event.fingerprint = vec![
            call.kind().as_str().into(),
            call.name().unwrap_or_default().to_owned().into(),
        ]
        .into();
        let arrival = call.arrival();
        for (tag, value) in [
            ("kind", Some(call.kind().as_str().to_owned())),
            ("name", call.name().map(str::to_owned)),
            ("transport", Some(arrival.transport.to_owned())),
            ("request_id", arrival.request_id.as_deref().map(str::to_owned)),
        ] {
            event.tags.extend(
                value
                    .filter(|value| !value.is_empty())
                    .map(|value| (tag.to_owned(), value)),
            );
        }
        if let Some(address) = arrival.address.filter(|_| self.addresses) {
            event.user = Some(User {
                ip_address: Some(sentry::protocol::IpAddress::Exact(address)),
                ..User::default()
            });
        }
        self.hub.capture_event(event);
    }
}

/// Makes what sends envelopes.
struct Sending;

impl TransportFactory for Sending {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let dsn = options.dsn.clone();
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("sentry".into());
        // Without the thread nothing is sent, and the channel says so.
        if let Err(error) = thread.spawn(move || send_all(&dsn, &receiver)) {
            tracing::error!(%error, "a thread for Sentry cannot be started; nothing is reported");
        }
        Arc::new(Outbox(Mutex::new(Some(sender))))
    }
}

/// What is sent: a report, or a word once everything before it was.
enum Parcel {
    Report(Box<Envelope>),
    Said(SyncSender<()>),
}

struct Outbox(Mutex<Option<SyncSender<Parcel>>>);

impl Outbox {
    fn sender(&self) -> Option<SyncSender<Parcel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for Outbox {
    fn send_envelope(&self, envelope: Envelope) {
        let sent = self
            .sender()
            .map(|sender| sender.try_send(Parcel::Report(Box::new(envelope))));
        if let Some(Err(TrySendError::Full(_))) = sent {
            tracing::warn!("more than {WAITING_MAX} reports wait for Sentry; one is dropped");
        }
    }

    fn flush(&self, timeout: Duration) -> bool {
        let (said, heard) = sync_channel(1);
        let sent = self.sender().map(|sender| sender.try_send(Parcel::Said(said)));
        matches!(sent, Some(Ok(()))) && heard.recv_timeout(timeout).is_ok()
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        let flushed = self.flush(timeout);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        flushed
    }
}

fn send_all(dsn: &Dsn, parcels: &Receiver<Parcel>) {
    let agent = outbound::agent(TIMEOUT);
    let (url, auth) = (
        dsn.envelope_api_url().to_string(),
        dsn.to_auth(Some(AGENT)).to_string(),
    );
    for parcel in parcels {
        let envelope = match parcel {
            Parcel::Report(envelope) => envelope,
            Parcel::Said(said) => {
                // Whoever waited may have given up.
                let _ = said.try_send(());
                continue;
            }
        };
        let mut body = Vec::new();
        if envelope.to_writer(&mut body).is_err() {
            continue;
        }
        let sent = agent.post(&url).header("X-Sentry-Auth", &auth).send(&body[..]);
        match sent.map(|reply| reply.status()) {
            Ok(status) if status.is_success() => {}
            Ok(status) => tracing::warn!(%status, "Sentry does not take a report"),
            // Its text would hold the URL, and that the key.
            Err(_) => tracing::warn!("Sentry cannot be reached; a report is dropped"),
        }
    }
}
