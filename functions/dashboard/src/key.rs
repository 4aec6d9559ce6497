//! `GET /dashboard/keys/{id}`: one key.

use askama::Template;
use hb_domain::KeyId;
use hb_http::{HandlerResult, PageCall};

use crate::api::{self, LONGEST_REPORT};
use crate::format;
use crate::keys::{KeyView, may_manage};
use crate::page::{Page, render};
use crate::usage::UsageView;

#[derive(Template)]
#[template(path = "key.html")]
struct KeyPage {
    page: Page,
    key: KeyView,
    usage: UsageView,
    scopes: Vec<ScopeView>,
    scopes_period: String,
}

/// How often a scope was needed; empty if that is not known.
struct ScopeView {
    name: String,
    requests: String,
}

pub(crate) async fn key(call: PageCall) -> HandlerResult {
    let id = call.path_id(KeyId::parse)?;
    let (key, usage) =
        tokio::try_join!(api::key(&call, id.as_str()), api::usage(&call, id.as_str(), LONGEST_REPORT))?;
    let scopes = usage.scopes.iter().map(|scope| ScopeView {
        name: scope.scope.clone(),
        requests: scope.requests.map(format::number).unwrap_or_default(),
    });
    // Scopes are counted by month: the report's first month is whole.
    let first = usage.daily.first().map(|day| day.date.as_str()).unwrap_or_default();
    render(&KeyPage {
        page: Page::of(&call, "keys"),
        scopes: scopes.collect(),
        scopes_period: format!(
            "since {}",
            format::date(&format!("{}-01", first.get(..7).unwrap_or_default()))
        ),
        key: KeyView::of(key, may_manage(&call))?,
        usage: UsageView::of(&[&usage])?,
    })
}
