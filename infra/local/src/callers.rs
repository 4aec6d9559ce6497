//! Who may call a local server: programs on this machine, and for the API also web pages.
//!
//! A server on loopback is reachable by every web page in a browser of the same machine. A page of another origin is
//! recognised by its `Origin` or `Sec-Fetch-Site`, a page whose domain resolves to 127.0.0.1 (DNS rebinding) by its `Host`.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The callers that a server accepts. All of them have to address it by a loopback name or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Programs, but no web pages: the server has no authentication.
    Programs,
    /// Programs, and web pages of any origin: the server authenticates each request, and serves CORS.
    ProgramsAndPages,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NoHost,
    ForeignHost,
    WebPage,
}

/// Refuses a request of a caller that the server does not accept, before its body is read.
pub(crate) async fn check_caller(State(callers): State<Callers>, request: Request, next: Next) -> Response {
    match refusal(callers, request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(refusal) => refusal.into_response(),
    }
}

fn refusal(callers: Callers, uri: &Uri, headers: &HeaderMap) -> Option<Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Some(Refusal::NoHost) };
    let host: Option<Authority> = host.to_str().ok().and_then(|host| host.parse().ok());
    // The target of a request to a proxy names a host too.
    if !host.as_ref().is_some_and(is_loopback) || !uri.authority().is_none_or(is_loopback) {
        return Some(Refusal::ForeignHost);
    }
    // A browser sends `none` for an address that its user has typed.
    let from_page = headers.contains_key(ORIGIN)
        || headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() != b"none");
    (callers == Callers::Programs && from_page).then_some(Refusal::WebPage)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let ipv6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    !authority.as_str().contains('@')
        && (host.eq_ignore_ascii_case("localhost")
            || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || ipv6.is_some_and(|ipv6| ipv6.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::NoHost => (StatusCode::BAD_REQUEST, "A request needs one Host header"),
            // RFC 9110: the server cannot respond for the host that the request names.
            Self::ForeignHost => (
                StatusCode::MISDIRECTED_REQUEST,
                "This server is local: the host of a request has to be localhost or an address like 127.0.0.1",
            ),
            Self::WebPage => (StatusCode::FORBIDDEN, "This server is for programs and refuses web pages"),
        };
        let body = serde_json::json!({ "message": message }).to_string();
        (status, [("content-type", "application/json")], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(callers: Callers, uri: &str, headers: &[(&'static str, &str)]) -> Option<Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a header value"));
        }
        refusal(callers, &uri.parse().expect("a target"), &map)
    }

    #[test]
    fn loopback_hosts_are_accepted_and_all_others_refused() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:9000",
            "127.8.7.6:1",
            "localhost",
            "LocalHost:9000",
            "[::1]",
            "[::1]:9000",
        ] {
            assert_eq!(refused(Callers::Programs, "/", &[("host", host)]), None, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:9000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil.example:80@127.0.0.1",
            "127.0.0.1:80@evil.example",
            "0.0.0.0:9000",
            "192.168.0.1",
            "127.1",
            "[::ffff:10.0.0.1]",
            "[::]",
            "local host",
        ] {
            for callers in [Callers::Programs, Callers::ProgramsAndPages] {
                assert_eq!(refused(callers, "/", &[("host", host)]), Some(Refusal::ForeignHost), "{host}");
            }
        }
    }

    #[test]
    fn a_request_without_a_host_or_with_two_is_refused() {
        assert_eq!(refused(Callers::ProgramsAndPages, "/", &[]), Some(Refusal::NoHost));
        let two = [("host", "127.0.0.1"), ("host", "evil.example")];
        assert_eq!(refused(Callers::ProgramsAndPages, "/", &two), Some(Refusal::NoHost));
    }

    #[test]
    fn the_host_in_the_target_counts_too() {
        let host = [("host", "127.0.0.1:9000")];
        assert_eq!(refused(Callers::ProgramsAndPages, "http://127.0.0.1:9000/health", &host), None);
        let foreign = refused(Callers::ProgramsAndPages, "http://evil.example/health", &host);
        assert_eq!(foreign, Some(Refusal::ForeignHost));
    }

    #[test]
    fn web_pages_of_any_origin_are_refused_where_only_programs_are_served() {
        for page in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:9000"),
            ("origin", ""),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "same-origin"),
        ] {
            let headers = [("host", "127.0.0.1:9000"), page];
            assert_eq!(refused(Callers::Programs, "/", &headers), Some(Refusal::WebPage), "{page:?}");
            assert_eq!(refused(Callers::ProgramsAndPages, "/", &headers), None, "{page:?}");
        }
        let typed = [("host", "127.0.0.1:9000"), ("sec-fetch-site", "none")];
        assert_eq!(refused(Callers::Programs, "/", &typed), None);
    }
}
