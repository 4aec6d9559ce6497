//! Revoking keys.

use hb_domain::key_summary::KeySummary;
use hb_domain::{Error, Result, Timestamp};

use super::keys::Keys;
use super::{credential_key, listed_until, live_names, owned_key};
use crate::backoff::Backoff;
use crate::item::{Attributes, Row, millis, text};
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

/// The parts of the transaction that revokes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Credential,
    Summary,
    LiveName,
}

impl Keys<'_> {
    /// Revokes a key and returns when it was revoked, which is an earlier time when it had been revoked before. When this
    /// returns, no instance accepts the key. A repetition raises the tenant's epoch again, in case the first attempt ended
    /// before it did.
    ///
    /// # Errors
    /// The database's. Instances may then accept the key for up to a minute, so the caller has to repeat the call.
    pub async fn revoke(&self, key: &KeySummary) -> Result<Timestamp> {
        let now = self.context.effective_at();
        let revoked_at = self.mark_revoked(key, now).await?;
        self.store.tenants().raise_epoch(self.tenant).await?;
        Ok(revoked_at)
    }

    async fn mark_revoked(&self, key: &KeySummary, now: Timestamp) -> Result<Timestamp> {
        if let Some(earlier) = key.revoked_at {
            return Ok(earlier);
        }
        let revoke = |item: Attributes, also: &str| {
            Write::update(Table::ApiKeys, item, format!("SET revokedAt = :now, #ttl = :ttl{also}"))
                .condition("attribute_exists(pk) AND attribute_not_exists(revokedAt)")
                .name("#ttl", "ttl")
                .value(":now", millis(now))
                .value(":ttl", listed_until(now))
        };
        // For the event of the revocation.
        let summary = owned_key(self.tenant, key.id.as_str());
        let summary = match self.context.request_id() {
            Some(request) => revoke(summary, ", requestId = :request").value(":request", text(request)),
            None => revoke(summary, " REMOVE requestId"),
        };
        let mut transaction = Transaction::new(Part::Credential, revoke(credential_key(&key.id), ""))
            .and(Part::Summary, summary)
            .and(Part::LiveName, live_names::release(self.tenant, key));
        let mut backoff = Backoff::transaction();
        loop {
            let failed = match transaction.run(self.store, &mut backoff).await? {
                Ok(_) => return Ok(now),
                Err(failed) => failed,
            };
            match failed.part {
                // The name of an expired key has been released before.
                Part::LiveName => transaction = transaction.without(Part::LiveName),
                // Another request has revoked the key.
                Part::Credential | Part::Summary => {
                    let found = failed.found.ok_or(Error::NotFound)?;
                    let revoked_at = Row::new(Table::ApiKeys, &found).optional_moment("revokedAt")?;
                    return revoked_at.ok_or(Error::NotFound);
                }
            }
        }
    }
}
