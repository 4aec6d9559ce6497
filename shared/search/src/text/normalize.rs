//! Unicode normalization that keeps the position of every character.

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// Separates words invisibly. It is removed where words are joined.
pub(super) const ZERO_WIDTH_SPACE: char = '\u{200B}';
/// Keeps letters apart that belong to one word.
const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
/// Joins emoji to a sequence.
pub(super) const ZERO_WIDTH_JOINER: char = '\u{200D}';

/// The digit zero of each script with decimal digits, except those that NFKC replaces.
const ZEROS: [u32; 43] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x1E950, 0x1E140,
];

/// A character of the normalized text, and the byte in the original text where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Char {
    pub(super) c: char,
    pub(super) start: usize,
}

/// NFKC without invisible characters, with one form of apostrophe, hyphen and digit. Case and accents stay.
pub(super) fn normalize(text: &str) -> Vec<Char> {
    let mut normalized = Vec::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let next_is_ascii = chars.peek().is_none_or(|(_, next)| next.is_ascii());
        if c.is_ascii() && next_is_ascii {
            push(&mut normalized, c, start);
            continue;
        }
        let mut end = start + c.len_utf8();
        while let Some((at, next)) = chars.next_if(|(_, next)| !next.is_ascii() && continues(*next)) {
            end = at + next.len_utf8();
        }
        for c in text[start..end].nfkc() {
            push(&mut normalized, c, start);
        }
    }
    normalized
}

const fn is_arabic(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{6FF}')
}

/// Whether normalization may combine a character with the one before it.
fn continues(c: char) -> bool {
    is_mark(c) || matches!(c, '\u{1100}'..='\u{11FF}' | '\u{FF9E}' | '\u{FF9F}')
}

pub(super) fn is_mark(c: char) -> bool {
    use Category::{EnclosingMark, NonspacingMark, SpacingMark};
    !c.is_ascii() && matches!(get_general_category(c), NonspacingMark | SpacingMark | EnclosingMark)
}

fn push(normalized: &mut Vec<Char>, c: char, start: usize) {
    let c = match c {
        // Every apostrophe, with the letters that look like one and stand for a glottal stop.
        '\u{2018}'
        | '\u{2019}'
        | '\u{201B}'
        | '\u{02B9}'..='\u{02BF}'
        | '\u{02C8}'
        | '\u{0060}'
        | '\u{00B4}'
        | '\u{2032}'
        | '\u{2035}'
        | '\u{A78B}'
        | '\u{A78C}'
        | '\u{05F3}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{05BE}' | '\u{FE58}' | '\u{FE63}' => '-',
        '\u{05F4}' => '"',
        ZERO_WIDTH_JOINER => {
            if !normalized.last().is_some_and(|last| is_symbol(last.c)) {
                return;
            }
            c
        }
        // Between Arabic letters it separates a suffix, as in Persian.
        ZERO_WIDTH_NON_JOINER if normalized.last().is_some_and(|last| is_arabic(last.c)) => ZERO_WIDTH_SPACE,
        c if is_ignorable(c) => return,
        c if c.is_ascii() => c,
        c => digit(c).unwrap_or(c),
    };
    normalized.push(Char { c, start });
}

/// Soft hyphen, tatweel, joiners, marks of direction, variation selectors, skin tones and the enclosing keycap.
const fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{640}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200C}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{20E3}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{1F3FB}'..='\u{1F3FF}'
            | '\u{E0100}'..='\u{E01EF}'
    )
}

/// Symbols that are words by themselves: emoji and the like.
pub(super) fn is_symbol(c: char) -> bool {
    !c.is_ascii() && get_general_category(c) == Category::OtherSymbol
}

/// The ASCII digit of a decimal digit of another script.
fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}
