//! `GET /dashboard/settings`: the plan, the tenant, and who is signed in.

use askama::Template;
use hb_domain::dashboard::SignedIn;
use hb_http::{HandlerResult, PageCall};

use crate::overview::capitalized;
use crate::page::{Page, render};
use crate::{api, format};

#[derive(Template)]
#[template(path = "settings.html")]
struct Settings {
    page: Page,
    viewer: String,
    viewer_note: &'static str,
    session_ends: String,
    session_ends_at: String,
    plan: String,
    limits: Vec<LimitView>,
}

struct LimitView {
    name: &'static str,
    value: String,
}

pub(crate) async fn settings(call: PageCall) -> HandlerResult {
    let status = api::rate_limit(&call).await?;
    let (viewer, viewer_note) = match call.signed_in() {
        SignedIn::User { id, manages_keys: true } => (id.clone(), ""),
        SignedIn::User { id, .. } => {
            (id.clone(), "(member: only admins of the organization manage API keys)")
        }
        SignedIn::Link => ("Sign-in link".to_owned(), "(created by the operator of this deployment)"),
    };
    let ends_at = call.session_ends_at();
    let limit = |name, value: u64| LimitView { name, value: format::number(value) };
    let memories = call.allowance().memories.map_or_else(|| "Unlimited".to_owned(), format::number);
    render(&Settings {
        page: Page::of(&call, "settings"),
        viewer,
        viewer_note,
        session_ends: format::time(ends_at),
        session_ends_at: ends_at.to_string(),
        plan: capitalized(&status.plan),
        limits: vec![
            limit("Requests per month", status.month.limit),
            limit("Requests per minute", status.burst.requests_per_minute),
            limit("Burst", status.burst.limit),
            LimitView { name: "Memories", value: memories },
        ],
    })
}
