//! A request for one page of an export.

use crate::cursor::{CursorScope, Position};
use crate::fields::Fields;
use crate::listing::Filter;
use crate::{MemoryId, Result, TenantId};

/// A request for one page of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The conditions on memories.
    pub filter: Filter,
    /// The last memory that the previous page has examined.
    pub after: Option<MemoryId>,
    cursor_scope: CursorScope,
}

impl Export {
    /// Parses the query string of an export.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field. A cursor of another tenant or filter
    /// is invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        let filter = Filter::take_from_query(&mut fields);
        let scope = CursorScope::of(tenant, "export");
        // Cursors of an export of everything stay those of earlier versions.
        let cursor_scope = if filter.is_empty() { scope } else { filter.narrow(scope) };
        let after = fields.take("cursor", cursor_scope.rule("is not a cursor of this export"));
        fields.finish()?;
        Ok(Self { filter, after: after.map(|position| position.id), cursor_scope })
    }

    /// The cursor of the page that follows the memory `last`.
    pub fn cursor(&self, last: MemoryId) -> String {
        self.cursor_scope.encode(&Position { id: last, sort_value: None })
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for Export {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.query(), &recorder.tenant());
    }
}
