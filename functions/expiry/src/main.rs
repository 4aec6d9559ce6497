//! The Lambda function of upkeep: wiring, and nothing else.

use std::process::ExitCode;

use hb_domain::Clock;

#[tokio::main]
async fn main() -> ExitCode {
    hb_http::lambda::run_events(|store, event: expiry::Event| async move {
        expiry::handle(&store, &event, Clock::system().now()).await
    })
    .await
}
