//! Cursors: a forged one is refused, or contains a position that can be encoded again. Anyone can compute the digest, so
//! the target computes it, too.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_domain::TenantId;
use hb_domain::cursor::CursorScope;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

fuzz_target!(|text: &str| {
    let digest = Sha256::digest(format!("4:acme4:list\n{text}"));
    let forged = URL_SAFE_NO_PAD.encode([&digest[..12], text.as_bytes()].concat());
    for cursor in [text, &forged] {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let cursor_scope = CursorScope::of(&tenant, "list");
        if let Some(position) = cursor_scope.decode(cursor) {
            assert_eq!(cursor_scope.decode(&cursor_scope.encode(&position)), Some(position.clone()));
            assert_eq!(CursorScope::of(&tenant, "other").decode(cursor), None);
        }
    }
});
