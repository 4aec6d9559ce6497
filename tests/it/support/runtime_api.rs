//! A small Lambda Runtime API: delivers events one at a time and receives the function's responses.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use hb_domain::Clock;
use hb_local::server::Server;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

/// The result of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A response.
    Response(Value),
    /// An error of the invocation or of the start.
    Error(Value),
}

/// The Runtime API of one function; it ends when dropped.
pub struct RuntimeApi {
    shared: Arc<Shared>,
    server: Server,
}

struct Shared {
    queue: mpsc::UnboundedSender<(String, Value)>,
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Value)>>,
    outcomes: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    init_errors: Mutex<Vec<Value>>,
    asked: watch::Sender<bool>,
}

impl RuntimeApi {
    /// Serves on any free port of 127.0.0.1.
    pub async fn serve() -> Self {
        let (queue, events) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            queue,
            events: tokio::sync::Mutex::new(events),
            outcomes: Mutex::default(),
            init_errors: Mutex::default(),
            asked: watch::Sender::new(false),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            // Large enough for responses: Lambda accepts 6 MB.
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let server = Server::start(0, |listener, _| async move {
            axum::serve(listener, router).await.expect("the Runtime API serves");
        });
        Self { shared, server: server.await.expect("a port") }
    }

    /// Host and port, as in `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.server.url().trim_start_matches("http://").to_owned()
    }

    /// Delivers an event with this request id. The result is sent to the receiver.
    pub fn invoke(&self, id: &str, event: Value) -> oneshot::Receiver<Outcome> {
        let (sender, outcome) = oneshot::channel();
        self.shared.outcomes.lock().expect("the outcomes").insert(id.to_owned(), sender);
        self.shared.queue.send((id.to_owned(), event)).expect("the queue is open");
        outcome
    }

    /// Waits until the function has started, that is, requests an event.
    pub async fn is_asked(&self) {
        let mut asked = self.shared.asked.subscribe();
        asked.wait_for(|asked| *asked).await.expect("the API is there");
    }

    /// The errors that the function reported during its start.
    pub fn init_errors(&self) -> Vec<Value> {
        self.shared.init_errors.lock().expect("the errors").clone()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response<Body> {
    shared.asked.send_replace(true);
    let (id, event) = shared.events.lock().await.recv().await.expect("the queue is open");
    // The time limit of the template's functions.
    let deadline = Clock::system().now().millis() + 29_000;
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", id)
        .header("lambda-runtime-deadline-ms", deadline)
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:herobrain",
        )
        .header(
            "lambda-runtime-trace-id",
            "Root=1-6745f2c8-3a1b4c5d6e7f8091a2b3c4d5;Parent=53995c3f42cd8ad8;Sampled=0",
        )
        .body(Body::from(event.to_string()))
        .expect("a response")
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: String,
) -> (StatusCode, String) {
    settle(&shared, &id, Outcome::Response(serde_json::from_str(&body).expect("an answer is JSON")))
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: String,
) -> (StatusCode, String) {
    settle(&shared, &id, Outcome::Error(serde_json::from_str(&body).unwrap_or_default()))
}

async fn init_error(State(shared): State<Arc<Shared>>, body: String) -> (StatusCode, String) {
    let error = serde_json::from_str(&body).unwrap_or_default();
    shared.init_errors.lock().expect("the errors").push(error);
    (StatusCode::ACCEPTED, json!({"status": "OK"}).to_string())
}

fn settle(shared: &Shared, id: &str, outcome: Outcome) -> (StatusCode, String) {
    match shared.outcomes.lock().expect("the outcomes").remove(id) {
        Some(waiting) => {
            let _ = waiting.send(outcome);
            (StatusCode::ACCEPTED, json!({"status": "OK"}).to_string())
        }
        None => (StatusCode::BAD_REQUEST, json!({"errorType": "InvalidRequestID"}).to_string()),
    }
}
