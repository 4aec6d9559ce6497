//! `GET /.well-known/jwks.json`

use std::time::Duration;

use hb_http::{HandlerResult, PublicCall, Reply};
use headers::CacheControl;

/// How long a client may cache the keys.
const MAX_AGE: Duration = Duration::from_secs(300);

/// The public keys of first-party access tokens, without the envelope: RFC 7517 defines the format.
pub(crate) async fn jwks(call: PublicCall) -> HandlerResult {
    let keys = call.access_token_keys().await?;
    Ok(Reply::json_document(&keys)?.with(CacheControl::new().with_public().with_max_age(MAX_AGE)))
}
