//! The completion of a request: a new reply or a stored response, and the part of it that a caller may see.

use hb_domain::idempotency::StoredResponse;
use hb_domain::{Error, Principal, Result};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::Reply;
use crate::envelope;
use crate::reply::Content;
use crate::response::expected_versions;
use crate::route::Reveals;

/// The completion of a request.
#[derive(Clone, Debug)]
pub(crate) enum Completion {
    /// The handler ran.
    Fresh(Reply),
    /// The request repeats an earlier one, whose response is stored.
    Replayed(StoredResponse),
    /// An `OPTIONS` request; the methods of the path, as `Allow` lists them, or `None` for the preflight of an unknown path.
    Options(Option<String>),
}

impl Completion {
    /// Refuses to return the content to a `GET` or `HEAD` whose `If-Match` does not list its version. A handler that writes
    /// checks the condition together with its write.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`].
    pub(crate) fn meeting_if_match(self, parts: &Parts) -> Result<Self> {
        let Self::Fresh(reply) = &self else { return Ok(self) };
        match expected_versions(&parts.headers) {
            Some(expected)
                if matches!(parts.method, Method::GET | Method::HEAD)
                    && !expected.iter().any(|version| reply.version.as_deref() == Some(version)) =>
            {
                Err(Error::PreconditionFailed)
            }
            _ => Ok(self),
        }
    }

    /// The part that `principal` may see: all of it, or without the scope the fields for all and no version. A stored
    /// response holds all of it, since the next caller may have the scope.
    ///
    /// # Errors
    /// [`Error::MissingScope`] when not even the status may be seen, [`Error::Internal`] when the data lacks the fields.
    pub(crate) fn visible_to(self, principal: &Principal, reveals: &Reveals) -> Result<Self> {
        let Err(missing) = principal.require(reveals.scope) else { return Ok(self) };
        match self {
            Self::Fresh(reply) => {
                let Content::Envelope(data) = &reply.content else {
                    return Err(Error::Internal("reply: only data in the envelope has fields".into()));
                };
                let data: Value = serde_json::from_str(data).unwrap_or_default();
                let content = Content::Envelope(reduced(&data, reveals.fields_for_all)?.to_string());
                Ok(Self::Fresh(Reply { content, version: None, ..reply }))
            }
            // An unmet condition would reveal the state that the condition was about.
            Self::Replayed(stored) if stored.status == StatusCode::PRECONDITION_FAILED.as_u16() => {
                Err(missing)
            }
            Self::Replayed(stored) if stored.status >= 400 => Ok(Self::Replayed(stored)),
            Self::Replayed(stored) => {
                let body = envelope::with_data(&stored.body, |data| reduced(data, reveals.fields_for_all))?;
                Ok(Self::Replayed(StoredResponse { body, version: None, ..stored }))
            }
            Self::Options(allow) => Ok(Self::Options(allow)),
        }
    }
}

/// `data` with only these fields.
fn reduced(data: &Value, fields: &[&str]) -> Result<Value> {
    let field = |name: &&str| Some(((*name).to_owned(), data.get(*name)?.clone()));
    let stored: Option<Map<String, Value>> = fields.iter().map(field).collect();
    stored.map(Value::Object).ok_or_else(|| Error::Internal("reply: data without the fields for all".into()))
}
