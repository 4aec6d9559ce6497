//! Postings: the passages that have the terms of a query, found by one scan.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::FixedState;

use crate::document::{Key, Term};
use crate::index::Content;
use crate::parameters::Parameters;
use crate::query::{Form, MAX_TERMS, Query, QueryTerm};
use crate::view::View;

/// With fewer passages than this, idf assumes that there are as many: among three memories every term would be common.
const FEW: usize = 100;
/// A term in so many passages or fewer is not common.
const COMMON_OF_FEW: f64 = 8.0;

/// The weight of all other terms of a query that is more than a question, as a share of that of its question.
const OTHERS: f64 = 0.25;

/// A passage with a term, and the saturated term frequency.
pub(crate) type Posting = (u32, f32);

/// The postings of a query's terms, of their synonyms and of their other spellings.
pub(crate) struct Postings {
    /// Those of each term of the query, in its order, and then those of the other forms.
    lists: Vec<Vec<Posting>>,
    /// The list of a synonym or of another spelling.
    others: HashMap<Form, usize>,
    /// The terms that count, and their weights.
    selected: Vec<(usize, f64)>,
    /// The number of passages.
    passages: usize,
    /// A term in more passages is common.
    common: f64,
}

impl Postings {
    /// Scans all passages of the view once.
    pub(crate) fn find(view: &View<'_>, query: &Query, parameters: &Parameters) -> Self {
        let mut wanted = Wanted::new(view.has_short_hashes());
        for (list, term) in query.terms.iter().enumerate() {
            term.forms.iter().for_each(|form| wanted.add(*form, list));
        }
        let mut others = HashMap::new();
        let mut lists = query.terms.len();
        for term in &query.terms {
            let synonyms = term.synonyms.iter().map(|(form, _)| form);
            for form in synonyms.chain(&term.spellings).chain(&term.kind) {
                others.entry(*form).or_insert_with(|| {
                    wanted.add(*form, lists);
                    lists += 1;
                    lists - 1
                });
            }
        }
        let mut found = Self {
            lists: vec![Vec::new(); lists],
            others,
            selected: Vec::new(),
            passages: view.len(),
            common: (parameters.common * view.len() as f64).max(COMMON_OF_FEW),
        };
        // Most terms are not wanted: the loop over all of them does nothing else, so that the processor reads ahead.
        let mut candidates: Vec<(u32, Term)> = Vec::new();
        for (content, position) in view.contents().zip(0_u32..) {
            let terms = view.terms_of(content).iter().filter(|term| wanted.may_have(term.key()));
            candidates.extend(terms.map(|term| (position, *term)));
        }
        for (position, term) in candidates {
            let content = view.content(position as usize);
            found.add(&wanted, content, position, term.key(), term.count(), parameters);
        }
        if wanted.has_stop_words {
            for position in 0..u32::try_from(view.len()).unwrap_or(u32::MAX) {
                let (slot, content) = (view.slot(position as usize), view.content(position as usize));
                for code in view.stop_words_of(slot) {
                    found.add(&wanted, content, position, Key::stop_word(*code), 1, parameters);
                }
            }
        }
        if wanted.has_stop_words {
            // Stop words of English documents were found after terms of others.
            found.lists.iter_mut().for_each(|list| list.sort_unstable_by_key(|(passage, _)| *passage));
        }
        found.select(query);
        found
    }

    /// Adds a passage that has a key so often to the lists that look for it. A passage may have a term in several forms.
    fn add(
        &mut self,
        wanted: &Wanted,
        content: &Content,
        position: u32,
        key: Key,
        count: u32,
        parameters: &Parameters,
    ) {
        for list in wanted.lists(key, content) {
            let count = saturation(content, count, parameters);
            let list = &mut self.lists[list];
            match list.last_mut() {
                Some((last, highest)) if *last == position => *highest = highest.max(count),
                _ => list.push((position, count)),
            }
        }
    }

    /// Selects the terms that count: all of a short query. Of a long one these are the terms of its question, and then the rarest
    /// that any memory has. Beside a question the others count little: they may be a log or an article.
    fn select(&mut self, query: &Query) {
        let mut selected: Vec<usize> = (0..query.terms.len()).collect();
        let asks = |term: usize| query.terms[term].is_in_question;
        if selected.len() > MAX_TERMS {
            selected.retain(|term| asks(*term) || !self.lists[*term].is_empty());
            selected.sort_unstable_by_key(|term| (!asks(*term), self.lists[*term].len(), *term));
            selected.truncate(MAX_TERMS);
        }
        let attainable = |is_asked: bool| -> f64 {
            let those = selected.iter().filter(|term| asks(**term) == is_asked);
            those.map(|term| self.idf(&self.lists[*term])).sum()
        };
        let (question, others) = (attainable(true), attainable(false));
        // A question of which no memory has a term, such as "What do you suggest?", asks about what stands before it.
        let is_known = selected.iter().any(|term| asks(*term) && !self.lists[*term].is_empty());
        let weight = if is_known && others > 0.0 { (OTHERS * question / others).min(1.0) } else { 1.0 };
        self.selected =
            selected.into_iter().map(|term| (term, if asks(term) { 1.0 } else { weight })).collect();
    }

    /// The terms that count, by their number in the query, and their weights.
    pub(crate) fn selected(&self) -> impl Iterator<Item = (usize, f64)> {
        self.selected.iter().copied()
    }

