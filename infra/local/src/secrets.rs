//! A local Secrets Manager on loopback with the one operation that HeroBrain uses, `GetSecretValue`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hb_store::SecretId;
use serde_json::{Value, json};

use crate::StartError;
use crate::callers::Callers;
use crate::server::Server;

/// The secrets with their versions, the current one first; cheap to clone.
#[derive(Clone)]
pub struct LocalSecrets(Arc<Mutex<Versions>>);

struct Versions {
    /// By name: version id and value, current, then previous.
    kept: BTreeMap<&'static str, Vec<(String, String)>>,
    away: bool,
    reads: usize,
}

impl LocalSecrets {
    /// The secrets with these values.
    pub fn new(pepper: &str, token: &str, webhook_key: &str) -> Self {
        let first = |value: &str| vec![("v1".to_owned(), value.to_owned())];
        let kept = BTreeMap::from([
            (SecretId::Pepper.name(), first(pepper)),
            (SecretId::TokenSecret.name(), first(token)),
            (SecretId::WebhookKey.name(), first(webhook_key)),
        ]);
        Self(Arc::new(Mutex::new(Versions { kept, away: false, reads: 0 })))
    }

    /// Makes `value` the current version of the pepper and the current version the previous one.
    pub fn rotate(&self, value: &str) {
        self.rotate_secret(SecretId::Pepper, value);
    }

    /// As [`rotate`](Self::rotate), for the token secret.
    pub fn rotate_token(&self, value: &str) {
        self.rotate_secret(SecretId::TokenSecret, value);
    }

    /// As [`rotate`](Self::rotate), for the secret of webhook endpoints.
    pub fn rotate_webhook_key(&self, value: &str) {
        self.rotate_secret(SecretId::WebhookKey, value);
    }

    /// As [`rotate`](Self::rotate), for the origin secret, which has no version at first.
    pub fn rotate_origin_secret(&self, value: &str) {
        self.rotate_secret(SecretId::OriginSecret, value);
    }

    fn rotate_secret(&self, id: SecretId, value: &str) {
        self.with(|state| {
            let versions = state.kept.entry(id.name()).or_default();
            let number = versions.first().and_then(|(id, _)| id[1..].parse::<u32>().ok()).unwrap_or(0);
            versions.insert(0, (format!("v{}", number + 1), value.to_owned()));
            versions.truncate(2);
        });
    }

    /// Makes every read fail from now on, or succeed again.
    pub fn set_away(&self, away: bool) {
        self.with(|versions| versions.away = away);
    }

    /// The number of reads.
    pub fn reads(&self) -> usize {
        self.with(|versions| versions.reads)
    }

    /// Serves the secrets on loopback.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn serve(&self) -> Result<Server, StartError> {
        let router = Router::new().route("/", post(handle)).with_state(self.clone());
        Server::serve(0, router, Callers::Programs).await
    }

    fn with<T>(&self, act: impl FnOnce(&mut Versions) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn handle(
    State(secrets): State<LocalSecrets>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if target != "secretsmanager.GetSecretValue" {
        return refuse(StatusCode::BAD_REQUEST, "UnknownOperationException");
    }
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    secrets.with(|versions| {
        versions.reads += 1;
        if versions.away {
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError");
        }
        let stage = request["VersionStage"].as_str().unwrap_or("AWSCURRENT");
        let index = usize::from(stage == "AWSPREVIOUS");
        let name = request["SecretId"].as_str().unwrap_or_default();
        match versions.kept.get(name).and_then(|versions| versions.get(index)) {
            None => refuse(StatusCode::BAD_REQUEST, "ResourceNotFoundException"),
            Some((id, value)) => {
                let response =
                    json!({"Name": name, "VersionId": id, "SecretString": value, "VersionStages": [stage]});
                (StatusCode::OK, response.to_string())
            }
        }
    })
}

fn refuse(status: StatusCode, code: &str) -> (StatusCode, String) {
    (status, json!({"__type": code, "message": code}).to_string())
}
