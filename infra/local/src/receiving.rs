//! Reading the body of a request: within a time limit, up to a size.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

/// The body did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive within the time limit")]
struct BodyTimeout;

/// Ends a body that has not arrived completely within the limit. hyper then closes the connection.
pub(crate) async fn limit_body(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let deadline = Instant::now() + limit;
    next.run(request.map(|body| within(body, deadline))).await
}

fn within(body: Body, deadline: Instant) -> Body {
    let frames = stream::unfold(Some(body.into_data_stream()), move |frames| async move {
        let mut frames = frames?;
        match timeout_at(deadline, frames.next()).await {
            Ok(frame) => frame.map(|frame| (frame, Some(frames))),
            Err(_) => Some((Err(axum::Error::new(BodyTimeout)), None)),
        }
    });
    Body::from_stream(frames)
}

/// The whole body, of at most `most` bytes.
///
/// # Errors
/// The status of the refusal: 408 after the time limit, 413 for a larger body, 400 for one that ended early.
pub(crate) async fn read_body(body: Body, most: usize) -> Result<Bytes, StatusCode> {
    to_bytes(body, most).await.map_err(|error| {
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        let mut status = StatusCode::BAD_REQUEST;
        for cause in causes {
            if cause.is::<BodyTimeout>() {
                status = StatusCode::REQUEST_TIMEOUT;
            } else if cause.is::<http_body_util::LengthLimitError>() {
                status = StatusCode::PAYLOAD_TOO_LARGE;
            }
        }
        status
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_status_says_why_a_body_was_not_read() {
        let soon = || Instant::now() + Duration::from_millis(10);
        let parts = |parts: &'static [&'static str]| {
            stream::iter(
                parts.iter().map(|part| Ok::<_, std::io::Error>(Bytes::from_static(part.as_bytes()))),
            )
        };
        let whole = Body::from_stream(parts(&["ab", "cd"]));
        assert_eq!(read_body(within(whole, soon()), 4).await, Ok(Bytes::from_static(b"abcd")));
        let large = Body::from_stream(parts(&["ab", "cde"]));
        assert_eq!(read_body(within(large, soon()), 4).await, Err(StatusCode::PAYLOAD_TOO_LARGE));
        let half = Body::from_stream(parts(&["ab"]).chain(stream::pending()));
        assert_eq!(read_body(within(half, soon()), 4).await, Err(StatusCode::REQUEST_TIMEOUT));
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("the connection ended"))]);
        assert_eq!(
            read_body(within(Body::from_stream(broken), soon()), 4).await,
            Err(StatusCode::BAD_REQUEST)
        );
    }
}
