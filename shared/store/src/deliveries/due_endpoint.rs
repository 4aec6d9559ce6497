//! Due endpoints: when the schedule has to look at which endpoint. They are spread over partitions, because the schedule reads
//! those of all tenants in the order of time.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use hb_domain::delivery::EndpointId;
use hb_domain::{Result, TenantId, Timestamp, WebhookId};
use sha2::{Digest, Sha256};

use crate::item::{Attributes, Row, text};
use crate::tables::Table;
use crate::write::Write;

/// The number of partitions.
pub(crate) const SHARDS: u8 = 16;

/// Times are rounded up to it, so that an endpoint has few items.
const STEP: Duration = Duration::from_secs(10);

/// The promise that the schedule looks at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueEndpoint {
    /// When, rounded up to 10 s.
    pub at: Timestamp,
    /// The endpoint.
    pub endpoint: EndpointId,
}

impl DueEndpoint {
    /// The item for a look at `at` or a little later.
    pub fn new(endpoint: EndpointId, at: Timestamp) -> Self {
        let step = i64::try_from(STEP.as_millis()).unwrap_or(i64::MAX);
        let steps = at.millis().max(0).saturating_add(step - 1) / step;
        Self { at: Timestamp::from_millis(steps * step), endpoint }
    }

    /// Writes it, in a transaction.
    pub(crate) fn put(&self) -> Write {
        Write::put(Table::DueEndpoints, self.attributes())
    }

    /// The item. Each has a token of its own: whoever deletes the item deletes the one that it has read, and not another one
    /// that was put in its place since.
    pub(crate) fn attributes(&self) -> Attributes {
        let mut item = self.key();
        item.insert("token".into(), text(random_token()));
        item
    }

    /// The key of the item.
    pub(crate) fn key(&self) -> Attributes {
        let EndpointId { tenant, id } = &self.endpoint;
        Attributes::from([
            ("shard".into(), text(shard_name(shard_of(&self.endpoint)))),
            ("sk".into(), text(format_args!("{:013}#{tenant}#{id}", self.at.millis()))),
        ])
    }

    /// The due endpoint of an item.
    pub(crate) fn decode(item: &Attributes) -> Result<Self> {
        Row::new(Table::DueEndpoints, item).parsed("sk", |sort_key| {
            let (at, rest) = sort_key.split_once('#')?;
            // The id of a tenant may contain the separator.
            let (tenant, id) = rest.rsplit_once('#')?;
            let endpoint = EndpointId { tenant: TenantId::parse(tenant)?, id: WebhookId::parse(id)? };
            Some(Self { at: Timestamp::from_millis(at.parse().ok()?), endpoint })
        })
    }
}

/// A name that no other write has.
pub(super) fn random_token() -> String {
    // Every `RandomState` has other keys, so the hash of nothing is a random number.
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// The partition key of a shard.
pub(crate) fn shard_name(shard: u8) -> String {
    format!("{shard:02}")
}

fn shard_of(endpoint: &EndpointId) -> u8 {
    let digest = Sha256::digest(format!("{}#{}", endpoint.tenant, endpoint.id));
    digest.first().map_or(0, |byte| byte % SHARDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_endpoint_is_decoded_as_it_was_encoded_and_its_time_is_rounded_up() {
        for (tenant, at, expected) in [("acme", 1, 10_000), ("user_1", 10_000, 10_000), ("a", 10_001, 20_000)]
        {
            let endpoint = EndpointId {
                tenant: TenantId::parse(tenant).expect("a tenant"),
                id: WebhookId::parse("whk_0123456789abcdef").expect("an id"),
            };
            let due = DueEndpoint::new(endpoint, Timestamp::from_millis(at));
            assert_eq!(due.at, Timestamp::from_millis(expected));
            assert_eq!(DueEndpoint::decode(&due.attributes()).expect("a due endpoint"), due);
            assert_ne!(due.attributes().get("token"), due.attributes().get("token"));
        }
    }
}
