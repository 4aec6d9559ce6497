//! Tokens of every kind that a Clerk instance's key can sign, and the expected result for each.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_tests::issuer::{TestIssuer, forge, signed};
use serde_json::{Value, json};

/// The expected results of the SDK and of this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Both accept it as a session.
    Session,
    /// Both refuse it.
    Refused,
    /// The SDK accepts it as a session, this service refuses it.
    RefusedHere,
}
use Expected::{Refused, RefusedHere, Session};

/// A token and its expected result.
pub(super) struct Token {
    /// A description for messages.
    pub(super) name: String,
    /// The token.
    pub(super) text: String,
    /// The expected result.
    pub(super) expected: Expected,
}

/// The claims of a token.
pub(super) fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("claims");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON")
}

/// A claim with the value null. A plain null removes the claim.
const NULL: &str = "null, not absent";

fn changed(mut value: Value, changes: &Value) -> Value {
    let object = value.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("changes") {
        match value {
            Value::Null => drop(object.remove(name)),
            value => {
                drop(object.insert(name.clone(), if value == NULL { Value::Null } else { value.clone() }))
            }
        }
    }
    value
}

fn header() -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": "ins_rsa", "cat": "cl_B7d4PD111AAA"})
}

/// A valid session token with these changes, signed by the issuer's RSA key.
fn token(issuer: &TestIssuer, name: &str, expected: Expected, in_header: &Value, in_claims: &Value) -> Token {
    let claims = changed(issuer.claims("user_maya", &json!({})), in_claims);
    let text = signed(&issuer.rsa, &changed(header(), in_header), &claims.to_string());
    Token { name: format!("{name} {in_header} {in_claims}"), text, expected }
}

/// Tokens for a deployment with parties and without an audience.
pub(super) fn table(issuer: &TestIssuer) -> Vec<Token> {
    let now = issuer.claims("x", &json!({}))["iat"].as_i64().expect("a time");
    let part = |seconds: f64| now as f64 + seconds;
    let (template, machine, odd) = ("cl_B7d4PD222AAA", "cl_B7d4PD333AAA", "cl_I7d4PD111III");
    let long = |seconds: i64| json!({"iat": now - 10, "exp": now - 10 + seconds});
    let headers = [
        ("a session before kinds", Session, json!({"cat": null})),
        ("no type", Session, json!({"typ": null})),
        ("a JWT template's", Refused, json!({"cat": template})),
        ("a machine's", Refused, json!({"cat": machine})),
        ("a kind nobody knows", Refused, json!({"cat": "cl_B7d4PD999AAA"})),
        ("a kind in lower case", Refused, json!({"cat": "cl_b7d4pd111aaa"})),
        ("no kind", Refused, json!({"cat": NULL})),
        ("a kind of another kind", Refused, json!({"cat": 7})),
        ("a kind that the SDK lets pass", RefusedHere, json!({"cat": odd})),
        ("an OAuth access token", Refused, json!({"typ": "at+jwt"})),
        ("an OAuth access token", Refused, json!({"typ": "application/at+jwt"})),
        ("a type in lower case", Refused, json!({"typ": "jwt"})),
        ("a type of null", Refused, json!({"typ": NULL})),
        ("another algorithm", Refused, json!({"alg": "ES256"})),
        ("no algorithm", Refused, json!({"alg": "none"})),
        ("a shared secret", Refused, json!({"alg": "HS256"})),
        ("critical extensions", RefusedHere, json!({"crit": ["exp"]})),
    ];
    let claims = [
        ("version 2", Session, json!({})),
        ("version 1", Session, json!({"v": 1, "jti": null, "fva": null, "sts": null})),
        ("before versions", Session, json!({"v": null, "fva": null})),
        ("an organization", Session, json!({"o": {"id": "org_1", "rol": "admin", "slg": "one"}})),
        ("the other party", Session, json!({"azp": "https://app.example"})),
        ("no nbf", Session, json!({"nbf": null})),
        ("a machine", Refused, json!({"sub": "mch_1"})),
        ("a machine with a session", Refused, json!({"sub": "mch_1", "sid": "sess_1"})),
        ("no user", Refused, json!({"sub": null})),
        ("no user", Refused, json!({"sub": NULL})),
        ("no user", RefusedHere, json!({"sub": ""})),
        ("a user of another kind", Refused, json!({"sub": 7})),
        ("a path for a user", RefusedHere, json!({"sub": "../user"})),
        ("no session", RefusedHere, json!({"sid": null})),
        ("no session", RefusedHere, json!({"sid": ""})),
        ("a session of another kind", RefusedHere, json!({"sid": 7})),
        ("a JWT template's of old", RefusedHere, json!({"sid": null, "v": null, "sts": null, "fva": null})),
        ("no party", Refused, json!({"azp": null})),
        ("no party", Refused, json!({"azp": NULL})),
        ("no party", Refused, json!({"azp": ""})),
        ("no party by its name", Refused, json!({"azp": "native"})),
        ("another party", Refused, json!({"azp": "https://evil.example"})),
        ("a party with a slash", Refused, json!({"azp": "https://app.example/"})),
        ("a party of another kind", Refused, json!({"azp": 7})),
        ("a list of parties", Refused, json!({"azp": ["https://app.example"]})),
        ("expired", Refused, json!({"exp": now - 5})),
        ("expired, but for a fraction", Refused, json!({"exp": part(-4.5)})),
        ("expired, within the leeway", Session, json!({"exp": now - 4})),
        ("no expiry", Refused, json!({"exp": null})),
        ("no expiry", Refused, json!({"exp": NULL})),
        ("an expiry of another kind", Refused, json!({"exp": "9999999999"})),
        ("an expiry before 1970", Refused, json!({"exp": -1})),
        ("an expiry after the end of time", RefusedHere, json!({"exp": 1e300})),
        ("not yet, within the leeway", Session, json!({"nbf": now + 5})),
        ("not yet", Refused, json!({"nbf": now + 6})),
        ("nbf of another kind", Refused, json!({"nbf": "1"})),
        ("nbf of null", Refused, json!({"nbf": NULL})),
        ("nbf before 1970", RefusedHere, json!({"nbf": -1})),
        ("issued in the future, within the leeway", Session, json!({"iat": now + 5})),
        ("issued in the future", Refused, json!({"iat": now + 6})),
        ("issued at another kind", Refused, json!({"iat": "1"})),
        ("issued at null", Refused, json!({"iat": NULL})),
        ("never issued", RefusedHere, json!({"iat": null})),
        ("a day", Session, long(86_400)),
        ("a day and a second", RefusedHere, long(86_401)),
        ("ten years", RefusedHere, long(315_360_000)),
        ("an impersonator", RefusedHere, json!({"act": {"sub": "user_admin"}})),
        ("an impersonator of null", RefusedHere, json!({"act": NULL})),
        ("an audience", RefusedHere, json!({"aud": "https://other.example"})),
        ("audiences", RefusedHere, json!({"aud": ["https://other.example"]})),
        ("no audiences", RefusedHere, json!({"aud": []})),
        ("a pending session", Refused, json!({"sts": "pending"})),
        ("a status of another kind", RefusedHere, json!({"sts": 7})),
        ("a version of another kind", RefusedHere, json!({"v": "2"})),
        ("a version of null", RefusedHere, json!({"v": NULL})),
        ("another issuer", RefusedHere, json!({"iss": "https://evil.example"})),
        ("no issuer", RefusedHere, json!({"iss": null})),
    ];
    let both = json!({"sub": "mch_1", "sid": null, "azp": null, "aud": ["mch_2"], "scopes": "mch_2"});
    let headers =
        headers.iter().map(|(name, expected, header)| token(issuer, name, *expected, header, &json!({})));
    let claims =
        claims.iter().map(|(name, expected, claims)| token(issuer, name, *expected, &json!({}), claims));
    let machine = token(issuer, "all of a machine's", Refused, &json!({ "cat": machine }), &both);
    headers.chain(claims).chain([machine]).chain(spoilt(issuer)).collect()
}

