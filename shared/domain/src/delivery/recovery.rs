//! The body of a request to deliver the events since a time again.

use crate::fields::Fields;
use crate::{Result, Timestamp, rules};

/// How many days back events can be delivered again: those of [`RETENTION`](super::RETENTION).
const DAYS: u32 = 30;

/// The body of a request to deliver the events since a time again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryRequest {
    /// Events that happened at this time or later are delivered.
    pub since: Timestamp,
}

impl RecoveryRequest {
    /// Parses the body of a request that takes effect `now`.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field.
    pub fn parse(mut fields: Fields, now: Timestamp) -> Result<Self> {
        let since = fields.require("since", rules::within_days(now, DAYS));
        Ok(Self { since: fields.finish_with(since)? })
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for RecoveryRequest {
    fn name() -> &'static str {
        "WebhookRecoveryRequest"
    }

    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.body(), recorder.now());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::delivery::RETENTION;

    #[test]
    fn events_can_be_delivered_again_for_as_long_as_they_are_kept() {
        assert_eq!(RETENTION, Duration::from_secs(u64::from(DAYS) * 86_400));
    }
}
