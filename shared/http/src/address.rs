//! URLs in the environment variables of a deployment, in normal form: that of browsers, and of Clerk tokens.

use hb_domain::clerk::NATIVE;
use hb_store::aws::is_loopback;
use http::Uri;

/// An https URL, or an http URL of this machine.
pub(crate) fn address(name: &str, text: &str) -> Result<Uri, String> {
    let uri: Uri = text.trim().parse().map_err(|_| format!("{name} is not a URL"))?;
    match uri.scheme_str() {
        Some("https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        Some("http") if is_loopback(&uri) => Ok(uri),
        _ => Err(format!("{name} must be an https URL")),
    }
}

/// The issuer as tokens name it: without a trailing slash.
pub(crate) fn issuer_of(uri: &Uri) -> Result<String, String> {
    let path = uri.path().trim_end_matches('/');
    match (origin_of(uri), uri.query()) {
        (Some(origin), None) => Ok(format!("{origin}{path}")),
        _ => Err("CLERK_ISSUER must be a URL without a query or a user".to_owned()),
    }
}

/// A party as tokens name it: [`NATIVE`], or an origin as browsers write it.
pub(crate) fn party_of(text: &str) -> Result<String, String> {
    if text == NATIVE {
        return Ok(text.to_owned());
    }
    let uri = text.parse::<Uri>().ok().filter(|uri| uri.path().trim_end_matches('/').is_empty());
    uri.filter(|uri| uri.query().is_none()).as_ref().and_then(origin_of).ok_or_else(|| {
        format!("CLERK_AUTHORIZED_PARTIES must list origins, such as https://app.example.com, or {NATIVE}")
    })
}

/// Scheme, host and port in lower case, the port only where it is not the default of the scheme.
pub(crate) fn origin_of(uri: &Uri) -> Option<String> {
    let (scheme, authority) = (uri.scheme_str()?.to_ascii_lowercase(), uri.authority()?.as_str());
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let authority = authority.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let host = authority.strip_suffix(default).unwrap_or(&authority).trim_end_matches(':');
    Some(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalized_to_the_form_of_tokens() {
        let issuer = |text: &str| issuer_of(&address("CLERK_ISSUER", text).expect("an address"));
        for (written, read) in [
            ("https://clerk.example", "https://clerk.example"),
            (" https://clerk.example// ", "https://clerk.example"),
            ("HTTPS://Clerk.Example:443/", "https://clerk.example"),
            ("https://app.example/Api/__clerk/", "https://app.example/Api/__clerk"),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(issuer(written).as_deref(), Ok(read));
        }
        for (written, read) in [
            ("https://app.example/", "https://app.example"),
            ("https://APP.example:443", "https://app.example"),
            ("https://app.example:8443/", "https://app.example:8443"),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("http://localhost:443", "http://localhost:443"),
            ("http://localhost:80/", "http://localhost"),
            ("chrome-extension://abcdefghijklmnop/", "chrome-extension://abcdefghijklmnop"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("native", "native"),
        ] {
            assert_eq!(party_of(written).as_deref(), Ok(read));
        }
    }
}
