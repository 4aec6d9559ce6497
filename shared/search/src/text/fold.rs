//! Folding: spellings that readers take for the same become the same.

use unicode_normalization::UnicodeNormalization;

/// A word in lower case, in NFC. Accents stay.
pub(super) fn lower(word: &str) -> String {
    if word.is_ascii() { word.to_ascii_lowercase() } else { word.to_lowercase().nfc().collect() }
}

/// A word in lower case without accents and vowel points. Letters that do not decompose are written with ASCII letters.
pub(super) fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let mut previous = '\0';
    let bare = word.to_lowercase().nfd().collect::<Vec<char>>().into_iter().filter(|&c| {
        // The breve of й makes another letter.
        let is_kept = !is_accent(c) || (c == '\u{306}' && previous == 'и');
        previous = c;
        is_kept
    });
    let mut folded = String::with_capacity(word.len());
    for c in bare.nfc() {
        match replacement(c) {
            Some(replacement) => folded.push_str(replacement),
            None => folded.push(c),
        }
    }
    folded
}

/// Accents, and the vowel points of Arabic and Hebrew.
const fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36F}'
            | '\u{591}'..='\u{5BD}'
            | '\u{5BF}'
            | '\u{5C1}'
            | '\u{5C2}'
            | '\u{5C4}'
            | '\u{5C5}'
            | '\u{5C7}'
            | '\u{64B}'..='\u{65F}'
            | '\u{670}'
            | '\u{6D6}'..='\u{6DC}'
            | '\u{6DF}'..='\u{6E4}'
            | '\u{6E7}'
            | '\u{6E8}'
            | '\u{6EA}'..='\u{6ED}'
            | '\u{93C}'
            | '\u{9BC}'
            | '\u{A3C}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{FE20}'..='\u{FE2F}'
    )
}

/// Letters without a decomposition, and letters of the Arabic script that have several code points or spellings.
const fn replacement(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' | 'ɖ' => "d",
        'ł' | 'ŀ' => "l",
        'ħ' => "h",
        'ı' => "i",
        'ĸ' => "k",
        'ŋ' => "n",
        'ŧ' => "t",
        'þ' => "th",
        'ə' => "e",
        'ς' => "σ",
        'ґ' => "г",
        'ٱ' => "ا",
        'ى' | 'ی' => "ي",
        'ک' => "ك",
        'ة' | 'ۀ' | 'ہ' | 'ە' => "ه",
        'ँ' => "ं",
        'ঁ' => "ং",
        _ => return None,
    })
}
