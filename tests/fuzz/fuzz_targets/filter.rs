//! Filters: any JSON is one or is refused, and whatever is one can be applied to a memory and has a text that is the same
//! filter.
#![no_main]

use hb_domain::fields::Fields;
use hb_domain::filter::FilterExpression;
use hb_domain::memory::NewMemory;
use hb_domain::{MemoryId, TenantId, Timestamp, json};
use libfuzzer_sys::fuzz_target;

const MEMORY: &[u8] = br#"{"content":"x","type":"task","tags":["a"],"metadata":{"a":{"b":[1,"x",null]}},"namespace":["a"],"key":"k"}"#;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = json::parse(bytes) else { return };
    let filter = match FilterExpression::parse("filter", value) {
        Ok(filter) => filter,
        Err(faults) => return assert!(!faults.is_empty()),
    };
    let tenant = TenantId::parse("acme").expect("a tenant");
    let fields = Fields::of_body(json::parse(MEMORY).expect("JSON"), &tenant).expect("fields");
    let memory = NewMemory::parse(fields, Timestamp::from_micros(0)).expect("a memory");
    let memory = memory.named(MemoryId::parse("mem_0123456789abcdefghijkl").expect("an id"));
    let again = json::parse(filter.as_str().as_bytes()).expect("JSON");
    let again = FilterExpression::parse("filter", again).expect("the same filter");
    assert_eq!((again.as_str(), again.matches(&memory)), (filter.as_str(), filter.matches(&memory)));
    let implied = filter.implied();
    assert!(!filter.matches(&memory) || implied.filter.matches(&memory), "what a match implies holds");
});
