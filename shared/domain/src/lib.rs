//! The vocabulary and the rules of HeroBrain.
//!
//! Nothing here performs I/O, awaits, or knows AWS: every type can be built and every rule can be
//! tried in a plain unit test. Time and randomness come in as arguments.

pub mod admission;
pub mod batch;
pub mod bearer;
pub mod clerk;
pub mod clock;
pub mod credential;
pub mod cursor;
#[cfg(feature = "describe")]
pub mod describe;
pub mod error;
pub mod fields;
pub mod id;
pub mod idempotency;
pub mod import;
pub mod json;
pub mod key;
pub mod key_summary;
pub mod listing;
pub mod memory;
pub mod memory_ids;
pub mod metadata;
pub mod meter;
mod named;
pub mod ndjson;
pub mod patch;
pub mod pepper;
pub mod plan;
pub mod principal;
pub mod rules;
pub mod scope;
pub mod search;
pub mod tenant;
pub mod time;
pub mod token;
pub mod unread_body;
pub mod usage;

pub use clock::Clock;
pub use error::{Error, Result};
pub use id::{KeyId, MemoryId, RequestId, TenantId};
pub use key::ApiKey;
pub use memory::Memory;
pub use metadata::Metadata;
pub use principal::{CallerId, Principal};
pub use scope::{Scope, Scopes};
pub use time::Timestamp;
