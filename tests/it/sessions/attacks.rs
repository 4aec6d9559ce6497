//! Forged and malformed tokens: all are refused without a cost.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_tests::issuer::{TestIssuer, ec_key, forge, signed};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{MEMORIES, set_up};

fn signature(token: &str) -> &str {
    token.rsplit('.').next().expect("three parts")
}

/// A valid token's claims with another header and any signature.
fn under(issuer: &TestIssuer, header: &Value, signature: &str) -> String {
    forge(header, &issuer.claims("user_maya", &json!({})).to_string(), signature)
}

/// Tokens with the issuer's key id, or none, so that nothing has to be fetched for them.
fn attacks(issuer: &TestIssuer) -> Vec<(&'static str, String)> {
    let claims = |changes: Value| issuer.claims("user_maya", &changes);
    let good = issuer.token("user_maya");
    let public = issuer.rsa.public().expect("a key");
    let intruder = ec_key("ins_ec");
    let intruders = intruder.public().expect("a key");
    let hmac = |secret: &[u8]| {
        let header = Header { kid: Some("ins_rsa".into()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims(json!({})), &EncodingKey::from_secret(secret)).expect("a token")
    };
    let with =
        |key: &hb_local::clerk::IssuerKey, changes: Value| key.sign(&claims(changes)).expect("a token");
    // Valid under the key in their own header.
    let brings = |name: &str, value: Value| {
        let mut header = json!({"alg": "ES256", "typ": "JWT", "kid": "ins_ec"});
        header[name] = value;
        signed(&intruder, &header, &claims(json!({})).to_string())
    };
    // Valid under the issuer's key.
    let issued = |header: Value, payload: &str| signed(&issuer.ec, &header, payload);
    let plain = claims(json!({})).to_string();
    let now = issuer.claims("x", &json!({}))["iat"].as_i64().expect("a time");
    let twice = format!("{{\"sub\":\"user_eve\",{}", &claims(json!({})).to_string()[1..]);
    let mut flipped = good.clone().into_bytes();
    let last = flipped.len() - 10;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    vec![
        ("alg none", under(issuer, &json!({"alg": "none", "kid": "ins_ec"}), "")),
        (
            "alg none with a signature",
            under(issuer, &json!({"alg": "none", "kid": "ins_ec"}), signature(&good)),
        ),
        ("alg None", under(issuer, &json!({"alg": "None", "kid": "ins_ec"}), signature(&good))),
        ("HS256 with the public key as secret", hmac(public["n"].as_str().expect("n").as_bytes())),
        ("HS256 with the key in PEM as secret", hmac(hb_tests::issuer::public_pem(&issuer.rsa).as_bytes())),
        (
            "the key of the other algorithm",
            under(issuer, &json!({"alg": "RS256", "kid": "ins_ec"}), signature(&good)),
        ),
        (
            "an algorithm of no key",
            under(issuer, &json!({"alg": "ES384", "kid": "ins_ec"}), signature(&good)),
        ),
        ("an embedded jwk", brings("jwk", intruders.clone())),
        ("a jku", brings("jku", json!("https://evil.example/jwks.json"))),
        ("an x5u", brings("x5u", json!("https://evil.example/cert.pem"))),
        ("an x5c", brings("x5c", json!(["AAAA"]))),
        ("an unknown crit", issued(json!({"alg": "ES256", "kid": "ins_ec", "crit": ["exp"]}), &plain)),
        ("an empty crit", issued(json!({"alg": "ES256", "kid": "ins_ec", "crit": []}), &plain)),
        ("an OAuth access token", issued(json!({"alg": "ES256", "kid": "ins_ec", "typ": "at+jwt"}), &plain)),
        ("another issuer's key of the same name", with(&intruder, json!({}))),
        ("a wrong issuer", with(&issuer.ec, json!({"iss": "https://evil.example"}))),
        ("no issuer", with(&issuer.ec, json!({"iss": null}))),
        ("an expired one", with(&issuer.ec, json!({"exp": now - 5}))),
        ("one that is not valid yet", with(&issuer.ec, json!({"nbf": now + 6}))),
        ("no exp", with(&issuer.ec, json!({"exp": null}))),
        ("an exp of text", with(&issuer.ec, json!({"exp": "9999999999"}))),
        ("a pending session", with(&issuer.ec, json!({"sts": "pending"}))),
        ("no sub", with(&issuer.ec, json!({"sub": null}))),
        ("a sub with a path in it", with(&issuer.ec, json!({"sub": "../user_maya"}))),
        (
            "a huge one",
            format!("{}.{}.{}", good.split('.').next().expect("a part"), "A".repeat(64 * 1024), "c2ln"),
        ),
        ("a huge claim", with(&issuer.ec, json!({"padding": "x".repeat(64 * 1024)}))),
        ("bad base64", good.replacen("eyJ", "ey*", 1)),
        ("padding", format!("{good}==")),
        ("duplicate claims", issued(json!({"alg": "ES256", "kid": "ins_ec"}), &twice)),
        ("duplicate names in the header", duplicate_header(issuer, &plain)),
        ("a truncated signature", good[..good.len() - 5].to_owned()),
        ("no signature", good[..=good.rfind('.').expect("a dot")].to_owned()),
        ("a flipped bit", String::from_utf8(flipped).expect("text")),
        ("four parts", format!("{good}.{}", signature(&good))),
        ("no kid", issued(json!({"alg": "ES256"}), &plain)),
        (
            "a kid that is a list",
            under(issuer, &json!({"alg": "ES256", "kid": ["ins_ec"]}), signature(&good)),
        ),
        ("one of our own kind", under(issuer, &json!({"alg": "EdDSA", "kid": "ins_ec"}), signature(&good))),
    ]
}

fn duplicate_header(issuer: &TestIssuer, payload: &str) -> String {
    let header = r#"{"alg":"none","alg":"ES256","kid":"ins_ec"}"#;
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    format!("{text}.{}", issuer.ec.signature(&text).expect("a signature"))
}

/// The helper that signs attacks creates valid tokens too, so that each attack is refused for its own reason.
#[tokio::test]
async fn a_token_that_is_signed_like_the_attacks_is_valid() {
    let (_world, issuer, instance) = set_up().await;
    let payload = issuer.claims("user_maya", &json!({})).to_string();
    let token = signed(&issuer.ec, &json!({"alg": "ES256", "kid": "ins_ec", "typ": "JWT"}), &payload);
    assert_eq!(instance.client.with(&token).get(MEMORIES).await.status, 200);
}

#[tokio::test]
async fn every_attack_is_refused_without_a_database_call_or_a_fetch() {
    let (_world, issuer, instance) = set_up().await;
    assert_eq!(instance.client.with(&issuer.token("user_warm")).get(MEMORIES).await.status, 200);
    instance.tap.take();
    for (attack, token) in attacks(&issuer) {
        // Longer headers do not pass a gateway, or this server's own limit.
        let answer = instance.client.with(&token).get(MEMORIES).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (401, "AUTH_INVALID"),
            "{attack}: {}",
            answer.text
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"", "{attack}");
        assert_eq!(answer.header("x-ratelimit-limit"), "", "{attack}");
    }
    let calls: Vec<String> = instance.tap.take().into_iter().map(|call| call.name).collect();
    assert_eq!(calls, Vec::<String>::new());
    assert_eq!(issuer.issuer.fetches(), 1, "the one of the good token");
    assert_eq!(instance.client.with(&issuer.token("user_warm")).get(MEMORIES).await.status, 200);
}

