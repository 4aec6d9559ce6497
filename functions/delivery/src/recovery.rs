//! The recovery of an endpoint: deliveries of events that were appended before the recorder knew the endpoint, or that its owner
//! asked for again.

use hb_domain::delivery::EndpointId;
use hb_domain::{Result, Timestamp};
use hb_http::stream::Consumption;
use hb_store::{RecoveryProgress, StreamContext, VersionedWebhook};

/// Makes one step of the recovery of an endpoint, if one is under way. Returns when the next step is due; `None` if none is under way
/// any more.
pub(crate) async fn continue_recovery(
    consumption: &Consumption,
    id: &EndpointId,
    webhook: &VersionedWebhook,
) -> Result<Option<Timestamp>> {
    let context = StreamContext::new(consumption.clock.now());
    let queue = consumption.store.delivery_queue(&context);
    Ok(match queue.continue_recovery(&id.tenant, &webhook.webhook).await? {
        RecoveryProgress::Finished => None,
        RecoveryProgress::Unfinished(at) => Some(at),
    })
}
