//! The table `dashboard-sessions`: what the dashboard keeps of a tenant.
//!
//! | `tenant` | `sk` | holds |
//! |---|---|---|
//! | tenant | `link#` id | a sign-in link: `digest`, `expiresAt` |
//! | tenant | `session#` id | a session: `digest`, `expiresAt`, and for a Clerk user `user` and `managesKeys` |
//! | tenant | `meter` | `tat` of the bucket of pages, as in the table `tenants` |
//!
//! A token is stored as its SHA-256: it has 165 random bits. A read is consistent, so that a session has ended for every instance
//! as soon as its user has signed out.

mod meter;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use hb_domain::dashboard::{DashboardSession, DashboardToken, LINK_LIFETIME, SignedIn, TokenDigest};
use hb_domain::{Result, TenantId, Timestamp};

use crate::Store;
use crate::item::{Attributes, Row, bytes, flag, millis, text, ttl};
use crate::sdk_error::{is_failed_condition, map_sdk_error};
use crate::tables::Table;

pub use meter::PageAdmission;

const TABLE: Table = Table::DashboardSessions;

/// The sign-in links and the sessions of all tenants. A token is what gives access to one of them.
#[derive(Clone, Copy, Debug)]
pub struct DashboardSessions<'a> {
    store: &'a Store,
}

impl<'a> DashboardSessions<'a> {
    pub(crate) const fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Stores a sign-in link that is created `now`.
    ///
    /// # Errors
    /// The database's.
    pub async fn create_link(&self, token: &DashboardToken, now: Timestamp) -> Result<()> {
        self.put(item(token, link_row(token), now.plus(LINK_LIFETIME))).await
    }

    /// Uses up a sign-in link. Returns `false` if it was used before, has expired or does not exist.
    ///
    /// # Errors
    /// The database's. The link may then be used up.
    pub async fn redeem_link(&self, token: &DashboardToken, now: Timestamp) -> Result<bool> {
        // One attempt: after a lost response a retry would find no link and call it used.
        let delete = self
            .store
            .once
            .delete_item()
            .table_name(self.store.table(TABLE))
            .set_key(Some(key(token.tenant(), link_row(token))))
            .condition_expression("digest = :digest AND expiresAt > :now")
            .expression_attribute_values(":digest", bytes(token.digest().as_bytes()))
            .expression_attribute_values(":now", millis(now))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match delete.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(map_sdk_error("DeleteItem dashboard-sessions", error)),
        }
    }

    /// Stores a new session.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(&self, token: &DashboardToken, session: &DashboardSession) -> Result<()> {
        let mut item = item(token, session_row(token), session.expires_at);
        if let SignedIn::User { id, manages_keys } = &session.signed_in {
            item.insert("user".into(), text(id));
            item.insert("managesKeys".into(), flag(*manages_keys));
        }
        self.put(item).await
    }

    /// The session of a token, also when it has ended; `None` if there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn get(&self, token: &DashboardToken) -> Result<Option<DashboardSession>> {
        let get = self
            .store
            .db
            .get_item()
            .table_name(self.store.table(TABLE))
            .set_key(Some(key(token.tenant(), session_row(token))))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let response =
            get.send().await.map_err(|error| map_sdk_error("GetItem dashboard-sessions", error))?;
        let Some(item) = &response.item else { return Ok(None) };
        let row = Row::new(TABLE, item);
        if TokenDigest::from_bytes(row.bytes("digest")?) != token.digest() {
            return Ok(None);
        }
        let signed_in = match row.optional_text("user")? {
            Some(id) => SignedIn::User { id: id.to_owned(), manages_keys: row.flag("managesKeys")? },
            None => SignedIn::Link,
        };
        Ok(Some(DashboardSession { signed_in, expires_at: row.moment("expiresAt")? }))
    }

    /// Ends a session. It may be repeated.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&self, token: &DashboardToken) -> Result<()> {
        let delete = self
            .store
            .db
            .delete_item()
            .table_name(self.store.table(TABLE))
            .set_key(Some(key(token.tenant(), session_row(token))))
            .condition_expression("digest = :digest")
            .expression_attribute_values(":digest", bytes(token.digest().as_bytes()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_failed_condition(&error) => Ok(()),
            Err(error) => Err(map_sdk_error("DeleteItem dashboard-sessions", error)),
        }
    }

    async fn put(&self, item: Attributes) -> Result<()> {
        let put = self.store.db.put_item().table_name(self.store.table(TABLE)).set_item(Some(item));
        let put = put.return_consumed_capacity(ReturnConsumedCapacity::Total);
        put.send().await.map(|_| ()).map_err(|error| map_sdk_error("PutItem dashboard-sessions", error))
    }
}

fn item(token: &DashboardToken, sk: String, expires_at: Timestamp) -> Attributes {
    let mut item = key(token.tenant(), sk);
    item.insert("digest".into(), bytes(token.digest().as_bytes()));
    item.insert("expiresAt".into(), millis(expires_at));
    item.insert("ttl".into(), ttl(expires_at));
    item
}

fn key(tenant: &TenantId, sk: String) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("sk".into(), text(sk))])
}

fn link_row(token: &DashboardToken) -> String {
    format!("link#{}", token.id())
}

fn session_row(token: &DashboardToken) -> String {
    format!("session#{}", token.id())
}
