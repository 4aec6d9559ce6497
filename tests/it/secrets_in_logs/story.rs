//! A scenario: keys are created, used, rotated, revoked and guessed; memories are written; requests fail; a pepper is
//! rotated and becomes unavailable; events are sent to receivers.

use hb_domain::key::Environment;
use hb_domain::webhook::UrlPolicy;
use hb_domain::{ApiKey, Clock, KeyId, Scopes};
use hb_http::Settings;
use hb_http::stream::Batch;
use hb_local::functions;
use hb_local::gateway::Gateway;
use hb_local::server::Server;
use hb_local::stack;
use hb_local::template::Template;
use hb_store::Table;
use hb_tests::deliveries::Endpoint;
use hb_tests::receiver::Reply;
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Answer, Client, Receiver, Visitor, World, dashboard, seed};
use http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

const KEYS: &str = "/api/v1/api-keys";
const MEMORIES: &str = "/api/v1/memories";
const WEBHOOKS: &str = "/api/v1/webhooks";
/// The secret of the world that encrypts those of webhooks, and one that a caller gives.
const WEBHOOK_SECRETS: [&str; 2] =
    ["a webhook key of more than sixteen", "a secret that the caller has chosen"];
/// Parts of the URL of a receiver and of its responses.
pub(crate) const PATH: &str = "path-that-only-the-owner-knows";
pub(crate) const RESPONSE: &str = "response-that-only-the-owner-reads";
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
    /// Every secret of a webhook.
    pub(crate) webhooks: Vec<String>,
    /// Every response except those that return a new key or the secret of a webhook.
    pub(crate) answers: Vec<Answer>,
    /// The secrets of every sign-in link and session of the dashboard, and the CSRF tokens, which pages have.
    pub(crate) signed_in: Vec<String>,
}

/// One instance of every function without the tests' tap in front of the SDK, which would change what the SDK logs.
struct Untapped {
    client: Client,
    url: String,
    clock: Clock,
    _gateway: Server,
}

