//! The usage of a key: requests by day, and by the scope that they need.

use std::ops::Add;

use strum::EnumCount;

use crate::Scope;
use crate::time::Day;

/// What one write adds to the usage of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageIncrement {
    /// An admitted request.
    Admitted {
        /// The scope that the request's route needs, whether the key has it or not.
        scope: Option<Scope>,
        /// Earlier requests that were refused by a rate limit or quota and are not recorded yet.
        limited: u64,
    },
    /// A response of 400 or above to an admitted request.
    Failed,
}

/// The requests of one key on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCounts {
    /// Admitted requests. Exact.
    pub requests: u64,
    /// Admitted requests with a response of 400 or above.
    pub errors: u64,
    /// Requests refused by a rate limit or quota. A lower bound, since a refusal itself writes nothing.
    pub limited: u64,
}

/// One day of a usage report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyUsage {
    /// The UTC day.
    pub day: Day,
    /// The requests of the day.
    pub counts: DayCounts,
}

/// Admitted requests of one key by the scope that their routes need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeCounts {
    scoped: [u64; Scope::COUNT],
    unscoped: u64,
}

/// The usage report of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// Each day of the report, the oldest first.
    pub daily: Vec<DailyUsage>,
    /// The requests of the calendar months that the days touch. `None` if some of them were not counted by scope.
    pub scopes: Option<ScopeCounts>,
}

impl ScopeCounts {
    /// The counts of a month in which `requests` were admitted. `count` returns the requests that needed a scope, or
    /// none. `None` if there were more requests than these: an earlier version did not count them by scope.
    ///
    /// # Errors
    /// Those of `count`.
    pub fn of_month<E>(
        requests: u64,
        count: impl Fn(Option<Scope>) -> Result<u64, E>,
    ) -> Result<Option<Self>, E> {
        let mut counts = Self { scoped: [0; Scope::COUNT], unscoped: count(None)? };
        for scope in Scope::ALL {
            counts.scoped[scope as usize] = count(Some(scope))?;
        }
        let counted = counts.scoped.iter().sum::<u64>() + counts.unscoped;
        Ok((counted >= requests).then_some(counts))
    }

    /// How many requests needed `scope`.
    pub const fn needing(&self, scope: Scope) -> u64 {
        self.scoped[scope as usize]
    }
}

impl Add for ScopeCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let scoped = Scope::ALL.map(|scope| self.needing(scope) + other.needing(scope));
        Self { scoped, unscoped: self.unscoped + other.unscoped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_month(requests: u64, unscoped: u64) -> Option<ScopeCounts> {
        let count =
            |scope: Option<Scope>| Ok::<_, ()>(scope.map_or(unscoped, |scope| 1 << (4 * scope as u8)));
        ScopeCounts::of_month(requests, count).expect("counts")
    }

    #[test]
    fn every_scope_has_its_own_count_and_months_are_added() {
        let counts = of_month(0, 5).expect("counts") + of_month(0, 0).expect("counts");
        assert_eq!(Scope::ALL.map(|scope| counts.needing(scope)), [0x2, 0x20, 0x200, 0x2000]);
    }

    #[test]
    fn counts_that_cover_fewer_requests_than_were_admitted_are_unknown() {
        assert_eq!(of_month(0x1111 + 5, 5), of_month(0, 5), "those that need no scope are covered too");
        assert_eq!(of_month(0x1111 + 6, 5), None);
    }

    #[test]
    fn an_error_is_returned() {
        let corrupt =
            |scope: Option<Scope>| if scope == Some(Scope::WriteWebhooks) { Err(()) } else { Ok(0) };
        assert_eq!(ScopeCounts::of_month(0, corrupt), Err(()));
    }
}
