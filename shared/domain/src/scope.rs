//! What a credential may do: four scopes and the sets made of them.

use std::fmt;

use serde::{Serialize, Serializer};

/// One permission of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read memories and search them.
    ReadMemories,
    /// Create, change and delete memories.
    WriteMemories,
    /// Ask the intelligence endpoints.
    ReadIntelligence,
    /// Manage webhooks.
    WriteWebhooks,
}

impl Scope {
    /// Every scope, in the order answers list them.
    pub const ALL: [Self; 4] =
        [Self::ReadMemories, Self::WriteMemories, Self::ReadIntelligence, Self::WriteWebhooks];

    /// The name used in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadMemories => "read:memories",
            Self::WriteMemories => "write:memories",
            Self::ReadIntelligence => "read:intelligence",
            Self::WriteWebhooks => "write:webhooks",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes; the lattice that key management moves down in, never up.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether `scope` is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The first scope of this set that `other` lacks; `None` when this is a subset.
    pub fn first_missing_in(self, other: Self) -> Option<Scope> {
        self.iter().find(|scope| !other.contains(*scope))
    }

    /// The scopes of the set in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Scope::as_str)).finish()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Scope::as_str))
    }
}
