//! The deployment's secrets, read from Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use hb_domain::pepper::{Pepper, PepperVersion, Peppers};
use hb_domain::{Error, Result};

use crate::fault::fault;

/// A pepper shorter than this protects nothing.
const MIN_PEPPER: usize = 16;

/// Reads secrets; cheap to clone.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
    pepper: String,
}

impl Secrets {
    /// Secrets over this client; `pepper` is the name or ARN of the secret that peppers keys.
    pub fn new(config: aws_sdk_secretsmanager::Config, pepper: String) -> Self {
        Self { client: Client::from_conf(config), pepper }
    }

    /// The pepper that new hashes are made with.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when Secrets Manager is, or has no such secret yet.
    pub async fn pepper(&self) -> Result<Pepper> {
        let missing = || Error::Unavailable(format!("the secret {} has no current version", self.pepper));
        self.version("AWSCURRENT").await?.ok_or_else(missing)
    }

    /// Both peppers that are valid now.
    ///
    /// # Errors
    /// As [`pepper`](Self::pepper).
    pub async fn peppers(&self) -> Result<Peppers> {
        let (current, previous) = tokio::try_join!(self.pepper(), self.version("AWSPREVIOUS"))?;
        Ok(Peppers { current, previous })
    }

    async fn version(&self, stage: &str) -> Result<Option<Pepper>> {
        let answer = self.client.get_secret_value().secret_id(&self.pepper).version_stage(stage).send().await;
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
            Err(error) => return Err(Error::Unavailable(fault("GetSecretValue", error).to_string())),
        };
        let version = PepperVersion(answer.version_id().unwrap_or_default().to_owned());
        let secret = answer.secret_string().unwrap_or_default().as_bytes().to_vec();
        if secret.len() < MIN_PEPPER {
            return Err(Error::Unavailable(format!(
                "the secret {} has fewer than {MIN_PEPPER} bytes",
                self.pepper
            )));
        }
        Ok(Some(Pepper::new(version, secret)))
    }
}
