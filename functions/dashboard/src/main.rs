//! Runs the routes of this crate as a Lambda function.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    hb_http::lambda::run(env!("CARGO_CRATE_NAME"), dashboard::ROUTES).await
}
