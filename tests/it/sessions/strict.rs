//! Tokens that Clerk's key signs but that are no sessions, over HTTP: refused with one message, and the rule is
//! logged.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_http::ClerkSettings;
use hb_local::functions;
use hb_tests::Client;
use hb_tests::issuer::{TestIssuer, signed};
use serde_json::{Value, json};

use super::{MEMORIES, set_up};
use crate::secrets_in_logs::{Log, listen};

/// Settings as a deployment could write them, normalized or not.
fn settings(issuer: &str, parties: &str, audience: &str) -> Option<ClerkSettings> {
    let read = ClerkSettings::from_env(|name| match name {
        "CLERK_ISSUER" => Some(issuer.to_owned()),
        "CLERK_AUTHORIZED_PARTIES" => Some(parties.to_owned()),
        "CLERK_AUDIENCE" => Some(audience.to_owned()),
        _ => None,
    });
    read.expect("settings")
}

/// The statuses for tokens with these values of a claim; null is a token without the claim.
async fn statuses<const N: usize>(
    client: &Client,
    issuer: &TestIssuer,
    claim: &str,
    of: [Value; N],
) -> [u16; N] {
    let mut statuses = [0; N];
    for (status, value) in statuses.iter_mut().zip(of) {
        let token = issuer.token_with("user_maya", &json!({ claim: value }));
        *status = client.with(&token).get(MEMORIES).await.status.as_u16();
    }
    statuses
}

#[tokio::test]
async fn a_party_is_required_where_one_is_set_unless_native_is_another() {
    let (mut world, issuer, _) = set_up().await;
    let app = "https://app.example";
    for (parties, expected) in [
        ("", [200, 200, 200]),
        (app, [200, 401, 401]),
        ("https://app.example/", [200, 401, 401]),
        ("https://App.example:443/, http://localhost:3000", [200, 401, 401]),
        ("https://app.example/, native", [200, 401, 200]),
        ("native", [401, 401, 200]),
    ] {
        world.clerk = settings(&issuer.url, parties, "");
        let instance = world.instance().await;
        let of = [json!(app), json!("https://evil.example"), Value::Null];
        assert_eq!(statuses(&instance.client, &issuer, "azp", of).await, expected, "{parties}");
    }
}

#[tokio::test]
async fn an_audience_is_refused_unless_it_is_listed() {
    let (mut world, issuer, _) = set_up().await;
    let of = || [Value::Null, json!("one"), json!(["one", "two"]), json!(["one", "other"]), json!([])];
    for (audience, expected) in [
        ("", [200, 401, 401, 401, 401]),
        ("one", [200, 200, 401, 401, 401]),
        ("two, one", [200, 200, 200, 401, 401]),
    ] {
        world.clerk = settings(&issuer.url, "", audience);
        let instance = world.instance().await;
        assert_eq!(statuses(&instance.client, &issuer, "aud", of()).await, expected, "{audience}");
    }
}

#[tokio::test]
async fn an_issuer_with_a_slash_is_the_same_issuer() {
    let (mut world, issuer, _) = set_up().await;
    for written in ["/", "//", "  "] {
        world.clerk = settings(&format!("{}{written}", issuer.url), "", "");
        let instance = world.instance().await;
        assert_eq!(
            instance.client.with(&issuer.token("user_maya")).get(MEMORIES).await.status,
            200,
            "{written:?}"
        );
    }
}

/// Our own access tokens have an audience and no `azp`, and are verified by their own rules.
#[tokio::test]
async fn strict_rules_for_sessions_do_not_affect_access_tokens() {
    let (mut world, issuer, _) = set_up().await;
    world.clerk = settings(&issuer.url, "http://localhost:3000", "somebody");
    let instance = world.instance().await;
    let exchanged = instance.client.with(&issuer.token("user_maya")).get("/auth/clerk-token").await;
    let own = exchanged.data()["token"].as_str().expect("a token").to_owned();
    assert_eq!(instance.client.with(&own).get(MEMORIES).await.status, 200);
}

