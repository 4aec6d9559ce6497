//! Cursors: a forged one is refused, or is a position that can be sealed again.
#![no_main]

use hb_domain::TenantId;
use hb_domain::cursor::Binding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let tenant = TenantId::parse("acme").expect("a tenant");
    let binding = Binding::of(&tenant, "list");
    if let Some(position) = binding.open(text) {
        assert_eq!(binding.open(&binding.seal(&position)), Some(position.clone()));
        assert_eq!(Binding::of(&tenant, "other").open(text), None);
    }
});
