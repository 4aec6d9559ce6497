//! Finds polite and empty phrases at the start and at the end of the sentences of a query: "could you tell me where", "please".
//!
//! They are sequences of words, so that each of the words is searched elsewhere: William Tell, "the bank reminds me".

use std::ops::Range;

use super::fold::fold;
use super::normalize::Char;
use super::patterns::{all, longest};
use super::scan::{Class, class};

/// Phrases are looked for in so many parts of a text at its start and at its end.
const MAX_PARTS: usize = 4;
/// The most words that are looked at, at the start and at the end of a part.
const MAX_WORDS: usize = 12;
/// A longer word is in no phrase.
const MAX_LETTERS: usize = 24;

/// A phrase, and whether it is of a script without spaces.
pub(super) struct Phrase {
    /// The indices of its characters.
    pub(super) chars: Range<usize>,
    pub(super) is_unspaced: bool,
}

/// The phrases of a normalized query.
pub(super) fn phrases(text: &[Char]) -> Vec<Phrase> {
    let parts = parts(text);
    let last = parts.len().saturating_sub(MAX_PARTS).max(MAX_PARTS);
    let mut phrases = interrogatives(text);
    for part in parts.iter().take(MAX_PARTS).chain(parts.iter().skip(last)) {
        unspaced(text, part.clone(), &mut phrases);
        spaced(text, part.clone(), &mut phrases);
    }
    phrases
}

/// Words of questions in scripts without spaces, the longest first. Pairs of their characters and those beside them are no words.
const INTERROGATIVES: [&str; 35] = [
    "什么时候",
    "什麼時候",
    "为什么",
    "為什麼",
    "什么",
    "什麼",
    "怎么样",
    "怎麼樣",
    "怎么",
    "怎麼",
    "哪里",
    "哪裡",
    "哪儿",
    "哪兒",
    "多少",
    "几点",
    "幾點",
    "几张",
    "几个",
    "幾個",
    "เมื่อไหร่",
    "เมื่อไร",
    "เท่าไหร่",
    "เท่าไร",
    "ที่ไหน",
    "อย่างไร",
    "ทำไม",
    "อะไร",
    "ยังไง",
    "ใคร",
    "ពេលណា",
    "អ្វី",
    "ဘယ်",
    "ຫຍັງ",
    "ໃສ",
];
/// A text of more is no typed question.
const MAX_INTERROGATIVES: usize = 16;

fn interrogatives(text: &[Char]) -> Vec<Phrase> {
    let (mut phrases, mut at) = (Vec::new(), 0);
    while at < text.len() && phrases.len() < MAX_INTERROGATIVES {
        let starts = |word: &&&str| {
            let mut own = text[at..].iter().map(|char| char.c);
            !text[at].c.is_ascii() && word.chars().all(|c| own.next() == Some(c))
        };
        let length = INTERROGATIVES.iter().find(starts).map_or(0, |word| word.chars().count());
        if length > 0 {
            phrases.push(Phrase { chars: at..at + length, is_unspaced: true });
        }
        at += length.max(1);
    }
    phrases
}

/// The sentences of a text, and their parts between commas.
fn parts(text: &[Char]) -> Vec<Range<usize>> {
    let (mut parts, mut from) = (Vec::new(), 0);
    for (at, char) in text.iter().enumerate() {
        let next = text.get(at + 1).map_or(' ', |next| next.c);
        let is_end = match char.c {
            '\n' | '!' | '?' | '。' | '、' | '।' | '؟' | '،' | '¿' | '¡' | '…' | '۔' | '።' | '։' => {
                true
            }
            // There is no space behind a wide comma, which is an ASCII one after normalization.
            ',' => !next.is_ascii_digit(),
            '.' | ';' | ':' => next.is_whitespace(),
            _ => false,
        };
        if is_end {
            parts.push(from..at);
            from = at + 1;
        }
    }
    parts.push(from..text.len());
    parts.retain(|part| text[part.clone()].iter().any(|char| !char.c.is_whitespace()));
    parts
}

/// Adds the phrases of a part in a script without spaces.
fn unspaced(text: &[Char], part: Range<usize>, phrases: &mut Vec<Phrase>) {
    let is_unspaced = |char: &Char| {
        matches!(class(char.c), Class::Han | Class::Hiragana | Class::Katakana | Class::Cluster)
    };
    let mut part = trimmed(text, part);
    for _ in 0..MAX_PARTS {
        if !text[part.clone()].first().is_some_and(is_unspaced) {
            break;
        }
        let starts = |prefix: &&&str| {
            let mut own = text[part.clone()].iter().map(|char| char.c);
            prefix.chars().all(|c| own.next() == Some(c))
        };
        let Some(prefix) = all().prefixes.iter().filter(starts).max_by_key(|prefix| prefix.len()) else {
            break;
        };
        let end = part.start + prefix.chars().count();
        phrases.push(Phrase { chars: part.start..end, is_unspaced: true });
        part = trimmed(text, end..part.end);
    }
    for _ in 0..MAX_PARTS {
        if !text[part.clone()].last().is_some_and(is_unspaced) {
            break;
        }
        let ends = |suffix: &&&str| {
            let mut own = text[part.clone()].iter().rev().map(|char| char.c);
            suffix.chars().rev().all(|c| own.next() == Some(c))
        };
        let Some(suffix) = all().suffixes.iter().filter(ends).max_by_key(|suffix| suffix.len()) else {
            break;
        };
        let start = part.end - suffix.chars().count();
        phrases.push(Phrase { chars: start..part.end, is_unspaced: true });
        part = trimmed(text, part.start..start);
    }
}

