//! Times: what is read can be shown, and what is shown reads back; JSON is read or refused.
#![no_main]

use hb_domain::rules::{self, Rule};
use hb_domain::{Timestamp, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(time) = std::str::from_utf8(bytes).ok().and_then(Timestamp::parse) {
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time.to_millis()));
        let month = time.month();
        assert!(month.start() <= time && (time < month.end() || time == Timestamp::MAX));
    }
    if let Ok(value) = json::parse(bytes) {
        let past = Timestamp::from_micros(0);
        if let Ok(time) = rules::future(past).parse(value) {
            assert!(time > past && time == time.to_millis());
        }
    }
});
