//! A second implementation of filters, which works on the JSON of an export and is as simple as their description.

use std::cmp::Ordering;

use hb_domain::Timestamp;
use serde_json::{Number, Value};

/// Whether `filter` holds for `memory`, a line of an export.
pub(crate) fn holds(filter: &Value, memory: &Value) -> bool {
    let (name, value) = filter.as_object().expect("an object").iter().next().expect("a member");
    match name.as_str() {
        "and" => value.as_array().expect("a list").iter().all(|part| holds(part, memory)),
        "or" => value.as_array().expect("a list").iter().any(|part| holds(part, memory)),
        "not" => !holds(value, memory),
        field => {
            let is_time = ["createdAt", "updatedAt", "expiresAt"].contains(&field);
            let found =
                lookup(memory, field).map(|found| if is_time { millis(found) } else { found.clone() });
            value.as_object().expect("operators").iter().all(|(operator, operand)| {
                let operand = if is_time && operator != "exists" { times(operand) } else { operand.clone() };
                passes(found.as_ref(), operator, &operand)
            })
        }
    }
}

fn passes(found: Option<&Value>, operator: &str, operand: &Value) -> bool {
    let equals = |operand: &Value| found.is_some_and(|found| equal(found, operand));
    let listed = || operand.as_array().expect("a list").iter().any(equals);
    let ordering = || compare(found?, operand);
    match operator {
        "eq" => equals(operand),
        "ne" => !equals(operand),
        "in" => listed(),
        "nin" => !listed(),
        "gt" => ordering().is_some_and(Ordering::is_gt),
        "gte" => ordering().is_some_and(Ordering::is_ge),
        "lt" => ordering().is_some_and(Ordering::is_lt),
        "lte" => ordering().is_some_and(Ordering::is_le),
        "exists" => *operand == Value::Bool(found.is_some()),
        "contains" => match (found, operand) {
            (Some(Value::Array(items)), _) => items.iter().any(|item| equal(item, operand)),
            (Some(Value::String(text)), Value::String(part)) => text.contains(part.as_str()),
            _ => false,
        },
        "prefix" => match (found, operand) {
            (Some(Value::String(text)), Value::String(start)) => text.starts_with(start.as_str()),
            (Some(Value::Array(segments)), Value::Array(start)) => segments.starts_with(start),
            _ => false,
        },
        other => panic!("{other}"),
    }
}

fn lookup<'m>(memory: &'m Value, field: &str) -> Option<&'m Value> {
    let mut members = vec![String::new()];
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        match character {
            '.' => members.push(String::new()),
            '\\' => members.last_mut().expect("a member").push(characters.next().expect("a character")),
            other => members.last_mut().expect("a member").push(other),
        }
    }
    members.iter().try_fold(memory, |value, member| value.as_object()?.get(member))
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => compare(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.keys().eq(right.keys())
                && left.values().zip(right.values()).all(|(left, right)| equal(left, right))
        }
        _ => left == right,
    }
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => exact(left).partial_cmp(&exact(right)),
        (Value::String(left), Value::String(right)) => Some(left.chars().cmp(right.chars())),
        _ => None,
    }
}

/// The whole part and the rest. Both have the sign of the number.
fn exact(number: &Number) -> (i128, f64) {
    let float = number.as_f64().expect("a number");
    number.as_i128().map_or_else(|| (float.trunc() as i128, float.fract()), |integer| (integer, 0.0))
}

fn times(operand: &Value) -> Value {
    match operand {
        Value::Array(items) => items.iter().map(millis).collect(),
        other => millis(other),
    }
}

fn millis(time: &Value) -> Value {
    let time = match time {
        Value::String(text) => Timestamp::parse(text),
        other => other.as_f64().and_then(Timestamp::from_number),
    };
    time.expect("a time").millis().into()
}
