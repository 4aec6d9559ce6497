//! Acquiring, completing and releasing idempotency records.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure};
use hb_domain::idempotency::{
    IdempotencyKey, IdempotencyRecord, LOCK_DURATION, RETENTION, RecordState, StoredResponse,
};
use hb_domain::{CallerId, Error, Principal, Result, TenantId, Timestamp};

use super::item::{decode, encode, row_key, stored_response};
use super::locked::LockedRecord;
use crate::Store;
use crate::item::{Attributes, Row, number, text};
use crate::sdk_error::{is_failed_condition, map_sdk_error};
use crate::tables::Table;

const TABLE: Table = Table::Idempotency;

/// The idempotency records of one caller.
#[derive(Clone, Debug)]
pub struct IdempotencyRecords<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    caller: CallerId,
}

/// What acquiring a record came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// The request holds the lock and is to be carried out.
    Locked(LockedRecord),
    /// The request was completed with this response.
    Completed(StoredResponse),
}

impl<'a> IdempotencyRecords<'a> {
    pub(crate) fn new(store: &'a Store, principal: &'a Principal) -> Self {
        Self { store, tenant: principal.tenant(), caller: principal.caller_id() }
    }

    /// Locks the record of `key` for the request that `new_record` describes: creates it, or takes over one whose lock has
    /// expired.
    ///
    /// # Errors
    /// [`Error::KeyReused`] when the key was used for another request; [`Error::Repeated`] while another attempt holds the
    /// lock; the database's.
    pub async fn acquire(&self, key: &IdempotencyKey, new_record: IdempotencyRecord) -> Result<Acquired> {
        let now = new_record.created_at;
        let sort = format!("key#{}#{}", self.caller, key.as_str());
        let expired = Timestamp::from_micros(now.micros() - RETENTION.as_micros() as i64);
        let put = self
            .store
            .db
            .put_item()
            .table_name(self.store.table(Table::Idempotency))
            .set_item(Some(encode(self.tenant, &sort, &new_record)))
            .condition_expression("attribute_not_exists(tenant) OR #createdAt <= :expired")
            .expression_attribute_names("#createdAt", "createdAt")
            .expression_attribute_values(":expired", number(expired.micros()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let found = match put.send().await {
            Ok(_) => return Ok(Acquired::Locked(LockedRecord { record: new_record, sort })),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item.clone(),
                _ => return Err(map_sdk_error("PutItem idempotency", error)),
            },
        };
        let removed = || Error::Unavailable("the idempotency record was removed meanwhile".into());
        let found = found.ok_or_else(removed)?;
        self.take_over(sort, &found, &new_record, now).await
    }

    /// Takes over the record in `found`, unless another attempt holds its lock.
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
        if let Some(response) = stored_response(&row)? {
            return Ok(Acquired::Completed(response));
        }
        let record = decode(&row)?;
        if record.lock_owner == new_record.lock_owner {
            // The SDK wrote it with an earlier attempt, whose response was lost.
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
        // The previous lock owner may have applied its change since the record was read.
        let locked = |row: &Attributes| -> Result<Acquired> {
            let row = Row::new(TABLE, row);
            let record = IdempotencyRecord {
                lock_owner: new_record.lock_owner.clone(),
                locked_until,
                applied: row.flag("applied")?,
                applied_items: row.positions("appliedItems")?,
                resumed: true,
                ..record.clone()
            };
            Ok(Acquired::Locked(LockedRecord { record, sort: sort.clone() }))
        };
        match update.send().await {
            Ok(response) => locked(&response.attributes.unwrap_or_default()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let row = failed.item.as_ref().unwrap_or(found);
                    if row.get("lockOwner") == Some(&text(&new_record.lock_owner)) {
                        return locked(row);
                    }
                    // Another attempt was faster, and will be completed by then.
                    Err(Error::Repeated { retry_after: std::time::Duration::from_secs(1) })
                }
                _ => Err(map_sdk_error("UpdateItem idempotency", error)),
            },
        }
    }

    /// Stores the response for later attempts. Returns `false` when another attempt has locked the record since: that one
    /// stores its own response.
    ///
    /// # Errors
    /// The database's. The record then stays as it is, and a later attempt finds what was written.
    pub async fn complete(&self, locked: &LockedRecord, response: &StoredResponse) -> Result<bool> {
        let mut expression = "SET #status = :status, body = :body".to_owned();
        let mut update = self
            .update_locked(locked)
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
        // The seed of the ids is not needed any more.
        self.send_update(update.update_expression(format!("{expression} REMOVE seed"))).await
    }

    /// Releases the lock, so that the next attempt resumes the request immediately, with the same ids.
    ///
    /// # Errors
    /// The database's. The lock then has to expire.
    pub async fn unlock(&self, locked: &LockedRecord) -> Result<bool> {
        let update = self.update_locked(locked).update_expression("SET lockedUntil = :none");
        self.send_update(update.expression_attribute_values(":none", number(0))).await
    }

    /// Deletes the record: nothing was done under it, and the key can be used for another request.
    ///
    /// # Errors
    /// The database's. The record then stays as it is.
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

    async fn send_update(&self, update: UpdateItemFluentBuilder) -> Result<bool> {
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(map_sdk_error("UpdateItem idempotency", error)),
        }
    }

    fn update_locked(&self, locked: &LockedRecord) -> UpdateItemFluentBuilder {
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
}
