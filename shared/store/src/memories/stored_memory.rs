//! The item of a memory: encoding and decoding.

use hb_domain::memory::MemoryType;
use hb_domain::{Memory, MemoryId, Metadata, Result, TenantId};
use hb_search::SearchDocument;

use super::{VersionedMemory, namespace_key};
use crate::item::{Attributes, Row, bytes, flag, millis, number, text, texts, ttl};
use crate::storage_ledger::StorageUsage;
use crate::tables::Table;

const TABLE: Table = Table::Memories;

/// The format of the search documents that this version writes, which is their first byte. Every change of what
/// [`SearchDocument::of`] makes of a memory has a new one.
pub const SEARCH_FORMAT: u8 = SearchDocument::FORMAT;

/// A memory with the attributes that only the store uses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredMemory {
    pub(crate) memory: Memory,
    /// The name of this version, which changes with every write.
    pub(super) version: String,
    /// The tenant's write sequence at the creation.
    pub(super) write_seq: u64,
    /// The write sequences at which the memory got its user, agent, session and namespace, where that was after the creation.
    pub(super) owner_since: [Option<u64>; 4],
    /// Whether this version took the place of one that had an end and had not reached it. For the event of the change: by
    /// the times alone, it cannot be told from a new memory that took the place of an expired one. Not read back.
    pub(super) is_replacement: bool,
}

/// The attributes of the write sequences in [`StoredMemory::owner_since`].
const OWNER_SINCE: [&str; 4] = ["userIdSeq", "agentIdSeq", "sessionIdSeq", "namespaceSeq"];

impl StoredMemory {
    /// What the memory takes of the tenant's storage quota.
    pub(super) fn storage(&self) -> StorageUsage {
        StorageUsage { memories: 1, bytes: self.memory.size() }
    }

    pub(super) fn versioned(self) -> VersionedMemory {
        VersionedMemory { memory: self.memory, version: self.version }
    }
}

/// The key of a memory's item.
pub(crate) fn key(tenant: &TenantId, id: &MemoryId) -> Attributes {
    Attributes::from([("tenant".into(), text(tenant)), ("id".into(), text(id))])
}

/// The stored search document of a memory.
pub(super) fn search_document(memory: &Memory) -> Vec<u8> {
    SearchDocument::of(memory).to_bytes()
}

/// The item of `stored`.
pub(super) fn encode(tenant: &TenantId, stored: &StoredMemory) -> Attributes {
    let memory = &stored.memory;
    let mut item = key(tenant, &memory.id);
    item.insert("version".into(), text(&stored.version));
    item.insert("writeSeq".into(), number(stored.write_seq));
    // For the consumer of the stream, which has to release the storage of an expired memory.
    item.insert("bytes".into(), number(memory.size()));
    item.insert("content".into(), text(&memory.content));
    item.insert("type".into(), text(memory.kind.as_str()));
    // In scientific notation: the decimal notation of a small number can exceed DynamoDB's 38 digits.
    item.insert("importance".into(), number(format_args!("{:e}", memory.importance)));
    item.insert("updatedAt".into(), millis(memory.updated_at));
    item.insert("searchDoc".into(), bytes(&search_document(memory)));
    if !memory.tags.is_empty() {
        item.insert("tags".into(), texts(&memory.tags));
    }
    if !memory.metadata.is_empty() {
        // As text: DynamoDB nests maps up to 32 levels and does not distinguish 1 from 1.0.
        item.insert("metadata".into(), text(memory.metadata.as_str()));
    }
    let texts = [
        ("key", &memory.key),
        ("userId", &memory.user_id),
        ("agentId", &memory.agent_id),
        ("sessionId", &memory.session_id),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            item.insert(name.into(), text(value));
        }
    }
    if let Some(namespace) = &memory.namespace {
        let whole = namespace_key::text_of(namespace);
        let sort_key = namespace_key::sort_key(&whole);
        if sort_key != whole {
            item.insert("longNamespace".into(), text(whole));
        }
        item.insert("namespace".into(), text(sort_key));
    }
    for (name, write_seq) in OWNER_SINCE.into_iter().zip(stored.owner_since) {
        if let Some(write_seq) = write_seq {
            item.insert(name.into(), number(write_seq));
        }
    }
    if stored.is_replacement {
        item.insert("isReplacement".into(), flag(true));
    }
    if !memory.searchable {
        item.insert("searchable".into(), flag(false));
    }
    if let Some(end) = memory.expires_at {
        item.insert("expiresAt".into(), millis(end));
        item.insert("ttl".into(), ttl(end));
    }
    item
}

/// The memory of an item.
pub(crate) fn decode(item: &Attributes) -> Result<StoredMemory> {
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
        namespace: match row.optional_parsed("longNamespace", namespace_key::parse)? {
            Some(namespace) => Some(namespace),
            None => row.optional_parsed("namespace", namespace_key::parse)?,
        },
        key: optional("key")?,
        user_id: optional("userId")?,
        agent_id: optional("agentId")?,
        session_id: optional("sessionId")?,
        expires_at: row.optional_moment("expiresAt")?,
        searchable: row.optional_flag("searchable")?.unwrap_or(true),
        created_at: id.created_at(),
        updated_at: row.moment("updatedAt")?,
        id,
    };
    let mut owner_since = [None; 4];
    for (name, write_seq) in OWNER_SINCE.into_iter().zip(&mut owner_since) {
        *write_seq = row.optional_integer(name)?.map(i64::unsigned_abs);
    }
    Ok(StoredMemory {
        memory,
        version: row.text("version")?.to_owned(),
        write_seq: row.count("writeSeq")?,
        owner_since,
        is_replacement: false,
    })
}

#[cfg(test)]
mod tests {
    use hb_domain::fields::Fields;
    use hb_domain::memory::NewMemory;
    use hb_domain::{Timestamp, json};

    use super::*;

    #[test]
    fn the_first_byte_of_a_search_document_is_its_format() {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let fields = json::parse(br#"{"content": "tea", "type": "task"}"#).expect("JSON");
        let now = Timestamp::from_millis(1_795_521_600_000);
        let memory = NewMemory::parse(Fields::of_body(fields, &tenant).expect("fields"), now);
        let memory =
            memory.expect("a memory").named(MemoryId::parse("mem_0ivw4q1c00000000000001").expect("an id"));
        assert_eq!(search_document(&memory).first(), Some(&SEARCH_FORMAT));
    }
}
