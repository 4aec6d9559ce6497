use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_795_521_600;

fn rules(tenant_of: TenantOf) -> ClerkRules {
    let parties = vec!["https://app.example".into(), "http://localhost:3000".into()];
    ClerkRules { issuer: "https://clerk.example".into(), parties, audiences: Vec::new(), tenant_of }
}

/// A claim that is null; a plain null removes the claim.
const NULL: &str = "null, not absent";

fn verify(rules: &ClerkRules, changes: Value) -> Result<Session, SessionError> {
    verify_under(rules, &json!({"alg": "RS256", "cat": SESSION_CATEGORY}), changes)
}

fn verify_under(rules: &ClerkRules, header: &Value, changes: Value) -> Result<Session, SessionError> {
    let mut claims = json!({"iss": "https://clerk.example", "sub": "user_1", "azp": "https://app.example",
        "exp": NOW + 60, "nbf": NOW - 10, "iat": NOW, "sid": "sess_1", "v": 1, "sts": "active"});
    for (name, value) in changes.as_object().expect("changes") {
        match value {
            Value::Null => claims.as_object_mut().expect("claims").remove(name),
            value if value == NULL => {
                claims.as_object_mut().expect("claims").insert(name.clone(), Value::Null)
            }
            value => claims.as_object_mut().expect("claims").insert(name.clone(), value.clone()),
        };
    }
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let token = format!("{}.{}.c2ln", part(header), part(&claims));
    let header = TokenHeader::parse(&token).expect("a header");
    rules.verify(&header, &Claims::parse(&token).expect("claims"), None, Timestamp::from_millis(NOW * 1_000))
}

#[test]
fn the_user_is_the_tenant_and_manages_its_keys() {
    let session = verify(&rules(TenantOf::User), json!({})).expect("a session");
    assert_eq!((session.tenant.as_str(), session.manages_keys), ("user_1", true));
    assert_eq!(session.user, "user_1");
    assert_eq!(session.expires_at, Timestamp::from_millis((NOW + 60) * 1_000));
}

#[test]
fn both_edges_of_all_times_are_five_seconds_away() {
    let rules = rules(TenantOf::User);
    assert_eq!(verify(&rules, json!({"exp": NOW - 5})), Err(SessionError::Expired));
    assert!(verify(&rules, json!({"exp": NOW - 4})).is_ok());
    // Clerk's libraries drop the fraction.
    assert_eq!(verify(&rules, json!({"exp": NOW as f64 - 4.001})), Err(SessionError::Expired));
    for (claim, rule) in [("nbf", Rule::NotBefore), ("iat", Rule::IssuedAt)] {
        assert!(verify(&rules, json!({claim: NOW + 5})).is_ok(), "{claim}");
        assert_eq!(verify(&rules, json!({claim: NOW + 6})), Err(SessionError::Unknown(rule)));
        assert_eq!(verify(&rules, json!({claim: NOW as f64 + 5.001})), Err(SessionError::Unknown(rule)));
    }
}

#[test]
fn a_token_is_issued_for_a_day_at_most() {
    let rules = rules(TenantOf::User);
    for issued_at in [NOW, NOW - 1, NOW - 86_000, NOW + 5] {
        let lasting = |seconds: f64| {
            verify(&rules, json!({"iat": issued_at, "exp": issued_at as f64 + seconds})).map(|_| ())
        };
        assert_eq!(lasting(86_400.0), Ok(()), "{issued_at}");
        for seconds in [86_400.001, 86_401.0, 315_360_000.0] {
            assert_eq!(lasting(seconds), Err(SessionError::Unknown(Rule::Lifetime)), "{issued_at} {seconds}");
        }
    }
}

