//! The Lambda function of memories: wiring, and nothing else.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    hb_http::lambda::run(memories::ROUTES).await
}
