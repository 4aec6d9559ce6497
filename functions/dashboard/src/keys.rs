//! `GET /dashboard/keys`: the keys of the tenant.

use askama::Template;
use hb_domain::Result;
use hb_http::{HandlerResult, PageCall};

use crate::api::{self, ApiKey};
use crate::format;
use crate::page::{Page, render};

/// A key as pages show it.
pub(crate) struct KeyView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) status: String,
    pub(crate) environment: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created: String,
    pub(crate) created_at: String,
    pub(crate) last_used: String,
    pub(crate) last_used_at: String,
    pub(crate) expires: String,
    pub(crate) expires_at: String,
    pub(crate) revoked: String,
    pub(crate) revoked_at: String,
    pub(crate) may_rotate: bool,
    pub(crate) may_revoke: bool,
}

impl KeyView {
    /// What a page shows of `key` to somebody who may manage keys or not.
    pub(crate) fn of(key: ApiKey, may_manage: bool) -> Result<Self> {
        let is_live = key.is_active() && may_manage;
        let optional = |time: Option<hb_domain::Timestamp>| {
            time.map_or_else(Default::default, |time| (format::time(time), time.to_string()))
        };
        let (last_used, last_used_at) = optional(key.last_used_at()?);
        let (expires, expires_at) = optional(key.expires_at()?);
        let (revoked, revoked_at) = optional(key.revoked_at()?);
        let created_at = key.created_at()?;
        Ok(Self {
            created: format::time(created_at),
            created_at: created_at.to_string(),
            last_used,
            last_used_at,
            expires,
            expires_at,
            revoked,
            revoked_at,
            may_rotate: is_live,
            may_revoke: is_live,
            id: key.id,
            name: key.name,
            prefix: key.key_prefix,
            status: key.status,
            environment: key.environment,
            scopes: key.scopes,
        })
    }
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    page: Page,
    may_manage: bool,
    has_any: bool,
    has_active: bool,
    has_ended: bool,
    active: Vec<KeyView>,
    ended: Vec<KeyView>,
}

/// Whether the person who is signed in may manage keys.
pub(crate) fn may_manage(call: &PageCall) -> bool {
    call.principal().may_manage_keys().is_ok()
}

pub(crate) async fn keys(call: PageCall) -> HandlerResult {
    let revoked = call.prefilled().value("revoked").to_owned();
    let may_manage = may_manage(&call);
    let (active, ended): (Vec<_>, Vec<_>) =
        api::keys(&call).await?.into_iter().partition(|key| key.is_active());
    let views = |keys: Vec<ApiKey>| keys.into_iter().map(|key| KeyView::of(key, may_manage));
    let active = views(active).collect::<Result<Vec<_>>>()?;
    let ended = views(ended).collect::<Result<Vec<_>>>()?;
    let mut page = Page::of(&call, "keys");
    // The name is that of the key, so an address cannot make the page say anything else.
    if let Some(key) = ended.iter().find(|key| key.id == revoked && key.status == "revoked") {
        page.notice = format!("{} is revoked.", key.name);
    }
    render(&KeysPage {
        page,
        may_manage,
        has_any: !active.is_empty() || !ended.is_empty(),
        has_active: !active.is_empty(),
        has_ended: !ended.is_empty(),
        active,
        ended,
    })
}
