//! A request to list the attempts to deliver to an endpoint, and the cursors of that list.
//!
//! The list has two parts: the attempts, newest first, and behind them the deliveries that wait for their first attempt, in the
//! order in which they are due. A cursor names the last entry that was examined. It is bound to tenant, endpoint and status.

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;

use super::DeliveryStatus;
use crate::cursor::CursorScope;
use crate::event::EventId;
use crate::fields::Fields;
use crate::rules::{Rule, RuleResult};
use crate::{Result, TenantId, Timestamp, WebhookId, rules};

/// The maximum number of entries of a page.
const MAX_LIMIT: u64 = 100;
/// The number of entries of a page that sets no limit.
const DEFAULT_LIMIT: u64 = 50;
/// The latest time in milliseconds that a sort key holds.
const MAX_MILLIS: i64 = 9_999_999_999_999;
/// The largest number of an attempt that a sort key holds.
const MAX_NUMBER: u64 = 99;
/// What is wrong with any other cursor.
const NO_CURSOR: &str = "is not a cursor of the deliveries of this webhook with this status";

/// An entry of the list: where the next page continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogPosition {
    /// An attempt in the log.
    Attempt {
        /// When it began.
        at: Timestamp,
        /// The event.
        event_id: EventId,
        /// Its number.
        number: u64,
    },
    /// A delivery that waits.
    Waiting {
        /// When the next attempt is due.
        due_at: Timestamp,
        /// The event.
        event_id: EventId,
    },
}

/// A request for one page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryLogQuery {
    /// Only entries of this status.
    pub status: Option<DeliveryStatus>,
    /// The entry behind which the page begins; `None` for the first page.
    pub after: Option<LogPosition>,
    /// The maximum number of entries, 1 to 100.
    pub limit: usize,
    cursor_scope: CursorScope,
}

impl DeliveryLogQuery {
    /// Parses the query string of a request about an endpoint.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field. A cursor of another tenant, endpoint or
    /// status is invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId, endpoint: &WebhookId) -> Result<Self> {
        let status = fields.take("status", rules::one_of::<DeliveryStatus>());
        let limit = fields.take("limit", rules::query_integer(1..=MAX_LIMIT)).unwrap_or(DEFAULT_LIMIT);
        let cursor_scope = CursorScope::of(tenant, "deliveries")
            .with(endpoint.as_str())
            .with(status.as_ref().map(|status| status.as_str()));
        let after = fields.take("cursor", CursorInQuery { scope: &cursor_scope, status });
        fields.finish()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(Self { status, after, limit, cursor_scope })
    }

    /// The cursor of the entries behind `position`.
    pub fn cursor(&self, position: &LogPosition) -> String {
        self.cursor_scope.encode_text(&text_of(position))
    }

    /// Whether the list has attempts. Every attempt has another status than a delivery that waits.
    pub fn has_attempts(&self) -> bool {
        has_attempts(self.status)
    }

    /// Whether the list has deliveries that wait for their first attempt.
    pub fn has_waiting(&self) -> bool {
        has_waiting(self.status)
    }
}

fn has_attempts(status: Option<DeliveryStatus>) -> bool {
    status != Some(DeliveryStatus::Pending)
}

fn has_waiting(status: Option<DeliveryStatus>) -> bool {
    status.is_none_or(|status| status == DeliveryStatus::Pending)
}

/// The rule of the parameter `cursor`.
#[derive(Clone, Copy, Debug)]
struct CursorInQuery<'s> {
    scope: &'s CursorScope,
    status: Option<DeliveryStatus>,
}

impl Rule for CursorInQuery<'_> {
    type Value = LogPosition;

    fn parse(&self, value: Value) -> RuleResult<LogPosition> {
        let text = value.as_str().and_then(|cursor| self.scope.decode_text(cursor));
        let position = text.and_then(|text| position_of(&text)).filter(|position| match position {
            LogPosition::Attempt { .. } => has_attempts(self.status),
            LogPosition::Waiting { .. } => has_waiting(self.status),
        });
        position.ok_or_else(|| NO_CURSOR.into())
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({"type": "string"})
    }
}

fn text_of(position: &LogPosition) -> String {
    match position {
        LogPosition::Attempt { at, event_id, number } => format!("a {} {event_id} {number}", at.millis()),
        LogPosition::Waiting { due_at, event_id } => format!("w {} {event_id}", due_at.millis()),
    }
}

