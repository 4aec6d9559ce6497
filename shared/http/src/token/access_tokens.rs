//! Our own tokens: EdDSA, a quarter of an hour, made for a session of Clerk's.
//!
//! The signing key is derived from a secret string that the stack generates, so that functions only ever read
//! secrets: HKDF-SHA-256 (RFC 5869) gives the seed of an Ed25519 key (RFC 8032). Two versions of the
//! secret are accepted at a time, and the name of a key is made of its public half.
//!
//! The subject is the tenant. The user, who is not the tenant where that is an organization, is the acting party
//! (`act`, RFC 8693, section 4.1).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hb_domain::error::AuthFailure;
use hb_domain::token::{Claims, TokenHeader};
use hb_domain::{Error, Principal, Result, Scope, Scopes, TenantId, Timestamp};
use hb_store::Store;
use hkdf::Hkdf;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::rngs::StdRng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Kind, Verified};
use crate::secret_cache::{NamedBy, SecretCache, Versions};

/// How long a token lives.
const LIFETIME: Duration = Duration::from_secs(900);
const UNKNOWN: Error = Error::AuthInvalid(AuthFailure::Unknown);
const ISSUER: &str = "herobrain";
const AUDIENCE: &str = "herobrain-api";
/// What the derived key is for.
const PURPOSE: &[u8] = b"herobrain token signing key, version 1";
/// What stands before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// How long keys are held before the secret is read again: so long may a version that was replaced twice, and
/// that nobody should trust any more, still be trusted here.
const FRESH: Duration = Duration::from_secs(300);

/// Makes and verifies our own tokens.
#[derive(Debug)]
pub(crate) struct AccessTokens(SecretCache<AccessTokenKeys>);

impl Default for AccessTokens {
    fn default() -> Self {
        Self(SecretCache::named_by(NamedBy::Callers))
    }
}

/// The keys of the secret's versions, the one that signs first.
struct AccessTokenKeys(Vec<AccessTokenKey>);

/// One version's key. There is no `Debug`: it could sign.
struct AccessTokenKey {
    name: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    public: Value,
}

/// A token that was made. Its `Debug` leaves it out.
pub struct MintedToken {
    /// The token.
    pub token: String,
    /// When its time is over.
    pub expires_at: Timestamp,
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MintedToken(until {})", self.expires_at)
    }
}

impl Versions for AccessTokenKeys {
    fn has(&self, version: &str) -> bool {
        self.named(version).is_some()
    }
}

impl AccessTokenKeys {
    fn named(&self, name: &str) -> Option<&AccessTokenKey> {
        self.0.iter().find(|key| key.name == name)
    }

    fn of<'s>(secrets: impl IntoIterator<Item = &'s [u8]>) -> Result<Self> {
        secrets.into_iter().map(AccessTokenKey::derive).collect::<Result<_>>().map(Self)
    }
}

impl AccessTokenKey {
    fn derive(secret: &[u8]) -> Result<Self> {
        let broken = |problem: &dyn fmt::Display| Error::Internal(format!("token key: {problem}"));
        let mut seed = [0; 32];
        Hkdf::<Sha256>::new(None, secret).expand(PURPOSE, &mut seed).map_err(|error| broken(&error))?;
        let signing = EncodingKey::from_ed_der(&[PKCS8.as_slice(), &seed].concat());
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(|error| broken(&error))?;
        let verifying = DecodingKey::from_jwk(&jwk).map_err(|error| broken(&error))?;
        let mut public = serde_json::to_value(&jwk).map_err(|error| broken(&error))?;
        let digest = Sha256::digest(public["x"].as_str().unwrap_or_default());
        let name = digest[..8].iter().fold("hb_".to_owned(), |name, byte| format!("{name}{byte:02x}"));
        public["kid"] = json!(name);
        public["use"] = json!("sig");
        Ok(Self { name, signing, verifying, public })
    }
}

impl AccessTokens {
    /// A token of the caller's tenant with these scopes.
    pub(crate) async fn mint(
        &self,
        store: &Store,
        principal: &Principal,
        scopes: Scopes,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Result<MintedToken> {
        let keys = self.keys(store, now).await?;
        let key = keys.0.first().ok_or_else(|| Error::Internal("no token key".into()))?;
        let expires_at = Timestamp::from_millis((now.seconds() + LIFETIME.as_secs().cast_signed()) * 1_000);
        let names: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
        let user = principal.user().ok_or_else(|| Error::Internal("a token for no user".into()))?;
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": principal.tenant(),
            "act": {"sub": user},
            "scope": names.join(" "),
            "iat": now.seconds(),
            "exp": expires_at.seconds(),
            "jti": hb_domain::RequestId::mint(rng).as_str().replace("req_", "jti_"),
        });
        let header = Header { kid: Some(key.name.clone()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims, &key.signing);
        let token = token.map_err(|error| Error::Internal(format!("token: {error}")))?;
        Ok(MintedToken { token, expires_at })
    }

