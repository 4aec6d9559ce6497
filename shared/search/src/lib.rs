//! Hybrid search over memories: BM25 and a static embedding, in one linear scan over small records.
//!
//! A memory's [`SearchDocument`] has its stemmed words, hashed, and 256 bits of a static embedding. It is stored with
//! the memory, so that one write makes the memory searchable. An [`Index`] has the documents of a tenant, sorted by
//! session and time, and ranks them for a [`Query`]: BM25 over words, their synonyms and words of neighbours in the same
//! session, plus the cosine of the embeddings, plus a bonus for sessions with several good matches. infra/adr/0010 has
//! the measurements. A [`CachedIndex`] decides which pages of documents to read, and when, to keep an index current.
//!
//! The crate does no I/O and does not depend on AWS; equal input gives equal output.

mod behind;
mod bits;
mod cache;
#[cfg(test)]
mod definition;
mod document;
mod facets;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod golden;
mod index;
#[cfg(test)]
mod isolation;
mod lexical;
mod model;
mod owners;
mod parameters;
mod pool;
mod postings;
mod query;
mod question;
mod rank;
#[cfg(test)]
mod reference;
mod series;
mod text;
mod view;
mod wordpiece;

pub use behind::{Behind, id_hash};
pub use cache::{CachedIndex, MAX_REBUILD_AGE, Refresh, RefreshLimits, Step};
pub use document::SearchDocument;
pub use index::{Entry, Index};
pub use parameters::Parameters;
pub use query::Query;
pub use rank::{Explanation, Hit, relevance};
pub use text::terms;
