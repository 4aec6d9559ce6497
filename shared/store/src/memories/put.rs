//! Writing one memory's item, on a condition, exactly once.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use hb_domain::{Error, MemoryId, Result};

use super::row::Record;
use super::{Memories, row};
use crate::claims::{Claims, HeldClaim};
use crate::fault::{fault, was_refused};
use crate::item::{Attributes, text};
use crate::transaction::{Cancelled, TRIES, built, pause, transact};

/// The waits before a write that has failed is tried again.
const PAUSES: [Duration; 2] = [Duration::from_millis(30), Duration::from_millis(150)];

/// What a conditional write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is done.
    Now,
    /// Another request under the same claim has done it.
    Before,
    /// The condition does not hold.
    Refused,
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
    /// Keeps a memory whose id nothing has.
    pub(super) async fn put_new(&self, record: &Record) -> std::result::Result<Written, Failure> {
        self.put(row::encode(self.tenant, record), "attribute_not_exists(id)", None, &record.version).await
    }

    /// Puts `record` in the place of its version `seen`.
    pub(super) async fn put_over(
        &self,
        record: &Record,
        seen: &str,
    ) -> std::result::Result<Written, Failure> {
        match self.claim {
            Some(held) => {
                let written = self.put_under(held, record, seen).await;
                written.map_err(|error| Failure { error, maybe_done: true })
            }
            None => {
                let item = row::encode(self.tenant, record);
                self.put(item, "#version = :seen", Some(seen), &record.version).await
            }
        }
    }

    async fn put(
        &self,
        item: Attributes,
        condition: &str,
        seen: Option<&str>,
        version: &str,
    ) -> std::result::Result<Written, Failure> {
        let mut put = self
            .store
            .once
            .put_item()
            .table_name(&self.store.tables.memories)
            .set_item(Some(item))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(seen) = seen {
            put = put
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":seen", text(seen));
        }
        let mut pauses = PAUSES.iter();
        // Whether an attempt of ours may have written it although its answer did not come.
        let mut maybe_done = false;
        loop {
            let error = match put.clone().send().await {
                Ok(_) => return Ok(Written::Now),
                Err(error) => error,
            };
            if let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
                let found = failed.item.as_ref().and_then(|item| item.get("version"));
                return Ok(match found == Some(&text(version)) {
                    true if maybe_done => Written::Now,
                    true => Written::Before,
                    false => Written::Refused,
                });
            }
            let nothing_done = was_refused(&error);
            let error = fault("PutItem memories", error);
            let passes = matches!(error, Error::Unavailable(_));
            maybe_done |= passes && !nothing_done;
            match pauses.next().filter(|_| passes) {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(Failure { error, maybe_done }),
            }
        }
    }

    /// Writes the memory and, together with it, that the claim's change has been applied: who carries on
    /// under the claim must not apply it to what others have made of the memory since.
    async fn put_under(&self, held: &HeldClaim, record: &Record, seen: &str) -> Result<Written> {
        let put = Put::builder()
            .table_name(&self.store.tables.memories)
            .set_item(Some(row::encode(self.tenant, record)))
            .condition_expression("#version = :seen")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":seen", text(seen));
        let applied = Claims::new(self.store, self.tenant).applied(held);
        let parts = vec![
            TransactWriteItem::builder().put(built(put.build())?).build(),
            TransactWriteItem::builder().update(built(applied.build())?).build(),
        ];
        for attempt in 0..TRIES {
            let place = match transact(self.store, parts.clone()).await? {
                Ok(()) => return Ok(Written::Now),
                Err(Cancelled::Conflict) => {
                    pause(attempt, record.memory.id.as_str()).await;
                    continue;
                }
                Err(Cancelled::Condition(place)) => place,
            };
            // An attempt before, whose answer was lost, may have written this very version.
            if self.version_of(&record.memory.id).await?.as_deref() == Some(&record.version) {
                return Ok(Written::Now);
            }
            if place == 0 {
                return Ok(Written::Refused);
            }
            return Err(Error::Unavailable("another request has taken the claim over".into()));
        }
        Err(Error::Unavailable("changing a memory lost against others too often".into()))
    }

    async fn version_of(&self, id: &MemoryId) -> Result<Option<String>> {
        Ok(self.read(id).await?.map(|record| record.version))
    }
}
