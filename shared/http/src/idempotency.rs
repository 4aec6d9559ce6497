//! Requests with an `Idempotency-Key`: a claim before the handler, the answer kept behind it.
//!
//! Handlers do not know of it. Under a claim they get the time and the ids of the first request of the
//! key, and a store that finds what that request had written.

use hb_domain::idempotency::{Claim, Fingerprint, IdempotencyKey, Kept, MAX_KEPT, Seed};
use hb_domain::{Error, Principal, RequestId, Result, Timestamp};
use hb_store::{Claims, HeldClaim, Store};
use http::header::HeaderMap;
use http::request::Parts;
use rand::RngExt;

use crate::reply::{Data, Outcome};
use crate::{Call, envelope, error};

const HEADER: &str = "idempotency-key";

/// What becomes of a claim when its request has been worked on.
enum Settlement {
    /// The answer is kept for repetitions.
    Keep(Kept),
    /// A repetition carries on, with the same ids: something may have been written.
    Release,
    /// Nothing was done: the key is free again.
    Forget,
}

/// The request's key, if it has one.
///
/// # Errors
/// [`Error::Validation`] when what it has is no key.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<IdempotencyKey>> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match IdempotencyKey::parse(value.as_bytes()).filter(|_| values.next().is_none()) {
        Some(key) => Ok(Some(key)),
        None => Err(Error::field("Idempotency-Key", "must be 1 to 255 visible ASCII characters, sent once")),
    }
}

/// A claim for this request, as if it were the first of its key.
pub(crate) fn fresh_claim(parts: &Parts, call: &mut Call) -> Claim {
    let query = parts.uri.query().unwrap_or_default();
    let fingerprint = Fingerprint::of(parts.method.as_str(), parts.uri.path(), query, &call.body);
    let (seed, holder) = (Seed(call.rng.random()), format!("{:016x}", call.rng.random::<u64>()));
    Claim::new(fingerprint, seed, holder, call.now)
}

/// Settles the claim of a request that came to `outcome`; gives what to answer. When that cannot be kept, what the
/// request did is done all the same and whoever repeats it finds it; only a secret is then not told, since whoever
/// repeats it would be told another.
pub(crate) async fn settle(
    store: &Store,
    principal: &Principal,
    held: &HeldClaim,
    outcome: Outcome,
    request: &RequestId,
    at: Timestamp,
) -> Outcome {
    let claims: Claims<'_> = store.claims(principal);
    let settled = match settlement(&outcome, held, request, at) {
        Settlement::Keep(kept) => claims.keep(held, &kept).await,
        Settlement::Release => claims.release(held).await,
        Settlement::Forget => claims.forget(held).await,
    };
    let is_settled = settled.unwrap_or_else(|error| {
        tracing::warn!(tenant = %principal.tenant(), %error, "a claim was not settled; its lease ends by itself");
        false
    });
    match outcome {
        Ok(reply) if reply.redacted.is_some() && !is_settled => {
            Err(Error::Unavailable("a secret was not told, since the answer could not be kept".into()))
        }
        outcome => outcome,
    }
}

fn settlement(outcome: &Outcome, held: &HeldClaim, request: &RequestId, at: Timestamp) -> Settlement {
    match outcome {
        Ok(reply) => {
            let Data::Json(data) = &reply.data else { return Settlement::Release };
            let data = reply.redacted.as_ref().unwrap_or(data);
            let kept = Kept {
                status: reply.status().as_u16(),
                body: envelope::success(data, request, at),
                location: reply.created.clone(),
                version: reply.version.clone(),
            };
            if reply.unfinished || kept.body.len() > MAX_KEPT {
                Settlement::Release
            } else {
                Settlement::Keep(kept)
            }
        }
        Err(refusal @ (Error::NotFound | Error::Duplicate(_) | Error::PreconditionFailed)) => {
            Settlement::Keep(Kept {
                status: error::status(refusal).as_u16(),
                body: envelope::failure(refusal, request, at),
                location: None,
                version: None,
            })
        }
        Err(refusal) if error::status(refusal).is_server_error() || held.claim.resumed => Settlement::Release,
        Err(_) => Settlement::Forget,
    }
}
