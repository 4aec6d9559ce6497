//! What every page has: the layout's fields, the policies, and a message in place of a page that cannot be shown.

use std::future::Future;

use askama::Template;
use hb_domain::Error;
use hb_http::{HandlerResult, PageCall, Reply};
use headers::CacheControl;

/// The pages load their own files, run their own script and send forms to this site only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// The fields of the layout of pages for people who are signed in.
pub(crate) struct Page {
    pub(crate) tenant_id: String,
    pub(crate) csrf: String,
    /// The entry of the navigation that the page belongs to.
    pub(crate) nav: &'static str,
    /// What has just been done; empty for nothing.
    pub(crate) notice: String,
}

impl Page {
    pub(crate) fn of(call: &PageCall, nav: &'static str) -> Self {
        let tenant_id = call.principal().tenant().to_string();
        Self { tenant_id, csrf: call.csrf_token(), nav, notice: String::new() }
    }
}

/// The page of a template, with the policies of all pages.
///
/// # Errors
/// [`Error::Internal`] when the template fails.
pub(crate) fn render(template: &impl Template) -> HandlerResult {
    render_under(POLICY, template)
}

/// As [`render`], with another content security policy.
///
/// # Errors
/// As [`render`].
pub(crate) fn render_under(policy: &str, template: &impl Template) -> HandlerResult {
    let html = template.render().map_err(|error| Error::Internal(format!("template: {error}")))?;
    Ok(Reply::html(html)
        .with(CacheControl::new().with_no_store())
        .with_content_security_policy(policy)
        .with_private_referrer())
}

/// A message in place of a page.
#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    title: &'static str,
    text: String,
    href: &'static str,
    label: &'static str,
}

/// Shows a refusal as a page. What has failed on our side stays an error, which is logged.
pub(crate) async fn shown(handling: impl Future<Output = HandlerResult>) -> HandlerResult {
    let refusal = match handling.await {
        Err(error @ (Error::Internal(_) | Error::Unavailable(_) | Error::Upstream(_))) => return Err(error),
        Err(refusal) => refusal,
        page => return page,
    };
    let title = match &refusal {
        Error::NotFound => "Not found",
        Error::Suspended => "Suspended",
        Error::Forbidden(_) => "Not allowed",
        Error::Repeated { .. } => "Still in progress",
        _ => "This did not work",
    };
    let message = Message { title, text: text(&refusal), href: "/dashboard", label: "Go to the overview" };
    Ok(render(&message)?.with_status_of(&refusal))
}

/// The message of a refusal: the first invalid field's, if there is one.
pub(crate) fn text(refusal: &Error) -> String {
    match refusal {
        Error::Validation(fields) if !fields.is_empty() => format!("{}.", fields[0].message),
        other => format!("{}.", other.public_message()),
    }
}
