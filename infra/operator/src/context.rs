//! What every command needs: the store, the time, randomness, and how to speak.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use hb_domain::{Clock, Error, TenantId};
use hb_http::Entropy;
use hb_http::lambda::store_from_env;
use hb_store::Store;

/// Which deployment is meant.
#[derive(Args, Debug)]
pub(crate) struct Target {
    /// A file of NAME=value pairs, separated by blanks or lines, that are taken where the environment has none
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Where DynamoDB and Secrets Manager answer, when not at AWS
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// What every command needs.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) json: bool,
}

impl Context {
    pub(crate) fn new(target: &Target, json: bool) -> Result<Self, String> {
        let file = match &target.env_file {
            None => HashMap::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path);
                variables(&text.map_err(|error| format!("cannot read {}: {error}", path.display()))?)
            }
        };
        let variable = |name: &str| {
            let own = std::env::var(name).ok().filter(|value| !value.is_empty());
            let endpoint = target.endpoint_url.clone().filter(|_| name == "AWS_ENDPOINT_URL_DYNAMODB");
            endpoint.or(own).or_else(|| file.get(name).cloned())
        };
        let store = store_from_env(variable).map_err(|problem| {
            format!(
                "{problem}; take the variables of a local stack with --env-file .herobrain/lambda.env, those of a \
                 deployed one from its output OperatorEnvironment"
            )
        })?;
        Ok(Self { store, clock: Clock::system(), entropy: Entropy::system(), json })
    }

    /// The context in which a command uses a tenant's data.
    pub(crate) fn of_tenant(&self, tenant: &TenantId) -> hb_store::Context {
        hb_store::Context::operator(tenant, self.clock.now())
    }
}

fn variables(text: &str) -> HashMap<String, String> {
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A tenant's id as it was typed.
pub(crate) fn tenant_id(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).ok_or_else(|| {
        format!("{text:?} is not a tenant id: 1 to 128 letters, digits, hyphens and underscores")
    })
}

/// An error of the store in words for the operator, cause and all.
pub(crate) fn describe_error(error: Error) -> String {
    match error {
        Error::Internal(_) | Error::Unavailable(_) => error.to_string(),
        other => other.public_message(),
    }
}
