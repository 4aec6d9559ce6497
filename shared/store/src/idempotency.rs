//! The table of idempotency: what has been asked for and answered under which key, and which events of
//! the memories' stream have been dealt with.
//!
//! | row | `tenant` | `sk` | holds |
//! |---|---|---|---|
//! | claim | tenant | `key#` + the caller + `#` + the client's key | `fingerprint`, `at`, `seed`, `lock_owner`, `lease`, `applied`; once answered `status`, `body`, `location`, `version` |
//! | event | tenant | `event#` + the event's id | nothing |
//!
//! A claim is the caller's: the same key of another caller is another claim. The caller's name has no `#`, so that
//! nobody's key can reach into another's claims, and is short: a sort key has room for 1,024 bytes.
//!
//! TTL removes both; that a claim is over is decided by its own `at`.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use hb_domain::idempotency::{
    Fingerprint, IdempotencyKey, IdempotencyRecord, LOCK_DURATION, RETENTION, RecordState, Seed,
    StoredResponse,
};
use hb_domain::{CallerId, Error, Principal, Result, TenantId, Timestamp};

use crate::Store;
use crate::item::{Attributes, Row, bytes, number, text, ttl};
use crate::sdk_error::{is_failed_condition, map_sdk_error};
use crate::tables::Table;
use crate::transaction::built;

const TABLE: Table = Table::Idempotency;

/// The claims of one caller.
#[derive(Clone, Debug)]
pub struct IdempotencyRecords<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    caller: CallerId,
}

/// What asking for a claim came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// The request is to be worked on, under this claim.
    Locked(LockedRecord),
    /// It has been answered.
    Completed(StoredResponse),
}

/// A claim that a request holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedRecord {
    /// What is kept under the caller's key.
    pub record: IdempotencyRecord,
    /// The sort key of the row.
    sort: String,
}

impl LockedRecord {
    /// The part of a transaction that notes that the claim's change is applied with it, for the first time. It fails
    /// when it had been before, or when somebody has taken the claim over, who will apply it.
    pub(crate) fn applied(&self, store: &Store, tenant: &TenantId) -> Result<TransactWriteItem> {
        self.mark(store, tenant, "SET applied = :yes", "lockOwner = :mine AND attribute_not_exists(applied)")
    }

    /// As [`applied`](Self::applied), for a change that may have been applied before.
    pub(crate) fn applied_again(&self, store: &Store, tenant: &TenantId) -> Result<TransactWriteItem> {
        self.mark(store, tenant, "SET applied = :yes", "lockOwner = :mine")
    }

    /// The part of a transaction that takes the change of [`applied`](Self::applied) back.
    pub(crate) fn taken_back(&self, store: &Store, tenant: &TenantId) -> Result<TransactWriteItem> {
        self.mark(store, tenant, "REMOVE applied", "lockOwner = :mine AND applied = :yes")
    }

    fn mark(
        &self,
        store: &Store,
        tenant: &TenantId,
        update: &str,
        condition: &str,
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(store.table(Table::Idempotency))
            .set_key(Some(row_key(tenant, &self.sort)))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":mine", text(&self.record.lock_owner));
        Ok(TransactWriteItem::builder().update(built(update.build())?).build())
    }
}

impl<'a> IdempotencyRecords<'a> {
    pub(crate) fn new(store: &'a Store, principal: &'a Principal) -> Self {
        Self { store, tenant: principal.tenant(), caller: principal.caller_id() }
    }

