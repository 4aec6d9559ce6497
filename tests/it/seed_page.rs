//! The published authentication page: its curls in its order, its headers, errors and limits, and its samples with
//! Clerk's tokens.

mod clerk;

use hb_domain::TenantId;
use hb_domain::plan::Plan;
use hb_local::sample;
use hb_tests::{Answer, Curl, Instance, World};
use serde_json::{Value, json};

const CREATE_KEY: &str = r#"curl -X POST "https://api.herobrain.ai/api/v1/api-keys" \
  -H "Authorization: Bearer hb_existing_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "Production API Key",
    "environment": "production",
    "scopes": ["read:memories", "write:memories"]
  }'"#;
const CREATE_MEMORY: &str = r#"curl -X POST "https://api.herobrain.ai/api/v1/memories" \
  -H "Authorization: Bearer hb_prod_abc123def456789012345678901234567890" \
  -H "Content-Type: application/json" \
  -d '{
    "content": "Test memory",
    "type": "episodic",
    "tenantId": "your_tenant_id"
  }'"#;
const LIST_KEYS: &str = r#"curl "https://api.herobrain.ai/api/v1/api-keys?tenantId=your_tenant_id" \
  -H "Authorization: Bearer hb_your_api_key_here""#;
const REVOKE_KEY: &str = r#"curl -X POST "https://api.herobrain.ai/api/v1/api-keys/revoke" \
  -H "Authorization: Bearer hb_your_api_key_here" \
  -H "Content-Type: application/json" \
  -d '{
    "keyId": "key_abc123def456",
    "tenantId": "your_tenant_id"
  }'"#;
const USAGE: &str = r#"curl "https://api.herobrain.ai/api/v1/api-keys/usage?keyId=key_abc123def456&days=30" \
  -H "Authorization: Bearer hb_your_api_key_here""#;
const TEST_KEY: &str = r#"curl "https://api.herobrain.ai/api/v1/memories?tenantId=00000000-0000-0000-0000-000000000001&limit=1" \
  -H "Authorization: Bearer hb_your_api_key_here""#;
const TEST_TOKEN: &str = r#"curl -I "https://api.herobrain.ai/api/v1/memories?tenantId=your_tenant_id" \
  -H "Authorization: Bearer your_token_here""#;

/// What a reader of the page puts in the place of its samples; nothing else is changed.
struct Reader {
    instance: Instance,
    /// The key the reader begins with.
    existing: String,
    /// The key that the first curl creates, and its id.
    created: String,
    created_id: String,
}

impl Reader {
    /// A fresh database with the page's sample tenant and the sample memories.
    async fn new(world: &World) -> Self {
        let account = world.account(sample::TENANT, Plan::Pro).await;
        sample::ensure_memories(&world.store, &account.tenant, world.clock.now())
            .await
            .expect("the sample memories");
        let instance = world.instance().await;
        Self { instance, existing: account.key, created: String::new(), created_id: String::new() }
    }

    async fn run(&self, command: &str) -> Answer {
        let command = command
            .replace("https://api.herobrain.ai", &self.instance.url)
            .replace("hb_existing_api_key_here", &self.existing)
            .replace("hb_prod_abc123def456789012345678901234567890", &self.created)
            .replace("hb_your_api_key_here", &self.existing)
            .replace("your_token_here", &self.existing)
            .replace("your_tenant_id", sample::TENANT)
            .replace("key_abc123def456", &self.created_id);
        Curl::parse(&command).run(&self.instance).await
    }
}

#[tokio::test]
async fn every_curl_of_the_page_works_in_the_pages_order() {
    let world = World::new().await;
    let mut reader = Reader::new(&world).await;

    let created = reader.run(CREATE_KEY).await;
    created.expect(201, "");
    let data = created.data();
    assert_eq!(data["name"], "Production API Key");
    assert_eq!(data["environment"], "production");
    assert_eq!(data["scopes"], json!(["read:memories", "write:memories"]));
    reader.created = data["plainKey"].as_str().expect("a plain key").to_owned();
    reader.created_id = data["id"].as_str().expect("an id").to_owned();
    let sample = "hb_prod_abc123def456789012345678901234567890";
    assert_eq!((reader.created.len(), &reader.created[..8]), (sample.len(), &sample[..8]));
    assert_eq!(reader.created_id.len(), "key_abc123def456".len());

    let memory = reader.run(CREATE_MEMORY).await;
    memory.expect(201, "");
    assert_eq!(
        (&memory.data()["content"], &memory.data()["type"]),
        (&json!("Test memory"), &json!("episodic"))
    );

    let listed = reader.run(LIST_KEYS).await;
    assert_eq!(status_of(&listed, &reader.created_id), "active");

    let revoked = reader.run(REVOKE_KEY).await;
    assert_eq!(
        (&revoked.data()["id"], &revoked.data()["status"]),
        (&json!(reader.created_id), &json!("revoked"))
    );
    reader.run(CREATE_MEMORY).await.expect(401, "AUTH_INVALID");

    let usage = reader.run(USAGE).await;
    assert_eq!((&usage.data()["keyId"], &usage.data()["total"]), (&json!(reader.created_id), &json!(1)));
    assert_eq!(usage.data()["daily"].as_array().map(Vec::len), Some(30));

    let tested = reader.run(TEST_KEY).await;
    assert_eq!(tested.data()["memories"][0]["content"], "Test memory");
    assert_eq!(tested.data()["memories"].as_array().map(Vec::len), Some(1));
    assert_eq!(tested.data()["pagination"]["total"].as_u64(), Some(1 + sample_count()));

    let debugged = reader.run(LIST_KEYS).await;
    assert_eq!(status_of(&debugged, &reader.created_id), "revoked");

    let head = reader.run(TEST_TOKEN).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-type"), "application/json");
    assert_ne!(head.header("x-ratelimit-remaining"), "");
}

