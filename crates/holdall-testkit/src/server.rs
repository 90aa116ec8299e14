//! Servers that run within the test: what is taken for one, and how it is served.

use holdall::protocol::ServiceExt;
use holdall::stdio::Stdio;
use holdall::{Server, Service};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

use crate::pipe::Pipe;

/// What lies in the connection before one side waits for the other, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// What a test can connect to: a [`Server`] or a built [`Service`].
pub trait IntoService {
    /// Builds the service.
    ///
    /// # Errors
    /// As [`Server::build`].
    fn into_service(self) -> holdall::Result<Service>;
}

impl IntoService for Server {
    fn into_service(self) -> holdall::Result<Service> {
        self.build()
    }
}

impl IntoService for Service {
    fn into_service(self) -> holdall::Result<Service> {
        Ok(self)
    }
}

/// A service at the other end of a pipe.
pub(crate) struct InProcess {
    /// Ends with the connection, and says if it ended otherwise.
    pub(crate) serving: JoinHandle<Result<(), String>>,
}

impl InProcess {
    /// Serves as over standard input and output, and with the same code, on tasks of the current runtime.
    pub(crate) fn serve(service: Service) -> (Self, Pipe) {
        let (near, far) = tokio::io::duplex(BUFFER_BYTES);
        let serving = tokio::spawn(serve(service, far));
        let (input, output) = tokio::io::split(near);
        (Self { serving }, Pipe::new(input, output))
    }
}

async fn serve(service: Service, far: DuplexStream) -> Result<(), String> {
    let (input, output) = tokio::io::split(far);
    let running = service
        .serve(Stdio::of_async(input, output))
        .await
        .map_err(|error| error.to_string())?;
    running
        .waiting()
        .await
        .map(drop)
        .map_err(|error| error.to_string())
}