    /// Claims `key` for the request that `new_record` describes, or carries on in the place of one that is over.
    ///
    /// # Errors
    /// [`Error::KeyReused`] when the key is another request's, [`Error::Repeated`] while a request works under
    /// it; the database's.
    pub async fn acquire(&self, key: &IdempotencyKey, new_record: IdempotencyRecord) -> Result<Acquired> {
        let now = new_record.created_at;
        let sort = format!("key#{}#{}", self.caller, key.as_str());
        let forgotten = Timestamp::from_micros(now.micros() - RETENTION.as_micros() as i64);
        let put = self
            .store
            .db
            .put_item()
            .table_name(self.store.table(Table::Idempotency))
            .set_item(Some(self.encode(&sort, &new_record)))
            .condition_expression("attribute_not_exists(tenant) OR #createdAt <= :expired")
            .expression_attribute_names("#createdAt", "createdAt")
            .expression_attribute_values(":expired", number(forgotten.micros()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let found = match put.send().await {
            Ok(_) => return Ok(Acquired::Locked(LockedRecord { record: new_record, sort })),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item.clone(),
                _ => return Err(map_sdk_error("PutItem idempotency", error)),
            },
        };
        let found =
            found.ok_or_else(|| Error::Unavailable("a claim was removed while it was asked for".into()))?;
        self.take_over(sort, &found, &new_record, now).await
    }

    /// Carries on under the claim in `found`, when nobody works under it.
    async fn take_over(
        &self,
        sort: String,
        found: &Attributes,
        new_record: &IdempotencyRecord,
        now: Timestamp,
    ) -> Result<Acquired> {
        let row = Row::new(TABLE, found);
        if row.bytes("fingerprint")? != new_record.fingerprint.as_bytes() {
            return Err(Error::KeyReused);
        }
        if let Some(response) = answer(&row)? {
            return Ok(Acquired::Completed(response));
        }
        let record = decode(&row)?;
        if record.lock_owner == new_record.lock_owner {
            // An attempt before, whose answer was lost, has written it.
            return Ok(Acquired::Locked(LockedRecord { record: new_record.clone(), sort }));
        }
        match record.state_for(&new_record.fingerprint, now) {
            RecordState::OtherRequest => return Err(Error::KeyReused),
            RecordState::Locked(retry_after) => return Err(Error::Repeated { retry_after }),
            RecordState::Unlocked => {}
        }
        let locked_until = now.plus(LOCK_DURATION);
        let update = self
            .update(&sort)
            .update_expression("SET lockOwner = :mine, lockedUntil = :until")
            .condition_expression("lockOwner = :seen AND attribute_not_exists(#status)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":seen", text(&record.lock_owner))
            .expression_attribute_values(":mine", text(&new_record.lock_owner))
            .expression_attribute_values(":until", number(locked_until.micros()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        // The holder before may have applied its change since the claim was found.
        let taken = |row: &Attributes| -> Result<Acquired> {
            let applied = Row::new(TABLE, row).flag("applied")?;
            let record = IdempotencyRecord {
                lock_owner: new_record.lock_owner.clone(),
                locked_until,
                applied,
                resumed: true,
                ..record.clone()
            };
            Ok(Acquired::Locked(LockedRecord { record, sort: sort.clone() }))
        };
        match update.send().await {
            Ok(answer) => taken(&answer.attributes.unwrap_or_default()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let row = failed.item.as_ref().unwrap_or(found);
                    if row.get("lockOwner") == Some(&text(&new_record.lock_owner)) {
                        return taken(row);
                    }
                    // Another one was faster; by then it will have answered.
                    Err(Error::Repeated { retry_after: std::time::Duration::from_secs(1) })
                }
                _ => Err(map_sdk_error("UpdateItem idempotency", error)),
            },
        }
    }

    /// Keeps the answer, for repetitions; `false` when somebody has taken the claim over meanwhile, who keeps
    /// theirs.
    ///
    /// # Errors
    /// The database's: the claim then stays as it is, and whoever carries on finds what was written.
    pub async fn complete(&self, locked: &LockedRecord, response: &StoredResponse) -> Result<bool> {
        let mut expression = "SET #status = :status, body = :body".to_owned();
        let mut update = self
            .mine(locked)
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", number(response.status))
            .expression_attribute_values(":body", text(&response.body));
        for (name, value) in [("location", &response.location), ("version", &response.version)] {
            if let Some(value) = value {
                expression.push_str(&format!(", #{name} = :{name}"));
                update = update
                    .expression_attribute_names(format!("#{name}"), name)
                    .expression_attribute_values(format!(":{name}"), text(value));
            }
        }
        // What the ids were made from is of no more use.
        self.settle(update.update_expression(format!("{expression} REMOVE seed"))).await
    }

    /// Lets the next request of this key carry on at once, with the same ids.
    ///
    /// # Errors
    /// The database's: the lease then has to end by itself.
    pub async fn unlock(&self, locked: &LockedRecord) -> Result<bool> {
        let update = self.mine(locked).update_expression("SET lockedUntil = :none");
        self.settle(update.expression_attribute_values(":none", number(0))).await
    }

    /// Forgets the claim: nothing was done under it, and the key is free for another request.
    ///
    /// # Errors
    /// The database's: the claim then stays as it is.
    pub async fn discard(&self, locked: &LockedRecord) -> Result<bool> {
        let delete = self
            .store
            .db
            .delete_item()
            .table_name(self.store.table(Table::Idempotency))
            .set_key(Some(row_key(self.tenant, &locked.sort)))
            .condition_expression("lockOwner = :mine")
            .expression_attribute_values(":mine", text(&locked.record.lock_owner))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match delete.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(map_sdk_error("DeleteItem idempotency", error)),
        }
    }

    async fn settle(&self, update: UpdateItemFluentBuilder) -> Result<bool> {
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(map_sdk_error("UpdateItem idempotency", error)),
        }
    }

    fn mine(&self, locked: &LockedRecord) -> UpdateItemFluentBuilder {
        self.update(&locked.sort)
            .condition_expression("lockOwner = :mine")
            .expression_attribute_values(":mine", text(&locked.record.lock_owner))
    }

    fn update(&self, sort: &str) -> UpdateItemFluentBuilder {
        let update = self.store.db.update_item().table_name(self.store.table(Table::Idempotency));
        update
            .set_key(Some(row_key(self.tenant, sort)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    fn encode(&self, sort: &str, record: &IdempotencyRecord) -> Attributes {
        let mut item = row_key(self.tenant, sort);
        item.insert("fingerprint".into(), bytes(record.fingerprint.as_bytes()));
        item.insert("createdAt".into(), number(record.created_at.micros()));
        item.insert("seed".into(), bytes(&record.seed.0));
        item.insert("lockOwner".into(), text(&record.lock_owner));
        item.insert("lockedUntil".into(), number(record.locked_until.micros()));
        item.insert("ttl".into(), ttl(record.created_at.plus(RETENTION)));
        item
    }
}

/// The key of a row of the table.
pub(crate) fn row_key(tenant: &TenantId, sort: impl ToString) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("sk".into(), text(sort))])
}

fn answer(row: &Row<'_>) -> Result<Option<StoredResponse>> {
    let Some(status) = row.optional_integer("status")? else { return Ok(None) };
    let optional = |name: &str| -> Result<Option<String>> { Ok(row.optional_text(name)?.map(str::to_owned)) };
    Ok(Some(StoredResponse {
        status: u16::try_from(status).map_err(|_| row.corrupt("status"))?,
        body: row.text("body")?.to_owned(),
        location: optional("location")?,
        version: optional("version")?,
    }))
}

fn decode(row: &Row<'_>) -> Result<IdempotencyRecord> {
    Ok(IdempotencyRecord {
        fingerprint: Fingerprint::from_bytes(row.bytes("fingerprint")?),
        created_at: Timestamp::from_micros(row.integer("createdAt")?),
        seed: Seed(row.bytes("seed")?.try_into().map_err(|_| row.corrupt("seed"))?),
        lock_owner: row.text("lockOwner")?.to_owned(),
        locked_until: Timestamp::from_micros(row.integer("lockedUntil")?),
        applied: row.flag("applied")?,
        resumed: false,
    })
}
