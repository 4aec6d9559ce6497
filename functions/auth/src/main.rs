//! The Lambda function of health, the standing and unknown routes: wiring, and nothing else.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    hb_http::lambda::run(auth::ROUTES).await
}
