//! `holdall serve`.

use std::fmt::Write;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use holdall::Service;
use holdall_http::{HttpServer, Lifecycle, Listen, MetricsServer, ReadyCheck, tell_supervisor};
use holdall_notes::Notebook;
use holdall_telemetry::{TelemetryGuard, TelemetryObserver};
use serde_json::json;

use crate::arguments::ServeArguments;
use crate::config::layers::{self, Loaded, Sources};
use crate::config::{Config, LogFormat};
use crate::listening;
use crate::progress::Bar;
use crate::toolsets::Offer;
use crate::{USAGE, say};

/// How long calls that are dropped at the end may take to be gone: only what blocks takes any time.
const DROPPED_WITHIN: Duration = Duration::from_secs(1);

pub(crate) fn run(
    arguments: &ServeArguments,
    loaded: Loaded,
    sources: Sources,
    (telemetry, observer): (TelemetryGuard, TelemetryObserver),
) -> Result<ExitCode> {
    let config = loaded.config;
    // Before there are threads: what systemd hands over is in the environment.
    let places = listening::places(&config)?;
    if places.is_empty()
        && let Some(flag) = arguments.http_only_flag()
    {
        say(&format!(
            "error: {flag} means something over HTTP only: add --http, or --unix-socket PATH"
        ));
        return Ok(ExitCode::from(USAGE));
    }
    let offer = Offer::new(&config)?;
    let notes = offer.notes.clone();
    let mut server = offer.server();
    for (scope, patterns) in &config.auth.grants {
        server = server.grant(scope, patterns);
    }
    let server = server.listener_bounds(config.subscriptions);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    let service = {
        // What toolsets begin when the server is built runs there.
        let _entered = runtime.enter();
        server.observe(observer.clone()).build()?
    };
    let telemetry = Arc::new(telemetry);
    let outcome = runtime.block_on(async {
        let serving = Serving {
            service: service.clone(),
            config,
            sources,
            notes,
            telemetry: Arc::clone(&telemetry),
            observer,
        };
        let outcome = match places.is_empty() {
            false => serving.over_http(places).await,
            true => Box::pin(serving.over_stdio()).await,
        };
        // Whoever asks for a task later reads that it was stopped.
        service.shut_down().await;
        outcome
    });
    // Calls that were not finished are dropped with it, and told of. What blocks does not matter any more.
    runtime.shutdown_timeout(DROPPED_WITHIN);
    // What was told until now is still written.
    drop(telemetry);
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Everything that is needed while the server serves.
struct Serving {
    service: Service,
    config: Config,
    sources: Sources,
    notes: Option<Arc<Notebook>>,
    telemetry: Arc<TelemetryGuard>,
    observer: TelemetryObserver,
}

impl Serving {
    async fn over_stdio(self) -> Result<()> {
        let asked_to_stop = asked_to_stop()?;
        let on_terminal = std::io::stdin().is_terminal();
        if on_terminal {
            say(&offer(&self.service, self.notes.as_ref()));
            say(
                "Serving on standard input and output: an MCP host starts this command itself. Press Ctrl-D to end.",
            );
        }
        let telemetry = Arc::clone(&self.telemetry);
        let _heeding = listening::heed_reloads(move || {
            telemetry.reopen();
            Ok(())
        })?;
        let _bar = self.notes.as_ref().filter(|_| on_terminal).map(Bar::show);
        tokio::select! {
            outcome = holdall::stdio::serve(self.service) => outcome.map_err(Into::into),
            () = asked_to_stop => Ok(()),
        }
    }

    async fn over_http(self, places: Vec<Listen>) -> Result<()> {
        let asked_to_stop = asked_to_stop()?;
        let mut front = listening::front(&self.config).await?;
        front.ready_checks.extend(self.notes.as_ref().map(notes_ready));
        front.metrics = self.telemetry.metrics_page();
        front.observers = front.observers.with(self.observer.clone());
        let (encrypted, tokens) = (front.tls.is_some(), front.auth.tokens.clone());
        let public = front.public_url.as_ref().map(|url| url.at("/mcp"));
        let server = HttpServer::bind_all(places, self.service.clone(), front).await?;
        let urls = listening::urls(&server, encrypted);
        self.announce(&offer(&self.service, self.notes.as_ref()));
        for url in &urls {
            self.announce(&format!("Listening on {url}"));
        }
        if std::io::stderr().is_terminal()
            && let Some(url) = public.as_ref().or(urls.first())
        {
            say(&format!(
                "\nConnect a host:\n{}\nPress Ctrl-C to end.",
                host_configuration(url)
            ));
        }
        let (reloader, telemetry) = (server.reloader(), Arc::clone(&self.telemetry));
        let sources = self.sources.clone();
        let _heeding = listening::heed_reloads(move || {
            telemetry.reopen();
            if let Some(tokens) = &tokens {
                tokens.reload()?;
            }
            let loaded = layers::load(&sources)?;
            reloader.reload(&listening::reloadable(&loaded.config)?)?;
            Ok(())
        })?;
        let _figures = self.figures().await?;
        let _alive = listening::stay_alive();
        tell_supervisor(Lifecycle::Ready);
        let _bar = self.notes.as_ref().map(Bar::show);
        let stopping = async {
            asked_to_stop.await;
            tell_supervisor(Lifecycle::Stopping);
        };
        server.serve(stopping).await;
        Ok(())
    }

    /// Says what is served and where, whatever the level of the log. Where the log is JSON, this is, too.
    fn announce(&self, text: &str) {
        match self.config.log.format {
            LogFormat::Text => say(text),
            LogFormat::Json => {
                let fields = json!({ "message": text });
                let timestamp = jiff::Timestamp::now().to_string();
                say(&json!({ "timestamp": timestamp, "level": "INFO", "fields": fields, "target": "holdall" }).to_string());
            }
        }
    }

    /// Serves the figures at an address of their own, if they have one, until what is returned is dropped.
    async fn figures(&self) -> Result<Option<tokio_util::task::AbortOnDropHandle<()>>> {
        let (Some(address), Some(page)) = (self.config.metrics.listen, self.telemetry.metrics_page()) else {
            return Ok(None);
        };
        let server = MetricsServer::bind(address, page, &self.config.http.allowed_hosts).await?;
        self.announce(&format!("Figures at http://{}/metrics", server.local_addr()));
        let serving = tokio::spawn(server.serve(std::future::pending()));
        Ok(Some(tokio_util::task::AbortOnDropHandle::new(serving)))
    }
}

/// The notes are ready when all there are have been looked at once, and their folders are there.
fn notes_ready(notes: &Arc<Notebook>) -> ReadyCheck {
    let notes = Arc::clone(notes);
    ReadyCheck::new("notes", move || {
        let notes = Arc::clone(&notes);
        async move {
            let looked = tokio::task::spawn_blocking(move || {
                let gone = notes.roots().iter().find(|root| !root.path().is_dir());
                match gone {
                    Some(root) => Err(format!("the folder {} is gone", root.path().display())),
                    None if notes.wait_until_indexed(Duration::ZERO) => Ok(()),
                    None => Err("the notes are not indexed yet".to_owned()),
                }
            });
            looked.await.unwrap_or_else(|error| Err(error.to_string()))
        }
    })
}

/// What is served: name, tools, folders.
fn offer(service: &Service, notes: Option<&Arc<Notebook>>) -> String {
    let tools = service.tool_names();
    let mut text = format!(
        "holdall {}: {} tools: {}",
        env!("CARGO_PKG_VERSION"),
        tools.len(),
        tools.join(", ")
    );
    for root in notes.iter().flat_map(|notes| notes.roots().iter()) {
        let _ = write!(text, "\nNotes: {}", root.path().display());
    }
    text
}

fn host_configuration(url: &str) -> String {
    format!(
        "  Cursor (~/.cursor/mcp.json), Windsurf:   {{\"mcpServers\": {{\"holdall\": {{\"url\": \"{url}\"}}}}}}\n  \
         VS Code (.vscode/mcp.json):              {{\"servers\": {{\"holdall\": {{\"type\": \"http\", \"url\": \"{url}\"}}}}}}\n  \
         Claude Code:                             claude mcp add --transport http holdall {url}\n  \
         Claude Desktop starts the program itself: see the README.\n"
    )
}

/// Resolves when the process is asked to end. From this call on, not only once it is awaited, such a request is
/// heeded: whoever was told that the server is there may end it.
#[cfg(unix)]
fn asked_to_stop() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let heed = |kind| signal(kind).context("signals cannot be heeded");
    let mut interrupted = heed(SignalKind::interrupt())?;
    let mut terminated = heed(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Resolves when the process is asked to end.
#[cfg(not(unix))]
fn asked_to_stop() -> Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
