//! Deliveries: sending events to endpoints, again and again until one is acknowledged.

mod health;
mod log_query;
mod recovery;
mod retry;
mod sample;

use std::time::Duration;

use strum::{Display, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::event::{EventId, EventType};
use crate::named::named;
use crate::{TenantId, Timestamp, WebhookId};
pub use health::{Consequence, EndpointHealth, Observation, PROBE_LEASE};
pub use retry::{Jitter, MAX_ATTEMPTS, MAX_RETRY_AFTER, retry_delay};

/// How long an attempt has a delivery for itself.
pub const LEASE: Duration = Duration::from_secs(45);

/// Nothing is sent when less of the lease is left: an attempt takes 15 s, and the clocks of two instances differ.
pub const MIN_LEASE: Duration = Duration::from_secs(20);
pub use log_query::{DeliveryLogQuery, LogPosition};
pub use recovery::RecoveryRequest;
pub use sample::Sample;

/// The waiting times between the attempts of a delivery, before jitter. After the last one it is exhausted.
pub const RETRY_INTERVALS: [Duration; 9] = {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    [
        Duration::from_secs(MINUTE),
        Duration::from_secs(5 * MINUTE),
        Duration::from_secs(30 * MINUTE),
        Duration::from_secs(2 * HOUR),
        Duration::from_secs(5 * HOUR),
        Duration::from_secs(10 * HOUR),
        Duration::from_secs(14 * HOUR),
        Duration::from_secs(20 * HOUR),
        Duration::from_secs(24 * HOUR),
    ]
};

/// How long the log of attempts, and deliveries that wait, are kept.
pub const RETENTION: Duration = crate::feed::RETENTION;

/// What became of a delivery with an attempt.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Display,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum DeliveryStatus {
    /// It waits for its first attempt.
    Pending,
    /// The receiver acknowledged it.
    Succeeded,
    /// The attempt failed, and another one follows.
    Failed,
    /// The last attempt failed.
    Exhausted,
    /// It was given up without an attempt: the endpoint does not subscribe to the event any more, or the event is too old.
    Discarded,
}

named!(DeliveryStatus);

/// An endpoint of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId {
    /// The tenant.
    pub tenant: TenantId,
    /// The endpoint.
    pub id: WebhookId,
}

/// An attempt to deliver an event, as it is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The event.
    pub event_id: EventId,
    /// The event's type.
    pub event_type: EventType,
    /// The number of the attempt, from 1 on; 0 without an attempt.
    pub number: u64,
    /// What became of the delivery.
    pub status: DeliveryStatus,
    /// The status code of the response; `None` without a response.
    pub status_code: Option<u16>,
    /// How long it took, in milliseconds; `None` without an attempt.
    pub latency: Option<u64>,
    /// The first KiB of the response's body, or without a response what prevented it.
    pub response: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// When the next attempt is due, if there is one.
    pub next_attempt_at: Option<Timestamp>,
}
