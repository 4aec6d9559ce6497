//! The bounds of a filter.

/// The maximum number of levels: each `and`, `or` and `not` on the way to a comparison is one, and the comparison itself.
pub const MAX_DEPTH: usize = 8;
/// The maximum number of comparisons: operators with their operands.
pub const MAX_COMPARISONS: usize = 100;
/// The maximum number of filters in `and` and `or`, and of values in `in` and `nin`.
pub const MAX_LIST: usize = 100;
/// The maximum number of members in a path into metadata.
pub const MAX_PATH: usize = 32;
