//! The types and rules of HeroBrain.
//!
//! This crate performs no I/O, is not async and does not depend on AWS, so that all of it can be tested by unit
//! tests. Time and randomness are arguments.

pub mod admission;
pub mod batch;
pub mod batch_get;
pub mod bearer;
pub mod bulk_update;
pub mod clerk;
pub mod clock;
pub mod credential;
pub mod cursor;
pub mod dashboard;
pub mod delivery;
#[cfg(feature = "describe")]
pub mod describe;
pub mod error;
pub mod event;
pub mod export;
pub mod feed;
pub mod fields;
pub mod filter;
pub mod id;
pub mod idempotency;
pub mod import;
pub mod json;
pub mod key;
pub mod key_summary;
pub mod listing;
pub mod memory;
pub mod memory_ids;
pub mod memory_key;
pub mod metadata;
pub mod meter;
mod named;
pub mod namespace;
pub mod namespace_listing;
pub mod ndjson;
pub mod patch;
pub mod pepper;
pub mod plan;
pub mod precondition;
pub mod principal;
pub mod query;
pub mod rules;
pub mod scope;
pub mod search;
pub mod tenant;
pub mod time;
pub mod token;
pub mod unread_body;
pub mod usage;
pub mod webhook;

pub use clock::Clock;
pub use error::{Error, Result};
pub use id::{KeyId, MemoryId, RequestId, TenantId, WebhookId};
pub use key::ApiKey;
pub use memory::Memory;
pub use memory_key::ScopedKey;
pub use metadata::Metadata;
pub use namespace::Namespace;
pub use principal::{CallerId, Principal};
pub use scope::{Scope, Scopes};
pub use time::Timestamp;
