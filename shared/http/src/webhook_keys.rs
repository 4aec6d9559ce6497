//! The keys that encrypt the secrets of webhook endpoints, derived from the versions of a secret of the deployment.
//!
//! AES-256-GCM (NIST SP 800-38D) with a random nonce. The additional data are the tenant, the endpoint and the version of the
//! key, so that a secret that was copied to another item cannot be read there.

mod reencryption;
mod signing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hb_domain::webhook::{SealedSecret, WebhookSecret};
use hb_domain::{Error, Result, TenantId, Timestamp, WebhookId};
use hb_store::{Secret, Store};
use hkdf::Hkdf;
use sha2::Sha256;

use crate::secret_cache::{SecretCache, Versions};
pub use reencryption::KeyAge;

/// The purpose of the derived key.
const PURPOSE: &[u8] = b"herobrain webhook secret key, version 1";
/// How long the versions are cached: after a rotation, the time until every instance encrypts under the new version.
const MAX_AGE: Duration = Duration::from_secs(300);

/// The cached keys of an instance, shared by all of its requests.
#[derive(Debug, Default)]
pub struct WebhookKeyCache(SecretCache<WebhookKeys>);

/// The keys of both valid versions. `Debug` shows the versions only.
pub struct WebhookKeys {
    current: WebhookKey,
    previous: Option<WebhookKey>,
}

struct WebhookKey {
    version: String,
    key: LessSafeKey,
}

impl WebhookKeyCache {
    /// The cached keys.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the secret cannot be read.
    pub async fn get(&self, store: &Store, now: Timestamp) -> Result<Arc<WebhookKeys>> {
        self.0.get_fresh(now, MAX_AGE, WebhookKeys::read(store)).await
    }

    /// Decrypts the secret of an endpoint, for the signature of what is sent to it. The keys are read anew when it names an
    /// unknown version. Who has used a secret [encrypts it anew](Self::try_reencrypt).
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the secret of the deployment cannot be read; [`Error::Internal`] when the secret's version
    /// does not exist any more, or when it is not the secret of this endpoint.
    pub async fn open(
        &self,
        store: &Store,
        now: Timestamp,
        (tenant, id): (&TenantId, &WebhookId),
        sealed: &SealedSecret,
    ) -> Result<WebhookSecret> {
        let mut keys = self.get(store, now).await?;
        if !keys.has(&sealed.key_version) {
            let read = self.0.reload(&keys, &sealed.key_version, now, WebhookKeys::read(store)).await?;
            keys = read.unwrap_or(keys);
        }
        keys.open(tenant, id, sealed)
    }
}

impl Versions for WebhookKeys {
    fn has(&self, version: &str) -> bool {
        self.get(version).is_some()
    }
}

impl WebhookKeys {
    async fn read(store: &Store) -> Result<Self> {
        let (current, previous) = store.secrets().webhook_keys().await?;
        Ok(Self {
            current: WebhookKey::of(&current)?,
            previous: previous.as_ref().map(WebhookKey::of).transpose()?,
        })
    }

    fn get(&self, version: &str) -> Option<&WebhookKey> {
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten().find(|key| key.version == version)
    }

    /// Encrypts the secret of an endpoint under the current version. A nonce is used once.
    ///
    /// # Errors
    /// [`Error::Internal`] when the encryption fails.
    #[expect(clippy::disallowed_methods, reason = "the encrypted secret is stored")]
    pub fn seal(
        &self,
        tenant: &TenantId,
        id: &WebhookId,
        secret: &WebhookSecret,
        nonce: [u8; NONCE_LEN],
    ) -> Result<SealedSecret> {
        let WebhookKey { version, key } = &self.current;
        let mut text = secret.expose().as_bytes().to_vec();
        let data = Aad::from(additional_data(tenant, id, version));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), data, &mut text)
            .map_err(|_| Error::Internal("the secret of a webhook could not be encrypted".into()))?;
        Ok(SealedSecret { key_version: version.clone(), sealed: [nonce.as_slice(), &text].concat() })
    }

    /// Decrypts the secret of an endpoint.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no key of its version, or when it is not the secret of this endpoint.
    pub fn open(&self, tenant: &TenantId, id: &WebhookId, sealed: &SealedSecret) -> Result<WebhookSecret> {
        let SealedSecret { key_version: version, sealed } = sealed;
        let failed = |why: &str| Error::Internal(format!("the secret of the webhook {id}: {why}"));
        let key = self.get(version).ok_or_else(|| failed("its key does not exist any more"))?;
        let (nonce, text) =
            sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(|| failed("it is too short"))?;
        let (mut text, data) = (text.to_vec(), Aad::from(additional_data(tenant, id, version)));
        let text = key
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), data, &mut text)
            .map_err(|_| failed("it cannot be decrypted"))?;
        let secret = std::str::from_utf8(text).ok().and_then(WebhookSecret::parse);
        secret.ok_or_else(|| failed("it is no secret"))
    }
}

