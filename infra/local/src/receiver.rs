//! A receiver of webhooks for whoever tries them: it shows each request and acknowledges it.

use std::io::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::StartError;
use crate::callers::Callers;
use crate::receiving::read_body;
use crate::server::Server;

/// The largest request, in bytes: an event has at most one memory.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// What is done with a request before it is acknowledged.
///
/// # Errors
/// The request is not acknowledged.
pub type RequestHandler = Arc<dyn Fn(&Parts, &[u8]) -> std::io::Result<()> + Send + Sync>;

/// Prints a request, so that what was acknowledged was shown.
pub fn print_requests() -> RequestHandler {
    Arc::new(|parts, body| {
        let mut out = std::io::stdout().lock();
        out.write_all(as_text(parts, body).as_bytes())?;
        out.flush()
    })
}

/// Receives webhooks on 127.0.0.1 at `port`, 0 chooses a free port, and answers 204 to those that the handler accepts.
///
/// # Errors
/// If the port is taken or may not be bound.
pub async fn serve(port: u16, handler: RequestHandler) -> Result<Server, StartError> {
    Server::serve(port, Router::new().fallback(receive).with_state(handler), Callers::Programs).await
}

async fn receive(State(handler): State<RequestHandler>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let body = match read_body(body, MAX_BODY).await {
        Ok(body) => body,
        Err(status) => return status,
    };
    match handler(&parts, &body) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The request line, the headers and the body as they were sent, but for control characters, and an empty line.
fn as_text(parts: &Parts, body: &[u8]) -> String {
    let mut text = format!("{} {}\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    }
    text.push_str(&format!("\n{}\n\n", String::from_utf8_lossy(body)));
    // The sender is not trusted with the terminal.
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}
