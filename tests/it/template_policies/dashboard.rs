//! A request to every route of the dashboard.

use std::time::Duration;

use hb_tests::dashboard::{self, FORM, Fields, SIGN_IN, encoded, form_of, set};
use hb_tests::{Answer, Visitor};
use http::Method;
use serde_json::json;

use super::Scenario;

const NEW: &str = "/dashboard/keys/new";

pub(super) async fn scenario(scenario: &mut Scenario) {
    let instance_url = scenario.instance.url.clone();
    let nobody = Visitor::of(&scenario.instance);
    open(scenario, &nobody, SIGN_IN, 200).await;
    let page = open(scenario, &nobody, SIGN_IN, 200).await;
    let file =
        page.text.split('"').find(|text| text.starts_with("/dashboard/static/")).expect("a file").to_owned();
    open(scenario, &nobody, &file, 200).await;

    // A user of Clerk whose tenant is created, in place of a session by link.
    let link = dashboard::link(&scenario.world, &scenario.instance, &scenario.account.tenant).await;
    let token = link.split_once("link=").expect("a token").1.to_owned();
    let begun = post(scenario, &nobody, SIGN_IN, &vec![("link".into(), token)], 303).await;
    let visitor = nobody.with(&nobody.token_set_by(&begun));
    let session = scenario.issuer.token_with("user_of_a_page", &json!({"azp": instance_url}));
    let begun = post(scenario, &visitor, SIGN_IN, &vec![("token".into(), session)], 303).await;
    let visitor = visitor.with(&visitor.token_set_by(&begun));

    let expires = scenario.instance.clock.now().plus(Duration::from_secs(60));
    let mut form = form(scenario, &visitor, NEW).await;
    set(&mut form, "name", "short-lived");
    set(&mut form, "expires", &format!("30 {expires}"));
    let made = post(scenario, &visitor, NEW, &form, 200).await;
    // Again, with the name that is taken, and with a name that is none: the record is stored, and removed.
    post(scenario, &visitor, NEW, &form, 200).await;
    set(&mut form, "idempotency_key", "another");
    post(scenario, &visitor, NEW, &form, 409).await;
    set(&mut form, "idempotency_key", "third");
    set(&mut form, "name", "");
    post(scenario, &visitor, NEW, &form, 400).await;

    let plain = dashboard::secret(&made).expect("a secret");
    let key = hb_domain::ApiKey::parse(&plain).expect("a key").id();
    let path = format!("/dashboard/keys/{key}");
    scenario.instance.client.with(&plain).get("/api/v1/memories").await;
    scenario.instance.tap.take();
    for page in ["/dashboard", "/dashboard/keys", &path, "/dashboard/connect", "/dashboard/settings"] {
        open(scenario, &visitor, page, 200).await;
    }
    let rotate = format!("{path}/rotate");
    for (number, grace) in ["0", "3600"].into_iter().enumerate() {
        let mut form = self::form(scenario, &visitor, &rotate).await;
        set(&mut form, "grace", grace);
        set(&mut form, "idempotency_key", &format!("rotate-{number}"));
        post(scenario, &visitor, &rotate, &form, 200).await;
    }
    // The name of an expired key is released by the next form with it.
    scenario.instance.clock.set(expires.plus(Duration::from_secs(1)));
    let mut form = self::form(scenario, &visitor, NEW).await;
    set(&mut form, "name", "short-lived");
    post(scenario, &visitor, NEW, &form, 200).await;
    let revoke = format!("{path}/revoke");
    let mut form = self::form(scenario, &visitor, &revoke).await;
    set(&mut form, "confirmation", "short-lived");
    post(scenario, &visitor, &revoke, &form, 303).await;
    let sign_out: Fields = form.iter().filter(|(name, _)| name == "csrf").cloned().collect();
    post(scenario, &visitor, "/dashboard/sign-out", &sign_out, 303).await;
}

async fn form(scenario: &mut Scenario, visitor: &Visitor, path: &str) -> Fields {
    form_of(&open(scenario, visitor, path, 200).await.text, path)
}

async fn open(scenario: &mut Scenario, visitor: &Visitor, path: &str, status: u16) -> Answer {
    let cookie = visitor.cookie();
    let answer = scenario.send_raw(Method::GET, path, &[("cookie", &cookie)], "").await;
    assert_eq!(answer.status, status, "{path} {}", answer.text);
    answer
}

async fn post(scenario: &mut Scenario, visitor: &Visitor, path: &str, form: &Fields, status: u16) -> Answer {
    let (cookie, origin) = (visitor.cookie(), visitor.origin());
    let headers = [("cookie", cookie.as_str()), ("origin", &origin), ("content-type", FORM)];
    let fields: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = scenario.send_raw(Method::POST, path, &headers, &encoded(&fields)).await;
    assert_eq!(answer.status, status, "{path} {}", answer.text);
    answer
}
