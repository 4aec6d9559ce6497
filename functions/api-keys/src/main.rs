//! The Lambda function of API keys: wiring, and nothing else.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    hb_http::lambda::run(api_keys::ROUTES).await
}
