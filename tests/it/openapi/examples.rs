//! The examples of the document: requests to the service, and what it answered.

use std::time::Duration;

use hb_domain::event::EventType;
use hb_domain::plan::Plan;
use hb_domain::webhook::UrlPolicy;
use hb_domain::{KeyId, ndjson};
use hb_http::Route;
use hb_local::functions;
use hb_tests::feed::{self, About};
use hb_tests::issuer::TestIssuer;
use hb_tests::receiver::{Receiver, Reply};
use hb_tests::world::Account;
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use serde_json::{Map, Value, json};

use super::stable::Stable;

/// What is sent: the values in the path and the query, and the body.
#[derive(Default)]
struct Parts {
    path: Value,
    query: Value,
    body: Value,
}

fn body(body: Value) -> Parts {
    Parts { body, ..Parts::default() }
}

fn query(query: Value) -> Parts {
    Parts { query, ..Parts::default() }
}

fn at(id: &str, body: Value) -> Parts {
    Parts { path: json!({"id": id}), body, ..Parts::default() }
}

/// A run of the service that is written down.
struct Recording {
    world: World,
    account: Account,
    instance: Instance,
    /// By operation: its request and its responses by status.
    operations: Map<String, Value>,
}

/// Every operation's request and responses, and an event of each type.
pub(crate) async fn record() -> Value {
    let mut world = World::new().await;
    world.webhook_urls = UrlPolicy::Local;
    let issuer = TestIssuer::start(&mut world).await;
    let receiver = Receiver::start(|_| Reply::Body(200, "received".to_owned())).await;
    let account = world.account("acme", Plan::Enterprise).await;
    let instance = world.instance().await;
    let url = receiver.url.clone();
    let mut recording = Recording { world, account, instance, operations: Map::new() };
    recording.memories().await;
    let keys = recording.keys().await;
    let events = recording.webhooks(&format!("{url}/hooks/herobrain"), &keys).await;
    recording.service(&issuer).await;
    let all = json!({"operations": recording.operations, "events": events});
    let first = format!("key {}", recording.account.id.body());
    Stable::new(vec![(url, "https://example.com"), (first, "First key")]).value(&all)
}

impl Recording {
    /// Sends a request of the tenant's key, two seconds after the one before.
    async fn send(&mut self, operation: &str, parts: Parts) -> Answer {
        let client = self.instance.client.with(&self.account.key);
        self.send_as(&client, operation, parts).await
    }

