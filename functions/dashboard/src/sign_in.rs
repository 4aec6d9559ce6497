//! `GET` and `POST /dashboard/sign-in`, and `POST /dashboard/sign-out`.

use askama::Template;
use hb_domain::Error;
use hb_domain::dashboard::DashboardToken;
use hb_domain::error::Forbidden;
use hb_http::{Form, HandlerResult, PageCall, PublicCall, SignInPage, return_path};
use lambda_http::http::Uri;

use crate::page::{self, render_under};

/// Without Clerk the page is like all others, but loads no script.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

#[derive(Default, Template)]
#[template(path = "sign_in.html")]
struct View {
    clerk: bool,
    clerk_ui_script: String,
    clerk_script: String,
    clerk_publishable_key: String,
    next: String,
    link: String,
    link_tenant: String,
    reason: &'static str,
    reason_text: String,
}

pub(crate) fn open(call: &PublicCall) -> HandlerResult {
    let query = call.form_of_query();
    let reason = match (query.value("signed_out"), query.value("ended")) {
        ("true", _) => "signed-out",
        (_, "true") => "session-ended",
        _ => "",
    };
    let view = View { reason, next: query.value("next").to_owned(), ..View::default() };
    let link = DashboardToken::parse(query.value("link"));
    match (&link, query.value("link").is_empty()) {
        (Some(token), _) => {
            let (link, link_tenant) = (query.value("link").to_owned(), token.tenant().to_string());
            render_under(POLICY, &View { link, link_tenant, ..view })
        }
        (None, false) => show(&SignInPage::new(call), View { reason: "link-ended", ..view }),
        (None, true) => show(&SignInPage::new(call), view),
    }
}

pub(crate) async fn sign_in(call: PublicCall) -> HandlerResult {
    let page = SignInPage::new(&call);
    let form: Form = page.form()?;
    let next = return_path(form.value("next"));
    let (outcome, is_link) = match form.value("token") {
        "" => (page.by_link(form.value("link"), &next).await, true),
        token => (page.by_token(token, &next).await, false),
    };
    let error = match outcome {
        Ok(reply) => return Ok(reply),
        Err(error) => error,
    };
    let (reason, reason_text) = match &error {
        Error::AuthInvalid(_) if is_link => ("link-ended", String::new()),
        Error::AuthInvalid(_) => ("refused", "Clerk's session was not accepted.".into()),
        Error::Forbidden(Forbidden::NoOrganization) => ("organization-needed", String::new()),
        Error::Suspended => ("refused", page::text(&error)),
        _ => return Err(error),
    };
    let view = View { reason, reason_text, next: next.to_string(), ..View::default() };
    Ok(show(&page, view)?.with_status_of(&error))
}

pub(crate) async fn sign_out(call: PageCall) -> HandlerResult {
    call.sign_out(&Uri::from_static("/dashboard/sign-in?signed_out=true")).await
}

/// The page with Clerk's sign-in if the deployment has it.
fn show(page: &SignInPage<'_>, view: View) -> HandlerResult {
    let Some(key) = page.publishable_key() else { return render_under(POLICY, &view) };
    let origin = key.origin();
    // <https://clerk.com/docs/guides/secure/best-practices/csp-headers>
    let policy = format!(
        "default-src 'none'; script-src 'self' {origin} https://challenges.cloudflare.com https://*.protect.clerk.com; \
         connect-src {origin} https://*.protect.clerk.com:*; img-src 'self' https://img.clerk.com; \
         style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; \
         frame-src https://challenges.cloudflare.com https://*.protect.clerk.com; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    render_under(
        &policy,
        &View {
            clerk: true,
            clerk_ui_script: format!("{origin}/npm/@clerk/ui@1/dist/ui.browser.js"),
            clerk_script: format!("{origin}/npm/@clerk/clerk-js@6/dist/clerk.browser.js"),
            clerk_publishable_key: key.as_str().to_owned(),
            ..view
        },
    )
}
