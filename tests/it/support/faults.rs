//! The ways in which a call to AWS can fail.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

/// A way in which one call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Throttled; nothing was done.
    Throttled,
    /// Refused because of a transaction on the same item; nothing was done.
    Conflict,
    /// Done, but the response timed out.
    TimedOut,
    /// The connection broke before anything was done.
    Reset,
    /// Done, but the response is an error of the service.
    AnswerLost,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Throttled, Self::Conflict, Self::TimedOut, Self::Reset, Self::AnswerLost];

    /// Whether the call reaches the service and takes effect.
    pub const fn is_performed(self) -> bool {
        matches!(self, Self::TimedOut | Self::AnswerLost)
    }

    /// The result of the call instead of the response to `operation`.
    pub fn answer(self, operation: &str) -> Result<HttpResponse, ConnectorError> {
        match self {
            Self::Throttled if operation == "GetSecretValue" => refusal("ThrottlingException", json!({})),
            Self::Throttled => refusal("ProvisionedThroughputExceededException", json!({})),
            Self::Conflict if operation == "TransactWriteItems" => {
                let reasons = vec![json!({"Code": "TransactionConflict"}); 4];
                refusal("TransactionCanceledException", json!({ "CancellationReasons": reasons }))
            }
            Self::Conflict => refusal("TransactionConflictException", json!({})),
            Self::TimedOut => Err(ConnectorError::timeout("no answer in time".into())),
            Self::Reset => Err(ConnectorError::io("connection reset by peer".into())),
            Self::AnswerLost => response(500, &json!({"__type": "InternalServerError", "message": "lost"})),
        }
    }
}

fn refusal(code: &str, mut body: Value) -> Result<HttpResponse, ConnectorError> {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{code}"));
    body["message"] = json!("refused");
    response(400, &body)
}

fn response(status: u16, body: &Value) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).expect("a status");
    Ok(HttpResponse::new(status, SdkBody::from(body.to_string())))
}
