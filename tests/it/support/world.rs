//! A world for one test: an empty database with the template's tables, a pepper, a clock that stands
//! still, and as many instances of the service as the test wants.

use std::path::Path;

use hb_domain::key::Environment;
use hb_domain::key_summary::KeySummary;
use hb_domain::plan::{Allowance, Plan};
use hb_domain::tenant::Tenant;
use hb_domain::{ApiKey, Clock, KeyId, Scope, Scopes, TenantId, Timestamp};
use hb_http::{ClerkSettings, Entropy};
use hb_local::database::LocalDatabase;
use hb_local::expiry::Expiry;
use hb_local::gateway::Gateway;
use hb_local::secrets::LocalSecrets;
use hb_local::server::Server;
use hb_local::template::Template;
use hb_local::{database, sample, stack};
use hb_store::aws::Aws;
use hb_store::{Context, SearchBudget, Store};

use tokio::sync::Mutex;

use super::{Client, Tap, seed};

/// When tests happen, unless they say otherwise.
pub const NOON: &str = "2026-11-24T12:00:00Z";

/// A world of its own; everything in it ends when it is dropped.
pub struct World {
    /// The clock of the world's instances.
    pub clock: Clock,
    /// The pepper's versions.
    pub secrets: LocalSecrets,
    /// The store, for what no request can do.
    pub store: Store,
    /// How AWS is reached.
    pub aws: Aws,
    /// Which session tokens instances accept from now on; none unless a test says.
    pub clerk: Option<ClerkSettings>,
    /// The calls that upkeep makes.
    pub expiry_tap: Tap,
    entropy: Entropy,
    template: Template,
    expiry: Mutex<Expiry>,
    database: LocalDatabase,
    _secrets: Server,
}

/// One instance of every function, with caches of its own.
pub struct Instance {
    /// A client without credential.
    pub client: Client,
    /// The calls that the instance makes.
    pub tap: Tap,
    /// The instance's own clock; it stands where the world's stood.
    pub clock: Clock,
    /// Where it answers.
    pub url: String,
    _gateway: Server,
}

/// A tenant with a key that may do everything.
#[derive(Clone, Debug)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// The key's id.
    pub id: KeyId,
    /// The plain key.
    pub key: String,
}

impl World {
    /// An empty world at noon.
    pub async fn new() -> Self {
        Self::over(None).await
    }

    /// A world at noon whose tables have no stream: what the emulator writes to one takes longer the more it holds.
    pub async fn without_stream() -> Self {
        Self::build(None, false).await
    }

    /// A world at noon whose database is kept in `file`, or in memory when there is none.
    pub async fn over(file: Option<&Path>) -> Self {
        Self::build(file, true).await
    }

    async fn build(file: Option<&Path>, has_stream: bool) -> Self {
        let template = Template::embedded().expect("the template");
        let clock = Clock::fixed(moment(NOON));
        let database = database::serve(file, &clock).await.expect("a database");
        let secrets =
            LocalSecrets::new("a pepper of more than sixteen bytes", "a token secret of more than sixteen");
        let secrets_server = secrets.serve().await.expect("a port");
        let aws = Aws::local(database.url(), secrets_server.url());
        let client = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
        let mut tables = template.tables().expect("tables");
        if !has_stream {
            tables.iter_mut().for_each(|table| table.stream = None);
        }
        database::create_tables(&client, &tables).await.expect("tables");
        let store = stack::store(&aws);
        let (tapped, expiry_tap) = tapped_store(&aws);
        Self {
            expiry: Mutex::new(Expiry::new(database.database(), tapped, clock.clone())),
            expiry_tap,
            clerk: None,
            clock,
            secrets,
            store,
            aws,
            entropy: seed::entropy(),
            template,
            database,
            _secrets: secrets_server,
        }
    }

    /// A world with one instance and a client of it, whose limits are never in the way.
    pub async fn with_a_client() -> (Self, Instance, Client) {
        let world = Self::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        (world, instance, client)
    }

    /// A further instance, that knows nothing of the others. Its clock begins where the world's stands.
    pub async fn instance(&self) -> Instance {
        self.instance_with(unhurried()).await
    }

    /// As [`instance`](Self::instance), with searches that take so much and no more.
    pub async fn instance_with(&self, search_budget: SearchBudget) -> Instance {
        let (store, tap) = self.tapped_store();
        let (clock, store) = (Clock::fixed(self.clock.now()), store.with_search_budget(search_budget));
        let gateway = Gateway::new(&self.template, &store, &clock, &self.entropy, self.clerk.as_ref())
            .expect("a gateway");
        let gateway = gateway.serve(0).await.expect("a port");
        let url = gateway.url();
        Instance { client: Client::new(&url), tap, clock, url, _gateway: gateway }
    }

    /// A store of its own, and a tap on the calls that it makes.
    pub fn tapped_store(&self) -> (Store, Tap) {
        tapped_store(&self.aws)
    }

