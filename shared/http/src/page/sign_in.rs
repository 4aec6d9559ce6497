//! Signing in: by a link of one use, or with the session token that Clerk gives a browser.

use hb_domain::bearer::TokenText;
use hb_domain::dashboard::{DashboardSession, DashboardToken, PublishableKey, SignedIn};
use hb_domain::error::AuthFailure;
use hb_domain::{Error, Result, TenantId, Timestamp};
use hb_store::Store;
use headers::CacheControl;
use http::Uri;
use http::header::ORIGIN;
use rand::rngs::StdRng;

use super::{Form, SessionCookie};
use crate::{PublicCall, PublicUrl, Reply};

/// The path of all pages for people who are signed in.
const PAGES: &str = "/dashboard";

/// A new sign-in link of a tenant, for pages at `address`. It works once, for ten minutes.
///
/// # Errors
/// The database's.
pub async fn new_sign_in_link(
    store: &Store,
    tenant: &TenantId,
    address: &PublicUrl,
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<String> {
    let token = DashboardToken::mint(tenant, rng);
    store.dashboard_sessions().create_link(&token, now).await?;
    Ok(address.join(&format!("{PAGES}/sign-in?link={}", token.expose())))
}

/// Where somebody who has signed in continues: `text` if it is a path of a page, and otherwise the first page.
pub fn return_path(text: &str) -> Uri {
    // Pages have plain paths, without the dot segments by which a browser leaves a path.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/_-".contains(&b);
    let is_page = |path: &str| {
        let rest = path.strip_prefix(PAGES);
        rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with('/')) && rest.bytes().all(is_plain))
    };
    let uri = text.parse::<Uri>().ok().filter(|uri| uri.authority().is_none() && uri.scheme().is_none());
    uri.filter(|uri| is_page(uri.path())).unwrap_or(Uri::from_static(PAGES))
}

/// The page on which people sign in, and what it does.
#[derive(Debug)]
pub struct SignInPage<'c> {
    call: &'c PublicCall,
    cookie: SessionCookie,
}

impl<'c> SignInPage<'c> {
    /// The page that a request is for.
    pub fn new(call: &'c PublicCall) -> Self {
        Self { call, cookie: SessionCookie::at(call.public_url.as_ref()) }
    }

    /// Clerk's publishable key, if the deployment has one.
    pub fn publishable_key(&self) -> Option<&PublishableKey> {
        self.call.app.publishable_key()
    }

    /// The form that was sent.
    ///
    /// # Errors
    /// When it is too large or has another media type.
    pub fn form(&self) -> Result<Form> {
        Form::read(&self.call.headers, &self.call.body)
    }

    /// Signs in with a link, which is used up by it.
    ///
    /// # Errors
    /// [`Error::AuthInvalid`] when the link has been used, has expired or does not exist; the database's.
    pub async fn by_link(&self, link: &str, next: &Uri) -> Result<Reply> {
        let link = DashboardToken::parse(link).ok_or(Error::AuthInvalid(AuthFailure::Unknown))?;
        let (sessions, now) = (self.call.store.dashboard_sessions(), self.call.received_at);
        if !sessions.redeem_link(&link, now).await? {
            return Err(Error::AuthInvalid(AuthFailure::TokenExpired));
        }
        self.start(link.tenant(), SignedIn::Link, next).await
    }

    /// Signs in with a session token of Clerk. The origin of the page, which has been checked, is an authorized party. The first
    /// session of a tenant creates it.
    ///
    /// # Errors
    /// As for a request to the API that presents the token.
    pub async fn by_token(&self, token: &str, next: &Uri) -> Result<Reply> {
        let invalid = Error::AuthInvalid(AuthFailure::Unknown);
        let token = TokenText::parse(token).ok_or(invalid.clone())?;
        let origin = self.call.headers.get(ORIGIN).and_then(|value| value.to_str().ok());
        let (guard, now) = (self.call.app.guard(), self.call.received_at);
        let verifying = guard.tokens.verify_session(&token, origin.unwrap_or_default(), now);
        let (verified, ()) = tokio::join!(verifying, guard.tokens.renew_keys(&token, now));
        let verified = verified?;
        let tenant = guard.provide_tenant(&verified, now).await?;
        if tenant.suspended {
            return Err(Error::Suspended);
        }
        let signed_in = verified.signed_in().ok_or(invalid)?;
        self.start(&verified.tenant, signed_in, next).await
    }

    /// Starts a session in place of the one that the browser may have.
    async fn start(&self, tenant: &TenantId, signed_in: SignedIn, next: &Uri) -> Result<Reply> {
        let (sessions, now) = (self.call.store.dashboard_sessions(), self.call.received_at);
        if let Some(earlier) = self.cookie.token(&self.call.headers) {
            sessions.end(&earlier).await?;
        }
        let token = DashboardToken::mint(tenant, &mut self.call.app.entropy().rng());
        let session = DashboardSession::new(signed_in, now);
        sessions.start(&token, &session).await?;
        let reply = Reply::see_other(next).with(CacheControl::new().with_no_store());
        Ok(reply.with_cookie(self.cookie.set(&token, session.remaining(now))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_continues_on_a_page_of_this_site_only() {
        for page in ["/dashboard", "/dashboard/keys?a=b", "/dashboard/keys/new?name=x%20y"] {
            assert_eq!(return_path(page).to_string(), page);
        }
        for other in [
            "",
            "//evil.example/dashboard",
            "https://evil.example/dashboard",
            "/dashboardx",
            "/dashboard\\@evil.example",
            "/api/v1/memories",
            "dashboard",
            "evil.example:80",
            "javascript:alert(1)",
            "/dashboard/../api",
            "/dashboard/%2e%2e/api",
            "/dashboard/./x",
        ] {
            assert_eq!(return_path(other).path(), "/dashboard", "{other}");
        }
    }
}
