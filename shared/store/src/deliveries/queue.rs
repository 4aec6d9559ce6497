//! The queue of deliveries, for the function that sends them.

use crate::{Store, StreamContext};

/// The deliveries of all tenants.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryQueue<'a> {
    pub(super) store: &'a Store,
    pub(super) context: &'a StreamContext,
}

impl<'a> DeliveryQueue<'a> {
    pub(crate) const fn new(store: &'a Store, context: &'a StreamContext) -> Self {
        Self { store, context }
    }
}
