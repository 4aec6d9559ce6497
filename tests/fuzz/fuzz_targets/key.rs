//! Plain keys: what is read has the shape that was promised, and reads back as itself.
//!
//! No fuzzer finds a checksum, so the target tries each text as it is and with the right one behind it.
#![no_main]

use hb_domain::{ApiKey, KeyId, MemoryId, TenantId};
use hb_fuzz::checksum;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let summed = format!("{text}{}", checksum(text));
    for text in [text, &summed] {
        if let Some(key) = ApiKey::parse(text) {
            assert_eq!(key.expose(), text);
            assert!(text.starts_with(key.prefix()) && text.is_ascii());
            assert!(KeyId::parse(key.id().as_str()).is_some());
            assert!(!format!("{key:?}").contains(&text[20..]));
        }
    }
    if let Some(id) = MemoryId::parse(text) {
        assert_eq!(id.as_str(), text);
        let _ = id.created_at().to_string();
    }
    assert!(TenantId::parse(text).is_none_or(|id| id.as_str() == text && text.len() <= 128));
});
