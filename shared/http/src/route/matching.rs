//! Finding the route of a request.

use http::Method;
use percent_encoding::percent_decode_str;

use super::{Access, Route, Surface};

/// The result of a search for a route.
#[derive(Debug)]
pub enum Found<'r> {
    /// A route, with the path's captures.
    Route(&'r Route, Vec<(&'static str, String)>),
    /// An `OPTIONS` request for a path that exists.
    Options {
        /// The methods of the path, as `Allow` lists them.
        allow: String,
        /// The surface of the path.
        surface: Surface,
    },
    /// A path that does not have the method.
    WrongMethod {
        /// The methods of the path, as `Allow` lists them.
        allow: String,
        /// The surface of the path.
        surface: Surface,
    },
    /// No such path.
    Unknown,
}

impl Found<'_> {
    /// Whether the route needs a credential, so that the response may depend on it.
    pub(crate) fn needs_credential(&self) -> bool {
        matches!(self, Self::Route(route, _) if route.access() != Access::Public)
    }

    /// The surface that the response is for. An unknown path is the API's.
    pub(crate) fn surface(&self) -> Surface {
        match self {
            Self::Route(route, _) => route.surface,
            Self::Options { surface, .. } | Self::WrongMethod { surface, .. } => *surface,
            Self::Unknown => Surface::Api,
        }
    }
}

/// Finds the route for a method and a path. A path with fewer segments in braces takes precedence.
pub fn find<'r>(tables: &[&'r [Route]], method: &Method, path: &str) -> Found<'r> {
    let routes = tables.iter().flat_map(|table| table.iter());
    let mut matching: Vec<_> =
        routes.filter_map(|route| Some((route, captures(route.path, path)?))).collect();
    let Some(fewest) = matching.iter().map(|(_, captures)| captures.len()).min() else {
        return Found::Unknown;
    };
    matching.retain(|(_, captures)| captures.len() == fewest);
    let surface = matching.first().map_or(Surface::Api, |(route, _)| route.surface);
    let wanted = if *method == Method::HEAD { &Method::GET } else { method };
    let allow = || {
        let mut methods: Vec<&str> = matching.iter().map(|(route, _)| route.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.join(", ")
    };
    if *method == Method::OPTIONS {
        return Found::Options { allow: allow(), surface };
    }
    match matching.iter().position(|(route, _)| route.method == *wanted) {
        Some(index) => {
            let (route, captures) = matching.swap_remove(index);
            Found::Route(route, captures)
        }
        None => Found::WrongMethod { allow: allow(), surface },
    }
}

/// The values of the pattern's segments in braces, percent-decoded, when `path` matches.
pub fn captures<'p>(pattern: &'p str, path: &str) -> Option<Vec<(&'p str, String)>> {
    let mut captures = Vec::new();
    let mut actual = path.split('/');
    for expected in pattern.split('/') {
        let segment = actual.next()?;
        match expected.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => {
                captures.push((name, percent_decode_str(segment).decode_utf8().ok()?.into_owned()));
            }
            _ if segment == expected => {}
            _ => return None,
        }
    }
    actual.next().is_none().then_some(captures)
}
