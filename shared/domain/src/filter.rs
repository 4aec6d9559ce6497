//! Filters with operators: conditions on the fields of memories, combined by `and`, `or` and `not`.
//!
//! ```json
//! {"and": [{"metadata.order.total": {"gte": 100}}, {"not": {"tags": {"contains": "archived"}}}]}
//! ```
//!
//! A filter is evaluated on a memory as a line of an export shows it. A field that the line lacks is absent: no comparison
//! holds for it except `ne`, `nin` and `"exists": false`.

mod bounds;
mod evaluation;
mod expression;
mod field;
mod implied;
mod number;
mod operand;
mod operator;
mod parser;
#[cfg(feature = "describe")]
mod schema;
mod subject;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::Memory;
use crate::error::FieldError;
use crate::fields::Fields;
use crate::rules::{Rule, RuleResult};

pub use bounds::{MAX_COMPARISONS, MAX_DEPTH, MAX_LIST, MAX_PATH};
use expression::Expression;
pub use implied::Implied;
use parser::Parser;
use subject::Subject;

/// A filter with operators.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterExpression {
    expression: Expression,
    text: String,
}

impl FilterExpression {
    /// Reads the optional field `name`. `None` when it is absent, or invalid, which is reported for each part of the filter
    /// that is wrong.
    pub fn take(fields: &mut Fields, name: &str) -> Option<Self> {
        let value = fields.take(name, Unparsed)?;
        match Self::parse(name, value) {
            Ok(filter) => Some(filter),
            Err(faults) => {
                fields.report_all(faults);
                None
            }
        }
    }

    /// Whether `value` is meant as a filter with operators, where an object that names values is accepted, too: a member is
    /// `and`, `or` or `not`, or an object.
    pub(crate) fn is_meant(value: &Value) -> bool {
        let is_part = |(name, value): (&String, &Value)| {
            ["and", "or", "not"].contains(&name.as_str()) || value.is_object()
        };
        value.as_object().is_some_and(|members| members.iter().any(is_part))
    }

    /// Parses the value of the field `name`.
    ///
    /// # Errors
    /// Each part of the filter that is wrong, with its place: `filter.and[0].importance.gte`.
    pub fn parse(name: &str, value: Value) -> Result<Self, Vec<FieldError>> {
        let text = value.to_string();
        let expression = Parser::parse(name, value)?;
        Ok(Self { expression, text })
    }

    /// Whether `memory` meets the conditions.
    pub fn matches(&self, memory: &Memory) -> bool {
        self.expression.holds(&Subject::new(memory))
    }

    /// The filter as compact JSON with sorted members: filters with the same text have the same matches.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Conditions that every match meets.
    pub fn implied(&self) -> Implied {
        Implied::by(&self.expression)
    }
}

/// The rule of a field that contains a filter, which is parsed later: its faults have places of their own.
pub(crate) struct Unparsed;

impl Rule for Unparsed {
    type Value = Value;

    fn parse(&self, value: Value) -> RuleResult<Value> {
        Ok(value)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> schemars::Schema {
        schema::schema()
    }
}
