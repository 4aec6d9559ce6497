//! How commands are sent to the driver: with fantoccini, or as a command that it has no method for.

use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use url::{ParseError, Url};

use super::Browser;
use crate::process::patiently;

/// Opens the browser that `capabilities` describes.
pub(super) async fn connect(driver: &str, capabilities: Value) -> Client {
    let capabilities = serde_json::from_value(capabilities).expect("capabilities are an object");
    let mut builder = ClientBuilder::new(HttpConnector::new());
    let client = patiently(builder.capabilities(capabilities).connect(driver)).await;
    let client = client.unwrap_or_else(|error| panic!("no session: {error}"));
    // The driver ends the browser. A client that is dropped would close its session after that, at a port without a driver.
    done("persist", client.persist()).await;
    client
}

/// The result of a command. A command that fails is a failure of the test, which names `what` was to be done.
pub(super) async fn done<T>(what: &str, command: impl Future<Output = Result<T, CmdError>>) -> T {
    patiently(command).await.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// A command without a method in fantoccini, or whose method loses a part of the JSON.
#[derive(Debug)]
struct Command {
    /// The path below that of the session.
    path: String,
    /// The parameters, which are sent with POST. The request is a GET without them.
    parameters: Option<Value>,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.expect("a session"), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        match &self.parameters {
            Some(parameters) => (Method::POST, Some(parameters.to_string())),
            None => (Method::GET, None),
        }
    }
}

impl Browser {
    /// Sends a command without parameters.
    pub(super) async fn get(&self, path: &str) -> Value {
        self.send(path, None).await
    }

    /// Sends a command with parameters.
    pub(super) async fn post(&self, path: &str, parameters: Value) -> Value {
        self.send(path, Some(parameters)).await
    }

    async fn send(&self, path: &str, parameters: Option<Value>) -> Value {
        done(path, self.client.issue_cmd(Command { path: path.to_owned(), parameters })).await
    }
}
