//! A server on this machine that answers what a test wants, whatever that is, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    head: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap()
    }

    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let mut asked = Self {
            head: String::from_utf8(bytes[..end].to_vec()).unwrap(),
            body: String::new(),
        };
        let length = asked
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while bytes.len() < end + length {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        asked.body = String::from_utf8(bytes[end..end + length].to_vec()).unwrap();
        Some(asked)
    }
}

/// The server. It ends when it is dropped.
pub(crate) struct Double {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Double {
    /// Answers each request with the bytes that `answer` makes of it, and closes the connection.
    pub(crate) async fn new(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&seen)));
            }
        });
        Self { port, asked, task }
    }

    /// Answers every request with the same bytes.
    pub(crate) async fn always(bytes: Vec<u8>) -> Self {
        Self::new(move |_| bytes.clone()).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Everything it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: Arc<impl Fn(&Asked) -> Vec<u8>>,
    seen: Arc<Mutex<Vec<Asked>>>,
) {
    let Some(asked) = Asked::read(&mut stream).await else {
        return;
    };
    let bytes = answer(&asked);
    seen.lock().unwrap().push(asked);
    // Who asked may have heard enough by now.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

/// An answer of HTTP.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

pub(crate) fn html(body: &str) -> Vec<u8> {
    answer("200 OK", &[("Content-Type", "text/html; charset=utf-8")], body)
}

pub(crate) fn redirect(status: &str, location: &str) -> Vec<u8> {
    answer(status, &[("Location", location)], "")
}
