//! Writing one memory's item, on a condition, exactly once.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    Put, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use hb_domain::{Error, MemoryId, Result, Timestamp};

use super::stored_memory::StoredMemory;
use super::{Memories, stored_memory};
use crate::idempotency::LockedRecord;
use crate::item::{Attributes, millis, text};
use crate::sdk_error::{map_sdk_error, was_rejected};
use crate::tables::Table;
use crate::transaction::{Cancelled, TRIES, built, pause, transact};

/// The waits before a write that was refused because of its rate is tried again: a tenant's memories lie in one
/// partition, which a large import fills.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];

/// What a conditional write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PutOutcome {
    /// It is done.
    Written,
    /// Another request under the same claim has done it.
    AlreadyWritten,
    /// The condition does not hold.
    ConditionFailed,
}

/// A write that failed.
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether it may be done all the same.
    pub(super) maybe_done: bool,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Memories<'_> {
    /// Keeps a memory whose id nothing visible has; gives besides what had the id: an expired memory, whose place is free
    /// now, or the one that is in the way.
    pub(super) async fn put_new(
        &self,
        stored: &StoredMemory,
        now: Timestamp,
    ) -> std::result::Result<(PutOutcome, Option<StoredMemory>), Failure> {
        let put = self
            .item_put(stored)
            .condition_expression("attribute_not_exists(id) OR expiresAt <= :now")
            .expression_attribute_values(":now", millis(now))
            .return_values(ReturnValue::AllOld);
        self.put(put, stored).await
    }

    /// Puts `stored` in the place of its version `seen`.
    pub(super) async fn put_over(
        &self,
        stored: &StoredMemory,
        seen: &str,
    ) -> std::result::Result<PutOutcome, Failure> {
        if let Some(locked) = self.idempotency {
            let written = self.put_under(locked, stored, seen).await;
            return written.map_err(|error| Failure { error, maybe_done: true });
        }
        let put = self
            .item_put(stored)
            .condition_expression("#version = :seen")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":seen", text(seen));
        self.put(put, stored).await.map(|(written, _)| written)
    }

    fn item_put(&self, stored: &StoredMemory) -> PutItemFluentBuilder {
        self.store
            .once
            .put_item()
            .table_name(self.store.table(Table::Memories))
            .set_item(Some(stored_memory::encode(self.tenant, stored)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// Sends the write until it is not refused because of its rate. One whose answer was lost is never sent
    /// again: the item may have been written, and changed or deleted since. It is looked for instead.
    async fn put(
        &self,
        put: PutItemFluentBuilder,
        stored: &StoredMemory,
    ) -> std::result::Result<(PutOutcome, Option<StoredMemory>), Failure> {
        let mut pauses = PAUSES.iter();
        loop {
            let error = match put.clone().send().await {
                Ok(answer) => return Ok((PutOutcome::Written, had(answer.attributes.as_ref()))),
                Err(error) => error,
            };
            if let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
                let found = failed.item.as_ref().and_then(|item| item.get("version"));
                let is_ours = found == Some(&text(&stored.version));
                let written = if is_ours { PutOutcome::AlreadyWritten } else { PutOutcome::ConditionFailed };
                return Ok((written, had(failed.item.as_ref())));
            }
            if was_rejected(&error)
                && let Some(pause) = pauses.next()
            {
                tokio::time::sleep(*pause).await;
                continue;
            }
            let nothing_done = was_rejected(&error);
            let error = map_sdk_error("PutItem memories", error);
            let maybe_done = matches!(error, Error::Unavailable(_)) && !nothing_done;
            let found =
                if maybe_done { self.version_of(&stored.memory.id).await.ok().flatten() } else { None };
            if found.as_ref() == Some(&stored.version) {
                return Ok((PutOutcome::Written, None));
            }
            return Err(Failure { error, maybe_done });
        }
    }

    /// Writes the memory and, together with it, that the claim's change has been applied: who carries on
    /// under the claim must not apply it to what others have made of the memory since.
    async fn put_under(
        &self,
        locked: &LockedRecord,
        stored: &StoredMemory,
        seen: &str,
    ) -> Result<PutOutcome> {
        let put = Put::builder()
            .table_name(self.store.table(Table::Memories))
            .set_item(Some(stored_memory::encode(self.tenant, stored)))
            .condition_expression("#version = :seen")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":seen", text(seen));
        let parts = vec![
            TransactWriteItem::builder().put(built(put.build())?).build(),
            locked.applied(self.store, self.tenant)?,
        ];
        for attempt in 0..TRIES {
            let index = match transact(self.store, parts.clone()).await? {
                Ok(()) => return Ok(PutOutcome::Written),
                Err(Cancelled::Conflict) => {
                    pause(attempt, stored.memory.id.as_str()).await;
                    continue;
                }
                Err(Cancelled::Condition(index)) => index,
            };
            // An attempt before, whose answer was lost, may have written this very version.
            if self.version_of(&stored.memory.id).await?.as_deref() == Some(&stored.version) {
                return Ok(PutOutcome::Written);
            }
            if index == 0 {
                return Ok(PutOutcome::ConditionFailed);
            }
            return Err(Error::Unavailable("another request took over the idempotency record".into()));
        }
        Err(Error::Unavailable("changing a memory lost against others too often".into()))
    }

    async fn version_of(&self, id: &MemoryId) -> Result<Option<String>> {
        Ok(self.read(id).await?.map(|stored| stored.version))
    }
}

/// The memory of an item, unless it is damaged.
fn had(item: Option<&Attributes>) -> Option<StoredMemory> {
    item.and_then(|item| stored_memory::decode(item).ok())
}
