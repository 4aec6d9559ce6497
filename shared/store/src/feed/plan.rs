//! What one append writes: as many events as fit into a transaction, with their deliveries.

use std::collections::BTreeSet;

use hb_domain::delivery::EndpointId;
use hb_domain::event::{Event, EventId};
use hb_domain::webhook::Webhook;
use hb_domain::{TenantId, Timestamp};

use super::Head;
use crate::deliveries::{DueEndpoint, Promises};

/// The most actions of a transaction.
const MAX_ACTIONS: usize = 100;
/// The actions for an event without deliveries: its row and its id.
const EVENT: usize = 2;

/// The events of an append.
#[derive(Debug, Default)]
pub(super) struct Plan<'e> {
    /// How many of the first events need nothing more after it.
    pub(super) settled: usize,
    /// The events to append, each with the endpoints that get it.
    pub(super) events: Vec<(&'e Event, Vec<EndpointId>)>,
    /// The due endpoints to write with the deliveries.
    pub(super) due: Vec<DueEndpoint>,
}

/// What decides about the events of an append.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'r> {
    pub(super) tenant: &'r TenantId,
    pub(super) head: &'r Head,
    pub(super) endpoints: &'r [Webhook],
    /// Events that are in the feed.
    pub(super) appended: &'r BTreeSet<EventId>,
    pub(super) promises: &'r Promises,
    pub(super) now: Timestamp,
}

impl<'e> Plan<'e> {
    /// The append of the first of `events`. Without an event to append it settles all of them.
    pub(super) fn of(rules: Rules<'_>, events: &'e [Event]) -> Self {
        // The head is one action. A transaction must not write an item twice.
        let (mut plan, mut actions, mut ids) = (Self::default(), 1, BTreeSet::new());
        for event in events {
            let is_appended = rules.appended.contains(&event.id) || !ids.insert(&event.id);
            if !is_appended && rules.head.records(event.at) {
                let (endpoints, due) = plan.deliveries(rules, event);
                actions += EVENT + endpoints.len() + due.len();
                if actions > MAX_ACTIONS && !plan.events.is_empty() {
                    break;
                }
                plan.events.push((event, endpoints));
                plan.due.extend(due);
            }
            plan.settled += 1;
        }
        plan
    }

    /// The endpoints that get an event, and the due endpoints that are missing for it.
    fn deliveries(&self, rules: Rules<'_>, event: &Event) -> (Vec<EndpointId>, Vec<DueEndpoint>) {
        let getting = rules.endpoints.iter().filter(|endpoint| endpoint.gets(event));
        let endpoints: Vec<EndpointId> = getting
            .map(|endpoint| EndpointId { tenant: rules.tenant.clone(), id: endpoint.id.clone() })
            .collect();
        let is_planned = |endpoint: &EndpointId| self.due.iter().any(|due| due.endpoint == *endpoint);
        let unplanned = endpoints.iter().filter(|endpoint| !is_planned(endpoint)).cloned();
        let due = unplanned.filter_map(|endpoint| rules.promises.missing(endpoint, rules.now)).collect();
        (endpoints, due)
    }
}
