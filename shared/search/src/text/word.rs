//! A word with apostrophes: contractions, possessives and elisions.

use super::fold::fold;
use super::normalize::Char;
use super::stop_words;
use super::unit::Word;

/// What is elided before a vowel: articles, prepositions, pronouns and conjunctions of French, Italian and Catalan.
const ELIDED: [&str; 38] = [
    "l", "d", "qu", "j", "c", "n", "s", "m", "t", "jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu", "presqu",
    "un", "dell", "all", "nell", "dall", "sull", "coll", "dell", "quell", "quest", "bell", "sant", "gl",
    "com", "dov", "cos", "anch", "nient", "senz", "tutt", "mezz", "buon", "ch",
];

/// Adds the word that these characters are to `words`. Another form of an elided word, as it is written without an
/// apostrophe, goes to `wholes`.
pub(super) fn push(chars: &[Char], starts_sentence: bool, words: &mut Vec<Word>, wholes: &mut Vec<String>) {
    let text: String = chars.iter().map(|char| char.c).filter(|c| !matches!(c, '"' | '·')).collect();
    let Some(first) = chars.first() else { return };
    let start = first.start;
    let Some((base, tail)) = text.rsplit_once('\'') else {
        words.push(word(text, start, starts_sentence));
        return;
    };
    if tail.eq_ignore_ascii_case("t") {
        // Don't, couldn't: the stop word if there is one, else nothing.
        let base = base.replace('\'', "");
        let code = stop_words::code(&fold(&format!("{base}t")));
        let stop = code.or_else(|| stop_words::code(&fold(base.strip_suffix(['n', 'N']).unwrap_or(&base))));
        words.push(Word { text: base, start, stop, is_name: false, is_empty: true });
        return;
    }
    let is_tail = ["s", "d", "ll", "re", "ve", "m"].iter().any(|known| tail.eq_ignore_ascii_case(known));
    if is_tail {
        words.push(word(base.replace('\'', ""), start, starts_sentence));
        return;
    }
    if let Some((elided, rest)) = text.split_once('\'')
        && ELIDED.contains(&fold(elided).as_str())
        && rest.chars().count() >= 2
    {
        let rest = rest.replace('\'', "");
        if rest.starts_with(char::is_uppercase) {
            wholes.push(fold(elided) + &rest);
        }
        words.push(word(rest, start, starts_sentence));
        return;
    }
    words.push(word(text.replace('\'', ""), start, starts_sentence));
}

fn word(text: String, start: usize, starts_sentence: bool) -> Word {
    // The longest stop word has ten letters.
    let stop = if text.len() <= 24 { stop_words::code(&fold(&text)) } else { None };
    let mut word = Word { text, start, stop, is_name: false, is_empty: false };
    word.is_name = is_capitalized(&word.text)
        && !starts_sentence
        && !is_contraction(&word)
        && !matches!(word.text.as_str(), "The" | "An");
    word
}

/// Whether it is a contraction that is written without an apostrophe, as `Dont`.
pub(super) fn is_contraction(word: &Word) -> bool {
    word.stop.is_some() && (word.text.ends_with("nt") || matches!(word.text.as_str(), "Im" | "Ive"))
}

/// Whether it is written like a name: a capital, then small letters.
pub(super) fn is_capitalized(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_uppercase)
        && !letters.as_str().is_empty()
        && letters.all(char::is_lowercase)
}
