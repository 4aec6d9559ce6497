//! The end of keys.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use hb_domain::key_summary::KeySummary;
use hb_domain::{Error, Result, Timestamp};

use super::keys::Keys;
use super::{credential_key, listed_until, live_names, owned_key};
use crate::item::millis;
use crate::tables::Table;
use crate::transaction::{Cancelled, TRIES, built, pause, transact};

impl Keys<'_> {
    /// Ends a key; gives the moment at which it ended, which is an earlier one when it had ended
    /// before. When this returns, no instance accepts the key: repeating it raises the tenant's epoch
    /// again, in case the first one ended before it did.
    ///
    /// # Errors
    /// The database's: the end may then hold only within a minute, so the caller has to repeat it.
    pub async fn revoke(&self, key: &KeySummary) -> Result<Timestamp> {
        let ended = self.end(key, self.context.effective_at()).await?;
        self.store.tenants().raise_epoch(self.tenant).await?;
        Ok(ended)
    }

    async fn end(&self, key: &KeySummary, now: Timestamp) -> Result<Timestamp> {
        if let Some(earlier) = key.revoked_at {
            return Ok(earlier);
        }
        let mut parts = Vec::new();
        for row in [credential_key(&key.id), owned_key(self.tenant, key.id.as_str())] {
            let update = Update::builder()
                .table_name(self.store.table(Table::ApiKeys))
                .set_key(Some(row))
                .update_expression("SET revokedAt = :now, #ttl = :ttl")
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(revokedAt)")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":now", millis(now))
                .expression_attribute_values(":ttl", listed_until(now))
                .build();
            parts.push(TransactWriteItem::builder().update(built(update)?).build());
        }
        let slot = live_names::release(self.store, self.tenant, key)?;
        parts.push(TransactWriteItem::builder().update(slot).build());

        for attempt in 0..TRIES {
            match transact(self.store, parts.clone()).await? {
                Ok(()) => return Ok(now),
                Err(Cancelled::Conflict) => pause(attempt, key.id.as_str()).await,
                // The slot of an expired key has been given back already: end the key without it.
                Err(Cancelled::Condition(2)) => parts.truncate(2),
                Err(Cancelled::Condition(_)) => {
                    // Somebody else has ended it.
                    return self.get(&key.id).await?.revoked_at.ok_or(Error::NotFound);
                }
            }
        }
        Err(Error::Unavailable("revoking a key lost against others too often".into()))
    }
}