impl WebhookKey {
    fn of(secret: &Secret) -> Result<Self> {
        Self::derive(secret.version(), secret.value())
    }

    fn derive(version: &str, secret: &[u8]) -> Result<Self> {
        let failed = || Error::Internal("the key of webhook secrets could not be derived".into());
        let mut bytes = [0; 32];
        Hkdf::<Sha256>::new(None, secret).expand(PURPOSE, &mut bytes).map_err(|_| failed())?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| failed())?;
        Ok(Self { version: version.to_owned(), key: LessSafeKey::new(key) })
    }
}

/// Each part with its length, so that no two lists of parts are the same bytes.
fn additional_data(tenant: &TenantId, id: &WebhookId, version: &str) -> Vec<u8> {
    let parts = [tenant.as_str(), id.as_str(), version];
    parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes(), part.as_bytes()].concat()).collect()
}

impl fmt::Debug for WebhookKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = [Some(&self.current), self.previous.as_ref()].into_iter().flatten();
        f.debug_list().entries(versions.map(|key| &key.version)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a webhook key of more than sixteen";

    fn keys(current: (&str, &str), previous: Option<(&str, &str)>) -> WebhookKeys {
        let key =
            |(version, secret): (&str, &str)| WebhookKey::derive(version, secret.as_bytes()).expect("a key");
        WebhookKeys { current: key(current), previous: previous.map(key) }
    }

    fn endpoint() -> (TenantId, WebhookId, WebhookSecret) {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let id = WebhookId::parse("whk_0123456789abcdef").expect("an id");
        (tenant, id, WebhookSecret::parse("a secret of 24 and more bytes").expect("a secret"))
    }

    #[test]
    fn the_current_and_the_previous_version_decrypt_and_older_ones_do_not() {
        let (tenant, id, secret) = endpoint();
        let sealed = keys(("v1", KEY), None).seal(&tenant, &id, &secret, [7; NONCE_LEN]).expect("sealed");
        assert_eq!((sealed.key_version.as_str(), sealed.sealed.len()), ("v1", 12 + 29 + 16));
        for (keys, opens) in [
            (keys(("v1", KEY), None), true),
            (keys(("v2", "another key of sixteen"), Some(("v1", KEY))), true),
            (keys(("v3", "another key of sixteen"), Some(("v2", KEY))), false),
            (keys(("v1", "another key of sixteen"), None), false),
        ] {
            let opened = keys.open(&tenant, &id, &sealed);
            assert_eq!(opened.is_ok_and(|opened| opened == secret), opens, "{keys:?}");
        }
    }

    #[test]
    fn a_secret_that_was_moved_or_changed_cannot_be_read() {
        let (tenant, id, secret) = endpoint();
        let keys = keys(("v1", KEY), Some(("v0", KEY)));
        let sealed = keys.seal(&tenant, &id, &secret, [7; NONCE_LEN]).expect("sealed");
        let other_tenant = TenantId::parse("acme2").expect("a tenant");
        let other_id = WebhookId::parse("whk_0123456789abcdeg").expect("an id");
        assert!(keys.open(&other_tenant, &id, &sealed).is_err());
        assert!(keys.open(&tenant, &other_id, &sealed).is_err());
        assert!(
            keys.open(&tenant, &id, &SealedSecret { key_version: "v0".into(), ..sealed.clone() }).is_err()
        );
        for index in 0..sealed.sealed.len() {
            let mut changed = sealed.clone();
            changed.sealed[index] ^= 1;
            assert!(keys.open(&tenant, &id, &changed).is_err(), "{index}");
            changed.sealed.truncate(index);
            assert!(keys.open(&tenant, &id, &changed).is_err(), "{index}");
        }
        assert_eq!(format!("{keys:?}"), r#"["v1", "v0"]"#);
    }

    #[test]
    fn the_additional_data_of_different_endpoints_differ() {
        let (_, id, _) = endpoint();
        let tenant = |name: &str| TenantId::parse(name).expect("a tenant");
        assert_ne!(additional_data(&tenant("a"), &id, "v1"), additional_data(&tenant("aw"), &id, "v1"));
        assert_eq!(additional_data(&tenant("a"), &id, "v1").len(), 3 * 8 + 1 + id.as_str().len() + 2);
    }
}
