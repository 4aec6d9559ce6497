//! Ranking: combines lexical scores and embeddings, and selects the best records.

use hb_domain::search::Search;
use hb_domain::{MemoryId, Timestamp};

use crate::document::type_code;
use crate::facets::FacetFilter;
use crate::index::{Index, Slot, id_from_number};
use crate::lexical::Postings;
use crate::owners::Owners;
use crate::parameters::Parameters;
use crate::query::Query;
use crate::view::View;

/// Coefficients of the logistic curve from score to relevance.
const CALIBRATION: (f64, f64) = (-5.46, 8.50);

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
    /// The sum of the parts; [`relevance`] maps it to a relevance.
    pub score: f64,
    /// Terms of the query and their synonyms, in the memory and in its neighbours.
    pub words: f64,
    /// The cosine of the embeddings, weighted.
    pub meaning: f64,
    /// The best scores of its session, weighted.
    pub session: f64,
    /// The memory's importance.
    pub importance: f64,
    /// The query's terms that the memory has, or a synonym of which it has.
    pub terms: Vec<String>,
}

/// The relevance of a score: 1 / (1 + exp(-(a + b·score))), fitted so that 0.5 separates the best results of answerable
/// questions from those of unanswerable ones.
pub fn relevance(score: f64) -> f64 {
    let (a, b) = CALIBRATION;
    let relevance = 1.0 / (1.0 + (-(a + b * score)).exp());
    (relevance * 1e4).round() / 1e4
}

/// A lower bound of the scores with this relevance: the inverse of [`relevance`], less what it rounds.
fn min_score(min_relevance: f64) -> f64 {
    let (a, b) = CALIBRATION;
    let unrounded = (min_relevance - 1e-4).max(0.0);
    ((unrounded / (1.0 - unrounded)).ln() - a) / b
}

/// The scores of each record of a view.
pub(crate) struct Scores {
    postings: Postings,
    words: Vec<f32>,
    meaning: Vec<f32>,
    session: Vec<f32>,
}

impl Index {
    /// The `count` memories that match `search` best, by score and then the newest first, without those that expired before
    /// `now` and those of no relevance. Memories of other owners influence no score, and other filters change none. Filters
    /// by tags and metadata may let a few memories through that do not match.
    pub fn search(&self, query: &Query, search: &Search, now: Timestamp, count: usize) -> Vec<Hit> {
        let view = self.view(search);
        if query.is_empty() || view.len() == 0 {
            return Vec::new();
        }
        let scores = view.score(query, &Parameters::SHIPPED);
        let facets = FacetFilter::of(search);
        let mut found: Vec<(i64, u128, u32)> = Vec::new();
        // A record with a lower score is not among the best.
        let mut lowest = min_score(search.min_relevance);
        for (slot, position) in view.iter().zip(0_u32..) {
            let score = scores.total(position as usize, slot, &Parameters::SHIPPED);
            if score < lowest
                || scores.has_no_evidence(position as usize)
                || relevance(score) < search.min_relevance
                || slot.expires_at <= now.millis()
                || !view.may_match(slot, search, &facets)
            {
                continue;
            }
            let (by_score, by_age) = slot.sort_key(score);
            found.push((by_score, by_age, position));
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
        found.into_iter().filter_map(|(_, _, position)| view.hit(position as usize, query, &scores)).collect()
    }

    /// How many memories `search` covers: those of its owners.
    pub fn count(&self, search: &Search) -> usize {
        self.view(search).len()
    }

    fn view(&self, search: &Search) -> View<'_> {
        View::of(self, &Owners::of_filter(&search.filter))
    }

    /// All memories by their score under these parameters, the best first and then the newest first.
    pub fn rank(&self, query: &Query, parameters: &Parameters) -> Vec<MemoryId> {
        let view = View::all(self);
        let scores = view.score(query, parameters);
        let key = |(position, slot): (usize, &Slot)| slot.sort_key(scores.total(position, slot, parameters));
        let mut ranked: Vec<(i64, u128)> = view.iter().enumerate().map(key).collect();
        ranked.sort_unstable();
        ranked.into_iter().filter_map(|(_, id)| id_from_number(u128::MAX - id)).collect()
    }
}

