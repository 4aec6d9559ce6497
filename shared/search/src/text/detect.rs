//! The language of a text, told by its most frequent words and by its letters.
//!
//! A note of few words may not tell it: then it is [of any language](Language::Any), and is found by the words of each.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::fold::fold;
use super::frequent::WORDS;
use super::language::{COUNT, Language};
use super::letters::{ALSO, LETTERS, OTHER_LETTERS};
use super::topics::TOPICS;
use super::{stem, stop_words};
use crate::model;

const ENGLISH: usize = Language::English as usize;
/// The most Latin words that are looked at.
const MAX_WORDS: usize = 400;
/// Weights of a word or letter of one language, of two or three, and of more.
const WEIGHTS: [u32; 3] = [6, 3, 1];
/// A text of more Latin words is of one language.
const MAX_SHORT: usize = 8;
/// The lead over all other languages by which the language of a short text is clear: if one word tells it, several, or more
/// than any other.
const CLEAR: [u32; 3] = [6, 3, 2];

/// Languages as bits.
type Set = u16;

const fn bit(language: Language) -> Set {
    1 << language.code()
}

/// The languages that a word tells.
#[derive(Clone, Copy, Default)]
struct Listed {
    /// Those that have it among their most frequent words.
    frequent: Set,
    /// Those and others.
    all: Set,
}

/// Whether a folded word is one of the most frequent words of a language.
pub(super) fn is_frequent(word: &str, language: Language) -> bool {
    listed().get(word).is_some_and(|listed| listed.frequent & bit(language) != 0)
}

/// The words that tell languages.
fn listed() -> &'static HashMap<&'static str, Listed> {
    static LISTED: OnceLock<HashMap<&str, Listed>> = OnceLock::new();
    LISTED.get_or_init(|| {
        let mut words: HashMap<&str, Listed> = HashMap::new();
        for (language, list) in WORDS {
            for word in list.split_ascii_whitespace() {
                let listed = words.entry(word).or_default();
                listed.frequent |= bit(language);
                listed.all |= bit(language);
            }
        }
        for (language, list) in TOPICS {
            for word in list.split_ascii_whitespace() {
                // A job is one in Danish too.
                let english = if model::get().has_stem(word) { bit(Language::English) } else { 0 };
                words.entry(word).or_default().all |= bit(language) | english;
            }
        }
        words
    })
}

/// The language of a whole text. English unless another language is clear, or the text is short and not known to be English.
pub(crate) fn language_of(text: &str) -> Language {
    let mut evidence = Evidence::default();
    let mut words = text.split(|c: char| !is_latin(c)).filter(|word| !word.is_empty());
    let short: Vec<&str> = words.by_ref().take(MAX_SHORT + 1).collect();
    let is_short = short.len() <= MAX_SHORT;
    for word in short.into_iter().chain(words.take(MAX_WORDS - MAX_SHORT - 1)) {
        evidence.add(word, is_short);
    }
    if is_short { evidence.of_short() } else { evidence.of_long() }
}

/// What the words of a text tell.
#[derive(Default)]
struct Evidence {
    votes: [u32; COUNT],
    /// How many words vote for each language.
    words: [u32; COUNT],
    /// Whether a frequent word is of English alone.
    is_english: bool,
    /// How many words tell languages of which none is English.
    foreign: u32,
    /// How many words are known to be English, and how many are not.
    known: u32,
    unknown: u32,
}

impl Evidence {
    fn add(&mut self, word: &str, is_short: bool) {
        // No frequent word is longer.
        let folded = if word.len() <= 24 { fold(word) } else { String::new() };
        let languages = listed().get(folded.as_str()).map(|listed| listed.all & of_alphabet(word));
        // Many words of the model are also names or words of other languages.
        let is_known = word.is_ascii()
            && (model::get().has_stem(&folded)
                || (is_short && model::get().has_stem(&stem::english(&folded))));
        let is_english = languages.is_some_and(|languages| languages & bit(Language::English) != 0)
            || stop_words::code(&folded).is_some();
        let count = if is_known || is_english { &mut self.known } else { &mut self.unknown };
        *count += 1;
        let mut told = 0;
        match languages {
            Some(languages) => {
                self.is_english |= languages == bit(Language::English);
                told |= languages;
                self.vote(languages, is_short && is_known && !is_english);
            }
            None if is_known => self.votes[ENGLISH] += 1,
            None => {}
        }
        if !word.is_ascii() {
            let letters = of_letters(word);
            told |= letters;
            self.vote(letters, false);
        }
        self.foreign += u32::from(told != 0 && told & bit(Language::English) == 0);
        for (code, words) in self.words.iter_mut().enumerate() {
            *words += u32::from(told >> code & 1);
        }
    }

