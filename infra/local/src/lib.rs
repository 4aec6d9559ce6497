//! The whole service on one machine: an embedded DynamoDB, Secrets Manager's `GetSecretValue`, SQS's `SendMessage`, and
//! a gateway that sends each function the events of API Gateway.
//!
//! Everything listens on 127.0.0.1 only. Tables and routes come from `template.yaml`, functions from [`functions`].

pub mod callers;
pub mod clerk;
mod credentials;
pub mod dashboard;
pub mod database;
mod dynamodb;
pub mod events;
mod function_response;
pub mod functions;
pub mod gateway;
pub mod queue;
pub mod receiver;
mod receiving;
pub mod reindex;
pub mod sample;
mod scratch;
pub mod secrets;
pub mod server;
pub mod stack;
pub mod state;
pub mod stream_records;
pub mod streams;
pub mod template;

/// Why the local stack cannot start. The message is shown to the user.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
