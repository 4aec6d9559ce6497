//! A local issuer of session tokens in place of Clerk, for trying the API and for tests: it serves a key set on loopback and
//! signs tokens without authentication.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::Timestamp;
use hb_domain::clerk::SESSION_CATEGORY;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rand::Rng;
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::StartError;
use crate::callers::Callers;
use crate::server::Server;

/// The usual origin of a local application.
pub const PARTY: &str = "http://localhost:3000";

/// A key that session tokens are signed with.
#[derive(Clone)]
pub struct IssuerKey {
    /// Its name.
    pub kid: String,
    algorithm: Algorithm,
    signing: EncodingKey,
}

/// The claims of a session token.
#[derive(Clone, Debug)]
pub struct SessionClaims {
    /// The user.
    pub user: String,
    /// The active organisation and the user's role in it: `admin`, `member`.
    pub organization: Option<(String, String)>,
    /// The origin that the session is used from; none for an application that sends no `Origin`.
    pub party: Option<String>,
    /// The token's own name.
    pub token_id: String,
    /// The start of its validity.
    pub from: Timestamp,
    /// Its lifetime in seconds.
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

/// The file from which tokens of a running issuer are signed: it is beside the database and has mode 0600.
#[derive(Deserialize, Serialize)]
pub struct IssuerFile {
    issuer: String,
    kid: String,
    /// An earlier version had none, and keys of another kind.
    algorithm: Algorithm,
    /// PKCS #8 in base64.
    key: String,
}

impl IssuerKey {
    /// A new RSA key of this name, of 2,048 bits as Clerk's, and its PKCS #8 form. Making one takes a while.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn generate(kid: &str) -> Result<(Self, Vec<u8>), StartError> {
        let problem = |_| StartError::new("cannot make a key for session tokens");
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(problem)?;
        let document: Pkcs8V1Der<'_> = pair.as_der().map_err(problem)?;
        let document = document.as_ref().to_vec();
        Ok((Self::of_pkcs8(kid, &document)?, document))
    }

    /// The RSA key of this name and this PKCS #8 form.
    ///
    /// # Errors
    /// When it is none.
    pub fn of_pkcs8(kid: &str, document: &[u8]) -> Result<Self, StartError> {
        let body = STANDARD.encode(document);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let signing = EncodingKey::from_rsa_pem(pem.as_bytes())
            .map_err(|error| StartError::new(format!("no key for session tokens: {error}")))?;
        Ok(Self::new(kid, Algorithm::RS256, signing))
    }

    /// A key that was made elsewhere.
    pub fn new(kid: &str, algorithm: Algorithm, signing: EncodingKey) -> Self {
        Self { kid: kid.to_owned(), algorithm, signing }
    }

    /// Signs `claims` as those of a session.
    ///
    /// # Errors
    /// When the key does not fit its algorithm.
    pub fn sign(&self, claims: &Value) -> Result<String, StartError> {
        let mut header = Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) };
        header.extras.insert("cat", SESSION_CATEGORY);
        self.sign_under(&header, claims)
    }

    /// Signs `claims` with this header.
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
    /// A new id for a token.
    pub fn new_token_id(rng: &mut impl Rng) -> String {
        Alphanumeric.sample_string(rng, 20).to_ascii_lowercase()
    }

    /// The claims of a token that `issuer` makes: those of Clerk's version 2.
    pub fn of(&self, issuer: &str) -> Value {
        let from = self.from.seconds();
        let mut claims = json!({
            "iss": issuer, "sub": self.user, "sid": "sess_local", "jti": self.token_id,
            // As in Clerk's tokens, the validity starts earlier, because clocks differ.
            "iat": from, "nbf": from - 10, "exp": from + self.seconds,
            // The minutes since the first factor was verified; there is no second.
            "v": 2, "sts": "active", "fva": [0, -1],
        });
        if let Some(party) = &self.party {
            claims["azp"] = json!(party);
        }
        if let Some((id, role)) = &self.organization {
            let slug = id.strip_prefix("org_").unwrap_or(id).to_ascii_lowercase();
            // One feature of organisations, and which of the permissions the role has of it, in bits.
            let permissions = if role == "admin" { "3" } else { "1" };
            claims["fea"] = json!("o:memories");
            claims["o"] =
                json!({"id": id, "rol": role, "slg": slug, "per": "read,manage", "fpm": permissions});
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

    /// Makes every fetch of the keys fail from now on, or succeed again.
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
    }

    /// The number of fetches of the keys, failed ones included.
    pub fn fetches(&self) -> usize {
        self.0.fetches.load(Ordering::SeqCst)
    }

    /// Serves the keys on loopback; the server's address is the issuer's name.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn serve(&self) -> Result<Server, StartError> {
        let router = Router::new().route("/.well-known/jwks.json", get(keys)).with_state(self.clone());
        Server::serve(0, router, Callers::Programs).await
    }
}

async fn keys(State(issuer): State<LocalIssuer>) -> Result<Json<Value>, StatusCode> {
    issuer.0.fetches.fetch_add(1, Ordering::SeqCst);
    if issuer.0.away.load(Ordering::SeqCst) {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let keys = issuer.0.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let keys: Vec<Value> = keys.iter().filter_map(|key| key.public().ok()).collect();
    Ok(Json(json!({ "keys": keys })))
}

impl IssuerFile {
    /// What the issuer at this address signs with.
    pub fn new(issuer: &str, kid: &str, pkcs8: &[u8]) -> Self {
        let (issuer, kid) = (issuer.to_owned(), kid.to_owned());
        Self { issuer, kid, algorithm: Algorithm::RS256, key: STANDARD.encode(pkcs8) }
    }

    /// A token of that issuer.
    ///
    /// # Errors
    /// When the file has been tampered with.
    pub fn mint(&self, session: &SessionClaims) -> Result<String, StartError> {
        let damaged = || StartError::new("the key for session tokens is damaged; start the server again");
        if self.algorithm != Algorithm::RS256 {
            return Err(damaged());
        }
        let document = STANDARD.decode(&self.key).map_err(|_| damaged())?;
        let key = IssuerKey::of_pkcs8(&self.kid, &document).map_err(|_| damaged())?;
        key.sign(&session.of(&self.issuer))
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
