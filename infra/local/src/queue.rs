//! A local SQS on loopback with one queue, for the stream records that a consumer could not read, and the one operation that
//! HeroBrain uses, `SendMessage`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::StartError;
use crate::callers::Callers;
use crate::receiving::read_body;
use crate::server::Server;

/// The path of the queue's URL: an account and a name.
const PATH: &str = "/000000000000/dead-letters";
/// The largest message of SQS, in bytes.
const MAX_MESSAGE: usize = 1_048_576;
/// Room for a message in which JSON escapes every byte.
const MAX_BODY: usize = 8 * MAX_MESSAGE;

/// The queue; cheap to clone.
#[derive(Clone, Debug)]
pub struct LocalQueue(Arc<Mutex<Messages>>);

#[derive(Debug)]
struct Messages {
    kept: Kept,
    sent: u64,
    away: bool,
}

/// Where messages are kept.
#[derive(Debug)]
enum Kept {
    Memory(Vec<String>),
    /// One message a line.
    File(PathBuf),
}

/// Why a message is refused.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Operation,
    Queue,
    Content,
    Internal,
}

impl LocalQueue {
    /// A queue in memory.
    pub fn in_memory() -> Self {
        Self::keeping(Kept::Memory(Vec::new()))
    }

    /// A queue that appends to a file, which its owner can read only.
    pub fn in_file(path: PathBuf) -> Self {
        Self::keeping(Kept::File(path))
    }

    fn keeping(kept: Kept) -> Self {
        Self(Arc::new(Mutex::new(Messages { kept, sent: 0, away: false })))
    }

    /// The queue's URL at the endpoint of its server.
    pub fn url(endpoint: &str) -> String {
        format!("{endpoint}{PATH}")
    }

    /// The messages, the oldest first.
    ///
    /// # Errors
    /// If the file cannot be read, or a message is not JSON.
    pub fn messages(&self) -> io::Result<Vec<Value>> {
        self.with(|messages| {
            let read = |text: &str| serde_json::from_str(text).map_err(io::Error::from);
            match &messages.kept {
                Kept::Memory(kept) => kept.iter().map(|text| read(text)).collect(),
                Kept::File(path) => match fs::read_to_string(path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
                    text => text?.lines().map(read).collect(),
                },
            }
        })
    }

    /// Makes every call fail from now on, or succeed again.
    pub fn set_away(&self, away: bool) {
        self.with(|messages| messages.away = away);
    }

    /// Serves the queue on loopback.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn serve(&self) -> Result<Server, StartError> {
        let router = Router::new().route("/", post(handle)).with_state(self.clone());
        Server::serve(0, router, Callers::Programs).await
    }

    /// Keeps a message and returns its id.
    fn accept(&self, operation: &str, request: &Value) -> Result<String, Refusal> {
        if operation != "AmazonSQS.SendMessage" {
            return Err(Refusal::Operation);
        }
        if !request["QueueUrl"].as_str().is_some_and(|url| url.ends_with(PATH)) {
            return Err(Refusal::Queue);
        }
        let text = request["MessageBody"].as_str().filter(|text| is_message(text)).ok_or(Refusal::Content)?;
        self.with(|messages| {
            if messages.away {
                return Err(Refusal::Internal);
            }
            messages.keep(text).map_err(|error| {
                tracing::error!(%error, "a message could not be kept");
                Refusal::Internal
            })?;
            messages.sent += 1;
            Ok(format!("00000000-0000-4000-8000-{:012x}", messages.sent))
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Messages) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Messages {
    fn keep(&mut self, text: &str) -> io::Result<()> {
        match &mut self.kept {
            Kept::Memory(kept) => kept.push(text.to_owned()),
            Kept::File(path) => {
                // A message is a record as JSON; anything else becomes a JSON string, which has one line too.
                let line = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
                let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&*path)?;
                file.write_all(format!("{line}\n").as_bytes())?;
                file.sync_data()?;
                tracing::warn!(file = %path.display(), "a stream record that could not be read was kept");
            }
        }
        Ok(())
    }
}

/// Whether SQS accepts the text: it is not empty nor too large and has only characters that XML allows.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn is_message(text: &str) -> bool {
    let is_allowed = |character| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    (1..=MAX_MESSAGE).contains(&text.len()) && text.chars().all(is_allowed)
}