/// The position of a text. Anyone can make one, so only a text that [`text_of`] returns is accepted.
fn position_of(text: &str) -> Option<LogPosition> {
    let mut parts = text.split(' ');
    let kind = parts.next()?;
    let millis = parts.next()?.parse().ok().filter(|millis| (0..=MAX_MILLIS).contains(millis))?;
    let (time, event_id) = (Timestamp::from_millis(millis), EventId::parse(parts.next()?)?);
    let position = match kind {
        "a" => {
            let number = parts.next()?.parse().ok().filter(|number| *number <= MAX_NUMBER)?;
            LogPosition::Attempt { at: time, event_id, number }
        }
        "w" => LogPosition::Waiting { due_at: time, event_id },
        _ => return None,
    };
    (text_of(&position) == text).then_some(position)
}

#[cfg(feature = "describe")]
impl crate::describe::Request for DeliveryLogQuery {
    fn record(recorder: &crate::describe::Recorder) {
        let endpoint = WebhookId::parse("whk_0000000000000000");
        let _ = endpoint.map(|endpoint| Self::parse(recorder.query(), &recorder.tenant(), &endpoint));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    const ENDPOINT: &str = "whk_0123456789abcdef";

    fn parse(tenant: &str, endpoint: &str, query: &[(&str, &str)]) -> Result<DeliveryLogQuery> {
        let tenant = TenantId::parse(tenant).expect("a tenant");
        let endpoint = WebhookId::parse(endpoint).expect("an endpoint");
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        DeliveryLogQuery::parse(Fields::of_query(query, Some(&tenant)), &tenant, &endpoint)
    }

    fn positions(millis: i64, number: u64) -> [LogPosition; 2] {
        let (at, event_id) = (Timestamp::from_millis(millis), EventId::derive("t", &number.to_string(), 0));
        let waiting = LogPosition::Waiting { due_at: at, event_id: event_id.clone() };
        [LogPosition::Attempt { at, event_id, number }, waiting]
    }

    #[test]
    fn a_cursor_is_valid_for_its_tenant_endpoint_and_status_only() {
        let [attempt, waiting] = positions(1_795_521_600_000, 3);
        for (status, position) in
            [(None, &attempt), (None, &waiting), (Some("failed"), &attempt), (Some("pending"), &waiting)]
        {
            let status: Vec<_> = status.map(|status| ("status", status)).into_iter().collect();
            let query = parse("acme", ENDPOINT, &status).expect("a query");
            let cursor = query.cursor(position);
            let with = |status: &[(&'static str, &'static str)]| {
                [status, &[("cursor", cursor.as_str())]].concat().into_iter().collect::<Vec<_>>()
            };
            let next = parse("acme", ENDPOINT, &with(&status)).expect("a query");
            assert_eq!(next.after.as_ref(), Some(position));
            let refused = Err(Error::field("cursor", NO_CURSOR));
            assert_eq!(parse("globex", ENDPOINT, &with(&status)), refused);
            assert_eq!(parse("acme", "whk_0123456789abcdeg", &with(&status)), refused);
            assert_eq!(parse("acme", ENDPOINT, &with(&[("status", "exhausted")])), refused);
        }
        // No page of the one part continues in the other.
        for (status, position) in [("failed", &waiting), ("pending", &attempt)] {
            let cursor = parse("acme", ENDPOINT, &[("status", status)]).expect("a query").cursor(position);
            assert!(parse("acme", ENDPOINT, &[("status", status), ("cursor", &cursor)]).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_cursor_is_decoded_as_it_was_encoded(millis in 0..=MAX_MILLIS, number in 0..=MAX_NUMBER) {
            for position in positions(millis, number) {
                let cursor = parse("acme", ENDPOINT, &[]).expect("a query").cursor(&position);
                let next = parse("acme", ENDPOINT, &[("cursor", &cursor)]).expect("a query");
                prop_assert_eq!(next.after, Some(position));
            }
        }

        #[test]
        fn any_other_text_is_refused(text in "\\PC{0,40}|[aw] [0-9+-]{1,15} evt_[0-9a-z]{25}( [0-9+]{1,3})?( x)?") {
            let query = parse("acme", ENDPOINT, &[]).expect("a query");
            let cursor = query.cursor_scope.encode_text(&text);
            let is_refused = parse("acme", ENDPOINT, &[("cursor", &cursor)]).is_err();
            prop_assert!(is_refused || position_of(&text).is_some_and(|position| text_of(&position) == text));
            prop_assert!(parse("acme", ENDPOINT, &[("cursor", &text)]).is_err());
        }
    }
}
