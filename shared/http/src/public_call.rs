//! The request as the handler of a public route sees it.

use std::fmt;
use std::sync::Arc;

use hb_domain::fields::Fields;
use hb_domain::{Result, Timestamp};
use hb_store::Store;
use http::HeaderMap;
use lambda_http::Body;
use serde_json::Value;

use crate::call::{first_capture, query_fields};
use crate::token::Tokens;
use crate::{App, Form, PublicUrl};

/// One request of a route without a credential. Its `Debug` leaves out the content.
pub struct PublicCall {
    pub(crate) received_at: Timestamp,
    pub(crate) store: Store,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) captures: Vec<(&'static str, String)>,
    pub(crate) query: String,
    pub(crate) app: App,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) public_url: Option<PublicUrl>,
}

impl PublicCall {
    /// When the request was received.
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The parameters of the query string.
    pub fn query(&self) -> Fields {
        query_fields(&self.query, None)
    }

    /// The fields of the query string, in the form of a form's.
    pub fn form_of_query(&self) -> Form {
        Form::parse(self.query.as_bytes())
    }

    /// The id in the path.
    ///
    /// # Errors
    /// [`Error::NotFound`](hb_domain::Error::NotFound) when it is not a well-formed id, which nothing can have.
    pub fn path_id<T>(&self, parse: fn(&str) -> Option<T>) -> Result<T> {
        first_capture(&self.captures, parse)
    }

    /// The public keys of first-party access tokens, as a JSON Web Key Set (RFC 7517).
    ///
    /// # Errors
    /// [`Error::Unavailable`](hb_domain::Error::Unavailable) when the token secret cannot be read.
    pub async fn access_token_keys(&self) -> Result<Value> {
        self.tokens.access.public_keys(&self.store, self.received_at).await
    }
}

impl fmt::Debug for PublicCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicCall").field("received_at", &self.received_at).finish_non_exhaustive()
    }
}
