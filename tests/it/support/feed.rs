//! Items of a feed, which tests write behind the service's back: at any position, of any age, with gaps.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::event::EventId;
use hb_domain::{KeyId, TenantId, Timestamp};
use hb_store::{FoundHead, Head, StreamContext};

use super::World;

/// How long rows are kept after their append.
const KEPT: Duration = Duration::from_secs(31 * 86_400);

/// What an event of a test is about.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// The creation of this memory.
    Created(&'a str),
    /// The creation of this memory, which was to expire then.
    CreatedUntil(&'a str, Timestamp),
    /// A change of the content of this memory.
    Updated(&'a str),
    /// The deletion of this memory for this reason.
    Deleted(&'a str, &'a str),
    /// A search with so many results.
    Search(u64),
    /// The creation of this key.
    KeyCreated(&'a KeyId),
    /// The revocation of this key.
    KeyRevoked(&'a KeyId),
    /// The announcement that this endpoint will be disabled then.
    WebhookDisabling(&'a str, Timestamp),
    /// That this endpoint was disabled, since its receiver answered 410.
    WebhookDisabled(&'a str),
}

impl About<'_> {
    /// The type of the event.
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Created(_) | Self::CreatedUntil(..) => "memory.created",
            Self::Updated(_) => "memory.updated",
            Self::Deleted(..) => "memory.deleted",
            Self::Search(_) => "search.performed",
            Self::KeyCreated(_) => "api_key.created",
            Self::KeyRevoked(_) => "api_key.revoked",
            Self::WebhookDisabling(..) => "webhook.disabling",
            Self::WebhookDisabled(_) => "webhook.disabled",
        }
    }

    fn attributes(self) -> Vec<(&'static str, AttributeValue)> {
        let memory = |id: &str| vec![("memory", text(id)), ("version", text("v"))];
        match self {
            Self::Created(id) => memory(id),
            Self::CreatedUntil(id, end) => [memory(id), vec![("expiresAt", number(end.millis()))]].concat(),
            Self::Updated(id) => {
                [memory(id), vec![("changedFields", AttributeValue::L(vec![text("content")]))]].concat()
            }
            Self::Deleted(id, reason) => [memory(id), vec![("reason", text(reason))]].concat(),
            Self::Search(results) => vec![("results", number(results))],
            Self::KeyCreated(id) | Self::KeyRevoked(id) => vec![("key", text(id.as_str()))],
            Self::WebhookDisabling(id, at) => {
                vec![("webhook", text(id)), ("disablesAt", number(at.millis()))]
            }
            Self::WebhookDisabled(id) => vec![("webhook", text(id)), ("reason", text("gone"))],
        }
    }
}

/// The id of the event that a test appends at `position`.
pub fn event_id(position: u64) -> String {
    EventId::derive("test", &position.to_string(), 0).to_string()
}

impl World {
    /// Writes the row of an event that was appended at `appended_at`. The head stays as it is.
    pub async fn append_at(
        &self,
        tenant: &TenantId,
        position: u64,
        about: About<'_>,
        appended_at: Timestamp,
    ) {
        let mut item = HashMap::from([
            ("tenant".to_owned(), text(tenant.as_str())),
            ("sk".to_owned(), text(&sort_key(position))),
            ("eventId".to_owned(), text(&event_id(position))),
            ("type".to_owned(), text(about.event_type())),
            ("at".to_owned(), number(appended_at.millis())),
            ("appendedAt".to_owned(), number(appended_at.millis())),
            ("ttl".to_owned(), number(appended_at.plus(KEPT).seconds_rounded_up())),
        ]);
        item.extend(about.attributes().into_iter().map(|(name, value)| (name.to_owned(), value)));
        let put = self.dynamodb().put_item().table_name("Events").set_item(Some(item));
        put.send().await.expect("the database");
    }

    /// Writes the row by which the event at `position` is found under its id.
    pub async fn index_event(&self, tenant: &TenantId, position: u64) {
        let item = HashMap::from([
            ("tenant".to_owned(), text(tenant.as_str())),
            ("sk".to_owned(), text(&format!("id#{}", event_id(position)))),
            ("position".to_owned(), number(position)),
        ]);
        let put = self.dynamodb().put_item().table_name("Events").set_item(Some(item));
        put.send().await.expect("the database");
    }

    /// Writes the row of an event that is appended now, and moves the head to it.
    pub async fn append(&self, tenant: &TenantId, position: u64, about: About<'_>) {
        self.append_at(tenant, position, about, self.clock.now()).await;
        self.set_head(tenant, position).await;
    }

    /// Writes the head of a feed of a tenant that has one endpoint.
    pub async fn set_head(&self, tenant: &TenantId, position: u64) {
        let put = self.dynamodb().put_item().table_name("Webhooks");
        let put = put.item("tenant", text(tenant.as_str())).item("sk", text("feed"));
        let put = put.item("position", number(position)).item("endpoints", number(1));
        let put = put.item("generation", number(1)).item("since", number(self.clock.now().millis()));
        put.send().await.expect("the database");
    }

    /// The head of the tenant's feed; `None` for a tenant that never had an endpoint.
    pub async fn feed_head(&self, tenant: &TenantId) -> Option<Head> {
        let context = StreamContext::new(self.clock.now());
        match self.store.event_appender(&context).feed(tenant).await.expect("the database").head {
            FoundHead::Absent => None,
            FoundHead::Head(head) => Some(head),
            FoundHead::Corrupt(error) => panic!("{error:?}"),
        }
    }

    /// Gives an attribute of the head of a feed another type, so that the head cannot be read.
    pub async fn damage_head(&self, tenant: &TenantId, attribute: &str) {
        let update = self.dynamodb().update_item().table_name("Webhooks");
        let update = update.key("tenant", text(tenant.as_str())).key("sk", text("feed"));
        let update = update.update_expression("SET #damaged = :value");
        let update = update.expression_attribute_names("#damaged", attribute);
        let update = update.expression_attribute_values(":value", AttributeValue::Bool(true));
        update.send().await.expect("the database");
    }

    /// Removes the row of an event.
    pub async fn remove_event(&self, tenant: &TenantId, position: u64) {
        let delete = self.dynamodb().delete_item().table_name("Events");
        let delete = delete.key("tenant", text(tenant.as_str())).key("sk", text(&sort_key(position)));
        delete.send().await.expect("the database");
    }

    /// Makes the row of an event unreadable.
    pub async fn damage_event(&self, tenant: &TenantId, position: u64) {
        let update = self.dynamodb().update_item().table_name("Events");
        let update = update.key("tenant", text(tenant.as_str())).key("sk", text(&sort_key(position)));
        let update = update.update_expression("REMOVE #type").expression_attribute_names("#type", "type");
        update.send().await.expect("the database");
    }

    /// Sets the flag of a tenant whose searches are recorded.
    pub async fn record_searches(&self, tenant: &TenantId) {
        let update = self.dynamodb().update_item().table_name("Tenants");
        let update = update.key("tenant", text(tenant.as_str())).update_expression("SET recording = :yes");
        let update = update.expression_attribute_values(":yes", AttributeValue::Bool(true));
        update.send().await.expect("the database");
    }

    /// The items of recorded searches that have no position in the feed yet, of all tenants.
    #[expect(clippy::disallowed_methods, reason = "a test looks at everything there is")]
    pub async fn pending_events(&self) -> Vec<HashMap<String, AttributeValue>> {
        let scan = self.dynamodb().scan().table_name("PendingEvents").send().await.expect("the database");
        scan.items.unwrap_or_default()
    }

    fn dynamodb(&self) -> Client {
        Client::from_conf(self.aws.dynamodb())
    }
}

fn sort_key(position: u64) -> String {
    format!("event#{position:016}")
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
