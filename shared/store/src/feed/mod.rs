//! The feed of a tenant: its events in the order in which they were appended.
//!
//! | item | table | sort key | holds |
//! |---|---|---|---|
//! | head | `webhooks` | `feed` | the last position, the number of endpoints; see [`Head`] |
//! | event | `events` | `event#` + position, 16 digits | one event, without content |
//! | uniqueness | `events` | `id#` + event id | the position: an event is appended once |
//!
//! An append is one transaction: it moves the head from position p to p + n on the condition that it is at p, that the endpoints are
//! those that were read with it and that the events are recorded, and writes the events p + 1 to p + n with their uniqueness items, a
//! delivery for each endpoint that gets an event, and the due endpoints of these.

mod append;
mod endpoints;
pub(crate) mod head;
pub(crate) mod page;
pub(crate) mod pending;
mod plan;
mod repair;
pub(crate) mod row;
pub(crate) mod rows;
mod searches;
pub(crate) mod subjects;

pub use append::{AppendFailure, AppendOutcome, EventAppender};
pub use endpoints::FoundFeed;
pub use head::{FoundHead, Head, Period};
pub use page::{Feed, FeedPage};
pub use pending::pending_event;
