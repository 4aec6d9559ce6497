//! The hints on keys: when each is given, and what its button does.

use std::time::Duration;

use hb_domain::{KeyId, Scope, Scopes, Timestamp};
use hb_tests::dashboard::{form_of, secret, unescaped, value};
use hb_tests::world::{Account, plenty};
use hb_tests::{Client, Instance, Visitor, World};
use serde_json::json;

use super::pages::name_of;

const DAY: Duration = Duration::from_secs(86_400);
const NEVER_USED: &str = "Has never been used.";
const NOT_YET_USED: &str = "Has not been used yet.";
const NO_EXPIRY: &str = "Does not expire.";

/// A hint as the overview shows it.
#[derive(Clone, Debug, PartialEq)]
struct Hint {
    severity: String,
    key: String,
    sentence: String,
    /// Label and address.
    actions: Vec<(String, String)>,
}

struct Scene {
    world: World,
    instance: Instance,
    account: Account,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        Self { world, instance, account }
    }

    /// A key that expires in ten years.
    async fn key(&self, scopes: &[Scope]) -> (KeyId, Client) {
        let ends = self.world.clock.now().plus(DAY * 3_650);
        let scopes: Scopes = scopes.iter().copied().collect();
        let (id, plain) = self.world.key(&self.account.tenant, scopes, Some(ends)).await;
        (id, self.instance.client.with(&plain))
    }

    /// The hints at this time on the key, for somebody who has just signed in.
    async fn hints(&self, at: Timestamp, key: &KeyId) -> Vec<Hint> {
        let (_, page) = self.overview(at).await;
        all(&page).into_iter().filter(|hint| hint.key == name_of(key)).collect()
    }

    async fn overview(&self, at: Timestamp) -> (Visitor, String) {
        self.instance.clock.set(at);
        let visitor = Visitor::signed_in(&self.world, &self.instance, &self.account.tenant).await;
        let page = visitor.get("/dashboard").await;
        assert_eq!(page.status, 200, "{}", page.text);
        (visitor, page.text)
    }
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = text.split_once(start).map(|(_, rest)| rest).unwrap_or_default();
    rest.split(end).next().unwrap_or_default()
}

fn all(page: &str) -> Vec<Hint> {
    let list = between(page, "<ul class=\"hints\">", "</ul>");
    let hint = |item: &str| Hint {
        severity: between(between(item, "<span class=\"badge", "/span>"), ">", "<").to_owned(),
        key: unescaped(between(item, "<bdi>", "</bdi>")),
        sentence: unescaped(between(item, "<p>", "</p>")),
        actions: item
            .split("<a class=\"button small\" ")
            .skip(1)
            .map(|link| (between(link, ">", "<").to_owned(), unescaped(between(link, "href=\"", "\""))))
            .collect(),
    };
    list.split("<li>").skip(1).map(hint).collect()
}

#[tokio::test]
async fn a_key_that_was_never_used_is_to_be_connected_for_a_day_and_then_revoked() {
    let scene = Scene::new().await;
    let (id, _) = scene.key(&[Scope::ReadMemories]).await;
    let made = scene.world.clock.now();
    let fresh = Hint {
        severity: "Low".into(),
        key: name_of(&id),
        sentence: NOT_YET_USED.into(),
        actions: vec![("Connect".into(), "/dashboard/connect".into())],
    };
    assert_eq!(scene.hints(made, &id).await, std::slice::from_ref(&fresh));
    assert_eq!(scene.hints(made.plus(DAY - Duration::from_millis(1)), &id).await, [fresh]);
    let old = Hint {
        severity: "Medium".into(),
        key: name_of(&id),
        sentence: NEVER_USED.into(),
        actions: vec![("Revoke".into(), format!("/dashboard/keys/{id}/revoke"))],
    };
    assert_eq!(scene.hints(made.plus(DAY), &id).await, std::slice::from_ref(&old));
    assert_eq!(scene.hints(made.plus(DAY * 400), &id).await, std::slice::from_ref(&old));
    // The button leads to the form that mends it.
    let (visitor, _) = scene.overview(made.plus(DAY * 401)).await;
    let path = &old.actions[0].1;
    let mut form = visitor.form(path).await;
    hb_tests::dashboard::set(&mut form, "confirmation", &name_of(&id));
    assert_eq!(visitor.submit(path, &form).await.status, 303);
    assert_eq!(scene.hints(made.plus(DAY * 401), &id).await, []);
}

#[tokio::test]
async fn a_key_is_idle_from_the_ninetieth_day_after_its_last_request_on() {
    let scene = Scene::new().await;
    let (id, client) = scene.key(&[Scope::ReadMemories]).await;
    client.get("/api/v1/memories").await.expect(200, "");
    let used = scene.instance.clock.now();
    assert_eq!(scene.hints(used, &id).await, []);
    assert_eq!(scene.hints(used.plus(DAY * 90 - Duration::from_millis(1)), &id).await, []);
    for (days, at) in [(90, used.plus(DAY * 90)), (91, used.plus(DAY * 92 - Duration::from_millis(1)))] {
        let hints = scene.hints(at, &id).await;
        let expected = Hint {
            severity: "Medium".into(),
            key: name_of(&id),
            sentence: format!("Has not been used for {days} days."),
            actions: vec![("Revoke".into(), format!("/dashboard/keys/{id}/revoke"))],
        };
        assert_eq!(hints, [expected]);
    }
    // A request mends it.
    client.get("/api/v1/memories").await.expect(200, "");
    assert_eq!(scene.hints(used.plus(DAY * 92), &id).await, []);
}

