//! Single memories: creating, reading, changing and deleting them.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use hb_domain::{Error, Memory, MemoryId, Result, Timestamp};

use super::{Memories, Versioned, row};
use crate::Usage;
use crate::fault::{fault, persist};
use crate::item::{Attributes, millis, text};

impl Memories<'_> {
    /// Keeps a new memory. `limit` is how many the tenant may have.
    ///
    /// # Errors
    /// [`Error::QuotaExhausted`] when that many are kept; the database's.
    pub async fn create(&self, memory: &Memory, version: &str, limit: Option<u64>) -> Result<()> {
        let usage = Usage::new(self.store, self.tenant);
        usage.reserve(limit).await?;
        let item = row::encode(self.tenant, memory, version);
        match self.put(item, "attribute_not_exists(id)", Attributes::new(), version).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.give_back(&usage).await;
                Err(Error::Unavailable(format!("{} is taken", memory.id)))
            }
            // The answer may have been lost after the write: the place stays taken, rather too many than too few.
            Err(error) => Err(error),
        }
    }

    /// Replaces a memory, provided that it still is of version `seen`; `false` when it is not.
    ///
    /// # Errors
    /// The database's.
    pub async fn replace(&self, memory: &Memory, seen: &str, version: &str) -> Result<bool> {
        let item = row::encode(self.tenant, memory, version);
        let values = Attributes::from([(":seen".into(), text(seen))]);
        self.put(item, "#version = :seen", values, version).await
    }

    /// Deletes a memory; with `expected`, only one of these versions. The SDK makes one attempt: a
    /// repeated one would find nothing and report a memory that it has just deleted as missing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there, [`Error::PreconditionFailed`] when it has another
    /// version; the database's.
    pub async fn delete(&self, id: &MemoryId, expected: Option<&[String]>, now: Timestamp) -> Result<()> {
        let mut condition =
            "attribute_exists(id) AND (attribute_not_exists(expiresAt) OR expiresAt > :now)".to_owned();
        let mut delete = self
            .store
            .once
            .delete_item()
            .table_name(&self.store.tables.memories)
            .set_key(Some(row::key(self.tenant, id)))
            .expression_attribute_values(":now", millis(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(versions) = expected {
            let names: Vec<String> = (0..versions.len()).map(|place| format!(":v{place}")).collect();
            condition = format!("{condition} AND #version IN ({})", names.join(", "));
            delete = delete.expression_attribute_names("#version", "version");
            for (name, version) in names.into_iter().zip(versions) {
                delete = delete.expression_attribute_values(name, text(version));
            }
        }
        let delete = delete.condition_expression(condition);
        match persist(|| delete.clone().send()).await {
            Ok(_) => {
                self.give_back(&Usage::new(self.store, self.tenant)).await;
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(failed)) => {
                    let kept = failed.item.as_ref().map(row::decode).transpose()?;
                    let visible = kept.is_some_and(|kept| kept.memory.is_visible(now));
                    Err(if visible { Error::PreconditionFailed } else { Error::NotFound })
                }
                _ => Err(fault("DeleteItem memories", error)),
            },
        }
    }

    pub(super) async fn read(&self, id: &MemoryId) -> Result<Option<Versioned>> {
        let get = self.store.db.get_item().table_name(&self.store.tables.memories);
        let get = get.set_key(Some(row::key(self.tenant, id))).consistent_read(true);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = get.send().await.map_err(|error| fault("GetItem memories", error))?;
        answer.item.as_ref().map(row::decode).transpose()
    }

    /// Writes `item` when `condition` holds. A condition that fails because an attempt before, whose
    /// answer was lost, has written this very version is a success.
    async fn put(
        &self,
        item: Attributes,
        condition: &str,
        values: Attributes,
        version: &str,
    ) -> Result<bool> {
        let mut put = self
            .store
            .db
            .put_item()
            .table_name(&self.store.tables.memories)
            .set_item(Some(item))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if !values.is_empty() {
            put = put
                .set_expression_attribute_values(Some(values))
                .expression_attribute_names("#version", "version");
        }
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let found = failed.item.as_ref().and_then(|item| item.get("version"));
                    Ok(found == Some(&text(version)))
                }
                _ => Err(fault("PutItem memories", error)),
            },
        }
    }

    /// The memory is gone whether or not its place is given back, so a failure is only logged.
    async fn give_back(&self, usage: &Usage<'_>) {
        if let Err(error) = usage.release().await {
            tracing::warn!(tenant = %self.tenant, %error, "a memory's place was not given back; a recount mends it");
        }
    }
}