impl View<'_> {
    pub(crate) fn score(&self, query: &Query, parameters: &Parameters) -> Scores {
        let postings = Postings::find(self, query, parameters);
        let mut words = postings.score(self, query, parameters);
        if parameters.words != 1.0 {
            words.iter_mut().for_each(|score| *score *= parameters.words);
        }
        let meaning: Vec<f32> =
            self.iter().map(|slot| parameters.meaning * query.cosine(&slot.embedding)).collect();
        let mut session = vec![0.0; self.len()];
        let mut slots = self.iter().map(|slot| slot.owners.session()).peekable();
        let mut from = 0;
        while let Some(id) = slots.next() {
            let mut own = from..from + 1;
            while id != 0 && slots.next_if_eq(&id).is_some() {
                own.end += 1;
            }
            from = own.end;
            let mut best = [0.0_f32; 8];
            for position in own.clone() {
                insert_top(&mut best[..parameters.best], words[position] + meaning[position]);
            }
            let bonus =
                parameters.session * best[..parameters.best].iter().sum::<f32>() / parameters.best as f32;
            session[own].fill(bonus);
        }
        Scores { postings, words, meaning, session }
    }

    fn may_match(&self, slot: &Slot, search: &Search, facets: &FacetFilter) -> bool {
        let created = slot.created_at();
        search.filter.kind.is_none_or(|kind| type_code(kind) == slot.kind)
            && search.created_after.is_none_or(|after| created >= after.millis())
            && search.created_before.is_none_or(|before| created < before.millis())
            && facets.may_match(self.facets_of(slot), slot.has_metadata)
    }

    fn hit(&self, position: usize, query: &Query, scores: &Scores) -> Option<Hit> {
        let slot = self.slot(position)?;
        let has = |hash: u32| self.terms_of(slot).binary_search_by_key(&hash, |term| term.hash()).is_ok();
        let said = query
            .terms
            .iter()
            .filter(|term| has(term.hash) || scores.postings.synonyms(term).any(|(synonym, _)| has(synonym)));
        let score = scores.total(position, slot, &Parameters::SHIPPED);
        let explanation = Explanation {
            score: rounded(score),
            words: rounded(scores.words[position].into()),
            meaning: rounded(scores.meaning[position].into()),
            session: rounded(scores.session[position].into()),
            importance: rounded(slot.prior(&Parameters::SHIPPED).into()),
            terms: said.map(|term| term.text.clone()).collect(),
        };
        Some(Hit { id: id_from_number(slot.id)?, relevance: relevance(score), explanation })
    }
}

impl Scores {
    pub(crate) fn total(&self, position: usize, slot: &Slot, parameters: &Parameters) -> f64 {
        f64::from(
            self.words[position] + self.meaning[position] + self.session[position] + slot.prior(parameters),
        )
    }

    /// Whether a record has no score but for its importance.
    fn has_no_evidence(&self, position: usize) -> bool {
        self.words[position] + self.meaning[position] + self.session[position] <= 0.0
    }
}

impl Slot {
    /// The key that hits are sorted by: the score in millionths, the highest first, then the newest first.
    fn sort_key(&self, score: f64) -> (i64, u128) {
        (-(score * 1e6).round() as i64, u128::MAX - self.id)
    }

    /// What its importance adds to the score; nothing at 0.5, the default.
    fn prior(&self, parameters: &Parameters) -> f32 {
        parameters.importance * (f32::from(self.importance) / 255.0 - 128.0 / 255.0)
    }

    /// Milliseconds since 1970: the first nine of the 22 digits of the id.
    fn created_at(&self) -> i64 {
        const REST: u128 = 36_u128.pow(13);
        i64::try_from(self.id / REST).unwrap_or(i64::MAX)
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
