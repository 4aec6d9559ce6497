//! Stemming: a Latin word by the language of its text, a word of another script by its script.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

use super::fold::fold;
use super::irregular;
use super::language::Language;

/// A longer word is not stemmed: it is no word of a dictionary, and stemmers may take quadratic time.
const MAX_STEMMED: usize = 120;

/// Endings that are removed from words of languages without a stemmer: cases and plurals of Slavic, Germanic, Romance
/// and Baltic languages. Longer ones come first.
const ENDINGS: [&str; 38] = [
    "iego", "iemu", "iami", "ami", "ach", "iach", "ego", "emu", "ymi", "imi", "ych", "ich", "ymi", "eho",
    "ern", "iem", "ow", "om", "em", "am", "ie", "iu", "ia", "ej", "ou", "ym", "im", "en", "er", "es", "as",
    "os", "is", "us", "um", "ii", "ua", "io",
];
const LETTER_ENDINGS: &[u8] = b"aeiouysn";
/// What remains of a word has so many letters at least.
const MIN_STEM: usize = 3;

/// Endings of Hindi and of Bengali, longer ones first.
const HINDI_ENDINGS: [&str; 22] = [
    "ियों",
    "ियाँ",
    "ियां",
    "ाओं",
    "ाएं",
    "ाएँ",
    "ुओं",
    "ुएं",
    "ें",
    "ों",
    "ीं",
    "ाई",
    "ती",
    "ता",
    "ते",
    "ना",
    "ने",
    "ो",
    "े",
    "ी",
    "ा",
    "ि",
];
const BENGALI_ENDINGS: [&str; 16] =
    ["গুলোর", "গুলো", "গুলি", "দের", "টির", "টার", "টি", "টা", "রা", "কে", "ের", "তে", "র", "য়", "ে", "ো"];

/// The term of a word, and another one that some spelling of the word without accents has.
pub(super) type Stems<'w> = (Cow<'w, str>, Option<Cow<'w, str>>);

/// A word in lower case, ready to be stemmed in several languages.
pub(super) struct Stemmable<'w> {
    word: &'w str,
    folded: Cow<'w, str>,
    /// The terms of a word that has the same in every language.
    terms: Option<(String, Option<String>)>,
}

impl<'w> Stemmable<'w> {
    pub(super) fn new(word: &'w str) -> Self {
        let folded = folded(Cow::Borrowed(word));
        let terms = of_script(&folded);
        Self { word, folded, terms }
    }

    /// The terms that a text of `language` has for the word.
    pub(super) fn stems(&self, language: Language) -> Stems<'_> {
        if let Some((term, other)) = &self.terms {
            return (Cow::Borrowed(term), other.as_deref().map(Cow::Borrowed));
        }
        let Some((algorithm, rounds)) = algorithm(language) else {
            return (Cow::Borrowed(without_latin_ending(&self.folded)), None);
        };
        let regular = if language == Language::English { irregular::singular(&self.folded) } else { None };
        let of_folded = folded(snowball(regular.unwrap_or(&self.folded), algorithm, rounds));
        if let Some(singular) = singular(&self.folded, language) {
            let of_singular = folded(snowball(&singular, algorithm, rounds)).into_owned();
            return (of_folded, Some(Cow::Owned(of_singular)));
        }
        if language == Language::English || self.folded == self.word {
            return (of_folded, None);
        }
        // Stemmers know endings by their accents, readers do not always type them.
        let of_word = folded(snowball(self.word, algorithm, rounds));
        if of_word == of_folded { (of_word, None) } else { (of_word, Some(of_folded)) }
    }
}

/// The terms of a word that is not stemmed by the language of its text: those of a word in other letters, or the folded word.
fn of_script(folded: &str) -> Option<(String, Option<String>)> {
    let Some(first) = folded.chars().next().filter(|_| is_stemmed(folded)) else {
        return Some((folded.to_owned(), None));
    };
    let term = match first {
        'a'..='z' => return None,
        '\u{370}'..='\u{3FF}' => fold(&snowball(folded, Algorithm::Greek, 1)),
        '\u{400}'..='\u{52F}' => snowball(&russian(folded), Algorithm::Russian, 1).into_owned(),
        '\u{5D0}'..='\u{5EA}' => return Some(hebrew(folded)),
        '\u{620}'..='\u{6FF}' => arabic(folded),
        '\u{900}'..='\u{97F}' => without_ending(folded, &HINDI_ENDINGS, 2).to_owned(),
        '\u{980}'..='\u{9FF}' => without_ending(folded, &BENGALI_ENDINGS, 2).to_owned(),
        '\u{B80}'..='\u{BFF}' => snowball(folded, Algorithm::Tamil, 1).into_owned(),
        _ => folded.to_owned(),
    };
    Some((term, None))
}

/// The distinct terms that texts of all languages have for a word in lower case.
pub(super) fn of_all_languages(word: &str) -> Vec<String> {
    let word = Stemmable::new(word);
    let mut terms: Vec<String> = Vec::new();
    for language in Language::stemmed() {
        let (stem, other) = word.stems(language);
        for term in std::iter::once(stem).chain(other) {
            if !terms.iter().any(|own| *own == term) {
                terms.push(term.into_owned());
            }
        }
    }
    terms
}

