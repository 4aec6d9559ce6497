//! The input of a call: body, query string, path and conditions.

use std::fmt;

use hb_domain::fields::Fields;
use hb_domain::precondition::Preconditions;
use hb_domain::{Error, Result, TenantId, batch, json};
use http::header::HeaderMap;
use lambda_http::Body;
use percent_encoding::percent_decode_str;

use super::Call;
use crate::body::JsonLimits;
use crate::{body, response};

impl Call {
    /// Whether there is a body.
    pub fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// The fields of the JSON body, of which `tenantId` has been checked.
    ///
    /// # Errors
    /// When the body is too large, is not sent as JSON or is not a JSON object. A wrong `tenantId` is reported when the
    /// fields are finished, as all invalid fields are.
    pub fn body(&self) -> Result<Fields> {
        self.json_fields(body::MAX_JSON, json::MAX_VALUES)
    }

    /// The fields of a JSON body that holds a batch, of which `tenantId` has been checked.
    ///
    /// # Errors
    /// As [`body`](Self::body).
    pub fn bulk_body(&self) -> Result<Fields> {
        self.json_fields(body::MAX_BULK, batch::MAX_VALUES)
    }

    fn json_fields(&self, bytes: usize, values: usize) -> Result<Fields> {
        let limits = JsonLimits { bytes, values, types: self.json_types };
        body::json_fields(&self.headers, &self.body, limits, self.context.tenant())
    }

    /// Moves the body out of the call, so that it can be borrowed while the call is used.
    pub fn take_body(&mut self) -> TakenBody {
        TakenBody { headers: self.headers.clone(), body: std::mem::take(&mut self.body) }
    }

    /// The parameters of the query string, of which `tenantId` has been checked.
    pub fn query(&self) -> Fields {
        query_fields(&self.query, Some(self.context.tenant()))
    }

    /// Refuses query parameters other than the caller's `tenantId`.
    ///
    /// # Errors
    /// [`Error::Validation`] or [`Error::TenantMismatch`].
    pub fn no_query(&self) -> Result<()> {
        self.query().finish()
    }

    /// The id in the path.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not a well-formed id, which nothing can have.
    pub fn path_id<T>(&self, parse: fn(&str) -> Option<T>) -> Result<T> {
        first_capture(&self.captures, parse)
    }

    /// The id in the path that the route calls `name`.
    ///
    /// # Errors
    /// As [`path_id`](Self::path_id).
    pub fn path_id_named<T>(&self, name: &str, parse: fn(&str) -> Option<T>) -> Result<T> {
        let capture = self.captures.iter().find(|(of, _)| *of == name);
        let (_, text) = capture.ok_or_else(|| Error::Internal(format!("the route has no {name}")))?;
        parse(text).ok_or(Error::NotFound)
    }

    /// `path` with the query of this request, in which `name` has this value.
    pub fn path_with(&self, path: &str, name: &str, value: &str) -> String {
        let parameters = form_urlencoded::parse(self.query.as_bytes()).filter(|(other, _)| other != name);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters).append_pair(name, value);
        format!("{path}?{}", query.finish())
    }

    /// The versions that `If-Match` accepts; `None` when it accepts any.
    pub fn expected_versions(&self) -> Option<Vec<String>> {
        response::expected_versions(&self.headers)
    }

    /// The conditions of a request that may create what it names.
    pub fn preconditions(&self) -> Preconditions {
        response::preconditions(&self.headers)
    }

    /// Refuses a body with a content coding.
    ///
    /// # Errors
    /// As [`body::check_coding`].
    pub(crate) fn check_coding(&self) -> Result<()> {
        body::check_coding(&self.headers, &self.body)
    }

    /// Refuses an unread body that is large or names another tenant.
    ///
    /// # Errors
    /// As [`body::check_unread`].
    pub(crate) fn check_unread_body(&self) -> Result<()> {
        body::check_unread(&self.body, Some(self.context.tenant()))
    }
}

/// A body that was moved out of its call. Its `Debug` shows nothing of it.
pub struct TakenBody {
    headers: HeaderMap,
    body: Body,
}

impl TakenBody {
    /// The lines of NDJSON that are not empty, with their numbers.
    ///
    /// # Errors
    /// When the body is too large or not sent as NDJSON.
    pub fn lines(&self) -> Result<Vec<(usize, &[u8])>> {
        body::ndjson_lines(&self.headers, &self.body)
    }
}

impl fmt::Debug for TakenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakenBody")
    }
}

/// The first id in a path.
pub(crate) fn first_capture<T>(captures: &[(&str, String)], parse: fn(&str) -> Option<T>) -> Result<T> {
    let (_, text) = captures.first().ok_or_else(|| Error::Internal("the route has no id".into()))?;
    parse(text).ok_or(Error::NotFound)
}

/// The parameters of a query string, of which an optional `tenantId` must be the caller's.
pub(crate) fn query_fields(query: &str, caller: Option<&TenantId>) -> Fields {
    let mut fields = Fields::of_query(form_urlencoded::parse(query.as_bytes()).into_owned(), caller);
    // Bytes that are not UTF-8 are all read as U+FFFD, so that different values would be one.
    let mut parts = query.split('&');
    if let Some(part) = parts.find(|part| percent_decode_str(part).decode_utf8().is_err()) {
        let name = part.split('=').next().unwrap_or_default();
        let name = json::truncate_name(&percent_decode_str(name).decode_utf8_lossy());
        fields.report(&name, "must be percent-encoded UTF-8");
    }
    fields
}
