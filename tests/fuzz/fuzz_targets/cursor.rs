//! Cursors: a forged one is refused, or contains a position that can be encoded again. Anyone can compute the digest, so
//! the target computes it, too.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_domain::cursor::CursorScope;
use hb_domain::feed::{FeedQuery, RETENTION, Start};
use hb_domain::fields::Fields;
use hb_domain::{TenantId, Timestamp};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

fn forge(operation: &str, text: &str) -> String {
    let digest = Sha256::digest(format!("4:acme{}:{operation}\n{text}", operation.len()));
    URL_SAFE_NO_PAD.encode([&digest[..12], text.as_bytes()].concat())
}

/// A cursor of the feed, also a forged one, is not valid for more than 30 days.
fn follow(cursor: &str) {
    let tenant = TenantId::parse("acme").expect("a tenant");
    let now = Timestamp::from_millis(1_795_521_600_000);
    let query = |at: Timestamp| {
        let fields = Fields::of_query([("cursor".to_owned(), cursor.to_owned())], Some(&tenant));
        FeedQuery::parse(fields, &tenant, at)
    };
    let Ok(parsed) = query(now) else { return };
    if let Start::After(after) = parsed.start {
        assert_eq!(parsed.cursor(after), cursor);
        assert!(query(now.plus(2 * RETENTION)).is_err());
    }
}

fuzz_target!(|text: &str| {
    follow(text);
    follow(&forge("events", text));
    for cursor in [text, &forge("list", text)] {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let cursor_scope = CursorScope::of(&tenant, "list");
        if let Some(position) = cursor_scope.decode(cursor) {
            assert_eq!(cursor_scope.decode(&cursor_scope.encode(&position)), Some(position.clone()));
            assert_eq!(CursorScope::of(&tenant, "other").decode(cursor), None);
        }
    }
});
