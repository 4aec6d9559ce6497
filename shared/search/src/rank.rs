//! Ranking: combines lexical scores and embeddings, and selects the best records.

use hb_domain::search::Search;
use hb_domain::{MemoryId, Timestamp};

use crate::behind::Behind;
use crate::document::type_code;
use crate::facets::FacetFilter;
use crate::index::{Index, Slot, id_from_number};
use crate::lexical;
use crate::parameters::Parameters;
use crate::postings::Postings;
use crate::query::Query;
use crate::view::View;

/// Coefficients of the logistic curve from score to relevance.
const CALIBRATION: (f64, f64) = (-4.62, 6.72);

/// What a share may lack of 1 by rounding.
pub(crate) const ROUNDED: f32 = 1e-5;

/// A search result.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The memory.
    pub id: MemoryId,
    /// How likely it is relevant, 0 to 1.
    pub relevance: f64,
    /// The parts of its score.
    pub explanation: Explanation,
}

/// The parts of a score, which add up to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The sum of the parts, by which results are ordered.
    pub score: f64,
    /// Terms of the query and their synonyms, in the memory and in its neighbours.
    pub words: f64,
    /// The cosine of the embeddings, weighted.
    pub meaning: f64,
    /// The best scores of its session, weighted.
    pub session: f64,
    /// The memory's importance.
    pub importance: f64,
    /// The discount of a long memory, 0 or less.
    pub length: f64,
    /// What [`relevance`] is computed of.
    pub evidence: f64,
    /// The query's terms that the memory has, or a synonym of which it has.
    pub terms: Vec<String>,
}

/// The relevance of what a memory has of a query (its score without regard to length, with what is said of its question, and with half
/// of what comes from its neighbours): 1 / (1 + exp(-(a + b·evidence))),
/// fitted so that 0.5 separates the best results of answerable questions from those of unanswerable ones.
pub fn relevance(evidence: f64) -> f64 {
    let (a, b) = CALIBRATION;
    let relevance = 1.0 / (1.0 + (-(a + b * evidence)).exp());
    (relevance * 1e4).round() / 1e4
}

/// A lower bound of the evidence with this relevance: the inverse of [`relevance`], less what it rounds.
fn min_evidence(min_relevance: f64) -> f64 {
    let (a, b) = CALIBRATION;
    let unrounded = (min_relevance - 1e-4).max(0.0);
    ((unrounded / (1.0 - unrounded)).ln() - a) / b
}

/// The scores of each memory of a view.
pub(crate) struct Scores {
    postings: Postings,
    pub(crate) memories: Vec<Score>,
}

/// The score of a memory, in its parts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Score {
    words: f32,
    meaning: f32,
    session: f32,
    importance: f32,
    /// The discount of a long memory, 0 or less.
    length: f32,
    /// What counts for its relevance instead of its words: those of the query or those of its question, wherever it has more,
    /// and less of its neighbours; regardless of length.
    relevant: f32,
    /// The share of the query's terms that one of its passages has, regardless of length.
    share: f32,
}

impl Index {
    /// The `count` memories that match `search` best, by score and then the newest first, without those that expired before
    /// `now` and those of no relevance. Memories of other owners influence no score, and other filters change none. Filters
    /// by tags and metadata may let a few memories through that do not match.
    pub fn search(&self, query: &Query, search: &Search, now: Timestamp, count: usize) -> Vec<Hit> {
        self.search_behind(query, search, None, now, count)
    }

