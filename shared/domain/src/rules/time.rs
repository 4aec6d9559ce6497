//! Rules for times.

use std::time::Duration;

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;

use super::number::{Integer, integer};
use super::rule::{Rule, RuleResult};
use crate::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);
/// The longest time to live, in seconds: 100 years.
const MAX_SECONDS_TO_LIVE: u64 = 100 * 31_557_600;

/// The end of the year 9999, in milliseconds since 1970.
#[cfg(feature = "describe")]
const LATEST: u64 = 253_402_300_799_999;

/// The rule of [`time()`], [`future`], [`past`] and [`within_days`].
#[derive(Clone, Copy, Debug)]
pub struct Time(Bound);

#[derive(Clone, Copy, Debug)]
enum Bound {
    None,
    After(Timestamp),
    NotAfter(Timestamp),
    Within { now: Timestamp, days: u32 },
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

/// A time of the `days` before `now`, in the forms that [`time()`] accepts.
pub const fn within_days(now: Timestamp, days: u32) -> Time {
    Time(Bound::Within { now, days })
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
            Bound::Within { now, .. } if time > now => Err("must not be in the future".into()),
            Bound::Within { now, days } if time < now.minus(DAY.saturating_mul(days)).to_millis() => {
                Err(format!("must not be more than {days} days ago"))
            }
            _ => Ok(time),
        }
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        let number = json_schema!({"type": "number", "minimum": 0, "maximum": LATEST});
        json_schema!({"anyOf": [{"type": "string", "format": "date-time"}, number]})
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

    #[test]
    fn a_time_of_the_last_days_is_neither_older_nor_in_the_future() {
        let rule = within_days(Timestamp::parse("2026-11-24T12:00:00.5Z").expect("a time"), 30);
        for (time, problem) in [
            ("2026-11-24T12:00:00.500Z", None),
            ("2026-10-25T12:00:00.500Z", None),
            ("2026-11-24T12:00:00.501Z", Some("must not be in the future")),
            ("2026-10-25T12:00:00.499Z", Some("must not be more than 30 days ago")),
        ] {
            assert_eq!(rule.parse(json!(time)).err().as_deref(), problem, "{time}");
        }
    }
}
