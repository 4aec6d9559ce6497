//! What a filter implies: conditions that an index can check before a memory is read.

use std::time::Duration;

use super::expression::{Expression, Operand, Relation, Test};
use super::field::{Field, OwnField};
use crate::listing::Filter;
use crate::{Namespace, Timestamp};

/// The precision of the times of memories.
const TICK: Duration = Duration::from_millis(1);

/// Conditions that every match of a filter meets. Other memories may meet them, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Implied {
    /// Fields with one possible value.
    pub filter: Filter,
    /// Only memories created at this time or later.
    pub created_after: Option<Timestamp>,
    /// Only memories created before this time.
    pub created_before: Option<Timestamp>,
}

impl Implied {
    pub(super) fn by(expression: &Expression) -> Self {
        let mut implied = Self::default();
        implied.add(expression);
        implied
    }

    fn add(&mut self, expression: &Expression) {
        match expression {
            Expression::All(parts) => parts.iter().for_each(|part| self.add(part)),
            Expression::Any(parts) => {
                if let [part] = parts.as_slice() {
                    self.add(part);
                }
            }
            Expression::Not(_) => {}
            Expression::Comparison(Field::Own(field), test) => self.add_test(*field, test),
            Expression::Comparison(Field::Metadata(_), _) => {}
        }
    }

    fn add_test(&mut self, field: OwnField, test: &Test) {
        match (field, test) {
            (OwnField::CreatedAt, Test::IsOneOf(operands)) => {
                if let [Operand::Time(time)] = operands.as_slice() {
                    self.restrict(Relation::GreaterOrEqual, *time);
                    self.restrict(Relation::LessOrEqual, *time);
                }
            }
            (OwnField::CreatedAt, Test::Is(relation, Operand::Time(time))) => self.restrict(*relation, *time),
            (OwnField::Tags, Test::Contains(tag)) => {
                let tag = tag.as_str().map(str::to_owned).filter(|tag| !self.filter.tags.contains(tag));
                self.filter.tags.extend(tag);
            }
            (OwnField::Namespace, Test::BeginsWith(prefix)) => {
                self.filter.namespace_prefix = namespace(prefix)
            }
            (_, Test::IsOneOf(operands)) => {
                if let [operand] = operands.as_slice() {
                    self.set(field, operand);
                }
            }
            _ => {}
        }
    }

    /// Sets the only value that `field` can have. Of two different values no memory has both, so either one is implied.
    fn set(&mut self, field: OwnField, operand: &Operand) {
        let text = || operand.as_str().map(str::to_owned);
        let filter = &mut self.filter;
        match field {
            OwnField::Type => filter.kind = operand.as_str().and_then(|name| name.parse().ok()),
            OwnField::UserId => filter.user_id = text(),
            OwnField::AgentId => filter.agent_id = text(),
            OwnField::SessionId => filter.session_id = text(),
            OwnField::Namespace => filter.namespace = namespace(operand),
            _ => {}
        }
    }

    fn restrict(&mut self, relation: Relation, time: Timestamp) {
        let next = time.plus(TICK);
        match relation {
            Relation::Greater => self.created_after = self.created_after.max(Some(next)),
            Relation::GreaterOrEqual => self.created_after = self.created_after.max(Some(time)),
            Relation::Less => self.end_before(time),
            Relation::LessOrEqual => self.end_before(next),
        }
    }

    fn end_before(&mut self, time: Timestamp) {
        self.created_before = Some(self.created_before.map_or(time, |end| end.min(time)));
    }
}

/// The namespace with these segments.
fn namespace(operand: &Operand) -> Option<Namespace> {
    let segments = operand.as_list()?.iter().map(|segment| segment.as_str().map(str::to_owned));
    Namespace::new(segments.collect::<Option<_>>()?)
}
