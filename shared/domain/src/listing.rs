//! What a list of memories is asked for.

use crate::cursor::{CursorScope, Position};
use crate::fields::Fields;
use crate::memory::{Memory, MemoryType};
use crate::{Result, TenantId, rules};

/// The most memories a page may hold.
pub const MAX_LIMIT: u64 = 100;
/// How far `page` may reach into a list; beyond that a cursor has to be used.
const MAX_PAGED: u64 = 10_000;

/// Which memories are wanted; all of the conditions must hold.
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
}

impl Filter {
    /// Takes the filter's fields out of a query string.
    pub fn take_from_query(fields: &mut Fields) -> Self {
        Self { tags: fields.take("tags", rules::query_tags).unwrap_or_default(), ..Self::take_common(fields) }
    }

    /// Takes the filter's fields out of a JSON body.
    pub fn take_from_body(fields: &mut Fields) -> Self {
        Self { tags: fields.take("tags", rules::tags).unwrap_or_default(), ..Self::take_common(fields) }
    }

    fn take_common(fields: &mut Fields) -> Self {
        Self { kind: fields.take("type", rules::memory_type), ..Self::take_owners(fields) }
    }

    /// Takes the fields that name whose memories are wanted.
    pub fn take_owners(fields: &mut Fields) -> Self {
        Self {
            user_id: fields.take("userId", rules::scoping_id),
            agent_id: fields.take("agentId", rules::scoping_id),
            session_id: fields.take("sessionId", rules::scoping_id),
            ..Self::default()
        }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `memory` is wanted.
    pub fn matches(&self, memory: &Memory) -> bool {
        let same = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        self.kind.is_none_or(|kind| kind == memory.kind)
            && self.tags.iter().all(|tag| memory.tags.contains(tag))
            && same(&self.user_id, &memory.user_id)
            && same(&self.agent_id, &memory.agent_id)
            && same(&self.session_id, &memory.session_id)
    }
}

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Time of creation.
    #[default]
    CreatedAt,
    /// Time of the last change.
    UpdatedAt,
    /// Importance.
    Importance,
}

impl Sort {
    const NAMES: [&'static str; 3] = ["createdAt", "updatedAt", "importance"];

    fn parse(name: &str) -> Option<Self> {
        match name {
            "createdAt" => Some(Self::CreatedAt),
            "updatedAt" => Some(Self::UpdatedAt),
            "importance" => Some(Self::Importance),
            _ => None,
        }
    }
}

/// Which end a list begins at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The largest first.
    #[default]
    Descending,
    /// The smallest first.
    Ascending,
}

impl Order {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "desc" => Some(Self::Descending),
            "asc" => Some(Self::Ascending),
            _ => None,
        }
    }
}

/// Where in the list a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the page of this number, from 1 on.
    Page(u64),
    /// Behind this position.
    After(Position),
}

/// A request for one page of memories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Which memories.
    pub filter: Filter,
    /// In what order.
    pub sort: Sort,
    /// From which end.
    pub order: Order,
    /// Where the page begins.
    pub start: Start,
    /// How many, 1 to 100.
    pub limit: u64,
    /// What ties this listing's cursors to it.
    pub cursor_scope: CursorScope,
}

impl Listing {
    /// Reads the query string of a list.
    ///
    /// # Errors
    /// Everything wrong with it, at once; a cursor of another tenant or another query too.
    pub fn parse(mut fields: Fields, tenant: &TenantId) -> Result<Self> {
        fields.check_tenant(tenant);
        let filter = Filter::take_from_query(&mut fields);
        let sort = fields.take("sort", rules::one_of(Sort::parse, &Sort::NAMES)).unwrap_or_default();
        let order = fields.take("order", rules::one_of(Order::parse, &["desc", "asc"])).unwrap_or_default();
        let limit = fields.take("limit", rules::query_integer(1..=MAX_LIMIT)).unwrap_or(50);
        let page = fields.take("page", rules::query_integer(1..=u64::from(u32::MAX)));
        let cursor_scope = CursorScope::of(tenant, &format!("list {sort:?} {order:?} {filter:?}"));
        let position = fields.take("cursor", |value| {
            let text = value.as_str().unwrap_or_default();
            cursor_scope
                .decode(text)
                .ok_or_else(|| "is not a cursor of this list; cursors belong to one query".into())
        });
        if page.is_some() && position.is_some() {
            fields.report("cursor", "cannot be combined with page");
        }
        let page = page.unwrap_or(1);
        if page.saturating_mul(limit) > MAX_PAGED {
            fields.report(
                "cursor",
                format_args!(
                    "is the way beyond {MAX_PAGED} memories, where page times limit ends: follow nextCursor"
                ),
            );
        }
        fields.finish()?;
        let start = position.map_or(Start::Page(page), Start::After);
        Ok(Self { filter, sort, order, start, limit, cursor_scope })
    }
}
