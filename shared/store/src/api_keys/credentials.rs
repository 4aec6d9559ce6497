//! Credential items: what a presented key is verified against.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::credential::{PreviousSecret, StoredCredential};
use hb_domain::key::Environment;
use hb_domain::pepper::{KeyHash, PepperVersion};
use hb_domain::{KeyId, Result, Scope, TenantId};

use super::credential_key;
use crate::Store;
use crate::item::{Attributes, Row, bytes, millis, text, texts};
use crate::sdk_error::map_sdk_error;
use crate::tables::Table;

const TABLE: Table = Table::ApiKeys;

/// Access to the credentials of all tenants: only for authentication.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    store: &'a Store,
}

impl<'a> Credentials<'a> {
    pub(crate) const fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Reads the credential of a key, consistently; `None` when there is no such key.
    ///
    /// # Errors
    /// The database's.
    pub async fn get(&self, id: &KeyId) -> Result<Option<StoredCredential>> {
        let get = self.store.db.get_item().table_name(self.store.table(Table::ApiKeys));
        let get = get.set_key(Some(credential_key(id))).consistent_read(true);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response = get.send().await.map_err(|error| map_sdk_error("GetItem api-keys", error))?;
        response.item.as_ref().map(|item| decode(id, item)).transpose()
    }
}

/// The item of `credential`, without its TTL.
pub(super) fn encode(credential: &StoredCredential) -> Attributes {
    let mut item = credential_key(&credential.id);
    item.insert("tenant".into(), text(&credential.tenant));
    item.insert("environment".into(), text(credential.environment.as_str()));
    item.insert("scopes".into(), texts(credential.scopes.iter()));
    item.insert("secretHash".into(), bytes(&credential.secret.mac));
    item.insert("pepperVersion".into(), text(&credential.secret.pepper.0));
    if let Some(end) = credential.expires_at {
        item.insert("expiresAt".into(), millis(end));
    }
    item
}

fn decode(id: &KeyId, item: &Attributes) -> Result<StoredCredential> {
    let row = Row::new(TABLE, item);
    let hash = |mac: &str, pepper: &str| -> Result<KeyHash> {
        Ok(KeyHash { pepper: PepperVersion(row.text(pepper)?.to_owned()), mac: row.bytes(mac)? })
    };
    let previous = match row.optional_moment("previousUntil")? {
        None => None,
        Some(works_until) => Some(PreviousSecret {
            secret: hash("previousSecretHash", "previousPepperVersion")?,
            replaced_at: row.moment("replacedAt")?,
            works_until,
        }),
    };
    Ok(StoredCredential {
        id: id.clone(),
        tenant: row.parsed("tenant", TenantId::parse)?,
        environment: row.parsed("environment", Environment::parse)?,
        scopes: row.parsed_all("scopes", Scope::parse)?,
        expires_at: row.optional_moment("expiresAt")?,
        revoked_at: row.optional_moment("revokedAt")?,
        secret: hash("secretHash", "pepperVersion")?,
        rotation: row.optional_text("rotation")?.map(str::to_owned),
        previous,
    })
}
