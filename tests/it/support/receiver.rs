//! A receiver of webhooks: an HTTP server whose replies a test writes, and which keeps what it received.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a receiver answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This status, without a body.
    Status(u16),
    /// This status, with a header.
    Header(u16, &'static str, String),
    /// This status, with a body.
    Body(u16, String),
    /// 200, as soon as the test releases what is held.
    Held,
    /// Nothing: the connection stays open.
    Hang,
    /// 200, and a body that ends before its length.
    CloseMidBody,
    /// 200, and a body without end.
    Endless,
    /// The connection is closed without a response.
    Close,
}

/// A request that was received.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The path with its query.
    pub path: String,
    /// The headers, by their names in lowercase.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

impl Received {
    /// The header `webhook-id`.
    pub fn id(&self) -> &str {
        self.headers.get("webhook-id").map_or("", String::as_str)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

type Script = Box<dyn Fn(&Received) -> Reply + Send>;

struct State {
    script: Mutex<Script>,
    received: Mutex<Vec<Received>>,
    /// How many requests of each id are under way, and how many were at most.
    underway: Mutex<BTreeMap<String, (usize, usize)>>,
    all: Mutex<(usize, usize)>,
    /// How many requests have been held, and how many of them may be answered.
    held: AtomicUsize,
    released: watch::Sender<usize>,
}

/// The receiver; it stops when it is dropped.
pub struct Receiver {
    /// Its base URL.
    pub url: String,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    /// A receiver that answers each request by `script`.
    pub async fn start(script: impl Fn(&Received) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://127.0.0.1:{}", listener.local_addr().expect("an address").port());
        let state = Arc::new(State {
            script: Mutex::new(Box::new(script)),
            received: Mutex::default(),
            underway: Mutex::default(),
            all: Mutex::default(),
            held: AtomicUsize::default(),
            released: watch::channel(0).0,
        });
        let served = Arc::clone(&state);
        let server = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(serve(connection, Arc::clone(&served)));
            }
        });
        Self { url, state, server }
    }

    /// A receiver that acknowledges everything.
    pub async fn acknowledging() -> Self {
        Self::start(|_| Reply::Status(204)).await
    }

    /// From now on, answers by `script`.
    pub fn answer(&self, script: impl Fn(&Received) -> Reply + Send + 'static) {
        *lock(&self.state.script) = Box::new(script);
    }

    /// Answers what is held, and holds nothing any more.
    pub fn release(&self) {
        self.state.released.send_replace(usize::MAX);
    }

    /// Answers the first request that is held.
    pub fn release_one(&self) {
        self.state.released.send_replace(1);
    }

    /// The requests until now.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state.received).clone()
    }

    /// How often each id was received.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for received in lock(&self.state.received).iter() {
            *counts.entry(received.id().to_owned()).or_default() += 1;
        }
        counts
    }

    /// How many requests of the same id were under way at the same time, at most.
    pub fn most_of_one_id(&self) -> usize {
        lock(&self.state.underway).values().map(|(_, most)| *most).max().unwrap_or(0)
    }

    /// How many requests were under way at the same time, at most.
    pub fn most(&self) -> usize {
        lock(&self.state.all).1
    }

    /// Waits until so many requests have arrived.
    pub async fn until(&self, count: usize) {
        while lock(&self.state.received).len() < count {
            tokio::task::yield_now().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("the state")
}

async fn serve(mut connection: TcpStream, state: Arc<State>) {
    let Some(received) = read(&mut connection).await else { return };
    let id = received.id().to_owned();
    // Before it is counted: a test that waits for it may change the answer of later requests at once.
    let reply = (lock(&state.script))(&received);
    lock(&state.received).push(received);
    begin(lock(&state.underway).entry(id.clone()).or_default());
    begin(&mut lock(&state.all));
    answer(&mut connection, reply, &state).await;
    if let Some(count) = lock(&state.underway).get_mut(&id) {
        count.0 -= 1;
    }
    lock(&state.all).0 -= 1;
}

fn begin(count: &mut (usize, usize)) {
    count.0 += 1;
    count.1 = count.1.max(count.0);
}

async fn answer(connection: &mut TcpStream, reply: Reply, state: &State) {
    let (status, header, body) = match reply {
        Reply::Status(status) => (status, String::new(), String::new()),
        Reply::Header(status, name, value) => (status, format!("{name}: {value}\r\n"), String::new()),
        Reply::Body(status, body) => (status, String::new(), body),
        Reply::Held => {
            let place = state.held.fetch_add(1, Ordering::SeqCst);
            let mut released = state.released.subscribe();
            let _ = released.wait_for(|released| place < *released).await;
            (200, String::new(), String::new())
        }
        Reply::Hang => {
            // Until the sender closes the connection.
            let _ = connection.read(&mut [0]).await;
            return;
        }
        Reply::CloseMidBody => {
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
            return;
        }
        Reply::Endless => {
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            let chunk = format!("{:x}\r\n{}\r\n", 1024, "x".repeat(1024));
            while connection.write_all(chunk.as_bytes()).await.is_ok() {}
            return;
        }
        Reply::Close => return,
    };
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} Status\r\n{header}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let _ = connection.write_all(text.as_bytes()).await;
}

async fn read(connection: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < head + length {
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[head..head + length]).into_owned();
    Some(Received { path, headers, body })
}
