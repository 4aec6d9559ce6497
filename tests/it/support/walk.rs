//! Walks of recoveries, as the schedule makes them.

use hb_domain::{TenantId, WebhookId};
use hb_store::{RecoveryProgress, Store, StreamContext};

use super::World;

impl World {
    /// Makes one step of the recovery of an endpoint at the world's time.
    ///
    /// # Errors
    /// The database's.
    pub async fn step(
        &self,
        store: &Store,
        tenant: &TenantId,
        id: &WebhookId,
    ) -> hb_domain::Result<RecoveryProgress> {
        let operator = self.operator(tenant);
        let webhook = self.store.with(&operator).webhooks().get(id).await?.webhook;
        let context = StreamContext::new(self.clock.now());
        store.delivery_queue(&context).continue_recovery(tenant, &webhook).await
    }

    /// Walks the recovery of an endpoint to its end, and returns the number of steps.
    pub async fn walk(&self, tenant: &TenantId, id: &WebhookId) -> usize {
        for steps in 1..1_000 {
            match self.step(&self.store, tenant, id).await.expect("the database") {
                RecoveryProgress::Finished => return steps,
                RecoveryProgress::Unfinished(at) => {
                    assert!(at <= self.clock.now(), "it waits until {at}, at {}", self.clock.now());
                }
            }
        }
        panic!("the walk has no end");
    }
}
