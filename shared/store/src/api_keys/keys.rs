//! A tenant's keys: creating, reading and listing them.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::credential::StoredCredential;
use hb_domain::error::AuthFailure;
use hb_domain::key_summary::{KeyStatus, KeySummary};
use hb_domain::pepper::KeyHash;
use hb_domain::{Error, KeyId, Principal, Result, TenantId};

use super::live_names::{self, NameConflict};
use super::{credential_key, credentials, listed_until, owned_key, owner, summary};
use crate::backoff::Backoff;
use crate::idempotency::LockedRecord;
use crate::item::{Attributes, bytes, text};
use crate::partition::read_kind;
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;
use crate::{Context, Store};

/// The most revoked and expired keys that a list shows.
const MAX_ENDED_LISTED: usize = 400;

/// The keys of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    pub(super) store: &'a Store,
    pub(super) tenant: &'a TenantId,
    pub(super) context: &'a Context,
    /// The caller.
    pub(super) principal: &'a Principal,
    /// The key that the caller presented, and the hash of its secret; `None` when it presented no key.
    pub(super) caller: Option<(&'a KeyId, &'a KeyHash)>,
    pub(super) idempotency: Option<&'a LockedRecord>,
}

/// The parts of the transaction that creates a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Credential,
    Summary,
    LiveName,
    CallerIsLive,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(store: &'a Store, context: &'a Context) -> Self {
        let principal = context.principal();
        let caller = principal.key_id().zip(principal.secret());
        Self {
            store,
            tenant: principal.tenant(),
            context,
            principal,
            caller,
            idempotency: context.idempotency(),
        }
    }

    /// A check that the caller's own key is not revoked and still has the secret that the caller presented. `None` when
    /// the transaction changes that key itself, or the caller presented no key.
    pub(super) fn caller_is_live(&self, changed: &KeyId) -> Option<Write> {
        let (id, secret) = self.caller.filter(|(id, _)| *id != changed)?;
        let check = Write::check(Table::ApiKeys, credential_key(id))
            .condition(
                "attribute_not_exists(revokedAt) AND (secretHash = :hash OR previousSecretHash = :hash)",
            )
            .value(":hash", bytes(&secret.mac));
        Some(check)
    }

    /// Creates a key whose secret has this hash, and returns it as it is stored. The key works from now on.
    ///
    /// # Errors
    /// [`Error::AuthInvalid`] when the caller's own key was revoked or rotated meanwhile; [`Error::Duplicate`] when a live
    /// key of its environment has its name, or when an earlier attempt of the request created the key and it was rotated
    /// or revoked since; [`Error::QuotaExhausted`] when the tenant has [`MAX_LIVE_KEYS`](crate::MAX_LIVE_KEYS); the
    /// database's.
    pub async fn create(&self, key: &KeySummary, secret: KeyHash) -> Result<KeySummary> {
        let credential = StoredCredential {
            id: key.id.clone(),
            tenant: self.tenant.clone(),
            environment: key.environment,
            scopes: key.scopes,
            expires_at: key.expires_at,
            revoked_at: None,
            secret,
            rotation: None,
            previous: None,
        };
        let put = |mut item: Attributes| {
            if let Some(end) = key.expires_at {
                item.insert("ttl".into(), listed_until(end));
            }
            Write::put(Table::ApiKeys, item).condition("attribute_not_exists(pk)")
        };
        let mut summary = summary::encode(self.tenant, key);
        // For the event of the creation.
        if let Some(request) = self.context.request_id() {
            summary.insert("requestId".into(), text(request));
        }
        let transaction = Transaction::new(Part::Credential, put(credentials::encode(&credential)))
            .and(Part::Summary, put(summary))
            .and(Part::LiveName, live_names::reserve(self.tenant, key))
            .and(Part::CallerIsLive, self.caller_is_live(&key.id));
        // When a transaction conflicts, another one may be taking the name: further attempts would not help then.
        let check_name = || async {
            match live_names::read_conflict(self.store, self.tenant, key).await? {
                NameConflict::Taken(error) => Err(error),
                NameConflict::ExpiredRemoved | NameConflict::Gone => Ok(()),
            }
        };
        let mut backoff = Backoff::transaction();
        loop {
            let failed = match transaction.run_unless(self.store, &mut backoff, &check_name).await? {
                Ok(_) => return Ok(key.clone()),
                Err(failed) => failed,
            };
            match failed.part {
                Part::Credential | Part::Summary => return self.adopt(key, &credential.secret).await,
                Part::CallerIsLive => return Err(Error::AuthInvalid(AuthFailure::Unknown)),
                Part::LiveName => {
                    let found = failed.found.unwrap_or_default();
                    let conflict = live_names::resolve(self.store, self.tenant, key, &found).await?;
                    if let NameConflict::Taken(error) = conflict {
                        return Err(error);
                    }
                }
            }
            if !backoff.wait().await {
                return Err(Error::Unavailable("creating a key met too many conflicts".into()));
            }
        }
    }

    /// Reads one key, consistently.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the tenant has no such key; the database's.
    pub async fn get(&self, id: &KeyId) -> Result<KeySummary> {
        let get = self.store.db.get_item().table_name(self.store.table(Table::ApiKeys));
        let get = get.set_key(Some(owned_key(self.tenant, id.as_str()))).consistent_read(true);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem api-keys", error))?;
        response.item.as_ref().map(summary::decode).transpose()?.ok_or(Error::NotFound)
    }

    /// Reads the keys that a list shows at `now`, consistently, newest first: all live ones, and the newest of the revoked
    /// and expired ones.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self) -> Result<Vec<KeySummary>> {
        let now = self.context.effective_at();
        let items = read_kind(self.store, Table::ApiKeys, owner(self.tenant), "key_").await?;
        let mut keys = items.iter().map(summary::decode).collect::<Result<Vec<_>>>()?;
        keys.retain(|key| key.is_listed(now));
        keys.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
        // The number of live keys is limited, that of the others is not.
        let mut ended = 0;
        keys.retain(|key| {
            let is_live = key.status(now) == KeyStatus::Active;
            ended += usize::from(!is_live);
            is_live || ended <= MAX_ENDED_LISTED
        });
        Ok(keys)
    }
}
