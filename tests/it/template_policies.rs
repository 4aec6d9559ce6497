//! Each function may do what its routes do, and nothing else.

mod dashboard;
mod deliveries;

use std::collections::BTreeSet;
use std::time::Duration;

use hb_domain::plan::Plan;
use hb_http::Route;
use hb_http::route::{self, Access, Found};
use hb_local::functions::{self, FUNCTIONS};
use hb_local::template::Template;
use hb_tests::feed::{self, About};
use hb_tests::issuer::TestIssuer;
use hb_tests::roles::{self, Grant};
use hb_tests::world::Account;
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use serde_json::{Value as Json, json};

#[tokio::test]
async fn each_consumer_may_do_what_its_records_need_and_nothing_else() {
    let template = Template::embedded().expect("the template");
    let world = every_kind_of_record().await;
    for (function, consumer) in functions::consumers() {
        let calls = world.deliver_to(function).await;
        let mut used: BTreeSet<String> = calls.into_iter().flat_map(|call| call.permissions).collect();
        if function == "delivery" {
            used.extend(Box::pin(deliveries::permissions()).await);
        }
        // What a schedule finds without its record is no loss.
        let sends = used.contains("sqs:SendMessage StreamDeadLetters") || consumer.schedule.is_some();
        assert!(
            used.len() > 1 && sends,
            "tests/it/template_policies.rs: let every_kind_of_record make a record that {function} processes, and one \
             that it cannot read"
        );
        check(&template, function, &used);
    }
}

/// A world whose streams have a record of each kind: memories were created, changed and deleted, one has expired, and one
/// that cannot be read has expired too.
async fn every_kind_of_record() -> World {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let ends = world.clock.now().plus(Duration::from_secs(60));
    let brief = json!({"content": "brief", "type": "task", "expiresAt": ends, "key": "brief"});
    client.post("/api/v1/memories", brief).await.expect(201, "");
    // What is recorded now is delivered again.
    world.listen(&account.tenant).await;
    world.subscribe(&account.tenant, 1, &["*"], "active").await;
    world.try_deliver().await.expect("a delivery");
    // And the head of another feed is restored without the events that follow it.
    let other = world.account("globex", Plan::Pro).await;
    world.listen(&other.tenant).await;
    world.append_at(&other.tenant, 1, About::Search(1), world.clock.now()).await;
    let lasting = client.post("/api/v1/memories", json!({"content": "lasting", "type": "task"})).await;
    let path = format!("/api/v1/memories/{}", lasting.data()["id"].as_str().expect("an id"));
    client.send(Method::PATCH, &path, Some(json!({"importance": 1}))).await.expect(200, "");
    client.send(Method::DELETE, &path, None).await.expect(200, "");
    let damaged =
        client.post("/api/v1/memories", json!({"content": "x", "type": "task", "expiresAt": ends})).await;
    // One consumer reads the first, and one the second.
    for attribute in ["writeSeq", "version"] {
        world.damage(&account.tenant, damaged.data()["id"].as_str().expect("an id"), attribute).await;
    }
    world.clock.set(ends.plus(Duration::from_secs(1)));
    assert_eq!(world.sweep().await, 2);
    world
}

/// Checks that the role of a function allows exactly its calls and what its platform needs.
fn check(template: &Template, name: &str, used: &BTreeSet<String>) {
    let function = FUNCTIONS.iter().find(|function| function.name == name).expect("a row");
    let mut needed: BTreeSet<Grant> = used.iter().map(|permission| Grant::for_call(permission)).collect();
    needed.extend(roles::platform(template, function));
    roles::assert_exact(template, &function.role(), &needed);
}

#[tokio::test]
async fn each_function_may_do_what_its_routes_do_and_nothing_else() {
    let template = Template::embedded().expect("the template");
    for (function, table) in functions::route_tables() {
        let mut scenario = Scenario::new(table).await;
        match function {
            "api-keys" => api_keys(&mut scenario).await,
            "memories" => memories(&mut scenario).await,
            "auth" => auth(&mut scenario).await,
            "webhooks" => webhooks(&mut scenario).await,
            "docs" => docs(&mut scenario).await,
            "dashboard" => dashboard::scenario(&mut scenario).await,
            other => panic!(
                "tests/it/template_policies.rs: add a scenario that sends a request to every route of {other}"
            ),
        }
        scenario.send_to_plain_routes().await;
        for route in table {
            let driven = scenario.driven.contains(&(route.method.clone(), route.path));
            assert!(driven, "let the scenario of {function} drive {} {}", route.method, route.path);
        }
        check(&template, function, &scenario.used);
    }
}

