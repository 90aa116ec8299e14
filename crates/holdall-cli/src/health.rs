//! `holdall health`: asks a running server whether it is well, where there is no curl.

use std::fmt;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::arguments::HealthArguments;
use crate::config::Config;
use crate::printable::printable;
use crate::trust::Trust;

/// More than any answer has.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Whether the process serves.
const ALIVE: &str = "/health";
/// Whether it can do its work.
const READY: &str = "/ready";

/// Succeeds if the server says that it is well.
pub(crate) fn run(arguments: &HealthArguments, config: &Config) -> Result<()> {
    let url = match &arguments.url {
        Some(url) => url.clone(),
        None => configured(config)?,
    };
    let question = Question::new(&url, arguments.ready)?;
    let trust = || Trust::new(arguments.any_certificate, config.http.tls.as_ref());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    let patience = Duration::from_secs(arguments.timeout.into());
    let (status, text) = runtime
        .block_on(async { tokio::time::timeout(patience, question.ask(trust)).await })
        .with_context(|| format!("{question} did not answer within {} s", arguments.timeout))??;
    let text = printable(text.trim());
    if !status.is_success() {
        bail!("{question} answered {status}: {text}");
    }
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Where a server of this configuration can be asked from the same machine.
fn configured(config: &Config) -> Result<String> {
    let address = config.serve.listen.first();
    match (address, &config.serve.unix_socket) {
        // What comes by the socket is never encrypted.
        (None, Some(socket)) => Ok(format!("unix:{}", socket.display())),
        (Some(_), Some(socket)) if config.http.tls.is_some() => Ok(format!("unix:{}", socket.display())),
        (Some(address), _) => {
            let scheme = if config.http.tls.is_some() {
                "https"
            } else {
                "http"
            };
            Ok(format!("{scheme}://{}", reachable(*address)))
        }
        (None, None) => bail!(
            "the configuration does not say where the server listens (`listen` of [serve]); give its URL, such as http://127.0.0.1:8000"
        ),
    }
}

/// An address to connect to, of a server that listens on this one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// What is asked, and where.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    place: Place,
    path: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// Host and port, as in a URL.
    Tcp(Authority),
    /// The same, encrypted.
    Tls(Authority),
    Unix(PathBuf),
}

