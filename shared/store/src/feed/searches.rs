//! Recording searches: one item in the table `pending-events`, from whose stream the event gets its position in the feed.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::event::{Event, EventId, Occurrence};
use hb_domain::{Error, Result};

use super::page::Feed;
use super::row;
use crate::item::{text, ttl};
use crate::sdk_error::{is_failed_condition, map_sdk_error};
use crate::tables::Table;

/// The name in the ids of events of searches, in the place of a table's.
const SOURCE: &str = "search";
/// How long an item is kept: longer than its stream.
const KEPT: Duration = Duration::from_secs(3 * 86_400);

/// How long a search waits at most for its event to be written, which usually takes a few milliseconds.
const TIME_LIMIT: Duration = Duration::from_secs(1);

impl Feed<'_> {
    /// Records that the request's search was answered with so many results, if the searches of the tenant are recorded. The
    /// response waits for it, but not longer than a second.
    ///
    /// # Errors
    /// The database's; [`Error::Unavailable`] when the time is over.
    pub async fn record_search(&self, results: u64) -> Result<()> {
        let Some(request) = self.context.request_id().filter(|_| self.context.records_searches()) else {
            return Ok(());
        };
        let event = Event {
            id: EventId::derive(SOURCE, request.as_str(), 0),
            at: self.context.received_at(),
            request_id: Some(request.clone()),
            occurrence: Occurrence::Search { results },
        };
        let mut item = row::encode_without_position(self.tenant(), &event);
        item.insert("id".into(), text(&event.id));
        item.insert("ttl".into(), ttl(event.at.plus(KEPT)));
        let put = self.store.db.put_item().table_name(self.store.table(Table::PendingEvents));
        let put = put.set_item(Some(item)).condition_expression("attribute_not_exists(id)");
        let put = put.return_consumed_capacity(ReturnConsumedCapacity::Total).send();
        let Ok(put) = tokio::time::timeout(TIME_LIMIT, put).await else {
            return Err(Error::Unavailable("PutItem pending-events: timed out".into()));
        };
        match put {
            Ok(_) => Ok(()),
            // An attempt whose response was lost has recorded it.
            Err(error) if is_failed_condition(&error) => Ok(()),
            Err(error) => Err(map_sdk_error("PutItem pending-events", error)),
        }
    }
}
