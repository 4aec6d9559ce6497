//! Comparison with Clerk's own SDK, `@clerk/backend`: a token that it refuses is refused here too, and both accept
//! sessions with the same user and organization.

mod tokens;

use std::fs;
use std::process::Command;

use hb_domain::Timestamp;
use hb_http::ClerkSettings;
use hb_tests::binaries::workspace;
use hb_tests::issuer::{TestIssuer, pem_of_jwk, public_pem};
use hb_tests::local::{Herobrain, herobrain, text, without_sample};
use hb_tests::{Client, Process, World};
use serde_json::{Value, json};

use tokens::{Expected, Token, claims_of, table, with_audience};

const PARTIES: [&str; 2] = ["http://localhost:3000", "https://app.example"];

/// The output of the script.
fn script(file: Option<&std::path::Path>) -> Value {
    let mut node = Command::new("node");
    node.arg(workspace().join("tests/clerk/verify.mjs")).arg(workspace().join("target/ci-clerk")).args(file);
    let output = node.output().expect("node is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The SDK's result for `tokens` at `now`, or at the system time if `None`.
fn sdk<'t>(
    pem: &str,
    (parties, audience): (&[&str], &[&str]),
    now: Option<Timestamp>,
    tokens: impl IntoIterator<Item = &'t str>,
) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tokens.json");
    let asked = json!({
        "jwtKey": pem, "authorizedParties": parties, "audience": audience, "now": now.map(Timestamp::millis),
        "tokens": tokens.into_iter().collect::<Vec<_>>(),
    });
    fs::write(&file, asked.to_string()).expect("a file");
    serde_json::from_value(script(Some(&file))).expect("a list")
}

/// The settings of a deployment with the issuer's public key, which the SDK uses too.
fn settings(issuer: &str, pem: &str, parties: &[&str], audience: &[&str], tenant: &str) -> ClerkSettings {
    let read = ClerkSettings::from_env(|name| match name {
        "CLERK_ISSUER" => Some(issuer.to_owned()),
        "CLERK_JWT_KEY" => Some(pem.to_owned()),
        "CLERK_AUTHORIZED_PARTIES" => Some(parties.join(",")),
        "CLERK_AUDIENCE" => Some(audience.join(",")),
        "CLERK_TENANT" => Some(tenant.to_owned()),
        _ => None,
    });
    read.expect("settings").expect("settings")
}

/// The tenant of a token; `None` if the token is refused.
async fn ours(client: &Client, token: &str) -> Option<String> {
    let answer = client.with(token).get("/auth/clerk-token").await;
    match answer.status.as_u16() {
        200 => Some(text(&answer.data()["tenantId"]).to_owned()),
        401 => {
            assert_eq!(answer.code(), "AUTH_INVALID", "{}", answer.text);
            None
        }
        _ => panic!("{}", answer.text),
    }
}

#[tokio::test]
#[ignore = "needs npm's @clerk/backend; .ci/run runs it"]
async fn a_token_that_the_sdk_refuses_is_refused_here() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let (pem, now) = (public_pem(&issuer.rsa), world.clock.now());
    let (mut compared, mut refused) = (0, 0);
    for (audience, tokens) in [(&[][..], table(&issuer)), (&["herobrain"], with_audience(&issuer))] {
        world.clerk = Some(settings(&issuer.url, &pem, &PARTIES, audience, "user"));
        let instance = world.instance().await;
        let verdicts = sdk(&pem, (&PARTIES, audience), Some(now), tokens.iter().map(|token| &*token.text));
        assert_eq!(verdicts.len(), tokens.len());
        for (Token { name, text, expected }, verdict) in tokens.iter().zip(verdicts) {
            let ours = ours(&instance.client, text).await;
            let theirs = verdict["user"].as_str();
            assert!(theirs.is_some() || ours.is_none(), "{name}: the SDK refuses it, {verdict}");
            let seen = match (theirs, &ours) {
                (Some(_), Some(_)) => Expected::Session,
                (Some(_), None) => Expected::RefusedHere,
                (None, _) => Expected::Refused,
            };
            assert_eq!(seen, *expected, "{name}: {verdict}");
            if let Some(ours) = ours {
                assert_eq!(Some(ours.as_str()), theirs, "{name}");
            }
            compared += 1;
            refused += usize::from(theirs.is_none());
        }
    }
    println!("{compared} tokens, of which the SDK refuses {refused}");
    assert!(compared >= 80 && refused >= 40, "{compared} {refused}");
}

