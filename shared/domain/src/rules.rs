//! The rules that single fields obey; each turns a JSON value into a domain value or says what is wrong.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::fields::Ruled;
use crate::memory::MemoryType;
use crate::metadata::{MAX_BYTES, MAX_DEPTH, MAX_VALUES};
use crate::{MemoryId, Scope, Scopes, Timestamp, json};

const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 64;

/// A string of so many characters (Unicode scalar values), without NUL.
pub fn text(length: RangeInclusive<usize>) -> impl FnOnce(Value) -> Ruled<String> {
    move |value| {
        let Value::String(text) = value else { return Err("must be a string".into()) };
        if !length.contains(&text.chars().count()) {
            return Err(format!("must have {} to {} characters", length.start(), length.end()));
        }
        if text.contains('\0') {
            return Err("must not contain the NUL character".into());
        }
        Ok(text)
    }
}

/// The id of an end user, agent or session: 1 to 128 characters.
pub fn scoping_id(value: Value) -> Ruled<String> {
    text(1..=128)(value)
}

/// One of the names that `parse` knows; `names` are listed when it is none of them.
pub fn one_of<T>(
    parse: fn(&str) -> Option<T>,
    names: &'static [&'static str],
) -> impl FnOnce(Value) -> Ruled<T> {
    move |value| value.as_str().and_then(parse).ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

/// The type of a memory.
pub fn memory_type(value: Value) -> Ruled<MemoryType> {
    value
        .as_str()
        .and_then(MemoryType::parse)
        .ok_or_else(|| format!("must be one of {}", MemoryType::ALL.map(MemoryType::as_str).join(", ")))
}

/// A number from 0 to 1. What no double can tell from zero in the table (below 1e-100) is zero.
pub fn fraction(value: Value) -> Ruled<f64> {
    match value.as_f64() {
        Some(number) if value.is_number() && (0.0..=1.0).contains(&number) => {
            Ok(if number < 1e-100 { 0.0 } else { number })
        }
        _ => Err("must be a number from 0 to 1".into()),
    }
}

/// A whole number in a JSON body.
pub fn integer(range: RangeInclusive<u64>) -> impl FnOnce(Value) -> Ruled<u64> {
    move |value| in_range(value.as_u64(), &range)
}

/// A whole number in a query string: digits only.
pub fn query_integer(range: RangeInclusive<u64>) -> impl FnOnce(Value) -> Ruled<u64> {
    move |value| {
        let digits = value.as_str().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        in_range(digits.and_then(|text| text.parse().ok()), &range)
    }
}

fn in_range(number: Option<u64>, range: &RangeInclusive<u64>) -> Ruled<u64> {
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
}

/// A time after `now`: ISO 8601 with a zone, or a number since 1970 (from 10^11 on milliseconds, below seconds).
pub fn future(now: Timestamp) -> impl FnOnce(Value) -> Ruled<Timestamp> {
    move |value| {
        let time = moment(&value)?;
        if time > now { Ok(time) } else { Err("must be in the future".into()) }
    }
}

/// A time not after `latest`, in the forms that [`future`] reads.
pub fn past(latest: Timestamp) -> impl FnOnce(Value) -> Ruled<Timestamp> {
    move |value| {
        let time = moment(&value)?;
        if time <= latest { Ok(time) } else { Err("must not be in the future".into()) }
    }
}

fn moment(value: &Value) -> Ruled<Timestamp> {
    let time = match value {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(number) => number.as_f64().and_then(Timestamp::from_number),
        _ => None,
    };
    time.map(Timestamp::to_millis)
        .ok_or_else(|| "must be a time such as 2027-01-31T00:00:00Z, or a number since 1970".into())
}

/// The id of a memory.
pub fn memory_id(value: Value) -> Ruled<MemoryId> {
    value.as_str().and_then(MemoryId::parse).ok_or_else(|| "must be the id of a memory, mem_…".into())
}

/// A list of so many values of any kind.
pub fn list(length: RangeInclusive<usize>) -> impl FnOnce(Value) -> Ruled<Vec<Value>> {
    move |value| match value {
        Value::Array(items) if length.contains(&items.len()) => Ok(items),
        _ => Err(format!("must be a list of {} to {}", length.start(), length.end())),
    }
}

/// A list of 1 to `most` ids, well-formed or not, as text.
pub fn ids(most: usize) -> impl FnOnce(Value) -> Ruled<Vec<String>> {
    move |value| {
        let items = list(1..=most)(value)?;
        items
            .into_iter()
            .map(|item| text(1..=128)(item).map_err(|problem| format!("must hold ids: each {problem}")))
            .collect()
    }
}

/// `null`, or what `rule` reads: a field that a request may take away.
pub fn nullable<T>(rule: impl FnOnce(Value) -> Ruled<T>) -> impl FnOnce(Value) -> Ruled<Option<T>> {
    move |value| if value.is_null() { Ok(None) } else { rule(value).map(Some) }
}

/// A list of scope names; duplicates are dropped.
pub fn scopes(value: Value) -> Ruled<Scopes> {
    let names =
        value.as_array().and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    names
        .and_then(|names| names.into_iter().map(Scope::parse).collect())
        .ok_or_else(|| format!("must be a list of {}", Scope::ALL.map(Scope::as_str).join(", ")))
}

/// Scope names in a query string, separated by commas.
pub fn query_scopes(value: Value) -> Ruled<Scopes> {
    let names = value.as_str().unwrap_or_default().split(',').map(Value::from).collect();
    scopes(Value::Array(names))
}

/// At most 50 tags of 1 to 64 characters without comma or NUL; duplicates are dropped.
pub fn tags(value: Value) -> Ruled<Vec<String>> {
    let Value::Array(items) = value else { return Err("must be a list of strings".into()) };
    checked_tags(items.into_iter().map(|item| match item {
        Value::String(tag) => Some(tag),
        _ => None,
    }))
}

/// Tags in a query string, separated by commas.
pub fn query_tags(value: Value) -> Ruled<Vec<String>> {
    let list = value.as_str().unwrap_or_default().to_owned();
    checked_tags(list.split(',').map(|tag| Some(tag.to_owned())))
}

fn checked_tags(items: impl Iterator<Item = Option<String>>) -> Ruled<Vec<String>> {
    let mut tags = Vec::new();
    for item in items {
        let Some(tag) = item else { return Err("must be a list of strings".into()) };
        if !(1..=MAX_TAG).contains(&tag.chars().count()) || tag.contains([',', '\0']) {
            return Err(format!("must hold tags of 1 to {MAX_TAG} characters without comma or NUL"));
        }
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        if tags.len() > MAX_TAGS {
            return Err(format!("must hold at most {MAX_TAGS} tags"));
        }
    }
    Ok(tags)
}

/// A JSON object of at most 16 KiB, 1,000 values and 32 levels, without NUL in any string.
pub fn metadata(value: Value) -> Ruled<Map<String, Value>> {
    let Value::Object(map) = value else { return Err("must be an object".into()) };
    if map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)) {
        return Err("must not contain the NUL character".into());
    }
    metadata_bounds(&map).map(|()| map)
}