/// Tokens for a deployment with the audience `herobrain`.
pub(super) fn with_audience(issuer: &TestIssuer) -> Vec<Token> {
    let rows = [
        (Session, json!(null)),
        (Session, json!("herobrain")),
        (Session, json!(["herobrain"])),
        (Refused, json!("other")),
        (Refused, json!("HeroBrain")),
        (Refused, json!(["other"])),
        (RefusedHere, json!(["herobrain", "other"])),
        (RefusedHere, json!([])),
        (RefusedHere, json!("")),
        (RefusedHere, json!(NULL)),
        (RefusedHere, json!(7)),
    ];
    let rows = rows.iter().map(|(expected, audience)| {
        token(issuer, "an audience", *expected, &json!({}), &json!({ "aud": audience }))
    });
    rows.collect()
}

/// Tokens with an invalid signature, or one of another key.
fn spoilt(issuer: &TestIssuer) -> Vec<Token> {
    let good = token(issuer, "", Session, &json!({}), &json!({})).text;
    let (text, signature) = good.rsplit_once('.').expect("a signature");
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let claims = issuer.claims("user_eve", &json!({})).to_string();
    let es256 = changed(header(), &json!({"alg": "ES256", "kid": "ins_ec"}));
    [
        ("a flipped bit", format!("{text}.{flipped}{}", &signature[1..])),
        ("half a signature", format!("{text}.{}", &signature[..170])),
        ("no signature", format!("{text}.")),
        ("another's signature", forge(&header(), &claims, signature)),
        ("the issuer's key for ES256", signed(&issuer.ec, &es256, &claims)),
        ("two parts", text.to_owned()),
        ("four parts", format!("{good}.{signature}")),
    ]
    .map(|(name, text)| Token { name: name.to_owned(), text, expected: Refused })
    .into()
}
