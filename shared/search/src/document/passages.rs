//! Passages: a long text is cut into parts of a few sentences, and each is ranked by itself.
//!
//! Kaszkiel and Zobel 2001, "Effective ranking with arbitrary passages": the best passage of a long document ranks better than
//! the whole.

use std::ops::Range;

/// A text of more characters is cut into parts of at most about this many.
const MAX_CHARACTERS: usize = 800;
/// The most passages of a memory, whose text has up to 10,000 characters.
pub(crate) const MAX_PASSAGES: usize = 10_000_usize.div_ceil(MAX_CHARACTERS);
/// A cut may be so far from where it would be without regard to sentences: this share of a part.
const SLACK: usize = 3;
/// The most characters of a part, and of the longest word.
const LIMIT: usize = MAX_CHARACTERS + MAX_CHARACTERS / SLACK;

/// Letters of scripts from this one on are written without spaces, and a run of them is many words.
const WITHOUT_SPACES: char = '\u{E00}';

/// The passages of `text`, in order: parts of about equal length, which end where a paragraph, a sentence or at least a word
/// does. Together they are the text. What has no space inside is never cut, however long: it is found as a whole.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut left = text.chars().count();
    let parts = left.div_ceil(MAX_CHARACTERS).max(1);
    let mut passages = Vec::with_capacity(parts);
    let mut rest = text;
    for remaining in (2..=parts).rev() {
        let length = left / remaining;
        let slack = (length / SLACK).max(1);
        // What remains fits into the other parts.
        let least = left.saturating_sub((remaining - 1) * LIMIT).max(length.saturating_sub(slack)).max(1);
        let (bytes, characters) = cut(rest, length, least..(length + slack).min(LIMIT + 1));
        let (more_bytes, more_characters) = word_after(rest, bytes);
        if bytes + more_bytes == rest.len() {
            break;
        }
        let (passage, next) = rest.split_at(bytes + more_bytes);
        passages.push(passage);
        (rest, left) = (next, left - characters - more_characters);
    }
    passages.push(rest);
    passages
}

/// The bytes and characters of the word that a cut here would divide, from the cut to the word's end.
fn word_after(text: &str, at: usize) -> (usize, usize) {
    let is_inside = |c: char| c < WITHOUT_SPACES && !c.is_whitespace();
    if !text[..at].ends_with(is_inside) {
        return (0, 0);
    }
    let rest = text[at..].chars().take_while(|c| is_inside(*c));
    rest.fold((0, 0), |(bytes, characters), c| (bytes + c.len_utf8(), characters + 1))
}

/// Where to end a passage of about `length` characters, in bytes and in characters, among these numbers of characters: the costs of a
/// place are its distance and what it interrupts.
fn cut(text: &str, length: usize, places: Range<usize>) -> (usize, usize) {
    let slack = (length / SLACK).max(1);
    let (mut best, mut lowest) = ((text.len(), length), f64::INFINITY);
    let mut before = ['\0'; 2];
    for (number, (at, c)) in text.char_indices().enumerate().take(places.end) {
        if number >= places.start {
            let cost = interruption(before) + 0.3 * number.abs_diff(length) as f64 / slack as f64;
            if cost < lowest {
                (best, lowest) = ((at, number), cost);
            }
        }
        before = [before[1], c];
    }
    best
}

/// What a cut behind these two characters interrupts: nothing between paragraphs, most within a word.
fn interruption(before: [char; 2]) -> f64 {
    match before {
        ['\n', '\n'] => 0.0,
        [_, '\n'] => 0.15,
        [_, '。' | '！' | '？' | '।' | '؟'] => 0.2,
        ['.' | '!' | '?' | ':' | ';' | '…', last] if last.is_whitespace() => 0.2,
        [_, last] if last.is_whitespace() => 0.6,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_one_passage() {
        assert_eq!(split(""), [""]);
        assert_eq!(split("One. Two.\n\nThree."), ["One. Two.\n\nThree."]);
        assert_eq!(split(&"x".repeat(MAX_CHARACTERS)).len(), 1);
    }

    #[test]
    fn passages_end_with_paragraphs_then_sentences_then_words() {
        let filler = |count: usize| "word ".repeat(count);
        let paragraphs = format!("{}\n\n{}", filler(90).trim(), filler(100).trim());
        assert_eq!(split(&paragraphs)[0], format!("{}\n\n", filler(90).trim()));
        let sentences = format!("{}end. {}", filler(90), filler(100).trim());
        assert_eq!(split(&sentences)[0], format!("{}end. ", filler(90)));
        let words = filler(200);
        assert!(split(&words).iter().all(|passage| passage.ends_with(' ')));
        assert_eq!(split(&"文".repeat(2_000)).len(), 3);
    }

    #[test]
    fn a_long_word_is_not_cut() {
        assert_eq!(split(&"x".repeat(2_000)).len(), 1);
        for length in [700, 900, 2_000, 5_000] {
            let word = "x/y+".repeat(length / 4);
            let text = format!("{} {word} {}", "before ".repeat(150).trim(), "after ".repeat(150).trim());
            let passages = split(&text);
            assert!(passages.iter().any(|passage| passage.contains(&word)) && passages.len() > 1, "{length}");
        }
    }

    /// Each part may end early, and the last one has what is left.
    #[test]
    fn early_ends_do_not_add_up_to_a_long_last_passage() {
        let sentence = |length: usize| format!("{}. ", "文".repeat(length));
        let text = format!("{}{}{}", sentence(540), sentence(620), "文".repeat(1_220));
        let lengths: Vec<usize> = split(&text).iter().map(|passage| passage.chars().count()).collect();
        assert!(lengths.len() == 3 && lengths.iter().all(|length| *length <= LIMIT), "{lengths:?}");
    }

    proptest! {
        #[test]
        fn passages_are_the_text_and_of_bounded_length(words in prop::collection::vec("\\PC{0,40}[ .\n]{0,3}", 0..400)) {
            let text: String = words.concat();
            let passages = split(&text);
            prop_assert_eq!(passages.concat(), text.as_str());
            let longest = text.split(char::is_whitespace).map(|word| word.chars().count()).max().unwrap_or_default();
            prop_assert!(passages.len() <= text.chars().count().div_ceil(MAX_CHARACTERS).max(1));
            prop_assert!(passages.iter().all(|passage| passage.chars().count() <= LIMIT + longest));
        }
    }
}
