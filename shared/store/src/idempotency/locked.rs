//! A locked idempotency record, as a part of the transactions that make or undo the request's change.

use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::TenantId;
use hb_domain::idempotency::IdempotencyRecord;

use super::item::row_key;
use crate::item::{number, text};
use crate::tables::Table;
use crate::write::Write;

/// A record that a request has locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedRecord {
    /// The record.
    pub record: IdempotencyRecord,
    /// The sort key of the item.
    pub(super) sort: String,
}

impl LockedRecord {
    /// Marks the request's change as applied, in the transaction that makes the change. Fails when it was marked before,
    /// or when another attempt has locked the record since and will apply the change.
    pub(crate) fn applied(&self, tenant: &TenantId) -> Write {
        self.mark(tenant, "SET applied = :yes", "lockOwner = :mine AND attribute_not_exists(applied)")
    }

    /// Marks the change of one item of the request as applied, by its position; as [`applied`](Self::applied).
    pub(crate) fn applied_item(&self, tenant: &TenantId, position: usize) -> Write {
        Write::update(Table::Idempotency, row_key(tenant, &self.sort), "ADD appliedItems :items")
            .condition("lockOwner = :mine AND NOT contains(appliedItems, :item)")
            .value(":items", AttributeValue::Ns(vec![position.to_string()]))
            .value(":item", number(position))
            .value(":mine", text(&self.record.lock_owner))
    }

    /// As [`applied`](Self::applied), for a change that may have been applied before.
    pub(crate) fn applied_again(&self, tenant: &TenantId) -> Write {
        self.mark(tenant, "SET applied = :yes", "lockOwner = :mine")
    }

    /// Removes the mark of [`applied`](Self::applied), in the transaction that undoes the change.
    pub(crate) fn not_applied(&self, tenant: &TenantId) -> Write {
        self.mark(tenant, "REMOVE applied", "lockOwner = :mine AND applied = :yes")
    }

    fn mark(&self, tenant: &TenantId, update: &str, condition: &str) -> Write {
        Write::update(Table::Idempotency, row_key(tenant, &self.sort), update)
            .condition(condition)
            .value(":yes", AttributeValue::Bool(true))
            .value(":mine", text(&self.record.lock_owner))
    }
}
