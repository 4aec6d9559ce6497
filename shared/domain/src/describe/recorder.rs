//! The source of fields that has none, and records which are asked for.

use std::sync::{Arc, Mutex, PoisonError};

use schemars::Schema;

use super::request::{Location, RecordedFields, RequestSchema};
use crate::fields::Fields;
use crate::{Scopes, TenantId, Timestamp};

/// A request that can be described.
pub trait Request {
    /// The name of its schema; by default that of the type.
    fn name() -> &'static str {
        let path = std::any::type_name::<Self>();
        path.rsplit("::").next().unwrap_or(path)
    }

    /// Parses the request once with fields of `recorder`.
    fn record(recorder: &Recorder);
}

/// No request: a route that reads no query, or no body.
impl Request for () {
    fn record(_: &Recorder) {}
}

/// Records the fields that the parser of a request reads.
///
/// Every field that a parser takes from it is absent, and none is refused, so that a parser has to read all fields
/// before it uses the first.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    request: Arc<Mutex<RequestSchema>>,
}

impl Recorder {
    /// The fields that `R` reads.
    pub fn describe<R: Request>() -> RequestSchema {
        let recorder = Self::default();
        R::record(&recorder);
        recorder.request()
    }

    /// The schema of an object whose fields `parse` reads.
    pub(crate) fn object<T>(parse: impl FnOnce(Fields, &Self) -> T) -> Schema {
        let recorder = Self::default();
        parse(recorder.body(), &recorder);
        recorder.request().object(Location::Body)
    }

    /// Fields of the query string.
    pub fn query(&self) -> Fields {
        self.fields(Location::Query)
    }

    /// Fields of a JSON body.
    pub fn body(&self) -> Fields {
        self.fields(Location::Body)
    }

    /// Fields of a line of an NDJSON body.
    pub fn line(&self) -> Fields {
        self.fields(Location::Line)
    }

    /// A tenant, for parsers that need the caller's.
    pub fn tenant(&self) -> TenantId {
        TenantId::parse("tenant").expect("a tenant id")
    }

    /// A time, for parsers that need the present.
    pub const fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }

    /// Scopes, for parsers that need the caller's.
    pub fn scopes(&self) -> Scopes {
        Scopes::all()
    }

    /// What has been recorded so far.
    pub fn request(&self) -> RequestSchema {
        self.request.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The fields at a location, of which `tenantId` is one everywhere.
    fn fields(&self, location: Location) -> Fields {
        let fields = RecordedFields { request: Arc::clone(&self.request), location };
        fields.record("tenantId", false, schemars::json_schema!({"type": "string"}));
        Fields::recorded(fields)
    }
}
