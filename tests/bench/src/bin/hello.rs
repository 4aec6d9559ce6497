//! The smallest function that answers an HTTP event: what others are measured against.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(|_: Request| async { Ok::<_, Error>(Response::new(Body::from(r#"{"hello":"world"}"#))) }))
        .await
}