    /// Removes what the table removes by itself at the world's time, and delivers what the stream tells of
    /// it; gives how many items were removed. The database's time is the world's only in memory.
    pub async fn expiry(&self) -> usize {
        let mut expiry = self.expiry.lock().await;
        let removed = expiry.sweep().await.expect("a sweep");
        expiry.deliver().await.expect("a delivery");
        removed
    }

    /// Removes what the table removes by itself at the world's time, and tells nobody.
    pub async fn sweep(&self) -> usize {
        self.expiry.lock().await.sweep().await.expect("a sweep")
    }

    /// Delivers what the stream tells.
    ///
    /// # Errors
    /// Says that it will be delivered again.
    pub async fn try_deliver(&self) -> Result<(), hb_local::StartError> {
        self.expiry.lock().await.deliver().await
    }

    /// Delivers all that the stream has told so far once more, from its beginning.
    pub async fn deliver_again(&self) {
        let mut again = Expiry::new(self.database.database(), self.store.clone(), self.clock.clone());
        again.deliver().await.expect("a delivery");
    }

    /// A tenant on `plan` with a key that may do everything.
    pub async fn account(&self, tenant: &str, plan: Plan) -> Account {
        self.account_with(tenant, plan.allowance()).await
    }

    /// A tenant with these limits and a key that may do everything.
    pub async fn account_with(&self, tenant: &str, allowance: Allowance) -> Account {
        let id = TenantId::parse(tenant).expect("a tenant id");
        let state = Tenant { allowance, ..Tenant::new(Plan::Enterprise, self.clock.now()) };
        assert!(self.store.tenants().create(&id, &state).await.expect("a tenant"));
        let (key_id, key) = self.key(&id, Scopes::all(), None).await;
        Account { tenant: id, id: key_id, key }
    }

    /// A further key of a tenant, with these scopes and this end.
    pub async fn key(
        &self,
        tenant: &TenantId,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> (KeyId, String) {
        let plain = sample::new_key(&mut self.entropy.rng());
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
        let hash = self.store.secrets().pepper().await.expect("the pepper").hash(&plain);
        self.store.with(&operator).keys().create(&summary, hash).await.expect("a key");
        (plain.id(), expose(&plain))
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

    /// Removes a key's credential row, as the erasure of its tenant does.
    pub async fn delete_credential(&self, id: &KeyId) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let delete = client.delete_item().table_name("ApiKeys").key("pk", text(&format!("key#{id}")));
        delete.key("sk", text("credential")).send().await.expect("the database");
    }

    /// Removes both rows of a key, as the table does 90 days after the key's end.
    pub async fn delete_key(&self, tenant: &TenantId, id: &KeyId) {
        self.delete_credential(id).await;
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let delete = client.delete_item().table_name("ApiKeys").key("pk", text(&format!("tenant#{tenant}")));
        delete.key("sk", text(id.as_str())).send().await.expect("the database");
    }

    /// Removes a tenant's count, as the erasure of the tenant does.
    pub async fn delete_count(&self, tenant: &TenantId) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let delete = client.delete_item().table_name("Usage").key("tenant", text(tenant.as_str()));
        delete.key("sk", text("memories")).send().await.expect("the database");
    }

    /// Makes an attribute of a memory what no writer makes it.
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

    /// Lets searches believe that a memory is what another one is: gives it the other's search record.
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

    /// Gives a memory the metadata that an earlier version kept of it, whose bounds were others.
    pub async fn keep_metadata(&self, tenant: &TenantId, id: &str, metadata: &str) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.aws.dynamodb());
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let update = client.update_item().table_name("Memories");
        let update = update.key("tenant", text(tenant.as_str())).key("id", text(id));
        let update = update.update_expression("SET metadata = :metadata");
        update.expression_attribute_values(":metadata", text(metadata)).send().await.expect("the database");
    }

    /// A further key of a tenant with the one scope.
    pub async fn key_with(&self, tenant: &TenantId, scope: Scope) -> String {
        self.key(tenant, [scope].into_iter().collect(), None).await.1
    }
}

/// What a search may take as far as the test is not about it: on a busy machine a page takes its time.
pub fn unhurried() -> SearchBudget {
    SearchBudget { time_limit: super::process::PATIENCE, ..SearchBudget::default() }
}

fn tapped_store(aws: &Aws) -> (Store, Tap) {
    let tap = Tap::new(aws.http.clone());
    let http = aws_smithy_runtime_api::client::http::SharedHttpClient::new(tap.clone());
    (stack::store(&Aws { http, ..aws.clone() }), tap)
}

/// Limits that are never in the way.
pub const fn plenty() -> Allowance {
    Allowance { per_month: 1_000_000, per_minute: 60_000, burst: 100_000, memories: None }
}

/// The moment of an RFC 3339 text.
pub fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

#[expect(clippy::disallowed_methods, reason = "tests hold keys as their owners do")]
fn expose(key: &ApiKey) -> String {
    key.expose().to_owned()
}
