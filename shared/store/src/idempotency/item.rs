//! The item of an idempotency record: encoding and decoding.

use hb_domain::idempotency::{Fingerprint, IdempotencyRecord, RETENTION, Seed, StoredResponse};
use hb_domain::{Result, TenantId, Timestamp};

use crate::item::{Attributes, Row, bytes, number, text, ttl};

/// The key of an item of the table.
pub(crate) fn row_key(tenant: &TenantId, sort: impl ToString) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("sk".into(), text(sort))])
}

/// The item of a record that was not completed.
pub(super) fn encode(tenant: &TenantId, sort: &str, record: &IdempotencyRecord) -> Attributes {
    let mut item = row_key(tenant, sort);
    item.insert("fingerprint".into(), bytes(record.fingerprint.as_bytes()));
    item.insert("createdAt".into(), number(record.created_at.micros()));
    item.insert("seed".into(), bytes(&record.seed.0));
    item.insert("lockOwner".into(), text(&record.lock_owner));
    item.insert("lockedUntil".into(), number(record.locked_until.micros()));
    item.insert("ttl".into(), ttl(record.created_at.plus(RETENTION)));
    item
}

/// The response, once the request was completed.
pub(super) fn stored_response(row: &Row<'_>) -> Result<Option<StoredResponse>> {
    let Some(status) = row.optional_integer("status")? else { return Ok(None) };
    let optional = |name: &str| -> Result<Option<String>> { Ok(row.optional_text(name)?.map(str::to_owned)) };
    Ok(Some(StoredResponse {
        status: u16::try_from(status).map_err(|_| row.corrupt("status"))?,
        body: row.text("body")?.to_owned(),
        location: optional("location")?,
        version: optional("version")?,
    }))
}

/// The record of an item.
pub(super) fn decode(row: &Row<'_>) -> Result<IdempotencyRecord> {
    Ok(IdempotencyRecord {
        fingerprint: Fingerprint::from_bytes(row.bytes("fingerprint")?),
        created_at: Timestamp::from_micros(row.integer("createdAt")?),
        seed: Seed(row.bytes("seed")?.try_into().map_err(|_| row.corrupt("seed"))?),
        lock_owner: row.text("lockOwner")?.to_owned(),
        locked_until: Timestamp::from_micros(row.integer("lockedUntil")?),
        applied: row.flag("applied")?,
        applied_items: row.positions("appliedItems")?,
        resumed: false,
    })
}
