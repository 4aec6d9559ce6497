//! The deployment's secrets, read from Secrets Manager.

use std::fmt;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use hb_domain::pepper::{Pepper, PepperVersion, Peppers};
use hb_domain::{Error, Result};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::sdk_error::map_sdk_error;

/// The shortest secret that is accepted, in bytes.
const MIN_LENGTH: usize = 16;

/// Reads secrets; cheap to clone.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
    names: SecretNames,
}

/// A secret, by its purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumCount, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum SecretId {
    /// The key of the HMACs under which API keys are stored.
    Pepper,
    /// The secret from which the keys that sign access tokens are derived.
    TokenSecret,
    /// The secret from which the key that encrypts the secrets of webhook endpoints is derived.
    WebhookKey,
    /// The secret that CloudFront adds to each request. Optional.
    OriginSecret,
}

impl SecretId {
    /// The secret's name in messages, and on a local stack: `token-secret`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The resource in `template.yaml`: `TokenSecret`.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Pepper => "Pepper",
            Self::TokenSecret => "TokenSecret",
            Self::WebhookKey => "WebhookKey",
            Self::OriginSecret => "OriginSecret",
        }
    }

    /// The environment variable that holds the secret's name or ARN: `TOKEN_SECRET`.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Pepper => "PEPPER_SECRET",
            Self::TokenSecret => "TOKEN_SECRET",
            Self::WebhookKey => "WEBHOOK_KEY_SECRET",
            Self::OriginSecret => "ORIGIN_SECRET",
        }
    }

    /// Whether a deployment may do without it.
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::OriginSecret)
    }
}

/// The names or ARNs of the secrets in one deployment; `None` for an optional secret that it does not have.
#[derive(Clone, Debug)]
pub struct SecretNames([Option<String>; SecretId::COUNT]);

impl SecretNames {
    /// The names that `name` returns.
    ///
    /// # Errors
    /// The first of `name`.
    pub fn new<E>(
        mut name: impl FnMut(SecretId) -> std::result::Result<Option<String>, E>,
    ) -> std::result::Result<Self, E> {
        let mut names = [const { None }; SecretId::COUNT];
        for id in SecretId::VARIANTS {
            names[*id as usize] = name(*id)?;
        }
        Ok(Self(names))
    }

    /// The names in a local stack, which has no optional secret.
    pub fn local() -> Self {
        let name = |id: SecretId| (!id.is_optional()).then(|| id.name().to_owned());
        Self(std::array::from_fn(|index| name(SecretId::VARIANTS[index])))
    }

    fn name(&self, id: SecretId) -> Result<&str> {
        let missing = || Error::Internal(format!("this deployment has no secret {}", id.name()));
        self.0[id as usize].as_deref().ok_or_else(missing)
    }
}

/// One version of a secret. `Debug` shows the version only.
#[derive(Clone)]
pub struct Secret {
    version: String,
    value: Vec<u8>,
}

impl Secret {
    /// The version's id, as Secrets Manager names it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The secret's value.
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
    /// Secrets with these names, read with this configuration.
    pub fn new(config: aws_sdk_secretsmanager::Config, names: SecretNames) -> Self {
        Self { client: Client::from_conf(config), names }
    }

    /// The current pepper, under which new keys are hashed.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if Secrets Manager is unavailable or has no such secret.
    pub async fn pepper(&self) -> Result<Pepper> {
        self.current(self.names.name(SecretId::Pepper)?).await.map(Pepper::from)
    }

    /// The current pepper and the previous one, which are both valid.
    ///
    /// # Errors
    /// As [`pepper`](Self::pepper).
    pub async fn peppers(&self) -> Result<Peppers> {
        let (current, previous) = self.both(SecretId::Pepper).await?;
        Ok(Peppers { current: current.into(), previous: previous.map(Pepper::from) })
    }

    /// The current token secret and the previous one, which are both valid.
    ///
    /// # Errors
    /// As [`pepper`](Self::pepper).
    pub async fn token_secrets(&self) -> Result<(Secret, Option<Secret>)> {
        self.both(SecretId::TokenSecret).await
    }

    /// The current secret of webhook endpoints and the previous one, which are both valid.
    ///
    /// # Errors
    /// As [`pepper`](Self::pepper).
    pub async fn webhook_keys(&self) -> Result<(Secret, Option<Secret>)> {
        self.both(SecretId::WebhookKey).await
    }

    /// The current origin secret and the previous one, which are both valid.
    ///
    /// # Errors
    /// As [`pepper`](Self::pepper); [`Error::Internal`] if the deployment does not [have](Self::has) one.
    pub async fn origin_secrets(&self) -> Result<(Secret, Option<Secret>)> {
        self.both(SecretId::OriginSecret).await
    }

    /// Whether the deployment has this secret.
    pub const fn has(&self, id: SecretId) -> bool {
        self.names.0[id as usize].is_some()
    }

    /// Reads both versions of a secret, to check that they are accessible.
    ///
    /// # Errors
    /// As [`pepper`](Self::pepper).
    pub async fn check(&self, id: SecretId) -> Result<()> {
        self.both(id).await.map(|_| ())
    }

    async fn both(&self, id: SecretId) -> Result<(Secret, Option<Secret>)> {
        let name = self.names.name(id)?;
        tokio::try_join!(self.current(name), self.version(name, "AWSPREVIOUS"))
    }

    async fn current(&self, name: &str) -> Result<Secret> {
        let missing = || Error::Unavailable(format!("the secret {name} has no current version"));
        self.version(name, "AWSCURRENT").await?.ok_or_else(missing)
    }

    async fn version(&self, name: &str, stage: &str) -> Result<Option<Secret>> {
        let response = self.client.get_secret_value().secret_id(name).version_stage(stage).send().await;
        let response = match response {
            Ok(response) => response,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                return Ok(None);
            }
            // Also a missing permission is `Unavailable`: once the operator has granted it, the same request succeeds.
            Err(error) => return Err(Error::Unavailable(map_sdk_error("GetSecretValue", error).to_string())),
        };
        let version = response.version_id().unwrap_or_default().to_owned();
        let value = response.secret_string().unwrap_or_default().as_bytes().to_vec();
        if value.len() < MIN_LENGTH {
            return Err(Error::Unavailable(format!("the secret {name} has fewer than {MIN_LENGTH} bytes")));
        }
        Ok(Some(Secret { version, value }))
    }
}
