//! The environment of one test: an empty database with the template's tables, a pepper, a fixed clock, and any number
//! of instances of the service.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use hb_domain::dashboard::PublishableKey;
use hb_domain::key::Environment;
use hb_domain::key_summary::KeySummary;
use hb_domain::plan::{Allowance, Plan};
use hb_domain::tenant::Tenant;
use hb_domain::webhook::UrlPolicy;
use hb_domain::{ApiKey, Clock, KeyId, Scope, Scopes, TenantId, Timestamp};
use hb_http::stream::Consumption;
use hb_http::{ClerkSettings, Entropy, PublicUrl, Settings, new_sign_in_link};
use hb_local::database::LocalDatabase;
use hb_local::gateway::Gateway;
use hb_local::queue::LocalQueue;
use hb_local::secrets::LocalSecrets;
use hb_local::server::Server;
use hb_local::streams::StreamPoller;
use hb_local::template::Template;
use hb_local::{database, functions, sample, stack};
use hb_sender::{Limits, Lookup, Sender};
use hb_store::aws::Aws;
use hb_store::{Context, SearchBudget, SecretNames, Secrets, Store, Tables};

use rand::rngs::StdRng;
use tokio::sync::Mutex;

use super::{Client, Tap, seed};

/// The time of tests, unless they set another.
pub const NOON: &str = "2026-11-24T12:00:00Z";

/// The environment of one test; everything in it ends when it is dropped.
pub struct World {
    /// The clock of the world's instances.
    pub clock: Clock,
    /// The secrets with their versions.
    pub secrets: LocalSecrets,
    /// The stream records that consumers could not read.
    pub dead_letters: LocalQueue,
    /// The store, for operations that no request can perform.
    pub store: Store,
    /// The AWS configuration.
    pub aws: Aws,
    /// The session tokens that new instances accept; none by default.
    pub clerk: Option<ClerkSettings>,
    /// Clerk's publishable key of new instances, with which people sign in to the dashboard; none by default.
    pub publishable_key: Option<PublishableKey>,
    /// The URLs of webhooks that new instances accept; by default those that a deployed service accepts.
    pub webhook_urls: UrlPolicy,
    /// The calls that the consumers of streams make.
    pub stream_tap: Tap,
    /// What sends events to receivers, which are on this machine: other names do not resolve.
    pub sender: Sender,
    entropy: Entropy,
    template: &'static Template,
    streams: Mutex<StreamPoller>,
    pub(super) database: LocalDatabase,
    _secrets: Server,
    _queue: Server,
}

/// One instance of every function, with its own caches.
pub struct Instance {
    /// A client without credential.
    pub client: Client,
    /// The calls of the instance.
    pub tap: Tap,
    /// The instance's own clock, initially with the world's time.
    pub clock: Clock,
    /// The base URL.
    pub url: String,
    _gateway: Server,
}

/// A tenant with a key that has all scopes.
#[derive(Clone, Debug)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// The key's id.
    pub id: KeyId,
    /// The plain key.
    pub key: String,
}

/// A sender to receivers on this machine. It resolves `localhost` and the names below it only.
fn local_sender() -> Sender {
    let lookup: Lookup = Arc::new(|name| {
        Box::pin(async move {
            let is_local = name == "localhost" || name.ends_with(".localhost");
            let address = is_local.then(|| SocketAddr::from(([127, 0, 0, 1], 0)));
            address.map(|address| vec![address]).ok_or_else(|| std::io::Error::other("no such name"))
        })
    });
    Sender::with(UrlPolicy::Local, Limits::default(), lookup)
}

impl World {
    /// An empty world at noon.
    pub async fn new() -> Self {
        Self::over(None).await
    }

    /// A world at noon whose tables have no stream: the emulator's writes to a stream slow down as it grows.
    pub async fn without_stream() -> Self {
        Self::build(None, false).await
    }

    /// A world at noon whose database is stored in `file`, or in memory if `None`.
    pub async fn over(file: Option<&Path>) -> Self {
        Self::build(file, true).await
    }

