//! `GET /api/v1/api-keys`

use futures_util::future::try_join_all;
use hb_http::{Call, HandlerResult, Reply};
use serde_json::json;

use crate::view;

/// How many keys' last use is looked up at a time.
const AT_ONCE: usize = 16;

pub(crate) async fn list(call: Call) -> HandlerResult {
    call.no_query()?;
    let keys = call.keys().list().await?;
    let usage = call.usage();
    let mut rows = Vec::with_capacity(keys.len());
    for some in keys.chunks(AT_ONCE) {
        let last_used = try_join_all(some.iter().map(|key| usage.last_used(&key.id))).await?;
        rows.extend(
            some.iter().zip(last_used).map(|(key, used)| view::summary(key, used, call.effective_at())),
        );
    }
    Reply::ok(&json!({ "keys": rows }))
}