#[tokio::test]
#[ignore = "needs npm's @clerk/backend; .ci/run runs it"]
async fn both_see_the_same_active_organization() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let (pem, now) = (public_pem(&issuer.rsa), world.clock.now());
    world.clerk = Some(settings(&issuer.url, &pem, &PARTIES, &[], "organization"));
    let instance = world.instance().await;
    let own = json!({"id": "org_own", "rol": "admin"});
    let tokens = [
        json!({"o": {"id": "org_acme", "rol": "admin", "slg": "acme", "per": "read,manage", "fpm": "3"}}),
        json!({"o": {"id": "org_acme", "rol": "member"}}),
        json!({"v": 1, "org_id": "org_acme", "org_role": "org:admin", "org_slug": "acme"}),
        json!({"v": null, "org_id": "org_acme", "org_role": "org:member"}),
        json!({"v": null, "org_id": "org_acme", "org_role": "org:member", "o": own}),
        json!({"v": 1, "o": own}),
        json!({"v": null, "o": own}),
        json!({"org_id": "org_own", "org_role": "org:admin"}),
        json!({}),
    ]
    .map(|changes| issuer.rsa.sign(&issuer.claims("user_maya", &changes)).expect("a token"));
    let verdicts = sdk(&pem, (&PARTIES, &[]), Some(now), tokens.iter().map(String::as_str));
    for (number, (token, verdict)) in tokens.iter().zip(verdicts).enumerate() {
        let claims = claims_of(token);
        let client = instance.client.with(token);
        let answer = client.get("/auth/clerk-token").await;
        assert_eq!(verdict["user"], "user_maya", "{claims}");
        if verdict["organization"].is_null() {
            answer.expect(403, "INSUFFICIENT_SCOPE");
            continue;
        }
        assert_eq!(answer.data()["tenantId"], verdict["organization"], "{claims}");
        let key = client.post("/api/v1/api-keys", json!({"name": format!("key {number}")})).await;
        let expected = if verdict["role"] == "org:admin" { 201 } else { 403 };
        assert_eq!(key.status, expected, "{claims}: {}", key.text);
    }
}

/// The SDK's fixtures with each of its keys, at the time for which they were created.
#[tokio::test]
#[ignore = "needs npm's @clerk/backend; .ci/run runs it"]
async fn the_sdks_own_fixtures_have_the_same_result_here() {
    let fixtures = script(None);
    let tokens = fixtures["tokens"].as_object().expect("tokens");
    let keys = fixtures["keys"].as_object().expect("keys");
    assert!(tokens.len() >= 7 && keys.len() >= 3, "{} tokens, {} keys", tokens.len(), keys.len());
    let claims = claims_of(text(&tokens["mockJwt"]));
    let now = Timestamp::from_millis(claims["iat"].as_i64().expect("a time") * 1_000);
    let mut world = World::new().await;
    let mut sessions = 0;
    for (parties, (key, pem)) in [[text(&claims["azp"])], ["https://other.example"]]
        .iter()
        .flat_map(|one| keys.iter().map(move |key| (one, key)))
    {
        let pem = text(pem);
        world.clerk = Some(settings(text(&claims["iss"]), pem, parties, &[], "user"));
        let instance = world.instance().await;
        instance.clock.set(now);
        let verdicts = sdk(pem, (parties, &[]), Some(now), tokens.values().map(text));
        for ((name, token), verdict) in tokens.iter().zip(verdicts) {
            let ours = ours(&instance.client, text(token)).await;
            assert_eq!(ours.as_deref(), verdict["user"].as_str(), "{name} under {key}: {verdict}");
            sessions += usize::from(ours.is_some());
        }
    }
    assert!(sessions >= 2, "the good ones are sessions: {sessions}");
}

/// Tokens of the running local server, verified by the SDK with the system clock.
#[tokio::test]
#[ignore = "needs npm's @clerk/backend; .ci/run runs it"]
async fn the_sdk_accepts_the_local_servers_tokens_as_sessions() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let mint = async |flags: &[&str]| {
        let mut ended = Process::start(&mut herobrain(folder.path(), flags)).ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout.remove(0)
    };
    let tokens = [
        text(&stack.ready["jwt"]).to_owned(),
        mint(&["jwt", "--sub", "user_123"]).await,
        mint(&["jwt", "--sub", "user_123", "--azp", "https://app.example", "--seconds", "86400"]).await,
        mint(&["jwt", "--sub", "user_123", "--org", "org_acme"]).await,
        mint(&["jwt", "--sub", "user_123", "--org", "org_acme", "--role", "member"]).await,
        mint(&["jwt", "--sub", "user_123", "--azp", "native"]).await,
    ];
    let claims = claims_of(&tokens[0]);
    let set = Client::of_another(text(&claims["iss"])).get("/.well-known/jwks.json").await;
    assert_eq!(set.header("content-type"), "application/json");
    let set: Value = serde_json::from_str(&set.text).expect("JSON");
    let verdicts =
        sdk(&pem_of_jwk(&set["keys"][0]), (&PARTIES, &[]), None, tokens.iter().map(String::as_str));
    let (sample, user, none) = ("00000000-0000-0000-0000-000000000001", "user_123", Value::Null);
    let member = |role: &str| json!({"user": user, "organization": "org_acme", "role": role});
    let alone = |user: &str| json!({"user": user, "organization": none, "role": none});
    let expected = [alone(sample), alone(user), alone(user), member("org:admin"), member("org:member")];
    assert_eq!(verdicts[..5], expected);
    assert_ne!(verdicts[5]["reason"], none, "the SDK knows no sessions without a party");
    for token in &tokens {
        assert_eq!(
            Client::new(text(&stack.ready["url"])).with(token).get("/api/v1/memories").await.status,
            200
        );
    }
}
