//! Plans and what they allow.

use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::named::named;

/// What a tenant pays for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumCount, EnumString, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Plan {
    /// The default of a new tenant.
    Free,
    /// A hundred times free.
    Pro,
    /// Set tenant by tenant.
    Enterprise,
}

named!(Plan);

impl Plan {
    /// What the plan allows. For enterprise, whose numbers are set per tenant, where they start.
    pub const fn allowance(self) -> Allowance {
        match self {
            Self::Free => Allowance { per_month: 1_000, per_minute: 10, burst: 20, memories: Some(1_000) },
            Self::Pro => {
                Allowance { per_month: 100_000, per_minute: 100, burst: 200, memories: Some(1_000_000) }
            }
            Self::Enterprise => {
                // A tenant's item takes 1,000 writes a second, and a request that creates a memory writes it twice.
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
    /// How deep the bucket is, in requests; at least 1.
    pub burst: u32,
    /// How many memories may be kept; `None` for any number.
    pub memories: Option<u64>,
}
