//! Rules for values of any type: a name of an enum, a list, and `null` beside another rule.

use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::str::FromStr;

#[cfg(feature = "describe")]
use schemars::{Schema, json_schema};
use serde_json::Value;
use strum::VariantNames;

use super::rule::{Rule, RuleResult};

/// The rule of [`one_of`].
#[derive(Clone, Copy, Debug)]
pub struct OneOf<T>(PhantomData<T>);

/// One of the names of the enum `T`; the problem lists all of them.
pub const fn one_of<T: FromStr + VariantNames>() -> OneOf<T> {
    OneOf(PhantomData)
}

impl<T: FromStr + VariantNames> Rule for OneOf<T> {
    type Value = T;

    fn parse(&self, value: Value) -> RuleResult<T> {
        let parsed = value.as_str().and_then(|name| name.parse().ok());
        parsed.ok_or_else(|| format!("must be one of {}", T::VARIANTS.join(", ")))
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        crate::describe::schema::names::<T>()
    }
}

/// The rule of [`list`].
#[derive(Clone, Copy, Debug)]
pub struct List {
    min: usize,
    max: usize,
}

/// A list of `length` values of any type.
pub const fn list(length: RangeInclusive<usize>) -> List {
    List { min: *length.start(), max: *length.end() }
}

impl Rule for List {
    type Value = Vec<Value>;

    fn parse(&self, value: Value) -> RuleResult<Vec<Value>> {
        match value {
            Value::Array(items) if (self.min..=self.max).contains(&items.len()) => Ok(items),
            _ => Err(format!("must be a list of {} to {}", self.min, self.max)),
        }
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        json_schema!({"type": "array", "minItems": self.min, "maxItems": self.max})
    }
}

/// The rule of [`nullable`].
#[derive(Clone, Copy, Debug)]
pub struct Nullable<R>(R);

/// `null`, or what `rule` accepts: a field that a request may remove.
pub const fn nullable<R: Rule>(rule: R) -> Nullable<R> {
    Nullable(rule)
}

impl<R: Rule> Rule for Nullable<R> {
    type Value = Option<R::Value>;

    fn parse(&self, value: Value) -> RuleResult<Self::Value> {
        if value.is_null() { Ok(None) } else { self.0.parse(value).map(Some) }
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        crate::describe::schema::nullable(self.0.schema())
    }
}
