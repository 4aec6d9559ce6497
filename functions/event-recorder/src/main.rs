//! Runs the consumer of this crate as a Lambda function.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    hb_http::lambda::run_consumer(env!("CARGO_CRATE_NAME"), event_recorder::CONSUMER).await
}
