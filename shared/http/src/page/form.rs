//! Forms of pages: their fields, and where they come from.

use hb_domain::error::Forbidden;
use hb_domain::{Error, Result};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, ORIGIN};

use crate::{PublicUrl, body};

/// The largest form, in bytes.
const MAX_FORM: usize = 64 * 1024;
const MEDIA_TYPES: &[&str] = &["application/x-www-form-urlencoded"];
/// The field with the CSRF token.
pub(crate) const CSRF_FIELD: &str = "csrf";
/// The fields that a form does not begin with again after another sign-in: they belong to one page or confirm something.
const NOT_KEPT: [&str; 5] = [CSRF_FIELD, "idempotency_key", "confirmation", "token", "link"];

/// The fields of a form, in their order. Its `Debug` leaves out the content.
#[derive(Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The form in a body.
    ///
    /// # Errors
    /// When it is too large or has another media type.
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self> {
        body::check_coding(headers, body)?;
        if body.len() > MAX_FORM {
            return Err(Error::TooLarge { limit: MAX_FORM });
        }
        let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !MEDIA_TYPES.iter().any(|accepted| media_type.eq_ignore_ascii_case(accepted)) {
            return Err(Error::UnsupportedMediaType { accepted: MEDIA_TYPES });
        }
        Ok(Self::parse(body))
    }

    /// The first value of a field; empty if the form lacks it.
    pub fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The values of a field.
    pub fn values<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether it has no field.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The query with which its page shows the same fields again, except those that belong to one page.
    pub(crate) fn to_query(&self) -> String {
        let kept = self.0.iter().filter(|(name, _)| !NOT_KEPT.contains(&name.as_str()));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Refuses a form that no page of this site has sent. Browsers name the origin of every form that is posted.
///
/// # Errors
/// [`Forbidden::ForeignOrigin`].
pub(crate) fn check_origin(headers: &HeaderMap, address: Option<&PublicUrl>) -> Result<()> {
    let mut values = headers.get_all(ORIGIN).iter();
    let own = |value: &str| address.is_some_and(|address| address.is_origin(value));
    match (values.next(), values.next()) {
        (Some(value), None) if value.to_str().is_ok_and(own) => Ok(()),
        _ => Err(Error::Forbidden(Forbidden::ForeignOrigin)),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_kept_of_a_form_has_nothing_that_belongs_to_one_page() {
        let form = Form::parse(
            b"csrf=a&name=My+key%26&scopes=x&scopes=y&idempotency_key=b&confirmation=c&token=d&link=e",
        );
        assert_eq!(form.to_query(), "name=My+key%26&scopes=x&scopes=y");
        assert_eq!(form.value("name"), "My key&");
        assert_eq!(form.values("scopes").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(form.value("absent"), "");
    }

    #[test]
    fn a_form_comes_from_one_origin_which_is_the_own() {
        let own = PublicUrl::parse("https://api.example.com").expect("a URL");
        let check = |values: &[&'static str]| {
            let headers: HeaderMap =
                values.iter().map(|value| (ORIGIN, HeaderValue::from_static(value))).collect();
            check_origin(&headers, Some(&own)).is_ok()
        };
        assert!(check(&["https://api.example.com"]));
        for foreign in [&[][..], &["null"], &["https://evil.example"], &["https://api.example.com", "null"]] {
            assert!(!check(foreign), "{foreign:?}");
        }
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://api.example.com"))]);
        assert!(check_origin(&headers, None).is_err(), "the own address is not known");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_form(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let form = Form::parse(&body);
            prop_assert_eq!(Form::parse(form.to_query().as_bytes()).to_query(), form.to_query());
        }
    }
}
