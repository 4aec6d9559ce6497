//! `GET /api/v1/memories/export`

use hb_domain::export::Export;
use hb_http::{Call, HandlerResult, Reply};

const PATH: &str = "/api/v1/memories/export";

pub(crate) async fn export(call: Call) -> HandlerResult {
    let request = Export::parse(call.query(), call.principal().tenant())?;
    let page = call.memories().export(request.after.clone(), &request.filter).await?;
    let next = page.next.map(|id| call.path_with(PATH, "cursor", &request.cursor(id)));
    Ok(Reply::lines(page.lines, next))
}
