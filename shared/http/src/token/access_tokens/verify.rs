//! The verification of an access token with the key that it names.

use hb_domain::token::Claims;
use hb_domain::{Result, Scope, Scopes, TenantId, Timestamp};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::{Algorithm, Validation};
use serde_json::Value;

use super::keys::AccessTokenKey;
use super::{AUDIENCE, ISSUER};
use crate::token::{Kind, Verified, expired, refused};

/// Verifies a token: signature, issuer, audience, expiry, subject, actor, scopes.
pub(super) fn verify(token: &str, key: &AccessTokenKey, now: Timestamp) -> Result<Verified> {
    jsonwebtoken::decode::<serde::de::IgnoredAny>(token, &key.verifying, &validation())
        .map_err(|error| refused(rule_of(&error)))?;
    let claims = Claims::parse(token).ok_or_else(|| refused("Claims"))?;
    let expires_at = claims.time("exp").flatten().ok_or_else(|| refused("ExpiresAt"))?;
    if expires_at <= now {
        return Err(expired());
    }
    let tenant = claims.text("sub").and_then(TenantId::parse).ok_or_else(|| refused("Subject"))?;
    let user = claims.get("act").and_then(|actor| actor.get("sub")).and_then(Value::as_str);
    let user = user.filter(|user| !user.is_empty()).ok_or_else(|| refused("Actor"))?.to_owned();
    let names = claims.text("scope").ok_or_else(|| refused("Scope"))?.split(' ');
    let scopes = names.filter(|name| !name.is_empty()).map(Scope::parse).collect::<Option<Scopes>>();
    let scopes = scopes.ok_or_else(|| refused("Scope"))?;
    Ok(Verified { tenant, user, kind: Kind::AccessToken { scopes }, expires_at })
}

/// Signature, issuer and audience. The expiry is checked separately, by the clock of the instance.
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

/// The violated rule, without anything that the token contains.
fn rule_of(error: &JwtError) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidSignature => "Signature",
        ErrorKind::InvalidIssuer => "Issuer",
        ErrorKind::InvalidAudience => "Audience",
        _ => "Claims",
    }
}

#[cfg(test)]
mod tests {
    use hb_domain::Error;
    use hb_domain::error::AuthFailure;
    use jsonwebtoken::Header;
    use serde_json::json;

    use super::*;

    const UNKNOWN: Error = Error::AuthInvalid(AuthFailure::Unknown);

    #[test]
    fn a_signed_token_must_also_have_the_right_issuer_audience_and_claims() {
        let key = AccessTokenKey::derive(b"one secret of the stack").expect("a key");
        let now = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
        let verified = |changes: Value| {
            let mut claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "acme", "act": {"sub": "user_1"}, "scope": "read:memories", "exp": now.seconds() + 1});
            for (name, value) in changes.as_object().expect("changes") {
                claims[name] = value.clone();
            }
            claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
            let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::EdDSA) };
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