    /// Adds to the votes of `languages`, the more the fewer they are, and half of it for a word that may be another's.
    fn vote(&mut self, languages: Set, is_weak: bool) {
        let weight = match languages.count_ones() {
            0 => return,
            1 => WEIGHTS[0],
            2 | 3 => WEIGHTS[1],
            _ => WEIGHTS[2],
        };
        let weight = if is_weak { weight.div_ceil(2) } else { weight };
        for (code, votes) in self.votes.iter_mut().enumerate() {
            if languages >> code & 1 == 1 {
                *votes += weight;
            }
        }
    }

    /// The language with the most votes, and these.
    fn best(&self) -> (Language, u32) {
        let votes = |language: Language| self.votes[usize::from(language.code())];
        let others = Language::stemmed().filter(|language| *language != Language::English);
        let best = others.max_by_key(|language| (votes(*language), *language != Language::Other));
        best.map_or((Language::English, 0), |best| (best, votes(best)))
    }

    fn of_long(&self) -> Language {
        let (best, votes) = self.best();
        if votes > self.votes[ENGLISH] { best } else { Language::English }
    }

    /// A short text of words that may all be English is English, unless several tell another language.
    fn of_short(&self) -> Language {
        let (best, votes) = self.best();
        let english = self.votes[ENGLISH];
        let code = usize::from(best.code());
        let may_be_english = self.unknown == 0 && self.words[code] <= 1
            || self.known >= 2 && self.known >= 2 * self.unknown && self.foreign == 0;
        if may_be_english || (self.is_english && english >= votes) {
            return Language::English;
        }
        let highest = |of: &[u32; COUNT]| {
            let others = of.iter().enumerate().filter(|(other, _)| *other != code);
            others.map(|(_, value)| *value).max().unwrap_or(0)
        };
        let lead = votes.saturating_sub(highest(&self.votes));
        let has_most_words = self.words[code] > highest(&self.words);
        let needed = match self.words[code] {
            0 | 1 => CLEAR[0],
            _ if has_most_words => CLEAR[2],
            _ => CLEAR[1],
        };
        if lead >= needed {
            best
        } else if self.unknown == 0 && english >= votes {
            Language::English
        } else {
            Language::Any
        }
    }
}

/// The languages that have all letters of a word.
fn of_alphabet(word: &str) -> Set {
    let accented = word.chars().filter(|c| !c.is_ascii()).flat_map(char::to_lowercase);
    accented.fold(Set::MAX, |set, c| {
        let mut lists = LETTERS.iter().chain(&ALSO).filter(|(letter, _)| *letter == c).peekable();
        match lists.peek() {
            Some(_) => {
                set & lists
                    .flat_map(|(_, languages)| *languages)
                    .fold(0, |set, language| set | bit(*language))
            }
            None => set,
        }
    })
}

/// The languages that the letters of a word tell.
fn of_letters(word: &str) -> Set {
    let accented = word.chars().filter(|c| !c.is_ascii()).flat_map(char::to_lowercase);
    let (mut told, mut is_other) = (Set::MAX, false);
    for c in accented {
        if let Some((_, languages)) = LETTERS.iter().find(|(letter, _)| *letter == c) {
            told &= languages.iter().fold(0, |set, language| set | bit(*language));
        }
        is_other |= OTHER_LETTERS.contains(c) || ('\u{1EA0}'..='\u{1EF9}').contains(&c);
    }
    match told {
        Set::MAX if !is_other => 0,
        Set::MAX | 0 => bit(Language::Other),
        told => told,
    }
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' | '\u{300}'..='\u{36F}')
}
