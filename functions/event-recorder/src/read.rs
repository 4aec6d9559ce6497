//! From the records of a batch to the events of each tenant.

use std::collections::BTreeMap;

use hb_domain::TenantId;
use hb_domain::event::Event;
use hb_http::stream::{Consumption, Record};
use hb_store::{Table, pending_event};

use crate::{key, memory};

/// The events of a batch.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// The events of each tenant in the order of their records, each with the index of its record.
    pub(crate) by_tenant: BTreeMap<TenantId, Vec<(usize, Event)>>,
    /// How many records could not be read and went to the queue of dead letters.
    pub(crate) passed_over: usize,
    /// The first record that could not be read and did not reach the queue. The records after it were not read.
    pub(crate) failed_at: Option<usize>,
}

impl Read {
    /// Reads the records of a batch of `table`.
    pub(crate) async fn all(consumption: &Consumption, table: Table, records: &[Record]) -> Self {
        let mut read = Self::default();
        for (index, record) in records.iter().enumerate() {
            match events(table, record) {
                Ok(None) => {}
                Ok(Some((tenant, events))) => {
                    let events = events.into_iter().map(|event| (index, event));
                    read.by_tenant.entry(tenant).or_default().extend(events);
                }
                Err(problem) => {
                    if consumption.pass_over(record, &problem).await.is_err() {
                        read.failed_at = Some(index);
                        break;
                    }
                    read.passed_over += 1;
                }
            }
        }
        read
    }
}

/// The events of a record, and their tenant.
fn events(table: Table, record: &Record) -> Result<Option<(TenantId, Vec<Event>)>, String> {
    // Ids of events are derived from it.
    if record.id().is_empty() {
        return Err("eventID".to_owned());
    }
    match table {
        Table::Memories => memory::events(record).map_err(str::to_owned),
        Table::ApiKeys => {
            let event = key::event(record).map_err(str::to_owned)?;
            Ok(event.map(|(tenant, event)| (tenant, vec![event])))
        }
        // TTL removes the rows of recorded events.
        Table::PendingEvents if record.event_name() != "INSERT" => Ok(None),
        Table::PendingEvents => {
            let image = record.new_image().ok_or("an image")?;
            let (tenant, event) = pending_event(image).map_err(|error| error.to_string())?;
            Ok(Some((tenant, vec![event])))
        }
        _ => Err("a table of this function".to_owned()),
    }
}
