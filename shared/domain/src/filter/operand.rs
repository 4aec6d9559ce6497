//! The rules of operands: which values each kind of field is compared with.

use serde_json::Value;

use super::bounds::MAX_LIST;
use super::expression::Operand;
use super::field::Kind;
use crate::memory::MemoryType;
use crate::namespace::InBody;
use crate::rules::{self, Rule, RuleResult};

/// A value that a field of this kind can equal.
pub(super) fn equal(kind: Kind, value: Value) -> RuleResult<Operand> {
    if value.is_null() && kind != Kind::Any {
        return Err("must not be null, which only metadata can contain; use exists for what is absent".into());
    }
    match kind {
        Kind::Type => rules::one_of::<MemoryType>().parse(value.clone()).map(|_| Operand::Json(value)),
        Kind::Texts => texts(value),
        Kind::Namespace => namespace(value),
        Kind::Number if value.is_number() => Ok(Operand::Json(value)),
        Kind::Number => Err("must be a number".into()),
        Kind::Text => text(value),
        Kind::Time => rules::time().parse(value).map(Operand::Time),
        Kind::Any => Ok(Operand::Json(value)),
    }
}

/// A value that a field of this kind can be greater or less than.
pub(super) fn ordered(kind: Kind, value: Value) -> RuleResult<Operand> {
    match (kind, &value) {
        (Kind::Any, Value::Number(_) | Value::String(_)) => Ok(Operand::Json(value)),
        (Kind::Any, _) => Err("must be a number or a string".into()),
        _ => equal(kind, value),
    }
}

/// A value that a field of this kind can contain.
pub(super) fn part(kind: Kind, value: Value) -> RuleResult<Operand> {
    if kind == Kind::Any { Ok(Operand::Json(value)) } else { text(value) }
}

/// What a field of this kind can begin with.
pub(super) fn prefix(kind: Kind, value: Value) -> RuleResult<Operand> {
    if kind == Kind::Namespace { namespace(value) } else { text(value) }
}

/// Whether a field exists.
pub(super) fn flag(value: Value) -> RuleResult<bool> {
    rules::flag().parse(value)
}

/// The values of a list, each of which is to be checked.
pub(super) fn list(value: Value) -> RuleResult<Vec<Value>> {
    rules::list(1..=MAX_LIST).parse(value)
}

fn text(value: Value) -> RuleResult<Operand> {
    if value.is_string() { Ok(Operand::Json(value)) } else { Err("must be a string".into()) }
}

fn namespace(value: Value) -> RuleResult<Operand> {
    InBody.parse(value.clone()).map(|_| Operand::Json(value))
}

fn texts(value: Value) -> RuleResult<Operand> {
    let is_texts = value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    if is_texts { Ok(Operand::Json(value)) } else { Err("must be a list of strings".into()) }
}
