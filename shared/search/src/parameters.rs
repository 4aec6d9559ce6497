//! The parameters of the ranking.

/// The parameters of the ranking. infra/adr/0010 describes how each was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// BM25's saturation.
    pub k1: f64,
    /// BM25's normalisation by length.
    pub b: f64,
    /// The number of terms of a passage of which BM25's normalisation is 1.
    pub length: f64,
    /// A passage of more terms is not longer for BM25, and a memory of more terms is long.
    pub long: f64,
    /// The natural logarithm of how much longer a memory has the full discount.
    pub longest: f64,
    /// The full discount of a memory of which no passage has any term of the query.
    pub discount: f64,
    /// A term in more than this share of the records is common: it has no synonyms, is no synonym, and does not count for
    /// its neighbours.
    pub common: f64,
    /// For how many neighbours in the session, in each direction, a term counts.
    pub window: u32,
    /// The factor for each step after a term was said.
    pub earlier: f64,
    /// The factor for each step before a term was said.
    pub later: f64,
    /// The weight of a synonym, times its similarity.
    pub synonym: f64,
    /// The weight of another spelling of a term that no memory has.
    pub spelling: f64,
    /// The weight of terms, 0 or 1.
    pub words: f32,
    /// The weight of terms of a query that has no embedding, times [`words`](Self::words).
    pub unknown_meaning: f32,
    /// The weight of the cosine.
    pub meaning: f32,
    /// The weight of the mean of a session's best records, for each record of the session.
    pub session: f32,
    /// How many records are a session's best, at most 8.
    pub best: usize,
    /// The weight of an exact term beside words.
    pub exact_weight: f64,
    /// The discount of a passage that has none of the exact terms of a query, as identifiers and dates.
    pub exact: f32,
    /// The share of what a memory has from its neighbours that does not count for its relevance.
    pub context: f32,
    /// How much less the discount of a long memory is that has almost all of the query: at most so many times the share that it
    /// lacks.
    pub lacking: f32,
    /// The difference between the least and the most important memory.
    pub importance: f32,
}

impl Parameters {
    /// What searches use.
    pub const SHIPPED: Self = Self {
        k1: 0.6,
        b: 0.35,
        length: 14.0,
        long: 30.0,
        longest: 2.0,
        discount: 0.8,
        common: 0.10,
        window: 8,
        earlier: 0.70,
        later: 0.55,
        synonym: 0.7,
        spelling: 0.8,
        words: 1.0,
        unknown_meaning: 1.15,
        meaning: 0.5,
        session: 0.3,
        best: 3,
        exact_weight: 2.0,
        exact: 0.6,
        context: 0.5,
        lacking: 4.0,
        importance: 0.02,
    };
    /// What the importance of a memory adds to its score; nothing at 0.5, the default.
    pub(crate) fn prior(&self, importance: u8) -> f32 {
        self.importance * (f32::from(importance) / 255.0 - 128.0 / 255.0)
    }

    /// How much more a term that occurs once would weigh in a passage of usual length than in a longer one of so many terms.
    pub(crate) fn length_factor(&self, length: u16) -> f32 {
        let length = f64::from(length).min(self.long);
        let norm = 1.0 - self.b + self.b * length / self.length;
        ((1.0 + self.k1 * norm) / (1.0 + self.k1)).max(1.0) as f32
    }

    /// BM25 only, for comparison.
    pub const WORDS_ALONE: Self =
        Self { window: 0, synonym: 0.0, meaning: 0.0, session: 0.0, importance: 0.0, ..Self::SHIPPED };
    /// The embedding only, for comparison.
    pub const MEANING_ALONE: Self = Self { words: 0.0, session: 0.0, importance: 0.0, ..Self::SHIPPED };
}
