//! The whole service on one machine: DynamoDB embedded in the process, Secrets Manager's one call,
//! and a gateway that hands each function the events that API Gateway would.
//!
//! Everything listens on 127.0.0.1 only. Tables and routes come from `template.yaml`.

pub mod clerk;
pub mod database;
pub mod events;
pub mod expiry;
pub mod gateway;
pub mod sample;
pub mod secrets;
pub mod server;
pub mod stack;
pub mod state;
pub mod template;

/// Why the local stack cannot start; the message is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