    /// Who a token of our own is of.
    pub(crate) async fn verify(
        &self,
        store: &Store,
        token: &str,
        header: &TokenHeader,
        now: Timestamp,
    ) -> Result<Verified> {
        let name = header.key_id.as_deref().filter(|name| name.starts_with("hb_")).ok_or(UNKNOWN)?;
        let mut keys = self.keys(store, now).await?;
        if !keys.has(name) {
            keys = self.0.reload(&keys, name, now, read(store)).await?.ok_or(UNKNOWN)?;
        }
        verify(token, keys.named(name).ok_or(UNKNOWN)?, now)
    }

    /// The public keys, as a set of JWKs.
    pub(crate) async fn public_keys(&self, store: &Store, now: Timestamp) -> Result<Value> {
        let keys = self.keys(store, now).await?;
        Ok(json!({ "keys": keys.0.iter().map(|key| &key.public).collect::<Vec<_>>() }))
    }

    async fn keys(&self, store: &Store, now: Timestamp) -> Result<Arc<AccessTokenKeys>> {
        self.0.get_fresh(now, FRESH, read(store)).await
    }
}

/// The keys of both versions of the secret.
async fn read(store: &Store) -> Result<AccessTokenKeys> {
    let (current, previous) = store.secrets().token_secrets().await?;
    AccessTokenKeys::of(
        [Some(&current), previous.as_ref()].into_iter().flatten().map(|secret| secret.value()),
    )
}

/// Who a token is of that names this key.
fn verify(token: &str, key: &AccessTokenKey, now: Timestamp) -> Result<Verified> {
    jsonwebtoken::decode::<serde::de::IgnoredAny>(token, &key.verifying, &validation())
        .map_err(|_| UNKNOWN)?;
    let claims = Claims::parse(token).ok_or(UNKNOWN)?;
    let expires_at = claims.time("exp").flatten().ok_or(UNKNOWN)?;
    if expires_at <= now {
        return Err(Error::AuthInvalid(AuthFailure::TokenExpired));
    }
    let tenant = claims.text("sub").and_then(TenantId::parse).ok_or(UNKNOWN)?;
    let user = claims.get("act").and_then(|actor| actor.get("sub")).and_then(Value::as_str);
    let user = user.filter(|user| !user.is_empty()).ok_or(UNKNOWN)?.to_owned();
    let names = claims.text("scope").ok_or(UNKNOWN)?.split(' ').filter(|name| !name.is_empty());
    let scopes = names.map(Scope::parse).collect::<Option<Scopes>>().ok_or(UNKNOWN)?;
    Ok(Verified { tenant, user, kind: Kind::AccessToken { scopes }, expires_at })
}

impl fmt::Debug for AccessTokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.name)).finish()
    }
}

/// Signature, issuer and audience. Times are judged by our own clock.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.leeway = 0;
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = true;
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_always_gives_the_same_key_and_another_another() {
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

    #[test]
    fn a_token_with_a_good_signature_is_still_for_us_by_us_and_in_time() {
        let key = AccessTokenKey::derive(b"one secret of the stack").expect("a key");
        let now = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
        let verified = |changes: Value| {
            let mut claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "acme", "act": {"sub": "user_1"}, "scope": "read:memories", "exp": now.seconds() + 1});
            for (name, value) in changes.as_object().expect("changes") {
                claims[name] = value.clone();
            }
            claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
            let header = Header { kid: Some(key.name.clone()), ..Header::new(Algorithm::EdDSA) };
            verify(&jsonwebtoken::encode(&header, &claims, &key.signing).expect("a token"), &key, now)
        };
        assert!(verified(json!({})).is_ok());
        for changes in [
            json!({"aud": "somebody else"}),
            json!({"aud": null}),
            json!({"iss": "https://clerk.example"}),
            json!({"iss": null}),
            json!({"exp": null}),
            json!({"exp": "soon"}),
            json!({"sub": null}),
            json!({"sub": "a b"}),
            json!({"act": null}),
            json!({"act": "user_1"}),
            json!({"act": {}}),
            json!({"act": {"sub": null}}),
            json!({"act": {"sub": ""}}),
            json!({"act": {"sub": ["user_1"]}}),
            json!({"scope": null}),
            json!({"scope": "everything"}),
        ] {
            assert_eq!(verified(changes.clone()), Err(UNKNOWN), "{changes}");
        }
        assert_eq!(
            verified(json!({"exp": now.seconds()})),
            Err(Error::AuthInvalid(AuthFailure::TokenExpired))
        );
    }
}
