//! Schemas that several rules have.

use schemars::{Schema, json_schema};
use strum::VariantNames;

/// One of the names of an enum.
pub(crate) fn names<T: VariantNames>() -> Schema {
    json_schema!({"type": "string", "enum": T::VARIANTS})
}

/// `null`, or what `schema` describes.
pub(crate) fn nullable(schema: Schema) -> Schema {
    json_schema!({"anyOf": [schema, {"type": "null"}]})
}

/// A string that matches `pattern`.
pub(crate) fn text(pattern: &str) -> Schema {
    json_schema!({"type": "string", "pattern": pattern})
}
