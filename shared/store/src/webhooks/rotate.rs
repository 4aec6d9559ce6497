//! Rotating the secret of an endpoint.

use std::time::Duration;

use hb_domain::delivery::EndpointId;
use hb_domain::precondition::Preconditions;
use hb_domain::webhook::SealedSecret;
use hb_domain::{Error, Result, Timestamp, WebhookId};

use super::item::{self, PreviousSecret, VersionedWebhook};
use super::{Webhooks, changed_too_often, record_taken_over};
use crate::backoff::Backoff;
use crate::deliveries::DueEndpoint;
use crate::item::{bytes, millis, text};
use crate::tables::Table;
use crate::transaction::Transaction;
use crate::write::Write;

/// A new secret for an endpoint.
#[derive(Clone, Debug)]
pub struct WebhookRotation<'a> {
    /// The endpoint.
    pub id: &'a WebhookId,
    /// The new secret.
    pub secret: SealedSecret,
    /// How long the previous secret signs beside it.
    pub grace: Duration,
    /// The name of the endpoint's version after it. A later attempt of the request has the same one: it replaces the secret that
    /// the earlier attempt set, and keeps the grace period of the secret before that.
    pub version: &'a str,
}

/// The parts of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Endpoint,
    DueEndpoint,
    IdempotencyRecord,
}

impl Webhooks<'_> {
    /// Gives an endpoint that meets the conditions a new secret, and returns the result. Of several requests at the same time one
    /// rotates the secret.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such endpoint, [`Error::PreconditionFailed`] when it does not meet the conditions;
    /// [`Error::Duplicate`] during the grace period of an earlier rotation, when another request rotates the secret at the same
    /// time, or when an earlier attempt of the request rotated it and the endpoint was changed since; what
    /// [`EventPatterns::check`](hb_domain::webhook::EventPatterns::check) returns; the database's.
    pub async fn rotate(
        &self,
        rotation: WebhookRotation<'_>,
        conditions: &Preconditions,
    ) -> Result<VersionedWebhook> {
        let mut backoff = Backoff::transaction();
        let mut first_seen: Option<VersionedWebhook> = None;
        loop {
            let found = self.read(rotation.id).await?.ok_or(Error::NotFound)?;
            found.webhook.events.check(self.caller)?;
            let is_resumed = found.version == rotation.version;
            if !is_resumed {
                self.check_rotatable(&found, conditions)?;
                // A secret that was encrypted anew leaves the version as it is.
                let is_rotated =
                    |seen: &VersionedWebhook| seen.version != found.version && seen.secret != found.secret;
                if first_seen.as_ref().is_some_and(is_rotated) {
                    return Err(rotated_meanwhile());
                }
                first_seen = Some(found.clone());
            }
            let rotated = self.rotated(&found, &rotation, is_resumed);
            let Err(failed) =
                self.rotation_over(&found, &rotated, is_resumed).run(self.store, &mut backoff).await?
            else {
                return Ok(rotated);
            };
            if failed.part == Part::IdempotencyRecord {
                return Err(record_taken_over());
            }
            if !backoff.wait().await {
                return Err(changed_too_often());
            }
        }
    }

    fn check_rotatable(&self, found: &VersionedWebhook, conditions: &Preconditions) -> Result<()> {
        if self.is_applied() {
            let id = &found.webhook.id;
            return Err(Error::Duplicate(format!(
                "The secret was rotated by an earlier attempt of this request, and the webhook has been changed since: {id}"
            )));
        }
        if !conditions.are_met(Some(&found.version)) {
            return Err(Error::PreconditionFailed);
        }
        match &found.previous {
            Some(previous) if self.context.received_at() < previous.until => Err(in_grace(previous.until)),
            _ => Ok(()),
        }
    }

    /// The endpoint after the rotation.
    fn rotated(
        &self,
        found: &VersionedWebhook,
        rotation: &WebhookRotation<'_>,
        is_resumed: bool,
    ) -> VersionedWebhook {
        let previous = match (is_resumed, rotation.grace) {
            (true, _) => found.previous.clone(),
            (false, Duration::ZERO) => None,
            (false, grace) => {
                let until = self.context.effective_at().plus(grace).to_millis();
                Some(PreviousSecret { secret: found.secret.clone(), until })
            }
        };
        let mut webhook = found.webhook.clone();
        webhook.updated_at = self.context.effective_at().to_millis().max(webhook.updated_at);
        let (version, secret) = (rotation.version.to_owned(), rotation.secret.clone());
        VersionedWebhook { webhook, version, secret, previous }
    }

    /// The transaction that replaces `found` by `rotated`. The schedule looks at the endpoint, since deliveries that the receiver
    /// refused for their signature may succeed now.
    fn rotation_over(
        &self,
        found: &VersionedWebhook,
        rotated: &VersionedWebhook,
        is_resumed: bool,
    ) -> Transaction<Part> {
        const SET: &str =
            "SET #secret = :secret, keyVersion = :keyVersion, #version = :version, updatedAt = :updatedAt";
        // A secret that was encrypted anew meanwhile must not come back under the former key.
        const UNCHANGED: &str = "#version = :seen AND #secret = :found";
        let expression = match &rotated.previous {
            Some(_) => format!(
                "{SET}, previousSecret = :previous, previousKeyVersion = :previousKey, previousUntil = :until"
            ),
            None => format!("{SET} REMOVE previousSecret, previousKeyVersion, previousUntil"),
        };
        let id = &rotated.webhook.id;
        let mut endpoint = Write::update(Table::Webhooks, item::key(self.tenant, id), expression)
            .condition(UNCHANGED)
            .name("#secret", "secret")
            .name("#version", "version")
            .value(":secret", bytes(&rotated.secret.sealed))
            .value(":keyVersion", text(&rotated.secret.key_version))
            .value(":version", text(&rotated.version))
            .value(":updatedAt", millis(rotated.webhook.updated_at))
            .value(":seen", text(&found.version))
            .value(":found", bytes(&found.secret.sealed));
        if let (true, Some(previous)) = (is_resumed, &found.previous) {
            endpoint = endpoint
                .condition(format!("{UNCHANGED} AND previousSecret = :foundPrevious"))
                .value(":foundPrevious", bytes(&previous.secret.sealed));
        }
        if let Some(PreviousSecret { secret, until }) = &rotated.previous {
            endpoint = endpoint
                .value(":previous", bytes(&secret.sealed))
                .value(":previousKey", text(&secret.key_version))
                .value(":until", millis(*until));
        }
        let endpoint_id = EndpointId { tenant: self.tenant.clone(), id: id.clone() };
        let due = DueEndpoint::new(endpoint_id, self.context.received_at());
        let record = self.idempotency.map(|locked| match is_resumed {
            true => locked.applied_again(self.tenant),
            false => locked.applied(self.tenant),
        });
        Transaction::new(Part::Endpoint, endpoint)
            .and(Part::DueEndpoint, Write::put(Table::DueEndpoints, due.attributes()))
            .and(Part::IdempotencyRecord, record)
    }
}

/// The error of a second rotation during the grace period of the first.
fn in_grace(until: Timestamp) -> Error {
    Error::Duplicate(format!(
        "The secret was rotated, and the previous one still signs until {until}; rotate it again after that"
    ))
}

/// The error of a rotation that another one has overtaken.
fn rotated_meanwhile() -> Error {
    Error::Duplicate("Another request has rotated the secret at the same time".into())
}
