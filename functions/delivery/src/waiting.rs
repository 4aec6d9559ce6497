//! The endpoints that wait for a round of a pass: the tenants take turns, so that the slow receivers of one do not use up the time
//! of the others.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use hb_domain::TenantId;
use hb_domain::delivery::EndpointId;

/// The most endpoints of a tenant that are processed at the same time.
const PER_TENANT: usize = 16;

/// An endpoint that is due, with the items that say so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Due<F> {
    pub(crate) endpoint: EndpointId,
    pub(crate) found: Vec<F>,
}

/// The endpoints of a pass. `F` is an item that says that an endpoint is due.
#[derive(Debug)]
pub(crate) struct Waiting<F> {
    /// The items that no round has begun with, or that another round follows for.
    found: HashMap<EndpointId, Vec<F>>,
    /// The tenants whose endpoints wait.
    turns: VecDeque<TenantId>,
    /// The endpoints that wait, by tenant.
    queues: HashMap<TenantId, VecDeque<EndpointId>>,
    running: HashMap<TenantId, BTreeSet<EndpointId>>,
    /// The endpoints that had a round and need another one.
    unfinished: HashSet<EndpointId>,
}

impl<F> Waiting<F> {
    pub(crate) fn new() -> Self {
        Self {
            found: HashMap::new(),
            turns: VecDeque::new(),
            queues: HashMap::new(),
            running: HashMap::new(),
            unfinished: HashSet::new(),
        }
    }

    /// Adds an item. What was added first comes first. Returns whether the endpoint did not wait before.
    pub(crate) fn add(&mut self, endpoint: EndpointId, found: F) -> bool {
        let waits = self.found.contains_key(&endpoint);
        self.found.entry(endpoint.clone()).or_default().push(found);
        // An endpoint is in one round at a time: another one follows.
        if !waits && !self.is_running(&endpoint) {
            self.enqueue(endpoint);
        }
        !waits
    }

    /// How many endpoints wait.
    pub(crate) fn len(&self) -> usize {
        self.queues.values().map(VecDeque::len).sum()
    }

    /// Takes the next endpoint whose round may begin.
    pub(crate) fn take(&mut self) -> Option<Due<F>> {
        for _ in 0..self.turns.len() {
            let tenant = self.turns.pop_front()?;
            if self.running.get(&tenant).is_some_and(|running| running.len() >= PER_TENANT) {
                self.turns.push_back(tenant);
                continue;
            }
            let Some(endpoint) = self.queues.get_mut(&tenant).and_then(VecDeque::pop_front) else { continue };
            if self.queues.get(&tenant).is_some_and(VecDeque::is_empty) {
                self.queues.remove(&tenant);
            } else {
                self.turns.push_back(tenant.clone());
            }
            self.running.entry(tenant).or_default().insert(endpoint.clone());
            let found = self.found.remove(&endpoint).unwrap_or_default();
            return Some(Due { endpoint, found });
        }
        None
    }

    /// Notes the end of a round. If more is due, the endpoint waits behind the others of its tenant.
    pub(crate) fn finish(&mut self, due: Due<F>, has_more: bool) {
        let Due { endpoint, found } = due;
        if let Some(running) = self.running.get_mut(&endpoint.tenant) {
            running.remove(&endpoint);
        }
        if has_more {
            self.found.entry(endpoint.clone()).or_default().extend(found);
            self.unfinished.insert(endpoint.clone());
        } else {
            self.unfinished.remove(&endpoint);
        }
        if self.found.contains_key(&endpoint) {
            self.enqueue(endpoint);
        }
    }

    /// The endpoints that had a round and wait for another one.
    pub(crate) fn into_unfinished(mut self) -> Vec<Due<F>> {
        let unfinished = std::mem::take(&mut self.unfinished);
        let due = |endpoint: EndpointId| Some(Due { found: self.found.remove(&endpoint)?, endpoint });
        unfinished.into_iter().filter_map(due).collect()
    }

    fn is_running(&self, endpoint: &EndpointId) -> bool {
        self.running.get(&endpoint.tenant).is_some_and(|running| running.contains(endpoint))
    }

    fn enqueue(&mut self, endpoint: EndpointId) {
        let queue = self.queues.entry(endpoint.tenant.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(endpoint.tenant.clone());
        }
        queue.push_back(endpoint);
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::WebhookId;

    use super::*;

    fn endpoint(tenant: &str, number: usize) -> EndpointId {
        EndpointId {
            tenant: TenantId::parse(tenant).expect("a tenant"),
            id: WebhookId::parse(&format!("whk_{number:016x}")).expect("an id"),
        }
    }

    #[test]
    fn tenants_take_turns_and_one_has_a_part_of_the_rounds() {
        let mut waiting = Waiting::new();
        for number in 0..20 {
            assert!(waiting.add(endpoint("slow", number), number));
        }
        for number in 0..2 {
            waiting.add(endpoint("other", number), number);
        }
        let taken: Vec<Due<usize>> = std::iter::from_fn(|| waiting.take()).collect();
        let first: Vec<&EndpointId> = taken.iter().take(4).map(|due| &due.endpoint).collect();
        let expected = [endpoint("slow", 0), endpoint("other", 0), endpoint("slow", 1), endpoint("other", 1)];
        assert_eq!(first, expected.iter().collect::<Vec<_>>());
        assert_eq!((taken.len(), waiting.len()), (18, 4));
        for due in taken {
            waiting.finish(due, true);
        }
        assert_eq!(waiting.take().expect("one that had no round").endpoint, endpoint("slow", 16));
        assert_eq!(waiting.into_unfinished().len(), 18);
    }

    #[test]
    fn an_endpoint_is_in_one_round_at_a_time_and_no_item_is_forgotten() {
        let mut waiting = Waiting::new();
        assert!(waiting.add(endpoint("acme", 0), 1));
        assert!(!waiting.add(endpoint("acme", 0), 2));
        let due = waiting.take().expect("an endpoint");
        assert_eq!(due.found, [1, 2]);
        waiting.add(endpoint("acme", 0), 3);
        assert_eq!((waiting.len(), waiting.take()), (0, None));
        waiting.finish(due, false);
        let due = waiting.take().expect("another round");
        assert_eq!(due.found, [3]);
        waiting.finish(due, false);
        assert_eq!((waiting.take(), waiting.into_unfinished()), (None, Vec::new()));
    }
}
