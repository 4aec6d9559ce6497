//! DynamoDB items: the only place that takes attribute values apart.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::{Error, Result, Timestamp};

use crate::tables::Table;

/// An item, or a key of one.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// A string attribute.
pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number attribute.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A binary attribute.
pub(crate) fn bytes(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// A list of strings.
pub(crate) fn texts(values: impl IntoIterator<Item = impl ToString>) -> AttributeValue {
    AttributeValue::L(values.into_iter().map(text).collect())
}

/// A moment as a number of milliseconds.
pub(crate) fn millis(value: Timestamp) -> AttributeValue {
    number(value.millis())
}

/// A table's TTL attribute: whole seconds, never before the moment itself.
pub(crate) fn ttl(value: Timestamp) -> AttributeValue {
    number(value.seconds_rounded_up())
}

/// Reads one item, and names table and attribute when it is not as it should be.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    table: Table,
    attributes: &'a Attributes,
}

impl<'a> Row<'a> {
    /// Reads `attributes`, an item of `table`.
    pub(crate) const fn new(table: Table, attributes: &'a Attributes) -> Self {
        Self { table, attributes }
    }

    /// A string that has to be there.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str> {
        self.optional_text(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// A string that may be absent.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&'a str>> {
        self.optional(name, |value| value.as_s().ok().map(String::as_str))
    }

    /// A string that has to be there and that `parse` understands.
    pub(crate) fn parsed<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        parse(self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    /// A whole number that has to be there.
    pub(crate) fn integer(&self, name: &str) -> Result<i64> {
        self.optional_integer(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// A whole number that may be absent.
    pub(crate) fn optional_integer(&self, name: &str) -> Result<Option<i64>> {
        self.optional(name, |value| value.as_n().ok()?.parse().ok())
    }

    /// A count that may be absent, which means zero. A negative one is corrupt.
    pub(crate) fn count(&self, name: &str) -> Result<u64> {
        let number = self.optional_integer(name)?.unwrap_or(0);
        u64::try_from(number).map_err(|_| self.corrupt(name))
    }

    /// A number that has to be there.
    pub(crate) fn float(&self, name: &str) -> Result<f64> {
        self.optional(name, |value| value.as_n().ok()?.parse().ok())?.ok_or_else(|| self.corrupt(name))
    }

    /// A number as the digits the table holds.
    pub(crate) fn digits(&self, name: &str) -> Result<String> {
        self.optional(name, |value| value.as_n().ok().cloned())?.ok_or_else(|| self.corrupt(name))
    }

    /// A moment that has to be there.
    pub(crate) fn moment(&self, name: &str) -> Result<Timestamp> {
        self.integer(name).map(Timestamp::from_millis)
    }

    /// A moment that may be absent.
    pub(crate) fn optional_moment(&self, name: &str) -> Result<Option<Timestamp>> {
        Ok(self.optional_integer(name)?.map(Timestamp::from_millis))
    }

    /// Bytes that have to be there.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        self.optional(name, |value| value.as_b().ok().map(|blob| blob.as_ref().to_vec()))?
            .ok_or_else(|| self.corrupt(name))
    }

    /// A list of strings; absent means empty.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>> {
        let read = |value: &AttributeValue| {
            value.as_l().ok()?.iter().map(|item| item.as_s().ok().cloned()).collect::<Option<Vec<_>>>()
        };
        Ok(self.optional(name, read)?.unwrap_or_default())
    }

    /// A list of strings that `parse` understands, collected; absent means empty.
    pub(crate) fn parsed_all<T, C: FromIterator<T>>(
        &self,
        name: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Result<C> {
        let texts = self.texts(name)?;
        texts.iter().map(|text| parse(text)).collect::<Option<C>>().ok_or_else(|| self.corrupt(name))
    }

    /// A flag; absent means false.
    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.optional(name, |value| value.as_bool().ok().copied())?.unwrap_or(false))
    }

    /// A map, as a row of its own.
    pub(crate) fn map(&self, name: &str) -> Option<Row<'a>> {
        let attributes = self.attributes.get(name)?.as_m().ok()?;
        Some(Self { table: self.table, attributes })
    }

    /// The names of its attributes.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.attributes.keys().map(String::as_str)
    }

    /// The error of an attribute that is missing or not what it should be.
    pub(crate) fn corrupt(&self, name: &str) -> Error {
        Error::Internal(format!("corrupt item in table {}: attribute {name}", self.table))
    }

    fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a AttributeValue) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.attributes.get(name) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.corrupt(name)),
        }
    }
}
