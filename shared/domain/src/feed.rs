//! A request to list a tenant's events, and the cursors of the feed.
//!
//! A cursor names the position of the last event that its reader has examined, and the time from which on no later event
//! was missing. It is bound to the tenant, but neither to types nor to a limit, so that a reader may change both.

mod payload;
mod types;

use std::time::Duration;

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;

use crate::cursor::CursorScope;
use crate::fields::Fields;
use crate::rules::{Rule, RuleResult};
use crate::{Error, Result, TenantId, Timestamp, rules};

pub use payload::{Payload, Subject};
pub use types::EventTypes;
use types::TypesInQuery;

/// How long events are listed, and cursors are valid.
pub const RETENTION: Duration = Duration::from_secs(30 * 86_400);
/// The maximum number of events of a page.
const MAX_LIMIT: u64 = 100;
/// The largest position that a sort key holds.
const MAX_POSITION: u64 = 9_999_999_999_999_999;
/// How far the clocks of two instances may be apart.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(60);
/// The least time for which a new cursor is valid. Events are kept a day longer than they are listed.
const MIN_VALIDITY: Duration = Duration::from_secs(3_600);
/// The text in place of a cursor that starts at the end of the feed.
const LATEST: &str = "latest";
/// What is wrong with a text that is no cursor of the feed.
const NO_CURSOR: &str = "is not a cursor of this feed";
/// What is wrong with a cursor behind which events may be gone.
const TOO_OLD: &str = "is older than 30 days, and events are kept for 30 days; start again without a cursor";

/// What a cursor of a feed contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedCursor {
    /// The position of the last event that was examined; 0 before the first.
    pub position: u64,
    /// Events after it were appended at this time or later.
    pub at: Timestamp,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest event that is retained.
    Oldest,
    /// After the last event.
    Latest,
    /// After the position of this cursor.
    After(FeedCursor),
}

/// A request for one page of the feed, the oldest event first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedQuery {
    /// Only events of these types; `None` for all that the caller may read.
    pub types: Option<EventTypes>,
    /// Where the page begins.
    pub start: Start,
    /// The maximum number of events, 1 to 100.
    pub limit: usize,
    cursor_scope: CursorScope,
}

impl FeedQuery {
    /// Parses the query string of a request that was received `now`.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`], or every invalid field. A cursor of another tenant, or of more than [`RETENTION`] ago, is
    /// invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId, now: Timestamp) -> Result<Self> {
        let cursor_scope = CursorScope::of(tenant, "events");
        let types = fields.take("types", TypesInQuery);
        let limit = fields.take("limit", rules::query_integer(1..=MAX_LIMIT)).unwrap_or(50);
        let start = fields.take("cursor", CursorInQuery { scope: &cursor_scope, now });
        fields.finish()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(Self { types, start: start.unwrap_or(Start::Oldest), limit, cursor_scope })
    }

    /// The text of `cursor`, bound to the tenant.
    pub fn cursor(&self, cursor: FeedCursor) -> String {
        self.cursor_scope.encode_text(&text_of(cursor))
    }
}

impl FeedCursor {
    /// The cursor after the event at `position`, which was appended at `appended_at`, in a page that is read `now`.
    pub fn after(position: u64, appended_at: Timestamp, now: Timestamp) -> Self {
        let oldest = now.minus(RETENTION.saturating_sub(MIN_VALIDITY));
        Self { position, at: appended_at.max(oldest).min(now) }
    }
}

/// The error of a cursor that belongs to no position of the feed.
pub fn invalid_cursor() -> Error {
    Error::field("cursor", NO_CURSOR)
}

/// The error of a cursor behind which events are gone.
pub fn outdated_cursor() -> Error {
    Error::field("cursor", TOO_OLD)
}

/// The rule of the parameter `cursor`.
#[derive(Clone, Copy, Debug)]
struct CursorInQuery<'s> {
    scope: &'s CursorScope,
    now: Timestamp,
}

