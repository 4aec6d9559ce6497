//! N-grams of scripts that are written without spaces, and of Hangul, whose words have endings.

use super::function_words::is_function_word;
use super::normalize::{Char, is_mark};
use super::scan::{Class, class};
use super::unit::{Gram, Unit};

/// Chinese characters that are mostly grammar: pronouns, particles, questions.
const HAN_FUNCTION: &str =
    "的了是在我你您他她它们們和与與吗嗎呢吧啊这這那哪谁誰什甚么麼怎就都也很把被让讓给給个個";

/// Pairs of hiragana that are mostly grammar: endings, particles, demonstratives, questions.
const HIRAGANA_FUNCTION: [&str; 78] = [
    "です", "ます", "まし", "した", "して", "いる", "いま", "ある", "あり", "った", "って", "たい", "ない",
    "から", "まで", "など", "ので", "のに", "には", "では", "とは", "けど", "でし", "しょ", "ょう", "せん",
    "ませ", "いて", "てい", "なる", "なり", "こと", "もの", "よう", "れる", "られ", "せる", "され", "する",
    "すか", "すが", "てる", "たら", "ても", "でも", "ださ", "くだ", "さい", "いた", "おり", "なん", "んで",
    "でい", "きで", "すよ", "すね", "たの", "ため", "その", "この", "あの", "どこ", "だれ", "いつ", "なに",
    "るの", "すの", "がい", "にい", "はど", "こに", "がす", "るか", "たか", "のは", "のが", "です", "へい",
];

/// Particles and endings of Korean words, the longest first.
const HANGUL_ENDINGS: [&str; 66] = [
    "에서부터",
    "이라고",
    "입니다",
    "습니다",
    "ㅂ니다",
    "했습니다",
    "합니다",
    "에게서",
    "으로부터",
    "이에요",
    "이었다",
    "에서는",
    "에서도",
    "까지",
    "부터",
    "에서",
    "에게",
    "한테",
    "으로",
    "처럼",
    "보다",
    "하고",
    "이나",
    "라고",
    "이다",
    "예요",
    "에요",
    "어요",
    "아요",
    "해요",
    "했다",
    "하다",
    "한다",
    "하는",
    "해서",
    "하면",
    "인가",
    "입니",
    "지만",
    "는데",
    "네요",
    "세요",
    "군요",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "로",
    "와",
    "과",
    "도",
    "만",
    "요",
    "다",
    "고",
    "나",
    "까",
    "며",
    "서",
    "면",
    "지",
    "니",
];

/// Chinese characters: each by itself, and pairs. A query of several asks for pairs.
pub(super) fn han(run: &[Char]) -> Unit {
    let mut document = singles(run);
    document.extend(pairs(run).map(|gram| gram.text));
    let is_function = |gram: &Gram| gram.text.chars().any(|c| HAN_FUNCTION.contains(c));
    let query = if run.len() == 1 { one(run) } else { pairs(run).collect() };
    Unit::Grams { document, query: mark(query, |_, gram| is_function(gram)) }
}

/// The Chinese characters of a pair, those that are mostly grammar apart.
pub(super) fn parts(pair: &str) -> impl Iterator<Item = String> {
    let is_pair = pair.chars().count() == 2 && pair.chars().all(|c| class(c) == Class::Han);
    let parts = pair.chars().filter(move |c| is_pair && !HAN_FUNCTION.contains(*c));
    parts.map(String::from)
}

/// Katakana, in which names and loanwords are written: pairs.
pub(super) fn katakana(run: &[Char]) -> Unit {
    let grams = || if run.len() == 1 { one(run) } else { pairs(run).collect::<Vec<_>>() };
    Unit::Grams { document: texts(grams()), query: grams() }
}

/// Hiragana at the start of a word: pairs.
pub(super) fn hiragana(run: &[Char]) -> Unit {
    kana(run, false)
}

/// Hiragana after other characters: it begins with an ending or a particle.
pub(super) fn inflection(run: &[Char]) -> Unit {
    kana(run, true)
}

fn kana(run: &[Char], begins_with_ending: bool) -> Unit {
    // A single one between other characters is a particle.
    if run.len() == 1 && begins_with_ending {
        return Unit::Grams { document: Vec::new(), query: Vec::new() };
    }
    let grams = || if run.len() == 1 { one(run) } else { pairs(run).collect::<Vec<_>>() };
    let query = mark(grams(), |index, gram| {
        index == 0 && begins_with_ending || HIRAGANA_FUNCTION.contains(&gram.text.as_str())
    });
    Unit::Grams { document: texts(grams()), query }
}

/// A Korean word: pairs of its syllables, and the first one, which may be the whole stem. A query asks for the pairs
/// before a particle or ending.
pub(super) fn hangul(run: &[Char]) -> Unit {
    let mut document = texts(one(&run[..1]));
    document.extend(pairs(run).map(|gram| gram.text));
    let word: String = run.iter().map(|char| char.c).collect();
    let stem =
        HANGUL_ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending)).find(|stem| !stem.is_empty());
    let syllables = stem.map_or(run.len(), |stem| stem.chars().count());
    let query = if syllables == 1 { one(&run[..1]) } else { pairs(&run[..syllables]).collect() };
    let is_function = is_function_word(&word);
    Unit::Grams { document, query: mark(query, |_, _| is_function) }
}

/// Thai, Lao, Myanmar and Khmer: pairs of letters with their marks, and each letter with marks by itself.
pub(super) fn clusters(run: &[Char]) -> Unit {
    let mut clusters: Vec<Gram> = Vec::new();
    let mut is_stacked = false;
    for char in run {
        // Coeng and virama stack the next consonant below.
        match clusters.last_mut() {
            Some(cluster) if is_stacked || is_mark(char.c) => cluster.text.push(char.c),
            _ => clusters.push(Gram { text: char.c.into(), start: char.start, is_function: false }),
        }
        is_stacked = matches!(char.c, '\u{17D2}' | '\u{1039}');
    }
    let join = |pair: &[Gram]| Gram {
        text: format!("{}{}", pair[0].text, pair[1].text),
        start: pair[0].start,
        is_function: false,
    };
    let pairs: Vec<Gram> = clusters.windows(2).map(join).collect();
    let is_alone = clusters.len() == 1;
    let marked = clusters.iter().filter(|cluster| is_alone || cluster.text.chars().nth(1).is_some());
    let mut document: Vec<String> = marked.map(|cluster| cluster.text.clone()).collect();
    document.extend(pairs.iter().map(|pair| pair.text.clone()));
    Unit::Grams { document, query: if is_alone { clusters } else { pairs } }
}

fn singles(run: &[Char]) -> Vec<String> {
    run.iter().map(|char| char.c.into()).collect()
}

/// The first character as a term.
fn one(run: &[Char]) -> Vec<Gram> {
    run.iter()
        .take(1)
        .map(|char| Gram { text: char.c.into(), start: char.start, is_function: false })
        .collect()
}

fn pairs(run: &[Char]) -> impl Iterator<Item = Gram> {
    let pair = |pair: &[Char]| Gram {
        text: pair.iter().map(|char| char.c).collect(),
        start: pair[0].start,
        is_function: false,
    };
    run.windows(2).map(pair)
}

fn texts(grams: Vec<Gram>) -> Vec<String> {
    grams.into_iter().map(|gram| gram.text).collect()
}

fn mark(mut grams: Vec<Gram>, is_function: impl Fn(usize, &Gram) -> bool) -> Vec<Gram> {
    for (index, gram) in grams.iter_mut().enumerate() {
        gram.is_function = is_function(index, gram);
    }
    grams
}
