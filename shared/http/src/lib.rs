//! One HTTP request of HeroBrain from end to end.
//!
//! Route table row → guard (authenticate → admit → authorize) → handler → reply or error → envelope.
//! Handlers see a [`Call`] and make a [`Reply`]: no status code, no header, no clock, no randomness.

pub mod app;
mod body;
pub mod call;
mod entropy;
mod envelope;
mod error;
mod guard;
mod headers;
mod idempotency;
pub mod lambda;
pub mod log;
mod reply;
mod response;
pub mod route;
mod secret_cache;
pub mod stream;
mod token;

pub use app::App;
pub use call::{Call, TakenBody};
pub use entropy::Entropy;
pub use envelope::{ErrorDetail, item_errors};
pub use hb_store::{CreateOutcome, Hit, Rotation, VersionedMemory};
pub use reply::{HandlerResult, Reply};
pub use route::Route;
pub use token::{ClerkSettings, MintedToken};
