//! Finding memories by their words and by what they mean, in one linear scan over small records.
//!
//! A memory's [`SearchDocument`] has its stemmed words, hashed, and 256 bits of a static embedding: it is stored with
//! the memory, so that one write makes it findable. An [`Index`] holds the records of a tenant, sorted by session and
//! time, and ranks them for a [`Query`]: BM25 over words, their synonyms and the words said nearby in the same
//! session, plus the cosine of the embeddings, plus a bonus for sessions that speak of the matter more than
//! once. infra/adr/0010 has the measurements behind every part and number.
//!
//! Nothing here does I/O or knows of AWS, and equal input gives equal output.

mod bits;
mod document;
mod facets;
mod index;
#[cfg(test)]
mod isolation;
mod lexical;
mod model;
mod owners;
mod parameters;
mod pool;
mod query;
mod rank;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod sample;
mod text;
mod view;
mod wordpiece;

pub use document::SearchDocument;
pub use index::{Entry, Index};
pub use parameters::Parameters;
pub use query::Query;
pub use rank::{Explanation, Hit, relevance};
pub use text::terms;
