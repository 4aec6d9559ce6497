//! What a handler answers: what was done and the data, not how HTTP says it.

use std::fmt;

use hb_domain::idempotency::StoredResponse;
use hb_domain::{Error, Principal, Result};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::envelope;
use crate::route::Reveals;

/// What a handler comes to.
pub type HandlerResult = Result<Reply>;

/// A good answer. Its `Debug` leaves out the data, which may hold a secret.
#[derive(Clone)]
pub struct Reply {
    pub(crate) data: Data,
    pub(crate) created: Option<String>,
    pub(crate) version: Option<String>,
    /// The data without the secret in it, when there is one.
    pub(crate) redacted: Option<String>,
    /// Whether there is more to do that a repetition of the request would do.
    pub(crate) unfinished: bool,
}

/// What an answer carries.
#[derive(Clone)]
pub(crate) enum Data {
    /// JSON, for the envelope.
    Json(String),
    /// JSON of a form that somebody else has defined, which anybody may keep for five minutes.
    Bare(String),
    /// NDJSON, which has none, and where it goes on.
    Lines(String, Option<String>),
}

/// What a request came to: an answer of now, or of an earlier request that this one repeats.
#[derive(Clone, Debug)]
pub(crate) enum Completion {
    /// It was worked on.
    Fresh(Reply),
    /// It had been before.
    Replayed(StoredResponse),
}

impl Completion {
    /// What of it `principal` may see: all of it, or without the scope the fields for all, and no version. A kept
    /// answer holds all of it, since the next one who asks may have the scope.
    ///
    /// # Errors
    /// [`Error::MissingScope`] when not even the status may be seen, [`Error::Internal`] when there are no such fields.
    pub(crate) fn shown_to(self, principal: &Principal, reveals: &Reveals) -> Result<Self> {
        let Err(missing) = principal.require(reveals.scope) else { return Ok(self) };
        match self {
            Self::Fresh(reply) => {
                let Data::Json(data) = &reply.data else {
                    return Err(Error::Internal("reply: only data in the envelope has fields".into()));
                };
                let data: Value = serde_json::from_str(data).unwrap_or_default();
                let data = Data::Json(reduced(&data, reveals.fields_for_all)?.to_string());
                Ok(Self::Fresh(Reply { data, version: None, ..reply }))
            }
            // A condition was not met, which tells what the condition was about.
            Self::Replayed(stored) if stored.status == StatusCode::PRECONDITION_FAILED.as_u16() => {
                Err(missing)
            }
            Self::Replayed(stored) if stored.status >= 400 => Ok(Self::Replayed(stored)),
            Self::Replayed(stored) => {
                let body = envelope::with_data(&stored.body, |data| reduced(data, reveals.fields_for_all))?;
                Ok(Self::Replayed(StoredResponse { body, version: None, ..stored }))
            }
        }
    }
}

/// `data` with these of its fields only.
fn reduced(data: &Value, fields: &[&str]) -> Result<Value> {
    let field = |name: &&str| Some(((*name).to_owned(), data.get(*name)?.clone()));
    let stored: Option<Map<String, Value>> = fields.iter().map(field).collect();
    stored.map(Value::Object).ok_or_else(|| Error::Internal("reply: data without the fields for all".into()))
}

impl Reply {
    /// Here is what was asked for.
    ///
    /// # Errors
    /// [`Error::Internal`] when `data` cannot be written as JSON.
    pub fn ok(data: &impl Serialize) -> HandlerResult {
        Ok(Self::of(Data::Json(json(data)?)))
    }

    /// Something was created, which from now on is at `location`.
    ///
    /// # Errors
    /// As [`ok`](Self::ok).
    pub fn created(location: String, data: &impl Serialize) -> HandlerResult {
        Ok(Self { created: Some(location), ..Self::ok(data)? })
    }

    /// Here is a document of a form that somebody else has defined, without our envelope.
    ///
    /// # Errors
    /// As [`ok`](Self::ok).
    pub fn bare(document: &impl Serialize) -> HandlerResult {
        Ok(Self::of(Data::Bare(json(document)?)))
    }

    /// Here are lines of JSON, and the address of those that follow, if any do.
    pub const fn lines(lines: String, next: Option<String>) -> Self {
        Self::of(Data::Lines(lines, next))
    }

    /// Names the version of the data, for requests that depend on it.
    #[must_use]
    pub fn of_version(self, version: String) -> Self {
        Self { version: Some(version), ..self }
    }

    /// `field` of the data is a secret that nobody may keep for others, and that is told once: a repetition
    /// of the request gets null in its place.
    ///
    /// # Errors
    /// [`Error::Internal`] when the data has no such field.
    pub fn with_secret(self, field: &str) -> HandlerResult {
        let Data::Json(text) = &self.data else {
            return Err(Error::Internal("reply: only data in the envelope holds secrets".into()));
        };
        let mut data: Value = serde_json::from_str(text).unwrap_or_default();
        let secret =
            data.get_mut(field).ok_or_else(|| Error::Internal(format!("reply: no field {field}")))?;
        *secret = Value::Null;
        Ok(Self { redacted: Some(data.to_string()), ..self })
    }

    /// Not all of it is done: a repetition under the same idempotency key goes on with the rest.
    #[must_use]
    pub fn unfinished(self) -> Self {
        Self { unfinished: true, ..self }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        if self.created.is_some() { StatusCode::CREATED } else { StatusCode::OK }
    }

    const fn of(data: Data) -> Self {
        Self { data, created: None, version: None, redacted: None, unfinished: false }
    }
}

fn json(data: &impl Serialize) -> Result<String> {
    serde_json::to_string(data).map_err(|error| Error::Internal(format!("reply: {error}")))
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("created", &self.created)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
