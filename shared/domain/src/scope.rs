//! What a credential may do: four scopes and the sets made of them.

use std::fmt;

use serde::{Serialize, Serializer};
use strum::{Display, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::named::named;

/// One permission of the API.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Display,
    EnumCount,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
pub enum Scope {
    /// Read memories and search them.
    #[strum(serialize = "read:memories")]
    ReadMemories,
    /// Create, change and delete memories.
    #[strum(serialize = "write:memories")]
    WriteMemories,
    /// Call the intelligence endpoints.
    #[strum(serialize = "read:intelligence")]
    ReadIntelligence,
    /// Manage webhooks.
    #[strum(serialize = "write:webhooks")]
    WriteWebhooks,
}

named!(Scope);

impl Scope {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes; key management grants subsets only.
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