    /// As [`search`](Self::search), the best of those that follow the earlier results `behind`.
    pub fn search_behind(
        &self,
        query: &Query,
        search: &Search,
        behind: Option<&Behind<'_>>,
        now: Timestamp,
        count: usize,
    ) -> Vec<Hit> {
        let view = self.view(search);
        if query.is_empty() || view.len() == 0 {
            return Vec::new();
        }
        let scores = view.score(query, &Parameters::SHIPPED);
        let facets = FacetFilter::of(search);
        let mut found: Vec<(i64, u128, usize)> = Vec::new();
        // A record with a lower score is not among the best.
        let mut lowest = f64::NEG_INFINITY;
        let least = min_evidence(search.min_relevance);
        for (number, memory) in scores.memories.iter().enumerate() {
            let (score, evidence) = (memory.total(), memory.evidence());
            if score < lowest || evidence < least || memory.is_of_no_relevance() {
                continue;
            }
            let slot = view.first_slot(number);
            if relevance(evidence) < search.min_relevance
                || slot.expires_at <= now.millis()
                || !view.may_match(slot, search, &facets)
            {
                continue;
            }
            let (by_score, by_age) = slot.sort_key(score);
            if behind.is_some_and(|behind| !behind.precedes(-by_score, slot.id())) {
                continue;
            }
            found.push((by_score, by_age, number));
            // Bounds the list.
            if found.len() >= 4 * count + 1_024 {
                let (_, (last, ..), _) = found.select_nth_unstable(count);
                // Rounding changes a score by half a unit at most.
                lowest = lowest.max((-*last as f64 - 1.0) / 1e6);
                found.truncate(count);
            }
        }
        if found.len() > count && count > 0 {
            found.select_nth_unstable(count - 1);
        }
        found.truncate(count);
        found.sort_unstable();
        let evidence = scores.postings.evidence(query, &Parameters::SHIPPED);
        let hit = |(_, _, number): (i64, u128, usize)| {
            let passages = view.layout().passages_of(number);
            let said = evidence.iter().filter(|evidence| evidence.is_in(&passages));
            let terms = said.map(|evidence| query.terms[evidence.term].text.clone()).collect();
            scores.memories[number].hit(view.first_slot(number), terms)
        };
        found.into_iter().filter_map(hit).collect()
    }

    /// How many memories `search` covers: those of its owners and its namespace.
    pub fn count(&self, search: &Search) -> usize {
        self.view(search).layout().memories()
    }

    fn view(&self, search: &Search) -> View<'_> {
        View::of(self, &search.filter)
    }

    /// All memories by their score under these parameters, the best first and then the newest first.
    pub fn rank(&self, query: &Query, parameters: &Parameters) -> Vec<MemoryId> {
        let view = View::all(self);
        let scores = view.score(query, parameters);
        let key = |(number, memory): (usize, &Score)| view.first_slot(number).sort_key(memory.total());
        let mut ranked: Vec<(i64, u128)> = scores.memories.iter().enumerate().map(key).collect();
        ranked.sort_unstable();
        ranked.into_iter().filter_map(|(_, id)| id_from_number(u128::MAX - id)).collect()
    }
}

impl View<'_> {
    pub(crate) fn score(&self, query: &Query, parameters: &Parameters) -> Scores {
        let postings = Postings::find(self, query, parameters);
        let lexical = lexical::score(&postings, self, query, parameters);
        // A query whose meaning is not known gets by its words what others get by their meaning.
        let weight = parameters.words * if query.has_embedding() { 1.0 } else { parameters.unknown_meaning };
        // Few lengths differ: a longer passage than the longest of them counts like that.
        let longest = parameters.long as u16;
        let factors: Vec<f32> = (0..=longest).map(|length| parameters.length_factor(length)).collect();
        let passage = |passage: usize| {
            let missing = lexical.missing.get(passage).copied().unwrap_or_default();
            let (share, context) = (lexical.shares[passage], lexical.contexts[passage]);
            let question = lexical.questions.get(passage).copied().unwrap_or_default();
            // As if the passage had the usual length; more than all it cannot have.
            let regardless = |share: f32| {
                (share * factors[usize::from(self.content(passage).length.min(longest))]).min(share.max(1.0))
            };
            Score {
                words: weight * share,
                relevant: weight * (regardless(share.max(question)) - parameters.context * context),
                share: regardless(share),
                meaning: parameters.meaning * query.cosine(self.embedding(passage)),
                ..Score::default()
            }
            .without_exact(missing, parameters)
        };
        let layout = self.layout();
        let mut memories: Vec<Score> = Vec::with_capacity(layout.memories());
        for number in 0..layout.memories() {
            let passages = layout.passages_of(number);
            let mut memory = passage(passages.start);
            for other in passages.clone().skip(1).map(passage) {
                let share = memory.share.max(other.share);
                if other.own() > memory.own() {
                    memory = other;
                }
                memory.share = share;
            }
            memory.importance = parameters.prior(self.content(passages.start).importance);
            memory
                .discount(passages.map(|passage| f64::from(self.content(passage).length)).sum(), parameters);
            memories.push(memory);
        }
        for session in layout.sessions() {
            let session = &mut memories[session];
            let mut best = [0.0_f32; 8];
            for memory in &*session {
                insert_top(&mut best[..parameters.best], memory.own());
            }
            let bonus =
                parameters.session * best[..parameters.best].iter().sum::<f32>() / parameters.best as f32;
            session.iter_mut().for_each(|memory| memory.session = bonus);
        }
        Scores { postings, memories }
    }

    /// The first passage of a memory.
    pub(crate) fn first_slot(&self, memory: usize) -> &Slot {
        self.slot(self.layout().passages_of(memory).start)
    }

    fn may_match(&self, slot: &Slot, search: &Search, facets: &FacetFilter) -> bool {
        let created = slot.created_at();
        search.filter.kind.is_none_or(|kind| type_code(kind) == slot.kind)
            && search.created_after.is_none_or(|after| created >= after.millis())
            && search.created_before.is_none_or(|before| created < before.millis())
            && facets.may_match(self.facets_of(slot), slot.has_metadata)
    }
}