/// A fresh instance on which one function's routes are driven.
struct Scenario {
    table: &'static [Route],
    account: Account,
    instance: Instance,
    client: Client,
    issuer: TestIssuer,
    driven: BTreeSet<(Method, &'static str)>,
    used: BTreeSet<String>,
    world: World,
}

impl Scenario {
    async fn new(table: &'static [Route]) -> Self {
        let mut world = World::new().await;
        let issuer = TestIssuer::start(&mut world).await;
        let account = world.account("acme", Plan::Pro).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        let (driven, used) = Default::default();
        let mut scenario = Self { table, account, instance, client, issuer, driven, used, world };
        scenario.meet_a_user().await;
        scenario.pass_the_origin().await;
        scenario
    }

    /// A request to an instance that requires the origin secret.
    async fn pass_the_origin(&mut self) {
        self.world.secrets.rotate_origin_secret("an origin secret of this test");
        let instance = self.world.instance_behind_cloudfront().await;
        let path = self.table[0].path.replace("{id}", "x");
        let header = ("x-origin-secret", "an origin secret of this test");
        instance.client.send_raw(Method::OPTIONS, &path, &[header], "").await;
        self.used.extend(instance.tap.take().into_iter().flat_map(|call| call.permissions));
    }

    /// A user's first request, and one with the token that a session is traded for: what every function with a guarded route does.
    async fn meet_a_user(&mut self) {
        let route = self.table.iter().find(|route| route.access() != Access::Public);
        let Some(route) = route else { return };
        let path = route.path.replace("{id}", "x");
        let (first, second) = (self.issuer.token("user_first"), self.issuer.token("user_second"));
        for credential in [first, self.own_token(&second).await] {
            self.instance.tap.take();
            self.instance.client.with(&credential).get(&path).await;
            self.used.extend(self.instance.tap.take().into_iter().flat_map(|call| call.permissions));
        }
        self.instance.clock.set(self.instance.clock.now().plus(Duration::from_secs(2)));
    }

    /// A token that another instance made, so that this one has read no secret for it yet.
    async fn own_token(&self, session: &str) -> String {
        let other = self.world.instance().await;
        let traded = other.client.with(session).get("/auth/clerk-token").await;
        traded.data()["token"].as_str().expect("a token").to_owned()
    }

    /// Sends a GET to each route that the scenario has left out and that needs nothing but its path.
    async fn send_to_plain_routes(&mut self) {
        for route in self.table {
            let is_plain = route.method == Method::GET && !route.path.contains('{');
            if is_plain && !self.driven.contains(&(Method::GET, route.path)) {
                assert!(
                    self.get(route.path).await.status.is_success(),
                    "let a scenario drive GET {}",
                    route.path
                );
            }
        }
    }

    /// Sends a request to one of the function's routes and notes what it needed.
    async fn send(&mut self, method: Method, path: &str, body: Option<Json>) -> Answer {
        let headers = body.is_some().then_some(("content-type", "application/json"));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send_raw(method, path, headers.as_slice(), &body).await
    }

