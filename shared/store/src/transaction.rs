//! The one way to write conditionally: one item, or several that are written together or not at all.
//!
//! Conflicts and throttling are retried here, and a lost response is resolved here. Additions, which would count twice,
//! do not go this way: [`crate::sdk_error::retry_when_throttled`] repeats them only when nothing was done.

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, TransactWriteItem};
use hb_domain::{Error, Result};

use crate::Store;
use crate::attempt::{FailedAttempt, send_alone, send_together};
use crate::backoff::Backoff;
use crate::item::Attributes;
use crate::sdk_error::Failure;
use crate::write::Write;

/// Writes that happen together or not at all, each with the name of its part.
#[derive(Clone, Debug)]
pub(crate) struct Transaction<P> {
    parts: Vec<(P, Write)>,
}

/// How a transaction succeeded.
#[derive(Debug)]
pub(crate) enum Written {
    /// It was carried out; with the item that it replaced or deleted if it was asked to return it.
    Now(Option<Attributes>),
    /// An earlier attempt carried it out; with the item that this one found.
    Earlier(Attributes),
}

/// A transaction that changed nothing, since the condition of a part did not hold.
#[derive(Debug, PartialEq)]
pub(crate) struct ConditionFailed<P> {
    /// The first such part, in the order in which they were added.
    pub(crate) part: P,
    /// The item that the condition was checked on; `None` when there is none.
    pub(crate) found: Option<Attributes>,
}

/// A transaction that failed for another reason.
#[derive(Debug)]
pub(crate) struct WriteError {
    pub(crate) error: Error,
    /// Whether it may have been carried out all the same.
    pub(crate) maybe_done: bool,
}

impl From<WriteError> for Error {
    fn from(failed: WriteError) -> Self {
        failed.error
    }
}

/// What a transaction came to.
pub(crate) type Outcome<P> =
    std::result::Result<std::result::Result<Written, ConditionFailed<P>>, WriteError>;

impl<P: Copy + PartialEq> Transaction<P> {
    /// A transaction of one part.
    pub(crate) fn new(part: P, write: Write) -> Self {
        Self { parts: vec![(part, write)] }
    }

    /// The same transaction with another part.
    #[must_use]
    pub(crate) fn and(mut self, part: P, write: impl Into<Option<Write>>) -> Self {
        self.parts.extend(write.into().map(|write| (part, write)));
        self
    }

    /// The same transaction without this part.
    #[must_use]
    pub(crate) fn without(mut self, part: P) -> Self {
        self.parts.retain(|(name, _)| *name != part);
        self
    }

    /// Carries the transaction out, and retries it while it meets other transactions or is throttled. A transaction of
    /// one part is sent as PutItem, UpdateItem or DeleteItem, which takes half the capacity.
    pub(crate) async fn run(&self, store: &Store, backoff: &mut Backoff) -> Outcome<P> {
        self.run_unless(store, backoff, || std::future::ready(Ok(()))).await
    }

    /// As [`run`](Self::run), but ends with the error of `check` if there is one, which is called after each conflict.
    pub(crate) async fn run_unless<F>(
        &self,
        store: &Store,
        backoff: &mut Backoff,
        check: impl Fn() -> F,
    ) -> Outcome<P>
    where
        F: Future<Output = Result<()>>,
    {
        loop {
            // Boxed here and below, since the compiler limits how deep futures may be nested.
            let failed = match Box::pin(self.attempt(store)).await {
                Ok(old) => return Ok(Ok(Written::Now(old))),
                Err(failed) => failed,
            };
            match failed.failure {
                Failure::ConditionFailed => return self.failed_condition(failed),
                Failure::Unknown if Box::pin(self.was_carried_out(store)).await => {
                    return Ok(Ok(Written::Now(None)));
                }
                Failure::Conflict => {
                    check().await.map_err(|error| WriteError { error, maybe_done: false })?;
                    if backoff.wait().await {
                        continue;
                    }
                }
                Failure::Throttled => {
                    if backoff.wait().await {
                        continue;
                    }
                }
                Failure::Unknown | Failure::Fatal => {}
            }
            // What the SDK may have sent more than once may have been carried out by an attempt before the last.
            let maybe_done = self.sent_once().is_none() || failed.failure == Failure::Unknown;
            return Err(WriteError { error: failed.error, maybe_done });
        }
    }

