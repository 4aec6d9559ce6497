//! The issuer's keys (JWKS): fetched at the first use, and again when a token names an unknown key.
//!
//! Unknown keys cause at most one fetch in five minutes, and concurrent requests wait for one fetch. When the issuer
//! cannot be reached, the cached keys stay in use until they are a day old.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_domain::token::Algorithm;
use hb_domain::{Error, Result, Timestamp};
use http::Uri;
use jsonwebtoken::DecodingKey;
use serde_json::Value;
use tokio::sync::Mutex;

use super::fetch::Fetcher;

/// How long keys are used without another fetch.
const LIFETIME: Duration = Duration::from_secs(86_400);
/// The time between two fetches for unknown keys.
const BETWEEN_UNKNOWN: Duration = Duration::from_secs(300);
/// The time between a failed fetch and the next one.
const BETWEEN_FAILURES: Duration = Duration::from_secs(5);
/// The most keys of a set that are read; an issuer has two or three.
const MAX_KEYS: usize = 50;
/// RSA keys have 2,048 to 8,192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// A public key for one algorithm. Its `Debug` leaves the key out.
#[derive(Clone)]
pub(crate) struct VerifyingKey {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

impl VerifyingKey {
    pub(crate) const fn new(algorithm: Algorithm, key: DecodingKey) -> Self {
        Self { algorithm, key }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({:?})", self.algorithm)
    }
}

/// The keys at one URL.
#[derive(Debug)]
pub(crate) struct Jwks {
    url: Uri,
    fetcher: Fetcher,
    cached: RwLock<Option<Arc<KeySet>>>,
    /// One fetch at a time.
    fetching: Mutex<Fetching>,
}

#[derive(Debug)]
struct KeySet {
    keys: HashMap<String, Arc<VerifyingKey>>,
    fetched_at: Timestamp,
}

#[derive(Debug, Default)]
struct Fetching {
    for_unknown_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
}

impl Jwks {
    pub(crate) fn new(url: Uri) -> Self {
        Self { url, fetcher: Fetcher::default(), cached: RwLock::default(), fetching: Mutex::default() }
    }

    /// The key of this id; `None` when the issuer has no such key.
    ///
    /// # Errors
    /// [`Error::Upstream`] when the issuer's keys cannot be fetched.
    pub(crate) async fn key(&self, name: &str, now: Timestamp) -> Result<Option<Arc<VerifyingKey>>> {
        if let Some(key) = self.cached(now).and_then(|set| set.keys.get(name).cloned()) {
            return Ok(Some(key));
        }
        let mut fetching = self.fetching.lock().await;
        // Another request may have fetched it meanwhile.
        let cached = self.cached(now);
        if let Some(key) = cached.as_ref().and_then(|set| set.keys.get(name)) {
            return Ok(Some(Arc::clone(key)));
        }
        let within = |at: Option<Timestamp>, span| at.is_some_and(|at| now < at.plus(span));
        if cached.is_some() {
            if within(fetching.for_unknown_at, BETWEEN_UNKNOWN) {
                // After a failed fetch it is unknown whether the issuer has the key.
                return match fetching.failed_at {
                    Some(_) => Err(Error::Upstream("the last fetch of the issuer's keys failed".into())),
                    None => Ok(None),
                };
            }
            fetching.for_unknown_at = Some(now);
        } else if within(fetching.failed_at, BETWEEN_FAILURES) {
            return Err(Error::Upstream("the last fetch of the issuer's keys failed".into()));
        }
        match self.fetcher.get(&self.url).await.and_then(|body| read(&body)) {
            Ok(keys) => {
                let key = keys.get(name).cloned();
                if key.is_none() {
                    fetching.for_unknown_at = Some(now);
                }
                fetching.failed_at = None;
                let set = Some(Arc::new(KeySet { keys, fetched_at: now }));
                *self.cached.write().unwrap_or_else(PoisonError::into_inner) = set;
                Ok(key)
            }
            Err(problem) => {
                tracing::warn!(url = %self.url, problem, "the keys of the issuer could not be fetched");
                fetching.failed_at = Some(now);
                Err(Error::Upstream(format!("keys of the issuer: {problem}")))
            }
        }
    }

    fn cached(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        cached.as_ref().filter(|set| now < set.fetched_at.plus(LIFETIME)).cloned()
    }
}

/// The signing keys of a set that the API accepts; others are ignored.
///
/// <https://www.rfc-editor.org/rfc/rfc7517>
fn read(body: &[u8]) -> std::result::Result<HashMap<String, Arc<VerifyingKey>>, String> {
    let set: Value = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
    let keys = set["keys"].as_array().ok_or("not a set of keys")?;
    let named =
        keys.iter().take(MAX_KEYS).filter_map(|jwk| Some((jwk["kid"].as_str()?.to_owned(), key_of(jwk)?)));
    let keys: HashMap<_, _> = named.map(|(name, key)| (name, Arc::new(key))).collect();
    if keys.is_empty() { Err("no accepted signing key".into()) } else { Ok(keys) }
}

/// The key of a JWK, when it is a signing key that the API accepts.
pub(super) fn key_of(jwk: &Value) -> Option<VerifyingKey> {
    let text = |name: &str| jwk[name].as_str();
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let (algorithm, name) = match text("kty")? {
        "RSA" if RSA_BYTES.contains(&bytes("n")?.len()) => (Algorithm::Rs256, "RS256"),
        "EC" if text("crv") == Some("P-256") && bytes("x")?.len() == 32 && bytes("y")?.len() == 32 => {
            (Algorithm::Es256, "ES256")
        }
        _ => return None,
    };
    if text("alg").is_some_and(|alg| alg != name) {
        return None;
    }
    let key = match algorithm {
        Algorithm::Rs256 => DecodingKey::from_rsa_components(text("n")?, text("e")?),
        _ => DecodingKey::from_ec_components(text("x")?, text("y")?),
    };
    Some(VerifyingKey::new(algorithm, key.ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_accepted_signing_keys_are_read() {
        let coordinate = URL_SAFE_NO_PAD.encode([7; 32]);
        let ec = json!({"kid": "ec", "kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate, "alg": "ES256"});
        let rsa = json!({"kid": "rsa", "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([7; 256]), "e": "AQAB", "use": "sig"});
        let with = |jwk: &Value, name: &str, value: Value| {
            let mut jwk = jwk.clone();
            jwk[name] = value;
            jwk
        };
        let set = json!({"keys": [
            ec, rsa,
            with(&rsa, "kty", json!("oct")),
            with(&rsa, "use", json!("enc")),
            with(&rsa, "alg", json!("HS256")),
            with(&rsa, "n", json!(URL_SAFE_NO_PAD.encode([7; 128]))),
            with(&ec, "crv", json!("P-384")),
            with(&ec, "x", json!("AAAA")),
            {"kty": "RSA"}, 7, null,
        ]});
        let keys = read(set.to_string().as_bytes()).expect("keys");
        let mut names: Vec<_> = keys.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["ec", "rsa"]);
        for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#, r#"{"keys":[{"kid":"x"}]}"#] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
