//! How passages form memories, and memories sessions.

use std::ops::Range;

use super::Slot;

/// The passages of each memory and the memories of each session, numbered from 0 in the order of the passages. A memory
/// without a session is one by itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// The memory of each passage.
    memory_of: Vec<u32>,
    /// The first passage of each memory, and behind the last one the number of passages.
    first_passages: Vec<u32>,
    /// The session of each memory.
    session_of: Vec<u32>,
    /// The first memory of each session, and behind the last one the number of memories.
    first_memories: Vec<u32>,
}

impl Layout {
    /// The most bytes that it takes for each passage.
    pub(super) const BYTES: usize = 4 * size_of::<u32>();

    /// The layout of these passages.
    pub(crate) fn of<'s>(slots: impl ExactSizeIterator<Item = &'s Slot>) -> Self {
        let mut layout = Self::default();
        layout.update(slots);
        layout
    }

    /// Becomes the layout of these passages.
    pub(super) fn update<'s>(&mut self, slots: impl ExactSizeIterator<Item = &'s Slot>) {
        let Self { memory_of, first_passages, session_of, first_memories } = self;
        let passages = slots.len();
        for numbers in [&mut *memory_of, first_passages, session_of, first_memories] {
            numbers.clear();
            if numbers.capacity() > passages / 4 * 5 + 1_024 {
                numbers.shrink_to(passages + 1);
            }
        }
        memory_of.reserve_exact(passages);
        let mut last_session = 0;
        for (slot, passage) in slots.zip(0_u32..) {
            if slot.passage == 0 {
                let session = slot.owners.session();
                if session == 0 || session != last_session {
                    first_memories.push(count(session_of));
                    last_session = session;
                }
                session_of.push(count(first_memories) - 1);
                first_passages.push(passage);
            }
            memory_of.push(count(first_passages) - 1);
        }
        first_memories.push(count(session_of));
        first_passages.push(count(memory_of));
    }

    /// The number of passages.
    pub(crate) fn passages(&self) -> usize {
        self.memory_of.len()
    }

    /// The number of memories.
    pub(crate) fn memories(&self) -> usize {
        self.session_of.len()
    }

    /// The memory of a passage.
    pub(crate) fn memory_of(&self, passage: u32) -> usize {
        self.memory_of[passage as usize] as usize
    }

    /// The passages of a memory.
    pub(crate) fn passages_of(&self, memory: usize) -> Range<usize> {
        self.first_passages[memory] as usize..self.first_passages[memory + 1] as usize
    }

    /// The memories of the session of a memory.
    pub(crate) fn session_around(&self, memory: usize) -> Range<usize> {
        self.session(self.session_of[memory] as usize)
    }

    /// The memories of each session.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = Range<usize>> {
        (0..self.first_memories.len().saturating_sub(1)).map(|session| self.session(session))
    }

    fn session(&self, session: usize) -> Range<usize> {
        self.first_memories[session] as usize..self.first_memories[session + 1] as usize
    }

    /// The memory that it takes, in bytes.
    pub(super) fn allocated_bytes(&self) -> usize {
        let Self { memory_of, first_passages, session_of, first_memories } = self;
        let numbers = [memory_of, first_passages, session_of, first_memories];
        numbers.iter().map(|numbers| numbers.capacity() * size_of::<u32>()).sum()
    }
}

fn count(numbers: &[u32]) -> u32 {
    u32::try_from(numbers.len()).unwrap_or(u32::MAX)
}