    async fn send_as(&mut self, client: &Client, operation: &str, parts: Parts) -> Answer {
        let clock = &self.instance.clock;
        clock.set(clock.now().plus(Duration::from_secs(2)));
        let route = route(operation);
        let text = match &parts.body {
            Value::Null => String::new(),
            Value::String(lines) => lines.clone(),
            body => body.to_string(),
        };
        let media_type = if parts.body.is_string() { ndjson::MEDIA_TYPE } else { "application/json" };
        let headers = (!text.is_empty()).then_some(("content-type", media_type));
        let answer =
            client.send_raw(route.method.clone(), &target(route, &parts), headers.as_slice(), text).await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.text);
        let response = if answer.json.is_null() { json!(answer.text) } else { answer.json.clone() };
        let example = self.operations.entry(operation).or_insert_with(
            || json!({"path": parts.path, "query": parts.query, "body": parts.body, "responses": {}}),
        );
        let responses = example["responses"].as_object_mut().expect("responses");
        responses.entry(answer.status.as_str()).or_insert(response);
        answer
    }

    async fn memories(&mut self) {
        let drink = json!({
            "content": "Prefers tea, no sugar", "type": "semantic", "userId": "maya", "importance": 0.8,
            "tags": ["drinks"], "metadata": {"source": "chat"}, "namespace": ["users", "maya"], "key": "drink",
        });
        let created = self.send("memories.create", body(drink.clone())).await;
        let memory = id(&created);
        let again = Parts { query: json!({"onConflict": "keep"}), ..body(drink) };
        self.send("memories.create", again).await;
        let items = json!([
            {"content": "Is allergic to peanuts", "type": "identity", "userId": "maya", "importance": 0.9},
            // Its key is in use.
            {"content": "Drinks tea", "type": "semantic", "userId": "maya", "namespace": ["users", "maya"], "key": "drink"},
        ]);
        let bulk = self.send("memories.createBulk", body(json!({"memories": items}))).await;
        let other = bulk.data()["results"][0]["id"].as_str().expect("an id").to_owned();
        self.send("memories.get", at(&memory, Value::Null)).await;
        self.send("memories.list", query(json!({"userId": "maya", "limit": 20}))).await;
        let search = json!({"query": "What does Maya drink?", "userId": "maya", "limit": 5, "explain": true});
        self.send("memories.search", body(search)).await;
        let filter = json!({"and": [{"userId": {"eq": "maya"}}, {"importance": {"gte": 0.85}}]});
        self.send("memories.query", body(json!({"filter": filter, "sort": "updatedAt", "limit": 20}))).await;
        self.send("memories.batchGet", body(json!({"ids": [memory, other]}))).await;
        let patch = json!({"importance": 0.9, "metadata": {"confirmed": true}});
        self.send("memories.update", at(&memory, patch.clone())).await;
        let items = json!([{"id": memory, "patch": {"tags": ["drinks", "preferences"]}}]);
        self.send("memories.updateBulk", body(json!({"items": items}))).await;
        self.send("memories.export", query(json!({"userId": "maya"}))).await;
        let line = json!({"content": "Works from home on Fridays", "type": "semantic", "userId": "maya"});
        self.send("memories.import", body(json!(format!("{line}\n")))).await;
        self.send("namespaces.list", query(json!({"prefix": "users", "limit": 50}))).await;
        let key = json!({"key": "drink", "namespace": "users/maya", "userId": "maya"});
        self.send("memories.getByKey", query(key.clone())).await;
        let put = json!({"content": "Prefers green tea, no sugar", "type": "semantic"});
        self.send("memories.putByKey", Parts { query: key.clone(), ..body(put.clone()) }).await;
        self.send("memories.deleteByKey", query(key.clone())).await;
        let created = self.send("memories.putByKey", Parts { query: key, ..body(put) }).await;
        let memory = id(&created);
        let replaced = json!({"content": "Prefers coffee now", "type": "semantic", "userId": "maya"});
        self.send("memories.replace", at(&memory, replaced)).await;
        self.send("memories.delete", at(&memory, Value::Null)).await;
        self.send("memories.deleteBulk", body(json!({"filter": {"userId": "maya"}}))).await;
    }

    /// Returns the ids of two keys, of which one was revoked.
    async fn keys(&mut self) -> [KeyId; 2] {
        let new = json!({"name": "Chat backend", "environment": "production", "scopes": ["read:memories", "write:memories"]});
        let created = self.send("apiKeys.create", body(new)).await;
        let kept = id(&created);
        let client = self.instance.client.with(created.data()["plainKey"].as_str().expect("a key"));
        client.get("/api/v1/memories").await;
        self.send("apiKeys.get", at(&kept, Value::Null)).await;
        self.send("apiKeys.usage", query(json!({"keyId": kept, "days": 2}))).await;
        self.send("apiKeys.rotate", body(json!({"keyId": kept, "gracePeriodSeconds": 3_600}))).await;
        self.send("apiKeys.list", Parts::default()).await;
        let other = self.send("apiKeys.create", body(json!({"name": "Old backend"}))).await;
        let revoked = id(&other);
        self.send("apiKeys.revoke", body(json!({"keyId": revoked}))).await;
        [kept, revoked].map(|id| KeyId::parse(&id).expect("an id"))
    }

    /// Returns an event of each type.
    async fn webhooks(&mut self, url: &str, [key, revoked]: &[KeyId; 2]) -> Map<String, Value> {
        let new = json!({"name": "Changes", "url": url, "events": ["memory.*"]});
        let created = self.send("webhooks.create", body(new)).await;
        let webhook = id(&created);
        self.send("webhooks.list", Parts::default()).await;
        self.send("webhooks.get", at(&webhook, Value::Null)).await;
        self.send("webhooks.test", at(&webhook, json!({}))).await;
        self.send("webhooks.update", at(&webhook, json!({"events": ["memory.*", "api_key.*"]}))).await;
        let new = json!({"content": "Prefers tea, no sugar", "type": "semantic", "userId": "maya"});
        let memory = self.instance.client.with(&self.account.key).post("/api/v1/memories", new).await;
        let memory = id(&memory);
        let gone = format!("mem_{}", "0".repeat(22));
        let now = self.instance.clock.now();
        self.world.clock.set(now);
        let abouts = [
            About::Created(&memory),
            About::Updated(&memory),
            About::Deleted(&gone, "deleted"),
            About::Search(3),
            About::KeyCreated(key),
            About::KeyRevoked(revoked),
            About::WebhookDisabling(&webhook, now.plus(Duration::from_secs(86_400))),
            About::WebhookDisabled(&webhook),
        ];
        for (position, about) in (1..).zip(abouts) {
            self.world.append(&self.account.tenant, position, about).await;
            self.world.index_event(&self.account.tenant, position).await;
        }
        let client = self.instance.client.with(&self.account.key);
        let all = client.get("/api/v1/events").await;
        let list = all.data()["events"].as_array().expect("events");
        let named =
            list.iter().map(|event| (event["event"].as_str().unwrap_or_default().to_owned(), event.clone()));
        let events: Map<String, Value> = named.collect();
        assert_eq!(events.len(), EventType::ALL.into_iter().count(), "{}", all.text);
        self.send("events.list", query(json!({"types": "memory.*", "limit": 2}))).await;
        let resend = Parts { path: json!({"id": webhook, "eventId": feed::event_id(1)}), ..body(json!({})) };
        self.send("webhooks.resend", resend).await;
        self.world.clock.set(self.instance.clock.now());
        self.world.courier().pass().await;
        let log = Parts { query: json!({"limit": 20}), ..at(&webhook, Value::Null) };
        self.send("webhooks.deliveries", log).await;
        self.send("webhooks.recover", at(&webhook, json!({"since": "2026-11-24T11:00:00Z"}))).await;
        self.send("webhooks.rotateSecret", at(&webhook, json!({"gracePeriodSeconds": 3_600}))).await;
        self.send("webhooks.delete", at(&webhook, Value::Null)).await;
        events
    }

    async fn service(&mut self, issuer: &TestIssuer) {
        self.send("usage.rateLimit", Parts::default()).await;
        let session = self.instance.client.with(&issuer.token("maya"));
        let scopes = json!({"scopes": "read:memories"});
        self.send_as(&session, "auth.exchangeByGet", query(scopes)).await;
        self.send_as(&session, "auth.exchange", body(json!({"scopes": ["read:memories"]}))).await;
        let anybody = self.instance.client.clone();
        self.send_as(&anybody, "auth.jwks", Parts::default()).await;
        self.send_as(&anybody, "health.check", Parts::default()).await;
    }
}

