//! A request to list memories.

use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::cursor::{CursorScope, Position};
use crate::fields::Fields;
use crate::memory::{Memory, MemoryType};
use crate::namespace::{InBody, InQuery};
use crate::rules::Rule;
use crate::{Namespace, Result, TenantId, rules};

/// The maximum number of memories of a page.
pub const MAX_LIMIT: u64 = 100;
/// The number of memories of a page whose request does not set it.
pub const DEFAULT_LIMIT: u64 = 50;
/// The number of memories that can be reached by `page`; those beyond need a cursor.
const MAX_PAGED: u64 = 10_000;

/// Conditions on memories, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this type.
    pub kind: Option<MemoryType>,
    /// Only with all of these tags.
    pub tags: Vec<String>,
    /// Only of this end user.
    pub user_id: Option<String>,
    /// Only of this agent.
    pub agent_id: Option<String>,
    /// Only of this session.
    pub session_id: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<Namespace>,
    /// Only of namespaces that begin with these segments.
    pub namespace_prefix: Option<Namespace>,
}

impl Filter {
    /// Reads the filter's fields from a query string.
    pub fn take_from_query(fields: &mut Fields) -> Self {
        Self {
            tags: fields.take("tags", rules::query_tags()).unwrap_or_default(),
            ..Self::take_common(fields, InQuery)
        }
    }

    /// Reads the filter's fields from a JSON body.
    pub fn take_from_body(fields: &mut Fields) -> Self {
        Self {
            tags: fields.take("tags", rules::tags()).unwrap_or_default(),
            ..Self::take_common(fields, InBody)
        }
    }

    fn take_common(fields: &mut Fields, namespace: impl Rule<Value = Namespace> + Copy) -> Self {
        let kind = fields.take("type", rules::one_of::<MemoryType>());
        Self { kind, ..Self::take_owners(fields, namespace) }
    }

    /// Reads the fields that name the owners of memories and their namespace.
    pub fn take_owners(fields: &mut Fields, namespace: impl Rule<Value = Namespace> + Copy) -> Self {
        Self {
            user_id: fields.take("userId", rules::scoping_id()),
            agent_id: fields.take("agentId", rules::scoping_id()),
            session_id: fields.take("sessionId", rules::scoping_id()),
            namespace: fields.take("namespace", namespace),
            namespace_prefix: fields.take("namespacePrefix", namespace),
            ..Self::default()
        }
    }

    /// Cursors of `scope` that are valid for this filter only.
    pub(crate) fn narrow(&self, scope: CursorScope) -> CursorScope {
        let scope = scope
            .with(self.kind.map(MemoryType::as_str))
            .with(self.user_id.as_deref())
            .with(self.agent_id.as_deref())
            .with(self.session_id.as_deref());
        let namespaces = [("\0namespace", &self.namespace), ("\0namespacePrefix", &self.namespace_prefix)];
        // Cursors of filters without a namespace stay those of earlier versions. No tag contains NUL.
        let scope = namespaces.into_iter().fold(scope, |scope, (name, namespace)| match namespace {
            Some(namespace) => scope.with(name).with(namespace.to_string().as_str()),
            None => scope,
        });
        self.tags.iter().fold(scope, |scope, tag| scope.with(tag.as_str()))
    }

    /// Adds the conditions of `other`. Of two different values no memory has both, so its own stay.
    pub(crate) fn add(&mut self, other: Self) {
        self.kind = self.kind.or(other.kind);
        self.user_id = self.user_id.take().or(other.user_id);
        self.agent_id = self.agent_id.take().or(other.agent_id);
        self.session_id = self.session_id.take().or(other.session_id);
        self.namespace = self.namespace.take().or(other.namespace);
        self.namespace_prefix = self.namespace_prefix.take().or(other.namespace_prefix);
        let new: Vec<String> = other.tags.into_iter().filter(|tag| !self.tags.contains(tag)).collect();
        self.tags.extend(new);
    }

    /// Whether it has no conditions.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `memory` meets the conditions.
    pub fn matches(&self, memory: &Memory) -> bool {
        let same = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        self.kind.is_none_or(|kind| kind == memory.kind)
            && self.tags.iter().all(|tag| memory.tags.contains(tag))
            && same(&self.user_id, &memory.user_id)
            && same(&self.agent_id, &memory.agent_id)
            && same(&self.session_id, &memory.session_id)
            && (self.namespace.is_none() || self.namespace == memory.namespace)
            && self.namespace_prefix.as_ref().is_none_or(|prefix| {
                memory.namespace.as_ref().is_some_and(|namespace| namespace.starts_with(prefix))
            })
    }
}

/// The value that a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "camelCase")]
pub enum Sort {
    /// Time of creation.
    #[default]
    CreatedAt,
    /// Time of the last change.
    UpdatedAt,
    /// Importance.
    Importance,
}

/// The direction of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
pub enum Order {
    /// The largest first.
    #[default]
    #[strum(serialize = "desc")]
    Descending,
    /// The smallest first.
    #[strum(serialize = "asc")]
    Ascending,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the page of this number, which starts at 1.
    Page(u64),
    /// Behind this position.
    After(Position),
}

/// A request for one page of memories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The conditions on memories.
    pub filter: Filter,
    /// The value that it is sorted by.
    pub sort: Sort,
    /// The direction.
    pub order: Order,
    /// Where the page begins.
    pub start: Start,
    /// The maximum number of memories, 1 to 100.
    pub limit: u64,
    /// The scope of its cursors.
    pub cursor_scope: CursorScope,
}

impl Listing {
    /// Parses the query string of a list.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`](crate::Error::TenantMismatch), or every invalid field. A cursor of another tenant or query
    /// is invalid.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        let filter = Filter::take_from_query(&mut fields);
        let sort = fields.take("sort", rules::one_of::<Sort>()).unwrap_or_default();
        let order = fields.take("order", rules::one_of::<Order>()).unwrap_or_default();
        let limit = fields.take("limit", rules::query_integer(1..=MAX_LIMIT)).unwrap_or(DEFAULT_LIMIT);
        let page = fields.take("page", rules::query_integer(1..=u64::from(u32::MAX)));
        let cursor_scope = CursorScope::of(tenant, "list").with(<&str>::from(sort)).with(<&str>::from(order));
        let cursor_scope = filter.narrow(cursor_scope);
        let rule = cursor_scope.rule("is not a cursor of this list; cursors belong to one query");
        let position = fields.take("cursor", rule);
        if page.is_some() && position.is_some() {
            fields.report("cursor", "cannot be combined with page");
        }
        let page = page.unwrap_or(1);
        if page.saturating_mul(limit) > MAX_PAGED {
            fields.report(
                "cursor",
                format_args!("is needed: page × limit must not exceed {MAX_PAGED}; use nextCursor"),
            );
        }
        fields.finish()?;
        let start = position.map_or(Start::Page(page), Start::After);
        Ok(Self { filter, sort, order, start, limit, cursor_scope })
    }
}

#[cfg(feature = "describe")]
impl crate::describe::Request for Listing {
    fn record(recorder: &crate::describe::Recorder) {
        let _ = Self::parse(recorder.query(), &recorder.tenant());
    }
}