    async fn attempt(&self, store: &Store) -> std::result::Result<Option<Attributes>, FailedAttempt> {
        if let [(_, write)] = self.parts.as_slice() {
            return send_alone(store, write).await;
        }
        let parts = self.parts.iter().map(|(_, write)| write.to_part(store));
        send_together(store, parts.collect::<Result<Vec<TransactWriteItem>>>()?).await.map(|()| None)
    }

    /// Names the part that failed, unless it shows that an earlier attempt was carried out.
    fn failed_condition(&self, failed: FailedAttempt) -> Outcome<P> {
        let Some((part, write)) = self.parts.get(failed.part) else {
            return Err(WriteError { error: failed.error, maybe_done: false });
        };
        Ok(match failed.found {
            Some(found) if write.has_left(&found) => Ok(Written::Earlier(found)),
            found => Err(ConditionFailed { part: *part, found }),
        })
    }

    /// Whether a write that is sent once, and whose response was lost, is in the table. It is not sent again: the item may
    /// have been changed or deleted since.
    async fn was_carried_out(&self, store: &Store) -> bool {
        let Some(write) = self.sent_once().filter(|write| write.identity.is_some()) else { return false };
        let get = store.db.get_item().table_name(store.table(write.table)).set_key(Some(write.key()));
        let get = get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let found = get.send().await.ok().and_then(|response| response.item);
        found.is_some_and(|found| write.has_left(&found))
    }

    fn sent_once(&self) -> Option<&Write> {
        match self.parts.as_slice() {
            [(_, write)] if !write.is_resent => Some(write),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::text;
    use crate::tables::Table;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Part {
        Memory,
        Record,
        Caller,
    }

    fn transaction(with_record: bool) -> Transaction<Part> {
        let write = || Write::put(Table::Memories, Attributes::new());
        Transaction::new(Part::Memory, write().identified_by("version", text("ours")))
            .and(Part::Record, with_record.then(write))
            .and(Part::Caller, write())
    }

    fn failed(part: usize, version: Option<&str>) -> FailedAttempt {
        let found = version.map(|version| Attributes::from([("version".into(), text(version))]));
        let error = Error::Unavailable("unused".into());
        FailedAttempt { failure: Failure::ConditionFailed, part, found, error }
    }

    #[test]
    fn a_failure_names_its_part_and_brings_what_was_found() {
        for (with_record, without, index, part) in [
            (true, None, 0, Part::Memory),
            (true, None, 1, Part::Record),
            (true, None, 2, Part::Caller),
            (false, None, 1, Part::Caller),
            (true, Some(Part::Record), 1, Part::Caller),
        ] {
            let transaction = transaction(with_record);
            let transaction = without.map_or(transaction.clone(), |part| transaction.without(part));
            for version in [None, Some("theirs")] {
                let failed = failed(index, version);
                let found = failed.found.clone();
                let outcome = transaction.failed_condition(failed).expect("an outcome");
                assert_eq!(outcome.expect_err("a failed condition"), ConditionFailed { part, found });
            }
        }
    }

    #[test]
    fn an_item_that_only_this_write_leaves_shows_that_it_was_carried_out() {
        let outcome =
            |part| transaction(true).failed_condition(failed(part, Some("ours"))).expect("an outcome");
        assert!(matches!(outcome(0), Ok(Written::Earlier(_))));
        assert!(outcome(1).is_err(), "the item of another part");
    }
}
