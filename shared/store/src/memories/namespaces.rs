//! Listing the distinct namespaces of a tenant by a skip scan of their index: each query reads a few entries, and the next
//! one begins behind the last namespace among them. infra/adr/0022 describes the index.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::namespace_listing::NamespaceListing;
use hb_domain::{MemoryId, Namespace, Result};

use super::{Memories, namespace_key};
use crate::item::{Row, text};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

const TABLE: Table = Table::Memories;
const INDEX: &str = "byNamespace";
/// The entries of one query. They take about 4 KB, for which DynamoDB counts half a unit, as for a single one.
const ENTRIES: i32 = 32;
/// The most queries and reads of memories in one call.
const MAX_STEPS: usize = 128;

/// One page of namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespacePage {
    /// Distinct namespaces.
    pub namespaces: Vec<Namespace>,
    /// Where the next page begins, for a cursor; `None` at the end.
    pub next: Option<String>,
}

/// An entry of the index.
struct Entry {
    sort_key: String,
    id: MemoryId,
}

/// A scan in progress.
struct Scan {
    page: NamespacePage,
    /// The sort key that the scan has passed.
    passed: Option<String>,
    steps: usize,
}

impl Memories<'_> {
    /// Reads one page of the distinct namespaces of the tenant's memories, in the order of the index, which may be a second
    /// behind.
    ///
    /// # Errors
    /// The database's.
    pub async fn namespaces(&self, listing: &NamespaceListing) -> Result<NamespacePage> {
        let first = listing.prefix.as_ref().map(namespace_key::first_of);
        let page = NamespacePage { namespaces: Vec::new(), next: None };
        let mut scan = Scan { page, passed: listing.after.clone(), steps: 0 };
        while scan.steps < MAX_STEPS {
            scan.steps += 1;
            let (entries, is_last) = self.entries_behind(scan.passed.as_deref(), first.as_deref()).await?;
            let (before, last) = (scan.passed.clone(), entries.last().map(|entry| entry.sort_key.clone()));
            for entry in entries {
                if first.as_ref().is_some_and(|first| !entry.sort_key.starts_with(first.as_str())) {
                    return Ok(scan.page);
                }
                if scan.is_seen(&entry) {
                    continue;
                }
                if scan.page.namespaces.len() == listing.limit || scan.steps >= MAX_STEPS {
                    return Ok(scan.continued());
                }
                self.add(entry, listing, &mut scan).await?;
            }
            if is_last {
                return Ok(scan.page);
            }
            if scan.passed == before {
                // No memory of these entries tells their namespace: the index is behind.
                scan.passed = last;
            }
        }
        Ok(scan.continued())
    }

    /// Adds the namespace of an entry, and passes its sort key. If the memory that tells the namespace is gone, the next entry
    /// with the same sort key decides.
    async fn add(&self, entry: Entry, listing: &NamespaceListing, scan: &mut Scan) -> Result<()> {
        let namespace = match namespace_key::parse(&entry.sort_key) {
            Some(namespace) => Some(namespace),
            None => {
                scan.steps += 1;
                let memory = self.fetch(BTreeSet::from([&entry.id])).await?.remove(&entry.id);
                let namespace = memory.and_then(|memory| memory.namespace);
                namespace.filter(|namespace| namespace_key::of(namespace) == entry.sort_key)
            }
        };
        if let Some(namespace) = namespace {
            let is_wanted = listing.prefix.as_ref().is_none_or(|prefix| namespace.starts_with(prefix));
            scan.page.namespaces.extend(is_wanted.then_some(namespace));
            scan.passed = Some(entry.sort_key);
        }
        Ok(())
    }

    /// The first entries behind a sort key, or from `first` on; and whether they are the last ones.
    async fn entries_behind(&self, passed: Option<&str>, first: Option<&str>) -> Result<(Vec<Entry>, bool)> {
        let query = self
            .store
            .db
            .query()
            .table_name(self.store.table(TABLE))
            .index_name(INDEX)
            .limit(ENTRIES)
            .expression_attribute_values(":tenant", text(self.tenant))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let query = match (passed, first) {
            (Some(passed), _) => query
                .key_condition_expression("tenant = :tenant AND #namespace > :passed")
                .expression_attribute_names("#namespace", "namespace")
                .expression_attribute_values(":passed", text(passed)),
            (None, Some(first)) => query
                .key_condition_expression("tenant = :tenant AND #namespace >= :first")
                .expression_attribute_names("#namespace", "namespace")
                .expression_attribute_values(":first", text(first)),
            (None, None) => query.key_condition_expression("tenant = :tenant"),
        };
        let output =
            query.send().await.map_err(|error| map_sdk_error("Query memories by namespace", error))?;
        let entry = |item| {
            let row = Row::new(TABLE, item);
            Ok(Entry { sort_key: row.text("namespace")?.to_owned(), id: row.parsed("id", MemoryId::parse)? })
        };
        let entries = output.items().iter().map(entry).collect::<Result<_>>()?;
        Ok((entries, output.last_evaluated_key.is_none()))
    }
}

impl Scan {
    fn is_seen(&self, entry: &Entry) -> bool {
        self.passed.as_ref().is_some_and(|passed| entry.sort_key <= *passed)
    }

    /// The page so far, and where the next one continues.
    fn continued(self) -> NamespacePage {
        NamespacePage { next: self.passed, ..self.page }
    }
}
