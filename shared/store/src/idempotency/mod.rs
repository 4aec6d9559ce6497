//! The table of idempotency: requests and their responses by idempotency key, and the events of the memories' stream
//! that were processed.
//!
//! | item | `tenant` | `sk` | holds |
//! |---|---|---|---|
//! | record | tenant | `key#` + the caller + `#` + the client's key | `fingerprint`, `createdAt`, `seed`, `lockOwner`, `lockedUntil`, `applied`, `appliedItems`; once completed `status`, `body`, `location`, `version` |
//! | event | tenant | `event#` + the event's id | nothing |
//!
//! A record belongs to one caller: the same key of another caller is another record. The caller's name contains no `#`,
//! so that no client's key can reach another caller's records, and it is short: a sort key holds 1,024 bytes.
//!
//! TTL removes both items. Whether a record has expired is decided by its `createdAt`.

mod item;
mod locked;
mod records;

pub(crate) use item::row_key;
pub use locked::LockedRecord;
pub use records::{Acquired, IdempotencyRecords};
