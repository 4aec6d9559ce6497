//! The credential header: any bytes are read or refused, and only a whole key is a key.
#![no_main]

use hb_domain::bearer::Bearer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    if let Some(Bearer::Key(key)) = Bearer::parse(Some(header)) {
        assert!(header.ends_with(key.expose().as_bytes()) || header.ends_with(b" "));
    }
});
