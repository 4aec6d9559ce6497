//! Rewriting search documents, after a new version has changed what is stored of a memory for searches.
//!
//! Only the attribute `searchDoc` is written, on the condition that the memory's version is unchanged. The version itself,
//! `updatedAt` and the storage count stay as they are, and a memory that was changed or deleted meanwhile is not touched.
//! A cached index does not find such a write by its time, so it is noted as a backdated change, to be published at the end.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures_util::stream::{self, StreamExt};
use hb_domain::{Error, MemoryId, Result, Timestamp};

use super::Memories;
use super::stored_memory::{self, StoredMemory};
use crate::backoff::Backoff;
use crate::item::{Attributes, Row, bytes, text};
use crate::sdk_error::{is_failed_condition, map_sdk_error, retry_when_throttled};
use crate::tables::Table;

/// The most memories of a page. DynamoDB ends a page at 1 MB, which is some 1,000 memories of a paragraph.
const PAGE: i32 = 1_000;
/// How many documents are written at the same time.
const CONCURRENCY: usize = 16;
/// How often a document is computed anew because the memory was changed meanwhile by a version that writes others.
const MAX_ATTEMPTS: usize = 10;

/// The memories of one page, in the order of their ids.
#[derive(Clone, Debug, PartialEq)]
pub struct ReindexPage {
    /// The number of memories on the page.
    pub examined: u64,
    /// Those whose search documents differ from what this version writes.
    pub stale: Vec<StaleDocument>,
    /// The ids of those that cannot be read, each with the reason.
    pub corrupt: Vec<(String, Error)>,
    /// The last memory of the page; `None` when nothing follows.
    pub next: Option<MemoryId>,
}

/// A search document that is to be rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleDocument {
    /// The memory.
    pub id: MemoryId,
    /// The version of the memory that the new document is computed from.
    version: String,
    updated_at: Timestamp,
    /// The new document.
    document: Vec<u8>,
}

/// What became of a stale document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewriteOutcome {
    /// It was rewritten.
    Rewritten,
    /// The memory was changed meanwhile, and its document is current.
    Changed,
    /// The memory was deleted meanwhile.
    Deleted,
}

impl Memories<'_> {
    /// Reads the page of memories that follow `after`, consistently, and finds the stale search documents.
    ///
    /// # Errors
    /// The database's.
    pub async fn stale_documents(&self, after: Option<&MemoryId>) -> Result<ReindexPage> {
        let query = self
            .store
            .db
            .query()
            .table_name(self.store.table(Table::Memories))
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", text(self.tenant))
            .consistent_read(true)
            .limit(PAGE)
            .set_exclusive_start_key(after.map(|id| stored_memory::key(self.tenant, id)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = retry_when_throttled(Backoff::batch_write(), || query.clone().send()).await;
        let output = output.map_err(|error| map_sdk_error("Query memories", error))?;
        let (mut stale, mut corrupt) = (Vec::new(), Vec::new());
        for item in output.items() {
            match stale_document(item) {
                Ok(found) => stale.extend(found),
                Err(error) => {
                    let id = Row::new(Table::Memories, item).text("id").unwrap_or_default();
                    corrupt.push((id.to_owned(), error));
                }
            }
        }
        let next = output.last_evaluated_key();
        let next = next.map(|key| Row::new(Table::Memories, key).parsed("id", MemoryId::parse));
        let examined = output.items().len() as u64;
        Ok(ReindexPage { examined, stale, corrupt, next: next.transpose()? })
    }

    /// Rewrites search documents, several at a time; returns one outcome for each, in their order. Cached indexes load the
    /// new documents once the context has published its changes, or within an hour.
    pub async fn rewrite_documents(&self, stale: &[StaleDocument]) -> Vec<Result<RewriteOutcome>> {
        stream::iter(stale).map(|stale| self.rewrite(stale.clone())).buffered(CONCURRENCY).collect().await
    }

    async fn rewrite(&self, mut stale: StaleDocument) -> Result<RewriteOutcome> {
        for _ in 0..MAX_ATTEMPTS {
            if self.put_document(&stale).await? {
                return Ok(RewriteOutcome::Rewritten);
            }
            let Some(item) = self.read_item(&stale.id).await? else { return Ok(RewriteOutcome::Deleted) };
            match stale_document(&item)? {
                None => return Ok(RewriteOutcome::Changed),
                Some(changed) => stale = changed,
            }
        }
        Err(Error::Unavailable(format!("the memory {} was changed by others too often", stale.id)))
    }

    /// Writes a document unless the memory was changed or deleted meanwhile. A repeated attempt writes the same.
    async fn put_document(&self, stale: &StaleDocument) -> Result<bool> {
        let update = self
            .store
            .db
            .update_item()
            .table_name(self.store.table(Table::Memories))
            .set_key(Some(stored_memory::key(self.tenant, &stale.id)))
            .update_expression("SET searchDoc = :document")
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":document", bytes(&stale.document))
            .expression_attribute_values(":version", text(&stale.version))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let outcome = retry_when_throttled(Backoff::batch_write(), || update.clone().send()).await;
        if outcome.as_ref().is_err_and(is_failed_condition) {
            return Ok(false);
        }
        // An update that failed may have been carried out.
        self.note(|changes| changes.note_backdated(stale.updated_at));
        outcome.map(|_| true).map_err(|error| map_sdk_error("UpdateItem memories", error))
    }
}

/// The document that replaces that of an item; `None` if the item's own is current.
fn stale_document(item: &Attributes) -> Result<Option<StaleDocument>> {
    let StoredMemory { memory, version, .. } = stored_memory::decode(item)?;
    let document = stored_memory::search_document(&memory);
    // A document that is missing or no binary value is stale too.
    let is_current =
        Row::new(Table::Memories, item).bytes("searchDoc").is_ok_and(|stored| stored == document);
    let updated_at = memory.updated_at;
    Ok((!is_current).then_some(StaleDocument { id: memory.id, version, updated_at, document }))
}
