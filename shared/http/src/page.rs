//! Web pages for people who are signed in: their session, their forms, and the API's routes that they use.

mod api;
mod cookie;
mod form;
mod sign_in;

use std::fmt;

use hb_domain::dashboard::{DashboardToken, SignedIn};
use hb_domain::fields::Fields;
use hb_domain::plan::Allowance;
use hb_domain::{Principal, RequestId, Result, Timestamp};
use http::Uri;
use rand::distr::{Alphanumeric, SampleString};

use crate::call::{first_capture, query_fields};
use crate::guard::AdmittedPage;
use crate::{App, PublicUrl, Reply};
pub use api::{ApiReply, ApiRequest};
pub(crate) use cookie::SessionCookie;
pub use form::Form;
pub(crate) use form::{CSRF_FIELD, check_origin};
pub use sign_in::{SignInPage, new_sign_in_link, return_path};

/// The length of the idempotency key of a form: 190 random bits.
const IDEMPOTENCY_KEY_LENGTH: usize = 32;

/// One request for a page by somebody who is signed in. Of a form, the origin and the CSRF token have been checked. Its
/// `Debug` leaves out the content.
pub struct PageCall {
    pub(crate) app: App,
    pub(crate) id: RequestId,
    pub(crate) admitted: AdmittedPage,
    pub(crate) token: DashboardToken,
    pub(crate) cookie: SessionCookie,
    pub(crate) captures: Vec<(&'static str, String)>,
    pub(crate) query: String,
    pub(crate) form: Form,
    pub(crate) public_url: Option<PublicUrl>,
}

impl PageCall {
    /// The caller that the page uses the API as.
    pub const fn principal(&self) -> &Principal {
        &self.admitted.principal
    }

    /// Who is signed in.
    pub const fn signed_in(&self) -> &SignedIn {
        &self.admitted.session.signed_in
    }

    /// When the session ends.
    pub const fn session_ends_at(&self) -> Timestamp {
        self.admitted.session.expires_at
    }

    /// The limits of the tenant.
    pub const fn allowance(&self) -> &Allowance {
        &self.admitted.tenant.allowance
    }

    /// When the request was admitted.
    pub const fn now(&self) -> Timestamp {
        self.admitted.at
    }

    /// The parameters of the query string.
    pub fn query(&self) -> Fields {
        query_fields(&self.query, None)
    }

    /// The fields of the query string, in the form of a form's, with which a form begins.
    pub fn prefilled(&self) -> Form {
        Form::parse(self.query.as_bytes())
    }

    /// The fields of the form that was sent; none of a page that was only opened.
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// The id in the path.
    ///
    /// # Errors
    /// [`Error::NotFound`](hb_domain::Error::NotFound) when it is not a well-formed id, which nothing can have.
    pub fn path_id<T>(&self, parse: fn(&str) -> Option<T>) -> Result<T> {
        first_capture(&self.captures, parse)
    }

    /// The CSRF token, which every form of the page contains.
    pub fn csrf_token(&self) -> String {
        self.token.csrf().to_string()
    }

    /// A new idempotency key for a form of the page.
    pub fn new_idempotency_key(&self) -> String {
        Alphanumeric.sample_string(&mut self.app.entropy().rng(), IDEMPOTENCY_KEY_LENGTH)
    }

    /// The address at which the API is reached; empty if it is not known.
    pub fn base_url(&self) -> String {
        self.public_url.as_ref().map(|url| url.join("")).unwrap_or_default()
    }

    /// Ends the session, and continues at `location` without its cookie.
    ///
    /// # Errors
    /// The database's.
    pub async fn sign_out(&self, location: &Uri) -> Result<Reply> {
        self.app.store().dashboard_sessions().end(&self.token).await?;
        Ok(Reply::see_other(location).with_cookie(self.cookie.removal()?))
    }
}

impl fmt::Debug for PageCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageCall").field("principal", self.principal()).finish_non_exhaustive()
    }
}
