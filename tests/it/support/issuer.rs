//! An issuer of session tokens for tests, with keys of both algorithms, and valid and forged tokens.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hb_domain::Timestamp;
use hb_http::ClerkSettings;
use hb_local::clerk::{IssuerKey, LocalIssuer, PARTY, SessionClaims};
use hb_local::server::Server;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::World;

/// A running issuer.
pub struct TestIssuer {
    /// The issuer itself.
    pub issuer: LocalIssuer,
    /// Its name, which is its address.
    pub url: String,
    /// Its key for ES256.
    pub ec: IssuerKey,
    /// Its key for RS256.
    pub rsa: IssuerKey,
    now: Timestamp,
    _server: Server,
}

/// An RSA key in PKCS #8; creating one is slow, so a process creates one.
pub fn rsa_document() -> &'static [u8] {
    static DOCUMENT: OnceLock<Vec<u8>> = OnceLock::new();
    DOCUMENT.get_or_init(|| IssuerKey::generate("ins_rsa").expect("a key").1)
}

/// The process's key for RS256, with this key id.
pub fn rsa_key(kid: &str) -> IssuerKey {
    IssuerKey::of_pkcs8(kid, rsa_document()).expect("a key")
}

/// Another key for ES256.
pub fn ec_key(kid: &str) -> IssuerKey {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let signing = EncodingKey::from_ec_der(document.expect("a key").as_ref());
    IssuerKey::new(kid, Algorithm::ES256, signing)
}

impl TestIssuer {
    /// An issuer whose tokens the world's new instances accept.
    pub async fn start(world: &mut World) -> Self {
        let (ec, rsa) = (ec_key("ins_ec"), rsa_key("ins_rsa"));
        let issuer = LocalIssuer::new(vec![ec.clone(), rsa.clone()]);
        let server = issuer.serve().await.expect("a port");
        let url = server.url();
        world.clerk = Some(ClerkSettings::of_issuer(&url).expect("settings"));
        Self { issuer, url, ec, rsa, now: world.clock.now(), _server: server }
    }

    /// The claims of a session of `user`, valid for an hour from the world's time, with these changes; null removes a
    /// claim.
    pub fn claims(&self, user: &str, changes: &Value) -> Value {
        let session = SessionClaims {
            user: user.to_owned(),
            organization: None,
            party: Some(PARTY.to_owned()),
            token_id: "token_of_a_test".to_owned(),
            from: self.now,
            seconds: 3_600,
        };
        let mut claims = session.of(&self.url);
        let object = claims.as_object_mut().expect("claims");
        for (name, value) in changes.as_object().expect("changes") {
            if value.is_null() {
                object.remove(name);
            } else {
                object.insert(name.clone(), value.clone());
            }
        }
        claims
    }

    /// A token of `user`.
    pub fn token(&self, user: &str) -> String {
        self.token_with(user, &json!({}))
    }

    /// A token of `user`, issued at `now` for an hour.
    pub fn token_at(&self, user: &str, now: Timestamp) -> String {
        let now = now.seconds();
        self.token_with(user, &json!({"iat": now, "exp": now + 3_600}))
    }

    /// A token of `user` with these changed claims.
    pub fn token_with(&self, user: &str, changes: &Value) -> String {
        self.ec.sign(&self.claims(user, changes)).expect("a token")
    }
}

/// A token of exactly these parts, signed with the key's algorithm over another header.
pub fn forge(header: &Value, payload: &str, signature: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{signature}", part(&header.to_string()), part(payload))
}

/// A token of exactly these parts with a valid signature of `key`.
pub fn signed(key: &IssuerKey, header: &Value, payload: &str) -> String {
    let text = forge(header, payload, "");
    let text = text.trim_end_matches('.');
    format!("{text}.{}", key.signature(text).expect("a signature"))
}

/// The public half of a key in PEM.
pub fn public_pem(key: &IssuerKey) -> String {
    pem_of_jwk(&key.public().expect("a key"))
}

/// A public key in PEM.
pub fn pem_of_jwk(jwk: &Value) -> String {
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("a number")).expect("base64");
    let der = if jwk["kty"] == "RSA" {
        let number =
            |bytes: Vec<u8>| tagged(2, &[if bytes[0] >= 0x80 { &[0][..] } else { &[] }, &bytes].concat());
        let key = tagged(0x30, &[number(bytes("n")), number(bytes("e"))].concat());
        // rsaEncryption, RFC 8017.
        let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
        tagged(0x30, &[&algorithm[..], &tagged(3, &[&[0][..], &key].concat())].concat())
    } else {
        // id-ecPublicKey on prime256v1, RFC 5480.
        let algorithm =
            [0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        let point = [&[0, 4][..], &bytes("x"), &bytes("y")].concat();
        tagged(0x30, &[&algorithm[..], &tagged(3, &point)].concat())
    };
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

/// A value in DER.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => der.push(short),
        Ok(short) => der.extend([0x81, short]),
        Err(_) => der.extend([0x82, (length >> 8) as u8, (length & 0xff) as u8]),
    }
    der.extend_from_slice(content);
    der
}
