//! Reads and writes DynamoDB items: the only module that handles attribute values.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::{Error, Result, Timestamp};
use serde_json::Value;

use crate::tables::Table;

/// The attributes of an item or of a primary key.
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

/// A flag.
pub(crate) const fn flag(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}

/// A list of strings.
pub(crate) fn texts(values: impl IntoIterator<Item = impl ToString>) -> AttributeValue {
    AttributeValue::L(values.into_iter().map(text).collect())
}

/// A time as a number: milliseconds since 1970.
pub(crate) fn millis(value: Timestamp) -> AttributeValue {
    number(value.millis())
}

/// A time as a TTL attribute: seconds since 1970, rounded up.
pub(crate) fn ttl(value: Timestamp) -> AttributeValue {
    number(value.seconds_rounded_up())
}

/// The item of an image in a stream record, `{"tenant": {"S": "acme"}}`: its strings, numbers, flags and lists of them.
/// `None` if it has an attribute that is none of these.
pub(crate) fn of_json(image: &Value) -> Option<Attributes> {
    let attribute = |(name, value): (&String, &Value)| Some((name.clone(), attribute_of_json(value)?));
    image.as_object()?.iter().map(attribute).collect()
}

fn attribute_of_json(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "S" => text(value.as_str()?),
        "N" => number(value.as_str()?),
        "BOOL" => flag(value.as_bool()?),
        "L" => AttributeValue::L(value.as_array()?.iter().map(attribute_of_json).collect::<Option<_>>()?),
        _ => return None,
    })
}

/// Reads the attributes of an item. Errors name the table and the attribute that is missing or invalid.
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

    /// A required string.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str> {
        self.optional_text(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// An optional string.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&'a str>> {
        self.optional(name, |value| value.as_s().ok().map(String::as_str))
    }

    /// A required string that `parse` accepts.
    pub(crate) fn parsed<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        parse(self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    /// An optional string that `parse` accepts.
    pub(crate) fn optional_parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        self.optional_text(name)?.map(|text| parse(text).ok_or_else(|| self.corrupt(name))).transpose()
    }

    /// A required integer.
    pub(crate) fn integer(&self, name: &str) -> Result<i64> {
        self.optional_integer(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// An optional integer.
    pub(crate) fn optional_integer(&self, name: &str) -> Result<Option<i64>> {
        self.optional(name, |value| value.as_n().ok()?.parse().ok())
    }

    /// An optional count, 0 if it is absent. A negative count is an error.
    pub(crate) fn count(&self, name: &str) -> Result<u64> {
        let number = self.optional_integer(name)?.unwrap_or(0);
        u64::try_from(number).map_err(|_| self.corrupt(name))
    }

    /// A required number.
    pub(crate) fn float(&self, name: &str) -> Result<f64> {
        self.optional(name, |value| value.as_n().ok()?.parse().ok())?.ok_or_else(|| self.corrupt(name))
    }

    /// A required number, as the digits of the stored value.
    pub(crate) fn digits(&self, name: &str) -> Result<String> {
        self.optional(name, |value| value.as_n().ok().cloned())?.ok_or_else(|| self.corrupt(name))
    }

    /// A required time.
    pub(crate) fn moment(&self, name: &str) -> Result<Timestamp> {
        self.integer(name).map(Timestamp::from_millis)
    }

    /// An optional time.
    pub(crate) fn optional_moment(&self, name: &str) -> Result<Option<Timestamp>> {
        Ok(self.optional_integer(name)?.map(Timestamp::from_millis))
    }

    /// A required binary value.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        self.optional(name, |value| value.as_b().ok().map(|blob| blob.as_ref().to_vec()))?
            .ok_or_else(|| self.corrupt(name))
    }

    /// An optional list of strings, empty if it is absent.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>> {
        let read = |value: &AttributeValue| {
            value.as_l().ok()?.iter().map(|item| item.as_s().ok().cloned()).collect::<Option<Vec<_>>>()
        };
        Ok(self.optional(name, read)?.unwrap_or_default())
    }

    /// An optional list of strings that `parse` accepts, empty if it is absent.
    pub(crate) fn parsed_all<T, C: FromIterator<T>>(
        &self,
        name: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Result<C> {
        let texts = self.texts(name)?;
        texts.iter().map(|text| parse(text)).collect::<Option<C>>().ok_or_else(|| self.corrupt(name))
    }

    /// An optional set of positions in a list, empty if it is absent.
    pub(crate) fn positions(&self, name: &str) -> Result<BTreeSet<usize>> {
        let read =
            |value: &AttributeValue| value.as_ns().ok()?.iter().map(|text| text.parse().ok()).collect();
        Ok(self.optional(name, read)?.unwrap_or_default())
    }

    /// An optional flag, `false` if it is absent.
    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    /// An optional flag.
    pub(crate) fn optional_flag(&self, name: &str) -> Result<Option<bool>> {
        self.optional(name, |value| value.as_bool().ok().copied())
    }

    /// An optional map, read as a row.
    pub(crate) fn map(&self, name: &str) -> Option<Row<'a>> {
        let attributes = self.attributes.get(name)?.as_m().ok()?;
        Some(Self { table: self.table, attributes })
    }

    /// The names of the item's attributes.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.attributes.keys().map(String::as_str)
    }

    /// The error for an attribute that is missing or invalid.
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