#[tokio::test]
async fn key_ids_with_paths_or_queries_match_no_key() {
    let (world, issuer, instance) = set_up().await;
    assert_eq!(instance.client.with(&issuer.token("user_warm")).get(MEMORIES).await.status, 200);
    // The interval to the first fetch has passed.
    instance.clock.set(world.clock.now().plus(std::time::Duration::from_secs(30)));
    instance.tap.take();
    for kid in
        ["../../etc/passwd", "' OR 1=1 --", "http://evil.example/", "\u{0}", "ins_ec\n", "💥", "__proto__"]
    {
        let token = under(&issuer, &json!({"alg": "ES256", "kid": kid}), "c2ln");
        instance.client.with(&token).get(MEMORIES).await.expect(401, "AUTH_INVALID");
    }
    assert_eq!(issuer.issuer.fetches(), 2, "one for all names that are not the issuer's");
    assert!(instance.tap.take().is_empty());
}

#[tokio::test]
async fn a_malformed_authorization_header_is_refused_too() {
    let (_world, issuer, instance) = set_up().await;
    let token = issuer.token("user_maya");
    for authorization in [
        format!("Bearer Bearer {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token},Bearer {token}"),
        format!("Bearer {}", URL_SAFE_NO_PAD.encode(&token)),
        "Bearer ..".into(),
        "Bearer eyJ.eyJ.".into(),
    ] {
        super::send_raw(&instance.client, MEMORIES, &authorization).await.expect(401, "AUTH_INVALID");
    }
}
