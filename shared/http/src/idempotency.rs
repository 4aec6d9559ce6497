//! Requests with an `Idempotency-Key`: a claim before the handler, the answer kept behind it.
//!
//! Handlers do not know of it. Under a claim they get the time and the ids of the first request of the
//! key, and a store that finds what that request had written.

use hb_domain::idempotency::{
    Fingerprint, IdempotencyKey, IdempotencyRecord, MAX_STORED_RESPONSE, Seed, StoredResponse,
};
use hb_domain::{Error, RequestId, Result, Timestamp};
use hb_store::{Context, IdempotencyRecords, LockedRecord, Store};
use http::header::HeaderMap;
use http::request::Parts;
use rand::RngExt;

use crate::reply::{Data, HandlerResult};
use crate::{Call, envelope, error};

const HEADER: &str = "idempotency-key";

/// What becomes of a claim when its request has been worked on.
enum Settlement {
    /// The answer is kept for repetitions.
    Complete(StoredResponse),
    /// A repetition carries on, with the same ids: something may have been written.
    Unlock,
    /// Nothing was done: the key is free again.
    Discard,
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
pub(crate) fn new_record(parts: &Parts, call: &mut Call) -> IdempotencyRecord {
    let query = parts.uri.query().unwrap_or_default();
    let fingerprint = Fingerprint::of(parts.method.as_str(), parts.uri.path(), query, &call.body);
    let (seed, holder) = (Seed(call.rng.random()), format!("{:016x}", call.rng.random::<u64>()));
    IdempotencyRecord::new(fingerprint, seed, holder, call.effective_at())
}

/// Settles the claim of a request that came to `outcome`; gives what to answer. When that cannot be kept, what the
/// request did is done all the same and whoever repeats it finds it; only a secret is then not told, since whoever
/// repeats it would be told another.
pub(crate) async fn settle(
    store: &Store,
    context: &Context,
    locked: &LockedRecord,
    outcome: HandlerResult,
    request: &RequestId,
    at: Timestamp,
) -> HandlerResult {
    let idempotency: IdempotencyRecords<'_> = store.with(context).idempotency();
    let settled = match settlement(&outcome, locked, request, at) {
        Settlement::Complete(stored) => idempotency.complete(locked, &stored).await,
        Settlement::Unlock => idempotency.unlock(locked).await,
        Settlement::Discard => idempotency.discard(locked).await,
    };
    let is_settled = settled.unwrap_or_else(|error| {
        tracing::warn!(tenant = %context.tenant(), %error, "a claim was not settled; its lease ends by itself");
        false
    });
    match outcome {
        Ok(reply) if reply.redacted.is_some() && !is_settled => {
            Err(Error::Unavailable("a secret was not told, since the answer could not be kept".into()))
        }
        outcome => outcome,
    }
}

fn settlement(
    outcome: &HandlerResult,
    locked: &LockedRecord,
    request: &RequestId,
    at: Timestamp,
) -> Settlement {
    match outcome {
        Ok(reply) => {
            let Data::Json(data) = &reply.data else { return Settlement::Unlock };
            let data = reply.redacted.as_ref().unwrap_or(data);
            let stored = StoredResponse {
                status: reply.status().as_u16(),
                body: envelope::success(data, request, at),
                location: reply.created.clone(),
                version: reply.version.clone(),
            };
            if reply.unfinished || stored.body.len() > MAX_STORED_RESPONSE {
                Settlement::Unlock
            } else {
                Settlement::Complete(stored)
            }
        }
        Err(refusal @ (Error::NotFound | Error::Duplicate(_) | Error::PreconditionFailed)) => {
            Settlement::Complete(StoredResponse {
                status: error::status(refusal).as_u16(),
                body: envelope::failure(refusal, request, at),
                location: None,
                version: None,
            })
        }
        Err(refusal) if error::status(refusal).is_server_error() || locked.record.resumed => {
            Settlement::Unlock
        }
        Err(_) => Settlement::Discard,
    }
}
