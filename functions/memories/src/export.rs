//! `GET /api/v1/memories/export`

use hb_domain::cursor::{CursorScope, Position};
use hb_domain::fields::Fields;
use hb_domain::{Result, TenantId};
use hb_http::{Call, HandlerResult, Reply};

const PATH: &str = "/api/v1/memories/export";

/// The query of the request.
pub(crate) struct ExportQuery {
    /// The last memory of the previous page.
    after: Option<Position>,
    cursor_scope: CursorScope,
}

impl ExportQuery {
    fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        let cursor_scope = CursorScope::of(tenant, "export");
        let after = fields.take("cursor", cursor_scope.rule("is not a cursor of this export"));
        fields.finish()?;
        Ok(Self { after, cursor_scope })
    }
}

#[cfg(feature = "describe")]
impl hb_domain::describe::Request for ExportQuery {
    fn record(recorder: &hb_domain::describe::Recorder) {
        let _ = Self::parse(recorder.query(), &recorder.tenant());
    }
}

pub(crate) async fn export(call: Call) -> HandlerResult {
    let ExportQuery { after, cursor_scope } = ExportQuery::parse(call.query(), call.principal().tenant())?;
    let page = call.memories().export(after.map(|position| position.id)).await?;
    let next = page
        .next
        .map(|id| format!("{PATH}?cursor={}", cursor_scope.encode(&Position { id, sort_value: None })));
    Ok(Reply::lines(page.lines, next))
}
