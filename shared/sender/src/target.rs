//! Where a request goes: the URL, checked again when it is used.

use hb_domain::webhook::{UrlPolicy, WebhookUrl};
use http::Uri;
use url::Url;

use crate::failure::Failure;

/// The target of requests to `url`, if `policy` accepts it: it may have been stored under other rules.
///
/// The URL is read by two parsers, that of `url`, whose result is checked, and that of `http`, whose result is connected to.
/// They have to agree.
pub(crate) fn checked(url: &WebhookUrl, policy: UrlPolicy) -> Result<Uri, String> {
    let accepted = WebhookUrl::parse(url.as_str(), policy).map_err(|problem| format!("the URL {problem}"))?;
    let parsed = Url::parse(accepted.as_str()).map_err(|_| Failure::InvalidUrl.to_string())?;
    uri_of(&parsed).ok_or_else(|| Failure::InvalidUrl.to_string())
}

/// The same URL, as the client reads it; `None` if it reads another one.
fn uri_of(url: &Url) -> Option<Uri> {
    let uri: Uri = url.as_str().parse().ok()?;
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let path_and_query = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let is_same = uri.scheme_str() == Some(url.scheme())
        && uri.authority().map(|read| read.as_str()) == Some(&*authority)
        && uri.path_and_query().map(|read| read.as_str()) == Some(&*path_and_query);
    is_same.then_some(uri)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> Result<Uri, String> {
        checked(&WebhookUrl::stored(text), UrlPolicy::Public)
    }

    #[test]
    fn a_stored_url_is_checked_again_by_the_rules_of_the_deployment() {
        for text in ["https://example.com/hook?a=b", "https://example.com:8443/", "https://1.1.1.1/"] {
            assert_eq!(public(text).expect(text).to_string(), text);
        }
        for (text, problem) in [
            ("http://example.com/", "an https URL"),
            ("https://example.com:444/", "port 443 or 8443"),
            ("https://example.com:22/", "port 443 or 8443"),
            ("https://user@example.com/", "a user name or a password"),
            ("https://user:password@example.com/", "a user name or a password"),
            ("https://example.com/#fragment", "a fragment"),
            ("https://localhost/", "a private network"),
            ("https://receiver.internal/", "a private network"),
            ("ftp://example.com/", "an https URL"),
            ("no URL", "white space"),
        ] {
            let refused = public(text).expect_err(text);
            assert!(refused.starts_with("the URL must") && refused.contains(problem), "{text}: {refused}");
        }
    }

    #[test]
    fn addresses_in_every_notation_are_refused() {
        for host in [
            "0",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "172.16.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[ff02::1]",
            "①②⑦.0.0.1",
            "127。0。0。1",
        ] {
            let refused = public(&format!("https://{host}/")).expect_err(host);
            assert_eq!(refused, "the URL must not lead to a private or reserved address", "{host}");
        }
    }

    proptest! {
        #[test]
        fn both_parsers_read_the_same_url(
            host in "([a-z0-9_-]{1,8}\\.){1,3}[a-z]{2,5}|[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-f:]{2,12}\\]|\\PC{1,12}",
            port in "|:443|:8443|:[0-9]{0,6}",
            rest in "(/\\PC{0,20})?(\\?\\PC{0,20})?",
        ) {
            let text = format!("https://{host}{port}{rest}");
            if let Ok(url) = WebhookUrl::parse(&text, UrlPolicy::Public) {
                let uri = checked(&url, UrlPolicy::Public).map_err(TestCaseError::fail)?;
                let expected = url.as_str();
                prop_assert_eq!(uri.to_string(), expected);
            }
        }
    }
}
