//! The server: tools that wait until all of them may go on, and tools that say how many wait.

use std::sync::atomic::{AtomicUsize, Ordering};

use holdall::prelude::*;
use holdall_http::{HttpConfig, HttpServer, LimitsConfig};
use tokio::sync::Notify;

/// More than there are clients.
const CONNECTIONS_MAX: usize = 16_000;

static INSIDE: AtomicUsize = AtomicUsize::new(0);
static GATE: Notify = Notify::const_new();

async fn gate() {
    let mut opened = std::pin::pin!(GATE.notified());
    // From here on it is not missed.
    opened.as_mut().enable();
    INSIDE.fetch_add(1, Ordering::SeqCst);
    opened.await;
    INSIDE.fetch_sub(1, Ordering::SeqCst);
}

/// Wait until the gate opens.
#[tool(timeout = "10m")]
async fn wait(number: u32) -> String {
    gate().await;
    format!("number {number}.")
}

/// Wait until the gate opens, with a context: such a call has a service of its own.
#[tool(timeout = "10m")]
async fn wait_with_context(ctx: Context, number: u32) -> String {
    gate().await;
    match ctx.is_cancelled() {
        true => "cancelled".into(),
        false => format!("number {number}."),
    }
}

/// How many wait.
#[tool]
async fn inside() -> String {
    INSIDE.load(Ordering::SeqCst).to_string()
}

/// Open the gate.
#[tool]
async fn open() -> String {
    GATE.notify_waiters();
    "open".into()
}

/// How many listen: streams and sessions.
#[tool]
async fn listening(ctx: Context) -> String {
    let listeners = ctx.server().listeners();
    (listeners.streams + listeners.sessions).to_string()
}

/// Offer another tool, and say that the one resource has changed.
#[tool]
async fn change(ctx: Context) -> CallResult<String> {
    let other = Tool::new("other").handler(async |_| Ok("another"));
    let server = ctx.server();
    server
        .replace(other)
        .map_err(|error| CallError::failed(error.to_string()))?;
    server.resource_updated("note://one");
    Ok("changed".into())
}

fn server() -> Server {
    Server::new("crowd")
        .add(tools![wait, wait_with_context, inside, open, listening, change])
        .add(Resource::new("note://one").handler(async |_| Ok("a note")))
}

/// Serves, over HTTP or over standard input and output.
pub(super) fn serve(transport: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        if transport == "stdio" {
            return server().run().await.expect("it serves until its client leaves");
        }
        let mut config = HttpConfig::default();
        config.connections_max = CONNECTIONS_MAX;
        // Connections are opened before they are used, and the machine may be busy.
        config.header_timeout = std::time::Duration::from_secs(300);
        config.connections.idle_timeout = std::time::Duration::from_secs(300);
        // One client is the whole crowd, and all of it is inside at once.
        config.limits = LimitsConfig::none();
        config.transports.streams_max = CONNECTIONS_MAX;
        config.transports.streams_per_principal_max = CONNECTIONS_MAX;
        config.sessions.per_principal_max = config.sessions.max;
        let service = server().build().expect("the server is right");
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
        let server = server.expect("a free port");
        println!("{}", server.local_addr());
        server.serve(std::future::pending()).await;
    });
}
