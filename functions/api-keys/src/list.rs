//! `GET /api/v1/api-keys`

use futures_util::future::try_join_all;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::KeyView;

/// The number of keys whose last use is read at a time.
const CONCURRENT_READS: usize = 16;

/// The API keys of the tenant.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "ApiKeyList"))]
pub(crate) struct KeyList {
    /// All keys that are in use, and the newest 400 of those that have ended in the last 90 days.
    keys: Vec<KeyView>,
}

pub(crate) async fn list(call: Call) -> HandlerResult {
    call.no_query()?;
    let mut keys = call.keys().list().await?.into_iter();
    let usage = call.usage();
    let mut views = Vec::with_capacity(keys.len());
    while keys.len() > 0 {
        let chunk: Vec<_> = keys.by_ref().take(CONCURRENT_READS).collect();
        let last_used = try_join_all(chunk.iter().map(|key| usage.last_used(&key.id))).await?;
        views.extend(
            chunk.into_iter().zip(last_used).map(|(key, used)| KeyView::of(key, used, call.effective_at())),
        );
    }
    Reply::ok(&KeyList { keys: views })
}
