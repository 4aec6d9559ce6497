//! `GET /api/v1/memories`

use hb_domain::listing::{Listing, Start};
use hb_http::{Call, Outcome, Reply};
use serde_json::json;

pub(crate) async fn list(call: Call) -> Outcome {
    let listing = Listing::parse(call.query(), call.principal().tenant())?;
    let page = call.memories().list(&listing, call.now()).await?;
    let number = match listing.start {
        Start::Page(number) => Some(number),
        Start::After(_) => None,
    };
    Reply::ok(&json!({
        "memories": page.memories,
        "pagination": {
            "page": number,
            "limit": listing.limit,
            "total": page.total,
            "pages": page.total.map(|total| total.div_ceil(listing.limit)),
            "hasNext": page.next.is_some(),
            "hasPrevious": number.is_none_or(|number| number > 1),
            "nextCursor": page.next.as_ref().map(|position| listing.binding.seal(position)),
        },
    }))
}
