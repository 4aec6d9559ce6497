//! Calendar months and days in UTC.

use std::fmt;

use serde::{Serialize, Serializer};
use time::Date;

use super::timestamp::Timestamp;

impl Timestamp {
    /// The calendar month this moment lies in.
    pub fn month(self) -> Month {
        let date = self.date();
        Month { year: date.year(), month: date.month() as u8 }
    }

    /// The calendar day this moment lies in.
    pub fn day(self) -> Day {
        Day(self.date())
    }
}

/// A UTC calendar month, the window of the monthly quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i32,
    month: u8,
}

impl Month {
    /// The month `count` months earlier.
    #[must_use]
    pub fn minus(self, count: i32) -> Self {
        let months = self.year * 12 + i32::from(self.month) - 1 - count;
        Self { year: months.div_euclid(12), month: months.rem_euclid(12) as u8 + 1 }
    }

    /// The first moment of the next month; for the last representable month, [`Timestamp::MAX`].
    pub fn end(self) -> Timestamp {
        self.minus(-1).start()
    }

    /// The first moment of this month.
    pub fn start(self) -> Timestamp {
        let month = time::Month::try_from(self.month).unwrap_or(time::Month::January);
        Date::from_calendar_date(self.year, month, 1).map_or(Timestamp::MAX, |date| {
            Timestamp::from_micros(date.midnight().assume_utc().unix_timestamp().saturating_mul(1_000_000))
        })
    }

    /// Parses the six digits of [`digits`](Self::digits).
    pub fn parse_digits(text: &str) -> Option<Self> {
        let all_digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        let number: i32 = text.parse().ok().filter(|_| all_digits)?;
        let month = u8::try_from(number % 100).ok().filter(|month| (1..=12).contains(month))?;
        Some(Self { year: number / 100, month })
    }

    /// The month as six digits, `202611`.
    pub fn digits(self) -> String {
        format!("{:04}{:02}", self.year, self.month)
    }
}

impl fmt::Display for Month {
    /// `2026-11`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A UTC calendar day, the unit of usage reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day `count` days earlier.
    #[must_use]
    pub fn minus(self, count: u16) -> Self {
        Self(self.0.saturating_sub(time::Duration::days(i64::from(count))))
    }

    /// The day of the month, 1 to 31.
    pub fn of_month(self) -> u8 {
        self.0.day()
    }

    /// The month this day lies in.
    pub fn month(self) -> Month {
        Month { year: self.0.year(), month: self.0.month() as u8 }
    }
}

impl fmt::Display for Day {
    /// `2026-11-24`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.month(), self.of_month())
    }
}

impl Serialize for Day {
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
    fn months_roll_over_years() {
        let january = at("2027-01-15T00:00:00Z").month();
        assert_eq!(january.minus(1).to_string(), "2026-12");
        assert_eq!(january.minus(13).digits(), "202512");
        assert_eq!(at("2026-12-31T23:59:59.999Z").month().end(), at("2027-01-01T00:00:00Z"));
        assert_eq!(at("2026-03-01T00:00:00Z").day().minus(1).to_string(), "2026-02-28");
    }

    #[test]
    fn the_last_month_ends_with_the_last_moment() {
        let last = at("9999-12-31T23:59:59Z");
        assert!(last.month().start() <= last && last < last.month().end());
        assert_eq!(last.month().end(), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.month().end(), Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn a_moment_lies_in_its_month(millis in 0..Timestamp::MAX.millis()) {
            let moment = Timestamp::from_millis(millis);
            prop_assert!(moment.month().start() <= moment && moment < moment.month().end());
        }
    }
}
