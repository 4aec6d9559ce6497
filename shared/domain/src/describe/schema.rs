//! Schemas of strings.

use schemars::{Schema, json_schema};
use strum::VariantNames;

/// One of the names of an enum.
pub(crate) fn names<T: VariantNames>() -> Schema {
    json_schema!({"type": "string", "enum": T::VARIANTS})
}

/// A string that matches `pattern`.
pub(crate) fn text(pattern: &str) -> Schema {
    json_schema!({"type": "string", "pattern": pattern})
}