#[tokio::test]
async fn scopes_that_no_request_has_needed_are_left_out_of_the_replacement() {
    let scene = Scene::new().await;
    let (id, client) = scene.key(&[Scope::ReadMemories, Scope::WriteMemories, Scope::WriteWebhooks]).await;
    // Without a request nothing is known.
    let is_about_scopes = |hint: &Hint| hint.sentence.starts_with("No request");
    let now = scene.world.clock.now();
    assert!(!scene.hints(now, &id).await.iter().any(is_about_scopes));
    client.get("/api/v1/memories").await.expect(200, "");
    let hints = scene.hints(now, &id).await;
    assert_eq!(hints.len(), 1, "{hints:?}");
    assert_eq!(
        hints[0].sentence,
        "No request of the last 90 days has needed write:memories, write:webhooks."
    );
    assert_eq!((hints[0].severity.as_str(), hints[0].actions[0].0.as_str()), ("Medium", "Replace"));

    let (visitor, _) = scene.overview(now).await;
    let page = visitor.get(&hints[0].actions[0].1).await;
    assert!(page.text.contains("which stays valid until you revoke it"), "{}", page.text);
    let form = form_of(&page.text, "/dashboard/keys/new");
    let scopes: Vec<&str> =
        form.iter().filter(|(name, _)| name == "scopes").map(|(_, value)| value.as_str()).collect();
    assert_eq!(scopes, ["read:memories"]);
    assert_eq!(
        (value(&form, "name"), value(&form, "replaces")),
        (&*format!("{} (2)", name_of(&id)), id.as_str())
    );
    let made = visitor.submit("/dashboard/keys/new", &form).await;
    let plain = secret(&made).unwrap_or_else(|| panic!("{}", made.text));
    assert!(made.text.contains(&format!("/dashboard/keys/{id}/revoke")), "the next step: {}", made.text);
    let new = scene.instance.client.with(&plain);
    new.get("/api/v1/memories").await.expect(200, "");
    new.post("/api/v1/memories", json!({"content": "x", "type": "task"}))
        .await
        .expect(403, "INSUFFICIENT_SCOPE");

    client.post("/api/v1/memories", json!({"content": "x", "type": "task"})).await.expect(201, "");
    client.get("/api/v1/webhooks").await.expect(200, "");
    assert_eq!(scene.hints(now, &id).await, [], "all of its scopes are in use");
}

#[tokio::test]
async fn a_key_without_expiry_is_to_be_replaced_by_one_of_ninety_days() {
    let scene = Scene::new().await;
    let id = scene.account.id.clone();
    let now = scene.world.clock.now();
    let hints = scene.hints(now, &id).await;
    let hint = hints.iter().find(|hint| hint.sentence == NO_EXPIRY).expect("the hint");
    assert_eq!((hint.severity.as_str(), hint.actions[0].0.as_str()), ("Low", "Replace"));
    let (visitor, _) = scene.overview(now).await;
    let page = visitor.get(&hint.actions[0].1).await;
    let form = form_of(&page.text, "/dashboard/keys/new");
    let scopes = form.iter().filter(|(name, _)| name == "scopes").count();
    assert_eq!(scopes, 4, "the same scopes");
    let made = visitor.submit("/dashboard/keys/new", &form).await;
    let plain = secret(&made).unwrap_or_else(|| panic!("{}", made.text));
    let list = scene.instance.client.with(&plain).get("/api/v1/api-keys").await;
    let keys = list.data()["keys"].as_array().expect("keys").clone();
    let new = keys.iter().find(|key| key["name"] == format!("{} (2)", name_of(&id))).expect("the key");
    assert_eq!(new["expiresAt"], now.plus(DAY * 90).to_string());
    // Once more, the next number: its name is free too.
    let again = visitor.get(&hint.actions[0].1).await;
    let form = form_of(&again.text, "/dashboard/keys/new");
    assert_eq!(
        visitor.submit("/dashboard/keys/new", &form).await.status,
        409,
        "the name is taken, and the form says so"
    );
}

#[tokio::test]
async fn ended_keys_have_no_hint_and_what_matters_comes_first() {
    let scene = Scene::new().await;
    let now = scene.world.clock.now();
    let (short, _) = scene.world.key(&scene.account.tenant, Scopes::all(), Some(now.plus(DAY))).await;
    let (_, page) = scene.overview(now.plus(DAY * 2)).await;
    let hints = all(&page);
    assert!(!hints.iter().any(|hint| hint.key == name_of(&short)), "{hints:?}");
    let severities: Vec<&str> = hints.iter().map(|hint| hint.severity.as_str()).collect();
    assert_eq!(severities, ["Medium", "Low"], "{hints:?}");
    for number in 0..15 {
        scene.world.key(&scene.account.tenant, Scopes::all(), None).await;
        assert!(number < 15);
    }
    let (_, page) = scene.overview(now.plus(DAY * 3)).await;
    let hints = all(&page);
    assert_eq!(hints.len(), 20);
    assert_eq!(hints.iter().take_while(|hint| hint.severity == "Medium").count(), 16, "{hints:?}");
}
