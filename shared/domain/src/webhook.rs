//! Webhook endpoints: where a tenant's events are sent.

mod address;
mod pattern;
mod rotation;
mod secret;
mod url;

use std::time::Duration;

use strum::{Display, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::event::Event;
use crate::fields::Fields;
use crate::named::named;
use crate::rules::{self, Rule, RuleResult};
use crate::{Principal, Result, Timestamp, WebhookId};
pub use address::is_public;
pub use pattern::EventPatterns;
pub use rotation::RotateSecret;
pub use secret::{SealedSecret, WebhookSecret};
pub use url::{UrlPolicy, WebhookUrl};

/// The most endpoints that a tenant may have.
pub const MAX_WEBHOOKS: u64 = 20;

/// How long before the creation of an endpoint a change may have been made that is sent to it. The times of changes are rounded down, so
/// a change of this time or later was made later still; with 1 s for the difference of clocks, none is sent that was acknowledged more than
/// 5 s before the request.
const BEFORE_CREATION: Duration = Duration::from_secs(4);

/// Whether events are sent to an endpoint.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
pub enum WebhookStatus {
    /// They are.
    #[default]
    Active,
    /// They are not. The tenant's events are recorded all the same.
    Inactive,
}

named!(WebhookStatus);

/// An endpoint, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The name that its owner chose.
    pub name: String,
    /// Where events are sent.
    pub url: WebhookUrl,
    /// Which events are sent.
    pub events: EventPatterns,
    /// Whether events are sent.
    pub status: WebhookStatus,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// The body of a request to create an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of Webhook")]
pub struct NewWebhook {
    pub name: String,
    pub url: WebhookUrl,
    pub events: EventPatterns,
    /// `None` has one generated.
    pub secret: Option<WebhookSecret>,
    pub status: WebhookStatus,
}

/// The changes of a PATCH; `None` leaves a field unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of Webhook")]
pub struct WebhookPatch {
    pub name: Option<String>,
    pub url: Option<WebhookUrl>,
    pub events: Option<EventPatterns>,
    pub status: Option<WebhookStatus>,
}

/// The rule of a URL.
#[derive(Clone, Copy, Debug)]
struct UrlRule(UrlPolicy);

impl Rule for UrlRule {
    type Value = WebhookUrl;

    fn parse(&self, value: serde_json::Value) -> RuleResult<WebhookUrl> {
        let text = value.as_str().ok_or("must be a string")?;
        WebhookUrl::parse(text, self.0)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "uri", "maxLength": url::MAX_URL})
    }
}

impl Webhook {
    /// From which time on the changes are sent: a little before the creation. A change whose response came after that of the creation may
    /// have been made before it, and the times of changes are rounded down to seconds.
    pub fn delivers_since(&self) -> Timestamp {
        self.created_at.minus(BEFORE_CREATION).to_millis()
    }

    /// Whether the event is sent to the endpoint as it is now.
    pub fn gets(&self, event: &Event) -> bool {
        self.status == WebhookStatus::Active && event.at >= self.delivers_since() && self.subscribes_to(event)
    }

    /// Whether the endpoint subscribes to the event's type.
    pub fn subscribes_to(&self, event: &Event) -> bool {
        self.events.matches(event.occurrence.event_type())
    }
}

impl NewWebhook {
    /// Parses the body of a request that creates an endpoint.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(mut fields: Fields, policy: UrlPolicy) -> Result<Self> {
        let name = fields.require("name", rules::webhook_name());
        let url = fields.require("url", UrlRule(policy));
        let events = fields.require("events", pattern::Patterns);
        let secret = fields.take("secret", secret::GivenSecret);
        let status = fields.take("status", rules::one_of::<WebhookStatus>()).unwrap_or_default();
        let (name, url, events) = fields.finish_with(zip(name, url, events))?;
        Ok(Self { name, url, events, secret, status })
    }

    /// The endpoint that the request creates.
    pub fn at(&self, id: WebhookId, created_at: Timestamp) -> Webhook {
        let Self { name, url, events, status, .. } = self.clone();
        Webhook { id, name, url, events, status, created_at, updated_at: created_at }
    }
}

fn zip<A, B, C>(a: Option<A>, b: Option<B>, c: Option<C>) -> Option<(A, B, C)> {
    Some((a?, b?, c?))
}

impl WebhookPatch {
    /// Parses the body of a PATCH.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(mut fields: Fields, policy: UrlPolicy) -> Result<Self> {
        let patch = Self {
            name: fields.take("name", rules::webhook_name()),
            url: fields.take("url", UrlRule(policy)),
            events: fields.take("events", pattern::Patterns),
            status: fields.take("status", rules::one_of::<WebhookStatus>()),
        };
        fields.finish()?;
        Ok(patch)
    }

    /// `webhook` with these changes at `now`. `updatedAt` stays where nothing changes.
    pub fn apply(&self, webhook: &Webhook, now: Timestamp) -> Webhook {
        let mut changed = webhook.clone();
        let Self { name, url, events, status } = self.clone();
        changed.name = name.unwrap_or(changed.name);
        changed.url = url.unwrap_or(changed.url);
        changed.events = events.unwrap_or(changed.events);
        changed.status = status.unwrap_or(changed.status);
        if changed != *webhook {
            // The clock may be behind that of the last writer: `updatedAt` never decreases.
            changed.updated_at = now.to_millis().max(webhook.updated_at);
        }
        changed
    }
}

/// The events that a body subscribes to, for an authorization before the body is validated; none if the field is absent or
/// invalid.
pub fn subscribed(fields: &mut Fields) -> EventPatterns {
    fields.take("events", pattern::Patterns).unwrap_or_default()
}

/// Whether `caller` may make `after` of `before`: it must be allowed to get the events of both.
///
/// # Errors
/// As [`EventPatterns::check`].
pub fn may_change(caller: &Principal, before: &EventPatterns, after: &EventPatterns) -> Result<()> {
    before.check(caller)?;
    after.check(caller)
}

#[cfg(feature = "describe")]
impl crate::describe::Request for NewWebhook {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body(), UrlPolicy::default());
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for WebhookPatch {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body(), UrlPolicy::default());
    }
}
