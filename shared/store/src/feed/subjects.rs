//! Reading what events are about: memories and keys of the same tenant, in one batch.

use std::collections::{BTreeSet, HashMap};

use hb_domain::event::{Event, MemoryChange, Occurrence};
use hb_domain::feed::Subject;
use hb_domain::key_summary::KeySummary;
use hb_domain::{KeyId, Memory, MemoryId, Result, TenantId};

use crate::Store;
use crate::api_keys::{self, summary};
use crate::batch_read::read_batch;
use crate::item::Attributes;
use crate::memories::stored_memory;
use crate::tables::Table;

/// The memories and keys that events are about, as they are now.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    memories: HashMap<MemoryId, Memory>,
    keys: HashMap<KeyId, KeySummary>,
}

impl Subjects {
    /// Reads the subjects of at most 100 events of a tenant, consistently.
    pub(super) async fn read<'e>(
        store: &Store,
        tenant: &TenantId,
        events: impl Iterator<Item = &'e Event>,
    ) -> Result<Self> {
        let found = read_batch(store, Self::keys(tenant, events), None).await?;
        Ok(Self::decode(tenant, &found.items))
    }

    /// The keys of the subjects of events. They are made of the tenant, so no other tenant's items can be read.
    pub(crate) fn keys<'e>(
        tenant: &TenantId,
        events: impl Iterator<Item = &'e Event>,
    ) -> [(Table, Vec<Attributes>); 2] {
        let (mut memories, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for event in events {
            match &event.occurrence {
                Occurrence::Memory { change: MemoryChange::Deleted(_), .. }
                | Occurrence::Search { .. }
                | Occurrence::WebhookDisabling { .. }
                | Occurrence::WebhookDisabled { .. } => {}
                Occurrence::Memory { id, .. } => drop(memories.insert(id)),
                Occurrence::KeyCreated(id) | Occurrence::KeyRevoked(id) => drop(keys.insert(id)),
            }
        }
        let memories = memories.into_iter().map(|id| stored_memory::key(tenant, id)).collect();
        let keys = keys.into_iter().map(|id| api_keys::owned_key(tenant, id.as_str())).collect();
        [(Table::Memories, memories), (Table::ApiKeys, keys)]
    }

    /// The subjects among these items of the tenant. A corrupt item is logged and left out.
    pub(crate) fn decode(tenant: &TenantId, items: &[(Table, Attributes)]) -> Self {
        let mut subjects = Self::default();
        items.iter().for_each(|(table, item)| subjects.add(tenant, *table, item));
        subjects
    }

    fn add(&mut self, tenant: &TenantId, table: Table, item: &Attributes) {
        let added = match table {
            Table::ApiKeys => summary::decode(item).map(|key| drop(self.keys.insert(key.id.clone(), key))),
            Table::Memories => stored_memory::decode(item)
                .map(|stored| drop(self.memories.insert(stored.memory.id.clone(), stored.memory))),
            _ => return,
        };
        if let Err(error) = added {
            tracing::error!(%tenant, %error, "the subject of an event cannot be read");
        }
    }

    /// What `event` is about; `None` if that does not exist.
    pub(crate) fn of(&self, event: &Event) -> Option<Subject> {
        match &event.occurrence {
            Occurrence::Memory { id, .. } => self.memories.get(id).cloned().map(Subject::Memory),
            Occurrence::KeyCreated(id) | Occurrence::KeyRevoked(id) => {
                self.keys.get(id).cloned().map(Subject::Key)
            }
            Occurrence::Search { .. }
            | Occurrence::WebhookDisabling { .. }
            | Occurrence::WebhookDisabled { .. } => None,
        }
    }
}
