//! The numbers of the ranking, in one place.

/// The numbers of the ranking. infra/adr/0010 tells how each was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// BM25's saturation, for texts of a sentence or two.
    pub k1: f64,
    /// BM25's normalisation by length.
    pub b: f64,
    /// A term that more than this share of the records have is taken as it is: no synonyms, no context. It is no synonym
    /// of another either.
    pub common: f64,
    /// Steps within a session that a word reaches.
    pub window: u32,
    /// What is left of a word a step after it was said.
    pub earlier: f64,
    /// What is left of a word a step before it was said.
    pub later: f64,
    /// What a synonym counts, times its likeness.
    pub synonym: f64,
    /// What words count, 0 or 1.
    pub words: f32,
    /// What the cosine counts.
    pub meaning: f32,
    /// What the mean of a session's best counts for each record of it.
    pub session: f32,
    /// How many records of a session are its best, at most 8.
    pub best: usize,
    /// What importance counts, from least to most.
    pub importance: f32,
}

impl Parameters {
    /// What searches use.
    pub const SHIPPED: Self = Self {
        k1: 0.6,
        b: 0.3,
        common: 0.10,
        window: 8,
        earlier: 0.75,
        later: 0.60,
        synonym: 0.7,
        words: 1.0,
        meaning: 0.5,
        session: 0.3,
        best: 3,
        importance: 0.02,
    };
    /// BM25 and nothing else, to be compared with.
    pub const WORDS_ALONE: Self =
        Self { window: 0, synonym: 0.0, meaning: 0.0, session: 0.0, importance: 0.0, ..Self::SHIPPED };
    /// The embedding and nothing else, to be compared with.
    pub const MEANING_ALONE: Self = Self { words: 0.0, session: 0.0, importance: 0.0, ..Self::SHIPPED };
}
