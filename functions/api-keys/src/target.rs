//! The key that a request names.

use hb_domain::fields::Fields;
use hb_domain::key_summary::KeySummary;
use hb_domain::{Error, KeyId, Principal, Result, rules};
use hb_http::Call;

/// Reads `keyId`. An id that is not well-formed is accepted; no key has it.
pub(crate) fn take_key_id(fields: &mut Fields) -> Option<String> {
    fields.require("keyId", rules::text(1..=128))
}

/// Checks with `may` whether the caller may change the key of the body's `keyId`. The handler reports a key that does not
/// exist and a body that is invalid; a caller that may not manage keys learns neither.
pub(crate) async fn authorize(call: &Call, may: fn(&Principal, &KeySummary) -> Result<()>) -> Result<()> {
    let Some(id) = take_key_id(&mut call.body()?) else { return Ok(()) };
    match find(call, &id).await {
        Ok(key) => may(call.principal(), &key),
        Err(Error::NotFound) => call.principal().may_manage_keys(),
        Err(error) => Err(error),
    }
}

/// The tenant's key of this id, as long as the list contains it.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or the id is not well-formed.
pub(crate) async fn find(call: &Call, id: &str) -> Result<KeySummary> {
    let id = KeyId::parse(id).ok_or(Error::NotFound)?;
    read(call, &id).await
}

/// As [`find`], for a well-formed id.
///
/// # Errors
/// [`Error::NotFound`] when there is no such key.
pub(crate) async fn read(call: &Call, id: &KeyId) -> Result<KeySummary> {
    let key = call.keys().get(id).await?;
    if key.is_listed(call.effective_at()) { Ok(key) } else { Err(Error::NotFound) }
}
