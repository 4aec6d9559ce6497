//! Escapes characters that a terminal executes or that hide or reorder the text around them.
//!
//! Names of keys come from callers and messages from other services, so a name could otherwise recolour or overwrite the
//! operator's screen, or display another name than it has.

use std::fmt::Write;

use unicode_general_category::{GeneralCategory, get_general_category};

/// `text` in one line, with `\u{1b}` for each character that is not shown as itself.
pub(crate) fn text(text: &str) -> String {
    escape(text, is_unsafe, |character, out| write!(out, "{}", character.escape_unicode()))
}

/// A text of several lines, each as [`text`] escapes it.
pub(crate) fn lines(lines: &str) -> String {
    escape(
        lines,
        |c| c != '\n' && is_unsafe(c),
        |character, out| write!(out, "{}", character.escape_unicode()),
    )
}

/// JSON with `\u001b` for each character that is not shown as itself. Its value stays the same, because outside of strings
/// JSON has no such characters but line breaks, which stay.
pub(crate) fn json(json: &str) -> String {
    escape(
        json,
        |c| c != '\n' && is_unsafe(c),
        |character, out| {
            let mut units = [0; 2];
            character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
        },
    )
}

fn escape(
    text: &str,
    is_unsafe: impl Fn(char) -> bool,
    write: impl Fn(char, &mut String) -> std::fmt::Result,
) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        // Writing to a string does not fail.
        if !is_unsafe(character) || write(character, &mut out).is_err() {
            out.push(character);
        }
    }
    out
}

/// Control characters, line and paragraph separators, and format characters, which include those of the bidirectional
/// algorithm. Both joiners are left: emoji and several scripts need them.
fn is_unsafe(character: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    let is_joiner = matches!(character, '\u{200c}' | '\u{200d}');
    !is_joiner
        && matches!(get_general_category(character), Control | Format | LineSeparator | ParagraphSeparator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_no_character_that_a_terminal_executes_or_reorders() {
        for unsafe_text in
            ["\u{1b}[31m", "\r", "\n", "\t", "\u{8}", "\u{7f}", "\u{9b}2J", "\u{61c}", "\u{200e}", "\u{200f}"]
        {
            let first = unsafe_text.chars().next().expect("a character");
            let escaped = text(unsafe_text);
            assert!(!escaped.contains(first), "{escaped:?}");
            assert!(escaped.starts_with(&format!("\\u{{{:x}}}", u32::from(first))), "{escaped:?}");
        }
        let reordering = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        for character in reordering.chain(['\u{2028}', '\u{2029}', '\u{feff}', '\u{200b}', '\u{e0041}']) {
            let escaped = text(&format!("a{character}b"));
            assert_eq!(escaped, format!("a\\u{{{:x}}}b", u32::from(character)));
        }
    }

    #[test]
    fn what_is_shown_as_itself_stays() {
        for shown in [
            "Server 1",
            "Zoë",
            "שלום",
            "سلام",
            "中文",
            "👩\u{200d}👩\u{200d}👧",
            "می\u{200c}روم",
            "a\\b \"c\"",
        ] {
            assert_eq!(text(shown), shown);
            assert_eq!(json(shown), shown);
        }
        assert_eq!(lines("one\ntwo\u{1b}\n"), "one\ntwo\\u{1b}\n");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value =
            serde_json::json!({"name": "\u{1b}\u{202e}\u{7f}\u{9b}\n\u{e0041}", "\u{2066}": [1, "b"]});
        let escaped = json(&value.to_string());
        assert!(escaped.is_ascii(), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"), value);
    }
}