#[tokio::test]
async fn the_log_names_the_rule_and_nothing_of_the_token() {
    let (mut world, issuer, _) = set_up().await;
    world.clerk = settings(&issuer.url, "http://localhost:3000", "");
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(functions::log_filter("debug"))
        .with_writer(log.writer());
    let _listening = listen(subscriber.finish());
    let instance = world.instance().await;
    let header = |category: &str| json!({"alg": "RS256", "typ": "JWT", "kid": "ins_rsa", "cat": category});
    let issued_at = world.clock.now().seconds();
    for (rule, category, changes) in [
        ("Category", "cl_B7d4PD222AAA", json!({})),
        ("Subject", "cl_B7d4PD111AAA", json!({"sub": "mch_secretive"})),
        ("SessionId", "cl_B7d4PD111AAA", json!({"sid": null})),
        ("Party", "cl_B7d4PD111AAA", json!({"azp": "https://secretive.example"})),
        ("Party", "cl_B7d4PD111AAA", json!({"azp": null})),
        ("Audience", "cl_B7d4PD111AAA", json!({"aud": "secretive"})),
        ("Actor", "cl_B7d4PD111AAA", json!({"act": {"sub": "secretive"}})),
        ("Status", "cl_B7d4PD111AAA", json!({"sts": "pending"})),
        ("Version", "cl_B7d4PD111AAA", json!({"v": "secretive"})),
        ("IssuedAt", "cl_B7d4PD111AAA", json!({"iat": null})),
        ("Lifetime", "cl_B7d4PD111AAA", json!({"exp": issued_at + 315_360_000})),
    ] {
        let claims = issuer.claims("user_secretive", &changes);
        let token = signed(&issuer.rsa, &header(category), &claims.to_string());
        let answer = instance.client.with(&token).get(MEMORIES).await;
        answer.expect(401, "AUTH_INVALID");
        assert_eq!(answer.message(), "The API key or token is not valid", "{rule}");
        let line = log.text().lines().rfind(|line| line.contains("a token is refused")).map(str::to_owned);
        let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        assert_eq!((&line["fields"]["rule"], &line["level"]), (&json!(rule), &json!("DEBUG")), "{changes}");
    }
    assert!(!log.text().contains("secretive"), "{}", log.text());
    assert!(!log.text().contains(&URL_SAFE_NO_PAD.encode("secretive")));
}

/// Tokens of the local server have the header and the claims of a Clerk session of version 2.
#[tokio::test]
async fn a_local_token_has_what_a_session_token_of_clerks_has() {
    use hb_local::clerk::SessionClaims;
    let (world, issuer, _) = set_up().await;
    let session = SessionClaims {
        user: "user_maya".to_owned(),
        organization: Some(("org_acme".to_owned(), "admin".to_owned())),
        party: Some("http://localhost:3000".to_owned()),
        token_id: "abc".to_owned(),
        from: world.clock.now(),
        seconds: 60,
    };
    let (key, document) = (hb_tests::issuer::rsa_key("ins_rsa"), hb_tests::issuer::rsa_document());
    let token = hb_local::clerk::IssuerFile::new("https://clerk.example", &key.kid, document);
    let token = token.mint(&session).expect("a token");
    let part = |index: usize| {
        let part = token.split('.').nth(index).expect("a part");
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
    };
    assert_eq!(part(0), json!({"alg": "RS256", "typ": "JWT", "kid": "ins_rsa", "cat": "cl_B7d4PD111AAA"}));
    let now = world.clock.now().seconds();
    assert_eq!(
        part(1),
        json!({
            "iss": "https://clerk.example", "sub": "user_maya", "sid": "sess_local", "jti": "abc",
            "azp": "http://localhost:3000", "iat": now, "nbf": now - 10, "exp": now + 60,
            "v": 2, "sts": "active", "fva": [0, -1], "fea": "o:memories",
            "o": {"id": "org_acme", "rol": "admin", "slg": "acme", "per": "read,manage", "fpm": "3"},
        })
    );
    let set = Client::of_another(&issuer.url).get("/.well-known/jwks.json").await;
    assert_eq!(set.header("content-type"), "application/json");
    let keys: Value = serde_json::from_str(&set.text).expect("JSON");
    let rsa = &keys["keys"][1];
    assert_eq!((&rsa["kty"], &rsa["alg"], &rsa["kid"]), (&json!("RSA"), &json!("RS256"), &json!("ins_rsa")));
    assert_eq!(rsa["d"], Value::Null, "the private half stays");
}
