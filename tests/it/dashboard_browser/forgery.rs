//! Forms that no page of the dashboard has sent are refused, also with the cookie of somebody who is signed in.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use hb_local::callers::Callers;
use hb_local::server::Server;
use serde_json::json;

use super::Site;

/// A page whose button sends a form to `ACTION`, with these fields. Browsers trust a click more than what a page does by itself.
const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en"><head><title>A prize</title></head><body>
<form method="post" action="ACTION">FIELDS<button id="win">Win</button></form></body></html>"#;

/// Another site on this machine with a page that sends a form to `action`. Browsers send it the same cookies.
async fn serve(action: &str, fields: &[(&str, &str)]) -> Server {
    let field = |(name, value): &(&str, &str)| format!(r#"<input name="{name}" value="{value}">"#);
    let fields: String = fields.iter().map(field).collect();
    let page = PAGE.replace("ACTION", action).replace("FIELDS", &fields);
    let router = Router::new().route("/", get(async move || Html(page)));
    Server::serve(0, router, Callers::ProgramsAndPages).await.expect("a port")
}

#[tokio::test]
async fn a_form_of_another_site_or_without_token_changes_nothing() {
    let Some(site) = Site::open().await else { return };
    let client = site.client().await;
    let id = site.create_key(&client, "Payroll").await;
    let before = site.names(&client).await;
    site.sign_in().await;
    let csrf = "return document.querySelector('[name=csrf]').value";
    let csrf = site.browser.run(csrf, &[]).await.as_str().expect("a token").to_owned();

    // Even somebody who knows the token is refused.
    let new =
        [("csrf", &csrf[..]), ("idempotency_key", "1"), ("name", "Evil"), ("environment", "production")];
    let new = [&new[..], &[("scopes", "read:memories"), ("expires", "never")]].concat();
    let revoke = [("csrf", &csrf[..]), ("confirmation", "Payroll")];
    let forms = [
        ("/dashboard/keys/new".to_owned(), &new[..]),
        (format!("/dashboard/keys/{id}/revoke"), &revoke[..]),
        ("/dashboard/sign-out".to_owned(), &revoke[..1]),
    ];
    for (path, fields) in forms {
        let evil = serve(&site.at(&path), fields).await;
        site.browser.goto(&evil.url()).await;
        site.browser.follow("#win").await;
        assert_eq!(site.path().await, path);
        site.shows("was not sent by a page of this site").await;
        assert_eq!(site.names(&client).await, before, "{path}");
    }
    let key = client.get(&format!("/api/v1/api-keys/{id}")).await;
    assert_eq!(key.data()["status"], "active");

    // The own page, with the token of somebody else and without one.
    for token in [Some("x"), Some(""), None] {
        site.goto("/dashboard/keys/new").await;
        site.browser.fill("#name", "Evil").await;
        let change = "const field = document.querySelector('main [name=csrf]');
            arguments[0] === null ? field.remove() : field.value = arguments[0];";
        site.browser.run(change, &[json!(token)]).await;
        site.follow("Create").await;
        site.shows("belongs to an earlier sign-in").await;
        assert_eq!(site.names(&client).await, before, "{token:?}");
    }
    site.goto("/dashboard").await;
    assert_eq!(site.path().await, "/dashboard", "still signed in");
}
