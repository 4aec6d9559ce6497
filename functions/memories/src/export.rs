//! `GET /api/v1/memories/export`

use hb_domain::cursor::{CursorScope, Position};
use hb_http::{Call, HandlerResult, Reply};

const PATH: &str = "/api/v1/memories/export";

pub(crate) async fn export(call: Call) -> HandlerResult {
    let tenant = call.principal().tenant();
    let cursor_scope = CursorScope::of(tenant, "export");
    let mut query = call.query();
    query.check_tenant(tenant);
    let after = query.take("cursor", |value| {
        let position = cursor_scope.decode(value.as_str().unwrap_or_default());
        position.ok_or_else(|| "is not a cursor of this export".into())
    });
    query.finish()?;
    let page = call.memories().export(after.map(|position| position.id)).await?;
    let next = page
        .next
        .map(|id| format!("{PATH}?cursor={}", cursor_scope.encode(&Position { id, sort_value: None })));
    Ok(Reply::lines(page.lines, next))
}
