//! A scenario: keys are created, used, rotated, revoked and guessed; memories are written; requests fail; a pepper is
//! rotated and becomes unavailable.

use hb_domain::key::Environment;
use hb_domain::{ApiKey, Clock, KeyId, Scopes};
use hb_local::gateway::Gateway;
use hb_local::server::Server;
use hb_local::stack;
use hb_local::template::Template;
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Answer, Client, World, seed};
use http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

const KEYS: &str = "/api/v1/api-keys";
const MEMORIES: &str = "/api/v1/memories";
const NO_MEMORY: &str = "/api/v1/memories/mem_0";
/// The first is the pepper of the world.
const PEPPERS: [&str; 3] = [
    "a pepper of more than sixteen bytes",
    "the second pepper, of enough bytes",
    "the third pepper, of enough bytes too",
];
/// The content of memories.
pub(crate) const CONTENT: &str = "the launch code is four-four-two";
pub(crate) const CHANGED: &str = "the launch code was five-one-nine";

/// What happened, and the secrets that the log may not contain.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// Every key that was issued, guessed or mistyped.
    pub(crate) keys: Vec<String>,
    /// Every response except those that return a new key.
    pub(crate) answers: Vec<Answer>,
}

/// One instance of every function without the tests' tap in front of the SDK, which would change what the SDK logs.
struct Untapped {
    client: Client,
    clock: Clock,
    _gateway: Server,
}

impl Untapped {
    async fn new(world: &World) -> Self {
        let template = Template::embedded().expect("the template");
        let clock = Clock::fixed(world.clock.now());
        let store = stack::store(&world.aws);
        let gateway = Gateway::new(&template, &store, &clock, &seed::entropy(), None).expect("a gateway");
        let gateway = gateway.serve(0).await.expect("a port");
        Self { client: Client::new(&gateway.url()), clock, _gateway: gateway }
    }
}

impl Story {
    /// Runs the scenario.
    pub(crate) async fn tell() -> Self {
        let mut story = Self::default();
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        story.keys.push(account.key.clone());
        let first = Untapped::new(&world).await;
        let owner = first.client.with(&account.key);
        let dev = story.manage_keys(&world, &account, &first).await;
        story.use_memories(&owner).await;
        story.make_mistakes(&owner, &dev).await;

        world.secrets.rotate(PEPPERS[2]);
        world.secrets.set_away(true);
        let cold = Untapped::new(&world).await;
        story.ask(&cold.client.with(&dev), Method::GET, MEMORIES, None).await;
        world.secrets.set_away(false);
        story.ask(&cold.client.with(&dev), Method::GET, MEMORIES, None).await;
        story
    }

    /// Creates, uses, rotates and revokes keys, across a rotation of the pepper. Returns a key that still works.
    async fn manage_keys(&mut self, world: &World, account: &Account, first: &Untapped) -> String {
        let owner = first.client.with(&account.key);
        let body = json!({"name": "dev", "environment": "development"});
        let dev = self.hand_out(&owner, KEYS, body.clone()).await;
        self.ask(&owner, Method::POST, KEYS, Some(body)).await;
        let body = json!({"name": "worker", "scopes": ["read:memories"]});
        let worker = self.hand_out(&owner, KEYS, body).await;
        let (keyed, body) =
            ([("content-type", "application/json"), ("idempotency-key", "k")], json!({"name": "keyed"}));
        let made = owner.send_raw(Method::POST, KEYS, &keyed, body.to_string()).await;
        self.keys.push(made.data()["plainKey"].as_str().expect("a plain key").to_owned());
        self.answers.push(owner.send_raw(Method::POST, KEYS, &keyed, body.to_string()).await);
        let body = json!({"keyId": id_of(&worker), "gracePeriodSeconds": 60});
        let rotated = self.hand_out(&owner, &format!("{KEYS}/rotate"), body).await;

        world.secrets.rotate(PEPPERS[1]);
        let second = Untapped::new(world).await;
        let (_, newer) = world.key(&account.tenant, Scopes::all(), None).await;
        self.keys.push(newer.clone());
        for plain in [&worker, &rotated, &dev, &newer] {
            for client in [first.client.with(plain), second.client.with(plain)] {
                self.ask(&client, Method::GET, MEMORIES, None).await;
                self.ask(&client, Method::DELETE, NO_MEMORY, None).await;
            }
        }
        let body = json!({"keyId": id_of(&rotated)});
        self.ask(&owner, Method::POST, &format!("{KEYS}/revoke"), Some(body)).await;
        first.clock.set(moment("2026-11-24T12:01:00Z"));
        for plain in [&worker, &rotated, &guess(&worker), &format!("{dev}x"), &dev[1..].to_owned()] {
            self.keys.push(plain.clone());
            for client in [first.client.with(plain), second.client.with(plain)] {
                self.ask(&client, Method::GET, MEMORIES, None).await;
            }
        }
        let id = id_of(&dev);
        for path in [KEYS.to_owned(), format!("{KEYS}/{id}"), format!("{KEYS}/usage?keyId={id}")] {
            self.ask(&owner, Method::GET, &path, None).await;
        }
        dev
    }

