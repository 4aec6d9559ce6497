//! The cookie of a session (RFC 6265).
//!
//! Deployed it is `__Host-hb_session`: browsers accept that prefix only of a secure page, for its own host and all paths. On this
//! machine pages are reached by plain HTTP, and cookies do not distinguish ports: the port is a part of the name.

use std::time::Duration;

use cookie::{Cookie, SameSite};
use hb_domain::dashboard::DashboardToken;
use hb_domain::{Error, Result};
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

use crate::PublicUrl;

/// The name and the attributes of the cookie at one address.
#[derive(Clone, Debug)]
pub(crate) struct SessionCookie {
    name: String,
    is_secure: bool,
}

impl SessionCookie {
    /// The cookie of pages at this address; an unknown one is taken for one of a deployment.
    pub(crate) fn at(address: Option<&PublicUrl>) -> Self {
        match address {
            Some(address) if !address.is_https() => {
                Self { name: format!("hb_session_{}", address.port().unwrap_or(80)), is_secure: false }
            }
            _ => Self { name: "__Host-hb_session".into(), is_secure: true },
        }
    }

    /// The token in the cookies of a request. Of two cookies of the name neither is accepted.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<DashboardToken> {
        let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = texts.flat_map(Cookie::split_parse).filter_map(|cookie| cookie.ok());
        let mut values = cookies.filter(|cookie| cookie.name() == self.name);
        match (values.next(), values.next()) {
            (Some(cookie), None) => DashboardToken::parse(cookie.value()),
            _ => None,
        }
    }

    /// Sets the cookie for this long, in whole seconds.
    pub(crate) fn set(&self, token: &DashboardToken, lifetime: Duration) -> Result<HeaderValue> {
        self.header(token.expose(), lifetime.as_secs())
    }

    /// Removes the cookie.
    pub(crate) fn removal(&self) -> Result<HeaderValue> {
        self.header(String::new(), 0)
    }

    fn header(&self, value: String, seconds: u64) -> Result<HeaderValue> {
        let max_age = cookie::time::Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        let cookie = Cookie::build((self.name.clone(), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.is_secure)
            .max_age(max_age);
        HeaderValue::try_from(cookie.to_string())
            .map(|mut value| {
                value.set_sensitive(true);
                value
            })
            .map_err(|error| Error::Internal(format!("cookie: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::TenantId;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn token() -> DashboardToken {
        let tenant = TenantId::parse("acme").expect("a tenant");
        DashboardToken::mint(&tenant, &mut StdRng::seed_from_u64(1))
    }

    fn sent(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (COOKIE, HeaderValue::from_str(value).expect("a value"))).collect()
    }

    #[test]
    fn deployed_the_cookie_belongs_to_its_host_and_locally_to_its_port() {
        let deployed = SessionCookie::at(PublicUrl::parse("https://api.example.com").ok().as_ref());
        let header = deployed.set(&token(), Duration::from_secs(300)).expect("a header");
        let expected = format!(
            "__Host-hb_session={}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=300",
            token().expose()
        );
        assert_eq!(header.to_str().ok(), Some(expected.as_str()));
        assert!(header.is_sensitive());
        let local = SessionCookie::at(PublicUrl::parse("http://127.0.0.1:9000").ok().as_ref());
        let header = local.removal().expect("a header");
        assert_eq!(header.to_str().ok(), Some("hb_session_9000=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"));
        assert_eq!(SessionCookie::at(None).name, "__Host-hb_session");
    }

    #[test]
    fn one_cookie_of_the_name_is_read_among_others() {
        let cookie = SessionCookie::at(None);
        let own = format!("__Host-hb_session={}", token().expose());
        for others in [
            vec![own.clone()],
            vec![format!("a=b; {own}; c=\"d\"")],
            vec!["x=%zz; =; ;;".into(), own.clone()],
        ] {
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            assert_eq!(cookie.token(&sent(&others)), Some(token()), "{others:?}");
        }
        let twice = format!("{own}; {own}");
        for wrong in ["", "__Host-hb_session=", "__Host-hb_session=a.b.c", &own.replace("hb_", "HB_"), &twice]
        {
            assert_eq!(cookie.token(&sent(&[wrong])), None, "{wrong}");
        }
    }
}
