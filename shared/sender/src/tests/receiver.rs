//! A receiver on this machine that answers with bytes, of HTTP or not.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a receiver does when it has read a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Sends these bytes and waits for the next request on the same connection.
    Keep(String),
    /// Sends these bytes and closes the connection.
    Close(String),
    /// Sends the first bytes, then the second ones again and again.
    Endless(String, String),
    /// Sends these bytes, then nothing.
    Hang(String),
}

/// `200 OK` with this body.
pub(super) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A receiver, which ends with the test.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<(usize, String)>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Answers every request like this.
    pub(super) async fn always(answer: Answer) -> Self {
        Self::start(move |_, _| answer.clone()).await
    }

    /// Answers the request of this number on the connection of this number, both from 0 on.
    pub(super) async fn start(answer: impl Fn(usize, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let task = tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let answer = |request| answer(connection, request);
                    serve(stream, answer, |text| seen.lock().expect("seen").push((connection, text))).await;
                });
            }
        });
        Self { address, requests, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The requests, each with the number of its connection.
    pub(super) fn requests(&self) -> Vec<(usize, String)> {
        self.requests.lock().expect("requests").clone()
    }
}

/// Serves one connection.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: impl Fn(usize) -> Answer,
    mut see: impl FnMut(String),
) {
    for number in 0.. {
        let Some(request) = read(&mut stream).await else { return };
        see(request);
        match answer(number) {
            Answer::Keep(bytes) => {
                if stream.write_all(bytes.as_bytes()).await.is_err() {
                    return;
                }
            }
            Answer::Close(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                let _ = stream.shutdown().await;
                return;
            }
            Answer::Endless(first, again) => {
                let mut sent = stream.write_all(first.as_bytes()).await;
                while sent.is_ok() {
                    sent = stream.write_all(again.as_bytes()).await;
                }
                return;
            }
            Answer::Hang(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                // Until the other side closes the connection.
                let _ = stream.read_to_end(&mut Vec::new()).await;
                return;
            }
        }
    }
}

/// A request with its body; `None` if the connection ends before it.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if Some(body.len()) == length.and_then(|length| length.parse().ok()) {
                return Some(text);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
}
