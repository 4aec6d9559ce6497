//! Runs a route table or a stream consumer as a Lambda function.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::Clock;
use hb_domain::webhook::UrlPolicy;
use hb_sender::Sender;
use hb_store::aws::Aws;
use hb_store::{DeadLetters, SecretNames, Secrets, Store, Tables};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, Service, service_fn};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::stream::{Consumer, Consumption, Instance, Invocation};
use crate::{App, Entropy, Route, Settings, log};

/// Characters that have to be percent-encoded in a request target.
const NOT_IN_TARGET: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Serves `routes` until Lambda ends the process. `crate_name` is the crate whose events are logged besides those of the
/// shared crates. An incomplete configuration ends the process with a log line that names the variable.
pub async fn run(crate_name: &'static str, routes: &'static [Route]) -> ExitCode {
    let Some(store) = start(crate_name, store_from_env) else { return ExitCode::FAILURE };
    let settings = match Settings::from_env(environment) {
        Ok(settings) => settings,
        Err(problem) => {
            tracing::error!("cannot start: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let app = App::new(vec![routes], store, Clock::system(), Entropy::system(), settings);
    app.warm_up().await;
    let service = service_fn(move |event| invoke(app.clone(), event));
    // One request at a time, or as many as AWS_LAMBDA_MAX_CONCURRENCY allows.
    ended(lambda_runtime::run_concurrent(service).await)
}

/// Handles an event of API Gateway. As JSON, the value is the response in the payload format of the event.
///
/// # Errors
/// None: the runtime requires the type.
pub async fn invoke(
    app: App,
    mut event: LambdaEvent<LambdaRequest>,
) -> Result<impl Serialize + Send + Sync + 'static, lambda_http::Error> {
    sanitize_event(&mut event.payload);
    let mut adapter = Adapter::from(service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, lambda_http::Error>(app.handle(request).await) }
    }));
    adapter.call(event).await
}

/// Processes the batches of streams, and what is due on a schedule, until Lambda ends the process. Otherwise as [`run`].
pub async fn run_consumer(crate_name: &'static str, consumer: Consumer) -> ExitCode {
    let Some(consumption) = start(crate_name, consumption_from_env) else { return ExitCode::FAILURE };
    let instance = Arc::new(Instance { consumer, consumption, is_warm: AtomicBool::new(false) });
    let service = service_fn(move |event: LambdaEvent<Invocation>| {
        let instance = Arc::clone(&instance);
        async move { Ok::<_, lambda_http::Error>(instance.handle(event.payload).await) }
    });
    ended(lambda_runtime::run(service).await)
}

/// What `from_env` makes of the environment; `None`, with a log line, if a variable is missing.
fn start<T>(crate_name: &str, from_env: impl Fn(Variable) -> Result<T, String>) -> Option<T> {
    log::to_stdout(crate_name, Clock::system());
    from_env(environment).map_err(|problem| tracing::error!("cannot start: {problem}")).ok()
}

/// Reads a variable of the environment.
type Variable = fn(&str) -> Option<String>;

/// The value of a variable, unless it is unset or empty.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn ended(outcome: Result<(), lambda_http::Error>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the runtime ended: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The variables in a file of `NAME=value` pairs, separated by spaces or lines.
pub fn file_variables(text: &str) -> HashMap<String, String> {
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Builds the store that the environment describes.
///
/// # Errors
/// The name of the variable that is missing.
pub fn store_from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Store, String> {
    let aws = Aws::from_env(&variable)?;
    let required = |name: &str| variable(name).ok_or_else(|| format!("{name} is not set"));
    let tables = Tables::new(|table| required(table.definition().variable))?;
    let names = SecretNames::new(|id| match id.is_optional() {
        true => Ok(variable(id.variable())),
        false => required(id.variable()).map(Some),
    })?;
    let secrets = Secrets::new(aws.secrets(), names);
    Ok(Store::new(aws.dynamodb(), tables, secrets))
}

/// Builds what the environment describes for a consumer of streams: the store, and the queue `DEAD_LETTER_QUEUE_URL`.
///
/// # Errors
/// The name of the variable that is missing.
pub fn consumption_from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Consumption, String> {
    let queue_url = variable("DEAD_LETTER_QUEUE_URL").ok_or("DEAD_LETTER_QUEUE_URL is not set")?;
    let dead_letters = DeadLetters::new(Aws::from_env(&variable)?.sqs(), queue_url);
    Ok(Consumption {
        store: store_from_env(variable)?,
        dead_letters,
        // No variable changes it.
        sender: Sender::new(UrlPolicy::Public),
        webhook_keys: Arc::default(),
        clock: Clock::system(),
        entropy: Entropy::system(),
    })
}

/// Whether a domain name makes a valid URL.
fn is_name(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(is_letter)
}

/// Removes from an event what makes lambda_http panic. It builds a URL from the caller's `Host` and
/// `X-Forwarded-Proto`, which are not used here, and from the target, and panics if the URL is invalid.
pub fn sanitize_event(event: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(event) = event {
        event.headers.remove("host");
        event.headers.remove("x-forwarded-proto");
        event.request_context.domain_name =
            event.request_context.domain_name.take().filter(|name| is_name(name));
        let path = event.raw_path.take().filter(|path| path.starts_with('/')).unwrap_or_else(|| "/".into());
        event.raw_path = Some(utf8_percent_encode(&path, NOT_IN_TARGET).to_string());
        // A body that is marked as base64 but is not is passed on unchanged, and the request is validated as usual.
        event.is_base64_encoded &= event.body.as_ref().is_none_or(|body| STANDARD.decode(body).is_ok());
        if let Some(query) = &event.raw_query_string {
            event.raw_query_string = Some(utf8_percent_encode(query, NOT_IN_TARGET).to_string());
        }
    }
}
