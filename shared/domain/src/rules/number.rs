//! Rules for numbers and truth values.

use std::ops::RangeInclusive;

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;

use super::rule::{Rule, RuleResult, Simple};

/// Smaller fractions are read as zero: the numbers of DynamoDB end at 10^-130.
const MIN_FRACTION: f64 = 1e-100;

/// A number from 0 to 1. Numbers below 10^-100 are rounded to zero.
pub const fn fraction() -> Simple<f64> {
    Simple {
        parse: |value| match value.as_f64() {
            Some(number) if value.is_number() && (0.0..=1.0).contains(&number) => {
                Ok(if number < MIN_FRACTION { 0.0 } else { number })
            }
            _ => Err("must be a number from 0 to 1".into()),
        },
        #[cfg(feature = "describe")]
        schema: || json_schema!({"type": "number", "minimum": 0, "maximum": 1}),
    }
}

/// `true` or `false`.
pub const fn flag() -> Simple<bool> {
    Simple {
        parse: |value| value.as_bool().ok_or_else(|| "must be true or false".into()),
        #[cfg(feature = "describe")]
        schema: || json_schema!({"type": "boolean"}),
    }
}

/// The rule of [`integer`] and [`query_integer`].
#[derive(Clone, Copy, Debug)]
pub struct Integer {
    min: u64,
    max: u64,
    read: fn(&Value) -> Option<u64>,
}

/// A whole number in a JSON body.
pub const fn integer(range: RangeInclusive<u64>) -> Integer {
    Integer { min: *range.start(), max: *range.end(), read: whole }
}

/// A number without a fraction, as JSON Schema defines integers: `1.0` is `1`.
fn whole(value: &Value) -> Option<u64> {
    /// Up to here every whole number is a double.
    const MAX: f64 = 9_007_199_254_740_992.0;
    let written_as_double = || {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=MAX).contains(number))?;
        Some(number as u64)
    };
    value.as_u64().or_else(written_as_double)
}

/// A whole number in a query string: digits only.
pub const fn query_integer(range: RangeInclusive<u64>) -> Integer {
    Integer { min: *range.start(), max: *range.end(), read: digits }
}

fn digits(value: &Value) -> Option<u64> {
    let digits = value.as_str().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok())
}

impl Rule for Integer {
    type Value = u64;

    fn parse(&self, value: Value) -> RuleResult<u64> {
        (self.read)(&value)
            .filter(|number| (self.min..=self.max).contains(number))
            .ok_or_else(|| format!("must be a whole number from {} to {}", self.min, self.max))
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({"type": "integer", "minimum": self.min, "maximum": self.max})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fractions_are_numbers_from_zero_to_one() {
        assert_eq!(fraction().parse(json!(1e-300)), Ok(0.0));
        assert_eq!(fraction().parse(json!(1)), Ok(1.0));
        for value in [json!(-0.001), json!(1.0001), json!("0.5"), json!(null), json!(1e308), json!([0.5])] {
            assert!(fraction().parse(value).is_err());
        }
    }

    #[test]
    fn a_whole_number_may_be_written_as_a_double() {
        for value in [json!(50), json!(50.0), json!(5e1)] {
            assert_eq!(integer(1..=100).parse(value), Ok(50));
        }
        assert_eq!(integer(0..=100).parse(json!(-0.0)), Ok(0));
        for value in
            [json!(50.5), json!(0.0), json!(101.0), json!(-1.0), json!(1e300), json!("50"), json!(true)]
        {
            assert!(integer(1..=100).parse(value.clone()).is_err(), "{value}");
        }
    }

    #[test]
    fn query_integers_are_plain_digits() {
        assert_eq!(query_integer(1..=100).parse(json!("50")), Ok(50));
        for text in ["", "0", "101", "-1", "+1", "1.0", "1e1", " 1", "٣", "99999999999999999999"] {
            assert!(query_integer(1..=100).parse(json!(text)).is_err(), "{text}");
        }
    }
}
