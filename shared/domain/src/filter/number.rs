//! Comparing numbers of JSON by their value: `1` and `1.0` are equal, and above 2^53 no two integers are.

use std::cmp::Ordering;

use serde_json::Number;

/// The first number beyond every integer of JSON, 2^64.
const BEYOND_INTEGERS: f64 = 18_446_744_073_709_551_616.0;

/// How `left` compares with `right`. `None` for what is not a number, which JSON has not.
pub(super) fn compare(left: &Number, right: &Number) -> Option<Ordering> {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        (Some(left), None) => compare_with_float(left, right.as_f64()?),
        (None, Some(right)) => compare_with_float(right, left.as_f64()?).map(Ordering::reverse),
        (None, None) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i128()
}

/// Compares without rounding: not every integer has an equal float.
fn compare_with_float(integer: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.abs() >= BEYOND_INTEGERS {
        return Some(if float > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    // Exact: the whole part has fewer than 65 bits.
    let whole = float.trunc() as i128;
    Some(integer.cmp(&whole).then(0.0.partial_cmp(&float.fract())?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).expect("a number")
    }

    #[test]
    fn numbers_compare_by_value_however_they_are_written() {
        for (left, right, ordering) in [
            ("1", "1.0", Ordering::Equal),
            ("0", "-0.0", Ordering::Equal),
            ("1e2", "100", Ordering::Equal),
            ("-1", "-1.5", Ordering::Greater),
            ("1", "1.5", Ordering::Less),
            ("-1", "0.5", Ordering::Less),
            ("9007199254740993", "9007199254740992.0", Ordering::Greater),
            ("9007199254740993", "9007199254740994.0", Ordering::Less),
            ("18446744073709551615", "18446744073709551616", Ordering::Less),
            ("18446744073709551615", "18446744073709551614", Ordering::Greater),
            ("-9223372036854775808", "-9223372036854775808.0", Ordering::Equal),
            ("-9223372036854775808", "-1e300", Ordering::Greater),
            ("18446744073709551615", "1e300", Ordering::Less),
        ] {
            assert_eq!(compare(&number(left), &number(right)), Some(ordering), "{left} {right}");
            assert_eq!(compare(&number(right), &number(left)), Some(ordering.reverse()), "{right} {left}");
        }
    }

    proptest! {
        #[test]
        fn an_integer_equals_the_float_of_the_same_value_only(integer: i64, near in -2i64..=2) {
            let float = integer as f64;
            let other = integer.saturating_add(near);
            let expected = i128::from(other).cmp(&(float as i128));
            prop_assert_eq!(compare_with_float(other.into(), float), Some(expected));
        }
    }
}
