//! Bringing words and meaning together, and the best to the front.

use hb_domain::search::Search;
use hb_domain::{MemoryId, Timestamp};

use crate::document::kind_number;
use crate::facets::Asked;
use crate::index::{Index, Slot, name};
use crate::lexical::Postings;
use crate::owners::Owners;
use crate::parameters::Parameters;
use crate::query::Query;
use crate::view::View;

/// The logistic curve that makes a relevance of a score.
const CALIBRATION: (f64, f64) = (-5.46, 8.50);

/// A memory that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The memory.
    pub id: MemoryId,
    /// How likely it is what was looked for, 0 to 1.
    pub relevance: f64,
    /// Where that comes from.
    pub explanation: Explanation,
}

/// The parts of a score, which add up to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The sum of the parts; [`relevance`] makes a relevance of it.
    pub score: f64,
    /// The query's words, their synonyms, and those said nearby.
    pub words: f64,
    /// The likeness of the meaning.
    pub meaning: f64,
    /// That the session speaks of it.
    pub session: f64,
    /// The memory's importance.
    pub importance: f64,
    /// The terms of the query that the memory has itself, or a synonym of that counts.
    pub terms: Vec<String>,
}

/// The relevance of a score: 1 / (1 + exp(-(a + b·score))), fitted so that 0.5 divides the best answers to questions
/// about what is there from those to questions about what is not.
pub fn relevance(score: f64) -> f64 {
    let (a, b) = CALIBRATION;
    let relevance = 1.0 / (1.0 + (-(a + b * score)).exp());
    (relevance * 1e4).round() / 1e4
}

/// A score below which none has this relevance: [`relevance`] the other way, and what is rounded away.
fn least_score(least: f64) -> f64 {
    let (a, b) = CALIBRATION;
    let unrounded = (least - 1e-4).max(0.0);
    ((unrounded / (1.0 - unrounded)).ln() - a) / b
}

/// What speaks for each record.
pub(crate) struct Scores {
    postings: Postings,
    words: Vec<f32>,
    meaning: Vec<f32>,
    session: Vec<f32>,
}

impl Index {
    /// The `count` memories that match `search` best: by score, of equal ones the newest first. Those that ended
    /// before `now` and those of no relevance are left out. What belongs to others than the owners that it asks for counts
    /// for nothing; its other filters change no score. A filter may let a few through that do not match it.
    pub fn search(&self, query: &Query, search: &Search, now: Timestamp, count: usize) -> Vec<Hit> {
        let view = self.view(search);
        if query.is_empty() || view.len() == 0 {
            return Vec::new();
        }
        let scores = view.score(query, &Parameters::SHIPPED);
        let asked = Asked::by(search);
        let mut found: Vec<(i64, u128, u32)> = Vec::new();
        // Below this there is no place among the best.
        let mut least = least_score(search.min_relevance);
        for (slot, position) in view.iter().zip(0_u32..) {
            let score = scores.total(position as usize, slot, &Parameters::SHIPPED);
            if score < least
                || scores.is_nothing(position as usize)
                || relevance(score) < search.min_relevance
                || slot.expires_at <= now.millis()
                || !view.may_match(slot, search, &asked)
            {
                continue;
            }
            let (by_score, by_age) = slot.key(score);
            found.push((by_score, by_age, position));
            // Never many more than are wanted, however many there are.
            if found.len() >= 4 * count + 1_024 {
                let (_, (last, ..), _) = found.select_nth_unstable(count);
                // What is rounded differs by half a unit at most.
                least = least.max((-*last as f64 - 1.0) / 1e6);
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

    /// How many memories a search is answered from: those of the owners that it asks for.
    pub fn count(&self, search: &Search) -> usize {
        self.view(search).len()
    }

    fn view(&self, search: &Search) -> View<'_> {
        View::of(self, &Owners::asked(&search.filter))
    }

    /// All memories by their score under these parameters, best first, of equal ones the newest.
    pub fn rank(&self, query: &Query, parameters: &Parameters) -> Vec<MemoryId> {
        let view = View::all(self);
        let scores = view.score(query, parameters);
        let key = |(position, slot): (usize, &Slot)| slot.key(scores.total(position, slot, parameters));
        let mut ranked: Vec<(i64, u128)> = view.iter().enumerate().map(key).collect();
        ranked.sort_unstable();
        ranked.into_iter().filter_map(|(_, id)| name(u128::MAX - id)).collect()
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
                insert(&mut best[..parameters.best], words[position] + meaning[position]);
            }
            let bonus =
                parameters.session * best[..parameters.best].iter().sum::<f32>() / parameters.best as f32;
            session[own].fill(bonus);
        }
        Scores { postings, words, meaning, session }
    }

    fn may_match(&self, slot: &Slot, search: &Search, asked: &Asked) -> bool {
        let created = slot.created_at();
        search.filter.kind.is_none_or(|kind| kind_number(kind) == slot.kind)
            && search.created_after.is_none_or(|after| created >= after.millis())
            && search.created_before.is_none_or(|before| created < before.millis())
            && asked.may_be_in(self.facets_of(slot), slot.has_metadata)
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
        Some(Hit { id: name(slot.id)?, relevance: relevance(score), explanation })
    }
}

impl Scores {
    pub(crate) fn total(&self, position: usize, slot: &Slot, parameters: &Parameters) -> f64 {
        f64::from(
            self.words[position] + self.meaning[position] + self.session[position] + slot.prior(parameters),
        )
    }

    /// Whether nothing but its importance speaks for a record.
    fn is_nothing(&self, position: usize) -> bool {
        self.words[position] + self.meaning[position] + self.session[position] <= 0.0
    }
}

impl Slot {
    /// What hits are sorted by: the score in millionths, the highest first, and of equal ones the newest.
    fn key(&self, score: f64) -> (i64, u128) {
        (-(score * 1e6).round() as i64, u128::MAX - self.id)
    }

    /// What its importance adds or takes; nothing at 0.5, where it is when nobody says otherwise.
    fn prior(&self, parameters: &Parameters) -> f32 {
        parameters.importance * (f32::from(self.importance) / 255.0 - 128.0 / 255.0)
    }

    /// Milliseconds since 1970: the first nine of the 22 digits of the id.
    fn created_at(&self) -> i64 {
        const REST: u128 = 36_u128.pow(13);
        i64::try_from(self.id / REST).unwrap_or(i64::MAX)
    }
}

/// Puts a value among the best, which are sorted, when it is one.
fn insert(best: &mut [f32], mut value: f32) {
    for kept in best {
        if value > *kept {
            std::mem::swap(kept, &mut value);
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
