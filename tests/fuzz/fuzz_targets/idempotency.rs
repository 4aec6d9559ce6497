//! Idempotency keys: a header is one key, sent once or joined by commas, or none.
#![no_main]

use hb_domain::idempotency::IdempotencyKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let trim = |part: &[u8]| -> Vec<u8> {
        let start = part.iter().position(|byte| !is_space(byte)).unwrap_or(part.len());
        let end = part.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
        part[start..end].to_vec()
    };
    let parts: Vec<Vec<u8>> = header.split(|byte| *byte == b',').map(trim).collect();
    let is_key =
        (1..=255).contains(&parts[0].len()) && parts[0].iter().all(|byte| (0x21..0x7f).contains(byte));
    let expected = (is_key && parts.iter().all(|part| *part == parts[0])).then(|| parts[0].clone());
    assert_eq!(IdempotencyKey::parse(header).map(|key| key.as_str().as_bytes().to_vec()), expected);
});
