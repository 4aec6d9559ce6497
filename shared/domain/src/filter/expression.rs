//! A filter as a tree of comparisons.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::field::Field;
use crate::Timestamp;

/// A condition on a memory.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// Each of these holds.
    All(Vec<Self>),
    /// One of these holds.
    Any(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
    /// The value of this field passes this test.
    Comparison(Field, Test),
}

/// A test of the value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// It equals one of these.
    IsOneOf(Vec<Operand>),
    /// It equals none of these, or is absent.
    IsNoneOf(Vec<Operand>),
    /// It has this relation to the operand, which is of the same kind.
    Is(Relation, Operand),
    /// It is present, or absent.
    Exists(bool),
    /// It is a list with this value, or a text with this part.
    Contains(Operand),
    /// It is a text that begins with this text, or a namespace that begins with these segments.
    BeginsWith(Operand),
}

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// Any value that is not a time.
    Json(Value),
    /// A time, whatever form it has in the filter.
    Time(Timestamp),
}

/// A relation of a value to an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Relation {
    /// Whether a value has this relation to an operand if it compares with it like this.
    pub(super) const fn includes(self, ordering: Ordering) -> bool {
        match self {
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
        }
    }
}

impl Operand {
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Json(value) => value.as_str(),
            Self::Time(_) => None,
        }
    }

    pub(super) fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Json(value) => value.as_number(),
            Self::Time(_) => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::Json(value) => value.as_array().map(Vec::as_slice),
            Self::Time(_) => None,
        }
    }

    pub(super) const fn as_time(&self) -> Option<Timestamp> {
        match self {
            Self::Json(_) => None,
            Self::Time(time) => Some(*time),
        }
    }
}
