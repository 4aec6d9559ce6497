//! The static embedding and the synonyms, made by `model/distill.py`.
//!
//! `table.bin`: `HBEMBED1`, rows and dimensions (u32), the centre (f32 each), a scale a row (f32), then the rows (i8).
//! `vocab.txt`: the token of each row, one a line. `synonyms.bin`: `HBSYNON1`, the number of stems and the bytes of
//! their list (u32), the stems, one a line; then for each the number of its synonyms (u8), and of each of those the
//! index (u16) and the similarity in steps of 1/255 (u8). All little-endian.

use std::collections::HashMap;
use std::sync::OnceLock;

use foldhash::fast::FixedState;

use crate::series::{self, Place};
use crate::wordpiece::Vocabulary;

/// Dimensions of the embedding.
pub(crate) const DIMENSIONS: usize = 256;

/// The sign of each dimension of an embedding; all zero if no token of the text is known.
pub(crate) type EmbeddingBits = [u8; DIMENSIONS / 8];

static TABLE: &[u8] = include_bytes!("../model/table.bin");
static VOCABULARY: &str = include_str!("../model/vocab.txt");
static SYNONYMS: &[u8] = include_bytes!("../model/synonyms.bin");

/// The embedding table and the synonym list.
pub(crate) struct Model {
    vocabulary: Vocabulary,
    centre: [f64; DIMENSIONS],
    scales: Vec<f64>,
    rows: &'static [u8],
    /// Each stem, and its place in a series.
    stems: Vec<(&'static str, Option<Place>)>,
    /// The number of each stem and its encoded synonyms.
    synonyms: HashMap<&'static str, (u16, &'static [u8]), FixedState>,
}

/// A stem that is like another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Synonym {
    pub(crate) number: u16,
    pub(crate) stem: &'static str,
    /// 0 to 1.
    pub(crate) similarity: f64,
}

/// The model. The first call parses it, which takes some milliseconds.
pub(crate) fn get() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(Model::read)
}

impl Model {
    fn read() -> Self {
        let (rows, dimensions) = (word(TABLE, 8) as usize, word(TABLE, 12) as usize);
        debug_assert!(TABLE.starts_with(b"HBEMBED1") && dimensions == DIMENSIONS);
        let float = |at: usize| f64::from(f32::from_bits(word(TABLE, at)));
        let centre = std::array::from_fn(|dimension| float(16 + 4 * dimension));
        let scales_at = 16 + 4 * dimensions;
        let scales = (0..rows).map(|row| float(scales_at + 4 * row)).collect();
        let vocabulary = Vocabulary::new(VOCABULARY.lines());

        debug_assert!(SYNONYMS.starts_with(b"HBSYNON1"));
        let (list, mut rest) = SYNONYMS[16..].split_at(word(SYNONYMS, 12) as usize);
        let places = series::places();
        let stems = std::str::from_utf8(list).unwrap_or_default().lines();
        let stems: Vec<(&str, Option<Place>)> = stems.map(|stem| (stem, places.get(stem).copied())).collect();
        let mut synonyms = HashMap::with_capacity_and_hasher(stems.len(), FixedState::default());
        for ((stem, _), number) in stems.iter().zip(0_u16..) {
            let (own, next) = rest[1..].split_at(3 * usize::from(rest[0]));
            synonyms.insert(*stem, (number, own));
            rest = next;
        }
        Self { vocabulary, centre, scales, rows: &TABLE[scales_at + 4 * rows..], stems, synonyms }
    }

    /// The synonyms of a stem.
    pub(crate) fn synonyms(&self, stem: &str) -> impl Iterator<Item = Synonym> {
        let (number, own) = self.synonyms.get(stem).copied().unwrap_or_default();
        let place = self.stems.get(usize::from(number)).and_then(|(_, place)| *place);
        own.chunks_exact(3).filter_map(move |synonym| {
            let number = u16::from_le_bytes([synonym[0], synonym[1]]);
            let (stem, other) = *self.stems.get(usize::from(number))?;
            let excludes =
                |((series, member), (others, another)): (Place, Place)| series == others && member != another;
            let is_synonym = !place.zip(other).is_some_and(excludes);
            is_synonym.then_some(Synonym { number, stem, similarity: f64::from(synonym[2]) / 255.0 })
        })
    }

    /// Whether it knows a word in lower case.
    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.vocabulary.has(word)
    }

    /// The number of a stem, below 2^14. It is stored: another list of stems needs another format of documents.
    pub(crate) fn number(&self, stem: &str) -> Option<u16> {
        self.synonyms.get(stem).map(|(number, _)| *number)
    }

    /// Whether it knows a stem.
    pub(crate) fn has_stem(&self, stem: &str) -> bool {
        self.synonyms.contains_key(stem)
    }

    /// The signs of the embedding of `text` relative to the centre, a bit per dimension; all zero if no token is known.
    pub(crate) fn embedding(&self, text: &str) -> EmbeddingBits {
        let mut embedding = EmbeddingBits::default();
        let sum = self.sum(text);
        let length = norm(&sum);
        if length > 0.0 {
            for (dimension, value) in sum.iter().enumerate() {
                embedding[dimension / 8] |=
                    u8::from(*value > length * self.centre[dimension]) << (dimension % 8);
            }
        }
        embedding
    }

    /// The embedding of a query, relative to the centre and of length 1; `None` if no token is known.
    pub(crate) fn direction(&self, text: &str) -> Option<[f64; DIMENSIONS]> {
        let sum = self.sum(text);
        let length = Some(norm(&sum)).filter(|length| *length > 0.0)?;
        let from_centre: [f64; DIMENSIONS] =
            std::array::from_fn(|dimension| sum[dimension] / length - self.centre[dimension]);
        let length = Some(norm(&from_centre)).filter(|length| *length > 0.0)?;
        Some(from_centre.map(|value| value / length))
    }

    /// The sum of the rows of a text's tokens, in their order.
    fn sum(&self, text: &str) -> [f64; DIMENSIONS] {
        let mut sum = [0.0; DIMENSIONS];
        for row in self.vocabulary.rows(text) {
            let row = row as usize;
            let scale = self.scales[row];
            for (total, value) in sum.iter_mut().zip(&self.rows[row * DIMENSIONS..(row + 1) * DIMENSIONS]) {
                *total += scale * f64::from(value.cast_signed());
            }
        }
        sum
    }
}

fn norm(values: &[f64; DIMENSIONS]) -> f64 {
    values.iter().fold(0.0, |sum, value| sum + value * value).sqrt()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
}
