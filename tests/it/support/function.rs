//! A function as Lambda runs it: its binary as a process with a Runtime API.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use tokio::process::Command;

use super::binaries::{binary, workspace};
use super::process::{Ended, Process, patiently};
use super::runtime_api::{Outcome, RuntimeApi};
use super::{Answer, World};

/// The environment variables that Lambda and the template set for a function, with a world's endpoints.
pub fn environment(world: &World) -> BTreeMap<&'static str, String> {
    let variables = hb_local::stack::function_environment(&world.aws, None);
    variables.into_iter().chain([("LOG_LEVEL", "trace".to_owned())]).collect()
}

/// An event of `tests/events`, sent with this key.
pub fn recorded(name: &str, key: &str) -> Value {
    let path = workspace().join("tests/events").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text.replace("{{API_KEY}}", key)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// One warm instance of a function; it is killed when dropped.
pub struct Function {
    process: Process,
    api: RuntimeApi,
    sent: usize,
}

impl Function {
    /// Starts the function's binary with the world.
    pub async fn start(world: &World, name: &str) -> Self {
        Self::start_in(&environment(world), name).await
    }

    /// Starts the function's binary with these variables and those of Lambda itself.
    pub async fn start_in(environment: &BTreeMap<&'static str, String>, name: &str) -> Self {
        let api = RuntimeApi::serve().await;
        let mut command = Command::new(binary(name));
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .envs(environment);
        Self { process: Process::start(&mut command), api, sent: 0 }
    }

    /// Waits until it has started and requests an event.
    pub async fn ready(&mut self) {
        tokio::select! {
            () = patiently(self.api.is_asked()) => {}
            () = self.process.exited() => panic!("the function ended instead of starting"),
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends an event and waits for the result.
    pub async fn invoke(&mut self, event: Value) -> Outcome {
        self.sent += 1;
        let outcome = self.api.invoke(&format!("invocation-{}", self.sent), event);
        tokio::select! {
            outcome = patiently(outcome) => outcome.expect("an outcome"),
            () = self.process.exited() => panic!("the function ended instead of answering"),
        }
    }

    /// Sends an event of API Gateway and parses the response, which must be valid for API Gateway.
    pub async fn send(&mut self, event: Value) -> Answer {
        match self.invoke(event.clone()).await {
            Outcome::Response(response) => read(&response),
            Outcome::Error(error) => panic!("the function reports an error: {error}\nof {event:#}"),
        }
    }

    /// The errors that the function reported during its start.
    pub fn init_errors(&self) -> Vec<Value> {
        self.api.init_errors()
    }

    /// Waits until the function has ended by itself.
    pub async fn ended(self) -> Ended {
        self.process.ended().await
    }

    /// Stops the function and returns its log: every line is JSON.
    pub async fn log(self) -> (Vec<Value>, Ended) {
        let ended = self.process.kill().await;
        let read = |line: &String| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("a log line is not JSON: {error}: {line}"))
        };
        (ended.stdout.iter().map(read).collect(), ended)
    }
}

/// A response in API Gateway's payload format 2.0.
fn read(response: &Value) -> Answer {
    let status = response["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    assert_ne!(response["isBase64Encoded"], true, "an answer of JSON is text: {response}");
    let mut headers = HeaderMap::new();
    for (name, value) in response["headers"].as_object().expect("an answer has headers") {
        headers.append(
            HeaderName::try_from(name).expect("a header's name"),
            HeaderValue::from_str(value.as_str().expect("a header is text")).expect("a header's value"),
        );
    }
    let text = response["body"].as_str().unwrap_or_default().to_owned();
    let json = serde_json::from_str(&text).unwrap_or_default();
    Answer { status: status.unwrap_or_else(|| panic!("no status: {response}")), headers, text, json }
}