/// `true` or `false`.
pub fn flag(value: Value) -> Ruled<bool> {
    value.as_bool().ok_or_else(|| "must be true or false".into())
}

/// Any time, in the forms that [`future`] reads.
pub fn time(value: Value) -> Ruled<Timestamp> {
    moment(&value)
}

/// Refuses metadata that is too long, or has too many values or levels.
pub fn metadata_bounds(map: &Map<String, Value>) -> Ruled<()> {
    let mut values = 0;
    let depth = 1 + map.values().map(|value| measure(value, &mut values)).max().unwrap_or(0);
    if depth > MAX_DEPTH {
        return Err(format!("must have at most {MAX_DEPTH} levels of objects and lists"));
    }
    if values > MAX_VALUES {
        return Err(format!("must hold at most {MAX_VALUES} values, nested ones included"));
    }
    if json::length(map) > MAX_BYTES {
        return Err(format!("must take at most {MAX_BYTES} bytes as JSON"));
    }
    Ok(())
}

/// Adds to `values` how many there are; gives how many levels.
fn measure(value: &Value, values: &mut usize) -> usize {
    *values += 1;
    match value {
        Value::Array(items) => 1 + items.iter().map(|item| measure(item, values)).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(|item| measure(item, values)).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lengths_count_characters_not_bytes() {
        assert!(text(1..=10)(json!("ääääääääää")).is_ok());
        assert!(text(1..=10)(json!("ääääääääääa")).is_err());
        assert!(text(1..=10)(json!("")).is_err());
        assert!(text(1..=10)(json!("a\0")).is_err());
        assert!(text(1..=10)(json!(1)).is_err());
    }

    #[test]
    fn fractions_are_numbers_from_zero_to_one() {
        assert_eq!(fraction(json!(1e-300)), Ok(0.0));
        assert_eq!(fraction(json!(1)), Ok(1.0));
        for value in [json!(-0.001), json!(1.0001), json!("0.5"), json!(null), json!(1e308), json!([0.5])] {
            assert!(fraction(value).is_err());
        }
    }

    #[test]
    fn query_integers_are_plain_digits() {
        assert_eq!(query_integer(1..=100)(json!("50")), Ok(50));
        for text in ["", "0", "101", "-1", "+1", "1.0", "1e1", " 1", "٣", "99999999999999999999"] {
            assert!(query_integer(1..=100)(json!(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn tags_are_bounded_and_single() {
        assert_eq!(tags(json!(["a", "b", "a"])), Ok(vec!["a".into(), "b".into()]));
        let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
        for value in [
            json!(many),
            json!([""]),
            json!(["a,b"]),
            json!(["x".repeat(65)]),
            json!([1]),
            json!("a"),
            json!(["\0"]),
        ] {
            assert!(tags(value).is_err());
        }
    }

    #[test]
    fn metadata_is_an_object_of_bounded_size_without_nul() {
        assert!(metadata(json!({"a": "x".repeat(MAX_BYTES - 8)})).is_ok());
        for value in [
            json!({"a": "x".repeat(MAX_BYTES)}),
            json!([]),
            json!({"a": ["\0"]}),
            json!({"\0": 1}),
            json!({"a": {"b\0": 1}}),
        ] {
            assert!(metadata(value).is_err());
        }
    }

    #[test]
    fn metadata_is_bounded_in_values_and_depth() {
        let deep = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        let wide = |values: usize| json!({"a": vec![0; values - 1]});
        assert!(metadata(deep(MAX_DEPTH)).is_ok() && metadata(deep(MAX_DEPTH + 1)).is_err());
        assert!(metadata(wide(MAX_VALUES)).is_ok() && metadata(wide(MAX_VALUES + 1)).is_err());
        let pairs = |count: usize| json!({"m": vec![json!({"": 0}); count]});
        assert!(metadata(pairs(499)).is_ok() && metadata(pairs(500)).is_err(), "an object is a value too");
    }

    #[test]
    fn past_times_and_times_without_zone_are_refused() {
        let now = Timestamp::parse("2026-11-24T00:00:00Z").expect("a time");
        assert!(future(now)(json!("2026-11-24T00:00:00.001Z")).is_ok());
        assert!(future(now)(json!(1_800_000_000)).is_ok());
        for value in [
            json!("2026-11-24T00:00:00Z"),
            json!(0),
            json!("2027-01-31"),
            json!(true),
            json!(-1),
            json!(1e300),
        ] {
            assert!(future(now)(value).is_err());
        }
    }
}