#[test]
fn missing_claims_and_claims_of_the_wrong_type_are_refused() {
    let rules = rules(TenantOf::User);
    for (changes, rule) in [
        (json!({"iss": "https://clerk.example/"}), Rule::Issuer),
        (json!({"iss": null}), Rule::Issuer),
        (json!({"iss": ["https://clerk.example"]}), Rule::Issuer),
        (json!({"sub": null}), Rule::Subject),
        (json!({"sub": ""}), Rule::Subject),
        (json!({"sub": "../user"}), Rule::Subject),
        (json!({"sub": 7}), Rule::Subject),
        (json!({"sub": "mch_1"}), Rule::Subject),
        (json!({"sid": null}), Rule::SessionId),
        (json!({"sid": ""}), Rule::SessionId),
        (json!({"sid": 7}), Rule::SessionId),
        (json!({"azp": "https://evil.example"}), Rule::Party),
        (json!({"azp": "https://app.example/"}), Rule::Party),
        (json!({"azp": 7}), Rule::Party),
        (json!({"azp": ["https://app.example"]}), Rule::Party),
        (json!({"azp": ""}), Rule::Party),
        (json!({"azp": NULL}), Rule::Party),
        (json!({"azp": null}), Rule::Party),
        (json!({"act": {"sub": "user_admin"}}), Rule::Actor),
        (json!({"act": {}}), Rule::Actor),
        (json!({"act": NULL}), Rule::Actor),
        (json!({"sts": "pending"}), Rule::Status),
        (json!({"sts": 7}), Rule::Status),
        (json!({"sts": NULL}), Rule::Status),
        (json!({"v": "2"}), Rule::Version),
        (json!({"v": NULL}), Rule::Version),
        (json!({"v": [2]}), Rule::Version),
    ] {
        assert_eq!(verify(&rules, changes.clone()), Err(SessionError::Unknown(rule)), "{changes}");
    }
    for (claim, rule) in [("exp", Rule::Expiry), ("nbf", Rule::NotBefore), ("iat", Rule::IssuedAt)] {
        for value in [json!("2027"), json!(-1), json!(1e300), json!(true), json!([NOW]), json!(NULL)] {
            let changes = json!({ claim: value });
            assert_eq!(verify(&rules, changes.clone()), Err(SessionError::Unknown(rule)), "{changes}");
        }
    }
    assert_eq!(verify(&rules, json!({"exp": null})), Err(SessionError::Unknown(Rule::Expiry)));
    assert_eq!(verify(&rules, json!({"iat": null})), Err(SessionError::Unknown(Rule::IssuedAt)));
    for changes in [json!({"nbf": null}), json!({"sts": null}), json!({"v": null}), json!({"v": 2.5})] {
        assert!(verify(&rules, changes.clone()).is_ok(), "{changes}");
    }
}

#[test]
fn only_session_tokens_are_sessions() {
    let rules = rules(TenantOf::User);
    let verified = |header: Value| verify_under(&rules, &header, json!({})).map(|_| ());
    assert_eq!(verified(json!({"alg": "RS256", "cat": "cl_B7d4PD111AAA"})), Ok(()));
    assert_eq!(verified(json!({"alg": "RS256"})), Ok(()), "from before there were kinds");
    for category in ["cl_B7d4PD222AAA", "cl_B7d4PD333AAA", "cl_b7d4pd111aaa", "cl_I7d4PD111III", ""] {
        let refused = verified(json!({"alg": "RS256", "cat": category}));
        assert_eq!(refused, Err(SessionError::Unknown(Rule::Category)), "{category}");
    }
}

#[test]
fn a_token_without_a_party_is_accepted_where_none_is_configured_or_native_is() {
    let verified = |parties: &[&str], party: Value| {
        let parties = parties.iter().map(|&party| party.to_owned()).collect();
        let rules = ClerkRules { parties, ..rules(TenantOf::User) };
        verify(&rules, json!({ "azp": party })).is_ok()
    };
    let (app, absent) = ("https://app.example", Value::Null);
    assert!(verified(&[], absent.clone()) && verified(&[], json!("https://elsewhere.example")));
    assert!(!verified(&[], json!(7)) && !verified(&[], json!(NULL)));
    assert!(verified(&[app], json!(app)) && !verified(&[app], absent.clone()));
    for parties in [&[app, NATIVE][..], &[NATIVE, app]] {
        assert!(verified(parties, absent.clone()) && verified(parties, json!(app)));
        for refused in [json!("https://evil.example"), json!(NATIVE), json!(""), json!(NULL), json!(7)] {
            assert!(!verified(parties, refused.clone()), "{refused}");
        }
    }
    assert!(verified(&[NATIVE], absent) && !verified(&[NATIVE], json!(app)));
}

