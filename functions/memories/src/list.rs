//! `GET /api/v1/memories`

use hb_domain::listing::{Listing, Start};
use hb_http::{Call, HandlerResult, Reply};
use serde::Serialize;

use crate::view::Listed;

/// A page of memories.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(rename = "MemoryList"))]
pub(crate) struct List<'a> {
    /// The memories of the page.
    #[cfg_attr(feature = "describe", schemars(with = "Vec<hb_domain::Memory>"))]
    memories: Vec<Listed<'a>>,
    /// Where the page lies in the list.
    pagination: Pagination,
}

/// Where a page lies in the list.
#[derive(Serialize)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Pagination {
    /// Whether another page follows.
    has_next: bool,
    /// Whether a page precedes it.
    has_previous: bool,
    /// The most memories of a page.
    limit: u64,
    /// The `cursor` of the next page. `null` at the end.
    next_cursor: Option<String>,
    /// The number of the page, from 1. `null` on a page that was asked for by its cursor.
    page: Option<u64>,
    /// How many pages there are. `null` where `total` is.
    pages: Option<u64>,
    /// How many memories there are. `null` where they would have to be counted, as with a filter.
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
