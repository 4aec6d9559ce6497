//! The body of a request that has no fields: none, or `{}`.

use hb_domain::Result;
#[cfg(feature = "describe")]
use hb_domain::describe::{Recorder, Request};
use hb_domain::fields::Fields;
use hb_http::Call;

/// A body without fields other than the caller's `tenantId`.
pub(crate) struct EmptyBody;

impl EmptyBody {
    /// Refuses a body with other fields.
    pub(crate) fn check(call: &Call) -> Result<()> {
        if call.has_body() { Self::parse(call.body()?) } else { Ok(()) }
    }

    fn parse(fields: Fields) -> Result<()> {
        fields.finish()
    }
}

#[cfg(feature = "describe")]
impl Request for EmptyBody {
    fn name() -> &'static str {
        "Empty"
    }

    fn record(recorder: &Recorder) {
        let _ = Self::parse(recorder.body());
    }
}