#[test]
fn a_token_for_another_audience_is_refused() {
    let verified = |audiences: &[&str], audience: Value| {
        let audiences = audiences.iter().map(|&audience| audience.to_owned()).collect();
        verify(&ClerkRules { audiences, ..rules(TenantOf::User) }, json!({ "aud": audience })).map(|_| ())
    };
    let refused = Err(SessionError::Unknown(Rule::Audience));
    let others = [json!("other"), json!(""), json!([]), json!(["other"]), json!(7), json!({}), json!(NULL)];
    for audience in others.iter().chain(&[json!("ours"), json!(["ours"])]) {
        assert_eq!(verified(&[], audience.clone()), refused, "{audience}");
    }
    let both = ["ours", "also ours"];
    for audience in [Value::Null, json!("ours"), json!(["ours"]), json!(both)] {
        assert_eq!(verified(&both, audience.clone()), Ok(()), "{audience}");
    }
    for audience in others.iter().chain(&[json!(["ours", "other"]), json!(["ours", 7]), json!([["ours"]])]) {
        assert_eq!(verified(&both, audience.clone()), refused, "{audience}");
    }
}

#[test]
fn the_active_organization_is_the_tenant_in_both_versions_of_tokens() {
    let rules = rules(TenantOf::Organization);
    let tenant = |changes: Value| verify(&rules, changes).map(|s| (s.tenant.to_string(), s.manages_keys));
    let of = |manages: bool| Ok(("org_1".to_owned(), manages));
    assert_eq!(tenant(json!({"org_id": "org_1", "org_role": "org:admin"})), of(true));
    assert_eq!(tenant(json!({"org_id": "org_1", "org_role": "org:member"})), of(false));
    assert_eq!(tenant(json!({"org_id": "org_1"})), of(false));
    assert_eq!(tenant(json!({"v": 2, "o": {"id": "org_1", "rol": "admin", "slg": "acme"}})), of(true));
    assert_eq!(tenant(json!({"v": 2, "o": {"id": "org_1", "rol": "member"}})), of(false));
    assert_eq!(tenant(json!({})), Err(SessionError::NoOrganization));
    assert_eq!(tenant(json!({"v": 2, "o": {}})), Err(SessionError::NoOrganization));
    let custom = json!({"v": 2, "org_id": "org_1", "org_role": "org:admin"});
    assert_eq!(tenant(custom), Err(SessionError::NoOrganization));
    let unknown = |rule| Err(SessionError::Unknown(rule));
    assert_eq!(tenant(json!({"org_id": "a b", "org_role": "org:admin"})), unknown(Rule::Tenant));
    assert_eq!(tenant(json!({"org_id": "org_1", "sub": null})), unknown(Rule::Subject));
    assert_eq!(tenant(json!({"org_id": "org_1", "sub": "mch_1"})), unknown(Rule::Subject));
    // Before version 2, `o` is a claim of the application, not of Clerk.
    let own = json!({"id": "org_2", "rol": "admin"});
    assert_eq!(tenant(json!({"v": 1, "o": own})), Err(SessionError::NoOrganization));
    assert_eq!(tenant(json!({"v": null, "o": own})), Err(SessionError::NoOrganization));
    assert_eq!(tenant(json!({"v": 1, "o": own, "org_id": "org_1"})), of(false));
    assert_eq!(tenant(json!({"v": 3, "o": own, "org_id": "org_1"})), Err(SessionError::NoOrganization));
    assert_eq!(tenant(json!({"v": "2", "o": own})), unknown(Rule::Version));
    for o in [json!("org_1"), json!(["org_1"]), json!({"id": 7}), json!(NULL)] {
        assert_eq!(tenant(json!({"v": 2, "o": o})), Err(SessionError::NoOrganization), "{o}");
    }
}
