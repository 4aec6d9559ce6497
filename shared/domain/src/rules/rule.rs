//! What a rule is.

#[cfg(feature = "describe")]
use schemars::Schema;
use serde_json::Value;

/// What a rule makes of a value: the parsed value, or the problem as the end of a sentence that begins with the field's
/// name (`"must be a string"`).
pub type RuleResult<T> = Result<T, String>;

/// A rule that the values of a field follow.
pub trait Rule {
    /// What a valid value is parsed into.
    type Value;

    /// Parses `value`.
    ///
    /// # Errors
    /// What is wrong with the value, as the end of a sentence.
    fn parse(&self, value: Value) -> RuleResult<Self::Value>;

    /// The JSON Schema of the values that the rule accepts.
    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema;
}

/// A rule without parameters.
#[derive(Clone, Copy, Debug)]
pub struct Simple<T> {
    pub(super) parse: fn(Value) -> RuleResult<T>,
    #[cfg(feature = "describe")]
    pub(super) schema: fn() -> Schema,
}

impl<T> Rule for Simple<T> {
    type Value = T;

    fn parse(&self, value: Value) -> RuleResult<T> {
        (self.parse)(value)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> Schema {
        (self.schema)()
    }
}
