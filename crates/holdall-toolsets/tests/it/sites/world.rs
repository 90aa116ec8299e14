//! Servers that do what a test wants, an authority that vouches for them, and a client that asks about them.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use holdall::{Server, Toolset as _};
use holdall_testkit::Client;
use holdall_toolsets::outbound::{Resolve, Resolving};
use holdall_toolsets::sites::{SitesConfig, SitesToolset};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a site says that is well.
pub(crate) const WELL: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// Listens at a port the system chose; each connection is `serve`'s.
pub(crate) async fn listen<F, Fut>(serve: F) -> u16
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

/// Answers every request with these bytes, and closes.
pub(crate) async fn answering(reply: impl Into<Vec<u8>>) -> u16 {
    let reply = reply.into();
    listen(move |stream| {
        let reply = reply.clone();
        async move {
            answer(stream, &reply).await;
        }
    })
    .await
}

/// Reads the head of a request, answers with these bytes, and closes.
pub(crate) async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) {
    head(&mut stream).await;
    reply(stream, bytes).await;
}

/// Answers with these bytes, and closes.
pub(crate) async fn reply(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) {
    // Whoever asked may have gone away.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    // What is not read when a connection is closed takes the answer with it.
    while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
}

/// Reads the head of a request; of a greeting of TLS, the first byte.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head != [0x16] {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).expect("a head is text")
}

/// A port at which nobody listens.
pub(crate) async fn silent_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap().port()
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// Vouches for servers: a root, and an authority below it that signs.
pub(crate) struct Authority {
    root: Issuer,
    between: Issuer,
}

/// A certificate with its key, and what is sent with it.
#[derive(Clone)]
pub(crate) struct Papers {
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

/// The day that is so many days from now.
fn day(days: i64) -> (i32, u8, u8) {
    let day = jiff::Zoned::now()
        .date()
        .saturating_add(jiff::Span::new().days(days));
    (day.year().into(), day.month() as u8, day.day() as u8)
}

fn params(name: &str, from: i64, until: i64) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let ((y, m, d), (year, month, day)) = (day(from), day(until));
    params.not_before = date_time_ymd(y, m, d);
    params.not_after = date_time_ymd(year, month, day);
    params
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let authority = |name: &str| {
            let mut params = params("authority.test", -1000, 1000);
            params.distinguished_name.push(DnType::CommonName, name);
            params.subject_alt_names.clear();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let key = || KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(authority(&format!("{name} root")), key()).unwrap();
        let between =
            CertifiedIssuer::signed_by(authority(&format!("{name} intermediate")), key(), &root).unwrap();
        Self { root, between }
    }

    /// A certificate for `name`, valid from and until so many days from now.
    pub(crate) fn papers(&self, name: &str, from: i64, until: i64) -> Papers {
        let key = KeyPair::generate().unwrap();
        let own = params(name, from, until).signed_by(&key, &self.between).unwrap();
        Papers {
            chain: vec![own.der().clone(), self.between.der().clone()],
            key: key.serialize_der(),
        }
    }
}

impl Papers {
    /// Signed by its own key.
    pub(crate) fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let own = params(name, -10, 100).self_signed(&key).unwrap();
        Self {
            chain: vec![own.der().clone()],
            key: key.serialize_der(),
        }
    }

    /// Without the certificate of who signed it.
    pub(crate) fn alone(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    /// With the root as well.
    pub(crate) fn and_root(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.root.der().clone());
        self
    }

    /// Answers every request over TLS with these bytes; the requests are counted.
    pub(crate) async fn answering(self, reply: &'static [u8], asked: &Arc<AtomicUsize>) -> u16 {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain, key)
            .unwrap();
        let (acceptor, asked) = (TlsAcceptor::from(Arc::new(config)), Arc::clone(asked));
        listen(move |stream| {
            let (acceptor, asked) = (acceptor.clone(), Arc::clone(&asked));
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                if head(&mut stream).await.contains("HTTP/1.1\r\n") {
                    asked.fetch_add(1, Ordering::SeqCst);
                    super::world::reply(stream, reply).await;
                }
            }
        })
        .await
    }
}

/// Names of tests: all lead to this machine, but for those that lead elsewhere or nowhere.
#[derive(Default)]
pub(crate) struct Names {
    /// What was looked up.
    pub(crate) asked: Mutex<Vec<String>>,
    /// Told when this is dropped.
    pub(crate) gone: Option<std::sync::mpsc::Sender<()>>,
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        self.asked.lock().unwrap().push(name.to_owned());
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let found = match name {
            "nowhere.test" => vec![],
            "inside.test" => vec!["192.168.7.7".parse().unwrap()],
            "both.test" => vec![here, "169.254.169.254".parse().unwrap()],
            _ => vec![here],
        };
        Box::pin(async move { Ok(found) })
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        if let Some(gone) = &self.gone {
            let _ = gone.send(());
        }
    }
}

/// A connected client, and what it needs.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) folder: TempDir,
    pub(crate) authority: Authority,
    pub(crate) names: Arc<Names>,
}

/// The configuration of most tests: this machine may be asked, and the authority is trusted.
pub(crate) fn config(folder: &TempDir, authority: &Authority) -> SitesConfig {
    let path = folder.path().join("authority.pem");
    std::fs::write(&path, authority.root.pem()).unwrap();
    let mut config = SitesConfig::default();
    config.authorities = vec![path];
    config.network.allowed = vec!["127.0.0.1/32".parse().unwrap()];
    config
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With a configuration that is changed in this way.
    pub(crate) async fn with(change: impl FnOnce(&mut SitesConfig)) -> Self {
        let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new("Test"));
        let names = Arc::new(Names::default());
        let mut config = config(&folder, &authority);
        change(&mut config);
        let server = server(config, &folder, Arc::clone(&names));
        Self {
            client: Client::connect(server).await,
            folder,
            authority,
            names,
        }
    }

    /// Checks a URL of this machine, with the port where it says so.
    pub(crate) async fn status(&self, url: &str, port: u16) -> Value {
        let url = url.replace("PORT", &port.to_string());
        self.client
            .call("check_site_status", json!({"url": url, "timeout": 30}))
            .await
            .json()
    }

    /// Looks at the certificate of a host of this machine.
    pub(crate) async fn certificate(&self, hostname: &str, port: u16) -> Value {
        let arguments = json!({"hostname": hostname, "port": port, "timeout": 30});
        self.client.call("check_ssl_expiry", arguments).await.json()
    }
}

/// A server with the toolset, its history in `folder`.
pub(crate) fn server(config: SitesConfig, folder: &TempDir, names: Arc<Names>) -> Server {
    let toolset = SitesToolset::open(config, &folder.path().join("sites.db")).unwrap();
    Server::new("test").add(toolset.resolver(names).components())
}
