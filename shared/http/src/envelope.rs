//! The one shape of every JSON answer.

use hb_domain::{Error, RequestId, Timestamp};
use serde_json::{Value, json};

use crate::error;

/// The body of a good answer; `data` is JSON already.
pub(crate) fn success(data: &str, request: &RequestId, now: Timestamp) -> String {
    let metadata = metadata(request, now);
    format!(r#"{{"success":true,"data":{data},"metadata":{metadata}}}"#)
}

/// The body of an error.
pub(crate) fn failure(error: &Error, request: &RequestId, now: Timestamp) -> String {
    let code = error::code(error);
    let errors = match error {
        Error::Validation(fields) => fields
            .iter()
            .map(|field| json!({"code": code, "message": field.message, "field": field.field}))
            .collect(),
        other => Value::from(vec![json!({"code": code, "message": other.public_message()})]),
    };
    let metadata = metadata(request, now);
    format!(r#"{{"success":false,"errors":{errors},"metadata":{metadata}}}"#)
}

fn metadata(request: &RequestId, now: Timestamp) -> Value {
    json!({"request_id": request, "timestamp": now, "version": "v1"})
}
