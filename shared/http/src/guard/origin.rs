//! The origin secret: the service may be reachable only through a CloudFront distribution, which adds a header with a
//! secret to each request. Other requests are refused before anything else is done for them.

use std::time::Duration;

use hb_domain::error::Forbidden;
use hb_domain::{Error, Result, Timestamp};
use hb_store::{Secret, SecretId, Store};
use http::{HeaderMap, HeaderName};
use subtle::{Choice, ConstantTimeEq};

use crate::secret_cache::SecretCache;

/// The header that the distribution adds.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-origin-secret");
/// How long the secret is cached. A header never causes a read, so after a rotation this is the time until every instance
/// accepts the new version.
const MAX_AGE: Duration = Duration::from_secs(300);

/// The cached origin secret, shared by all requests of the instance.
#[derive(Debug, Default)]
pub(crate) struct OriginGuard(SecretCache<OriginSecrets>);

/// The two valid versions.
struct OriginSecrets {
    current: Secret,
    previous: Option<Secret>,
}

impl OriginSecrets {
    async fn read(store: &Store) -> Result<Self> {
        let (current, previous) = store.secrets().origin_secrets().await?;
        Ok(Self { current, previous })
    }

    /// Whether `value` is one of the versions; both are compared, in constant time.
    fn accept(&self, value: &[u8]) -> bool {
        let previous =
            self.previous.as_ref().map_or(Choice::from(0), |previous| previous.value().ct_eq(value));
        (self.current.value().ct_eq(value) | previous).into()
    }
}

impl OriginGuard {
    /// Checks the header, if the deployment has an origin secret.
    ///
    /// # Errors
    /// [`Error::Forbidden`] if the header is missing, repeated or wrong, [`Error::Unavailable`] if the secret cannot be read.
    pub(crate) async fn check(&self, store: &Store, headers: &HeaderMap, now: Timestamp) -> Result<()> {
        if !store.secrets().has(SecretId::OriginSecret) {
            return Ok(());
        }
        let refused = Error::Forbidden(Forbidden::DirectAccess);
        let mut values = headers.get_all(HEADER).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Err(refused) };
        let secrets = self.0.get_fresh(now, MAX_AGE, OriginSecrets::read(store)).await?;
        if secrets.accept(value.as_bytes()) { Ok(()) } else { Err(refused) }
    }

    /// Reads the secret ahead of the first request, if the deployment has one.
    pub(crate) async fn warm_up(&self, store: &Store, now: Timestamp) -> Result<()> {
        if store.secrets().has(SecretId::OriginSecret) {
            self.0.get(now, OriginSecrets::read(store)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hb_store::aws::Aws;
    use hb_store::{SecretNames, Secrets, Tables};
    use http::HeaderValue;

    use super::*;

    /// API Gateway joins repeated headers; other callers of the function may not.
    #[tokio::test]
    async fn a_missing_or_repeated_header_is_refused_without_a_read_of_the_secret() {
        let aws = Aws::local("http://127.0.0.1:1".into(), "http://127.0.0.1:1".into());
        let names = SecretNames::new(|id| Ok::<_, String>(Some(id.name().to_owned()))).expect("names");
        let store = Store::new(aws.dynamodb(), Tables::local(), Secrets::new(aws.secrets(), names));
        let now = Timestamp::from_millis(0);
        let mut headers = HeaderMap::new();
        let refused = Err(Error::Forbidden(Forbidden::DirectAccess));
        assert_eq!(OriginGuard::default().check(&store, &headers, now).await, refused);
        headers.append(HEADER, HeaderValue::from_static("a"));
        headers.append(HEADER, HeaderValue::from_static("a"));
        assert_eq!(OriginGuard::default().check(&store, &headers, now).await, refused);
        headers.remove(HEADER);
        headers.append(HEADER, HeaderValue::from_static("a"));
        let unread = OriginGuard::default().check(&store, &headers, now).await;
        assert!(matches!(unread, Err(Error::Unavailable(_))), "{unread:?}");
    }
}
