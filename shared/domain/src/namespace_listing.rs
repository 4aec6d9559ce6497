//! A request to list namespaces.

use crate::cursor::{CursorRule, CursorScope};
use crate::fields::Fields;
use crate::namespace::InQuery;
use crate::{Namespace, Result, TenantId, rules};

/// The maximum number of namespaces of a page.
const MAX_LIMIT: u64 = 100;
/// The longest position in a cursor, in bytes: the longest sort key of an index.
const MAX_POSITION: usize = 1_024;

/// A request for one page of the distinct namespaces of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceListing {
    /// Only namespaces that begin with these segments.
    pub prefix: Option<Namespace>,
    /// The maximum number of namespaces, 1 to 100.
    pub limit: usize,
    /// Where the previous page has ended, in the form that the store has given it. Anyone can make a cursor, so it may be any
    /// text that is neither empty nor longer than a sort key.
    pub after: Option<String>,
    cursor_scope: CursorScope,
}

impl NamespaceListing {
    /// Parses the query string of a list of namespaces.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field. A cursor of another tenant or prefix
    /// is invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        let prefix = fields.take("prefix", InQuery);
        let limit = fields.take("limit", rules::query_integer(1..=MAX_LIMIT)).unwrap_or(50);
        let text = prefix.as_ref().map(Namespace::to_string);
        let cursor_scope = CursorScope::of(tenant, "namespaces").with(text.as_deref());
        let rule = CursorRule {
            scope: &cursor_scope,
            problem: "is not a cursor of this list; cursors belong to one prefix",
            decode: position,
        };
        let after = fields.take("cursor", rule);
        fields.finish()?;
        Ok(Self { prefix, limit: usize::try_from(limit).unwrap_or(usize::MAX), after, cursor_scope })
    }

    /// The cursor of the page that follows `position`.
    pub fn cursor(&self, position: &str) -> String {
        self.cursor_scope.encode_text(position)
    }
}

fn position(scope: &CursorScope, cursor: &str) -> Option<String> {
    scope.decode_text(cursor).filter(|position| (1..=MAX_POSITION).contains(&position.len()))
}

#[cfg(feature = "describe")]
impl crate::describe::Request for NamespaceListing {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.query(), &recorder.tenant());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    fn parse(query: &[(&str, &str)]) -> Result<NamespaceListing> {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        NamespaceListing::parse(Fields::of_query(query, Some(&tenant)), &tenant)
    }

    proptest! {
        #[test]
        fn a_cursor_is_valid_for_its_prefix_and_holds_a_sort_key_or_is_refused(position in "\\PC{0,400}") {
            let first = parse(&[("prefix", "a/b")]).expect("a request");
            let cursor = first.cursor(&position);
            let is_key = (1..=MAX_POSITION).contains(&position.len());
            let next = parse(&[("prefix", "a/b"), ("cursor", &cursor)]);
            prop_assert_eq!(next.ok().and_then(|next| next.after), is_key.then_some(position));
            for other in [&[("cursor", cursor.as_str())][..], &[("prefix", "a"), ("cursor", &cursor)]] {
                prop_assert!(matches!(parse(other), Err(Error::Validation(faults)) if faults[0].field == "cursor"));
            }
        }
    }
}
