//! `GET /api/v1/namespaces`

use hb_domain::Namespace;
use hb_domain::namespace_listing::NamespaceListing;
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

/// A page of namespaces.
// Fields are in alphabetical order.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "NamespaceList"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Namespaces {
    /// The namespaces of memories, each once.
    namespaces: Vec<Namespace>,
    /// The `cursor` of the next page. `null` at the end. A page may be short or empty before the end.
    next_cursor: Option<String>,
}

pub(crate) async fn namespaces(call: Call) -> HandlerResult {
    let listing = NamespaceListing::parse(call.query(), call.principal().tenant())?;
    let page = call.memories().namespaces(&listing).await?;
    let next_cursor = page.next.map(|position| listing.cursor(&position));
    Reply::ok(&Namespaces { namespaces: page.namespaces, next_cursor })
}
