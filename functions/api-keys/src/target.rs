//! The key that a request is about.

use hb_domain::fields::Fields;
use hb_domain::key_summary::KeySummary;
use hb_domain::{Error, KeyId, Result, rules};
use hb_http::Call;

/// Takes `keyId`; the text of an id, well-formed or not.
pub(crate) fn take_key_id(fields: &mut Fields) -> Option<String> {
    fields.require("keyId", rules::text(1..=128))
}

/// The tenant's key of this id, as long as the list shows it too.
///
/// # Errors
/// [`Error::NotFound`] when there is none, which a malformed id cannot have.
pub(crate) async fn find(call: &Call, id: &str) -> Result<KeySummary> {
    let id = KeyId::parse(id).ok_or(Error::NotFound)?;
    read(call, &id).await
}

/// As [`find`], when the id is known to be one.
///
/// # Errors
/// [`Error::NotFound`] when there is no such key.
pub(crate) async fn read(call: &Call, id: &KeyId) -> Result<KeySummary> {
    let key = call.keys().get(id).await?;
    if key.is_shown(call.now()) { Ok(key) } else { Err(Error::NotFound) }
}