impl Score {
    /// What it has by itself.
    const fn own(&self) -> f32 {
        self.words + self.meaning + self.length
    }

    /// Its score if it lacks this share of the exact terms of the query.
    fn without_exact(mut self, missing: f32, parameters: &Parameters) -> Self {
        let factor = 1.0 - parameters.exact * missing;
        self.words *= factor;
        self.relevant *= factor;
        self.meaning *= if self.meaning > 0.0 { factor } else { 1.0 };
        self
    }

    /// Discounts the score of a memory of so many terms, the more the less of the query its best passage has: a long text has
    /// some terms of any query, and less often answers it.
    fn discount(&mut self, length: f64, parameters: &Parameters) {
        if length > parameters.long {
            let length = ((length / parameters.long).ln() / parameters.longest).min(1.0);
            // A memory that lacks nothing is not discounted for a rounded sum.
            let lacking = parameters.lacking * (1.0 - ROUNDED - self.share);
            let missing = (1.0 - self.words).min(lacking);
            let missing = f64::from(missing.clamp(0.0, 1.0));
            let discount = (parameters.discount * length * missing.sqrt()) as f32;
            self.length = -discount * (self.words + self.meaning.max(0.0));
        }
    }

    /// The result of the memory of this slot.
    fn hit(&self, slot: &Slot, terms: Vec<String>) -> Option<Hit> {
        let explanation = Explanation {
            score: rounded(self.total()),
            words: rounded(self.words.into()),
            meaning: rounded(self.meaning.into()),
            session: rounded(self.session.into()),
            importance: rounded(self.importance.into()),
            length: rounded(self.length.into()),
            evidence: rounded(self.evidence()),
            terms,
        };
        Some(Hit { id: id_from_number(slot.id())?, relevance: relevance(self.evidence()), explanation })
    }

    /// What it is ordered by.
    pub(crate) fn total(&self) -> f64 {
        f64::from(self.words + self.meaning + self.session + self.importance + self.length)
    }

    /// What it has of the query, or of its question. That it is long makes it a less likely answer than others, but no less relevant by
    /// itself.
    fn evidence(&self) -> f64 {
        f64::from(self.relevant + self.meaning + self.session + self.importance)
    }

    /// Whether it has no score but for its importance.
    fn is_of_no_relevance(&self) -> bool {
        self.words + self.meaning + self.session <= 0.0
    }
}

impl Slot {
    /// The key that hits are sorted by: the score in millionths, the highest first, then the newest first.
    fn sort_key(&self, score: f64) -> (i64, u128) {
        (-(score * 1e6).round() as i64, u128::MAX - self.id())
    }

    /// Milliseconds since 1970: the first nine of the 22 digits of the id.
    fn created_at(&self) -> i64 {
        const REST: u128 = 36_u128.pow(13);
        i64::try_from(self.id() / REST).unwrap_or(i64::MAX)
    }
}

/// Inserts a value into the best ones, which are sorted in descending order, if it is among them.
fn insert_top(best: &mut [f32], mut value: f32) {
    for kept in best {
        if value > *kept {
            std::mem::swap(kept, &mut value);
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
