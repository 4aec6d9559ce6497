//! Servers on loopback that stop when they are dropped.

use std::future::Future;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::StartError;

/// How long a stopping server waits for requests in progress.
const GRACE: Duration = Duration::from_secs(3);

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

    /// Serves `router`, as [`start`](Self::start) does. `name` is the server's name in log lines.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn serve(port: u16, router: Router, name: &'static str) -> Result<Self, StartError> {
        Self::serve_at(port, |_: &str| router, name).await
    }

    /// As [`serve`](Self::serve), for a router that is made for the server's URL.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn serve_at(
        port: u16,
        router: impl FnOnce(&str) -> Router,
        name: &'static str,
    ) -> Result<Self, StartError> {
        Self::start(port, move |listener, stopped| {
            let url = listener.local_addr().map(url_of).unwrap_or_default();
            let router = router(&url);
            async move {
                let stop = async {
                    let _ = stopped.await;
                };
                if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
                    tracing::error!(%error, "{name} ended");
                }
            }
        })
        .await
    }

    /// The server's URL, `http://127.0.0.1:9000`.
    pub fn url(&self) -> String {
        url_of(self.address)
    }

    /// Accepts no new requests, waits for those in progress and stops.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = tokio::time::timeout(GRACE, &mut self.task).await;
    }
}

fn url_of(address: SocketAddr) -> String {
    format!("http://{address}")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
