//! The values of a memory that a filter compares.

use std::cell::OnceCell;

use serde_json::{Map, Number, Value};

use super::field::{Field, OwnField};
use crate::{Memory, Timestamp};

/// A memory to which a filter is applied.
pub(super) struct Subject<'m> {
    memory: &'m Memory,
    /// Parsed when the first comparison needs it, and once.
    metadata: OnceCell<Map<String, Value>>,
}

/// The value of a field of a memory.
#[derive(Clone, Debug)]
pub(super) enum Found<'s> {
    Text(&'s str),
    Texts(&'s [String]),
    Number(Number),
    Time(Timestamp),
    Json(&'s Value),
}

impl<'m> Subject<'m> {
    pub(super) const fn new(memory: &'m Memory) -> Self {
        Self { memory, metadata: OnceCell::new() }
    }

    /// The value of `field`; `None` when it is absent.
    pub(super) fn get(&self, field: &Field) -> Option<Found<'_>> {
        match field {
            Field::Own(own) => self.own(*own),
            Field::Metadata(path) => self.member(path).map(Found::Json),
        }
    }

    fn own(&self, field: OwnField) -> Option<Found<'_>> {
        let memory = self.memory;
        match field {
            OwnField::Type => Some(Found::Text(memory.kind.as_str())),
            OwnField::Tags => Some(Found::Texts(&memory.tags)),
            OwnField::Importance => Number::from_f64(memory.importance).map(Found::Number),
            OwnField::UserId => memory.user_id.as_deref().map(Found::Text),
            OwnField::AgentId => memory.agent_id.as_deref().map(Found::Text),
            OwnField::SessionId => memory.session_id.as_deref().map(Found::Text),
            OwnField::Namespace => {
                memory.namespace.as_ref().map(|namespace| Found::Texts(namespace.segments()))
            }
            OwnField::Key => memory.key.as_deref().map(Found::Text),
            OwnField::CreatedAt => Some(Found::Time(memory.created_at)),
            OwnField::UpdatedAt => Some(Found::Time(memory.updated_at)),
            OwnField::ExpiresAt => memory.expires_at.map(Found::Time),
        }
    }

    /// The nested member of the metadata with this path. Lists have no members.
    fn member(&self, path: &[String]) -> Option<&Value> {
        let metadata = self.metadata.get_or_init(|| self.memory.metadata.to_map());
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(metadata.get(first)?, |value, name| value.as_object()?.get(name))
    }
}
