//! Verifies what HeroBrain has sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Whether HeroBrain has signed these bytes at most five minutes before or after `now`.
pub(crate) fn is_signed<'h>(
    secret: &str,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: u64,
) -> bool {
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).ok(),
        None => Some(secret.as_bytes().to_vec()),
    };
    let mac = key.and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok());
    let (Some(mac), Some(id), Some(time), Some(signatures)) =
        (mac, header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
    else {
        return false;
    };
    let mac = mac.chain_update(format!("{id}.{time}.")).chain_update(body);
    let is_recent = time.parse::<u64>().is_ok_and(|time| time.abs_diff(now) <= 300);
    is_recent
        && signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,")).any(|signature| {
            // Compares in constant time.
            STANDARD.decode(signature).is_ok_and(|given| mac.clone().verify_slice(&given).is_ok())
        })
}
