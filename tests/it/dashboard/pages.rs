//! Every page for people who are signed in, with the ids and the fields that it takes: what generated tests share.
//!
//! Routes come from the route tables. A new one is tried by itself, or a test names the row that it misses.

use hb_domain::{KeyId, Scopes, TenantId};
use hb_http::Route;
use hb_http::route::Access;
use hb_local::functions;
use hb_tests::dashboard::{FORM, encoded};
use hb_tests::{Answer, Visitor, World};
use http::Method;

/// Which id stands in the place of a path's braces.
const IDS: &[(&str, &str)] = &[("/dashboard/keys/{id}", "KEY")];

/// The fields of each form, besides the CSRF token and the idempotency key. `KEY` stands for the key's id, `NAME` for its name,
/// and `FRESH` for a name that no key has.
const FORMS: &[(&str, &[(&str, &str)])] = &[
    (
        "/dashboard/keys/new",
        &[
            ("name", "FRESH"),
            ("environment", "production"),
            ("scopes", "read:memories"),
            ("expires", "never"),
        ],
    ),
    ("/dashboard/keys/{id}/rotate", &[("grace", "0")]),
    ("/dashboard/keys/{id}/revoke", &[("confirmation", "NAME")]),
    ("/dashboard/sign-out", &[]),
];

/// A page under one of its methods.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) route: &'static Route,
    pub(super) method: Method,
}

/// The key that pages are about.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) plain: String,
}

impl Key {
    pub(super) async fn of(world: &World, tenant: &TenantId) -> Self {
        let (id, plain) = world.key(tenant, Scopes::all(), None).await;
        Self { name: name_of(&id), id: id.to_string(), plain }
    }

    /// An id of the same form that nothing has.
    pub(super) fn missing() -> Self {
        Self { id: "key_000000000000".into(), name: "missing".into(), plain: String::new() }
    }
}

/// The name of a key that a world has made.
pub(super) fn name_of(id: &KeyId) -> String {
    format!("key {}", id.body())
}

/// Every page for people who are signed in, under every method; `HEAD` comes with `GET`.
pub(super) fn pages() -> Vec<Page> {
    let routes = functions::routes().filter(|route| route.access() == Access::Session);
    let of = |route: &'static Route| {
        let head = (route.method == Method::GET).then_some(Method::HEAD);
        [Some(route.method.clone()), head].into_iter().flatten().map(move |method| Page { route, method })
    };
    let pages: Vec<Page> = routes.flat_map(of).collect();
    assert!(pages.len() > 15, "{pages:?}");
    pages
}

/// The pages that are forms.
pub(super) fn forms() -> Vec<Page> {
    pages().into_iter().filter(Page::is_form).collect()
}

impl Page {
    pub(super) fn is_form(&self) -> bool {
        self.method == Method::POST
    }

    /// Whether it is about one key.
    pub(super) fn names_a_key(&self) -> bool {
        self.route.path.contains('{')
    }

    pub(super) fn path(&self, key: &Key) -> String {
        let path = self.route.path;
        let Some((before, rest)) = path.split_once('{') else { return path.to_owned() };
        let (_, after) = rest.split_once('}').expect("braces that close");
        let row = IDS.iter().find(|(prefix, _)| path.starts_with(prefix));
        let (_, name) =
            row.unwrap_or_else(|| panic!("what is the id in {path}? Add a row to IDS in {}", file!()));
        format!("{before}{name}{after}").replace("KEY", &key.id)
    }

    /// The fields of the form; none of a page that is only opened.
    pub(super) fn fields(&self, key: &Key) -> Vec<(String, String)> {
        if !self.is_form() {
            return Vec::new();
        }
        let row = FORMS.iter().find(|(path, _)| *path == self.route.path);
        let (_, fields) = row.unwrap_or_else(|| {
            panic!("what does {} take? Add a row to FORMS in {}", self.route.path, file!())
        });
        let put = |text: &str| {
            text.replace("FRESH", &format!("beside {}", key.id))
                .replace("NAME", &key.name)
                .replace("KEY", &key.id)
        };
        fields.iter().map(|(name, value)| ((*name).to_owned(), put(value))).collect()
    }

    /// The body of the form with these further fields.
    pub(super) fn body(&self, key: &Key, further: &[(&str, &str)]) -> String {
        let own = self.fields(key);
        let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        encoded(&further.iter().copied().chain(own).collect::<Vec<_>>())
    }

    /// Sends it well, with this CSRF token and this idempotency key.
    pub(super) async fn send(&self, visitor: &Visitor, key: &Key, csrf: &str, idempotency: &str) -> Answer {
        let body = self.body(key, &[("csrf", csrf), ("idempotency_key", idempotency)]);
        self.send_body(visitor, key, if self.is_form() { body } else { String::new() }).await
    }

    /// Sends this body from the own origin.
    pub(super) async fn send_body(&self, visitor: &Visitor, key: &Key, body: String) -> Answer {
        let origin = visitor.origin();
        let headers = [("origin", origin.as_str()), ("content-type", FORM)];
        let headers = if self.is_form() { &headers[..] } else { &[] };
        visitor.send(self.method.clone(), &self.path(key), headers, body).await
    }
}

/// Everything that is stored but what admits pages: the parts of all items, sorted, since their order is not the same twice.
pub(super) async fn state(world: &World) -> Vec<String> {
    let everything = world.everything().await;
    let lines = everything.lines().filter(|line| !line.starts_with("DashboardSessions"));
    let parts = lines.flat_map(|line| line.split(['{', '}', '[', ']', ',']));
    let mut parts: Vec<String> = parts.map(|part| part.trim().to_owned()).collect();
    parts.sort();
    parts
}
