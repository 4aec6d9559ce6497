//! Plans and their limits.

use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::named::named;

/// The plan of a tenant.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Plan {
    /// The default of a new tenant.
    Free,
    /// A hundred times the limits of free.
    Pro,
    /// Limits are set for each tenant.
    Enterprise,
}

named!(Plan);

impl Plan {
    /// The limits of the plan; for enterprise, the initial limits of a tenant.
    pub const fn allowance(self) -> Allowance {
        match self {
            Self::Free => Allowance { per_month: 1_000, per_minute: 10, burst: 20, memories: Some(1_000) },
            Self::Pro => {
                Allowance { per_month: 100_000, per_minute: 100, burst: 200, memories: Some(1_000_000) }
            }
            Self::Enterprise => {
                // An item accepts 1,000 writes a second, and a request that creates a memory writes the tenant's item twice.
                Allowance { per_month: 10_000_000, per_minute: 30_000, burst: 10_000, memories: None }
            }
        }
    }
}

/// The limits of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Admitted requests in a UTC calendar month.
    pub per_month: u64,
    /// The rate at which the bucket refills, in requests a minute; at least 1.
    pub per_minute: u32,
    /// The capacity of the bucket, in requests; at least 1.
    pub burst: u32,
    /// The maximum number of memories; `None` for any number.
    pub memories: Option<u64>,
}
