//! `GET /api/v1/api-keys/usage`

use hb_domain::rules;
use hb_http::{Call, HandlerResult, Reply};
use serde_json::{Value, json};

use crate::target;

pub(crate) async fn usage(call: Call) -> HandlerResult {
    let mut query = call.query();
    query.check_tenant(call.principal().tenant());
    let id = target::take_key_id(&mut query);
    let days = query.take("days", rules::query_integer(1..=90)).unwrap_or(30);
    let id = query.finish_with(id)?;

    let key = target::find(&call, &id).await?;
    let days = u16::try_from(days).unwrap_or(90);
    let daily = call.usage().daily(&key.id, days).await?;
    let rows: Vec<Value> = daily
        .iter()
        .map(|usage| {
            let counts = usage.counts;
            json!({"date": usage.day, "requests": counts.requests, "errors": counts.errors, "limited": counts.limited})
        })
        .collect();
    Reply::ok(&json!({
        "keyId": key.id,
        "days": days,
        "total": daily.iter().map(|usage| usage.counts.requests).sum::<u64>(),
        "errors": daily.iter().map(|usage| usage.counts.errors).sum::<u64>(),
        "limited": daily.iter().map(|usage| usage.counts.limited).sum::<u64>(),
        "daily": rows,
    }))
}
