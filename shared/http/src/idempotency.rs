//! Requests with an `Idempotency-Key`: a record is locked before the handler runs, and its response is stored after.
//!
//! Handlers need no code for it. Under a record they use the time and the ids of the first attempt, and the store finds
//! what an earlier attempt has written.

use hb_domain::idempotency::{
    Fingerprint, IdempotencyKey, IdempotencyRecord, MAX_STORED_RESPONSE, Seed, StoredResponse,
};
use hb_domain::{Error, RequestId, Result, Timestamp};
use hb_store::{Context, IdempotencyRecords, LockedRecord, Store};
use http::header::HeaderMap;
use http::request::Parts;
use rand::RngExt;

use crate::reply::{Content, HandlerResult};
use crate::{Call, envelope, error};

const HEADER: &str = "idempotency-key";

/// The next state of a record after its request has been handled.
enum Settlement {
    /// The response is stored for repetitions.
    Complete(StoredResponse),
    /// A repetition resumes the request with the same ids, because something may have been written.
    Unlock,
    /// Nothing was done, so the key can be used again.
    Discard,
}

/// The idempotency key of a request, if it has one.
///
/// # Errors
/// [`Error::Validation`] when the key is malformed, or several are sent that differ.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<IdempotencyKey>> {
    let refused = || {
        Error::field("Idempotency-Key", "must be one key of 1 to 255 visible ASCII characters, without comma")
    };
    let keys = headers
        .get_all(HEADER)
        .iter()
        .map(|value| IdempotencyKey::parse(value.as_bytes()).ok_or_else(refused));
    let keys = keys.collect::<Result<Vec<_>>>()?;
    if keys.windows(2).all(|pair| pair[0] == pair[1]) { Ok(keys.into_iter().next()) } else { Err(refused()) }
}

/// The record of this request, as the first attempt under its key.
pub(crate) fn new_record(parts: &Parts, call: &mut Call) -> IdempotencyRecord {
    let query = parts.uri.query().unwrap_or_default();
    let fingerprint = Fingerprint::of(parts.method.as_str(), parts.uri.path(), query, &call.body);
    let (seed, holder) = (Seed(call.rng.random()), format!("{:016x}", call.rng.random::<u64>()));
    IdempotencyRecord::new(fingerprint, seed, holder, call.effective_at())
}

/// Settles the record of a request with this outcome, and returns the outcome to respond with. When the response cannot
/// be stored, the changes remain and a repetition finds them. A secret is then not returned, because a repetition would
/// return another one.
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
        tracing::warn!(tenant = %context.tenant(), %error, "an idempotency record was not settled; its lock expires");
        false
    });
    match outcome {
        Ok(reply) if reply.redacted.is_some() && !is_settled => {
            Err(Error::Unavailable("a secret was withheld because the response could not be stored".into()))
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
            // A stored response has neither another media type nor further headers.
            let Content::Envelope(data) = &reply.content else { return Settlement::Unlock };
            let data = reply.redacted.as_ref().unwrap_or(data);
            let stored = StoredResponse {
                status: reply.status.as_u16(),
                body: envelope::success(data, request, at),
                location: reply.location.clone(),
                version: reply.version.clone(),
            };
            if reply.unfinished
                || reply.next.is_some()
                || !reply.headers.is_empty()
                || stored.body.len() > MAX_STORED_RESPONSE
            {
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
