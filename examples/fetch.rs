//! An asynchronous tool that reads from the network, has a timeout, and stops when the caller gives up.
//!
//! Run it with `cargo run -p examples --bin fetch localhost:8000`, where `python3 -m http.server` may be what answers.
//! The address is yours to choose, not the model's: a model that may name any address reaches your whole network.

use holdall::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest answer that is read.
const BYTES_MAX: u64 = 1_000_000;

/// The website pages are fetched from, as `host:port`.
pub(crate) struct Site(pub(crate) String);

// A call that takes longer than its timeout fails, and one the client cancels is dropped at the `await` where it
// waits. Either way the connection is closed; there is nothing to write for that.
/// Fetch a page of the website.
#[tool(read_only, timeout = "5s")]
async fn fetch_page(
    site: State<Site>,
    /// Which page, such as `/index.html`.
    #[arg(pattern = "^/[A-Za-z0-9/._~-]*$")]
    path: String,
) -> CallResult<String> {
    let address = &site.0;
    let mut stream = TcpStream::connect(address).await.map_err(|error| {
        CallError::new(ErrorKind::Unavailable, format!("`{address}` cannot be reached"))
            .hint("try again in a minute")
            .caused_by(error)
    })?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.take(BYTES_MAX).read_to_string(&mut response).await?;

    let status = response.split_whitespace().nth(1).unwrap_or_default();
    match (status, response.split_once("\r\n\r\n")) {
        ("200", Some((_, body))) => Ok(body.to_owned()),
        ("404", _) => Err(CallError::not_found(format!("there is no page `{path}`"))),
        _ => Err(CallError::failed(format!(
            "`{address}` answered with status `{status}`"
        ))),
    }
}

pub(crate) fn server(site: Site) -> Server {
    Server::new("fetch").state(site).add(tools![fetch_page])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("localhost:8000".into());
    server(Site(address)).run().await
}
