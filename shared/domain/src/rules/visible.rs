//! Rules for text that people read: the content of a memory and the name of a key.

#[cfg(feature = "describe")]
use schemars::json_schema;
use serde_json::Value;
use unicode_general_category::{GeneralCategory, get_general_category};

use super::rule::{Rule, RuleResult, Simple};
use super::text::text;

/// The longest content of a memory, and the longest query, in characters.
pub(crate) const MAX_CONTENT: usize = 10_000;
/// The longest name of a key, in characters.
const MAX_NAME: usize = 255;
/// The longest name of a webhook endpoint, in characters.
const MAX_WEBHOOK_NAME: usize = 100;

/// The content of a memory: 1 to 10,000 characters without NUL, at least one of which is visible.
pub const fn content() -> Simple<String> {
    Simple {
        parse: |value| visible(value, MAX_CONTENT),
        #[cfg(feature = "describe")]
        schema: || {
            json_schema!({
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_CONTENT,
                "pattern": r"^[^\u0000]*[^\u0000-\u001f\u007f-\u009f\s][^\u0000]*$",
            })
        },
    }
}

/// The name of a key: 1 to 255 characters, at least one of which is visible. Control characters and those that reorder text
/// are refused, because they let a name look like another one in a terminal or a list.
pub const fn key_name() -> Simple<String> {
    Simple {
        parse: |value| name(value, MAX_NAME),
        #[cfg(feature = "describe")]
        schema: || name_schema(MAX_NAME),
    }
}

/// The name of a webhook endpoint: 1 to 100 characters, as [`key_name`].
pub const fn webhook_name() -> Simple<String> {
    Simple {
        parse: |value| name(value, MAX_WEBHOOK_NAME),
        #[cfg(feature = "describe")]
        schema: || name_schema(MAX_WEBHOOK_NAME),
    }
}

fn name(value: Value, max: usize) -> RuleResult<String> {
    let name = visible(value, max)?;
    if name.chars().any(is_deceptive) {
        return Err("must not contain control characters, line breaks or bidirectional formatting".into());
    }
    Ok(name)
}

#[cfg(feature = "describe")]
fn name_schema(max: usize) -> schemars::Schema {
    let deceptive = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069";
    let pattern = format!(r"^[^{deceptive}]*[^{deceptive}\s][^{deceptive}]*$");
    json_schema!({"type": "string", "minLength": 1, "maxLength": max, "pattern": pattern})
}

fn visible(value: Value, max: usize) -> RuleResult<String> {
    let text = text(1..=max).parse(value)?;
    if text.chars().all(is_invisible) { Err("must not be blank".into()) } else { Ok(text) }
}

/// Whether it shows nothing by itself: white space, control and format characters, and those that Unicode defines as
/// ignorable or as fillers (`Default_Ignorable_Code_Point`, and the empty Braille pattern).
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || get_general_category(character) == GeneralCategory::Format
        || matches!(
            character,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}'
        )
}

/// Whether it is a control character, a line or paragraph separator, or has the property `Bidi_Control`
/// (<https://www.unicode.org/reports/tr9/>).
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}')
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn blank_text_is_refused() {
        for blank in [
            "",
            " ",
            "\n\t",
            "\u{3000}",
            "\u{200b}",
            "\u{feff} \u{ad}",
            "\u{202e}",
            "\u{7}",
            "\u{3164}",
            "\u{2800}\u{fe0f}",
        ] {
            assert!(content().parse(json!(blank)).is_err(), "{blank:?}");
            assert!(key_name().parse(json!(blank)).is_err(), "{blank:?}");
        }
        for text in [".", " a ", "\u{1f375}", "\n\u{e4}\n", "\u{200f}שלום"] {
            assert_eq!(content().parse(json!(text)), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_name_is_one_line_that_shows_what_it_contains() {
        for name in
            ["Reader", " CI, 2nd ", "läser", "读者", "שלום", "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}"]
        {
            assert_eq!(key_name().parse(json!(name)), Ok(name.to_owned()));
        }
        let deceptive = "\0\u{1}\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}";
        for character in deceptive.chars() {
            assert!(key_name().parse(json!(format!("a{character}b"))).is_err(), "{character:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_kept_as_it_is_or_refused(name in any::<String>()) {
            if let Ok(kept) = key_name().parse(json!(name)) {
                prop_assert_eq!(&kept, &name);
                prop_assert!(!kept.chars().any(char::is_control) && !kept.trim().is_empty());
            }
        }
    }
}
