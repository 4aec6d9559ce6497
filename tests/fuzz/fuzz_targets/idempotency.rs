//! Idempotency keys: any header is a key as it stands, or none.
#![no_main]

use hb_domain::idempotency::IdempotencyKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    match IdempotencyKey::parse(header) {
        Some(key) => assert!(key.as_str().as_bytes() == header && header.iter().all(|byte| (0x21..0x7f).contains(byte))),
        None => assert!(header.is_empty() || header.len() > 255 || header.iter().any(|byte| !(0x21..0x7f).contains(byte))),
    }
});
