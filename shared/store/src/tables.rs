//! The tables of a deployment: the one list that configuration, erasure, checks and tests iterate over.
//!
//! A new table is a variant of [`Table`] with its [`Table::definition`], and its resource, its variable and its part of the
//! output `OperatorEnvironment` in `template.yaml`. Tests compare the two and name what is missing.

use std::fmt;

use strum::{EnumCount, VariantArray};

/// A table, by what it holds, in the order in which a tenant's items are erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumCount, VariantArray)]
pub enum Table {
    /// Credentials by key id, and the keys of each tenant. Erased first, so that no key authenticates any more.
    ApiKeys,
    /// Webhook endpoints, and the head of each tenant's feed. Erased before the events, so that none is appended any more.
    Webhooks,
    /// Deliveries that wait, by endpoint and the time at which they are due. Erased before the log of their attempts.
    Deliveries,
    /// The log of attempts to deliver events, by endpoint and time.
    DeliveryAttempts,
    /// Endpoints by the time at which the schedule has to look at their deliveries. What a request writes after the erasure of its tenant is
    /// deleted by the schedule.
    DueEndpoints,
    /// Sign-in links and sessions of the dashboard, and the rate limit of its pages.
    DashboardSessions,
    /// Memories by tenant and id.
    Memories,
    /// The keys that applications give memories, by tenant and a digest of the key and its scope.
    MemoryKeys,
    /// Searches that have no position in the feed yet.
    PendingEvents,
    /// The feed of each tenant: events by position, and the ids of recent events.
    Events,
    /// Each key's usage by month, and each tenant's storage.
    Usage,
    /// Requests and their responses by idempotency key, and stream events that were processed.
    Idempotency,
    /// One item per tenant: plan, status, epoch, rate limit. Erased last: without it a session would create the tenant again.
    Tenants,
}

/// The properties of a table that do not depend on the deployment.
#[derive(Debug)]
pub struct Definition {
    /// The table's name in messages and in the output of `hb`: `api-keys`.
    pub name: &'static str,
    /// The resource in `template.yaml`, and the table's name on a local stack: `ApiKeys`.
    pub resource: &'static str,
    /// The environment variable that holds the table's name: `API_KEYS_TABLE`.
    pub variable: &'static str,
    /// How the partition key names the tenant.
    pub partition_key: PartitionKey,
    /// The attribute of the sort key, if the table has one.
    pub sort_key: Option<&'static str>,
    /// The TTL attribute, in seconds since 1970, if items expire.
    pub ttl: Option<&'static str>,
    /// The view type of the table's stream, if it has one.
    pub stream: Option<StreamView>,
}

/// How the partition key of a table names the tenant that an item belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionKey {
    /// The tenant's id, in the attribute `tenant`.
    Tenant,
    /// `tenant#` and the tenant's id, in the attribute `pk`, beside partitions that belong to a single key.
    Prefixed,
    /// It does not: the attribute `shard` spreads the items of all tenants over partitions.
    Shard,
}

/// The images in the records of a table's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamView {
    /// The item before and after the change.
    NewAndOldImages,
    /// None: only the item's key.
    KeysOnly,
}

impl Table {
    /// The properties of the table.
    pub const fn definition(self) -> &'static Definition {
        match self {
            Self::ApiKeys => &Definition {
                name: "api-keys",
                resource: "ApiKeys",
                variable: "API_KEYS_TABLE",
                partition_key: PartitionKey::Prefixed,
                sort_key: Some("sk"),
                ttl: Some("ttl"),
                stream: Some(StreamView::NewAndOldImages),
            },
            Self::Webhooks => &Definition {
                name: "webhooks",
                resource: "Webhooks",
                variable: "WEBHOOKS_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("sk"),
                ttl: None,
                stream: None,
            },
            Self::Deliveries => &Definition {
                name: "deliveries",
                resource: "Deliveries",
                variable: "DELIVERIES_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("sk"),
                ttl: Some("ttl"),
                stream: Some(StreamView::KeysOnly),
            },
            Self::DeliveryAttempts => &Definition {
                name: "delivery-attempts",
                resource: "DeliveryAttempts",
                variable: "DELIVERY_ATTEMPTS_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("sk"),
                ttl: Some("ttl"),
                stream: None,
            },
            Self::DueEndpoints => &Definition {
                name: "due-endpoints",
                resource: "DueEndpoints",
                variable: "DUE_ENDPOINTS_TABLE",
                partition_key: PartitionKey::Shard,
                sort_key: Some("sk"),
                ttl: None,
                stream: None,
            },
            Self::DashboardSessions => &Definition {
                name: "dashboard-sessions",
                resource: "DashboardSessions",
                variable: "DASHBOARD_SESSIONS_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("sk"),
                ttl: Some("ttl"),
                stream: None,
            },
            Self::Memories => &Definition {
                name: "memories",
                resource: "Memories",
                variable: "MEMORIES_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("id"),
                ttl: Some("ttl"),
                stream: Some(StreamView::NewAndOldImages),
            },
            Self::MemoryKeys => &Definition {
                name: "memory-keys",
                resource: "MemoryKeys",
                variable: "MEMORY_KEYS_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("digest"),
                ttl: None,
                stream: None,
            },
            Self::PendingEvents => &Definition {
                name: "pending-events",
                resource: "PendingEvents",
                variable: "PENDING_EVENTS_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("id"),
                ttl: Some("ttl"),
                stream: Some(StreamView::NewAndOldImages),
            },
            Self::Events => &Definition {
                name: "events",
                resource: "Events",
                variable: "EVENTS_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("sk"),
                ttl: Some("ttl"),
                stream: None,
            },
            Self::Usage => &Definition {
                name: "usage",
                resource: "Usage",
                variable: "USAGE_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("sk"),
                ttl: None,
                stream: None,
            },
            Self::Idempotency => &Definition {
                name: "idempotency",
                resource: "Idempotency",
                variable: "IDEMPOTENCY_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: Some("sk"),
                ttl: Some("ttl"),
                stream: None,
            },
            Self::Tenants => &Definition {
                name: "tenants",
                resource: "Tenants",
                variable: "TENANTS_TABLE",
                partition_key: PartitionKey::Tenant,
                sort_key: None,
                ttl: None,
                stream: None,
            },
        }
    }
}

impl PartitionKey {
    /// The attribute.
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Prefixed => "pk",
            Self::Shard => "shard",
        }
    }
}

impl StreamView {
    /// DynamoDB's name of the view type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewAndOldImages => "NEW_AND_OLD_IMAGES",
            Self::KeysOnly => "KEYS_ONLY",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.definition().name)
    }
}

/// The names of the tables in one deployment.
#[derive(Clone, Debug)]
pub struct Tables([String; Table::COUNT]);

impl Tables {
    /// The names that `name` returns.
    ///
    /// # Errors
    /// The first of `name`.
    pub fn new<E>(mut name: impl FnMut(Table) -> Result<String, E>) -> Result<Self, E> {
        let mut names = [const { String::new() }; Table::COUNT];
        for table in Table::VARIANTS {
            names[*table as usize] = name(*table)?;
        }
        Ok(Self(names))
    }

    /// The names in a local stack, which are those of the template's resources.
    pub fn local() -> Self {
        Self(std::array::from_fn(|index| Table::VARIANTS[index].definition().resource.to_owned()))
    }

    /// The name of `table`.
    pub fn name(&self, table: Table) -> &str {
        &self.0[table as usize]
    }
}
