//! Deliveries: which event has to be sent to which endpoint, and when.
//!
//! | item | table | partition key | sort key | holds |
//! |---|---|---|---|---|
//! | delivery | `deliveries` | tenant | endpoint + `#` + due time + `#` + event id | the event, the number of attempts, the lease of an attempt |
//! | attempt | `delivery-attempts` | tenant | endpoint + `#` + time + `#` + event id + `#` + number | what became of one attempt |
//! | due endpoint | `due-endpoints` | shard | time + `#` + tenant + `#` + endpoint | nothing: the schedule looks at the endpoint's deliveries at this time |
//! | recovery | `webhooks` | tenant | `recovery#` + endpoint | from which time on the events of the feed are still to be queued |
//! | health | `webhooks` | tenant | `health#` + endpoint | consecutive failures, the next probe; see [`EndpointHealth`] |
//!
//! A delivery stays in its table until it was acknowledged, exhausted or discarded. Every delivery that waits has a due
//! endpoint at its due time or later, which is written before it. The schedule deletes a due endpoint only after it has written
//! the next one, or has found that no delivery waits. So a process that stops anywhere loses no delivery. A due endpoint that is
//! not written in one transaction with what is due has a time at least 30 s ahead, so that the schedule does not look, and
//! delete it, before the delivery is there.

mod attempt_item;
mod attempts;
mod claim;
mod contents;
mod delivery_item;
mod disabling;
mod due;
mod due_endpoint;
mod erased;
mod health;
mod health_writes;
mod promises;
mod purge;
mod queue;
pub(crate) mod recovery;
mod requests;
mod states;
mod walk;

pub use claim::{Claim, ClaimedDelivery};
pub use contents::DeliveryContents;
pub use delivery_item::{DeliveryKey, QueuedDelivery};
pub use due::{DueShard, FoundDueEndpoint};
pub use due_endpoint::DueEndpoint;
pub(crate) use erased::due_endpoints_of;
pub use hb_domain::delivery::EndpointHealth;
pub use health_writes::HealthWrite;
pub(crate) use promises::Promises;
pub use queue::DeliveryQueue;
pub use requests::{Deliveries, DeliveryLogPage};
pub use states::{EndpointState, known_health};
pub use walk::RecoveryProgress;
