//! The envelope of JSON responses.

use hb_domain::error::FieldError;
use hb_domain::{Error, RequestId, Result, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error;

/// The body of a successful response; `data` is JSON.
pub(crate) fn success(data: &str, request: &RequestId, now: Timestamp) -> String {
    let metadata = metadata(request, now);
    format!(r#"{{"success":true,"data":{data},"metadata":{metadata}}}"#)
}

/// The same body with changed data. The rest stays the same, byte for byte.
pub(crate) fn with_data(body: &str, change: impl FnOnce(&Value) -> Result<Value>) -> Result<String> {
    let body: Value =
        serde_json::from_str(body).map_err(|error| Error::Internal(format!("envelope: {error}")))?;
    let (data, metadata) = (change(&body["data"])?, &body["metadata"]);
    Ok(format!(r#"{{"success":true,"data":{data},"metadata":{metadata}}}"#))
}

/// The body of an error.
pub(crate) fn failure(error: &Error, request: &RequestId, now: Timestamp) -> String {
    let errors = json!(errors_of(error));
    let metadata = metadata(request, now);
    format!(r#"{{"success":false,"errors":{errors},"metadata":{metadata}}}"#)
}

/// The most invalid fields that are listed for an item of a batch, which bounds the size of the response.
const MAX_OF_ITEM: usize = 3;

/// The errors of one item of a batch, in the form of the envelope's list; of invalid fields the first three.
pub fn item_errors(error: &Error) -> Vec<ErrorDetail> {
    let mut errors = errors_of(error);
    errors.truncate(MAX_OF_ITEM);
    errors
}

/// An error as the envelope lists it: a code and a message, one for each invalid field.
fn errors_of(error: &Error) -> Vec<ErrorDetail> {
    let code = error::code(error);
    let detail = |field: &FieldError| ErrorDetail {
        code,
        field: Some(field.field.clone()),
        message: field.message.clone(),
    };
    match error {
        Error::Validation(fields) => fields.iter().map(detail).collect(),
        other => vec![ErrorDetail { code, field: None, message: other.public_message() }],
    }
}

/// One thing that is wrong.
// Fields are in alphabetical order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub struct ErrorDetail {
    /// The kind of error, for programs.
    code: &'static str,
    /// The invalid field. Absent: the error concerns none.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What is wrong, for people.
    message: String,
}

fn metadata(request: &RequestId, now: Timestamp) -> Value {
    json!({"request_id": request, "timestamp": now, "version": "v1"})
}
