//! One HTTP request of HeroBrain from end to end.
//!
//! Route table row → guard (authenticate → admit → authorize) → handler → reply or error → response.
//! Handlers receive a [`Call`] or a [`PublicCall`] and return a [`Reply`]; they have no clock and no randomness of
//! their own.

mod address;
pub mod app;
mod body;
pub mod call;
mod completion;
pub mod description;
mod entropy;
mod envelope;
mod error;
mod guard;
mod idempotency;
pub mod lambda;
pub mod log;
#[cfg(feature = "describe")]
pub mod openapi;
mod page;
mod public_call;
mod public_url;
mod reply;
mod response;
pub mod route;
mod seconds;
mod secret_cache;
mod settings;
mod static_file;
pub mod stream;
mod token;
mod webhook_keys;

pub use app::App;
pub use call::{Call, TakenBody};
pub use entropy::Entropy;
pub use envelope::{ErrorDetail, item_errors};
pub use hb_store::{
    CreateOutcome, Edit, Hit, NewItem, Placed, Placement, Rotation, Update, VersionedMemory,
    VersionedWebhook, WebhookRotation,
};
pub use page::{ApiReply, ApiRequest, Form, PageCall, SignInPage, new_sign_in_link, return_path};
pub use public_call::PublicCall;
pub use public_url::PublicUrl;
pub use reply::{HandlerResult, Reply};
pub use response::StrictTransport;
pub use route::Route;
pub use settings::{Settings, publishable_key};
pub use static_file::StaticFile;
pub use token::{ClerkSettings, MintedToken};
pub use webhook_keys::{KeyAge, WebhookKeyCache, WebhookKeys};
