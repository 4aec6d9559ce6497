//! The table of idempotency: what has been asked for and answered under which key, and which events of
//! the memories' stream have been dealt with.
//!
//! | row | `tenant` | `sk` | holds |
//! |---|---|---|---|
//! | claim | tenant | `key#` + the caller + `#` + the client's key | `fingerprint`, `at`, `seed`, `holder`, `lease`, `applied`; once answered `status`, `body`, `location`, `version` |
//! | event | tenant | `event#` + the event's id | nothing |
//!
//! A claim is the caller's: the same key of another caller is another claim. The caller's name has no `#`, so that
//! nobody's key can reach into another's claims, and is short: a sort key has room for 1,024 bytes.
//!
//! TTL removes both; that a claim is over is decided by its own `at`.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use hb_domain::idempotency::{Claim, Finding, Fingerprint, IdempotencyKey, Kept, LEASE, REMEMBERED, Seed};
use hb_domain::{CallerId, Error, Principal, Result, TenantId, Timestamp};

use crate::Store;
use crate::fault::{fault, is_failed_condition};
use crate::item::{Attributes, Row, bytes, number, text, ttl};
use crate::transaction::built;

const TABLE: &str = "idempotency";

/// The claims of one caller.
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    caller: CallerId,
}

/// What asking for a claim came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The request is to be worked on, under this claim.
    Mine(HeldClaim),
    /// It has been answered.
    Answered(Kept),
}

/// A claim that a request holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldClaim {
    /// What is kept under the caller's key.
    pub claim: Claim,
    /// The sort key of the row.
    sort: String,
}

impl HeldClaim {
    /// The part of a transaction that notes that the claim's change is applied with it, for the first time. It fails
    /// when it had been before, or when somebody has taken the claim over, who will apply it.
    pub(crate) fn applied(&self, store: &Store, tenant: &TenantId) -> Result<TransactWriteItem> {
        self.mark(store, tenant, "SET applied = :yes", "holder = :mine AND attribute_not_exists(applied)")
    }

    /// As [`applied`](Self::applied), for a change that may have been applied before.
    pub(crate) fn applied_again(&self, store: &Store, tenant: &TenantId) -> Result<TransactWriteItem> {
        self.mark(store, tenant, "SET applied = :yes", "holder = :mine")
    }

    /// The part of a transaction that takes the change of [`applied`](Self::applied) back.
    pub(crate) fn taken_back(&self, store: &Store, tenant: &TenantId) -> Result<TransactWriteItem> {
        self.mark(store, tenant, "REMOVE applied", "holder = :mine AND applied = :yes")
    }

    fn mark(
        &self,
        store: &Store,
        tenant: &TenantId,
        update: &str,
        condition: &str,
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&store.tables.idempotency)
            .set_key(Some(row_key(tenant, &self.sort)))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":mine", text(&self.claim.holder));
        Ok(TransactWriteItem::builder().update(built(update.build())?).build())
    }
}

impl<'a> Claims<'a> {
    pub(crate) fn new(store: &'a Store, principal: &'a Principal) -> Self {
        Self { store, tenant: principal.tenant(), caller: principal.caller_id() }
    }

    /// Claims `key` for the request that `fresh` describes, or carries on in the place of one that is over.
    ///
    /// # Errors
    /// [`Error::KeyReused`] when the key is another request's, [`Error::Repeated`] while a request works under
    /// it; the database's.
    pub async fn claim(&self, key: &IdempotencyKey, fresh: Claim) -> Result<Claimed> {
        let now = fresh.at;
        let sort = format!("key#{}#{}", self.caller, key.as_str());
        let forgotten = Timestamp::from_micros(now.micros() - REMEMBERED.as_micros() as i64);
        let put = self
            .store
            .db
            .put_item()
            .table_name(&self.store.tables.idempotency)
            .set_item(Some(self.encode(&sort, &fresh)))
            .condition_expression("attribute_not_exists(tenant) OR #at <= :forgotten")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":forgotten", number(forgotten.micros()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let found = match put.send().await {
            Ok(_) => return Ok(Claimed::Mine(HeldClaim { claim: fresh, sort })),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item.clone(),
                _ => return Err(fault("PutItem idempotency", error)),
            },
        };
        let found =
            found.ok_or_else(|| Error::Unavailable("a claim was removed while it was asked for".into()))?;
        self.take_over(sort, &found, &fresh, now).await
    }

