//! DynamoDB's HTTP protocol in front of the embedded database.
//!
//! The emulator's own server accepts requests of web pages, and its router cannot be wrapped.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use dynoxide::auth_material::{self, AuthMaterial};
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, MutexGuard};

use crate::receiving::read_body;

/// The largest request of DynamoDB, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The order of operations. The emulator executes one at a time; who writes to its file beside it takes part in the order,
/// so that neither waits for the other's lock in SQLite, which is not fair.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns(Arc<Mutex<()>>);

impl Turns {
    /// Waits until no operation is in progress, and holds the next ones back until the result is dropped.
    pub(crate) async fn take(&self) -> MutexGuard<'_, ()> {
        self.0.lock().await
    }
}

#[derive(Clone)]
struct Api {
    database: Database,
    turns: Turns,
}

/// The routes of DynamoDB over this database.
pub(crate) fn router(database: Database, turns: Turns) -> Router {
    Router::new().fallback(handle).with_state(Api { database, turns })
}

async fn handle(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path() != "/" || parts.method != Method::POST {
        return (StatusCode::NOT_FOUND, "DynamoDB serves POST /").into_response();
    }
    let body = match read_body(body, MAX_BODY).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target
        .and_then(|target| target.split_once('.'))
        .filter(|(service, _)| matches!(*service, "DynamoDB_20120810" | "DynamoDBStreams_20120810"))
        .map_or("", |(_, operation)| operation);
    if let Some(refusal) = unsigned(&parts.uri, &parts.headers) {
        return respond(StatusCode::BAD_REQUEST, refusal);
    }
    let executed = {
        let _turn = api.turns.take().await;
        execute(&api.database, operation, &body)
    };
    match executed {
        Some(Ok(response)) => respond(StatusCode::OK, response),
        Some(Err(error)) => {
            let status = StatusCode::from_u16(error.status_code());
            respond(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error.to_json())
        }
        None => {
            let unknown = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;
            respond(StatusCode::BAD_REQUEST, unknown.into())
        }
    }
}

fn respond(status: StatusCode, body: String) -> Response {
    (status, [("content-type", CONTENT_TYPE)], body).into_response()
}

/// DynamoDB's error for a request without a complete signature. The signature itself is not verified.
fn unsigned(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    auth_material::validate(AuthMaterial {
        authorization: headers.get("authorization").and_then(|value| value.to_str().ok()),
        query: uri.query().unwrap_or(""),
        has_date_header: headers.contains_key("x-amz-date") || headers.contains_key("date"),
    })
}

/// Executes an operation; `None` if there is none of this name.
fn execute(database: &Database, operation: &str, body: &[u8]) -> Option<Result<String, DynoxideError>> {
    Some(match operation {
        "CreateTable" => call(body, |request| database.create_table(request)),
        "DeleteTable" => call(body, |request| database.delete_table(request)),
        "DescribeTable" => call(body, |request| database.describe_table(request)),
        "ListTables" => call(body, |request| database.list_tables(request)),
        "UpdateTable" => call(body, |request| database.update_table(request)),
        "PutItem" => call(body, |request| database.put_item(request)),
        "GetItem" => call(body, |request| database.get_item(request)),
        "DeleteItem" => call(body, |request| database.delete_item(request)),
        "UpdateItem" => call(body, |request| database.update_item(request)),
        "Query" => call(body, |request| database.query(request)),
        "Scan" => call(body, |request| database.scan(request)),
        "BatchGetItem" => call(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => call(body, |request| database.batch_write_item(request)),
        "TransactWriteItems" => call(body, |request| database.transact_write_items(request)),
        "TransactGetItems" => call(body, |request| database.transact_get_items(request)),
        "ListStreams" => call(body, |request| database.list_streams(request)),
        "DescribeStream" => call(body, |request| database.describe_stream(request)),
        "GetShardIterator" => call(body, |request| database.get_shard_iterator(request)),
        "GetRecords" => call(body, |request| database.get_records(request)),
        "UpdateTimeToLive" => call(body, |request| database.update_time_to_live(request)),
        "DescribeTimeToLive" => call(body, |request| database.describe_time_to_live(request)),
        "ExecuteStatement" => call(body, |request| database.execute_statement(request)),
        "ExecuteTransaction" => call(body, |request| database.execute_transaction(request)),
        "BatchExecuteStatement" => call(body, |request| database.batch_execute_statement(request)),
        "TagResource" => call(body, |request| database.tag_resource(request)),
        "UntagResource" => call(body, |request| database.untag_resource(request)),
        "ListTagsOfResource" => call(body, |request| database.list_tags_of_resource(request)),
        _ => return None,
    })
}

fn call<Request: DeserializeOwned, Response: Serialize>(
    body: &[u8],
    execute: impl FnOnce(Request) -> Result<Response, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(body)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let response = execute(request)?;
    serde_json::to_string(&response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
