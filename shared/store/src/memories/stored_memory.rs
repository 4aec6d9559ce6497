//! A memory as an item, and back.

use hb_domain::memory::MemoryType;
use hb_domain::{Memory, MemoryId, Metadata, Result, TenantId};

use super::VersionedMemory;
use crate::item::{Attributes, Row, bytes, millis, number, text, texts, ttl};
use crate::storage_ledger::StorageUsage;
use crate::tables::Table;

const TABLE: Table = Table::Memories;

/// A memory with what the table keeps besides it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredMemory {
    pub(super) memory: Memory,
    pub(super) version: String,
    /// Its place in the order of the tenant's writes.
    pub(super) write_seq: u64,
    /// The places at which it came to its user, agent and session, where that was later.
    pub(super) moved: [Option<u64>; 3],
}

/// The attributes that name owners, and those that say since when.
pub(super) const OWNERS: [(&str, &str); 3] =
    [("userId", "userIdSeq"), ("agentId", "agentIdSeq"), ("sessionId", "sessionIdSeq")];

impl StoredMemory {
    /// What it takes of the tenant's storage.
    pub(super) fn amount(&self) -> StorageUsage {
        StorageUsage { memories: 1, bytes: self.memory.size() }
    }

    pub(super) fn versioned(self) -> VersionedMemory {
        VersionedMemory { memory: self.memory, version: self.version }
    }
}

/// The key of a memory's item.
pub(super) fn key(tenant: &TenantId, id: &MemoryId) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("id".into(), text(id))])
}

/// The item of `stored`.
pub(super) fn encode(tenant: &TenantId, stored: &StoredMemory) -> Attributes {
    let memory = &stored.memory;
    let mut item = key(tenant, &memory.id);
    item.insert("version".into(), text(&stored.version));
    item.insert("writeSeq".into(), number(stored.write_seq));
    // For whoever hears of the memory's removal and cannot read it any more.
    item.insert("bytes".into(), number(memory.size()));
    item.insert("content".into(), text(&memory.content));
    item.insert("type".into(), text(memory.kind.as_str()));
    // In scientific notation, since the plain decimals of a small number can be longer than an item's number may be.
    item.insert("importance".into(), number(format_args!("{:e}", memory.importance)));
    item.insert("updatedAt".into(), millis(memory.updated_at));
    item.insert("searchDoc".into(), bytes(&hb_search::SearchDocument::of(memory).to_bytes()));
    if !memory.tags.is_empty() {
        item.insert("tags".into(), texts(&memory.tags));
    }
    if !memory.metadata.is_empty() {
        // As text: an item's own maps nest 32 levels at most and know no difference of 1 and 1.0.
        item.insert("metadata".into(), text(memory.metadata.as_str()));
    }
    let owners = [&memory.user_id, &memory.agent_id, &memory.session_id];
    for (((name, since), value), write_seq) in OWNERS.into_iter().zip(owners).zip(stored.moved) {
        if let Some(value) = value {
            item.insert(name.into(), text(value));
        }
        if let Some(write_seq) = write_seq {
            item.insert(since.into(), number(write_seq));
        }
    }
    if let Some(end) = memory.expires_at {
        item.insert("expiresAt".into(), millis(end));
        item.insert("ttl".into(), ttl(end));
    }
    item
}

/// The memory of an item.
pub(super) fn decode(item: &Attributes) -> Result<StoredMemory> {
    let row = Row::new(TABLE, item);
    let id = row.parsed("id", MemoryId::parse)?;
    let metadata = row.optional_text("metadata")?;
    let metadata = metadata.map(|text| Metadata::from_stored(text).ok_or_else(|| row.corrupt("metadata")));
    let optional = |name: &str| -> Result<Option<String>> { Ok(row.optional_text(name)?.map(str::to_owned)) };
    let memory = Memory {
        content: row.text("content")?.to_owned(),
        kind: row.parsed("type", MemoryType::parse)?,
        importance: row.float("importance")?,
        tags: row.texts("tags")?,
        metadata: metadata.transpose()?.unwrap_or_default(),
        user_id: optional("userId")?,
        agent_id: optional("agentId")?,
        session_id: optional("sessionId")?,
        expires_at: row.optional_moment("expiresAt")?,
        created_at: id.created_at(),
        updated_at: row.moment("updatedAt")?,
        id,
    };
    let mut moved = [None; 3];
    for ((_, since), write_seq) in OWNERS.into_iter().zip(&mut moved) {
        *write_seq = row.optional_integer(since)?.map(i64::unsigned_abs);
    }
    Ok(StoredMemory {
        memory,
        version: row.text("version")?.to_owned(),
        write_seq: row.count("writeSeq")?,
        moved,
    })
}