    async fn build(file: Option<&Path>, has_stream: bool) -> Self {
        static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template::embedded().expect("the template"));
        let template = &*TEMPLATE;
        let clock = Clock::fixed(moment(NOON));
        let database = database::serve(file, &clock).await.expect("a database");
        let secrets = LocalSecrets::new(
            "a pepper of more than sixteen bytes",
            "a token secret of more than sixteen",
            "a webhook key of more than sixteen",
        );
        let secrets_server = secrets.serve().await.expect("a port");
        let dead_letters = LocalQueue::in_memory();
        let queue_server = dead_letters.serve().await.expect("a port");
        let aws = Aws::local(database.url(), secrets_server.url()).with_sqs(queue_server.url());
        let client = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
        let mut tables = template.tables().expect("tables");
        if !has_stream {
            tables.iter_mut().for_each(|table| table.stream = None);
        }
        database::create_tables(&client, &tables).await.expect("tables");
        let store = stack::store(&aws);
        let (stream_tap, tapped_aws) = tapped(&aws);
        let (entropy, sender) = (seed::entropy(), local_sender());
        Self {
            streams: Mutex::new(StreamPoller::new(
                database.database(),
                stack::consumption(&tapped_aws, &clock, &entropy, sender.clone()),
                clock.clone(),
            )),
            stream_tap,
            sender,
            clerk: None,
            publishable_key: None,
            webhook_urls: UrlPolicy::Public,
            clock,
            secrets,
            dead_letters,
            store,
            aws,
            entropy,
            template,
            database,
            _secrets: secrets_server,
            _queue: queue_server,
        }
    }

    /// A world with one instance and a client whose limits are never reached.
    pub async fn with_a_client() -> (Self, Instance, Client) {
        let world = Self::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        (world, instance, client)
    }

    /// Another instance with empty caches. Its clock starts with the world's time.
    pub async fn instance(&self) -> Instance {
        self.instance_with(unhurried()).await
    }

    /// As [`instance`](Self::instance), with this search budget.
    pub async fn instance_with(&self, search_budget: SearchBudget) -> Instance {
        let (store, tap) = self.tapped_store();
        self.instance_over(store.with_search_budget(search_budget), tap).await
    }

    /// As [`instance`](Self::instance), with so many bytes for the indexes of all tenants.
    pub async fn instance_with_index_memory(&self, bytes: usize) -> Instance {
        let (store, tap) = self.tapped_store();
        self.instance_over(store.with_search_budget(unhurried()).with_index_memory(bytes), tap).await
    }

    async fn instance_over(&self, store: Store, tap: Tap) -> Instance {
        let clock = Clock::fixed(self.clock.now());
        let settings = Settings {
            clerk: self.clerk.clone(),
            publishable_key: self.publishable_key.clone(),
            webhook_urls: self.webhook_urls,
            sender: Some(self.sender.clone()),
            ..Settings::default()
        };
        let gateway = Gateway::with_settings(self.template, &store, &clock, &self.entropy, &settings)
            .expect("a gateway");
        let gateway = gateway.serve(0).await.expect("a port");
        let url = gateway.url();
        Instance { client: Client::new(&url), tap, clock, url, _gateway: gateway }
    }

    /// Another instance, which refuses requests without the origin secret.
    pub async fn instance_behind_cloudfront(&self) -> Instance {
        let (tap, aws) = tapped(&self.aws);
        let names = SecretNames::new(|id| Ok::<_, Infallible>(Some(id.name().to_owned())));
        let names = names.unwrap_or_else(|never| match never {});
        let store = Store::new(aws.dynamodb(), Tables::local(), Secrets::new(aws.secrets(), names));
        self.instance_over(store, tap).await
    }

    /// A separate store, and a tap on its calls.
    pub fn tapped_store(&self) -> (Store, Tap) {
        tapped_store(&self.aws)
    }

    /// What an instance of a consumer uses, with this clock.
    pub fn consumption(&self, aws: &Aws, clock: &Clock) -> Consumption {
        stack::consumption(aws, clock, &self.entropy, self.sender.clone())
    }

    /// Removes the items that have expired at the world's time, delivers the streams to their consumers, and returns how
    /// many items were removed. The database's time is the world's only in memory.
    pub async fn expiry(&self) -> usize {
        let mut streams = self.streams.lock().await;
        let removed = streams.sweep().await.expect("a sweep");
        streams.deliver().await.expect("a delivery");
        removed
    }

    /// Removes the items that have expired at the world's time, without a delivery.
    pub async fn sweep(&self) -> usize {
        self.streams.lock().await.sweep().await.expect("a sweep")
    }

    /// Delivers the streams to their consumers.
    ///
    /// # Errors
    /// If a record has to be delivered again.
    pub async fn try_deliver(&self) -> Result<(), hb_local::StartError> {
        self.streams.lock().await.deliver().await
    }

    /// Delivers the streams of its tables to the consumer of one function, from the beginning, does what is due on its schedule,
    /// and returns its calls.
    pub async fn deliver_to(&self, function: &str) -> Vec<super::tap::SdkCall> {
        let (tap, aws) = tapped(&self.aws);
        let consumption = self.consumption(&aws, &self.clock);
        let poller = StreamPoller::new(self.database.database(), consumption.clone(), self.clock.clone());
        poller.only(function).deliver().await.expect("a delivery");
        let schedules = functions::consumers().filter(|(name, _)| *name == function);
        for schedule in schedules.filter_map(|(_, consumer)| consumer.schedule) {
            assert!(!schedule(&consumption).await.has_failed, "a pass of {function} has failed");
        }
        tap.take()
    }

    /// Delivers every stream again, from its beginning.
    pub async fn deliver_again(&self) {
        let consumption = self.consumption(&self.aws, &self.clock);
        let mut again = StreamPoller::new(self.database.database(), consumption, self.clock.clone());
        again.deliver().await.expect("a delivery");
    }

    /// A tenant on `plan` with a key that has all scopes.
    pub async fn account(&self, tenant: &str, plan: Plan) -> Account {
        self.account_with(tenant, plan.allowance()).await
    }

    /// A tenant with these limits and a key that has all scopes.
    pub async fn account_with(&self, tenant: &str, allowance: Allowance) -> Account {
        let id = TenantId::parse(tenant).expect("a tenant id");
        let state = Tenant { allowance, ..Tenant::new(Plan::Enterprise, self.clock.now()) };
        assert!(self.store.tenants().create(&id, &state).await.expect("a tenant"));
        let (key_id, key) = self.key(&id, Scopes::all(), None).await;
        Account { tenant: id, id: key_id, key }
    }

    /// Another key of a tenant, with these scopes and this expiry.
    pub async fn key(
        &self,
        tenant: &TenantId,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> (KeyId, String) {
        let plain = self.new_key();
        self.create_key(tenant, &plain, scopes, expires_at).await;
        (plain.id(), expose(&plain))
    }

    /// Randomness of its own.
    pub fn rng(&self) -> StdRng {
        self.entropy.rng()
    }

    /// A plain key that does not exist.
    pub fn new_key(&self) -> ApiKey {
        sample::new_key(&mut self.entropy.rng())
    }

    /// Another plain key with the id of `key`.
    pub fn other_secret(&self, key: &ApiKey) -> ApiKey {
        ApiKey::mint(&key.id(), key.environment(), &mut self.entropy.rng())
    }

    /// Gives a key a name that an earlier version has stored, before names were limited.
    pub async fn rename_key(&self, tenant: &TenantId, id: &KeyId, name: &str) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let update = client.update_item().table_name("ApiKeys").key("pk", text(&format!("tenant#{tenant}")));
        let update = update.key("sk", text(id.as_str())).update_expression("SET #name = :name");
        let update = update.expression_attribute_names("#name", "name");
        update.expression_attribute_values(":name", text(name)).send().await.expect("the database");
    }

    /// Creates exactly this key for a tenant.
    pub async fn create_key(
        &self,
        tenant: &TenantId,
        plain: &ApiKey,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) {
        let operator = self.operator(tenant);
        let summary = KeySummary {
            id: plain.id(),
            name: format!("key {}", plain.id().body()),
            key_prefix: plain.prefix().to_owned(),
            environment: Environment::Production,
            scopes,
            created_at: self.clock.now(),
            expires_at,
            revoked_at: None,
        };
        let hash = self.store.secrets().pepper().await.expect("the pepper").hash(plain);
        self.store.with(&operator).keys().create(&summary, hash).await.expect("a key");
    }

    /// A new sign-in link of a tenant to the dashboard at `address`.
    pub async fn sign_in_link(&self, tenant: &TenantId, address: &str) -> String {
        let address = PublicUrl::parse(address).expect("a URL");
        let mut rng = self.entropy.rng();
        let link = new_sign_in_link(&self.store, tenant, &address, self.clock.now(), &mut rng).await;
        link.expect("the database")
    }

    /// The context of a tenant's operator, for what no request can do.
    pub fn operator(&self, tenant: &TenantId) -> Context {
        Context::operator(tenant, self.clock.now())
    }

    /// Every item of every table, as text.
    #[expect(clippy::disallowed_methods, reason = "a test looks at everything there is")]
    pub async fn everything(&self) -> String {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let mut text = String::new();
        for table in self.template.tables().expect("tables") {
            let mut from = None;
            loop {
                let scan = client.scan().table_name(&table.name).set_exclusive_start_key(from).send().await;
                let scan = scan.expect("the table");
                text.push_str(&format!("{} {:?}\n", table.name, scan.items()));
                from = scan.last_evaluated_key;
                if from.is_none() {
                    break;
                }
            }
        }
        text
    }

    /// Removes a key's credential item, as the erasure of its tenant does.
    pub async fn delete_credential(&self, id: &KeyId) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let delete = client.delete_item().table_name("ApiKeys").key("pk", text(&format!("key#{id}")));
        delete.key("sk", text("credential")).send().await.expect("the database");
    }

    /// Removes both items of a key, as TTL does 90 days after the key's end.
    pub async fn delete_key(&self, tenant: &TenantId, id: &KeyId) {
        self.delete_credential(id).await;
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let delete = client.delete_item().table_name("ApiKeys").key("pk", text(&format!("tenant#{tenant}")));
        delete.key("sk", text(id.as_str())).send().await.expect("the database");
    }

    /// Removes a tenant's storage count, as the erasure of the tenant does.
    pub async fn delete_count(&self, tenant: &TenantId) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let delete = client.delete_item().table_name("Usage").key("tenant", text(tenant.as_str()));
        delete.key("sk", text("memories")).send().await.expect("the database");
    }

    /// Sets an attribute of a memory to an invalid value.
    pub async fn damage(&self, tenant: &TenantId, id: &str, attribute: &str) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let update = client.update_item().table_name("Memories");
        let update = update.key("tenant", text(tenant.as_str())).key("id", text(id));
        let update = update.update_expression("SET #damaged = :value");
        let update = update.expression_attribute_names("#damaged", attribute);
        let value = aws_sdk_dynamodb::types::AttributeValue::Bool(true);
        update.expression_attribute_values(":value", value).send().await.expect("the database");
    }

    /// Gives a memory the search document of another one, so that searches confuse the two.
    pub async fn disguise(&self, tenant: &TenantId, id: &str, as_id: &str) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let read = client.get_item().table_name("Memories").key("tenant", text(tenant.as_str()));
        let other = read.key("id", text(as_id)).send().await.expect("the database");
        let record = other.item().and_then(|item| item.get("searchDoc")).expect("a record").clone();
        let update = client.update_item().table_name("Memories").key("tenant", text(tenant.as_str()));
        let update = update.key("id", text(id)).update_expression("SET #record = :record");
        let update = update.expression_attribute_names("#record", "searchDoc");
        update.expression_attribute_values(":record", record).send().await.expect("the database");
    }

    /// Gives a memory metadata that an earlier version with other limits has stored.
    pub async fn keep_metadata(&self, tenant: &TenantId, id: &str, metadata: &str) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let update = client.update_item().table_name("Memories");
        let update = update.key("tenant", text(tenant.as_str())).key("id", text(id));
        let update = update.update_expression("SET metadata = :metadata");
        update.expression_attribute_values(":metadata", text(metadata)).send().await.expect("the database");
    }

    /// Another key of a tenant with this one scope.
    pub async fn key_with(&self, tenant: &TenantId, scope: Scope) -> String {
        self.key(tenant, [scope].into_iter().collect(), None).await.1
    }
}

/// A search budget for tests of other subjects: on a busy machine reading a page takes long.
pub fn unhurried() -> SearchBudget {
    SearchBudget { time_limit: super::process::PATIENCE, ..SearchBudget::default() }
}

fn tapped_store(aws: &Aws) -> (Store, Tap) {
    let (tap, aws) = tapped(aws);
    (stack::store(&aws), tap)
}

/// The same configuration with a tap on its calls.
pub(super) fn tapped(aws: &Aws) -> (Tap, Aws) {
    let tap = Tap::new(aws.http.clone());
    let http = aws_smithy_runtime_api::client::http::SharedHttpClient::new(tap.clone());
    (tap, Aws { http, ..aws.clone() })
}

/// Limits that are never reached.
pub const fn plenty() -> Allowance {
    Allowance { per_month: 1_000_000, per_minute: 60_000, burst: 100_000, memories: None }
}

/// The timestamp of an RFC 3339 text.
pub fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

/// The text of a key, as its owner has it.
#[expect(clippy::disallowed_methods, reason = "tests hold keys as their owners do")]
pub fn expose(key: &ApiKey) -> String {
    key.expose().to_owned()
}
