//! What the environment of a function configures besides its store.

use hb_domain::dashboard::PublishableKey;
use hb_domain::webhook::UrlPolicy;
use hb_sender::Sender;

use crate::response::StrictTransport;
use crate::{ClerkSettings, PublicUrl};

/// The optional features of a deployment; by default none of them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The issuer of session tokens. Without it no token is valid.
    pub clerk: Option<ClerkSettings>,
    /// Clerk's publishable key, with which people sign in to the dashboard. Without it they need a link.
    pub publishable_key: Option<PublishableKey>,
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
            publishable_key: publishable_key(&variable)?,
            strict_transport: StrictTransport::from_env(&variable)?,
            public_url: PublicUrl::from_env(&variable)?,
            webhook_urls: UrlPolicy::Public,
            sender: None,
        })
    }
}

/// The variable with Clerk's publishable key.
const PUBLISHABLE_KEY: &str = "CLERK_PUBLISHABLE_KEY";

/// The publishable key that the environment has. It is of no use without an issuer, whose tokens are accepted.
///
/// # Errors
/// The name of the variable that is missing or invalid.
pub fn publishable_key(variable: impl Fn(&str) -> Option<String>) -> Result<Option<PublishableKey>, String> {
    let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let Some(text) = variable(PUBLISHABLE_KEY) else { return Ok(None) };
    if variable("CLERK_ISSUER").is_none() {
        return Err(format!("CLERK_ISSUER is not set, but {PUBLISHABLE_KEY} is"));
    }
    let key = PublishableKey::parse(&text);
    key.map(Some)
        .ok_or_else(|| format!("{PUBLISHABLE_KEY} is not a publishable key of Clerk, such as pk_test_…"))
}
