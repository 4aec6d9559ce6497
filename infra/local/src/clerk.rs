//! A small issuer of session tokens, as Clerk is: a set of public keys on loopback, and tokens signed with
//! their private halves. For trying the API and for tests; it asks nobody who they are.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::StartError;
use crate::server::Server;

/// A key that session tokens are signed with.
#[derive(Clone)]
pub struct IssuerKey {
    /// Its name.
    pub kid: String,
    algorithm: Algorithm,
    signing: EncodingKey,
}

/// What a session token says.
#[derive(Clone, Debug)]
pub struct SessionClaims {
    /// The user.
    pub user: String,
    /// The active organisation and the user's role in it: `admin`, `member`.
    pub organization: Option<(String, String)>,
    /// From when on it is good.
    pub from: Timestamp,
    /// How many seconds it is good.
    pub seconds: i64,
}

/// The issuer; cheap to clone.
#[derive(Clone)]
pub struct LocalIssuer(Arc<Shared>);

struct Shared {
    keys: Mutex<Vec<IssuerKey>>,
    away: AtomicBool,
    fetches: AtomicUsize,
}

/// What whoever mints for a running issuer needs: kept beside the database, mode 0600, local only.
#[derive(Deserialize, Serialize)]
pub struct IssuerFile {
    issuer: String,
    kid: String,
    /// PKCS #8 in base64.
    key: String,
}

impl IssuerKey {
    /// A new P-256 key of this name, and its PKCS #8 form.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn generate(kid: &str) -> Result<(Self, Vec<u8>), StartError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let document = document.map_err(|_| StartError::new("cannot make a key for session tokens"))?;
        let signing = EncodingKey::from_ec_der(document.as_ref());
        Ok((Self::new(kid, Algorithm::ES256, signing), document.as_ref().to_vec()))
    }

    /// A key that was made elsewhere.
    pub fn new(kid: &str, algorithm: Algorithm, signing: EncodingKey) -> Self {
        Self { kid: kid.to_owned(), algorithm, signing }
    }

    /// Signs `claims`.
    ///
    /// # Errors
    /// When the key does not fit its algorithm.
    pub fn sign(&self, claims: &Value) -> Result<String, StartError> {
        self.sign_under(&Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) }, claims)
    }

    /// Signs `claims` under this very header.
    ///
    /// # Errors
    /// When the key does not fit the header's algorithm.
    pub fn sign_under(&self, header: &Header, claims: &Value) -> Result<String, StartError> {
        jsonwebtoken::encode(header, claims, &self.signing)
            .map_err(|error| StartError::new(format!("cannot sign a token: {error}")))
    }

    /// The signature of a text, as it stands behind it in a token.
    ///
    /// # Errors
    /// When the key does not fit its algorithm.
    pub fn signature(&self, text: &str) -> Result<String, StartError> {
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.signing, self.algorithm)
            .map_err(|error| StartError::new(format!("cannot sign a text: {error}")))
    }

    /// Its public half.
    ///
    /// # Errors
    /// When the key does not fit its algorithm.
    pub fn public(&self) -> Result<Value, StartError> {
        let problem = |error: &dyn std::fmt::Display| StartError::new(format!("cannot show a key: {error}"));
        let jwk = Jwk::from_encoding_key(&self.signing, self.algorithm).map_err(|error| problem(&error))?;
        let mut jwk = serde_json::to_value(jwk).map_err(|error| problem(&error))?;
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        Ok(jwk)
    }
}

impl SessionClaims {
    /// The claims of a token that `issuer` makes.
    pub fn of(&self, issuer: &str) -> Value {
        let from = self.from.seconds();
        let mut claims = json!({
            "iss": issuer, "sub": self.user, "sid": "sess_local", "iat": from, "nbf": from,
            "exp": from + self.seconds, "v": 2, "sts": "active",
        });
        if let Some((id, role)) = &self.organization {
            claims["o"] = json!({"id": id, "rol": role});
        }
        claims
    }
}

impl LocalIssuer {
    /// An issuer with these keys; the first signs.
    pub fn new(keys: Vec<IssuerKey>) -> Self {
        let shared =
            Shared { keys: Mutex::new(keys), away: AtomicBool::default(), fetches: AtomicUsize::default() };
        Self(Arc::new(shared))
    }

    /// The key that signs.
    pub fn key(&self) -> Option<IssuerKey> {
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }

    /// Replaces the keys.
    pub fn set_keys(&self, keys: Vec<IssuerKey>) {
        *self.0.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Lets every fetch of the keys fail from now on, or succeed again.
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
    }

    /// How often the keys have been fetched, in vain or not.
    pub fn fetches(&self) -> usize {
        self.0.fetches.load(Ordering::SeqCst)
    }

    /// Serves the keys on loopback; the server's address is the issuer's name.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn serve(&self) -> Result<Server, StartError> {
        let router = Router::new().route("/.well-known/jwks.json", get(keys)).with_state(self.clone());
        Server::serve(0, router, "the local issuer").await
    }
}

async fn keys(State(issuer): State<LocalIssuer>) -> (StatusCode, String) {
    issuer.0.fetches.fetch_add(1, Ordering::SeqCst);
    if issuer.0.away.load(Ordering::SeqCst) {
        return (StatusCode::INTERNAL_SERVER_ERROR, String::new());
    }
    let keys = issuer.0.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let keys: Vec<Value> = keys.iter().filter_map(|key| key.public().ok()).collect();
    (StatusCode::OK, json!({ "keys": keys }).to_string())
}

impl IssuerFile {
    /// What the issuer at this address signs with.
    pub fn new(issuer: &str, kid: &str, pkcs8: &[u8]) -> Self {
        Self { issuer: issuer.to_owned(), kid: kid.to_owned(), key: STANDARD.encode(pkcs8) }
    }

    /// A token of that issuer.
    ///
    /// # Errors
    /// When the file has been tampered with.
    pub fn mint(&self, session: &SessionClaims) -> Result<String, StartError> {
        let damaged = |_| StartError::new("the key for session tokens is damaged; start the server again");
        let signing = EncodingKey::from_ec_der(&STANDARD.decode(&self.key).map_err(damaged)?);
        IssuerKey::new(&self.kid, Algorithm::ES256, signing).sign(&session.of(&self.issuer))
    }
}

impl std::fmt::Debug for IssuerFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuerFile({})", self.issuer)
    }
}

impl std::fmt::Debug for LocalIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalIssuer")
    }
}

impl std::fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuerKey({})", self.kid)
    }
}
