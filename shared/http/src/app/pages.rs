//! Pages for people who are signed in: the session in the cookie, the CSRF token of forms, and the way through the sign-in
//! page for everybody else.

use hb_domain::Error;
use hb_domain::error::{AuthFailure, Forbidden};
use http::{Method, Uri};

use super::App;
use super::dispatch::Dispatch;
use crate::completion::Completion;
use crate::page::{CSRF_FIELD, Form, SessionCookie, check_origin};
use crate::response::ResponseContext;
use crate::route::{Effect, Found, Handling, Surface, find};
use crate::{PageCall, Reply, body};

/// The longest address of the sign-in page, in bytes. API Gateway refuses a response with more than 10 KB of headers, and the
/// sign-in form, which has the way back, holds a token of Clerk of up to 4 KB besides.
const MAX_LOCATION: usize = 4_000;
/// The page on which people sign in.
const SIGN_IN: &str = "/dashboard/sign-in";

impl Dispatch<'_> {
    /// Refuses a form that no page of this site has sent.
    pub(super) fn check_origin(&self) -> Result<(), Error> {
        if self.route.surface == Surface::Page && self.route.effect == Effect::Writes {
            check_origin(&self.parts.headers, self.public_url.as_ref())?;
        }
        Ok(())
    }

    fn form(&self, body: &[u8]) -> Result<Form, Error> {
        match self.route.effect {
            Effect::Writes => Form::read(&self.parts.headers, body),
            Effect::Reads => body::check_unread(body, None).map(|()| Form::default()),
        }
    }
}

impl App {
    pub(super) async fn call_page(
        &self,
        request: &Dispatch<'_>,
        body: &[u8],
        handler: fn(PageCall) -> Handling,
    ) -> ResponseContext {
        let form = match request.form(body) {
            Ok(form) => form,
            Err(error) => return ResponseContext::anonymous(Err(error)),
        };
        let cookie = SessionCookie::at(request.public_url.as_ref());
        let token = cookie.token(&request.parts.headers);
        let admitted = self.shared.guard.admit_page(token.as_ref()).await;
        let (Ok(admitted), Some(token)) = (&admitted, token) else {
            let outcome = match admitted.err().unwrap_or(Error::AuthRequired) {
                error @ (Error::AuthRequired | Error::AuthInvalid(_)) => {
                    self.to_sign_in(request, &form, &error)
                }
                other => Err(other),
            };
            return ResponseContext::anonymous(outcome.map(Completion::Fresh));
        };
        let principal = admitted.principal.clone();
        let is_own = request.route.effect == Effect::Reads || token.csrf().matches(form.value(CSRF_FIELD));
        let outcome = if is_own {
            let call = PageCall {
                app: self.clone(),
                id: request.id.clone(),
                admitted: admitted.clone(),
                token,
                cookie,
                captures: request.captures.clone(),
                query: request.parts.uri.query().unwrap_or_default().to_owned(),
                form,
                public_url: request.public_url.clone(),
            };
            handler(call).await
        } else {
            Err(Error::Forbidden(Forbidden::ForeignForm))
        };
        ResponseContext::of(outcome.map(Completion::Fresh), Some(&principal), None)
    }

    /// The way to the sign-in page, which leads back. A form is not lost, unless it is very long: its page shows the same fields
    /// again.
    fn to_sign_in(&self, request: &Dispatch<'_>, form: &Form, error: &Error) -> Result<Reply, Error> {
        let path = request.parts.uri.path();
        let has_page = matches!(find(&self.shared.tables, &Method::GET, path), Found::Route(..));
        let query = match request.route.effect {
            Effect::Reads => request.parts.uri.query().unwrap_or_default().to_owned(),
            Effect::Writes => form.to_query(),
        };
        let next = match (has_page, query.as_str()) {
            (false, _) => "/dashboard".to_owned(),
            (true, "") => path.to_owned(),
            (true, query) => format!("{path}?{query}"),
        };
        let has_ended = matches!(error, Error::AuthInvalid(AuthFailure::TokenExpired));
        let mut location = sign_in_before(&next, has_ended);
        if location.len() > MAX_LOCATION {
            location = sign_in_before(next.split('?').next().unwrap_or_default(), has_ended);
        }
        let location = location.parse::<Uri>();
        let location = location.map_err(|error| Error::Internal(format!("location: {error}")))?;
        Ok(Reply::see_other(&location))
    }
}

/// The address of the sign-in page that leads to `next`, for somebody whose session may have ended.
fn sign_in_before(next: &str, has_ended: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("next", next);
    if has_ended {
        query.append_pair("ended", "true");
    }
    format!("{SIGN_IN}?{}", query.finish())
}
