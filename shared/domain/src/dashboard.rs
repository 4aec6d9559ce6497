//! Signing in to the dashboard: links of one use, the sessions that follow, and the rate limit of pages.

mod publishable_key;
mod token;

use std::time::Duration;

use crate::Timestamp;
use crate::plan::Allowance;

pub use publishable_key::PublishableKey;
pub use token::{CsrfToken, DashboardToken, TokenDigest};

/// How long a sign-in link can be used, once.
pub const LINK_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How long a session lasts that began with a sign-in link: a working day.
pub const LINK_SESSION_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a session lasts that began with a Clerk session, before Clerk has to confirm it again.
pub const CLERK_SESSION_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The limits of the pages of one tenant, apart from those of the API: 120 a minute, and no limit per month.
pub const PAGE_ALLOWANCE: Allowance =
    Allowance { per_month: u64::MAX, per_minute: 120, burst: 120, memories: None };

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// The user of a Clerk session.
    User {
        /// The user's id at the issuer.
        id: String,
        /// Whether the user may manage the tenant's keys.
        manages_keys: bool,
    },
    /// Whoever has used a sign-in link, which only an operator can create.
    Link,
}

/// A session of the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardSession {
    /// Who is signed in.
    pub signed_in: SignedIn,
    /// When the session ends.
    pub expires_at: Timestamp,
}

impl DashboardSession {
    /// A session that begins `now`.
    pub fn new(signed_in: SignedIn, now: Timestamp) -> Self {
        let lifetime = match signed_in {
            SignedIn::User { .. } => CLERK_SESSION_LIFETIME,
            SignedIn::Link => LINK_SESSION_LIFETIME,
        };
        Self { signed_in, expires_at: now.plus(lifetime) }
    }

    /// How long the session lasts from `now` on.
    pub fn remaining(&self, now: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.expires_at.micros() - now.micros()).unwrap_or(0))
    }
}
