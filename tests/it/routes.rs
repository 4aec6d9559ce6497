//! Every route of the service, with a request that it answers well: what generated tests share.
//!
//! Routes come from the route tables. A new one is tried by itself; what its requests need beyond
//! the path stands in the two tables below, and a test that misses a row says so.

use hb_domain::{KeyId, MemoryId, Scope, ndjson};
use hb_http::Route;
use hb_http::route::{Access, Effect, Surface};
use hb_local::functions;
use hb_tests::feed::{self, About};
use hb_tests::world::Account;
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

/// Which id stands in the place of a path's first braces: `KEY`, `MEMORY` or `WEBHOOK`. `EVENT` stands in the place of `{eventId}`.
const IDS: &[(&str, &str)] = &[
    ("/api/v1/api-keys/{id}", "KEY"),
    ("/api/v1/memories/{id}", "MEMORY"),
    ("/api/v1/webhooks/{id}", "WEBHOOK"),
    ("/dashboard/keys/{id}", "KEY"),
    ("/docs/{file}", "start.js"),
    ("/dashboard/static/{file}", "dashboard.js"),
];

/// Query and body of the requests that need any. `KEY`, `MEMORY` and `WEBHOOK` stand for ids, `HELD` for the
/// memory's key, `FRESH` for a text of its own, `UNUSED` for one without spaces. A route that is
/// not here gets no query, and `{}` as its body when its method has one.
const REQUESTS: &[(Method, &str, &str, &str)] = &[
    (Method::POST, "/api/v1/api-keys", "", r#"{"name":"FRESH"}"#),
    (Method::POST, "/api/v1/api-keys/rotate", "", r#"{"keyId":"KEY"}"#),
    (Method::POST, "/api/v1/api-keys/revoke", "", r#"{"keyId":"KEY"}"#),
    (Method::GET, "/api/v1/api-keys/usage", "keyId=KEY", ""),
    (Method::POST, "/api/v1/memories", "", r#"{"content":"a new one","type":"task"}"#),
    (Method::POST, "/api/v1/memories/search", "", r#"{"query":"saffron"}"#),
    (Method::POST, "/api/v1/memories/bulk", "", r#"{"memories":[{"content":"one of many","type":"task"}]}"#),
    (Method::POST, "/api/v1/memories/bulk-delete", "", r#"{"ids":["MEMORY"]}"#),
    (Method::POST, "/api/v1/memories/import", "", r#"{"content":"from elsewhere","type":"task"}"#),
    (
        Method::POST,
        "/api/v1/memories/bulk-update",
        "",
        r#"{"items":[{"id":"MEMORY","patch":{"content":"changed"}}]}"#,
    ),
    (Method::POST, "/api/v1/memories/batch-get", "", r#"{"ids":["MEMORY"]}"#),
    (Method::PUT, "/api/v1/memories/{id}", "", r#"{"content":"changed","type":"task"}"#),
    (Method::GET, "/api/v1/memories/by-key", "key=HELD", ""),
    (Method::PUT, "/api/v1/memories/by-key", "key=HELD", r#"{"content":"changed","type":"task"}"#),
    (Method::DELETE, "/api/v1/memories/by-key", "key=HELD", ""),
    (Method::PATCH, "/api/v1/memories/{id}", "", r#"{"content":"changed"}"#),
    (
        Method::POST,
        "/api/v1/webhooks",
        "",
        r#"{"name":"FRESH","url":"https://example.com/UNUSED","events":["api_key.*"]}"#,
    ),
    (Method::PATCH, "/api/v1/webhooks/{id}", "", r#"{"name":"changed"}"#),
    (Method::POST, "/api/v1/webhooks/{id}/rotate-secret", "", r#"{"gracePeriodSeconds":0}"#),
    (Method::POST, "/api/v1/webhooks/{id}/recover", "", r#"{"since":"2026-11-24T11:00:00Z"}"#),
];

/// Further requests of routes that make other calls for them: as above, each to be answered well.
const VARIANTS: &[(Method, &str, &str, &str)] = &[
    (Method::GET, "/api/v1/memories", "sort=importance", ""),
    (Method::GET, "/api/v1/memories", "sort=updatedAt&type=semantic", ""),
    (Method::GET, "/api/v1/memories", "page=2&limit=1", ""),
    (Method::GET, "/api/v1/memories/export", "namespacePrefix=a", ""),
    (Method::GET, "/api/v1/namespaces", "prefix=a", ""),
    (Method::GET, "/api/v1/events", "types=memory.*&limit=1", ""),
    (Method::GET, "/api/v1/events", "cursor=latest", ""),
    (Method::GET, "/api/v1/memories", "namespace=a", ""),
    (Method::GET, "/api/v1/memories", "namespacePrefix=a&sort=updatedAt", ""),
    (
        Method::POST,
        "/api/v1/memories/query",
        "",
        r#"{"filter":{"type":{"eq":"semantic"}},"sort":"importance"}"#,
    ),
    (Method::POST, "/api/v1/memories/query", "", r#"{"sort":"updatedAt","order":"asc","limit":1}"#),
    (Method::POST, "/api/v1/memories/search", "", r#"{"filter":{"tags":{"contains":"hush"}}}"#),
    (Method::POST, "/api/v1/memories/bulk-delete", "", r#"{"filter":{"userId":"maya"}}"#),
    (
        Method::POST,
        "/api/v1/memories/bulk-delete",
        "",
        r#"{"filter":{"or":[{"userId":{"eq":"maya"}},{"tags":{"contains":"hush"}}]}}"#,
    ),
    (
        Method::POST,
        "/api/v1/memories/import",
        "",
        r#"{"id":"mem_000000001abcdefghijklm","content":"from elsewhere","type":"task"}"#,
    ),
    (Method::PUT, "/api/v1/memories/by-key", "key=new", r#"{"content":"a new one","type":"task"}"#),
    (Method::POST, "/api/v1/memories", "", r#"{"content":"a new one","type":"task","key":"FRESH"}"#),
    (
        Method::POST,
        "/api/v1/memories",
        "onConflict=replace",
        r#"{"content":"changed","type":"task","key":"HELD"}"#,
    ),
    (
        Method::POST,
        "/api/v1/memories/bulk",
        "onConflict=replace",
        r#"{"memories":[{"content":"changed","type":"task","key":"HELD"}]}"#,
    ),
    (
        Method::POST,
        "/api/v1/memories/import",
        "",
        r#"{"content":"from elsewhere","type":"task","key":"FRESH"}"#,
    ),
    (Method::PATCH, "/api/v1/memories/{id}", "", r#"{"content":"changed","key":"FRESH"}"#),
    (Method::PATCH, "/api/v1/webhooks/{id}", "", r#"{"name":"changed","url":"https://example.com/UNUSED"}"#),
    (Method::POST, "/api/v1/api-keys/rotate", "", r#"{"keyId":"KEY","gracePeriodSeconds":60}"#),
    (Method::GET, "/api/v1/webhooks/{id}/deliveries", "status=pending&limit=1", ""),
    (Method::GET, "/api/v1/webhooks/{id}/deliveries", "status=failed", ""),
];

/// A route under one of its methods.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) route: &'static Route,
    pub(crate) method: Method,
    /// Query and body, when they are a variant's.
    variant: Option<(&'static str, &'static str)>,
}

/// The path of a public route, with a file that exists in the place of `{file}`.
pub(crate) fn with_a_file(path: &str) -> String {
    let file = IDS.iter().find(|(of, _)| *of == path).map_or("none", |(_, file)| file);
    path.replace("{file}", file)
}

/// Every route that needs no credential and is no form, under every method. tests/it/dashboard tests forms.
pub(crate) fn public() -> Vec<Case> {
    let routes = functions::routes().filter(|route| route.access() == Access::Public);
    let is_form = |route: &&Route| route.surface == Surface::Page && route.effect == Effect::Writes;
    routes.filter(|route| !is_form(route)).flat_map(Case::of).collect()
}

/// The variants of routes.
pub(crate) fn variants() -> Vec<Case> {
    let routes = functions::routes;
    let cases = VARIANTS.iter().map(|(method, path, query, body)| {
        let route = routes().find(|route| route.method == *method && route.path == *path);
        let route = route.unwrap_or_else(|| panic!("{method} {path} is no route any more"));
        Case { route, method: method.clone(), variant: Some((*query, *body)) }
    });
    cases.collect()
}

/// What requests name: a key, a memory, a webhook endpoint and an event that it gets.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) key: String,
    pub(crate) memory: String,
    pub(crate) webhook: String,
    pub(crate) event: String,
}

impl Named {
    /// A key and a memory that `account` makes for the occasion, and a webhook endpoint that it has or makes.
    pub(crate) async fn of(world: &World, instance: &Instance, account: &Account) -> Self {
        let (key, _) = world.key(&account.tenant, hb_domain::Scopes::all(), None).await;
        let mut named = Self {
            key: key.to_string(),
            memory: String::new(),
            webhook: String::new(),
            event: String::new(),
        };
        let body = json!({"content": "saffron is the secret", "type": "semantic", "tags": ["hush"], "key": named.held()});
        let memory = instance.client.with(&account.key).post("/api/v1/memories", body).await;
        named.memory = memory.data()["id"].as_str().expect("an id").to_owned();
        named.webhook = Self::webhook_of(&instance.client.with(&account.key)).await;
        named.append_events(world, account).await;
        named
    }

    /// Appends one event of each kind of resource to the feed, in the place of those that are there.
    pub(crate) async fn append_events(&mut self, world: &World, account: &Account) {
        let key = KeyId::parse(&self.key).expect("an id");
        let abouts = [
            About::Created(&self.memory),
            About::Updated(&self.memory),
            About::Deleted(&self.memory, "deleted"),
            About::Search(1),
            About::KeyCreated(&key),
        ];
        for (position, about) in (1..).zip(abouts) {
            world.append_at(&account.tenant, position, about, world.clock.now()).await;
            world.index_event(&account.tenant, position).await;
            self.event = feed::event_id(position);
        }
    }

    /// The id of the first webhook endpoint of the caller's tenant, which is made if there is none. A tenant that is at its
    /// limit has none.
    pub(crate) async fn webhook_of(client: &Client) -> String {
        let list = client.get("/api/v1/webhooks").await;
        if !list.status.is_success() {
            return "whk_0000000000000000".to_owned();
        }
        if let Some(id) = list.data()["webhooks"][0]["id"].as_str() {
            return id.to_owned();
        }
        let body = json!({"name": "feed", "url": "https://example.com/feed", "events": ["api_key.created"]});
        client.post("/api/v1/webhooks", body).await.data()["id"].as_str().expect("an id").to_owned()
    }

    /// Ids of the same form as `self`, the memory's of the same time, that nothing has.
    pub(crate) fn missing(&self) -> Self {
        let memory = format!("{}{}", &self.memory[..13], "0".repeat(self.memory.len() - 13));
        assert!(MemoryId::parse(&memory).is_some(), "{memory}");
        let event = format!("evt_{}", "0".repeat(25));
        Self { key: "key_000000000000".into(), memory, webhook: "whk_0000000000000000".into(), event }
    }

    /// The key of the memory.
    pub(crate) fn held(&self) -> String {
        format!("held-beside-{}", self.key)
    }

    fn put_into(&self, text: &str) -> String {
        text.replace("FRESH", &format!("beside {}", self.key))
            .replace("UNUSED", &format!("beside-{}", self.key))
            .replace("HELD", &self.held())
            .replace("WEBHOOK", &self.webhook)
            .replace("EVENT", &self.event)
            .replace("KEY", &self.key)
            .replace("MEMORY", &self.memory)
    }
}

/// Every route of the API that needs a credential, under every method; `HEAD` comes with `GET`. tests/it/dashboard tests pages.
pub(crate) fn guarded() -> Vec<Case> {
    let routes = functions::routes();
    let routes = routes.filter(|route| !matches!(route.access(), Access::Public | Access::Session));
    // The token exchange is for sessions only: tests/it/sessions/exchange.rs tests it.
    let routes = routes.filter(|route| !route.accepts_doubled_bearer);
    routes.flat_map(Case::of).collect()
}

impl Case {
    /// The route under its own method, and under HEAD when that is GET.
    pub(crate) fn of(route: &'static Route) -> Vec<Self> {
        let head = (route.method == Method::GET).then_some(Method::HEAD);
        [Some(route.method.clone()), head]
            .into_iter()
            .flatten()
            .map(|method| Self { route, method, variant: None })
            .collect()
    }

    /// The scope that the route asks for.
    pub(crate) const fn scope(&self) -> Option<Scope> {
        match self.route.access() {
            Access::Metered { scope } => scope,
            Access::Public | Access::Session | Access::Unmetered => None,
        }
    }

    /// Whether its requests name something that belongs to a tenant.
    pub(crate) fn names_something(&self) -> bool {
        let (path, query, body) = self.template();
        let has = |name: &str| [path.as_str(), query, body].iter().any(|text| text.contains(name));
        // What is put under a key is made where it does not exist.
        has("KEY") || has("MEMORY") || has("WEBHOOK") || (self.names_the_key() && self.method != Method::PUT)
    }

    /// Whether it names the key of the memory.
    pub(crate) fn names_the_key(&self) -> bool {
        let (_, query, body) = self.template();
        query.contains("HELD") || body.contains("HELD")
    }

    /// Whether it names a webhook endpoint.
    pub(crate) fn names_the_webhook(&self) -> bool {
        self.template().0.contains("WEBHOOK")
    }

    /// Whether it makes a memory.
    pub(crate) fn makes_a_memory(&self) -> bool {
        let is_put = self.method == Method::PUT && self.route.path.ends_with("/by-key");
        (self.route.path.ends_with("/memories") && self.method == Method::POST
            || self.is_about_new_memories()
            || is_put)
            && !self.names_the_key()
    }

    /// Sends its request about `named`, under this idempotency key if there is one.
    pub(crate) async fn send_under(
        &self,
        instance: &Instance,
        credential: Option<&str>,
        named: &Named,
        key: Option<&str>,
    ) -> Answer {
        self.send_with(instance, credential, named, key.map(|key| ("idempotency-key", key)).as_slice()).await
    }

    /// Sends its request about `named`, with these further headers.
    pub(crate) async fn send_with(
        &self,
        instance: &Instance,
        credential: Option<&str>,
        named: &Named,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send_to(instance, credential, named, "", headers).await
    }

    /// Sends its request about `named`, with these further query parameters and headers.
    pub(crate) async fn send_to(
        &self,
        instance: &Instance,
        credential: Option<&str>,
        named: &Named,
        further: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let (path, query, body) = self.template();
        let query: Vec<&str> = [query, further].into_iter().filter(|part| !part.is_empty()).collect();
        let target = named.put_into(&format!("{path}?{}", query.join("&")));
        let mut headers = headers.to_vec();
        headers.extend((!body.is_empty()).then_some(("content-type", self.media_type())));
        let client = credential.map_or_else(|| instance.client.clone(), |key| instance.client.with(key));
        let target = target.trim_end_matches('?');
        client.send_raw(self.method.clone(), target, &headers, named.put_into(body)).await
    }

    /// Sends its request about `named`, with these further query parameters and fields of the body.
    pub(crate) async fn send(
        &self,
        instance: &Instance,
        credential: Option<&str>,
        named: &Named,
        query: &str,
        fields: &Value,
    ) -> Answer {
        let (path, own_query, body) = self.template();
        let query: Vec<&str> = [own_query, query].into_iter().filter(|part| !part.is_empty()).collect();
        let target = named.put_into(&format!("{path}?{}", query.join("&")));
        let idle = self.takes_an_idle_body() && fields.as_object().is_some_and(|fields| !fields.is_empty());
        let body = if idle { "{}" } else { body };
        let body = (!body.is_empty()).then(|| {
            let mut body: Value = serde_json::from_str(&named.put_into(body)).expect("a body in JSON");
            let object = body.as_object_mut().expect("an object");
            object.extend(fields.as_object().expect("fields").clone());
            body
        });
        let client = credential.map_or_else(|| instance.client.clone(), |key| instance.client.with(key));
        let headers = body.is_some().then_some(("content-type", self.media_type()));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        client.send_raw(self.method.clone(), target.trim_end_matches('?'), headers.as_slice(), body).await
    }

    /// Whether it reads no body, but heeds whose name is in one.
    pub(crate) fn takes_an_idle_body(&self) -> bool {
        matches!(self.route.access(), Access::Metered { .. })
            && [Method::GET, Method::DELETE].contains(&self.method)
    }

    /// The media type of its body.
    pub(crate) fn media_type(&self) -> &'static str {
        if self.sends_lines() { ndjson::MEDIA_TYPE } else { "application/json" }
    }

    /// Whether it makes memories, of whatever number.
    pub(crate) fn is_about_new_memories(&self) -> bool {
        ["/bulk", "/import"].iter().any(|end| self.route.path.ends_with(end))
    }

    /// Whether its body is NDJSON.
    pub(crate) fn sends_lines(&self) -> bool {
        self.route.path.ends_with("/import")
    }

    /// Whether it names many things, and is answered well whichever of them are there.
    pub(crate) fn is_about_many(&self) -> bool {
        ["/bulk-delete", "/bulk-update", "/batch-get"].iter().any(|end| self.route.path.ends_with(end))
    }

    /// Whether it has a body.
    pub(crate) fn has_body(&self) -> bool {
        !self.template().2.is_empty()
    }

    /// The path about `named`.
    pub(crate) fn path(&self, named: &Named) -> String {
        named.put_into(&self.template().0)
    }

    /// Path and query about `named`.
    pub(crate) fn target(&self, named: &Named) -> String {
        let (path, query, _) = self.template();
        named.put_into(&format!("{path}?{query}")).trim_end_matches('?').to_owned()
    }

    /// Path, query and body, with names in the place of ids.
    fn template(&self) -> (String, &'static str, &'static str) {
        let (method, path) = (&self.route.method, self.route.path);
        let row = REQUESTS.iter().find(|(of, at, ..)| of == method && *at == path);
        let has_body = ![Method::GET, Method::DELETE].contains(method);
        if let Some((query, body)) = self.variant {
            return (path_with_name(path), query, body);
        }
        let (query, body) =
            row.map_or(("", if has_body { "{}" } else { "" }), |(.., query, body)| (*query, *body));
        (path_with_name(path), query, body)
    }
}

/// `path` with the name of an id in the place of its braces.
fn path_with_name(path: &str) -> String {
    let Some((before, rest)) = path.split_once('{') else { return path.to_owned() };
    let (_, after) = rest.split_once('}').expect("braces that close");
    let name = IDS.iter().find(|(at, _)| path.starts_with(at)).map(|(_, name)| name);
    let name = name.unwrap_or_else(|| {
        panic!("what is the id in {path}? Add a row to IDS in tests/it/routes.rs, so that the tests can try the route with another tenant's")
    });
    format!("{before}{name}{after}").replace("{eventId}", "EVENT")
}
