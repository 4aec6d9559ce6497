//! Deleting what belongs to an endpoint that was deleted.

use hb_domain::Result;
use hb_domain::delivery::EndpointId;

use super::{DeliveryQueue, health};
use crate::backoff::Backoff;
use crate::batch_write;
use crate::item::text;
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

/// How many items of a table are deleted at once.
const STEP: usize = 100;

impl DeliveryQueue<'_> {
    /// Deletes some of the deliveries and attempts of a deleted endpoint, and its health and recovery. Returns whether all are deleted.
    ///
    /// # Errors
    /// The database's.
    pub async fn purge(&self, endpoint: &EndpointId) -> Result<bool> {
        let end = format!("{}$", endpoint.id);
        for table in [Table::Deliveries, Table::DeliveryAttempts] {
            let keys = self.keys(table, endpoint, &end, STEP).await?;
            let has_more = keys.len() == STEP;
            if !keys.is_empty() {
                Box::pin(batch_write::delete_all(self.store, table, keys)).await?;
            }
            if has_more {
                return Ok(false);
            }
        }
        let mut recovery = health::key(endpoint);
        recovery.insert("sk".into(), text(format_args!("recovery#{}", endpoint.id)));
        for key in [health::key(endpoint), recovery] {
            let delete = Write::delete(Table::Webhooks, key).condition("attribute_exists(sk)");
            let _ = Transaction::new((), delete).run(self.store, &mut Backoff::counter()).await?;
        }
        Ok(true)
    }
}