    /// Carries on under the claim in `found`, when nobody works under it.
    async fn take_over(
        &self,
        sort: String,
        found: &Attributes,
        fresh: &Claim,
        now: Timestamp,
    ) -> Result<Claimed> {
        let row = Row::new(TABLE, found);
        if row.bytes("fingerprint")? != fresh.fingerprint.as_bytes() {
            return Err(Error::KeyReused);
        }
        if let Some(kept) = answer(&row)? {
            return Ok(Claimed::Answered(kept));
        }
        let claim = decode(&row)?;
        if claim.holder == fresh.holder {
            // An attempt before, whose answer was lost, has written it.
            return Ok(Claimed::Mine(HeldClaim { claim: fresh.clone(), sort }));
        }
        match claim.judge(&fresh.fingerprint, now) {
            Finding::Mismatch => return Err(Error::KeyReused),
            Finding::Leased(retry_after) => return Err(Error::Repeated { retry_after }),
            Finding::Free => {}
        }
        let leased_until = now.plus(LEASE);
        let update = self
            .update(&sort)
            .update_expression("SET holder = :mine, lease = :until")
            .condition_expression("holder = :seen AND attribute_not_exists(#status)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":seen", text(&claim.holder))
            .expression_attribute_values(":mine", text(&fresh.holder))
            .expression_attribute_values(":until", number(leased_until.micros()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        // The holder before may have applied its change since the claim was found.
        let taken = |row: &Attributes| -> Result<Claimed> {
            let applied = Row::new(TABLE, row).flag("applied")?;
            let claim =
                Claim { holder: fresh.holder.clone(), leased_until, applied, resumed: true, ..claim.clone() };
            Ok(Claimed::Mine(HeldClaim { claim, sort: sort.clone() }))
        };
        match update.send().await {
            Ok(answer) => taken(&answer.attributes.unwrap_or_default()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let row = failed.item.as_ref().unwrap_or(found);
                    if row.get("holder") == Some(&text(&fresh.holder)) {
                        return taken(row);
                    }
                    // Another one was faster; by then it will have answered.
                    Err(Error::Repeated { retry_after: std::time::Duration::from_secs(1) })
                }
                _ => Err(fault("UpdateItem idempotency", error)),
            },
        }
    }

    /// Keeps the answer, for repetitions; `false` when somebody has taken the claim over meanwhile, who keeps
    /// theirs.
    ///
    /// # Errors
    /// The database's: the claim then stays as it is, and whoever carries on finds what was written.
    pub async fn keep(&self, held: &HeldClaim, kept: &Kept) -> Result<bool> {
        let mut expression = "SET #status = :status, body = :body".to_owned();
        let mut update = self
            .mine(held)
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", number(kept.status))
            .expression_attribute_values(":body", text(&kept.body));
        for (name, value) in [("location", &kept.location), ("version", &kept.version)] {
            if let Some(value) = value {
                expression.push_str(&format!(", #{name} = :{name}"));
                update = update
                    .expression_attribute_names(format!("#{name}"), name)
                    .expression_attribute_values(format!(":{name}"), text(value));
            }
        }
        // What the ids were made from is of no more use.
        self.settle(update.update_expression(format!("{expression} REMOVE seed"))).await
    }

    /// Lets the next request of this key carry on at once, with the same ids.
    ///
    /// # Errors
    /// The database's: the lease then has to end by itself.
    pub async fn release(&self, held: &HeldClaim) -> Result<bool> {
        let update = self.mine(held).update_expression("SET lease = :none");
        self.settle(update.expression_attribute_values(":none", number(0))).await
    }

    /// Forgets the claim: nothing was done under it, and the key is free for another request.
    ///
    /// # Errors
    /// The database's: the claim then stays as it is.
    pub async fn forget(&self, held: &HeldClaim) -> Result<bool> {
        let delete = self
            .store
            .db
            .delete_item()
            .table_name(&self.store.tables.idempotency)
            .set_key(Some(row_key(self.tenant, &held.sort)))
            .condition_expression("holder = :mine")
            .expression_attribute_values(":mine", text(&held.claim.holder))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match delete.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(fault("DeleteItem idempotency", error)),
        }
    }

    async fn settle(&self, update: UpdateItemFluentBuilder) -> Result<bool> {
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_failed_condition(&error) => Ok(false),
            Err(error) => Err(fault("UpdateItem idempotency", error)),
        }
    }

    fn mine(&self, held: &HeldClaim) -> UpdateItemFluentBuilder {
        self.update(&held.sort)
            .condition_expression("holder = :mine")
            .expression_attribute_values(":mine", text(&held.claim.holder))
    }

    fn update(&self, sort: &str) -> UpdateItemFluentBuilder {
        let update = self.store.db.update_item().table_name(&self.store.tables.idempotency);
        update
            .set_key(Some(row_key(self.tenant, sort)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    fn encode(&self, sort: &str, claim: &Claim) -> Attributes {
        let mut item = row_key(self.tenant, sort);
        item.insert("fingerprint".into(), bytes(claim.fingerprint.as_bytes()));
        item.insert("at".into(), number(claim.at.micros()));
        item.insert("seed".into(), bytes(&claim.seed.0));
        item.insert("holder".into(), text(&claim.holder));
        item.insert("lease".into(), number(claim.leased_until.micros()));
        item.insert("ttl".into(), ttl(claim.at.plus(REMEMBERED)));
        item
    }
}

/// The key of a row of the table.
pub(crate) fn row_key(tenant: &TenantId, sort: impl ToString) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("sk".into(), text(sort))])
}

fn answer(row: &Row<'_>) -> Result<Option<Kept>> {
    let Some(status) = row.optional_integer("status")? else { return Ok(None) };
    let optional = |name: &str| -> Result<Option<String>> { Ok(row.optional_text(name)?.map(str::to_owned)) };
    Ok(Some(Kept {
        status: u16::try_from(status).map_err(|_| row.corrupt("status"))?,
        body: row.text("body")?.to_owned(),
        location: optional("location")?,
        version: optional("version")?,
    }))
}

fn decode(row: &Row<'_>) -> Result<Claim> {
    Ok(Claim {
        fingerprint: Fingerprint::from_bytes(row.bytes("fingerprint")?),
        at: Timestamp::from_micros(row.integer("at")?),
        seed: Seed(row.bytes("seed")?.try_into().map_err(|_| row.corrupt("seed"))?),
        holder: row.text("holder")?.to_owned(),
        leased_until: Timestamp::from_micros(row.integer("lease")?),
        applied: row.flag("applied")?,
        resumed: false,
    })
}
