//! Configuration of the AWS clients, read from the environment of a Lambda function. The SDK's default provider chain is
//! not used, because it slows a cold start down.

use std::net::IpAddr;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use http::Uri;

/// The settings of the AWS clients.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The region, `us-east-1`.
    pub region: String,
    /// The credentials that sign the calls.
    pub credentials: Credentials,
    /// DynamoDB's endpoint; `None` for AWS's own.
    pub dynamodb_url: Option<String>,
    /// Secrets Manager's endpoint; `None` for AWS's own.
    pub secrets_url: Option<String>,
    /// SQS's endpoint; `None` for AWS's own. Only consumers of streams use it.
    pub sqs_url: Option<String>,
    /// The HTTP client.
    pub http: SharedHttpClient,
}

/// The configuration of a client of the service `$sdk` at this endpoint. The builders of the SDK share no trait.
macro_rules! client_config {
    ($aws:expr, $sdk:ident, $url:expr) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new($aws.region.clone()))
            .credentials_provider($aws.credentials.clone())
            .http_client($aws.http.clone())
            .retry_config(retries())
            .timeout_config(TimeLimits::of_endpoint($url.as_deref()).config());
        // The SDK counts the retries of a process by partition, and all endpoints of a service are one by default. In tests
        // the failures of one emulator would use up the retries of the others.
        let partition = |url: &String| $sdk::config::retry::RetryPartition::new(format!("{} {url}", stringify!($sdk)));
        config.set_retry_partition($url.as_ref().map(partition));
        config.set_endpoint_url($url.clone());
        config.build()
    }};
}

impl Aws {
    /// Reads the variables that Lambda and the AWS tools set.
    ///
    /// # Errors
    /// The name of the variable that is missing.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let required = |name: &str| variable(name).ok_or_else(|| format!("{name} is not set"));
        let any_service = variable("AWS_ENDPOINT_URL");
        Ok(Self {
            region: required("AWS_REGION")
                .or_else(|_| required("AWS_DEFAULT_REGION"))
                .map_err(|_| "AWS_REGION is not set")?,
            credentials: Credentials::from_keys(
                required("AWS_ACCESS_KEY_ID")?,
                required("AWS_SECRET_ACCESS_KEY")?,
                variable("AWS_SESSION_TOKEN"),
            ),
            dynamodb_url: variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| any_service.clone()),
            secrets_url: variable("AWS_ENDPOINT_URL_SECRETS_MANAGER").or_else(|| any_service.clone()),
            sqs_url: variable("AWS_ENDPOINT_URL_SQS").or(any_service),
            http: https(),
        })
    }

    /// An emulator on this machine, with credentials that it does not check.
    pub fn local(dynamodb_url: String, secrets_url: String) -> Self {
        let is_plain = [&dynamodb_url, &secrets_url].iter().all(|url| !url.starts_with("https:"));
        Self {
            region: "us-east-1".into(),
            credentials: Credentials::from_keys("local", "local", None),
            dynamodb_url: Some(dynamodb_url),
            secrets_url: Some(secrets_url),
            sqs_url: None,
            http: if is_plain { http() } else { https() },
        }
    }

    /// The same emulator with this endpoint of SQS.
    #[must_use]
    pub fn with_sqs(self, url: String) -> Self {
        Self { sqs_url: Some(url), ..self }
    }

    /// The configuration of DynamoDB's client.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Config {
        client_config!(self, aws_sdk_dynamodb, self.dynamodb_url)
    }

    /// The configuration of Secrets Manager's client.
    pub fn secrets(&self) -> aws_sdk_secretsmanager::Config {
        client_config!(self, aws_sdk_secretsmanager, self.secrets_url)
    }

    /// The configuration of SQS's client.
    pub fn sqs(&self) -> aws_sdk_sqs::Config {
        client_config!(self, aws_sdk_sqs, self.sqs_url)
    }
}

/// Two retries after short pauses, because the caller waits at the gateway. The SDK's default begins with one second.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500))
}

/// How long a call may take before it counts as failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimeLimits {
    connect: Duration,
    /// The limit for each attempt.
    attempt: Duration,
    /// The limit for all attempts of one call, with the pauses between them.
    operation: Duration,
}

impl TimeLimits {
    /// A function times out after 29 s, and an import starts its last lines after 20 s at the latest: three consecutive
    /// writes that all time out, and a read of three attempts, have to fit into the rest.
    const AWS: Self = Self {
        connect: Duration::from_secs(1),
        attempt: Duration::from_secs(2),
        operation: Duration::from_secs(5),
    };
    /// An emulator shares the processor with its callers, so that a slow response means a busy machine. Only a hang
    /// reaches these limits.
    const LOOPBACK: Self = Self {
        connect: Duration::from_secs(60),
        attempt: Duration::from_secs(120),
        operation: Duration::from_secs(300),
    };

    /// The limits for calls to `url`; `None` is AWS's own endpoint.
    fn of_endpoint(url: Option<&str>) -> Self {
        let is_local = url.and_then(|url| url.trim().parse().ok()).is_some_and(|uri| is_loopback(&uri));
        if is_local { Self::LOOPBACK } else { Self::AWS }
    }

    fn config(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }
}

/// Whether the host of `uri` is this machine: `localhost` or a loopback address.
pub fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// How long an idle connection is kept. A function that was frozen for longer opens a new connection, because the server
/// may have closed the old one.
const IDLE: Duration = Duration::from_secs(20);

/// An HTTP client without TLS, which reads no certificates.
fn http() -> SharedHttpClient {
    Builder::new().pool_idle_timeout(IDLE).build_http()
}

/// An HTTP client with TLS by rustls over aws-lc-rs, the only TLS provider of a binary.
fn https() -> SharedHttpClient {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    Builder::new().pool_idle_timeout(IDLE).tls_provider(provider).build_https()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_emulator_on_this_machine_has_long_time_limits() {
        for url in [
            "http://127.0.0.1:8000",
            "http://localhost:4566/",
            "http://[::1]:1",
            "http://127.9.9.9",
            "HTTP://LOCALHOST",
        ] {
            assert_eq!(TimeLimits::of_endpoint(Some(url)), TimeLimits::LOOPBACK, "{url}");
        }
        for url in [
            "https://dynamodb.eu-west-1.amazonaws.com",
            "http://127.0.0.1.evil.example",
            "http://10.0.0.1",
            "",
            "127",
        ] {
            assert_eq!(TimeLimits::of_endpoint(Some(url)), TimeLimits::AWS, "{url}");
        }
        assert_eq!(TimeLimits::of_endpoint(None), TimeLimits::AWS);
    }
}
