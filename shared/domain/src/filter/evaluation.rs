//! Applying a filter to a memory.

use std::cmp::Ordering;

use serde_json::Value;

use super::expression::{Expression, Operand, Test};
use super::number;
use super::subject::{Found, Subject};

impl Expression {
    /// Whether it holds for `subject`.
    pub(super) fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(subject)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(subject)),
            Self::Not(part) => !part.holds(subject),
            Self::Comparison(field, test) => test.passes(subject.get(field)),
        }
    }
}

impl Test {
    /// Whether a field with this value, or without one, passes.
    fn passes(&self, found: Option<Found<'_>>) -> bool {
        let Some(found) = found else { return matches!(self, Self::IsNoneOf(_) | Self::Exists(false)) };
        match self {
            Self::IsOneOf(operands) => operands.iter().any(|operand| found.equals(operand)),
            Self::IsNoneOf(operands) => !operands.iter().any(|operand| found.equals(operand)),
            Self::Is(relation, operand) => {
                found.compare(operand).is_some_and(|ordering| relation.includes(ordering))
            }
            Self::Exists(wanted) => *wanted,
            Self::Contains(operand) => found.contains(operand),
            Self::BeginsWith(operand) => found.begins_with(operand),
        }
    }
}

impl Found<'_> {
    fn equals(&self, operand: &Operand) -> bool {
        match (self, operand) {
            (Self::Json(value), Operand::Json(wanted)) => is_equal(value, wanted),
            (Self::Texts(texts), _) => operand.as_list().is_some_and(|wanted| {
                texts.len() == wanted.len()
                    && texts.iter().zip(wanted).all(|(text, wanted)| *wanted == **text)
            }),
            _ => self.compare(operand) == Some(Ordering::Equal),
        }
    }

    /// How it compares with `operand`; `None` when it is of another kind, or of one without an order.
    fn compare(&self, operand: &Operand) -> Option<Ordering> {
        match self {
            // The order of UTF-8 is that of code points.
            Self::Text(text) => Some((*text).cmp(operand.as_str()?)),
            Self::Number(found) => number::compare(found, operand.as_number()?),
            Self::Time(time) => Some(time.cmp(&operand.as_time()?)),
            Self::Json(Value::String(text)) => Self::Text(text).compare(operand),
            Self::Json(Value::Number(found)) => number::compare(found, operand.as_number()?),
            Self::Texts(_) | Self::Json(_) => None,
        }
    }

    fn contains(&self, operand: &Operand) -> bool {
        match self {
            Self::Text(text) => operand.as_str().is_some_and(|part| text.contains(part)),
            Self::Texts(texts) => {
                operand.as_str().is_some_and(|wanted| texts.iter().any(|text| text == wanted))
            }
            Self::Json(Value::String(text)) => Self::Text(text).contains(operand),
            Self::Json(Value::Array(items)) => match operand {
                Operand::Json(wanted) => items.iter().any(|item| is_equal(item, wanted)),
                Operand::Time(_) => false,
            },
            Self::Number(_) | Self::Time(_) | Self::Json(_) => false,
        }
    }

    fn begins_with(&self, operand: &Operand) -> bool {
        match self {
            Self::Text(text) => operand.as_str().is_some_and(|start| text.starts_with(start)),
            Self::Texts(texts) => operand.as_list().is_some_and(|start| {
                start.len() <= texts.len() && start.iter().zip(*texts).all(|(wanted, text)| *wanted == **text)
            }),
            Self::Json(Value::String(text)) => Self::Text(text).begins_with(operand),
            Self::Number(_) | Self::Time(_) | Self::Json(_) => false,
        }
    }
}

/// Whether two values are equal, where numbers are compared by value.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => number::compare(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, value)| right.get(name).is_some_and(|other| is_equal(value, other)))
        }
        _ => left == right,
    }
}
