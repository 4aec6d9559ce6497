//! The signing keys of access tokens, derived from the versions of the token secret.
//!
//! The stack generates the secret, so functions only ever read secrets: HKDF-SHA-256 (RFC 5869) derives the seed of an
//! Ed25519 key (RFC 8032). The id of a key is a digest of its public half.

use std::fmt::{self, Display};

use hb_domain::{Error, Result};
use hb_store::Store;
use hkdf::Hkdf;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::secret_cache::Versions;

/// The prefix of key ids.
pub(super) const PREFIX: &str = "hb_";
/// The purpose of the derived key.
const PURPOSE: &[u8] = b"herobrain token signing key, version 1";
/// The bytes before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The keys of both versions of the secret. The first one signs.
pub(super) struct AccessTokenKeys(Vec<AccessTokenKey>);

/// The key of one version. There is no `Debug`, because it contains the private half.
pub(super) struct AccessTokenKey {
    pub(super) id: String,
    pub(super) signing: EncodingKey,
    pub(super) verifying: DecodingKey,
    public: Value,
}

impl Versions for AccessTokenKeys {
    fn has(&self, version: &str) -> bool {
        self.get(version).is_some()
    }
}

impl AccessTokenKeys {
    /// Reads both versions of the secret.
    pub(super) async fn read(store: &Store) -> Result<Self> {
        let (current, previous) = store.secrets().token_secrets().await?;
        let secrets = [Some(&current), previous.as_ref()].into_iter().flatten();
        secrets.map(|secret| AccessTokenKey::derive(secret.value())).collect::<Result<_>>().map(Self)
    }

    /// The key of this id.
    pub(super) fn get(&self, id: &str) -> Option<&AccessTokenKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The key that signs.
    pub(super) fn current(&self) -> Result<&AccessTokenKey> {
        self.0.first().ok_or_else(|| Error::Internal("no token key".into()))
    }

    /// The public keys, as a JSON Web Key Set.
    pub(super) fn public(&self) -> Value {
        json!({ "keys": self.0.iter().map(|key| &key.public).collect::<Vec<_>>() })
    }
}

impl fmt::Debug for AccessTokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl AccessTokenKey {
    pub(super) fn derive(secret: &[u8]) -> Result<Self> {
        let failed = |problem: &dyn Display| Error::Internal(format!("token key: {problem}"));
        let mut seed = [0; 32];
        Hkdf::<Sha256>::new(None, secret).expand(PURPOSE, &mut seed).map_err(|error| failed(&error))?;
        let signing = EncodingKey::from_ed_der(&[PKCS8.as_slice(), &seed].concat());
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(|error| failed(&error))?;
        let verifying = DecodingKey::from_jwk(&jwk).map_err(|error| failed(&error))?;
        let mut public = serde_json::to_value(&jwk).map_err(|error| failed(&error))?;
        let digest = Sha256::digest(public["x"].as_str().unwrap_or_default());
        let id = digest[..8].iter().fold(PREFIX.to_owned(), |id, byte| format!("{id}{byte:02x}"));
        public["kid"] = json!(id);
        public["use"] = json!("sig");
        Ok(Self { id, signing, verifying, public })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_secrets_derive_equal_keys_and_others_do_not() {
        let public = |secret: &[u8]| AccessTokenKey::derive(secret).expect("a key").public;
        assert_eq!(public(b"one secret of the stack"), public(b"one secret of the stack"));
        assert_ne!(public(b"one secret of the stack"), public(b"another secret"));
        let key = public(b"one secret of the stack");
        assert_eq!(
            (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
            (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig"))
        );
        assert_eq!(key["d"], Value::Null, "the private half stays");
        assert!(key["kid"].as_str().is_some_and(|kid| kid.starts_with("hb_") && kid.len() == 19));
    }
}
