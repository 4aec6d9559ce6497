//! The gateway: the routes of the template, an event for each request, and the function's response.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hb_domain::Clock;
use hb_domain::webhook::UrlPolicy;
use hb_http::lambda::invoke;
use hb_http::{App, ClerkSettings, Entropy, PublicUrl, Settings, route};
use hb_store::Store;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};

use crate::callers::Callers;
use crate::events::http_api_event;
use crate::function_response::FunctionResponse;
use crate::receiving::read_body;
use crate::server::Server;
use crate::template::{Template, TemplateRoute};
use crate::{StartError, functions};

/// The largest body that API Gateway accepts, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// One instance of each function, behind the template's routes.
#[derive(Clone, Debug)]
pub struct Gateway(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    routes: Vec<(TemplateRoute, App)>,
    /// Known once it listens.
    public_url: OnceLock<PublicUrl>,
}

impl Gateway {
    /// A gateway in front of fresh instances over `store`, which accept these URLs of webhooks.
    ///
    /// # Errors
    /// If the template names a function that is not in [`functions::FUNCTIONS`].
    pub fn new(
        template: &Template,
        store: &Store,
        clock: &Clock,
        entropy: &Entropy,
        clerk: Option<&ClerkSettings>,
        webhook_urls: UrlPolicy,
    ) -> Result<Self, StartError> {
        let settings = Settings { clerk: clerk.cloned(), webhook_urls, ..Settings::default() };
        Self::with_settings(template, store, clock, entropy, &settings)
    }

    /// A gateway in front of fresh instances over `store` with these settings.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_settings(
        template: &Template,
        store: &Store,
        clock: &Clock,
        entropy: &Entropy,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        let app =
            |routes| App::new(vec![routes], store.clone(), clock.clone(), entropy.clone(), settings.clone());
        let apps: Vec<_> = functions::route_tables().map(|(name, routes)| (name, app(routes))).collect();
        let app_of = |route: &TemplateRoute| {
            let app = apps.iter().find(|(name, _)| *name == route.binary);
            app.map(|(_, app)| app.clone()).ok_or_else(|| {
                StartError::new(format!(
                    "template.yaml routes to {0:?}: add `Function {{ name: {0:?}, … }}` to FUNCTIONS in \
                     infra/local/src/functions.rs",
                    route.binary
                ))
            })
        };
        let routes = template.routes().into_iter().map(|route| Ok((route.clone(), app_of(&route)?)));
        Ok(Self(Arc::new(Shared {
            clock: clock.clone(),
            routes: routes.collect::<Result<_, StartError>>()?,
            public_url: OnceLock::new(),
        })))
    }

    /// Listens on 127.0.0.1 at `port`; 0 chooses a free port.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn serve(&self, port: u16) -> Result<Server, StartError> {
        let router = Router::new().fallback(handle).with_state(self.clone());
        let server = Server::serve(port, router, Callers::ProgramsAndPages).await?;
        let _ = PublicUrl::parse(&server.url()).map(|url| self.0.public_url.set(url));
        Ok(server)
    }

    /// The function for a path: that of the matching route with the fewest braces, or of `$default`.
    fn choose(&self, path: &str) -> Option<&(TemplateRoute, App)> {
        let braces = |(route, _): &&(TemplateRoute, App)| {
            route.path.as_deref().map_or(usize::MAX, |pattern| pattern.matches('{').count())
        };
        let routes = self.0.routes.iter();
        let matching = routes.filter(|(route, _)| {
            route.path.as_deref().is_none_or(|pattern| route::captures(pattern, path).is_some())
        });
        matching.min_by_key(braces)
    }
}

async fn handle(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read_body(body, MAX_BODY).await {
        Ok(body) => body,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        Err(status) => return refuse(status, status.canonical_reason().unwrap_or_default()),
    };
    let Some((route, app)) = gateway.choose(parts.uri.path()) else {
        return refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    let key = route.path.as_ref().map_or_else(|| "$default".to_owned(), |path| format!("ANY {path}"));
    let event = http_api_event(&parts, &body, &key, gateway.0.clock.now().millis());
    let event: LambdaRequest = match serde_json::from_value(event) {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, "lambda_http rejects this event");
            return refuse(StatusCode::BAD_REQUEST, "Bad Request");
        }
    };
    let event = LambdaEvent::new(event, Context::default());
    // A function runs to its end also if its caller disconnects.
    let app = app.clone().reached_at(gateway.0.public_url.get().cloned());
    let handled = tokio::spawn(async move { FunctionResponse::of(&invoke(app, event).await?) }).await;
    let response = handled.map_err(lambda_http::Error::from).and_then(|response| response?.into_response());
    response.unwrap_or_else(|error| {
        tracing::warn!(%error, "a function has given no valid response");
        refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    })
}

/// An error response of API Gateway itself, without the API's envelope.
fn refuse(status: StatusCode, message: &str) -> Response {
    let body = serde_json::json!({ "message": message }).to_string();
    (status, [("content-type", "application/json")], body).into_response()
}

#[cfg(test)]
mod tests;
