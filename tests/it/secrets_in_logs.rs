//! No key, secret or pepper in any log line or answer, however much is logged: a busy scenario with
//! everything captured, and then a search for every secret that was minted.
//!
//! Every server of a test's world runs on the test's own thread, so a subscriber of that thread sees
//! all that is logged, the AWS SDK's own traces included.

mod story;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use hb_http::log;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Level, Subscriber};
use tracing_subscriber::fmt::format::FmtSpan;

use story::{CHANGED, CONTENT, Story};

/// Lets `subscriber` hear what this thread logs. While there is but one subscriber in the process, tracing
/// lets whichever thread comes first to an event decide for all whether anybody listens; a second,
/// deaf one makes it ask everybody.
pub(super) fn listen(subscriber: impl Subscriber + Send + Sync) -> (Dispatch, DefaultGuard) {
    let deaf = Dispatch::new(NoSubscriber::new());
    (deaf, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn at_trace_of_every_crate_no_key_or_pepper_is_logged_or_answered() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(log.writer());
    let _listening = listen(subscriber.finish());
    let story = Story::tell().await;

    let text = log.text();
    for proof in [
        "INFO hb_http::request: request ",
        "ERROR hb_http::request: request failed ",
        "TRACE DynamoDB.UpdateItem{",
        "aws_smithy_runtime::client::orchestrator: transmitting request",
        "TRACE Secrets Manager.GetSecretValue{",
        "hyper_util::client::legacy::pool: ",
        CONTENT,
    ] {
        assert!(text.contains(proof), "not everything was captured: {proof}");
    }
    assert_eq!(story.leaks(&text), [""; 0]);
    for answer in &story.answers {
        assert_eq!(story.leaks(&format!("{:?} {}", answer.headers, answer.text)), [""; 0], "{answer:?}");
    }

    // A search that finds nothing has to be one that would have found something.
    tracing::trace!(target: "some_crate", key = story.keys[0]);
    assert_eq!(story.leaks(&log.text()).len(), 2, "the whole key, and its secret characters");
    tracing::trace!(target: "some_crate", key = ?story.keys[2].as_bytes());
    assert_eq!(story.leaks(&log.text()).len(), 4, "and those of another, in bytes");
}

#[tokio::test]
async fn as_the_product_logs_nothing_of_a_memory_is_written_whatever_the_level() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().json().with_env_filter(log::filter("trace")).with_writer(log.writer());
    let _listening = listen(subscriber.finish());
    let story = Story::tell().await;
    let text = log.text();
    assert_eq!(story.leaks(&text), [""; 0]);
    assert!(!text.contains(CONTENT) && !text.contains(CHANGED), "{text}");
    let requests = text.matches(r#""message":"request""#).count();
    assert!(requests > story.answers.len(), "every request has its line: {requests}");
    assert!(text.contains(r#""message":"request failed""#));
}

#[test]
fn the_products_filter_lets_others_say_warnings_only() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(log::filter("trace"))
        .with_ansi(false)
        .with_writer(log.writer());
    tracing::subscriber::with_default(subscriber.finish(), || {
        tracing::trace!(target: "hb_store::tenants", "ours");
        tracing::warn!(target: "lambda_runtime", "a warning");
        tracing::info!(target: "lambda_runtime", "an event, perhaps with its Authorization header");
        tracing::debug!(target: "hyper::proto", "a header");
        tracing::trace!(target: "aws_smithy_runtime::client", "a body");
    });
    let text = log.text();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("ours") && text.contains("a warning"), "{text}");
}

/// Everything that is logged on this thread; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(super) fn writer(&self) -> impl Fn() -> Self + use<> {
        let log = self.clone();
        move || log.clone()
    }

    pub(super) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).expect("text")
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
