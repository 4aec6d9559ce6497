//! Replacing the secret of a key: the transaction that rotation, its reversal and adoption have in common.

use hb_domain::error::AuthFailure;
use hb_domain::pepper::KeyHash;
use hb_domain::{Error, KeyId, Result};

use super::credential_key;
use super::keys::Keys;
use crate::backoff::Backoff;
use crate::item::{bytes, text};
use crate::tables::Table;
use crate::transaction::{ConditionFailed, Transaction, Written};
use crate::write::Write;

/// The parts of a transaction that replaces the secret of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Credential,
    IdempotencyRecord,
    CallerIsLive,
}

impl Keys<'_> {
    /// Sets the secret of a key, on the condition that the key is not revoked and its secret is `seen`: one of several
    /// concurrent rotations succeeds. The values `:hash`, `:pepper`, `:seen` and `:tenant` are set.
    pub(super) fn set_secret(&self, id: &KeyId, seen: &KeyHash, secret: &KeyHash, more: &str) -> Write {
        let expression = format!("SET secretHash = :hash, pepperVersion = :pepper{more}");
        Write::update(Table::ApiKeys, credential_key(id), expression)
            .condition("tenant = :tenant AND attribute_not_exists(revokedAt) AND secretHash = :seen")
            .value(":tenant", text(self.tenant))
            .value(":seen", bytes(&seen.mac))
            .value(":hash", bytes(&secret.mac))
            .value(":pepper", text(&secret.pepper.0))
            .identified_by("secretHash", bytes(&secret.mac))
    }

    /// `credential` together with the update of the idempotency record, if there is one, and with a check of the caller's
    /// own key if that is another key.
    pub(super) fn secret_transaction(
        &self,
        id: &KeyId,
        credential: Write,
        record: Option<Write>,
    ) -> Transaction<Part> {
        Transaction::new(Part::Credential, credential)
            .and(Part::IdempotencyRecord, record)
            .and(Part::CallerIsLive, self.caller_is_live(id))
    }

    /// Carries out the [transaction](Self::secret_transaction) of a rotation.
    pub(super) async fn write_secret(
        &self,
        id: &KeyId,
        credential: Write,
        record: Option<Write>,
    ) -> Result<()> {
        let transaction = self.secret_transaction(id, credential, record);
        let (found, is_ours) = match transaction.run(self.store, &mut Backoff::transaction()).await? {
            Ok(Written::Now(_)) => return Ok(()),
            Ok(Written::Earlier(found)) => (Some(found), true),
            Err(ConditionFailed { part: Part::Credential, found }) => (found, false),
            Err(ConditionFailed { part: Part::IdempotencyRecord, .. }) => return Err(record_taken_over()),
            Err(ConditionFailed { part: Part::CallerIsLive, .. }) => {
                return Err(Error::AuthInvalid(AuthFailure::Unknown));
            }
        };
        let tenant = text(self.tenant);
        let is_live = found
            .is_some_and(|found| found.get("tenant") == Some(&tenant) && !found.contains_key("revokedAt"));
        match (is_live, is_ours) {
            (true, true) => Ok(()),
            (true, false) => Err(Error::Unavailable("another rotation of the key was faster".into())),
            (false, _) => Err(Error::NotFound),
        }
    }
}

/// The error of a request whose idempotency record another attempt has locked since.
pub(super) fn record_taken_over() -> Error {
    Error::Unavailable("another request took over the idempotency record".into())
}
