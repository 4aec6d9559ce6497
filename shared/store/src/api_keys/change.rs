//! Changing a tenant's keys: new secrets for them, and their end.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use hb_domain::key_summary::KeySummary;
use hb_domain::pepper::KeyHash;
use hb_domain::{Error, KeyId, Result, Timestamp};

use super::keys::{Cancelled, Keys, TRIES, pause};
use super::{credential_key, listed_until, owned_key, slots};
use crate::fault::fault;
use crate::item::{bytes, millis, text};

impl Keys<'_> {
    /// Gives the key a new secret in the place of `seen`, which works for `grace` more. A secret that
    /// an earlier rotation replaced stops working. The caller raises the tenant's epoch before it answers.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the key has been revoked or removed meanwhile, [`Error::Unavailable`]
    /// when another rotation was faster; the database's.
    pub async fn rotate(
        &self,
        id: &KeyId,
        seen: &KeyHash,
        secret: &KeyHash,
        grace: Duration,
        now: Timestamp,
    ) -> Result<()> {
        let base = "SET code = :code, pepper = :pepper";
        let expression = if grace.is_zero() {
            format!("{base} REMOVE previousCode, previousPepper, replacedAt, previousUntil")
        } else {
            format!(
                "{base}, previousCode = code, previousPepper = pepper, replacedAt = :now, previousUntil = :until"
            )
        };
        let mut update = self
            .store
            .db
            .update_item()
            .table_name(&self.store.tables.api_keys)
            .set_key(Some(credential_key(id)))
            .update_expression(expression)
            // The last part lets one of two rotations win, and keeps an attempt that the SDK repeats from
            // making the new secret the old one.
            .condition_expression("tenant = :tenant AND attribute_not_exists(revokedAt) AND code = :seen")
            .expression_attribute_values(":tenant", text(self.tenant))
            .expression_attribute_values(":seen", bytes(&seen.code))
            .expression_attribute_values(":code", bytes(&secret.code))
            .expression_attribute_values(":pepper", text(&secret.pepper.0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if !grace.is_zero() {
            update = update
                .expression_attribute_values(":now", millis(now))
                .expression_attribute_values(":until", millis(now.plus(grace)));
        }
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let item = failed.item.as_ref().filter(|item| !item.contains_key("revokedAt"));
                    match item.and_then(|item| item.get("code")) {
                        Some(kept) if *kept == bytes(&secret.code) => Ok(()),
                        Some(_) => Err(Error::Unavailable("another rotation of the key was faster".into())),
                        None => Err(Error::NotFound),
                    }
                }
                _ => Err(fault("UpdateItem api-keys", error)),
            },
        }
    }

    /// Ends a key; gives the moment at which it ended, which is an earlier one when it had ended
    /// before. The caller raises the tenant's epoch before it answers, in either case.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke(&self, key: &KeySummary, now: Timestamp) -> Result<Timestamp> {
        if let Some(earlier) = key.revoked_at {
            return Ok(earlier);
        }
        let mut parts = Vec::new();
        for row in [credential_key(&key.id), owned_key(self.tenant, key.id.as_str())] {
            let update = Update::builder()
                .table_name(&self.store.tables.api_keys)
                .set_key(Some(row))
                .update_expression("SET revokedAt = :now, #ttl = :ttl")
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(revokedAt)")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":now", millis(now))
                .expression_attribute_values(":ttl", listed_until(now))
                .build();
            let update = update
                .map_err(|error| Error::Internal(format!("transaction could not be built: {error}")))?;
            parts.push(TransactWriteItem::builder().update(update).build());
        }
        let slot = slots::give_back(self.store, self.tenant, key)?;
        parts.push(TransactWriteItem::builder().update(slot).build());

        for attempt in 0..TRIES {
            match self.transact(parts.clone()).await? {
                Ok(()) => return Ok(now),
                Err(Cancelled::Conflict) => pause(attempt, &key.id).await,
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
