//! The due endpoints that this instance has written. Each append with deliveries needs one; they are not written again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hb_domain::Timestamp;
use hb_domain::delivery::EndpointId;

use super::DueEndpoint;

/// How long after an append the schedule looks at its deliveries, at the earliest.
const DELAY: Duration = Duration::from_secs(60);
/// For how long after the reception of a batch a due endpoint must not be due, so that it serves the appends of the batch: longer than the
/// time limit of the function, 29 s, and the difference of clocks.
const AHEAD: Duration = Duration::from_secs(45);

/// The latest due endpoint of each endpoint, as far as this instance has written them. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Promises(Arc<Mutex<HashMap<EndpointId, Timestamp>>>);

impl Promises {
    /// The due endpoint that an append at `now` has to write with its deliveries; `None` if an earlier one serves.
    pub(crate) fn missing(&self, endpoint: EndpointId, now: Timestamp) -> Option<DueEndpoint> {
        let is_kept = self.latest().get(&endpoint).is_some_and(|at| *at >= now.plus(AHEAD));
        (!is_kept).then(|| DueEndpoint::new(endpoint, now.plus(DELAY)))
    }

    /// Remembers due endpoints that were written, and forgets those of the past.
    pub(crate) fn remember(&self, written: Vec<DueEndpoint>, now: Timestamp) {
        let mut latest = self.latest();
        latest.retain(|_, at| *at > now);
        latest.extend(written.into_iter().map(|due| (due.endpoint, due.at)));
    }

    fn latest(&self) -> MutexGuard<'_, HashMap<EndpointId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::{TenantId, WebhookId};

    use super::*;

    #[test]
    fn a_due_endpoint_serves_as_long_as_it_is_far_enough_ahead() {
        let endpoint = EndpointId {
            tenant: TenantId::parse("acme").expect("a tenant"),
            id: WebhookId::parse("whk_0123456789abcdef").expect("an id"),
        };
        let at = |seconds: i64| Timestamp::from_millis(1_795_521_600_000 + seconds * 1_000);
        let promises = Promises::default();
        let due = promises.missing(endpoint.clone(), at(0)).expect("nothing was written");
        assert_eq!(due.at, at(60));
        promises.remember(vec![due], at(0));
        let missing = |now| promises.missing(endpoint.clone(), now).map(|due| due.at);
        assert_eq!((missing(at(15)), missing(at(16))), (None, Some(at(80))));
        promises.remember(Vec::new(), at(60));
        assert!(promises.latest().is_empty(), "it is past");
    }
}
