//! The rules of single fields: each parses a JSON value into a domain value, or says what is wrong with it.
//!
//! With the feature `describe` a rule also returns the JSON Schema of the values that it accepts.

mod generic;
mod labels;
mod metadata;
mod number;
mod rule;
mod text;
mod time;
mod visible;

pub use generic::{List, Nullable, OneOf, list, nullable, one_of};
pub use labels::{query_scopes, query_tags, scopes, tags};
pub(crate) use metadata::has_nul;
pub use metadata::{check_bounds, metadata};
pub use number::{Integer, flag, fraction, integer, query_integer};
pub use rule::{Rule, RuleResult, Simple};
pub use text::{Ids, Text, ids, memory_id, memory_key, scoping_id, text};
pub use time::{Time, future, past, seconds_to_live, time, within_days};
pub(crate) use visible::MAX_CONTENT;
pub use visible::{content, key_name, webhook_name};
