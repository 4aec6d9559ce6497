//! The API's routes as a page uses them: in the same process, with their own authorization and idempotency, and without
//! admission, which the page has had.

use hb_domain::{Error, Result};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use lambda_http::Body;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::PageCall;
use crate::app::Dispatch;
use crate::completion::Completion;
use crate::reply::{Content, JSON};
use crate::route::{self, Found, Handler, Route};

/// A request to a route of the API.
#[derive(Clone, Debug)]
pub struct ApiRequest {
    routes: &'static [Route],
    method: Method,
    target: String,
    body: Option<Value>,
    idempotency_key: Option<String>,
}

/// A successful response of the API. Its `Debug` leaves out the data, which may hold a secret.
pub struct ApiReply {
    data: Value,
    is_replayed: bool,
}

impl ApiRequest {
    /// A `GET` of a path with a query.
    pub fn get(routes: &'static [Route], target: impl Into<String>) -> Self {
        Self { routes, method: Method::GET, target: target.into(), body: None, idempotency_key: None }
    }

    /// A `POST` of JSON.
    pub fn post(routes: &'static [Route], target: impl Into<String>, body: Value) -> Self {
        let (method, body) = (Method::POST, Some(body));
        Self { routes, method, target: target.into(), body, idempotency_key: None }
    }

    /// The same request, which is carried out once for this key.
    #[must_use]
    pub fn once_for(self, idempotency_key: &str) -> Self {
        Self { idempotency_key: Some(idempotency_key.to_owned()), ..self }
    }

    fn into_parts(self) -> Result<(http::request::Parts, Body)> {
        let internal = |error: &dyn std::fmt::Display| Error::Internal(format!("request of a page: {error}"));
        let mut request = Request::builder().method(self.method).uri(self.target);
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, JSON);
        }
        if let Some(key) = self.idempotency_key {
            let key = HeaderValue::from_str(&key).map_err(|_| {
                Error::field("Idempotency-Key", "must be 1 to 255 visible ASCII characters, without comma")
            })?;
            request = request.header("idempotency-key", key);
        }
        let body = self.body.map_or(Body::Empty, |body| Body::Text(body.to_string()));
        let (parts, ()) = request.body(()).map_err(|error| internal(&error))?.into_parts();
        Ok((parts, body))
    }
}

impl ApiReply {
    /// The data.
    ///
    /// # Errors
    /// [`Error::Internal`] when it has another form.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.data).map_err(|error| Error::Internal(format!("data of the API: {error}")))
    }

    /// Whether the request had been carried out before, so that a secret is not in the data.
    pub const fn is_replayed(&self) -> bool {
        self.is_replayed
    }

    fn of(completion: Completion) -> Result<Self> {
        let read = |text: &str| {
            serde_json::from_str::<Value>(text)
                .map_err(|error| Error::Internal(format!("response of the API: {error}")))
        };
        match completion {
            Completion::Fresh(reply) => match &reply.content {
                Content::Envelope(data) => Ok(Self { data: read(data)?, is_replayed: false }),
                _ => Err(Error::Internal("a page used a route without an envelope".into())),
            },
            Completion::Replayed(stored) => {
                let mut body = read(&stored.body)?;
                if stored.status >= 400 {
                    let message = body["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
                    // The errors that are stored: see `idempotency::settle`.
                    return Err(match stored.status {
                        404 => Error::NotFound,
                        409 => Error::Duplicate(message),
                        _ => Error::PreconditionFailed,
                    });
                }
                Ok(Self { data: body["data"].take(), is_replayed: true })
            }
            Completion::Options(_) => Err(Error::Internal("a page asked for options".into())),
        }
    }
}

impl std::fmt::Debug for ApiReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiReply").field("is_replayed", &self.is_replayed).finish_non_exhaustive()
    }
}

impl PageCall {
    /// The response of a route of the API to a request of the person who is signed in.
    ///
    /// # Errors
    /// The route's.
    pub async fn api(&self, request: ApiRequest) -> Result<ApiReply> {
        let routes = request.routes;
        let (parts, body) = request.into_parts()?;
        let Found::Route(route, captures) = route::find(&[routes], &parts.method, parts.uri.path()) else {
            return Err(Error::Internal(format!("a page uses no route of the API: {}", parts.uri.path())));
        };
        let (scope, handler) = match route.handler() {
            Handler::Metered(scope, handler) => (scope, handler),
            Handler::Unmetered(handler) => (None, handler),
            Handler::Public(_) | Handler::Page(_) => {
                return Err(Error::Internal("a page used a route that has no tenant".into()));
            }
        };
        let (context, at) = (self.admitted.context(self.id.clone()), self.now());
        let rate_limit = self.admitted.tenant.rate_limit_status(at);
        let dispatch =
            Dispatch { route, captures, parts: &parts, id: &self.id, received_at: at, public_url: None };
        let call = self.app.new_call(&dispatch, body, context, rate_limit);
        ApiReply::of(Box::pin(self.app.perform(&dispatch, call, scope, handler)).await?)
    }
}
