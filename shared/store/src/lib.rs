//! HeroBrain's tables and secrets.
//!
//! This is the only crate that knows AWS. A handle to a tenant's data is made from a [`Context`] and reads and writes the items
//! of that tenant only. [`Tenants`] and [`Credentials`] are for admission and authentication, [`Operator`] is for the operator of
//! the service. There is no trait with one implementation: tests use an emulator.

mod api_keys;
mod attempt;
pub mod aws;
mod backoff;
mod batch_read;
mod batch_write;
mod bucket_write;
mod changes;
mod consumed_capacity;
mod context;
mod dashboard_sessions;
mod dead_letters;
mod deliveries;
mod expired_memories;
mod feed;
mod idempotency;
mod index_cache;
mod item;
mod memories;
mod operator;
mod partition;
mod sdk_error;
mod secrets;
mod storage_ledger;
mod tables;
mod tenants;
mod transaction;
mod usage;
mod webhooks;
mod write;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use strum::VariantArray;

pub use api_keys::credentials::Credentials;
pub use api_keys::keys::Keys;
pub use api_keys::live_names::MAX_LIVE_KEYS;
pub use api_keys::rotate::Rotation;
pub use consumed_capacity::{ConsumedCapacity, with_capacity_metering};
pub use context::{Context, ContextKind, StreamContext, TenantStore};
pub use dashboard_sessions::{DashboardSessions, PageAdmission};
pub use dead_letters::DeadLetters;
pub use deliveries::{
    Claim, ClaimedDelivery, Deliveries, DeliveryContents, DeliveryKey, DeliveryLogPage, DeliveryQueue,
    DueEndpoint, DueShard, EndpointHealth, EndpointState, FoundDueEndpoint, HealthWrite, QueuedDelivery,
    RecoveryProgress, known_health,
};
pub use expired_memories::{ExpiredMemories, ExpiredMemory};
pub use feed::{
    AppendFailure, AppendOutcome, EventAppender, Feed, FeedPage, FoundFeed, FoundHead, Head, Period,
    pending_event,
};
pub use hb_search::Hit;
pub use idempotency::{Acquired, IdempotencyRecords, LockedRecord};
pub use index_cache::SearchBudget;
pub use memories::{
    BatchPage, CreateOutcome, Edit, Erased, ExportPage, Found, Memories, MemoryPage, NamespacePage, NewItem,
    Placed, Placement, ReindexPage, RewriteOutcome, SEARCH_FORMAT, StaleDocument, Update, VersionedMemory,
};
pub use operator::{Operator, TableState};
pub use secrets::{Secret, SecretId, SecretNames, Secrets};
pub use storage_ledger::{StorageLedger, StorageUsage};
pub use tables::{Definition, PartitionKey, StreamView, Table, Tables};
pub use tenants::{AdmitOutcome, Tenants};
pub use usage::Usage;
pub use webhooks::{PreviousSecret, SealedSecrets, SecretSlot, VersionedWebhook, WebhookRotation, Webhooks};

/// Access to everything HeroBrain keeps; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    db: Client,
    /// For writes that must not be repeated blindly: the SDK makes one attempt.
    once: Client,
    tables: Tables,
    secrets: Secrets,
    indexes: index_cache::IndexCache,
    promises: deliveries::Promises,
}

impl Store {
    /// A store over these clients and tables.
    pub fn new(db: aws_sdk_dynamodb::Config, tables: Tables, secrets: Secrets) -> Self {
        let db = db.to_builder().interceptor(consumed_capacity::CapacityInterceptor).build();
        let once = db.to_builder().retry_config(RetryConfig::disabled()).build();
        Self {
            db: Client::from_conf(db),
            once: Client::from_conf(once),
            tables,
            secrets,
            indexes: index_cache::IndexCache::new(),
            promises: deliveries::Promises::default(),
        }
    }

    /// The same store, whose searches take so much and no more.
    #[must_use]
    pub const fn with_search_budget(mut self, search_budget: SearchBudget) -> Self {
        self.indexes.search_budget = search_budget;
        self
    }

    /// The same store, whose cached search indexes take at most so many bytes. By default it is half of the function's
    /// memory.
    #[must_use]
    pub const fn with_index_memory(mut self, bytes: usize) -> Self {
        self.indexes.budget = bytes;
        self
    }

    /// The name of `table` in this deployment.
    pub(crate) fn table(&self, table: Table) -> &str {
        self.tables.name(table)
    }

    /// The table that has this name in this deployment.
    pub fn table_named(&self, name: &str) -> Option<Table> {
        Table::VARIANTS.iter().copied().find(|table| self.table(*table) == name)
    }

    /// Tenants: plans and admission.
    pub const fn tenants(&self) -> Tenants<'_> {
        Tenants::new(self)
    }

    /// What authentication needs to know of keys.
    pub const fn credentials(&self) -> Credentials<'_> {
        Credentials::new(self)
    }

    /// Signing in to the dashboard, and the rate limit of its pages.
    pub const fn dashboard_sessions(&self) -> DashboardSessions<'_> {
        DashboardSessions::new(self)
    }

    /// The deployment's secrets.
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The data of the tenant that `context` belongs to.
    pub const fn with<'a>(&'a self, context: &'a Context) -> TenantStore<'a> {
        TenantStore::new(self, context)
    }

    /// Whole tenants, for the operator of the service.
    pub const fn operator(&self) -> Operator<'_> {
        Operator::new(self)
    }

    /// Memories that DynamoDB has deleted after they expired, of any tenant.
    pub const fn expired_memories<'a>(&'a self, context: &'a StreamContext) -> ExpiredMemories<'a> {
        ExpiredMemories::new(self, context)
    }

    /// The feeds of all tenants, for the function that records events.
    pub const fn event_appender<'a>(&'a self, context: &'a StreamContext) -> EventAppender<'a> {
        EventAppender::new(self, context)
    }

    /// The encrypted secrets of the endpoints of all tenants.
    pub const fn sealed_secrets(&self) -> SealedSecrets<'_> {
        SealedSecrets::new(self)
    }

    /// The deliveries of all tenants, for the function that sends them.
    pub const fn delivery_queue<'a>(&'a self, context: &'a StreamContext) -> DeliveryQueue<'a> {
        DeliveryQueue::new(self, context)
    }
}
