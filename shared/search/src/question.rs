//! The question that a long query asks: a query may be a whole message, a log or an article with a question in it.

use std::ops::Range;

use crate::text::QueryToken;

/// A sentence of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Its place in the query, in bytes.
    pub(crate) range: Range<usize>,
    /// Whether it ends with a question mark.
    pub(crate) is_asked: bool,
    /// How many sentences the query has.
    pub(crate) sentences: usize,
}

impl Question {
    /// The last sentence if it ends with a question mark, or else the first one, or else the last one that does; if none does,
    /// the last one. Sentences without terms do not count.
    pub(crate) fn of(text: &str, tokens: &[QueryToken]) -> Self {
        let mut starts: Vec<usize> =
            tokens.iter().filter(|token| token.stop.is_none()).map(|token| token.start).collect();
        starts.sort_unstable();
        let has_terms = |range: &Range<usize>| {
            let first = starts.partition_point(|start| *start < range.start);
            starts.get(first).is_some_and(|start| range.contains(start))
        };
        let is_asked = |range: &Range<usize>| text.get(range.clone()).is_some_and(is_question);
        let sentences: Vec<Range<usize>> = sentences(text).filter(has_terms).collect();
        let edges = [sentences.last(), sentences.first()].into_iter().flatten();
        let asked = edges.chain(sentences.iter().rev()).find(|range| is_asked(range));
        Self {
            range: asked.or(sentences.last()).cloned().unwrap_or(0..text.len()),
            is_asked: asked.is_some(),
            sentences: sentences.len(),
        }
    }
}

/// Whether a sentence asks: by its mark, which is a semicolon in Greek and within the sentence in Armenian, or by the Japanese
/// particle.
fn is_question(sentence: &str) -> bool {
    let sentence = sentence.trim_end();
    let is_greek = |c: char| ('\u{370}'..='\u{3FF}').contains(&c) || ('\u{1F00}'..='\u{1FFF}').contains(&c);
    let before = |mark: char| sentence.strip_suffix(mark).and_then(|rest| rest.chars().next_back());
    sentence.ends_with(['?', '？', '؟', '\u{37E}', '፧'])
        || sentence.ends_with("か。")
        || sentence.contains('՞')
        || before(';').is_some_and(is_greek)
}

/// The sentences of a text, which together are the text. A line is one at least.
fn sentences(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let mut before = ' ';
        let end = rest.char_indices().find_map(|(at, c)| {
            let is_end = c == '\n'
                || matches!(before, '。' | '！' | '？' | '।' | '؟' | '۔' | '።' | '፧' | '։' | '\u{37E}')
                || (matches!(before, '.' | '!' | '?' | ';') && c.is_whitespace());
            before = c;
            (is_end && at > 0).then_some(at)
        });
        let range = start..start + end.unwrap_or(rest.len());
        start = range.end;
        Some(range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::query_tokens;

    fn question(text: &str) -> (&str, bool, usize) {
        let Question { range, is_asked, sentences } = Question::of(text, &query_tokens(text));
        (text[range].trim(), is_asked, sentences)
    }

    #[test]
    fn the_question_is_found_wherever_it_stands() {
        let asked = "Where is my passport?";
        for text in [
            "Where is my passport?",
            "Log:\nGET /a?x=1 200\nretry 7 of job\nWhere is my passport?",
            "Where is my passport?\nGET /a?x=1 200\nretry 7 of job",
            "I packed. Where is my passport? Thanks a lot!",
            "Where is my passport? I packed. Is it late? I will see.",
            "I packed. Is it late? Where is my passport? I will see.",
        ] {
            assert_eq!((question(text).0, question(text).1), (asked, true), "{text}");
        }
        assert_eq!(question("荷物を詰めた。パスポートはどこ？ありがとう。").0, "パスポートはどこ？");
        for (text, asked) in [
            ("Ήρθαμε χθες. Πού είναι το κλειδί; Ευχαριστώ πολύ.", "Πού είναι το κλειδί;"),
            ("ہم کل آئے۔ چابی کہاں ہے؟ شکریہ بہت۔", "چابی کہاں ہے؟"),
            ("昨日来た。鍵はどこですか。助かります。", "鍵はどこですか。"),
            ("Երեկ եկանք։ Ո՞ւր է բանալին։ Շնորհակալ եմ։", "Ո՞ւր է բանալին։"),
        ] {
            assert_eq!((question(text).0, question(text).1), (asked, true), "{text}");
        }
        assert_eq!(question("One thing. Another thing."), ("Another thing.", false, 2));
        assert_eq!(question("..?!\n\n"), ("..?!", false, 0));
        assert_eq!(question(""), ("", false, 0));
    }
}
