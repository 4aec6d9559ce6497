//! Newline-delimited JSON: one value a line, read one line at a time.
//!
//! <https://github.com/ndjson/ndjson-spec>: lines end with LF or CRLF, which is optional for the last one, and empty
//! lines are skipped. A byte order mark at the beginning, which some editors write, is skipped, too.

/// The media type.
pub const MEDIA_TYPE: &str = "application/x-ndjson";
/// The media types that are in use for it. None is registered.
pub const MEDIA_TYPES: &[&str] = &[MEDIA_TYPE, "application/ndjson", "application/jsonl"];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of `text` that are not empty, with their numbers, which start at 1 and count empty lines.
pub fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(usize, &str)> {
        lines(text.as_bytes())
            .map(|(number, line)| (number, std::str::from_utf8(line).expect("text")))
            .collect()
    }

    #[test]
    fn every_line_ending_is_accepted() {
        for text in ["{}\n[]\n", "{}\r\n[]\r\n", "{}\n[]", "\u{feff}{}\n[]", "\u{feff}{}\r\n[]"] {
            assert_eq!(read(text), [(1, "{}"), (2, "[]")], "{text:?}");
        }
    }

    #[test]
    fn empty_lines_are_skipped_but_counted() {
        assert_eq!(read("\n\r\n{}\n  \t\n[]\n\n"), [(3, "{}"), (5, "[]")]);
        assert_eq!(read(""), []);
        assert_eq!(read("\u{feff}"), []);
    }

    #[test]
    fn a_mark_or_a_return_anywhere_else_stays() {
        assert_eq!(read("{}\n\u{feff}[]\n1\r2\r\r\n"), [(1, "{}"), (2, "\u{feff}[]"), (3, "1\r2\r")]);
    }

    proptest! {
        #[test]
        fn what_is_joined_is_read_again(values in prop::collection::vec("[a-z{}\\[\\]\", ]{0,8}x", 0..9), crlf: bool) {
            let text = values.join(if crlf { "\r\n" } else { "\n" });
            let expected: Vec<_> = (1..).zip(values.iter().map(String::as_str)).collect();
            prop_assert_eq!(read(&text), expected);
        }
    }
}
