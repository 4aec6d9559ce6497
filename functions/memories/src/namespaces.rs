//! `GET /api/v1/namespaces`

use hb_domain::Namespace;
use hb_domain::namespace_listing::NamespaceListing;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// The response. Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Namespaces {
    namespaces: Vec<Namespace>,
    /// Where the next page begins; `null` at the end.
    next_cursor: Option<String>,
}

pub(crate) async fn namespaces(call: Call) -> HandlerResult {
    let listing = NamespaceListing::parse(call.query(), call.principal().tenant())?;
    let page = call.memories().namespaces(&listing).await?;
    let next_cursor = page.next.map(|position| listing.cursor(&position));
    Reply::ok(&Namespaces { namespaces: page.namespaces, next_cursor })
}