/// The page's strategy: a new key, the configuration changed, the old key revoked.
#[tokio::test]
async fn the_pages_strategy_of_rotation_works() {
    let world = World::new().await;
    let reader = Reader::new(&world).await;
    let client = reader.instance.client.with(&reader.existing);
    let body = json!({"environment": "production", "scopes": ["read:memories", "write:memories"]});
    let mut keys = Vec::new();
    for name in ["Production 2026-10-24", "Production 2026-11-24"] {
        let mut body = body.clone();
        body["name"] = json!(name);
        keys.push(client.post("/api/v1/api-keys", body).await.data().clone());
    }
    client.post("/api/v1/api-keys/revoke", json!({"keyId": keys[0]["id"]})).await.expect(200, "");
    for (key, status) in keys.iter().zip([401, 200]) {
        let plain = key["plainKey"].as_str().expect("a plain key");
        assert_eq!(reader.instance.client.with(plain).get("/api/v1/memories").await.status, status);
    }
}

#[tokio::test]
async fn responses_have_the_pages_rate_limit_headers() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let first = client.get("/api/v1/memories").await;
    let names =
        ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-retry-after"];
    assert_eq!(names.map(|name| first.header(name)), ["1000", "999", "1796083200", ""]);
    for _ in 1..20 {
        assert_eq!(client.get("/api/v1/memories").await.status, 200);
    }
    let limited = client.get("/api/v1/memories").await;
    assert_eq!(names.map(|name| limited.header(name)), ["20", "0", "1795521606", "6"]);
}

#[tokio::test]
async fn the_pages_three_errors_are_returned_word_for_word() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let memory = json!({"content": "Test memory", "type": "episodic", "tenantId": "globex"});

    let anonymous = instance.client.get("/api/v1/memories").await;
    assert_error(&anonymous, 401, "AUTH_REQUIRED", "Authentication required");
    for foreign in [
        client.post("/api/v1/memories", memory).await,
        client.get("/api/v1/memories?tenantId=globex&limit=1").await,
        client.get("/api/v1/api-keys?tenantId=globex").await,
    ] {
        assert_error(&foreign, 403, "TENANT_MISMATCH", "Resource belongs to different tenant");
    }
    for _ in 3..20 {
        client.get("/api/v1/memories").await;
    }
    let limited = client.get("/api/v1/memories").await;
    assert_error(&limited, 429, "RATE_LIMIT_EXCEEDED", "Too many requests");
}

#[tokio::test]
async fn free_and_pro_have_the_pages_limits() {
    let world = World::new().await;
    let instance = world.instance().await;
    for (plan, month, minute, burst) in [(Plan::Free, 1_000, 10, 20), (Plan::Pro, 100_000, 100, 200)] {
        let account = world.account(plan.as_str(), plan).await;
        let client = instance.client.with(&account.key);
        let created = client.post("/api/v1/api-keys", json!({"name": "key"})).await;
        let limits = json!({"requestsPerMonth": month, "requestsPerMinute": minute, "burst": burst});
        assert_eq!(created.data()["rateLimit"], limits);
        let rate_limit = client.get("/api/v1/rate-limit").await;
        let shown = [&rate_limit.data()["month"]["limit"], &rate_limit.data()["burst"]["limit"]];
        assert_eq!(shown, [&json!(month), &json!(burst)]);
        assert_eq!(rate_limit.data()["burst"]["requestsPerMinute"], minute);
    }
}

#[track_caller]
fn assert_error(answer: &Answer, status: u16, code: &str, message: &str) {
    answer.expect(status, code);
    assert_eq!(answer.json["errors"], json!([{"code": code, "message": message}]));
}

fn status_of(list: &Answer, id: &str) -> Value {
    let keys = list.data()["keys"].as_array().expect("keys");
    keys.iter().find(|key| key["id"] == id).expect("the key")["status"].clone()
}

fn sample_count() -> u64 {
    let tenant = TenantId::parse(sample::TENANT).expect("the sample tenant");
    sample::read_sample(&tenant).expect("the sample").len() as u64
}