    /// The postings of a term.
    pub(crate) fn of_term(&self, term: usize) -> &[Posting] {
        &self.lists[term]
    }

    /// The postings of what counts like a term, and how much: its synonyms, or its other spellings if no memory has it. A
    /// common term has none, and none is common: it would add little and take long.
    pub(crate) fn alternatives(
        &self,
        query: &Query,
        term: usize,
        parameters: &Parameters,
    ) -> impl Iterator<Item = (&[Posting], f64)> {
        let (own, query) = (self.of_term(term), &query.terms[term]);
        let synonyms = query.synonyms.iter().filter(|_| !self.is_common(own));
        let synonyms = synonyms.map(|(form, similarity)| (form, parameters.synonym * f64::from(*similarity)));
        let spellings = query.spellings.iter().filter(|_| own.is_empty());
        let all = synonyms.chain(spellings.map(|form| (form, parameters.spelling)));
        let lists =
            all.filter_map(|(form, weight)| Some((self.lists[*self.others.get(form)?].as_slice(), weight)));
        lists.filter(|(list, _)| !self.is_common(list))
    }

    /// The postings of what all passages have that say a date, if the term is a date, or a time.
    pub(crate) fn of_kind(&self, term: &QueryTerm) -> Option<&[Posting]> {
        Some(&self.lists[*self.others.get(term.kind.as_ref()?)?])
    }

    /// What shows that a memory has the terms that count.
    pub(crate) fn evidence(&self, query: &Query, parameters: &Parameters) -> Vec<Evidence<'_>> {
        let of_term = |(term, _): (usize, f64)| {
            let others = self.alternatives(query, term, parameters).map(|(list, _)| list);
            let lists = std::iter::once(self.of_term(term)).chain(others);
            Evidence { term, lists: lists.filter(|list| !list.is_empty()).collect() }
        };
        self.selected().map(of_term).collect()
    }

    pub(crate) fn is_common(&self, list: &[Posting]) -> bool {
        list.len() as f64 > self.common
    }

    /// The inverse document frequency of a term with these postings.
    pub(crate) fn idf(&self, list: &[Posting]) -> f64 {
        let (all, with_term) = (self.passages.max(FEW) as f64, list.len() as f64);
        (1.0 + (all - with_term + 0.5) / (with_term + 0.5)).ln()
    }
}

/// BM25's saturated frequency of a term that a passage has so often.
fn saturation(content: &Content, count: u32, parameters: &Parameters) -> f32 {
    let length = f64::from(content.length).min(parameters.long);
    let norm = 1.0 - parameters.b + parameters.b * length / parameters.length;
    let count = f64::from(count);
    (count * (parameters.k1 + 1.0) / (count + parameters.k1 * norm)) as f32
}

/// The postings that show that a memory has a term of the query: the term's, and those of its alternatives.
pub(crate) struct Evidence<'p> {
    /// The number of the term in the query.
    pub(crate) term: usize,
    lists: Vec<&'p [Posting]>,
}

impl Evidence<'_> {
    /// Whether the memory with these passages has the term.
    pub(crate) fn is_in(&self, passages: &Range<usize>) -> bool {
        self.lists.iter().any(|list| {
            let first = list.partition_point(|(passage, _)| (*passage as usize) < passages.start);
            list.get(first).is_some_and(|(passage, _)| passages.contains(&(*passage as usize)))
        })
    }
}

/// The size of the Bloom filter, in words of 64 bits.
const BLOOM_WORDS: usize = 1 << 10;

/// The keys that a scan looks for.
struct Wanted {
    /// The languages and the list of each form with the key.
    by_key: HashMap<Key, Vec<(Form, usize)>, FixedState>,
    /// A Bloom filter of keys: most terms of a passage are not in the query, and need no look into the map.
    bloom: Box<[u64; BLOOM_WORDS]>,
    has_stop_words: bool,
    /// Whether documents have the keys of earlier formats.
    has_short_hashes: bool,
}

impl Wanted {
    fn new(has_short_hashes: bool) -> Self {
        Self {
            by_key: HashMap::default(),
            bloom: Box::new([0; BLOOM_WORDS]),
            has_stop_words: false,
            has_short_hashes,
        }
    }

    fn add(&mut self, form: Form, list: usize) {
        self.has_stop_words |= form.key.is_stop_word();
        self.add_key(form.key, form, list);
        if self.has_short_hashes && form.short != form.key {
            self.add_key(form.short, form, list);
        }
    }

    fn add_key(&mut self, key: Key, form: Form, list: usize) {
        self.by_key.entry(key).or_default().push((form, list));
        let (word, bit) = Self::bloom_bit(key);
        self.bloom[word] |= bit;
    }

    fn may_have(&self, key: Key) -> bool {
        let (word, bit) = Self::bloom_bit(key);
        self.bloom[word] & bit != 0
    }

    const fn bloom_bit(key: Key) -> (usize, u64) {
        ((key.number() as usize >> 6) % BLOOM_WORDS, 1 << (key.number() & 63))
    }

    fn lists(&self, key: Key, content: &Content) -> impl Iterator<Item = usize> {
        let forms = self.by_key.get(&key).map_or(&[][..], Vec::as_slice);
        let language = content.language;
        forms.iter().filter(move |(form, _)| form.matches(language)).map(|(_, list)| *list)
    }
}
