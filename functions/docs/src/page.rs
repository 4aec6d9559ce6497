//! `GET /docs`

use hb_http::{Reply, StaticFile};
use headers::CacheControl;

/// The page loads its own files, and sends requests to this API only. The icons in the viewer's style sheet are `data:` URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static FILE: StaticFile = StaticFile::html(include_str!("../viewer/index.html"));

/// The page that shows the OpenAPI document. A browser asks whether it is current, since it names the versions of its files.
pub(crate) fn page() -> Reply {
    Reply::file(&FILE).with(CacheControl::new().with_no_cache()).with_content_security_policy(POLICY)
}