impl Question {
    fn new(url: &str, ready: bool) -> Result<Self> {
        let usual = if ready { READY } else { ALIVE };
        if let Some(socket) = url.strip_prefix("unix:") {
            return Ok(Self {
                place: Place::Unix(socket.into()),
                path: usual.to_owned(),
            });
        }
        let uri: Uri = url
            .parse()
            .with_context(|| format!("`{url}` is no URL; give one such as http://127.0.0.1:8000"))?;
        let place = match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(authority)) => Place::Tcp(authority.clone()),
            (Some("https"), Some(authority)) => Place::Tls(authority.clone()),
            _ => {
                bail!("`{url}` is no URL with http:// or https://; give one such as http://127.0.0.1:8000")
            }
        };
        let path = match uri.path() {
            "/" => usual.to_owned(),
            path => path.to_owned(),
        };
        Ok(Self { place, path })
    }

    async fn ask(&self, trust: impl FnOnce() -> Trust) -> Result<(StatusCode, String)> {
        let unreachable = || format!("{self} cannot be reached; is the server running?");
        match &self.place {
            Place::Tcp(authority) => {
                let address = (bare(authority.host()), authority.port_u16().unwrap_or(80));
                let stream = TcpStream::connect(address).await.with_context(unreachable)?;
                self.answer(stream, authority.as_str()).await
            }
            Place::Tls(authority) => {
                let host = bare(authority.host());
                let address = (host, authority.port_u16().unwrap_or(443));
                let stream = TcpStream::connect(address).await.with_context(unreachable)?;
                let encrypted = trust().encrypt(stream, host).await.with_context(|| {
                    format!(
                        "{self} is not to be trusted, or speaks no TLS; if it shows a certificate of its own, say which in `certificates` of [http.tls], or take any with --any-certificate"
                    )
                })?;
                self.answer(encrypted, authority.as_str()).await
            }
            #[cfg(unix)]
            Place::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path)
                    .await
                    .with_context(unreachable)?;
                self.answer(stream, "localhost").await
            }
            #[cfg(not(unix))]
            Place::Unix(_) => bail!("{self} cannot be asked: there are no Unix sockets here"),
        }
    }

    async fn answer<S>(&self, stream: S, host: &str) -> Result<(StatusCode, String)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = || format!("{self} does not speak HTTP");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .with_context(broken)?;
        tokio::spawn(connection);
        let request = Request::get(&self.path)
            .header(HOST, host)
            .body(Empty::<Bytes>::new())
            .with_context(|| format!("{self} cannot be asked"))?;
        let response = sender.send_request(request).await.with_context(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await;
        let bytes = match body {
            Ok(body) => body.to_bytes(),
            Err(error) => bail!("the answer of {self} broke off: {error}"),
        };
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// A host as it is connected to: addresses of IPv6 stand in brackets in a URL.
fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

impl fmt::Display for Question {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(authority) => write!(formatter, "http://{authority}{}", self.path),
            Place::Tls(authority) => write!(formatter, "https://{authority}{}", self.path),
            Place::Unix(socket) => write!(formatter, "{} at unix:{}", self.path, socket.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_what() {
        let tcp = |authority: &str, path: &str| Question {
            place: Place::Tcp(authority.parse().expect(authority)),
            path: path.to_owned(),
        };
        let tls = |authority: &str, path: &str| Question {
            place: Place::Tls(authority.parse().expect(authority)),
            path: path.to_owned(),
        };
        for (url, ready, expected) in [
            ("http://127.0.0.1:8000", false, tcp("127.0.0.1:8000", "/health")),
            ("http://127.0.0.1:8000/", true, tcp("127.0.0.1:8000", "/ready")),
            ("http://[::1]:8000/ready", false, tcp("[::1]:8000", "/ready")),
            ("https://notes.example", false, tls("notes.example", "/health")),
            ("https://127.0.0.1:8443", true, tls("127.0.0.1:8443", "/ready")),
            (
                "unix:/run/holdall/holdall.sock",
                true,
                Question {
                    place: Place::Unix("/run/holdall/holdall.sock".into()),
                    path: "/ready".to_owned(),
                },
            ),
        ] {
            assert_eq!(Question::new(url, ready).expect(url), expected);
        }
        for (url, hint) in [
            ("127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("ftp://notes.example", "http://127.0.0.1:8000"),
            ("", "http://127.0.0.1:8000"),
        ] {
            let error = Question::new(url, false).expect_err(url);
            assert!(error.to_string().contains(hint), "{error}");
        }
    }

    #[test]
    fn the_configuration_says_where_to_ask() {
        for (toml, expected) in [
            ("serve.listen = ['127.0.0.1:9']", "http://127.0.0.1:9"),
            (
                "serve.listen = ['0.0.0.0:9', '127.0.0.1:8']",
                "http://127.0.0.1:9",
            ),
            ("serve.listen = ['[::]:9']", "http://[::1]:9"),
            ("serve.unix_socket = '/run/h'", "unix:/run/h"),
            (
                "serve.listen = ['0.0.0.0:9']\nserve.unix_socket = '/run/h'",
                "http://127.0.0.1:9",
            ),
            (
                "serve.listen = ['0.0.0.0:9']\nserve.unix_socket = '/run/h'\nhttp.tls = { certificates = 'c', key = 'k' }",
                "unix:/run/h",
            ),
            (
                "serve.listen = ['0.0.0.0:9']\nhttp.tls = { certificates = 'c', key = 'k' }",
                "https://127.0.0.1:9",
            ),
        ] {
            let config = toml::from_str(toml).expect(toml);
            assert_eq!(configured(&config).expect(toml), expected, "{toml}");
        }
        let error = configured(&Config::default()).expect_err("nothing is said");
        assert!(error.to_string().contains("give its URL"), "{error}");
    }
}
