//! Key sets (JWKS, RFC 7517): which of an issuer's keys are accepted.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_domain::token::Algorithm;
use jsonwebtoken::DecodingKey;
use serde_json::Value;

/// The most keys of a set that are read; an issuer has two or three.
const MAX_KEYS: usize = 50;
/// RSA keys have 2,048 to 8,192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// Signing keys by their ids.
pub(super) type Keys = HashMap<String, Arc<VerifyingKey>>;

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

/// The signing keys of a set that the API accepts; others are ignored.
///
/// <https://www.rfc-editor.org/rfc/rfc7517>
pub(super) fn read(body: &[u8]) -> Result<Keys, String> {
    let set: Value = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
    let keys = set["keys"].as_array().ok_or("not a set of keys")?;
    let named =
        keys.iter().take(MAX_KEYS).filter_map(|jwk| Some((jwk["kid"].as_str()?.to_owned(), key_of(jwk)?)));
    let keys: Keys = named.map(|(name, key)| (name, Arc::new(key))).collect();
    if keys.is_empty() { Err("no accepted signing key".into()) } else { Ok(keys) }
}

/// The key of a JWK, when it is a signing key that the API accepts.
pub(in crate::token) fn key_of(jwk: &Value) -> Option<VerifyingKey> {
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
