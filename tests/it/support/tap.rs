//! A tap on the AWS calls of an instance: records them and, if requested, holds or fails them.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::Fault;
use super::conflicts::Conflicts;

/// One call that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct SdkCall {
    /// `DynamoDB GetItem Tenants` or `secretsmanager GetSecretValue`.
    pub name: String,
    /// Read capacity units, as the database reported them.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
    /// The start and the end of the call, in the order of all starts and ends.
    pub span: (usize, usize),
    /// The permissions that IAM requires: `dynamodb:Query Memories/index/byUpdatedAt`; for a transaction, one per
    /// operation.
    pub permissions: Vec<String>,
}

/// A call that is held until it is [passed](Self::pass).
#[derive(Debug)]
pub struct HeldCall {
    /// As [`SdkCall::name`].
    pub name: String,
    release: oneshot::Sender<()>,
    answer: HeldAnswer,
}

/// A call that has reached the database, whose response is held until it is [delivered](Self::deliver).
#[derive(Debug)]
pub struct HeldAnswer {
    performed: oneshot::Receiver<()>,
    deliver: oneshot::Sender<()>,
    done: oneshot::Receiver<()>,
}

impl HeldCall {
    /// Passes the call and waits for its response.
    pub async fn pass(self) {
        self.perform().await.deliver().await;
    }

    /// Passes the call to the database, but not its response to the caller.
    pub async fn perform(mut self) -> HeldAnswer {
        let _ = self.release.send(());
        let _ = (&mut self.answer.performed).await;
        self.answer
    }
}

impl HeldAnswer {
    /// Delivers the response to the caller.
    pub async fn deliver(self) {
        let _ = self.deliver.send(());
        let _ = self.done.await;
    }
}

/// The instance's end of a held call.
struct Held {
    performed: oneshot::Sender<()>,
    delivered: oneshot::Receiver<()>,
    done: oneshot::Sender<()>,
}

/// The tap; cheap to clone.
#[derive(Clone, Debug)]
pub struct Tap {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<SdkCall>,
    events: usize,
    holder: Option<mpsc::UnboundedSender<HeldCall>>,
    refusals: Vec<(String, Value)>,
    faults: Vec<Planned>,
    conflicts: Option<Conflicts>,
}

/// A planned fault.
#[derive(Clone, Debug)]
struct Planned {
    /// Whether it has occurred.
    has_struck: bool,
    /// The name of the calls that count; `None` for all.
    name: Option<String>,
    /// How many of them pass first.
    after: usize,
    fault: Fault,
    /// Whether it affects every later call with the same name, or one call.
    lasting: bool,
}

impl Tap {
    /// A tap in front of `inner`.
    pub fn new(inner: SharedHttpClient) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// The calls since the last call of this method.
    pub fn take(&self) -> Vec<SdkCall> {
        std::mem::take(&mut self.state.lock().expect("the state").calls)
    }

    /// Holds every call from now on and sends it to the receiver. Dropping the receiver passes calls again.
    pub fn hold(&self) -> mpsc::UnboundedReceiver<HeldCall> {
        let (holder, held) = mpsc::unbounded_channel();
        self.state.lock().expect("the state").holder = Some(holder);
        held
    }

    /// From now on, refuses writes that conflict with transactions in progress.
    pub fn conflict(&self, conflicts: &Conflicts) {
        self.state.lock().expect("the state").conflicts = Some(conflicts.clone());
    }

    /// Answers the next `times` calls with this name instead of the database, with status 400 and `body`.
    pub fn refuse(&self, name: &str, times: usize, body: &Value) {
        let mut state = self.state.lock().expect("the state");
        state.refusals.extend(std::iter::repeat_n((name.to_owned(), body.clone()), times));
    }

    /// Fails the call with this index, counted from 0 and from now; if `lasting`, also every later one with its name.
    pub fn fail_at(&self, index: usize, fault: Fault, lasting: bool) {
        self.plan(Planned { has_struck: false, name: None, after: index, fault, lasting });
    }

    /// Fails the next call with this name; if `lasting`, also every later one.
    pub fn fail(&self, name: &str, fault: Fault, lasting: bool) {
        self.plan(Planned { has_struck: false, name: Some(name.to_owned()), after: 0, fault, lasting });
    }

    /// Fails a call with this name after `after` calls that pass; if `lasting`, also every later one.
    pub fn fail_after(&self, name: &str, passing: usize, fault: Fault, lasting: bool) {
        self.plan(Planned { has_struck: false, name: Some(name.to_owned()), after: passing, fault, lasting });
    }

    fn plan(&self, planned: Planned) {
        self.state.lock().expect("the state").faults.push(planned);
    }

    /// Ends all faults. Returns whether each planned fault has occurred.
    pub fn mend(&self) -> bool {
        let faults = std::mem::take(&mut self.state.lock().expect("the state").faults);
        faults.iter().all(|planned| planned.has_struck)
    }

    fn fault(&self, name: &str) -> Option<Fault> {
        let mut state = self.state.lock().expect("the state");
        let mut struck = None;
        state.faults.retain_mut(|planned| {
            if struck.is_some() || planned.name.as_deref().is_some_and(|only| only != name) {
                return true;
            }
            if planned.after > 0 {
                planned.after -= 1;
                return true;
            }
            struck = Some(planned.fault);
            planned.has_struck = true;
            planned.name = Some(name.to_owned());
            planned.lasting
        });
        struck
    }

