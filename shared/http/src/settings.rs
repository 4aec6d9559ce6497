//! What the environment of a function configures besides its store.

use hb_domain::webhook::UrlPolicy;
use hb_sender::Sender;

use crate::response::StrictTransport;
use crate::{ClerkSettings, PublicUrl};

/// The optional features of a deployment; by default none of them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The issuer of session tokens. Without it no token is valid.
    pub clerk: Option<ClerkSettings>,
    /// `Strict-Transport-Security` on every response.
    pub strict_transport: Option<StrictTransport>,
    /// The public address, for links. Without it they are relative.
    pub public_url: Option<PublicUrl>,
    /// Which URLs webhooks may have. No variable changes it.
    pub webhook_urls: UrlPolicy,
    /// What sends events to webhooks; without it, one to the URLs that they may have. No variable sets it.
    pub sender: Option<Sender>,
}

impl Settings {
    /// The settings that the environment describes.
    ///
    /// # Errors
    /// A message that names the variable that is invalid.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        Ok(Self {
            clerk: ClerkSettings::from_env(&variable)?,
            strict_transport: StrictTransport::from_env(&variable)?,
            public_url: PublicUrl::from_env(&variable)?,
            webhook_urls: UrlPolicy::Public,
            sender: None,
        })
    }
}