/// The English term of a word.
pub(super) fn english(word: &str) -> String {
    Stemmable::new(word).stems(Language::English).0.into_owned()
}

/// A word in lower case without accents.
fn folded(word: Cow<'_, str>) -> Cow<'_, str> {
    let is_folded = word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_folded { word } else { Cow::Owned(fold(&word)) }
}

/// The singular of a Portuguese plural that its stemmer does not know.
fn singular(folded: &str, language: Language) -> Option<String> {
    let stem = folded.strip_suffix("oes").or_else(|| folded.strip_suffix("aes"));
    stem.filter(|_| language == Language::Portuguese).map(|stem| stem.to_owned() + "ão")
}

/// Whether the word is of letters alone, and short enough.
fn is_stemmed(folded: &str) -> bool {
    folded.len() <= MAX_STEMMED && folded.chars().all(|c| c.is_alphabetic() || super::normalize::is_mark(c))
}

/// The stemmer of a language, and how often it is applied: in some languages it removes the endings of a stem again, so
/// that a word and its plural meet only at the end.
const fn algorithm(language: Language) -> Option<(Algorithm, u32)> {
    Some(match language {
        Language::Other | Language::Any => return None,
        Language::English => (Algorithm::English, 1),
        Language::Danish => (Algorithm::Danish, 1),
        Language::Dutch => (Algorithm::Dutch, 3),
        Language::Finnish => (Algorithm::Finnish, 1),
        Language::French => (Algorithm::French, 1),
        Language::German => (Algorithm::German, 1),
        Language::Hungarian => (Algorithm::Hungarian, 1),
        Language::Italian => (Algorithm::Italian, 1),
        Language::Norwegian => (Algorithm::Norwegian, 1),
        Language::Portuguese => (Algorithm::Portuguese, 1),
        Language::Romanian => (Algorithm::Romanian, 1),
        Language::Spanish => (Algorithm::Spanish, 1),
        Language::Swedish => (Algorithm::Swedish, 1),
        Language::Turkish => (Algorithm::Turkish, 3),
    })
}

/// The stem of a word, or of its stem and so on.
fn snowball(word: &str, algorithm: Algorithm, rounds: u32) -> Cow<'_, str> {
    let stemmer = Stemmer::create(algorithm);
    let mut stem = Cow::Borrowed(word);
    for _ in 0..rounds {
        let next = match &stem {
            Cow::Borrowed(word) => stemmer.stem(word),
            Cow::Owned(stem) => Cow::Owned(stemmer.stem(stem).into_owned()),
        };
        if next == stem || next.is_empty() {
            break;
        }
        stem = next;
    }
    stem
}

/// Ukrainian and Belarusian letters as the Russian stemmer knows them.
fn russian(word: &str) -> String {
    word.chars()
        .map(|c| match c {
            'і' => 'и',
            'є' => 'е',
            'ў' => 'у',
            c => c,
        })
        .collect()
}

/// Arabic words are stemmed. Those with letters of Persian or Urdu are not: their endings are others.
fn arabic(word: &str) -> String {
    if word.contains(['پ', 'چ', 'ژ', 'گ', 'ٹ', 'ڈ', 'ڑ', 'ں', 'ے']) {
        return word.to_owned();
    }
    // And the, so the, with the, like the: the stemmer knows each by itself.
    let prefixed =
        ["وبال", "وال", "فال", "بال", "كال", "ال"].iter().find_map(|prefix| word.strip_prefix(prefix));
    let word = prefixed.filter(|rest| rest.chars().count() >= 3).unwrap_or(word);
    fold(&snowball(word, Algorithm::Arabic, 3))
}

/// A Hebrew word, and the word without a prefix of one letter: and, the, in, to, from, that, as.
fn hebrew(word: &str) -> (String, Option<String>) {
    let mut letters = word.chars();
    let is_prefixed = letters.next().is_some_and(|c| "והבלמשכ".contains(c)) && letters.clone().count() >= 3;
    (word.to_owned(), is_prefixed.then(|| letters.as_str().to_owned()))
}

fn without_latin_ending(word: &str) -> &str {
    let shortened = without_ending(word, &ENDINGS, MIN_STEM);
    if shortened.len() < word.len() {
        return shortened;
    }
    match word.as_bytes() {
        [stem @ .., last] if stem.len() >= MIN_STEM && LETTER_ENDINGS.contains(last) => &word[..stem.len()],
        _ => word,
    }
}

/// The word without the first of the endings that leaves so many characters.
fn without_ending<'w>(word: &'w str, endings: &[&str], at_least: usize) -> &'w str {
    let stem = endings.iter().find_map(|ending| {
        let stem = word.strip_suffix(ending)?;
        (stem.chars().count() >= at_least).then_some(stem)
    });
    stem.unwrap_or(word)
}
