//! Which memories an erasure deletes.

use serde_json::Value;

use crate::cursor::CursorScope;
use crate::fields::Fields;
use crate::filter::FilterExpression;
use crate::listing::Filter;
use crate::namespace::InBody;
use crate::rules::{Rule, RuleResult};
use crate::{Error, Memory, Result, TenantId};

/// The field of a request that contains it.
const FIELD: &str = "filter";

/// Which memories an erasure deletes.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Conditions that every memory has to meet: those of the request, or those that its filter with operators implies.
    filter: Box<Filter>,
    /// The filter with operators, if it is one.
    expression: Option<FilterExpression>,
}

impl Selection {
    /// Reads the optional field `filter`. `None` when it is absent, or invalid, which is reported.
    pub(super) fn take(fields: &mut Fields, tenant: &TenantId) -> Option<Self> {
        let value = fields.take(FIELD, Unparsed)?;
        if FilterExpression::is_meant(&value) {
            let expression = FilterExpression::parse(FIELD, value);
            let expression = expression.map_err(|faults| fields.report_all(faults)).ok()?;
            return Some(Self {
                filter: Box::new(expression.implied().filter),
                expression: Some(expression),
            });
        }
        let owned = Fields::of_body(value, tenant).and_then(take_owned);
        let filter = match owned {
            Ok(filter) if !filter.is_empty() => Some(filter),
            Err(Error::Validation(problems)) => {
                problems.iter().for_each(|problem| fields.report_nested(FIELD, problem));
                None
            }
            _ => {
                fields.report(
                    FIELD,
                    "must be an object with userId, agentId, sessionId, namespace or namespacePrefix, and nothing else, or \
                     a filter with operators",
                );
                None
            }
        };
        Some(Self { filter: Box::new(filter?), expression: None })
    }

    /// Whether it has conditions on more than owners and namespace.
    pub(super) const fn compares_content(&self) -> bool {
        self.expression.is_some()
    }

    /// Whether it includes `memory`.
    pub fn matches(&self, memory: &Memory) -> bool {
        self.filter.matches(memory)
            && self.expression.as_ref().is_none_or(|expression| expression.matches(memory))
    }

    /// Conditions that every selected memory meets, among them those on owners and the namespace.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Cursors of `scope` that are valid for this selection only.
    pub(super) fn narrow(&self, scope: CursorScope) -> CursorScope {
        match &self.expression {
            None => self.filter.narrow(scope),
            Some(expression) => scope.with(expression.as_str()),
        }
    }
}

fn take_owned(mut fields: Fields) -> Result<Filter> {
    let filter = Filter::take_owners(&mut fields, InBody);
    fields.finish()?;
    Ok(filter)
}

/// The rule of the field, which is parsed later: faults of a filter with operators have places of their own.
struct Unparsed;

impl Rule for Unparsed {
    type Value = Value;

    fn parse(&self, value: Value) -> RuleResult<Value> {
        Ok(value)
    }

    #[cfg(feature = "describe")]
    fn schema(&self) -> schemars::Schema {
        let owned = crate::describe::Recorder::object(|fields, _| take_owned(fields));
        schemars::json_schema!({"anyOf": [owned, crate::filter::Unparsed.schema()]})
    }
}
