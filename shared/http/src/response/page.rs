//! The error page: self-contained HTML, without any internal detail.

use std::fmt::Write;

use hb_domain::{Error, RequestId};
use headers::{CacheControl, HeaderMapExt};
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue};

use crate::seconds::seconds_up;

/// The page loads nothing and runs nothing; its one style element is allowed.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// The page of an error. It shows the status, the public message, the invalid fields and the request id.
pub(crate) fn error(error: &Error, status: StatusCode, request: &RequestId) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    let mut details = String::new();
    match error {
        Error::Validation(fields) => {
            for field in fields {
                let (name, message) = (escaped(&field.field), escaped(&field.message));
                let _ = writeln!(details, "<p><code>{name}</code> {message}</p>");
            }
        }
        Error::RateLimited { retry_after } => {
            let wait = seconds_up(*retry_after).max(1);
            let _ = writeln!(
                details,
                "<p>{}. Load the page again in {wait} s.</p>",
                escaped(&error.public_message())
            );
        }
        other => {
            let _ = writeln!(details, "<p>{}</p>", escaped(&other.public_message()));
        }
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{status} {reason}</title>\n\
         <style>body{{font-family:system-ui,sans-serif;margin:4rem auto;max-width:40rem;padding:0 1rem}}</style>\n\
         </head>\n<body>\n<h1>{status} {reason}</h1>\n{details}\
         <p><small>Request id: <code>{request}</code></small></p>\n</body>\n</html>\n",
        status = status.as_u16(),
        request = escaped(request.as_str()),
    )
}

/// Adds the headers of an error page.
pub(crate) fn describe(headers: &mut HeaderMap) {
    headers.typed_insert(CacheControl::new().with_no_store());
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
}

/// `text` for the content of an element.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
