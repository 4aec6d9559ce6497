//! Ids, versions, secrets and tokens that a call generates.

use hb_domain::delivery::Sample;
use hb_domain::event::EventType;
use hb_domain::key::Environment;
use hb_domain::memory_ids::IdSuffix;
use hb_domain::pepper::KeyHash;
use hb_domain::webhook::{SealedSecret, WebhookSecret};
use hb_domain::{ApiKey, KeyId, MemoryId, Result, Scopes, WebhookId};
use rand::RngExt;

use super::Call;
use crate::token::MintedToken;

impl Call {
    /// An id for a memory that is created now. The ids of one request are in ascending order.
    pub fn new_memory_id(&mut self) -> MemoryId {
        MemoryId::new(self.effective_at(), self.new_id_suffix())
    }

    /// The suffix of an id for any time. With the same time, the ids of one request are in ascending order.
    pub fn new_id_suffix(&mut self) -> IdSuffix {
        self.memory_ids.next_suffix(&mut self.rng)
    }

    /// A name for a change: the version of a memory, or the rotation of a key.
    pub fn new_version(&mut self) -> String {
        format!("{:016x}", self.rng.random::<u64>())
    }

    /// An id for a key.
    pub fn new_key_id(&mut self) -> KeyId {
        KeyId::mint(&mut self.rng)
    }

    /// A new secret for a key, and the hash to store.
    ///
    /// # Errors
    /// [`Error::Unavailable`](hb_domain::Error::Unavailable) when the pepper cannot be read.
    pub async fn new_secret(&mut self, id: &KeyId, environment: Environment) -> Result<(ApiKey, KeyHash)> {
        let plain = ApiKey::mint(id, environment, &mut self.secrets);
        let hash = self.peppers.get(&self.store, self.received_at()).await?.current.hash(&plain);
        Ok((plain, hash))
    }

    /// An id for a webhook endpoint.
    pub fn new_webhook_id(&mut self) -> WebhookId {
        WebhookId::mint(&mut self.rng)
    }

    /// The secret of an endpoint, which is generated unless one is `given`, and its encrypted form.
    ///
    /// # Errors
    /// [`Error::Unavailable`](hb_domain::Error::Unavailable) when the key cannot be read.
    pub async fn new_webhook_secret(
        &mut self,
        id: &WebhookId,
        given: Option<WebhookSecret>,
    ) -> Result<(WebhookSecret, SealedSecret)> {
        let secret = given.unwrap_or_else(|| WebhookSecret::mint(&mut self.secrets));
        let nonce = self.secrets.random();
        let keys = self.webhook_keys.get(&self.store, self.received_at()).await?;
        let sealed = keys.seal(self.context.tenant(), id, &secret, nonce)?;
        Ok((secret, sealed))
    }

    /// An event that a test of an endpoint sends. A later attempt of the request has the same id.
    pub fn new_sample(&mut self, event_type: EventType) -> Sample {
        Sample::new(event_type, self.received_at(), &mut self.rng)
    }

    /// An access token with these of the caller's scopes, for a caller that presented a session.
    ///
    /// # Errors
    /// [`Error::Forbidden`](hb_domain::Error::Forbidden) for any other caller,
    /// [`Error::Unavailable`](hb_domain::Error::Unavailable) when the signing key cannot be read.
    pub async fn new_token(&mut self, scopes: Scopes) -> Result<MintedToken> {
        self.principal().may_exchange()?;
        let (principal, now) = (self.context.principal(), self.context.received_at());
        self.tokens.access.mint(&self.store, principal, scopes, now, &mut self.secrets).await
    }
}
