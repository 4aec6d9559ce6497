//! The body of a request to rotate the secret of an endpoint.

use std::time::Duration;

use super::WebhookSecret;
use super::secret::GivenSecret;
use crate::fields::Fields;
use crate::{Result, rules};

/// The longest grace period.
const MAX_GRACE: Duration = Duration::from_secs(604_800);
/// The grace period of a request that does not set it, in seconds.
const DEFAULT_GRACE: u64 = 86_400;

/// The body of a request to rotate the secret of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateSecret {
    /// How long the previous secret signs beside the new one.
    pub grace: Duration,
    /// `None` has one generated.
    pub secret: Option<WebhookSecret>,
}

impl RotateSecret {
    /// Parses the body.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(mut fields: Fields) -> Result<Self> {
        let grace = fields.take("gracePeriodSeconds", rules::integer(0..=MAX_GRACE.as_secs()));
        let secret = fields.take("secret", GivenSecret);
        fields.finish()?;
        Ok(Self { grace: Duration::from_secs(grace.unwrap_or(DEFAULT_GRACE)), secret })
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for RotateSecret {
    fn name() -> &'static str {
        "WebhookSecretRotation"
    }

    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body());
    }
}
