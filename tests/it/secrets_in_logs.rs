//! No log line and no response contains a key, a secret or a pepper at any log level: a scenario runs with everything
//! captured, and the output is searched for every secret that was generated.
//!
//! Every server of a test's world runs on the thread of the test, so a subscriber of that thread captures everything,
//! including the traces of the AWS SDK.

mod story;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use hb_local::functions;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Level, Subscriber};
use tracing_subscriber::fmt::format::FmtSpan;

use story::{CHANGED, CONTENT, PATH, RESPONSE, Story};

/// Captures the log events of this thread with `subscriber`. With only one subscriber in the process, tracing caches
/// for all threads whether the first thread at an event is interested; a second, inactive one makes it ask each
/// thread.
pub(super) fn listen(subscriber: impl Subscriber + Send + Sync) -> (Dispatch, DefaultGuard) {
    let deaf = Dispatch::new(NoSubscriber::new());
    (deaf, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn at_trace_level_no_key_or_pepper_is_logged_or_returned() {
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
    assert_eq!(story.sessions_in(&text), [""; 0]);
    for answer in &story.answers {
        let all = format!("{:?} {}", answer.headers, answer.text);
        assert_eq!(story.leaks(&all), [""; 0], "{answer:?}");
        // Pages have the CSRF token, which is the last.
        let secrets = &story.signed_in[..2];
        assert!(!secrets.iter().any(|secret| all.contains(secret.as_str())), "{answer:?}");
    }

    tracing::trace!(target: "some_crate", csrf = story.signed_in[2]);
    assert_eq!(story.sessions_in(&log.text()).len(), 1);
    // The query of a search without results has to be one that matches.
    tracing::trace!(target: "some_crate", key = story.keys[0]);
    assert_eq!(story.leaks(&log.text()).len(), 2, "the whole key, and its secret characters");
    tracing::trace!(target: "some_crate", key = ?story.keys[2].as_bytes());
    assert_eq!(story.leaks(&log.text()).len(), 4, "and those of another, in bytes");
}

#[tokio::test]
async fn at_any_level_the_products_log_contains_no_content_url_or_response() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(functions::log_filter("trace"))
        .with_writer(log.writer());
    let _listening = listen(subscriber.finish());
    let story = Story::tell().await;
    let text = log.text();
    assert_eq!(story.leaks(&text), [""; 0]);
    assert_eq!(story.sessions_in(&text), [""; 0]);
    for private in [CONTENT, CHANGED, PATH, RESPONSE] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    assert!(text.contains(r#""message":"delivery""#), "attempts have their lines");
    let requests = text.matches(r#""message":"request""#).count();
    assert!(requests > story.answers.len(), "every request has its line: {requests}");
    assert!(text.contains(r#""message":"request failed""#));
}

#[test]
fn the_products_filter_logs_only_warnings_of_other_crates() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(functions::log_filter("trace"))
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

/// All log output of this thread; cheap to clone.
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
