//! Clerk's session tokens: whose they are, once their signature has been verified.
//!
//! <https://clerk.com/docs/backend-requests/resources/session-tokens>, versions 1 and 2.

use std::time::Duration;

use crate::token::Claims;
use crate::{TenantId, Timestamp};

/// How far Clerk's clock may be from ours: the leeway of Clerk's own libraries.
const LEEWAY: Duration = Duration::from_secs(5);

/// Which part of a token is the tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TenantOf {
    /// The user.
    #[default]
    User,
    /// The organisation that is active in the session.
    Organization,
}

/// What a deployment accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClerkRules {
    /// Who must have issued a token.
    pub issuer: String,
    /// The origins whose sessions are accepted; empty for any.
    pub parties: Vec<String>,
    /// What the tenant is.
    pub tenant_of: TenantOf,
}

/// Who a session token is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The tenant.
    pub tenant: TenantId,
    /// The user: the token's `sub`.
    pub user: String,
    /// Whether the user may manage the tenant's keys.
    pub manages_keys: bool,
    /// When the token's time is over.
    pub expires_at: Timestamp,
}

/// Why a token with a good signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is somebody else's, or not a token of a session.
    Unknown,
    /// Its time is over.
    Expired,
    /// No organisation is active in its session.
    NoOrganization,
}

impl ClerkRules {
    /// Whose session `claims` are of, as of `now`.
    pub fn judge(&self, claims: &Claims, now: Timestamp) -> Result<Session, Refused> {
        let party = claims.get("azp");
        let party_is_good = match party {
            // Clerk checks the party when both sides name one.
            None => true,
            Some(party) => {
                self.parties.is_empty()
                    || party.as_str().is_some_and(|party| self.parties.iter().any(|own| own == party))
            }
        };
        let status = claims.get("sts");
        let is_active = status.is_none_or(|status| status.as_str().is_some_and(|status| status != "pending"));
        if claims.text("iss") != Some(&self.issuer) || !party_is_good || !is_active {
            return Err(Refused::Unknown);
        }
        let expires_at = claims.time("exp").flatten().ok_or(Refused::Unknown)?;
        match claims.time("nbf") {
            None => {}
            Some(Some(begin)) if begin <= now.plus(LEEWAY) => {}
            Some(_) => return Err(Refused::Unknown),
        }
        if expires_at.plus(LEEWAY) <= now {
            return Err(Refused::Expired);
        }
        let user = claims.text("sub").filter(|user| !user.is_empty()).ok_or(Refused::Unknown);
        let (tenant, manages_keys) = match self.tenant_of {
            TenantOf::User => (user?, true),
            // The token has to be somebody's all the same.
            TenantOf::Organization => active_organization(claims).ok_or(Refused::NoOrganization)?,
        };
        let tenant = TenantId::parse(tenant).ok_or(Refused::Unknown)?;
        Ok(Session { tenant, user: user?.to_owned(), manages_keys, expires_at })
    }
}

