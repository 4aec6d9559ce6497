//! Clerk's session tokens: the caller that a token with a verified signature identifies.
//!
//! The key of a Clerk instance signs more than sessions: machine tokens, OAuth access tokens, the tokens of JWT
//! templates. Only session tokens are accepted, by rules that refuse at least what Clerk's libraries refuse.
//!
//! <https://clerk.com/docs/backend-requests/resources/session-tokens>, versions 1 and 2.

use std::time::Duration;

use serde_json::Value;

use crate::token::{Claims, TokenHeader};
use crate::{TenantId, Timestamp};

/// The tolerated difference between Clerk's clock and ours: the leeway of Clerk's libraries.
const LEEWAY: Duration = Duration::from_secs(5);
/// The longest time from a token's issue to its expiry. Clerk's own session tokens live for a minute.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The header `cat` of session tokens. Tokens that were issued before Clerk had categories lack it.
pub const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";
/// The prefix of a machine token's subject.
const MACHINE: &str = "mch_";
/// The authorized party that stands for tokens without `azp`, from applications that send no `Origin`.
pub const NATIVE: &str = "native";

/// The part of a token that is the tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TenantOf {
    /// The user.
    #[default]
    User,
    /// The organisation that is active in the session.
    Organization,
}

/// The session tokens that a deployment accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClerkRules {
    /// The issuer.
    pub issuer: String,
    /// The accepted origins, and [`NATIVE`] for tokens without one. Empty accepts any.
    pub parties: Vec<String>,
    /// The accepted audiences. A token without an audience is always accepted.
    pub audiences: Vec<String>,
    /// The part of a token that is the tenant.
    pub tenant_of: TenantOf,
}

/// The caller that a session token identifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The tenant.
    pub tenant: TenantId,
    /// The user: the token's `sub`.
    pub user: String,
    /// Whether the user may manage the tenant's keys.
    pub manages_keys: bool,
    /// When the token expires.
    pub expires_at: Timestamp,
}

/// Why a token with a valid signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// It violates this rule: it is not a session token of this deployment.
    Unknown(Rule),
    /// It has expired.
    Expired,
    /// No organisation is active in its session.
    NoOrganization,
}

/// The rules that a session token must satisfy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `iss` is the issuer.
    Issuer,
    /// The header's `cat` is that of sessions, or absent.
    Category,
    /// `sub` is a user.
    Subject,
    /// `sid` names a session.
    SessionId,
    /// `azp` is one of the authorized parties.
    Party,
    /// `aud` is absent, or contains only accepted audiences.
    Audience,
    /// `act` is absent: the user is not impersonated.
    Actor,
    /// `sts` is not `pending`.
    Status,
    /// `v` is a number, or absent.
    Version,
    /// `exp` is a time.
    Expiry,
    /// `nbf` is absent, or a time that is not in the future.
    NotBefore,
    /// `iat` is a time that is not in the future.
    IssuedAt,
    /// `exp` is at most a day after `iat`.
    Lifetime,
    /// The tenant's id is well-formed.
    Tenant,
}

impl ClerkRules {
    /// The session of a token with this header and these claims at `now`. `party` is accepted besides the rules' own parties.
    ///
    /// # Errors
    /// Why the token is not accepted.
    pub fn verify(
        &self,
        header: &TokenHeader,
        claims: &Claims,
        party: Option<&str>,
        now: Timestamp,
    ) -> Result<Session, SessionError> {
        let hold = |rule, holds: bool| if holds { Ok(()) } else { Err(SessionError::Unknown(rule)) };
        hold(Rule::Issuer, claims.text("iss") == Some(&self.issuer))?;
        hold(Rule::Category, header.category.as_deref().is_none_or(|category| category == SESSION_CATEGORY))?;
        let user = claims.text("sub").filter(|user| TenantId::parse(user).is_some());
        let user =
            user.filter(|user| !user.starts_with(MACHINE)).ok_or(SessionError::Unknown(Rule::Subject))?;
        hold(Rule::SessionId, claims.text("sid").is_some_and(|session| !session.is_empty()))?;
        hold(Rule::Party, self.admits_party(claims.get("azp"), party))?;
        hold(Rule::Audience, claims.get("aud").is_none_or(|audience| self.is_audience(audience)))?;
        hold(Rule::Actor, claims.get("act").is_none())?;
        let status = claims.get("sts").map(Value::as_str);
        hold(Rule::Status, status.is_none_or(|status| status.is_some_and(|status| status != "pending")))?;
        hold(Rule::Version, claims.get("v").is_none_or(Value::is_number))?;
        let expires_at = in_time(claims, now)?;
        let (tenant, manages_keys) = match self.tenant_of {
            TenantOf::User => (user, true),
            TenantOf::Organization => active_organization(claims).ok_or(SessionError::NoOrganization)?,
        };
        let tenant = TenantId::parse(tenant).ok_or(SessionError::Unknown(Rule::Tenant))?;
        Ok(Session { tenant, user: user.to_owned(), manages_keys, expires_at })
    }

    fn admits_party(&self, party: Option<&Value>, other: Option<&str>) -> bool {
        let is_listed = |party: &str| self.parties.iter().any(|own| own == party) || other == Some(party);
        match party {
            None => self.parties.is_empty() || is_listed(NATIVE),
            Some(Value::String(party)) => self.parties.is_empty() || (party != NATIVE && is_listed(party)),
            Some(_) => false,
        }
    }

    /// Whether `aud` contains only accepted audiences. A token that is also meant for another service could be
    /// replayed by that service.
    fn is_audience(&self, audience: &Value) -> bool {
        let is_listed = |audience: &Value| {
            audience.as_str().is_some_and(|audience| self.audiences.iter().any(|own| own == audience))
        };
        match audience {
            Value::Array(all) => !all.is_empty() && all.iter().all(is_listed),
            one => is_listed(one),
        }
    }
}

/// When the token expires, if it is valid at `now`.
fn in_time(claims: &Claims, now: Timestamp) -> Result<Timestamp, SessionError> {
    let has_come = |time: &Timestamp| *time <= now.plus(LEEWAY);
    let exactly = claims.time("exp").flatten().ok_or(SessionError::Unknown(Rule::Expiry))?;
    if let Some(begin) = claims.time("nbf") {
        begin.filter(has_come).ok_or(SessionError::Unknown(Rule::NotBefore))?;
    }
    let issued_at =
        claims.time("iat").flatten().filter(has_come).ok_or(SessionError::Unknown(Rule::IssuedAt))?;
    if exactly > issued_at.plus(LONGEST) {
        return Err(SessionError::Unknown(Rule::Lifetime));
    }
    // As in Clerk's libraries, fractions of a second are dropped.
    let expires_at = Timestamp::from_millis(exactly.seconds() * 1_000);
    if expires_at.plus(LEEWAY) <= now { Err(SessionError::Expired) } else { Ok(expires_at) }
}

/// The organisation that is active in the session, and whether the user is one of its admins. Version 2 has it in `o`
/// only, version 1 in `org_id` and `org_role`; other claims may be the application's own.
fn active_organization(claims: &Claims) -> Option<(&str, bool)> {
    match claims.get("v").map(Value::as_u64) {
        Some(Some(2)) => {
            let text = |name: &str| claims.get("o")?.get(name)?.as_str();
            Some((text("id")?, text("rol") == Some("admin")))
        }
        None | Some(Some(1)) => Some((claims.text("org_id")?, claims.text("org_role") == Some("org:admin"))),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
