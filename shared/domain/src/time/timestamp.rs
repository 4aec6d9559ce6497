//! Moments in UTC.
//!
//! A moment is a whole number of microseconds, since rate limits are counted in them; resources of the API have
//! milliseconds.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime, UtcOffset};

/// The last representable moment, 9999-12-31T23:59:59.999999Z, in microseconds.
const MAX_MICROS: i64 = 253_402_300_799_999_999;
/// The length of a date in the extended format.
const DATE: usize = "2027-01-31".len();

/// A moment in microseconds since 1970-01-01T00:00:00Z; 0 to the end of the year 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last representable moment, 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(MAX_MICROS);

    /// The moment `micros` microseconds after 1970, clamped to the representable range.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < 0 {
            Self(0)
        } else if micros > MAX_MICROS {
            Self(MAX_MICROS)
        } else {
            Self(micros)
        }
    }

    /// The moment `millis` milliseconds after 1970, clamped to the representable range.
    pub const fn from_millis(millis: i64) -> Self {
        Self::from_micros(millis.saturating_mul(1_000))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970, rounded down.
    pub const fn millis(self) -> i64 {
        self.0 / 1_000
    }

    /// Whole seconds since 1970, rounded up, so that a client that waits until then waits long enough.
    pub const fn seconds_rounded_up(self) -> i64 {
        (self.0 + 999_999) / 1_000_000
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0 / 1_000_000
    }

    /// This moment, rounded down to the millisecond: the precision of resources.
    #[must_use]
    pub const fn to_millis(self) -> Self {
        Self(self.0 - self.0 % 1_000)
    }

    /// The moment `delay` later, at most the end of the year 9999.
    #[must_use]
    pub fn plus(self, delay: Duration) -> Self {
        let micros = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// The moment `time` earlier, at least 1970.
    #[must_use]
    pub fn minus(self, time: Duration) -> Self {
        let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// Parses a time with a zone, in the format of RFC 3339 (`2027-01-31T00:00:00Z`, `…+02:00`) or another one of ISO 8601
    /// (`2027-01-31T00:00Z`, `…+0200`, `20270131T000000Z`). A space may stand for the `T`. `None` for anything else, for
    /// times before 1970 and for times after 9999. Digits finer than a microsecond are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let text = with_usual_letters(text);
        // The parser of RFC 3339 accepts any separator.
        let has_separator = text.as_bytes().get(DATE) == Some(&b'T');
        let nanos = match OffsetDateTime::parse(&text, &Rfc3339) {
            Ok(time) if has_separator => time.unix_timestamp_nanos(),
            // This parser reads fractions as floating-point numbers: the nearest microsecond is the one that was written.
            _ => {
                let (date, time) = text.split_once('T')?;
                if is_ambiguous(date, time) {
                    return None;
                }
                let time = OffsetDateTime::parse(&text, &Iso8601::PARSING).ok()?;
                let is_offset = time.offset().whole_hours().unsigned_abs() < 24;
                is_offset.then(|| time.unix_timestamp_nanos() + 500)?
            }
        };
        Self::in_range(i64::try_from(nanos / 1_000).ok()?)
    }

    /// Converts a number since 1970: milliseconds from 10^11 on, seconds below; `None` when it is
    /// negative, not finite or after 9999.
    pub fn from_number(number: f64) -> Option<Self> {
        const FIRST_MILLISECONDS: f64 = 1e11;
        let micros = if number >= FIRST_MILLISECONDS { number * 1e3 } else { number * 1e6 };
        if !(0.0..=MAX_MICROS as f64).contains(&micros) {
            return None;
        }
        Self::in_range(micros as i64)
    }

    fn in_range(micros: i64) -> Option<Self> {
        (0..=MAX_MICROS).contains(&micros).then_some(Self(micros))
    }

    pub(super) fn date(self) -> Date {
        self.offset_date_time().date()
    }

    fn offset_date_time(self) -> OffsetDateTime {
        // The range of the type is within the range of `OffsetDateTime`, so the fallback is never taken.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(UtcOffset::UTC)
    }
}

/// Whether the parser of ISO 8601 accepts what may have been meant otherwise: a day of the year without hyphen (`2027031`),
/// which is also a date that has lost a digit, and a time with colons between some of its parts.
fn is_ambiguous(date: &str, time: &str) -> bool {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let clock = time.split(['Z', '+', '-']).next().unwrap_or_default();
    (date.len() == "2027031".len() && is_digits(date))
        || (clock.contains(':') && clock.split([':', '.', ',']).any(|part| part.len() == 4))
}

/// `text` with `T` between date and time, where it is a space or `t`, and with `Z` in place of `z`.
fn with_usual_letters(text: &str) -> String {
    let mut text = text.to_owned();
    if matches!(text.as_bytes().get(DATE), Some(b' ' | b't')) {
        text.replace_range(DATE..=DATE, "T");
    }
    if text.ends_with('z') {
        text.replace_range(text.len() - 1.., "Z");
    }
    text
}

impl fmt::Display for Timestamp {
    /// ISO 8601 with milliseconds: `2026-11-24T10:30:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.offset_date_time();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            t.year(),
            t.month() as u8,
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            t.millisecond()
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn zones_are_converted_and_milliseconds_shown() {
        assert_eq!(at("2026-11-24T10:30:00+02:00").to_string(), "2026-11-24T08:30:00.000Z");
        assert_eq!(at("2026-11-24T10:30:00.1239Z").to_string(), "2026-11-24T10:30:00.123Z");
    }

    #[test]
    fn every_format_with_a_zone_names_the_same_moment() {
        for text in [
            "2015-07-24T05:44Z",
            "2015-07-24T05:44:00Z",
            "2015-07-24t05:44:00z",
            "2015-07-24 05:44:00Z",
            "2015-07-24T05:44:00+0000",
            "2015-07-24T05:44:00+00",
            "2015-07-24 05:44+00",
            "2015-07-24 05:44:00+00:00",
            "2015-07-24T07:44:00.000+0200",
            "2015-07-24T05:44:00-00:00",
            "2015-07-24T05:44:00,0Z",
            "20150724T054400Z",
            "20150724T0544Z",
            "2015-205T05:44:00Z",
            "2015-W30-5T05:44Z",
        ] {
            assert_eq!(at(text), at("2015-07-24T05:44:00Z"), "{text}");
        }
    }

    #[test]
    fn text_that_is_not_a_time_is_refused() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T10:30:00",
            "2026-02-30T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "10000-01-01T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "NaN",
            "-1",
            "2026-11-24T10:30:00Z\0",
            // Without a zone, or with a name that several zones have.
            "2026-11-24T10:30",
            "20261124T103000",
            "2026-11-24T10:30:00 IST",
            "2026-11-24T10:30:00+1",
            "2026-11-24T10:30:00+24:00",
            // Day and month could be exchanged, or the century.
            "24.11.2026 10:30Z",
            "11/24/2026T10:30Z",
            "26-11-24T10:30:00Z",
            "2026-11-24x10:30:00Z",
            "2026-11-24510:30:00Z",
            "2026328T103000Z",
            "2026-11-24T1030:00Z",
            "2026-11-24T10:3000Z",
            "2026-11-24\x0010:30:00Z",
            "2026-11-24\u{e4}10:30:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_seconds_below_ten_to_the_eleventh_and_milliseconds_from_there() {
        assert_eq!(Timestamp::from_number(1_795_000_000.0), Some(Timestamp::from_millis(1_795_000_000_000)));
        assert_eq!(
            Timestamp::from_number(1_795_000_000_000.0),
            Some(Timestamp::from_millis(1_795_000_000_000))
        );
        for number in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(Timestamp::from_number(number), None, "{number}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,40}") {
            let _ = Timestamp::parse(&text);
        }

        #[test]
        fn a_formatted_time_is_parsed_as_the_same(millis in 0..MAX_MICROS / 1_000) {
            let moment = Timestamp::from_millis(millis);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }

        #[test]
        fn the_form_of_the_zone_does_not_change_the_moment(millis in 0..MAX_MICROS / 1_000, zone in "\\+(00|0000)") {
            let moment = Timestamp::from_millis(millis);
            let text = moment.to_string().replace('Z', &zone);
            prop_assert_eq!(Timestamp::parse(&text), Some(moment));
            prop_assert_eq!(Timestamp::parse(&text.replace(['-', ':'], "")), Some(moment));
        }
    }
}
