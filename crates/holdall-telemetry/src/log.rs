//! What lines of the log look like, and which libraries are kept quiet.

use std::io::{self, Write};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{LogConfig, LogFormat};
use crate::error::TelemetryError;

/// Libraries whose details are whole messages, headers or frames. What a client sends is not for the log, and neither is
/// its token.
const TALKATIVE: [&str; 12] = [
    "rmcp",
    "hyper",
    "hyper_util",
    "h2",
    "tower",
    "tungstenite",
    "tokio_tungstenite",
    "rustls",
    "reqwest",
    "ureq",
    "ureq_proto",
    "opentelemetry",
];

/// How much is logged.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Whether a part of a filter is a single word that is no level.
fn is_no_level(part: &str) -> bool {
    let is_word = !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let is_number = part.parse::<u8>().is_ok_and(|level| level <= 5);
    is_word && !is_number && !LEVELS.iter().any(|level| part.eq_ignore_ascii_case(level))
}

/// A layer that writes the log to `writer`.
pub(crate) fn layer<S, W>(
    config: &LogConfig,
    writer: W,
) -> Result<Box<dyn Layer<S> + Send + Sync>, TelemetryError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wrong = |problem: String| TelemetryError::Filter {
        filter: config.filter.clone(),
        problem,
    };
    if let Some(word) = config
        .filter
        .split(',')
        .map(str::trim)
        .find(|part| is_no_level(part))
    {
        // It would be taken for a library of that name, and nothing else would be logged.
        return Err(wrong(format!("`{word}` is none of {}", LEVELS.join(", "))));
    }
    let chosen = EnvFilter::try_new(&config.filter).map_err(|error| wrong(error.to_string()))?;
    let filter = chosen.and(filter_fn(is_harmless));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(OneLine(writer))
        .with_ansi(false)
        // Whoever reads standard error may close it; complaining there about it would panic.
        .log_internal_errors(false);
    Ok(match config.format {
        LogFormat::Text => boxed(lines, filter),
        LogFormat::Json => boxed(lines.json().with_current_span(false).with_span_list(true), filter),
    })
}

fn boxed<S: Subscriber + for<'a> LookupSpan<'a>>(
    lines: impl Layer<S> + Send + Sync,
    filter: impl Filter<S> + Send + Sync + 'static,
) -> Box<dyn Layer<S> + Send + Sync> {
    lines.with_filter(filter).boxed()
}

/// Whether something can be logged without giving away what clients send.
pub(crate) fn is_harmless(metadata: &Metadata<'_>) -> bool {
    let library = metadata.target().split("::").next().unwrap_or_default();
    // More important is smaller.
    *metadata.level() <= Level::INFO || !TALKATIVE.contains(&library)
}

/// Makes of every event one line without control characters, whatever is in it.
struct OneLine<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for OneLine<W> {
    type Writer = Escaped<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Escaped(self.0.make_writer())
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        Escaped(self.0.make_writer_for(metadata))
    }
}

/// Escapes control characters, except the newline at the end of what is written, which is one event.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let clean = match line.chars().any(is_confusing) {
            true => escaped(line) + "\n",
            false => format!("{line}\n"),
        };
        self.0.write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Control characters, and those that change the direction of what is around them.
fn is_confusing(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str) -> String {
    let mut clean = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_confusing(c) {
            true => clean.extend(c.escape_default()),
            false => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        let made = |filter: &str| {
            let config = LogConfig {
                filter: filter.into(),
                format: LogFormat::Text,
            };
            layer::<tracing_subscriber::Registry, _>(&config, io::sink).map(drop)
        };
        for filter in [
            "",
            "warn",
            "WARN",
            "3",
            "off",
            "warn,holdall=debug",
            "holdall_http=trace, error",
            "[span]",
        ] {
            assert!(made(filter).is_ok(), "{filter}");
        }
        for filter in ["wran", "loud", "holdall", "holdall=debug,wran", "9"] {
            let error = made(filter).expect_err(filter).to_string();
            assert!(error.contains("none of off, error"), "{error}");
        }
    }

    fn logged(format: LogFormat, what: impl FnOnce()) -> String {
        let shared = Shared::default();
        let writer = shared.clone();
        let config = LogConfig {
            filter: "trace".into(),
            format,
        };
        let layer = layer(&config, move || writer.clone()).unwrap();
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, what);
        String::from_utf8(shared.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_event_is_one_line_without_control_characters() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(format, || {
                tracing::info!(name = %"a\u{202e}b", "one\ntwo\x1b[31m\r\x07");
                tracing::info!("the next");
            });
            assert_eq!(text.lines().count(), 2, "{text}");
            assert!(!text.replace('\n', "").chars().any(is_confusing), "{text:?}");
            assert!(text.contains("one\\ntwo") && text.contains("the next"), "{text}");
        }
    }

    #[test]
    fn lines_in_json_carry_the_fields_of_all_spans_around_them() {
        let text = logged(LogFormat::Json, || {
            let call = tracing::info_span!("call", request_id = "r-1", called = "greet");
            call.in_scope(|| tracing::debug_span!("inner").in_scope(|| tracing::info!("within")));
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["spans"][0]["request_id"], "r-1", "{text}");
        assert_eq!(line["fields"]["message"], "within");
    }

    #[test]
    fn libraries_that_would_write_messages_are_kept_quiet() {
        let text = logged(LogFormat::Text, || {
            tracing::trace!(target: "rmcp::service", "canary");
            tracing::debug!(target: "hyper::proto", "canary");
            tracing::info!(target: "rmcp::service", "harmless");
            tracing::trace!(target: "hyperbole", "unrelated");
        });
        assert!(
            !text.contains("canary") && text.contains("harmless") && text.contains("unrelated"),
            "{text}"
        );
    }
}