fn id(answer: &Answer) -> String {
    answer.data()["id"].as_str().expect("an id").to_owned()
}

fn route(operation: &str) -> &'static Route {
    let found = functions::routes().find(|route| route.operation.is_some_and(|named| named.id == operation));
    found.unwrap_or_else(|| panic!("no route has the operation {operation}"))
}

/// The path with its values, and the query.
fn target(route: &Route, parts: &Parts) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut path = route.path.to_owned();
    for (name, value) in parts.path.as_object().into_iter().flatten() {
        path = path.replace(&format!("{{{name}}}"), &text(value));
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parts.query.as_object().into_iter().flatten() {
        query.append_pair(name, &text(value));
    }
    let query = query.finish();
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

/// The document, which cannot contain itself.
const WITHOUT_EXAMPLE: &str = "openapi.get";

/// The routes that an example is missing for, each with the status of the response.
pub(crate) fn missing(examples: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    for route in functions::routes() {
        let Some(operation) = route.operation.filter(|operation| operation.id != WITHOUT_EXAMPLE) else {
            continue;
        };
        let example = &examples["operations"][operation.id];
        for status in operation.successes {
            if example["responses"][status.as_str()].is_null() {
                missing.push(format!("{} {status}", operation.id));
            }
        }
        let takes_body = matches!(route.method, Method::POST | Method::PUT | Method::PATCH);
        if takes_body && example["body"].is_null() {
            missing.push(format!("the body of {}", operation.id));
        }
    }
    missing
}
