//! Servers on loopback that stop when they are dropped. They check their callers and limit how long a request may take to
//! arrive.

use std::future::Future;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::StartError;
use crate::callers::{Callers, check_caller};
use crate::receiving::limit_body;

/// How long a stopping server waits for requests in progress.
const GRACE: Duration = Duration::from_secs(3);
/// How long the head of a request may take to arrive, and how long its body.
pub const RECEIVE_LIMIT: Duration = Duration::from_secs(30);
/// The wait after a failed accept, for example because all file descriptors are in use.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A running server. Dropping it stops it at once; [`stop`](Self::stop) waits for requests in progress.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on 127.0.0.1 at `port` (0 chooses a free port) and runs `serve` with the listener and a signal to stop.
    ///
    /// # Errors
    /// If the port is taken or may not be bound.
    pub async fn start<F>(
        port: u16,
        serve: impl FnOnce(TcpListener, oneshot::Receiver<()>) -> F,
    ) -> Result<Self, StartError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => StartError::new(format!(
                "port {port} is taken by another program; choose one with --port, or --port 0 for any that is free"
            )),
            _ => StartError::new(format!("cannot listen on 127.0.0.1:{port}: {error}")),
        })?;
        let address = listener.local_addr().map_err(|error| StartError::new(error.to_string()))?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, stopped));
        Ok(Self { address, stop: Some(stop), task })
    }

    /// Serves `router` to these callers, as [`start`](Self::start) does. A connection is closed if the head of a request
    /// or its body does not arrive within [`RECEIVE_LIMIT`].
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn serve(port: u16, router: Router, callers: Callers) -> Result<Self, StartError> {
        Self::serve_within(RECEIVE_LIMIT, port, router, callers).await
    }

    /// As [`serve`](Self::serve), with another limit.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn serve_within(
        limit: Duration,
        port: u16,
        router: Router,
        callers: Callers,
    ) -> Result<Self, StartError> {
        let router = router
            .layer(from_fn_with_state(limit, limit_body))
            .layer(from_fn_with_state(callers, check_caller));
        Self::start(port, move |listener, stopped| accept(listener, router, limit, stopped)).await
    }

    /// The server's URL, `http://127.0.0.1:9000`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Accepts no new requests, waits for those in progress and stops.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = tokio::time::timeout(GRACE, &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves connections until the signal to stop, then waits for the requests in progress.
async fn accept(listener: TcpListener, router: Router, limit: Duration, stopped: oneshot::Receiver<()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limit);
    let graceful = GracefulShutdown::new();
    // Ends its tasks when it is dropped.
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stopped);
    loop {
        let stream = tokio::select! {
            stream = next(&listener) => stream,
            Some(_) = connections.join_next() => continue,
            _ = &mut stopped => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}
