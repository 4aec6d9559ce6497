//! What every command needs: the store, the clock, randomness and the output format.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use hb_domain::{Clock, Error, TenantId};
use hb_http::Entropy;
use hb_http::lambda::{file_variables, store_from_env};
use hb_store::Store;

/// The deployment to operate on.
#[derive(Args, Debug)]
pub(crate) struct Target {
    /// A file of NAME=value pairs, separated by spaces or lines. Variables of the environment take precedence
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// The endpoint of both DynamoDB and Secrets Manager, instead of AWS's own. It takes precedence over variables
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<String>,
}

impl Target {
    /// The options, quoted for a shell.
    fn options(&self) -> String {
        let file = self.env_file.as_ref().map(|path| ("--env-file", path.display().to_string()));
        let url = self.endpoint_url.as_ref().map(|url| ("--endpoint-url", url.clone()));
        let quoted = |(name, value): (&str, String)| format!(" {name} {}", quote(&value));
        file.into_iter().chain(url).map(quoted).collect()
    }
}

/// A word of a shell's command line.
fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// The variables of the endpoints of both services.
const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SECRETS_MANAGER"];

/// What every command needs.
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) json: bool,
    /// The address at which clients reach the API, if it is configured.
    pub(crate) public_url: Option<String>,
    /// The options of the target as they were given, to be appended to another command.
    pub(crate) target_options: String,
}

impl Context {
    pub(crate) fn new(target: &Target, json: bool) -> Result<Self, String> {
        let file = match &target.env_file {
            None => HashMap::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path);
                file_variables(&text.map_err(|error| format!("cannot read {}: {error}", path.display()))?)
            }
        };
        let variable = |name: &str| {
            let own = std::env::var(name).ok().filter(|value| !value.is_empty());
            let endpoint = target.endpoint_url.clone().filter(|_| ENDPOINTS.contains(&name));
            endpoint.or(own).or_else(|| file.get(name).cloned().filter(|value| !value.is_empty()))
        };
        let public_url = variable("PUBLIC_URL");
        let store = store_from_env(variable).map_err(|problem| {
            format!(
                "{problem}; for a local stack use --env-file .herobrain/lambda.env, for a deployed one put its output \
                 OperatorEnvironment into a file"
            )
        })?;
        let target_options = target.options();
        Ok(Self {
            store,
            clock: Clock::system(),
            entropy: Entropy::system(),
            json,
            public_url,
            target_options,
        })
    }

    /// The context in which a command uses a tenant's data.
    pub(crate) fn of_tenant(&self, tenant: &TenantId) -> hb_store::Context {
        hb_store::Context::operator(tenant, self.clock.now())
    }
}

/// Parses a tenant's id.
pub(crate) fn tenant_id(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).ok_or_else(|| {
        format!("{text:?} is not a tenant id: 1 to 128 letters, digits, hyphens and underscores")
    })
}

/// The message of an error for the operator, with its cause.
pub(crate) fn describe_error(error: Error) -> String {
    match error {
        Error::Internal(_) | Error::Unavailable(_) => error.to_string(),
        other => other.public_message(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_a_target_are_quoted_for_a_shell() {
        let target = Target {
            env_file: Some("/tmp/it's here/lambda.env".into()),
            endpoint_url: Some("http://127.0.0.1:8000".into()),
        };
        let expected = r" --env-file '/tmp/it'\''s here/lambda.env' --endpoint-url http://127.0.0.1:8000";
        assert_eq!(target.options(), expected);
        assert_eq!(Target { env_file: None, endpoint_url: None }.options(), "");
    }
}
