//! NDJSON: lines lose nothing but what separates them, and whatever a line holds is a memory or refused.
//! A memory that was read is written as a line that is read as the same memory.
#![no_main]

use hb_domain::fields::Fields;
use hb_domain::import::Imported;
use hb_domain::memory_ids::MemoryIds;
use hb_domain::{TenantId, Timestamp, json, ndjson};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand::rngs::StdRng;

fuzz_target!(|text: &[u8]| {
    let now = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
    let tenant = TenantId::parse("acme").expect("a tenant");
    let read = |line: &[u8]| {
        let fields = Fields::of_body(json::parse(line)?, &tenant)?;
        let suffix = MemoryIds::default().next_suffix(&mut StdRng::seed_from_u64(1));
        Imported::parse(fields, now, suffix)
    };
    let mut before = 0;
    let mut taken = 0;
    for (number, line) in ndjson::lines(text) {
        assert!(number > before && !line.contains(&b'\n'));
        (before, taken) = (number, taken + line.len());
        if let Ok(imported) = read(line) {
            let written = serde_json::to_vec(&imported.memory).expect("JSON");
            assert_eq!(read(&written).expect("what was written").memory, imported.memory);
        }
    }
    assert!(taken <= text.len());
});