    async fn send_raw(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let bare = path.split('?').next().expect("a path");
        let Found::Route(found, _) = route::find(&[self.table], &method, bare) else {
            panic!("{method} {path} is no route of this function")
        };
        self.driven.insert((found.method.clone(), found.path));
        let answer = self.client.send_raw(method, path, headers, body.to_owned()).await;
        self.used.extend(self.instance.tap.take().into_iter().flat_map(|call| call.permissions));
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    async fn post(&mut self, path: &str, body: Json) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }
}

async fn auth(scenario: &mut Scenario) {
    let before = scenario.used.clone();
    assert_eq!(scenario.get("/health").await.status, 200);
    assert_eq!(scenario.used, before, "health asks nobody");
    assert_eq!(scenario.get("/api/v1/rate-limit").await.status, 200);
    assert_eq!(scenario.get("/.well-known/jwks.json").await.status, 200);
    // A key cannot be traded, and its request counts.
    assert_eq!(scenario.get("/auth/clerk-token").await.status, 403);
    scenario.client = scenario.instance.client.with(&scenario.issuer.token("user_new"));
    for method in [Method::GET, Method::POST] {
        assert_eq!(scenario.send(method, "/auth/clerk-token", None).await.status, 200);
    }
}

async fn docs(scenario: &mut Scenario) {
    let before = scenario.used.clone();
    for path in ["/openapi.json", "/docs", "/docs/start.js"] {
        assert_eq!(scenario.get(path).await.status, 200, "{path}");
    }
    assert_eq!(scenario.used, before, "files ask nobody");
}

async fn webhooks(scenario: &mut Scenario) {
    let new = json!({"name": "Billing", "url": "https://example.com/hook", "events": ["*"]});
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let created = scenario.send_raw(Method::POST, "/api/v1/webhooks", &headers, &new.to_string()).await;
    created.expect(201, "");
    scenario.post("/api/v1/webhooks", new).await.expect(409, "DUPLICATE_RESOURCE");
    // A request that fails after its record was made removes it.
    scenario.send_raw(Method::POST, "/api/v1/webhooks", &[headers[0], ("idempotency-key", "l")], "{}").await;
    let path = created.header("location").to_owned();
    scenario.get(&path).await.expect(200, "");
    let (tenant, memory) = (scenario.account.tenant.clone(), "mem_0123456789abcdefghijkl");
    scenario.world.append_at(&tenant, 1, About::Created(memory), scenario.world.clock.now()).await;
    scenario.world.index_event(&tenant, 1).await;
    scenario.post(&format!("{path}/test"), json!({})).await.expect(200, "");
    scenario.post(&format!("{path}/rotate-secret"), json!({})).await.expect(200, "");
    let since = json!({"since": "2026-11-24T11:00:00Z"});
    scenario.post(&format!("{path}/recover"), since).await.expect(200, "");
    let resend = format!("{path}/deliveries/{}/resend", feed::event_id(1));
    scenario.post(&resend, json!({})).await.expect(200, "");
    scenario.get(&format!("{path}/deliveries")).await.expect(200, "");
    let moved = json!({"url": "https://example.com/moved"});
    scenario.send(Method::PATCH, &path, Some(moved)).await.expect(200, "");
    scenario.send(Method::DELETE, &path, None).await.expect(200, "");

    let (world, account) = (&scenario.world, &scenario.account);
    let memory = "mem_0123456789abcdefghijkl";
    for (position, about) in [(1, About::Created(memory)), (2, About::KeyCreated(&account.id))] {
        world.append(&account.tenant, position, about).await;
    }
    for cursor in ["", "?cursor=latest"] {
        assert_eq!(scenario.get(&format!("/api/v1/events{cursor}")).await.status, 200);
    }
}

async fn memories(scenario: &mut Scenario) {
    let new = json!({"content": "tea, no sugar", "type": "semantic"});
    let path = scenario.post("/api/v1/memories", new).await.header("location").to_owned();
    for query in [
        "",
        "?page=2",
        "?sort=updatedAt",
        "?sort=importance",
        "?type=semantic&sort=updatedAt",
        "?namespace=a",
    ] {
        assert_eq!(scenario.get(&format!("/api/v1/memories{query}")).await.status, 200);
    }
    assert_eq!(scenario.get(&path).await.status, 200);
    let patched = scenario.send(Method::PATCH, &path, Some(json!({"importance": 1}))).await;
    assert_eq!(patched.status, 200);
    let whole = json!({"content": "tea, no sugar", "type": "semantic", "namespace": ["drinks"]});
    assert_eq!(scenario.send(Method::PUT, &path, Some(whole)).await.status, 200);
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let read = scenario.post("/api/v1/memories/batch-get", json!({"ids": [id]})).await;
    assert_eq!(read.data()["memories"][0]["namespace"], json!(["drinks"]));
    let items = json!({"items": [{"id": id, "patch": {"importance": 0}}]});
    assert_eq!(scenario.post("/api/v1/memories/bulk-update", items).await.data()["updated"], 1);
    assert_eq!(scenario.get("/api/v1/namespaces").await.data()["namespaces"], json!([["drinks"]]));
    for sort in ["createdAt", "updatedAt", "importance"] {
        assert_eq!(scenario.post("/api/v1/memories/query", json!({"sort": sort})).await.status, 200);
    }
    let found = scenario.post("/api/v1/memories/search", json!({"query": "tea"})).await;
    assert_ne!(found.data()["results"], json!([]));
    scenario.world.record_searches(&scenario.account.tenant).await;
    scenario.post("/api/v1/memories/search", json!({"query": "tea"})).await.expect(200, "");
    assert_eq!(scenario.send(Method::DELETE, &path, None).await.status, 200);
    assert_eq!(scenario.send(Method::DELETE, &path, None).await.status, 404);

    let by_key = "/api/v1/memories/by-key?key=tea";
    for status in [201, 200] {
        let body = json!({"content": "tea, no sugar", "type": "semantic"});
        assert_eq!(scenario.send(Method::PUT, by_key, Some(body)).await.status, status);
    }
    assert_eq!(scenario.get(by_key).await.status, 200);
    assert_eq!(scenario.send(Method::DELETE, by_key, None).await.status, 200);

    let many = json!({"memories": [{"content": "one of many", "type": "task", "userId": "maya"}]});
    assert_eq!(scenario.post("/api/v1/memories/bulk", many).await.data()["created"], 1);
    let export = scenario.get("/api/v1/memories/export").await;
    let lines = ("content-type", "application/x-ndjson");
    let imported = scenario.send_raw(Method::POST, "/api/v1/memories/import", &[lines], &export.text).await;
    assert_eq!(imported.data()["existing"], 1);
    for body in [json!({"ids": ["mem_x"]}), json!({"filter": {"userId": "maya"}})] {
        assert_eq!(scenario.post("/api/v1/memories/bulk-delete", body).await.status, 200);
    }

    let (json, key) = (("content-type", "application/json"), ("idempotency-key", "1"));
    let body = r#"{"content": "once", "type": "task"}"#;
    let created = scenario.send_raw(Method::POST, "/api/v1/memories", &[json, key], body).await;
    let path = created.header("location").to_owned();
    let items = format!(
        r#"{{"items": [{{"id": "{}", "patch": {{"importance": 0}}}}]}}"#,
        path.rsplit('/').next().expect("an id")
    );
    let updated = scenario
        .send_raw(Method::POST, "/api/v1/memories/bulk-update", &[json, ("idempotency-key", "4")], &items)
        .await;
    assert_eq!(updated.data()["updated"], 1);
    for (key, body, status) in [("2", r#"{"importance": 1}"#, 200), ("3", r#"{"importance": 2}"#, 400)] {
        let headers = [json, ("idempotency-key", key)];
        assert_eq!(scenario.send_raw(Method::PATCH, &path, &headers, body).await.status, status);
    }
}

async fn api_keys(scenario: &mut Scenario) {
    let now = scenario.instance.clock.now();
    let new = json!({"name": "short-lived", "expiresAt": now.plus(Duration::from_secs(60))});
    let id = scenario.post("/api/v1/api-keys", new.clone()).await.data()["id"].clone();
    scenario.post("/api/v1/api-keys", new).await.expect(409, "DUPLICATE_RESOURCE");
    assert_eq!(scenario.get("/api/v1/api-keys").await.status, 200);
    let path = format!("/api/v1/api-keys/{}", scenario.account.id);
    assert_eq!(scenario.get(&path).await.status, 200);
    let usage = format!("/api/v1/api-keys/usage?keyId={}", scenario.account.id);
    assert_eq!(scenario.get(&usage).await.status, 200);
    for grace in [0, 60] {
        let body = json!({"keyId": id, "gracePeriodSeconds": grace});
        assert_eq!(scenario.post("/api/v1/api-keys/rotate", body).await.status, 200);
    }
    // The name of an expired key is released by the next request for that name.
    scenario.instance.clock.set(now.plus(Duration::from_secs(61)));
    let again = scenario.post("/api/v1/api-keys", json!({"name": "short-lived"})).await;
    assert_eq!(again.status, 201);
    let (json, key) = (("content-type", "application/json"), ("idempotency-key", "1"));
    for (body, status) in [("{}", 400), (r#"{"name": "once"}"#, 201)] {
        let answer = scenario.send_raw(Method::POST, "/api/v1/api-keys", &[json, key], body).await;
        assert_eq!(answer.status, status);
    }
    for id in [id, again.data()["id"].clone()] {
        assert_eq!(scenario.post("/api/v1/api-keys/revoke", json!({"keyId": id})).await.status, 200);
    }
}