    async fn use_memories(&mut self, client: &Client) {
        let body = json!({"content": CONTENT, "type": "semantic", "metadata": {"note": CONTENT}});
        self.ask(client, Method::POST, MEMORIES, Some(body)).await;
        let path = self.answers.last().expect("an answer").header("location").to_owned();
        self.ask(client, Method::PATCH, &path, Some(json!({ "content": CHANGED }))).await;
        let body = json!({ "query": CHANGED });
        self.ask(client, Method::POST, "/api/v1/memories/search", Some(body)).await;
        self.ask(client, Method::GET, MEMORIES, None).await;
        self.ask(client, Method::DELETE, &path, None).await;
    }

    /// Sends content and keys in places where they do not belong.
    async fn make_mistakes(&mut self, client: &Client, plain: &str) {
        let body = json!({"content": CONTENT, "type": CONTENT, "importance": plain, "tags": plain});
        self.ask(client, Method::POST, MEMORIES, Some(body)).await;
        self.ask(client, Method::GET, &format!("{KEYS}/{plain}"), None).await;
        self.ask(client, Method::GET, &format!("/{plain}"), None).await;
        self.ask(client, Method::GET, &format!("{MEMORIES}?cursor={plain}&token={plain}"), None).await;
        self.ask(client, Method::GET, &format!("{MEMORIES}?tenantId={plain}"), None).await;
        self.ask(client, Method::POST, &format!("{KEYS}/revoke"), Some(json!({ "keyId": plain }))).await;
        let json = [("content-type", "application/json")];
        self.answers.push(client.send_raw(Method::POST, MEMORIES, &json, format!("{{\"{plain}")).await);
        self.answers.push(client.send_raw(Method::POST, MEMORIES, &json, format!("\"{plain}\"")).await);
        let twice = [("authorization", format!("Bearer {plain}"))];
        let twice = twice.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.answers.push(client.send_raw(Method::GET, MEMORIES, &twice, "").await);
    }

    async fn ask(&mut self, client: &Client, method: Method, path: &str, body: Option<Value>) {
        self.answers.push(client.send(method, path, body).await);
    }

    /// Sends a request that returns a new key.
    async fn hand_out(&mut self, client: &Client, path: &str, body: Value) -> String {
        let answer = client.post(path, body).await;
        let plain = answer.data()["plainKey"].as_str().expect("a plain key").to_owned();
        self.keys.push(plain.clone());
        plain
    }

    /// The secrets that `text` contains, as text or as a list of bytes: whole keys, the secret characters of keys,
    /// peppers.
    pub(crate) fn leaks(&self, text: &str) -> Vec<String> {
        let mut secrets: Vec<String> = PEPPERS.map(str::to_owned).into();
        for key in &self.keys {
            let body = key.rsplit('_').next().expect("a last part");
            secrets.extend([key.clone(), body[12..30].to_owned()]);
        }
        secrets.sort_unstable();
        secrets.dedup();
        secrets.retain(|secret| {
            let bytes = format!("{:?}", secret.as_bytes());
            text.contains(secret.as_str()) || text.contains(bytes.trim_matches(['[', ']']))
        });
        secrets
    }
}

fn id_of(plain: &str) -> KeyId {
    ApiKey::parse(plain).expect("a key").id()
}

/// A well-formed key with the same id and an unknown secret.
#[expect(clippy::disallowed_methods, reason = "a guessed key belongs to nobody")]
fn guess(plain: &str) -> String {
    let mut rng = StdRng::seed_from_u64(1);
    ApiKey::mint(&id_of(plain), Environment::Production, &mut rng).expose().to_owned()
}
