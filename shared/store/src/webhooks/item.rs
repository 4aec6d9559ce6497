//! The items of endpoints and of their URLs: encoding and decoding.

use hb_domain::event::EventPattern;
use hb_domain::webhook::{SealedSecret, Webhook, WebhookStatus, WebhookUrl};
use hb_domain::{Result, TenantId, Timestamp, WebhookId};

use crate::item::{Attributes, Row, bytes, millis, number, text, texts};
use crate::tables::Table;

/// An endpoint with the name of its version and its encrypted secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedWebhook {
    /// The endpoint.
    pub webhook: Webhook,
    /// The name of the version. It changes with every change of the endpoint and is never used again.
    pub version: String,
    /// Its secret.
    pub secret: SealedSecret,
    /// The secret before the last rotation, during its grace period and after it.
    pub previous: Option<PreviousSecret>,
}

/// A secret that was rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    /// The secret.
    pub secret: SealedSecret,
    /// When its grace period ends: until then it signs beside the current one.
    pub until: Timestamp,
}

impl VersionedWebhook {
    /// The secrets that sign what is sent at `now`, the current one first.
    pub fn secrets_at(&self, now: Timestamp) -> impl Iterator<Item = &SealedSecret> {
        let previous = self.previous.as_ref().filter(|previous| now < previous.until);
        std::iter::once(&self.secret).chain(previous.map(|previous| &previous.secret))
    }
}

/// The start of the sort keys of endpoints.
pub(crate) const ENDPOINT: &str = "whk_";

/// The key of an endpoint.
pub(crate) fn key(tenant: &TenantId, id: &WebhookId) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("sk".into(), text(id))])
}

/// The key of the item that makes a URL unique.
pub(super) fn url_key(tenant: &TenantId, url: &WebhookUrl) -> Attributes {
    Attributes::from([
        ("tenant".into(), text(tenant)),
        ("sk".into(), text(format_args!("url#{}", url.digest()))),
    ])
}

/// The item that makes the URL of an endpoint unique.
pub(super) fn encode_url(tenant: &TenantId, webhook: &Webhook) -> Attributes {
    let mut item = url_key(tenant, &webhook.url);
    item.insert("id".into(), text(&webhook.id));
    item
}

/// The item of an endpoint.
pub(super) fn encode(tenant: &TenantId, versioned: &VersionedWebhook) -> Attributes {
    let VersionedWebhook { webhook, version, secret, previous } = versioned;
    let mut item = key(tenant, &webhook.id);
    item.insert("name".into(), text(&webhook.name));
    item.insert("url".into(), text(&webhook.url));
    item.insert("events".into(), texts(webhook.events.iter()));
    item.insert("status".into(), text(webhook.status));
    // In microseconds, so that endpoints of the same millisecond are listed in the order of their creation.
    item.insert("createdAt".into(), number(webhook.created_at.micros()));
    item.insert("updatedAt".into(), millis(webhook.updated_at));
    item.insert("version".into(), text(version));
    item.insert("secret".into(), bytes(&secret.sealed));
    item.insert("keyVersion".into(), text(&secret.key_version));
    if let Some(PreviousSecret { secret, until }) = previous {
        item.insert("previousSecret".into(), bytes(&secret.sealed));
        item.insert("previousKeyVersion".into(), text(&secret.key_version));
        item.insert("previousUntil".into(), millis(*until));
    }
    item
}

/// The endpoint of an item.
pub(crate) fn decode(item: &Attributes) -> Result<VersionedWebhook> {
    let row = Row::new(Table::Webhooks, item);
    let previous = match row.optional_text("previousKeyVersion")? {
        None => None,
        Some(version) => Some(PreviousSecret {
            secret: SealedSecret { key_version: version.to_owned(), sealed: row.bytes("previousSecret")? },
            until: row.moment("previousUntil")?,
        }),
    };
    Ok(VersionedWebhook {
        webhook: Webhook {
            id: row.parsed("sk", WebhookId::parse)?,
            name: row.text("name")?.to_owned(),
            url: WebhookUrl::stored(row.text("url")?),
            events: row.parsed_all("events", EventPattern::parse)?,
            status: row.parsed("status", WebhookStatus::parse)?,
            created_at: Timestamp::from_micros(row.integer("createdAt")?),
            updated_at: row.moment("updatedAt")?,
        },
        version: row.text("version")?.to_owned(),
        secret: SealedSecret {
            key_version: row.text("keyVersion")?.to_owned(),
            sealed: row.bytes("secret")?,
        },
        previous,
    })
}

#[cfg(test)]
mod tests {
    use hb_domain::webhook::UrlPolicy;

    use super::*;

    #[test]
    fn an_endpoint_is_decoded_as_it_was_encoded() {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let at = Timestamp::from_micros(1_795_521_600_000_123);
        let webhook = Webhook {
            id: WebhookId::parse("whk_0123456789abcdef").expect("an id"),
            name: "Billing".into(),
            url: WebhookUrl::parse("https://example.com/hook", UrlPolicy::Public).expect("a URL"),
            events: [EventPattern::Memory, EventPattern::ApiKeyRevoked].into_iter().collect(),
            status: WebhookStatus::Inactive,
            created_at: at,
            updated_at: at.to_millis(),
        };
        let secret = SealedSecret { key_version: "v1".into(), sealed: vec![1, 2, 3] };
        let previous = PreviousSecret { secret: secret.clone(), until: at.to_millis() };
        let versioned = VersionedWebhook { webhook, version: "a".into(), secret, previous: Some(previous) };
        assert_eq!(decode(&encode(&tenant, &versioned)).expect("an endpoint"), versioned);
        for (name, _) in encode(&tenant, &versioned) {
            let mut item = encode(&tenant, &versioned);
            item.remove(&name);
            assert_eq!(
                decode(&item).is_err(),
                !["tenant", "events", "previousKeyVersion"].contains(&name.as_str()),
                "{name}"
            );
        }
    }
}
