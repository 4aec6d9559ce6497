//! The table of API keys. A key is two items, which are written together:
//!
//! | item | `pk` | `sk` | holds |
//! |---|---|---|---|
//! | credential | `key#` + id | `credential` | what authentication needs: tenant, secret hashes, scopes, expiry |
//! | summary | `tenant#` + tenant | id | what its owner is shown: name, scopes, dates |
//! | live names | `tenant#` + tenant | `liveNames` | one attribute for each live name, and their number |
//!
//! Authentication starts from a key id and must not need a tenant. Everything else starts from a tenant and cannot reach
//! another tenant's items. The item of live names makes names unique and bounds their number by conditional writes. TTL
//! removes the items of revoked and expired keys after 90 days.

mod adopt;
pub(crate) mod credentials;
pub(crate) mod keys;
pub(crate) mod live_names;
mod revoke;
pub(crate) mod rotate;
mod secret;
pub(crate) mod summary;

use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::key_summary::LISTED_AFTER_END;
use hb_domain::{KeyId, TenantId, Timestamp};

use crate::item::{Attributes, text, ttl};

/// The key of a credential's item.
pub(crate) fn credential_key(id: &KeyId) -> Attributes {
    Attributes::from([("pk".into(), text(format_args!("key#{id}"))), ("sk".into(), text("credential"))])
}

/// The partition of a tenant's summaries and live names.
pub(crate) fn owner(tenant: &TenantId) -> AttributeValue {
    text(format_args!("tenant#{tenant}"))
}

/// The key of an item in a tenant's partition.
pub(crate) fn owned_key(tenant: &TenantId, sort: &str) -> Attributes {
    Attributes::from([("pk".into(), owner(tenant)), ("sk".into(), text(sort))])
}

/// The TTL of a key that ends at this time.
fn listed_until(end: Timestamp) -> AttributeValue {
    ttl(end.plus(LISTED_AFTER_END))
}
