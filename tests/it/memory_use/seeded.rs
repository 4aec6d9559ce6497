//! A tenant whose memories have the maximum size.

use std::cell::Cell;

use hb_http::Route;
use hb_http::route::Access;
use hb_tests::feed::{self, About};
use hb_tests::world::{Account, plenty};
use hb_tests::{Client, World};
use http::Method;
use serde_json::{Value, json};

use super::garbage;

/// The maximum number of memories in one response.
const MANY: usize = 100;

/// The tenant, and the ids of its memories and keys.
pub(super) struct Seeded {
    pub(super) world: World,
    pub(super) account: Account,
    pub(super) memories: Vec<String>,
    pub(super) old: Vec<String>,
    pub(super) keys: Vec<String>,
    pub(super) webhooks: Vec<String>,
    used: Cell<usize>,
}

/// Metadata of 16 KiB with the maximum number of values.
pub(super) fn metadata() -> Value {
    let dense: Value = serde_json::from_str(&garbage::repeated(r#"{"":0}"#, 499 * 7 + 1)).expect("JSON");
    let mut metadata = json!({"m": dense, "s": ""});
    let room = 16 * 1_024 - metadata.to_string().len();
    metadata["s"] = json!("x".repeat(room));
    metadata
}

/// The largest memory: each of its one-byte characters takes six bytes in JSON.
pub(super) fn memory() -> Value {
    let tag = |number: usize| format!("{number:02}{}", "\u{1}".repeat(62));
    let mut namespace = vec!["\u{1}".repeat(128); 10];
    namespace[0] = "seeded".into();
    json!({
        "content": format!("tea {}", "\u{1}".repeat(9_996)), "type": "task", "metadata": metadata(),
        "tags": (0..50).map(tag).collect::<Vec<_>>(),
        "agentId": "\u{1}".repeat(128), "sessionId": "\u{1}".repeat(128), "userId": "new",
        "namespace": namespace,
    })
}

/// A line of an import with every possible error, in less than 4 KiB.
pub(super) fn wrong_line() -> String {
    let mut line = json!({"content": 1, "type": 1, "tags": 1, "metadata": 1, "id": 1, "createdAt": true});
    for number in 0..20 {
        line[format!("{number:02}{}", "\u{1}".repeat(28))] = json!(0);
    }
    line.to_string()
}

/// The number of webhook endpoints; the requests that create one make two more.
const WEBHOOKS: usize = 18;

/// The largest webhook endpoint, whose URL contains `name`. Its host does not exist.
pub(super) fn webhook(name: &str) -> Value {
    let url = format!("https://nothing.example.com/{name}/");
    let url = format!("{url}{}", "u".repeat(2_048 - url.len()));
    json!({"name": "\u{1f9e0}".repeat(100), "url": url, "events": hb_domain::event::EventPattern::ALL})
}

impl Seeded {
    /// A tenant, with memories if requested.
    pub(super) async fn new(has_memories: bool) -> Self {
        let world = World::without_stream().await;
        world.clock.set(hb_domain::Clock::system().now());
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        let many = if has_memories { MANY } else { 0 };
        let memories = seed(&client, many, "new", memory()).await;
        let old = seed(&client, many, "old", json!({"content": "tea", "type": "task"})).await;
        // The densest metadata that was possible before its values were limited.
        let dense = format!(r#"{{"m":{}}}"#, garbage::repeated(r#"{"":0}"#, 2_325 * 7 + 1));
        for id in &old {
            world.keep_metadata(&account.tenant, id, &dense).await;
        }
        let mut keys = Vec::new();
        for _ in 0..90 {
            keys.push(world.key(&account.tenant, hb_domain::Scopes::all(), None).await.0.to_string());
        }
        let events =
            memories.iter().zip(&old).flat_map(|(new, old)| [About::Created(new), About::Updated(old)]);
        for (position, about) in (1..).zip(events) {
            world.append_at(&account.tenant, position, about, world.clock.now()).await;
        }
        // An event that is sent again.
        world.append_at(&account.tenant, 1_000, About::Search(1), world.clock.now()).await;
        world.index_event(&account.tenant, 1_000).await;
        let mut webhooks = Vec::new();
        for number in 0..WEBHOOKS {
            let created = client.post("/api/v1/webhooks", webhook(&number.to_string())).await;
            webhooks.push(created.data()["id"].as_str().expect("an id").to_owned());
        }
        Self { world, account, memories, old, keys, webhooks, used: Cell::default() }
    }

    /// The path of the route, with an existing id.
    pub(super) fn path(&self, route: &Route) -> String {
        // Each memory can be deleted once.
        let index = self.used.get();
        self.used.set(index + usize::from(route.method == Method::DELETE));
        let ids = match route.path {
            path if path.contains("api-keys") => &self.keys[..1],
            path if path.contains("webhooks") => {
                let path = path.replace("{id}", &self.webhooks[index % WEBHOOKS]);
                return path.replace("{eventId}", &feed::event_id(1_000));
            }
            "/docs/{file}" => return largest_file(),
            _ => &self.memories,
        };
        route.path.replace("{id}", ids.get(index % MANY).map_or("", String::as_str))
    }

    /// The query that the route needs.
    pub(super) fn query(&self, route: &Route) -> String {
        match (&route.method, route.path.rsplit('/').next()) {
            (_, Some("usage")) => format!("keyId={}", self.keys[0]),
            (_, Some("by-key")) => "key=none".to_owned(),
            _ => String::new(),
        }
    }

    /// Whether the route is public.
    pub(super) fn is_open(&self, route: &Route) -> bool {
        route.access() == Access::Public
    }

    /// The status of a valid request.
    pub(super) fn plain_status(&self, route: &Route) -> u16 {
        // The token exchange is for sessions only.
        match route.path {
            _ if route.accepts_doubled_bearer => 403,
            // No memory has the key.
            path if path.ends_with("/by-key") => 404,
            _ => 200,
        }
    }
}

/// The path of the viewer's script, the largest file that is served.
fn largest_file() -> String {
    let page = include_str!("../../../functions/docs/viewer/index.html");
    let path = page.split('"').find(|text| text.starts_with("/docs/swagger-ui-bundle"));
    path.expect("a script").to_owned()
}

async fn seed(client: &Client, many: usize, user: &str, mut body: Value) -> Vec<String> {
    body["userId"] = json!(user);
    let mut ids = Vec::new();
    for _ in 0..many {
        let created = client.post("/api/v1/memories", body.clone()).await;
        ids.push(created.data()["id"].as_str().expect("an id").to_owned());
    }
    ids
}
