//! The deployment's secrets, read from Secrets Manager.

use std::fmt;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use hb_domain::pepper::{Pepper, PepperVersion, Peppers};
use hb_domain::{Error, Result};

use crate::sdk_error::map_sdk_error;

/// A secret shorter than this protects nothing.
const MIN_LENGTH: usize = 16;

/// Reads secrets; cheap to clone.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
    names: SecretNames,
}

/// The names or ARNs of the deployment's secrets.
#[derive(Clone, Debug)]
pub struct SecretNames {
    /// Peppers keys.
    pub pepper: String,
    /// Gives the key that signs tokens.
    pub token: String,
}

/// One version of a secret. `Debug` shows the version only.
#[derive(Clone)]
pub struct Secret {
    version: String,
    value: Vec<u8>,
}

impl Secret {
    /// The secret itself.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.version)
    }
}

impl From<Secret> for Pepper {
    fn from(secret: Secret) -> Self {
        Self::new(PepperVersion(secret.version), secret.value)
    }
}

impl Secrets {
    /// Secrets of these names over this client.
    pub fn new(config: aws_sdk_secretsmanager::Config, names: SecretNames) -> Self {
        Self { client: Client::from_conf(config), names }
    }

    /// The pepper that new hashes are made with.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when Secrets Manager is, or has no such secret yet.
    pub async fn pepper(&self) -> Result<Pepper> {
        self.current(&self.names.pepper).await.map(Pepper::from)
    }

    /// Both peppers that are valid now.
    ///
    /// # Errors
    /// As [`pepper`](Self::pepper).
    pub async fn peppers(&self) -> Result<Peppers> {
        let (current, previous) = self.both(&self.names.pepper).await?;
        Ok(Peppers { current: current.into(), previous: previous.map(Pepper::from) })
    }

    /// Both secrets that tokens may be signed by now: the current one, and the one before.
    ///
    /// # Errors
    /// As [`pepper`](Self::pepper).
    pub async fn token_secrets(&self) -> Result<(Secret, Option<Secret>)> {
        self.both(&self.names.token).await
    }

    async fn both(&self, name: &str) -> Result<(Secret, Option<Secret>)> {
        tokio::try_join!(self.current(name), self.version(name, "AWSPREVIOUS"))
    }

    async fn current(&self, name: &str) -> Result<Secret> {
        let missing = || Error::Unavailable(format!("the secret {name} has no current version"));
        self.version(name, "AWSCURRENT").await?.ok_or_else(missing)
    }

    async fn version(&self, name: &str, stage: &str) -> Result<Option<Secret>> {
        let answer = self.client.get_secret_value().secret_id(name).version_stage(stage).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                return Ok(None);
            }
            // A secret that cannot be read is an outage to the caller, whatever its cause: a missing
            // permission is mended by the operator, and the same request then works.
            Err(error) => return Err(Error::Unavailable(map_sdk_error("GetSecretValue", error).to_string())),
        };
        let version = answer.version_id().unwrap_or_default().to_owned();
        let value = answer.secret_string().unwrap_or_default().as_bytes().to_vec();
        if value.len() < MIN_LENGTH {
            return Err(Error::Unavailable(format!("the secret {name} has fewer than {MIN_LENGTH} bytes")));
        }
        Ok(Some(Secret { version, value }))
    }
}
