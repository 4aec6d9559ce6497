//! Writing the log of attempts.

use hb_domain::delivery::{Attempt, EndpointId};

use super::attempt_item;
use crate::tables::Table;
use crate::write::Write;

/// Puts an attempt in the log. Only in the transaction that ends or moves its delivery: a delivery that was deleted, with its
/// endpoint or its tenant, leaves no row.
pub(super) fn put(endpoint: &EndpointId, attempt: &Attempt) -> Write {
    Write::put(Table::DeliveryAttempts, attempt_item::encode(endpoint, attempt))
}
