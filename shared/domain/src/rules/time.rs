//! Rules for times.

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;

use super::number::{Integer, integer};
use super::rule::{Rule, RuleResult};
use crate::Timestamp;

/// The longest time to live, in seconds: 100 years.
const MAX_SECONDS_TO_LIVE: u64 = 100 * 31_557_600;

/// The rule of [`time()`], [`future`] and [`past`].
#[derive(Clone, Copy, Debug)]
pub struct Time(Bound);

#[derive(Clone, Copy, Debug)]
enum Bound {
    None,
    After(Timestamp),
    NotAfter(Timestamp),
}

/// Any time: ISO 8601 with a zone, or a number since 1970 (milliseconds from 10^11 on, seconds below).
pub const fn time() -> Time {
    Time(Bound::None)
}

/// A time after `now`, in the forms that [`time()`] accepts.
pub const fn future(now: Timestamp) -> Time {
    Time(Bound::After(now))
}

/// A time not after `latest`, in the forms that [`time()`] accepts.
pub const fn past(latest: Timestamp) -> Time {
    Time(Bound::NotAfter(latest))
}

/// A time to live: whole seconds, up to 100 years.
pub const fn seconds_to_live() -> Integer {
    integer(1..=MAX_SECONDS_TO_LIVE)
}

impl Rule for Time {
    type Value = Timestamp;

    fn parse(&self, value: Value) -> RuleResult<Timestamp> {
        let time = match &value {
            Value::String(text) => Timestamp::parse(text),
            Value::Number(number) => number.as_f64().and_then(Timestamp::from_number),
            _ => None,
        };
        let time = time.map(Timestamp::to_millis).ok_or(
            "must be a time with a zone such as 2027-01-31T00:00:00Z, or a number, from 1970 to 9999",
        )?;
        match self.0 {
            Bound::After(now) if time <= now => Err("must be in the future".into()),
            Bound::NotAfter(latest) if time > latest => Err("must not be in the future".into()),
            _ => Ok(time),
        }
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}]})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn past_times_and_times_without_zone_are_refused() {
        let rule = future(Timestamp::parse("2026-11-24T00:00:00Z").expect("a time"));
        assert!(rule.parse(json!("2026-11-24T00:00:00.001Z")).is_ok());
        assert!(rule.parse(json!(1_800_000_000)).is_ok());
        for value in [
            json!("2026-11-24T00:00:00Z"),
            json!(0),
            json!("2027-01-31"),
            json!(true),
            json!(-1),
            json!(1e300),
        ] {
            assert!(rule.parse(value).is_err());
        }
    }
}
