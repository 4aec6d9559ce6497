//! Summary items: what a key's owner is shown.

use hb_domain::key::Environment;
use hb_domain::key_summary::KeySummary;
use hb_domain::{KeyId, Result, Scope, TenantId, Timestamp};

use super::owned_key;
use crate::item::{Attributes, Row, millis, number, text, texts};
use crate::tables::Table;

/// The item of `key`, without its TTL.
pub(super) fn encode(tenant: &TenantId, key: &KeySummary) -> Attributes {
    let mut item = owned_key(tenant, key.id.as_str());
    item.insert("name".into(), text(&key.name));
    item.insert("keyPrefix".into(), text(&key.key_prefix));
    item.insert("environment".into(), text(key.environment.as_str()));
    item.insert("scopes".into(), texts(key.scopes.iter()));
    item.insert("createdAt".into(), number(key.created_at.micros()));
    if let Some(end) = key.expires_at {
        item.insert("expiresAt".into(), millis(end));
    }
    item
}

/// The key of an item.
pub(crate) fn decode(item: &Attributes) -> Result<KeySummary> {
    let row = Row::new(Table::ApiKeys, item);
    Ok(KeySummary {
        id: row.parsed("sk", KeyId::parse)?,
        name: row.text("name")?.to_owned(),
        key_prefix: row.text("keyPrefix")?.to_owned(),
        environment: row.parsed("environment", Environment::parse)?,
        scopes: row.parsed_all("scopes", Scope::parse)?,
        // In microseconds, so that keys of the same millisecond are listed in the order of their creation.
        created_at: Timestamp::from_micros(row.integer("createdAt")?),
        expires_at: row.optional_moment("expiresAt")?,
        revoked_at: row.optional_moment("revokedAt")?,
    })
}