impl Rule for CursorInQuery<'_> {
    type Value = Start;

    fn parse(&self, value: Value) -> RuleResult<Start> {
        let cursor = value.as_str().unwrap_or_default();
        if cursor == LATEST {
            return Ok(Start::Latest);
        }
        let cursor = self.scope.decode_text(cursor).and_then(|text| cursor_of(&text));
        // A cursor of the future is forged, and would be valid for longer than events are kept.
        let cursor = cursor.filter(|cursor| cursor.at <= self.now.plus(MAX_CLOCK_SKEW));
        match cursor {
            None => Err(NO_CURSOR.into()),
            Some(cursor) if cursor.at < self.now.minus(RETENTION).to_millis() => Err(TOO_OLD.into()),
            Some(cursor) => Ok(Start::After(cursor)),
        }
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({"type": "string"})
    }
}

fn text_of(cursor: FeedCursor) -> String {
    format!("{} {}", cursor.position, cursor.at.millis())
}

/// The cursor of a text. Anyone can make one, so only a text that [`text_of`] returns is accepted.
fn cursor_of(text: &str) -> Option<FeedCursor> {
    let (position, at) = text.split_once(' ')?;
    let position = position.parse().ok().filter(|position| *position <= MAX_POSITION)?;
    let cursor = FeedCursor { position, at: Timestamp::from_millis(at.parse().ok()?) };
    (text_of(cursor) == text).then_some(cursor)
}

#[cfg(feature = "describe")]
impl crate::describe::Request for FeedQuery {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.query(), &recorder.tenant(), recorder.now());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-24T12:00:00Z").expect("a time")
    }

    fn parse(tenant: &str, query: &[(&str, &str)], at: Timestamp) -> Result<FeedQuery> {
        let tenant = TenantId::parse(tenant).expect("a tenant");
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        FeedQuery::parse(Fields::of_query(query, Some(&tenant)), &tenant, at)
    }

    fn start(cursor: &str, at: Timestamp) -> Result<Start> {
        parse("acme", &[("cursor", cursor)], at).map(|query| query.start)
    }

    #[test]
    fn a_cursor_is_valid_for_thirty_days_and_says_so_afterwards() {
        let query = parse("acme", &[], now()).expect("a query");
        assert_eq!((query.start, query.limit, query.types), (Start::Oldest, 50, None));
        let after = FeedCursor { position: 7, at: now() };
        let cursor = query.cursor(after);
        let end = now().plus(RETENTION);
        for at in [now().minus(MAX_CLOCK_SKEW), now(), end] {
            assert_eq!(start(&cursor, at), Ok(Start::After(after)), "{at:?}");
        }
        assert_eq!(start(&cursor, end.plus(Duration::from_millis(1))), Err(outdated_cursor()));
        let before = now().minus(MAX_CLOCK_SKEW).minus(Duration::from_millis(1));
        assert_eq!(start(&cursor, before), Err(invalid_cursor()));
        assert_eq!(parse("globex", &[("cursor", &cursor)], now()), Err(invalid_cursor()));
        assert_eq!(parse("acme", &[("cursor", LATEST)], now()).map(|query| query.start), Ok(Start::Latest));
    }

    #[test]
    fn a_new_cursor_is_valid_for_an_hour_at_least() {
        for (appended_at, expected) in [
            (now().minus(Duration::from_secs(5)), now().minus(Duration::from_secs(5))),
            (now().minus(RETENTION), now().minus(RETENTION).plus(MIN_VALIDITY)),
            (now().plus(Duration::from_secs(5)), now()),
        ] {
            assert_eq!(FeedCursor::after(7, appended_at, now()), FeedCursor { position: 7, at: expected });
        }
    }

    proptest! {
        #[test]
        fn any_cursor_is_decoded_as_it_was_encoded(position in 0..=MAX_POSITION, age in 0_i64..2_592_000_000) {
            let query = parse("acme", &[], now()).expect("a query");
            let after = FeedCursor { position, at: Timestamp::from_millis(now().millis() - age) };
            prop_assert_eq!(start(&query.cursor(after), now()), Ok(Start::After(after)));
        }

        #[test]
        fn any_other_text_is_refused(text in "\\PC{0,40}|[0-9]{0,20} -?[0-9]{0,20}|\\+7 5|07 5|7 5 ") {
            let query = parse("acme", &[], now()).expect("a query");
            let cursor = query.cursor_scope.encode_text(&text);
            let is_refused = matches!(start(&cursor, now()), Err(Error::Validation(_)));
            prop_assert!(is_refused || cursor_of(&text).is_some_and(|cursor| text_of(cursor) == text));
            prop_assert_eq!(start(&text, now()), Err(invalid_cursor()));
        }
    }
}