    fn refusal(&self, name: &str) -> Option<HttpResponse> {
        let mut state = self.state.lock().expect("the state");
        let index = state.refusals.iter().position(|(refused, _)| refused == name)?;
        let (_, body) = state.refusals.remove(index);
        Some(refused(&body))
    }

    fn event(&self) -> usize {
        let mut state = self.state.lock().expect("the state");
        state.events += 1;
        state.events
    }
}

impl HttpClient for Tap {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(TappedConnector {
            tap: self.clone(),
            inner: self.inner.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct TappedConnector {
    tap: Tap,
    inner: SharedHttpConnector,
}

impl HttpConnector for TappedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (tap, inner) = (self.tap.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move {
            let (name, permissions) = (name_of(&request), permissions_of(&request));
            let holder = tap.state.lock().expect("the state").holder.clone();
            let held = match holder {
                Some(holder) => wait(&holder, &name).await,
                None => None,
            };
            if let Some(refusal) = tap.refusal(&name) {
                return Ok(refusal);
            }
            let operation = target_of(&request).1.to_owned();
            let fault = tap.fault(&name);
            if let Some(fault) = fault.filter(|fault| !fault.is_performed()) {
                return fault.answer(&operation);
            }
            let conflicts = tap.state.lock().expect("the state").conflicts.clone();
            let underway = conflicts.map(|conflicts| conflicts.begin(&operation, &body_of(&request)));
            let _underway = match underway.transpose() {
                Ok(underway) => underway,
                Err(refusal) => return Ok(refused(&refusal)),
            };
            let begin = tap.event();
            let mut response = inner.call(request).await?;
            let body = std::mem::replace(response.body_mut(), SdkBody::empty());
            let bytes = ByteStream::new(body).collect().await.expect("a body").into_bytes();
            let units = units_of(&serde_json::from_slice(&bytes).unwrap_or_default());
            *response.body_mut() = SdkBody::from(bytes);
            let span = (begin, tap.event());
            let writes = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"]
                .iter()
                .any(|op| name.contains(op));
            let (read_units, write_units) = if writes { (0.0, units) } else { (units, 0.0) };
            let call = SdkCall { name, read_units, write_units, span, permissions };
            tap.state.lock().expect("the state").calls.push(call);
            if let Some(held) = held {
                let _ = held.performed.send(());
                let _ = held.delivered.await;
                let _ = held.done.send(());
            }
            fault.map_or(Ok(response), |fault| fault.answer(&operation))
        })
    }
}

/// An error response of DynamoDB.
fn refused(body: &Value) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(400).expect("a status"), SdkBody::from(body.to_string()))
}

/// Waits until the holder passes this call; `None` if there is no holder any more.
async fn wait(holder: &mpsc::UnboundedSender<HeldCall>, name: &str) -> Option<Held> {
    let (release, released) = oneshot::channel();
    let (performed, has_performed) = oneshot::channel();
    let (deliver, delivered) = oneshot::channel();
    let (done, is_done) = oneshot::channel();
    let answer = HeldAnswer { performed: has_performed, deliver, done: is_done };
    holder.send(HeldCall { name: name.to_owned(), release, answer }).ok()?;
    let _ = released.await;
    Some(Held { performed, delivered, done })
}

fn name_of(request: &HttpRequest) -> String {
    let (service, operation) = target_of(request);
    let table = body_of(request)["TableName"].as_str().unwrap_or_default().to_owned();
    format!("{service} {operation} {table}").trim().to_owned()
}

fn target_of(request: &HttpRequest) -> (&str, &str) {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let (service, operation) = target.split_once('.').unwrap_or((target, ""));
    (service.split('_').next().unwrap_or_default(), operation)
}

fn body_of(request: &HttpRequest) -> Value {
    request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

/// Actions and resources in IAM notation.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>
fn permissions_of(request: &HttpRequest) -> Vec<String> {
    let (service, operation) = target_of(request);
    let (service, body) = (service.to_lowercase(), body_of(request));
    let on = |action: &str, resource: &Value| {
        format!("{service}:{action} {}", resource.as_str().unwrap_or_default())
    };
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let parts = body["TransactItems"].as_array().into_iter().flatten();
            let parts = parts.filter_map(Value::as_object).flatten();
            parts.map(|(kind, part)| on(&format!("{kind}Item"), &part["TableName"])).collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(table, _)| on(operation, &Value::from(table.as_str()))).collect()
        }
        // The stack has one queue.
        "SendMessage" => vec!["sqs:SendMessage StreamDeadLetters".to_owned()],
        "GetSecretValue" => vec![on(operation, &body["SecretId"])],
        _ => match body["IndexName"].as_str() {
            Some(index) => vec![format!("{}/index/{index}", on(operation, &body["TableName"]))],
            None => vec![on(operation, &body["TableName"])],
        },
    }
}

fn units_of(answer: &Value) -> f64 {
    match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum(),
        one => one["CapacityUnits"].as_f64().unwrap_or(0.0),
    }
}
