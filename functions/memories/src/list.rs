//! `GET /api/v1/memories`

use hb_domain::listing::{Listing, Start};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::Listed;

#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
pub(crate) struct List<'a> {
    memories: Vec<Listed<'a>>,
    pagination: Pagination,
}

#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Pagination {
    has_next: bool,
    has_previous: bool,
    limit: u64,
    next_cursor: Option<String>,
    page: Option<u64>,
    pages: Option<u64>,
    total: Option<u64>,
}

pub(crate) async fn list(call: Call) -> HandlerResult {
    let listing = Listing::parse(call.query(), call.principal().tenant())?;
    let page = call.memories().list(&listing).await?;
    let number = match listing.start {
        Start::Page(number) => Some(number),
        Start::After(_) => None,
    };
    Reply::ok(&List {
        memories: page.memories.iter().map(Listed::of).collect(),
        pagination: Pagination {
            has_next: page.next.is_some(),
            has_previous: number.is_none_or(|number| number > 1),
            limit: listing.limit,
            next_cursor: page.next.as_ref().map(|position| listing.cursor_scope.encode(position)),
            page: number,
            pages: page.total.map(|total| total.div_ceil(listing.limit)),
            total: page.total,
        },
    })
}