async fn handle(State(queue): State<LocalQueue>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read_body(body, MAX_BODY).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let operation = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    match queue.accept(operation.unwrap_or_default(), &request) {
        // SQS also returns a checksum, which the SDK does not verify.
        Ok(id) => respond(StatusCode::OK, &json!({ "MessageId": id })),
        Err(refusal) => refusal.into_response(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::Operation => {
                (StatusCode::BAD_REQUEST, "com.amazon.coral.service#UnknownOperationException")
            }
            Self::Queue => (StatusCode::BAD_REQUEST, "com.amazonaws.sqs#QueueDoesNotExist"),
            Self::Content => (StatusCode::BAD_REQUEST, "com.amazonaws.sqs#InvalidMessageContents"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "com.amazonaws.sqs#InternalFailure"),
        };
        respond(status, &json!({"__type": code, "message": code}))
    }
}

fn respond(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use hb_store::DeadLetters;
    use hb_store::aws::Aws;

    use super::*;

    fn sender(server: &Server) -> DeadLetters {
        let aws = Aws::local(String::new(), String::new()).with_sqs(server.url());
        DeadLetters::new(aws.sqs(), LocalQueue::url(&server.url()))
    }

    #[tokio::test]
    async fn a_message_that_was_accepted_is_in_the_file_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dead-letters.ndjson");
        let records = [json!({"eventID": "e1", "text": "two\nlines"}), json!({"eventID": "e2"})];
        for record in &records {
            let queue = LocalQueue::in_file(path.clone());
            let server = queue.serve().await.expect("a port");
            sender(&server).send(record).await.expect("it is accepted");
        }
        assert_eq!(LocalQueue::in_file(path.clone()).messages().expect("messages"), records);
        let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }

    #[tokio::test]
    async fn a_queue_that_is_away_or_cannot_write_confirms_nothing() {
        let queue = LocalQueue::in_memory();
        let server = queue.serve().await.expect("a port");
        queue.set_away(true);
        assert!(sender(&server).send(&json!({"eventID": "e1"})).await.is_err());
        queue.set_away(false);
        sender(&server).send(&json!({"eventID": "e2"})).await.expect("it is accepted");
        assert_eq!(queue.messages().expect("messages"), [json!({"eventID": "e2"})]);

        let folder = tempfile::tempdir().expect("a folder");
        let nowhere = LocalQueue::in_file(folder.path().join("missing/dead-letters.ndjson"));
        let server = nowhere.serve().await.expect("a port");
        assert!(sender(&server).send(&json!({"eventID": "e1"})).await.is_err());
    }

    #[tokio::test]
    async fn the_largest_message_is_accepted_and_what_sqs_refuses_is_refused() {
        let queue = LocalQueue::in_memory();
        let server = queue.serve().await.expect("a port");
        // Every character is escaped in the record and again in the request.
        let fixed = json!({"eventID": ""}).to_string().len();
        let largest = json!({"eventID": "\"".repeat((MAX_MESSAGE - fixed) / 2)});
        sender(&server).send(&largest).await.expect("it is accepted");
        assert_eq!(queue.messages().expect("messages"), [largest]);

        let url = LocalQueue::url(&server.url());
        let message = |text: &str| json!({"QueueUrl": url, "MessageBody": text});
        let send = "AmazonSQS.SendMessage";
        for text in ["", "\u{0}", "\u{b}", "\u{fffe}", &"x".repeat(MAX_MESSAGE + 1)] {
            assert!(matches!(queue.accept(send, &message(text)), Err(Refusal::Content)));
        }
        let other = json!({"QueueUrl": "http://127.0.0.1/000000000000/others", "MessageBody": "x"});
        assert!(matches!(queue.accept(send, &other), Err(Refusal::Queue)));
        let receive = queue.accept("AmazonSQS.ReceiveMessage", &message("x"));
        assert!(matches!(receive, Err(Refusal::Operation)));
    }
}
