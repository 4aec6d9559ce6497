//! Memories with a key of the application's own, which is unique in its scope.
//!
//! The row of a key names the memory that holds it. Both are written in one transaction, and so are both deleted, so that no
//! two visible memories have the same key (infra/adr/0021).

mod batch;
mod delete;
mod earlier;
mod holder;
mod moves;
mod place;
mod row;

use hb_domain::memory_key::OnConflict;
use hb_domain::precondition::Preconditions;
use hb_domain::{Error, ScopedKey};

use super::VersionedMemory;
pub(super) use moves::KeyMove;
pub(crate) use row::delete_row;

/// What became of a new memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// It was created.
    Created,
    /// It replaced the memory that holds its key.
    Replaced,
    /// The memory that holds its key, or its id, is unchanged.
    Existed,
}

/// A new memory and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// What became of it.
    pub placement: Placement,
    /// The memory that is stored now.
    pub memory: VersionedMemory,
}

impl Placed {
    const fn new(placement: Placement, memory: VersionedMemory) -> Self {
        Self { placement, memory }
    }
}

/// A new memory that is to be placed under its key.
#[derive(Clone, Debug)]
struct NewKeyed {
    key: ScopedKey,
    new: VersionedMemory,
    on_conflict: OnConflict,
    conditions: Preconditions,
    /// Whether the client has chosen the id, so that another memory may have it.
    id_may_exist: bool,
    /// Its position, when it is one of many in a request.
    position: Option<usize>,
}

/// The error of a memory whose key another memory holds.
fn taken() -> Error {
    Error::Duplicate("The key is held by another memory of the same namespace, userId and agentId".into())
}

/// The error of a request that was overtaken by others too often.
fn overtaken() -> Error {
    Error::Unavailable("the holder of the key was changed by others too often".into())
}
