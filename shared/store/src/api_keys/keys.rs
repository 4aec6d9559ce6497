//! A tenant's keys: creating, reading and listing them.

use aws_sdk_dynamodb::types::{ConditionCheck, Put, ReturnConsumedCapacity, TransactWriteItem};
use hb_domain::credential::StoredCredential;
use hb_domain::error::AuthFailure;
use hb_domain::key::Environment;
use hb_domain::key_summary::{KeyStatus, KeySummary};
use hb_domain::pepper::KeyHash;
use hb_domain::{Error, KeyId, Principal, Result, Scope, TenantId, Timestamp};

use super::live_names::{self, NameConflict};
use super::{credential_key, credentials, listed_until, owned_key, owner};
use crate::idempotency::LockedRecord;
use crate::item::{Attributes, Row, bytes, millis, number, text, texts};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::transaction::{Cancelled, TRIES, built, pause, transact};
use crate::{Context, Store};

/// The most live keys a tenant may have.
pub const MAX_LIVE_KEYS: u64 = 100;

/// The most keys that have ended a list shows.
const MAX_ENDED_LISTED: usize = 400;

const TABLE: Table = Table::ApiKeys;

/// The keys of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    pub(super) store: &'a Store,
    pub(super) tenant: &'a TenantId,
    pub(super) context: &'a Context,
    /// The caller.
    pub(super) principal: &'a Principal,
    /// The key that the caller came with, and what is kept of the secret it presented.
    pub(super) caller: Option<(&'a KeyId, &'a KeyHash)>,
    pub(super) idempotency: Option<&'a LockedRecord>,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(store: &'a Store, context: &'a Context) -> Self {
        let principal = context.principal();
        let caller = principal.key_id().zip(principal.secret());
        Self {
            store,
            tenant: principal.tenant(),
            context,
            principal,
            caller,
            idempotency: context.idempotency(),
        }
    }

    /// The part of a transaction that holds while the caller's own key works with the secret it presented;
    /// none when that key is `changed` in the same transaction, or the caller came without a key.
    pub(super) fn caller_is_live(&self, changed: &KeyId) -> Result<Option<TransactWriteItem>> {
        let Some((id, secret)) = self.caller.filter(|(id, _)| *id != changed) else { return Ok(None) };
        let check = ConditionCheck::builder()
            .table_name(self.store.table(Table::ApiKeys))
            .set_key(Some(credential_key(id)))
            .condition_expression(
                "attribute_not_exists(revokedAt) AND (secretHash = :code OR previousSecretHash = :code)",
            )
            .expression_attribute_values(":code", bytes(&secret.mac));
        Ok(Some(TransactWriteItem::builder().condition_check(built(check.build())?).build()))
    }

    /// Creates a key whose secret has this hash, and gives it as it is kept. It works from now on.
    ///
    /// # Errors
    /// [`Error::AuthInvalid`] when the caller's own key has ended meanwhile,
    /// [`Error::Duplicate`] when a live key of its environment has its name, or when a request before it under the
    /// same claim has created it and somebody has rotated or revoked it since, [`Error::QuotaExhausted`]
    /// when the tenant has [`MAX_LIVE_KEYS`]; the database's.
    pub async fn create(&self, key: &KeySummary, secret: KeyHash) -> Result<KeySummary> {
        let credential = StoredCredential {
            id: key.id.clone(),
            tenant: self.tenant.clone(),
            environment: key.environment,
            scopes: key.scopes,
            expires_at: key.expires_at,
            revoked_at: None,
            secret,
            rotation: None,
            previous: None,
        };
        let secret = credential.secret.clone();
        let mut rows = [credentials::encode(&credential), encode(self.tenant, key)];
        if let Some(end) = key.expires_at {
            for row in &mut rows {
                row.insert("ttl".into(), listed_until(end));
            }
        }
        let mut parts = Vec::new();
        for row in rows {
            let put = Put::builder()
                .table_name(self.store.table(Table::ApiKeys))
                .set_item(Some(row))
                .condition_expression("attribute_not_exists(pk)")
                .build();
            parts.push(TransactWriteItem::builder().put(built(put)?).build());
        }
        let slot = live_names::reserve(self.store, self.tenant, key)?;
        parts.push(TransactWriteItem::builder().update(slot).build());
        parts.extend(self.caller_is_live(&key.id)?);

        for attempt in 0..TRIES {
            match transact(self.store, parts.clone()).await? {
                Ok(()) => return Ok(key.clone()),
                Err(lost @ (Cancelled::Conflict | Cancelled::Condition(2))) => {
                    // The row says whether the name is taken by now; trying again would not help then.
                    match live_names::explain(self.store, self.tenant, key, key.created_at).await? {
                        NameConflict::Taken(error) => return Err(error),
                        NameConflict::ExpiredRemoved | NameConflict::Gone => {}
                    }
                    if matches!(lost, Cancelled::Conflict) {
                        pause(attempt, key.id.as_str()).await;
                    }
                }
                Err(Cancelled::Condition(3)) => return Err(Error::AuthInvalid(AuthFailure::Unknown)),
                Err(Cancelled::Condition(_)) => return self.adopt(key, &secret).await,
            }
        }
        Err(Error::Unavailable("creating a key lost against others too often".into()))
    }

    /// Reads one key, consistently.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the tenant has no such key; the database's.
    pub async fn get(&self, id: &KeyId) -> Result<KeySummary> {
        let get = self.store.db.get_item().table_name(self.store.table(Table::ApiKeys));
        let get = get.set_key(Some(owned_key(self.tenant, id.as_str()))).consistent_read(true);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = get.send().await.map_err(|error| map_sdk_error("GetItem api-keys", error))?;
        answer.item.as_ref().map(decode).transpose()?.ok_or(Error::NotFound)
    }

    /// Reads the keys that are still shown, consistently, newest first: all live ones, and the newest of
    /// those that have ended.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self) -> Result<Vec<KeySummary>> {
        let now = self.context.effective_at();
        let mut keys: Vec<KeySummary> = Vec::new();
        let mut from: Option<Attributes> = None;
        loop {
            let query = self
                .store
                .db
                .query()
                .table_name(self.store.table(Table::ApiKeys))
                .key_condition_expression("pk = :owner AND begins_with(sk, :kind)")
                .expression_attribute_values(":owner", owner(self.tenant))
                .expression_attribute_values(":kind", text("key_"))
                .set_exclusive_start_key(from)
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = query.send().await.map_err(|error| map_sdk_error("Query api-keys", error))?;
            for item in answer.items() {
                keys.push(decode(item)?);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        keys.retain(|key| key.is_shown(now));
        keys.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
        // Live keys are few; of those that have ended, however many, the newest are enough.
        let mut ended = 0;
        keys.retain(|key| {
            let is_live = key.status(now) == KeyStatus::Active;
            ended += usize::from(!is_live);
            is_live || ended <= MAX_ENDED_LISTED
        });
        Ok(keys)
    }
}

fn encode(tenant: &TenantId, key: &KeySummary) -> Attributes {
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

fn decode(item: &Attributes) -> Result<KeySummary> {
    let row = Row::new(TABLE, item);
    Ok(KeySummary {
        id: row.parsed("sk", KeyId::parse)?,
        name: row.text("name")?.to_owned(),
        key_prefix: row.text("keyPrefix")?.to_owned(),
        environment: row.parsed("environment", Environment::parse)?,
        scopes: row.parsed_all("scopes", Scope::parse)?,
        // Microseconds, so that keys made in one millisecond still list in the order of their making.
        created_at: Timestamp::from_micros(row.integer("createdAt")?),
        expires_at: row.optional_moment("expiresAt")?,
        revoked_at: row.optional_moment("revokedAt")?,
    })
}