/// The part without what is neither a letter nor a digit at its ends.
fn trimmed(text: &[Char], mut part: Range<usize>) -> Range<usize> {
    let is_other = |char: &Char| matches!(class(char.c), Class::Other);
    while text[part.clone()].first().is_some_and(is_other) {
        part.start += 1;
    }
    while text[part.clone()].last().is_some_and(is_other) {
        part.end -= 1;
    }
    part
}

/// Adds the phrases of a part in a script with spaces.
fn spaced(text: &[Char], part: Range<usize>, phrases: &mut Vec<Phrase>) {
    let words = words(text, part);
    let fold =
        |words: &[Range<usize>]| -> Vec<String> { words.iter().map(|word| folded(text, word)).collect() };
    let mut add = |words: &[Range<usize>]| {
        if let (Some(first), Some(last)) = (words.first(), words.last()) {
            phrases.push(Phrase { chars: first.start..last.end, is_unspaced: false });
        }
    };
    let patterns = all();
    let mut rest = words.as_slice();
    let first = fold(&rest[..rest.len().min(MAX_WORDS)]);
    let last = fold(&rest[rest.len().saturating_sub(MAX_WORDS)..]);
    if patterns.alone.longest(&first) == Some(words.len()) {
        add(&words);
        return;
    }
    let around = patterns.around.iter().find_map(|(start, end)| {
        let count = longest(start, &first)?;
        let ends = (count..rest.len()).map(|from| rest.len() - from).take(last.len());
        let length = ends.filter(|length| *length <= last.len()).find(|length| {
            let ending = &last[last.len() - length..];
            longest(end, ending) == Some(*length)
        })?;
        Some((count, length))
    });
    if let Some((start, end)) = around {
        add(&rest[..start]);
        add(&rest[rest.len() - end..]);
        return;
    }
    let mut at = 0;
    while let Some(count) = first.get(at..).and_then(|words| patterns.at_start.longest(words)) {
        add(&rest[at..at + count]);
        at += count;
    }
    rest = &rest[at..];
    let mut ending = &last[last.len() - last.len().min(rest.len())..];
    while let Some(from) = (0..ending.len()).find(|from| {
        let words = &ending[*from..];
        patterns.at_end.longest(words) == Some(words.len())
    }) {
        let length = ending.len() - from;
        add(&rest[rest.len() - length..]);
        rest = &rest[..rest.len() - length];
        ending = &ending[..from];
    }
}

/// The words of a part, with the apostrophes inside them.
fn words(text: &[Char], part: Range<usize>) -> Vec<Range<usize>> {
    let (mut words, mut at) = (Vec::new(), part.start);
    while at < part.end {
        let is_inside = |char: &Char| char.c == '\'' || matches!(class(char.c), Class::Word | Class::Hangul);
        let length = text[at..part.end].iter().take_while(|char| is_inside(char)).count();
        if length > 0 {
            words.push(at..at + length);
        }
        at += length.max(1);
    }
    words
}

/// A word of a query as patterns have it.
fn folded(text: &[Char], word: &Range<usize>) -> String {
    let letters = &text[word.clone()];
    if letters.len() > MAX_LETTERS {
        return String::new();
    }
    fold(&letters.iter().map(|char| char.c).filter(|c| *c != '\'').collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::super::normalize::normalize;
    use super::*;

    /// The query without its phrases.
    fn rest(query: &str) -> String {
        let text = normalize(query);
        let phrases = phrases(&text);
        let kept =
            text.iter().enumerate().filter(|(at, _)| !phrases.iter().any(|phrase| phrase.chars.contains(at)));
        let rest: String = kept.map(|(_, char)| char.c).collect();
        rest.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn phrases_are_found_at_the_start_and_at_the_end() {
        for (query, expected) in [
            ("Could you tell me where my passport is?", "where my passport is?"),
            ("Hi! Can you please remind me about the lease, thanks", "! the lease,"),
            ("I'd like to know the plumber's name please", "the plumber's name"),
            ("I forgot my umbrella", "I forgot my umbrella"),
            ("I want to learn Japanese", "I want to learn Japanese"),
            ("William Tell", "William Tell"),
            ("the bank reminds me", "the bank reminds me"),
            ("what did the doctor tell me", "what did the doctor tell me"),
            ("Show me what I told you about the marathon", "the marathon"),
            ("Kannst du mir bitte sagen, wo der Pass ist?", ", wo der Pass ist?"),
            ("Was habe ich über den Kessel gesagt?", "den Kessel ?"),
            ("S'il te plaît, dis-moi où est le vélo", ", où est le vélo"),
            ("パスポートはどこにありますか?", "パスポート?"),
            ("请告诉我护照在哪里", "护照"),
            ("여권 번호 알려줘", "여권 번호"),
        ] {
            assert_eq!(rest(query), expected, "{query}");
        }
    }
}
