//! `GET /openapi.json`

use std::time::Duration;

use hb_http::{Reply, StaticFile};
use headers::CacheControl;

/// How long a client may cache the document.
const MAX_AGE: Duration = Duration::from_secs(300);

/// The document, which is generated from the route tables.
static FILE: StaticFile = StaticFile::json(include_str!("../openapi.json"));

/// The type of the document, as OpenAPI 3.1 defines it.
pub(crate) struct Document;

pub(crate) fn document() -> Reply {
    Reply::file(&FILE).with(CacheControl::new().with_public().with_max_age(MAX_AGE))
}

#[cfg(feature = "describe")]
impl schemars::JsonSchema for Document {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OpenApiDocument".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "object", "description": "An OpenAPI document."})
    }
}
