//! The operators of comparisons.

use strum::{EnumString, IntoStaticStr, VariantNames};

/// An operator of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Operator {
    /// Equal.
    Eq,
    /// Not equal, or absent.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Equal to one value of a list.
    In,
    /// Equal to no value of a list, or absent.
    Nin,
    /// Present, or absent.
    Exists,
    /// A list that has a value, or a text that has a part.
    Contains,
    /// A text, or a namespace, with a beginning.
    Prefix,
}
