//! The JSON Schema of a filter.

use schemars::{Schema, json_schema};
use strum::VariantNames;

use super::bounds::{MAX_COMPARISONS, MAX_DEPTH, MAX_LIST};
use super::field::OwnField;
use super::operator::Operator;

/// A filter: its parts are described in words, since a schema that contains itself needs a name.
pub(super) fn schema() -> Schema {
    json_schema!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "description": format!(
            "One member: and or or with a list of 1 to {MAX_LIST} filters, not with a filter, or a field with an object of \
             operators. The fields are {} and paths into metadata such as metadata.order.total. The operators are {}. At \
             most {MAX_DEPTH} levels and {MAX_COMPARISONS} comparisons.",
            OwnField::VARIANTS.join(", "),
            Operator::VARIANTS.join(", "),
        ),
    })
}