/// The organisation that is active in the session, and whether the user is an admin of it. Version 2 keeps it in
/// `o` alone: what else it carries may be claims of the application's own.
fn active_organization(claims: &Claims) -> Option<(&str, bool)> {
    let is_compact = claims.get("v").and_then(serde_json::Value::as_u64) == Some(2);
    match claims.get("o") {
        Some(compact) => {
            let text = |name: &str| compact.get(name).and_then(serde_json::Value::as_str);
            Some((text("id")?, text("rol") == Some("admin")))
        }
        None if is_compact => None,
        None => Some((claims.text("org_id")?, claims.text("org_role") == Some("org:admin"))),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_795_521_600;

    fn rules(tenant_of: TenantOf) -> ClerkRules {
        let parties = vec!["https://app.example".into(), "http://localhost:3000".into()];
        ClerkRules { issuer: "https://clerk.example".into(), parties, tenant_of }
    }

    fn judge(rules: &ClerkRules, changes: Value) -> Result<Session, Refused> {
        let mut claims = json!({"iss": "https://clerk.example", "sub": "user_1", "azp": "https://app.example",
            "exp": NOW + 60, "nbf": NOW - 10, "iat": NOW, "sid": "sess_1", "v": 1, "sts": "active"});
        for (name, value) in changes.as_object().expect("changes") {
            match value {
                Value::Null => claims.as_object_mut().expect("claims").remove(name),
                value => claims.as_object_mut().expect("claims").insert(name.clone(), value.clone()),
            };
        }
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
        rules.judge(&Claims::parse(&token).expect("claims"), Timestamp::from_millis(NOW * 1_000))
    }

    #[test]
    fn the_user_is_the_tenant_and_manages_its_keys() {
        let session = judge(&rules(TenantOf::User), json!({})).expect("a session");
        assert_eq!((session.tenant.as_str(), session.manages_keys), ("user_1", true));
        assert_eq!(session.user, "user_1");
        assert_eq!(session.expires_at, Timestamp::from_millis((NOW + 60) * 1_000));
    }

    #[test]
    fn both_edges_of_both_times_are_five_seconds_away() {
        let rules = rules(TenantOf::User);
        assert_eq!(judge(&rules, json!({"exp": NOW - 5})), Err(Refused::Expired));
        assert!(judge(&rules, json!({"exp": NOW - 4})).is_ok());
        assert!(judge(&rules, json!({"exp": NOW as f64 - 4.999})).is_ok());
        assert!(judge(&rules, json!({"nbf": NOW + 5})).is_ok());
        assert_eq!(judge(&rules, json!({"nbf": NOW + 6})), Err(Refused::Unknown));
        assert_eq!(judge(&rules, json!({"nbf": NOW as f64 + 5.001})), Err(Refused::Unknown));
    }

    #[test]
    fn what_is_missing_or_of_the_wrong_kind_is_refused() {
        let rules = rules(TenantOf::User);
        for changes in [
            json!({"iss": "https://clerk.example/"}),
            json!({"iss": null}),
            json!({"iss": ["https://clerk.example"]}),
            json!({"sub": null}),
            json!({"sub": ""}),
            json!({"sub": "../user"}),
            json!({"sub": 7}),
            json!({"exp": null}),
            json!({"exp": "2027"}),
            json!({"nbf": "soon"}),
            json!({"azp": "https://evil.example"}),
            json!({"azp": 7}),
            json!({"sts": "pending"}),
            json!({"sts": 7}),
        ] {
            assert_eq!(judge(&rules, changes.clone()), Err(Refused::Unknown), "{changes}");
        }
        for changes in
            [json!({"azp": null}), json!({"nbf": null}), json!({"sts": null}), json!({"aud": "anyone"})]
        {
            assert!(judge(&rules, changes.clone()).is_ok(), "{changes}");
        }
        let any_party = ClerkRules { parties: Vec::new(), ..rules };
        assert!(judge(&any_party, json!({"azp": "https://elsewhere.example"})).is_ok());
    }

    #[test]
    fn the_active_organization_is_the_tenant_in_both_versions_of_tokens() {
        let rules = rules(TenantOf::Organization);
        let tenant = |changes: Value| judge(&rules, changes).map(|s| (s.tenant.to_string(), s.manages_keys));
        let of = |manages: bool| Ok(("org_1".to_owned(), manages));
        assert_eq!(tenant(json!({"org_id": "org_1", "org_role": "org:admin"})), of(true));
        assert_eq!(tenant(json!({"org_id": "org_1", "org_role": "org:member"})), of(false));
        assert_eq!(tenant(json!({"org_id": "org_1"})), of(false));
        assert_eq!(tenant(json!({"v": 2, "o": {"id": "org_1", "rol": "admin", "slg": "acme"}})), of(true));
        assert_eq!(tenant(json!({"v": 2, "o": {"id": "org_1", "rol": "member"}})), of(false));
        assert_eq!(tenant(json!({})), Err(Refused::NoOrganization));
        assert_eq!(tenant(json!({"v": 2, "o": {}})), Err(Refused::NoOrganization));
        let custom = json!({"v": 2, "org_id": "org_1", "org_role": "org:admin"});
        assert_eq!(tenant(custom), Err(Refused::NoOrganization));
        assert_eq!(tenant(json!({"org_id": "a b", "org_role": "org:admin"})), Err(Refused::Unknown));
        assert_eq!(tenant(json!({"org_id": "org_1", "sub": null})), Err(Refused::Unknown));
        assert_eq!(tenant(json!({"org_id": "org_1", "sub": ""})), Err(Refused::Unknown));
        let session = judge(&rules, json!({"org_id": "org_1"})).expect("a session");
        assert_eq!((session.tenant.as_str(), session.user.as_str()), ("org_1", "user_1"));
    }
}
