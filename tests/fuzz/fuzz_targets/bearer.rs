//! The credential header: any bytes are read or refused, and only a whole key is a key.
#![no_main]

use hb_domain::bearer::Bearer;
use hb_fuzz::checksum;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    read(header);
    // As if the caller knew how to make a checksum: behind what stands before the last blanks.
    if let Ok(text) = std::str::from_utf8(header) {
        let key = text.trim_end_matches([' ', '\t']);
        let token = key.rsplit([' ', '\t']).next().unwrap_or_default();
        read(format!("{key}{}{}", checksum(token), &text[key.len()..]).as_bytes());
    }
});

fn read(header: &[u8]) {
    if let Some(Bearer::Key(key)) = Bearer::parse(Some(header)) {
        let end = header.iter().rposition(|byte| !b" \t".contains(byte)).expect("a key") + 1;
        assert!(header[..end].ends_with(key.expose().as_bytes()));
        assert!(header[..6].eq_ignore_ascii_case(b"bearer") || b" \t".contains(&header[0]));
    }
}