impl Untapped {
    async fn new(world: &World) -> Self {
        let template = Template::embedded().expect("the template");
        let clock = Clock::fixed(world.clock.now());
        let store = stack::store(&world.aws);
        let settings = Settings {
            webhook_urls: UrlPolicy::Local,
            sender: Some(world.sender.clone()),
            ..Settings::default()
        };
        let gateway = Gateway::with_settings(&template, &store, &clock, &seed::entropy(), &settings)
            .expect("a gateway");
        let gateway = gateway.serve(0).await.expect("a port");
        let url = gateway.url();
        Self { client: Client::new(&url), url, clock, _gateway: gateway }
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
        story.use_webhooks(&owner).await;
        story.use_dashboard(&world, &account, &first).await;
        story.deliver(&world, &account, &owner).await;

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

    /// Signs in with a link, creates, rotates and revokes a key by forms, fails to, and signs out.
    async fn use_dashboard(&mut self, world: &World, account: &Account, first: &Untapped) {
        let link = dashboard::link_at(world, &first.url, &account.tenant, first.clock.now()).await;
        self.signed_in.push(link.rsplit('.').next().expect("a secret").to_owned());
        let nobody = Visitor::new(&first.client, &first.url);
        self.answers.push(nobody.get("/dashboard/keys?name=x").await);
        // The page of the link has its token, and the response to the form sets the session's.
        nobody.get(&link).await;
        let begun = nobody.follow(&link).await;
        let visitor = nobody.with(&nobody.token_set_by(&begun));
        self.signed_in.push(visitor.token.rsplit('.').next().expect("a secret").to_owned());
        self.answers.push(nobody.follow(&link).await);
        self.signed_in.push(visitor.csrf().await);
        let plain = visitor.create_key("by a form").await;
        let path = format!("/dashboard/keys/{}", id_of(&plain));
        self.keys.push(plain.clone());
        let rotate = format!("{path}/rotate");
        let form = visitor.form(&rotate).await;
        let rotated = dashboard::secret(&visitor.submit(&rotate, &form).await).expect("a secret");
        self.keys.push(rotated.clone());
        self.answers.push(visitor.submit(&rotate, &form).await);
        for misplaced in [&plain, &visitor.token] {
            for page in [
                "/dashboard/keys/",
                "/dashboard/keys/new?name=",
                "/dashboard/static/",
                "/dashboard/sign-in?link=",
            ] {
                visitor.get(&format!("{page}{misplaced}")).await;
            }
            visitor.post("/dashboard/sign-in", &[("token", misplaced), ("link", misplaced)]).await;
            visitor.post("/dashboard/keys/new", &[("csrf", misplaced), ("name", misplaced)]).await;
        }
        let revoke = format!("{path}/revoke");
        let mut form = visitor.form(&revoke).await;
        dashboard::set(&mut form, "confirmation", "by a form");
        for path in
            [path.as_str(), "/dashboard", "/dashboard/keys", "/dashboard/connect", "/dashboard/settings"]
        {
            self.answers.push(visitor.get(path).await);
        }
        self.answers.push(visitor.submit(&revoke, &form).await);
        self.answers.push(visitor.post("/dashboard/sign-out", &[("csrf", &visitor.csrf().await)]).await);
        self.answers.push(visitor.get("/dashboard").await);
    }

    async fn use_webhooks(&mut self, client: &Client) {
        let keyed = [("content-type", "application/json"), ("idempotency-key", "w")];
        let body = |number: u8| json!({"name": "w", "url": format!("https://example.com/{number}"), "events": ["*"]});
        let mut given = body(1);
        given["secret"] = json!(WEBHOOK_SECRETS[1]);
        for (number, body) in [given, body(2)].into_iter().enumerate() {
            let headers = &keyed[..=number];
            let created = client.send_raw(Method::POST, WEBHOOKS, headers, body.to_string()).await;
            assert_eq!(created.status, 201, "{}", created.text);
            self.webhooks.push(created.data()["secret"].as_str().expect("a secret").to_owned());
            let again = client.send_raw(Method::POST, WEBHOOKS, headers, body.to_string()).await;
            self.answers.push(again);
            let path = created.header("location").to_owned();
            self.ask(client, Method::GET, &path, None).await;
            self.ask(client, Method::PATCH, &path, Some(json!({"name": "x", "secret": WEBHOOK_SECRETS[1]})))
                .await;
            self.ask(client, Method::PATCH, &path, Some(json!({"name": "x"}))).await;
        }
        self.ask(client, Method::GET, WEBHOOKS, None).await;
    }

    /// Sends events to a receiver that acknowledges one and refuses another, with a secret that is rotated in between.
    async fn deliver(&mut self, world: &World, account: &Account, client: &Client) {
        let receiver = Receiver::start(|_| Reply::Body(200, RESPONSE.into())).await;
        let body = json!({"name": "r", "url": format!("{}/{PATH}?{PATH}", receiver.url), "events": ["*"]});
        let created = client.post(WEBHOOKS, body).await;
        assert_eq!(created.status, 201, "{}", created.text);
        self.webhooks.push(created.data()["secret"].as_str().expect("a secret").to_owned());
        let path = created.header("location").to_owned();
        let id = created.data()["id"].as_str().expect("an id").to_owned();
        let endpoint = Endpoint { tenant: account.tenant.clone(), id };
        world.clock.set(moment("2026-11-24T12:01:00Z"));
        // Without the tests' tap in front of the SDK.
        let consumption = world.consumption(&world.aws, &world.clock);
        let consumer = functions::consumers().find(|(name, _)| *name == "delivery").expect("the consumer").1;
        self.ask(client, Method::POST, &format!("{path}/test"), None).await;
        for number in 0..2 {
            world.queue(&endpoint, number).await;
            let records = json!({"Records": world.records(Table::Deliveries)});
            let batch: Batch = serde_json::from_value(records).expect("a batch");
            assert!(!(consumer.handle)(&consumption, &batch, world.clock.now()).await.has_failed());
            receiver.answer(|_| Reply::Body(500, RESPONSE.into()));
            let rotated = client.post(&format!("{path}/rotate-secret"), json!({})).await;
            if number == 0 {
                self.webhooks.push(rotated.data()["secret"].as_str().expect("a secret").to_owned());
            } else {
                rotated.expect(409, "DUPLICATE_RESOURCE");
                self.answers.push(rotated);
            }
        }
        assert_eq!(receiver.received().len(), 3, "a test, an acknowledged event, and a refused one");
        world.clock.set(world.clock.now().plus(std::time::Duration::from_secs(120)));
        assert!(!(consumer.schedule.expect("a schedule"))(&consumption).await.has_failed);
        assert_eq!(receiver.received().len(), 4, "a retry");
        self.ask(client, Method::POST, &format!("{path}/recover"), Some(json!({"since": world.clock.now()})))
            .await;
        self.ask(client, Method::GET, &format!("{path}/deliveries"), None).await;
        self.ask(client, Method::POST, &format!("{path}/test"), None).await;
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

    /// The secrets of links and sessions that `text` contains.
    pub(crate) fn sessions_in(&self, text: &str) -> Vec<&str> {
        assert_eq!(self.signed_in.len(), 3);
        let secrets = self.signed_in.iter().map(String::as_str);
        secrets.filter(|secret| text.contains(secret)).collect()
    }

    /// The secrets that `text` contains, as text or as a list of bytes: whole keys, the secret characters of keys,
    /// peppers, secrets of webhooks.
    pub(crate) fn leaks(&self, text: &str) -> Vec<String> {
        let mut secrets: Vec<String> = PEPPERS.map(str::to_owned).into();
        secrets.extend(WEBHOOK_SECRETS.map(str::to_owned));
        for secret in &self.webhooks {
            secrets.push(secret.trim_start_matches("whsec_").to_owned());
        }
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
