//! Running a route table as a Lambda function.

use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::Clock;
use hb_store::aws::Aws;
use hb_store::{SecretNames, Secrets, Store, Tables};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, Service, service_fn};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

use crate::{App, ClerkSettings, Entropy, Route, log};

/// What a request target may not hold raw.
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

/// Serves `routes` until Lambda ends the process. A configuration that is not complete stops it at
/// once, with a message that names the variable.
pub async fn run(routes: &'static [Route]) -> ExitCode {
    let Some(store) = start() else { return ExitCode::FAILURE };
    let clerk = match ClerkSettings::from_env(environment) {
        Ok(clerk) => clerk,
        Err(problem) => {
            tracing::error!("cannot start: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let app = App::new(vec![routes], store, Clock::system(), Entropy::system(), clerk);
    app.warm_up().await;
    let service = service_fn(move |mut event: LambdaEvent<LambdaRequest>| {
        let app = app.clone();
        sanitize_event(&mut event.payload);
        let mut adapter = Adapter::from(service_fn(move |request| {
            let app = app.clone();
            async move { Ok::<_, lambda_http::Error>(app.handle(request).await) }
        }));
        async move { adapter.call(event).await }
    });
    // One request at a time, or as many as AWS_LAMBDA_MAX_CONCURRENCY allows.
    ended(lambda_runtime::run_concurrent(service).await)
}

/// Deals with events that are no requests until Lambda ends the process; as [`run`] otherwise.
pub async fn run_events<E, F>(handle: impl Fn(Store, E) -> F + Clone + Send + Sync + 'static) -> ExitCode
where
    E: for<'de> Deserialize<'de> + Send + 'static,
    F: Future<Output = serde_json::Value> + Send + 'static,
{
    let Some(store) = start() else { return ExitCode::FAILURE };
    let service = service_fn(move |event: LambdaEvent<E>| {
        let handling = handle(store.clone(), event.payload);
        async move { Ok::<_, lambda_http::Error>(handling.await) }
    });
    ended(lambda_runtime::run(service).await)
}

/// The store that the environment describes; what is missing is logged.
fn start() -> Option<Store> {
    log::to_stdout(Clock::system());
    let store = store_from_env(environment);
    store.map_err(|problem| tracing::error!("cannot start: {problem}")).ok()
}

/// A variable that is set to something.
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

/// Builds the store that the environment describes.
///
/// # Errors
/// The name of a variable that is missing.
pub fn store_from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Store, String> {
    let aws = Aws::from_env(&variable)?;
    let required = |name: &str| variable(name).ok_or_else(|| format!("{name} is not set"));
    let tables = Tables::new(|table| required(table.definition().variable))?;
    let names = SecretNames::new(|id| required(id.variable()))?;
    let secrets = Secrets::new(aws.secrets(), names);
    Ok(Store::new(aws.dynamodb(), tables, secrets))
}

/// Takes out of an event what lambda_http would trip over: it builds a URL of the caller's `Host` and
/// `X-Forwarded-Proto`, which nothing here reads, and panics when that or the target is not one.
pub fn sanitize_event(event: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(event) = event {
        event.headers.remove("host");
        event.headers.remove("x-forwarded-proto");
        event.request_context.domain_name = None;
        let path = event.raw_path.take().filter(|path| path.starts_with('/')).unwrap_or_else(|| "/".into());
        event.raw_path = Some(utf8_percent_encode(&path, NOT_IN_TARGET).to_string());
        // A body that is said to be base64 and is not is taken as it stands, and refused as what it is.
        event.is_base64_encoded &= event.body.as_ref().is_none_or(|body| STANDARD.decode(body).is_ok());
        if let Some(query) = &event.raw_query_string {
            event.raw_query_string = Some(utf8_percent_encode(query, NOT_IN_TARGET).to_string());
        }
    }
}
