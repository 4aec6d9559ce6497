//! The table of API keys. A key is two rows, written together:
//!
//! | row | `pk` | `sk` | holds |
//! |---|---|---|---|
//! | credential | `key#` + id | `credential` | what authentication needs: whose key, its hashes, scopes, end |
//! | key | `tenant#` + tenant | id | what its owner is shown: name, scopes, dates |
//! | slots | `tenant#` + tenant | `live_names` | one attribute a live name, and their number |
//!
//! Authentication starts from an id and must not need a tenant; everything else starts from a tenant
//! and cannot reach another's row. The slots row makes live names unique and bounds their number by
//! conditional write. Rows of keys that have ended stay for 90 days, then TTL removes them.

mod adopt;
pub(crate) mod credentials;
pub(crate) mod keys;
mod live_names;
mod revoke;
pub(crate) mod rotate;

use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::key_summary::SHOWN_AFTER_END;
use hb_domain::{KeyId, TenantId, Timestamp};

use crate::item::{Attributes, text, ttl};

pub(crate) fn credential_key(id: &KeyId) -> Attributes {
    Attributes::from([("pk".into(), text(format_args!("key#{id}"))), ("sk".into(), text("credential"))])
}

pub(crate) fn owner(tenant: &TenantId) -> AttributeValue {
    text(format_args!("tenant#{tenant}"))
}

fn owned_key(tenant: &TenantId, sort: &str) -> Attributes {
    Attributes::from([("pk".into(), owner(tenant)), ("sk".into(), text(sort))])
}

fn listed_until(end: Timestamp) -> AttributeValue {
    ttl(end.plus(SHOWN_AFTER_END))
}
