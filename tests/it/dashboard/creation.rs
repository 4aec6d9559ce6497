//! The form that creates a key: once for each form that was opened, its secret once, and what it refuses.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use hb_tests::dashboard::{form_of, secret, set, value};
use hb_tests::world::plenty;
use hb_tests::{Instance, Visitor, World};
use serde_json::Value;

const NEW: &str = "/dashboard/keys/new";

async fn set_up() -> (World, Instance, Visitor, String) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    (world, instance, visitor, account.key)
}

async fn names(instance: &Instance, key: &str) -> Vec<String> {
    let list = instance.client.with(key).get("/api/v1/api-keys").await;
    let keys = list.data()["keys"].as_array().expect("keys").clone();
    keys.iter().map(|key| key["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_new_key_is_shown_once_and_works() {
    let (_world, instance, visitor, key) = set_up().await;
    let mut form = visitor.form(NEW).await;
    assert_eq!(value(&form, "environment"), "production");
    set(&mut form, "name", "Production");
    let first = visitor.submit(NEW, &form).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.header("cache-control"), "no-store");
    assert!(
        first.text.contains("Copy the key immediately. It won't be shown again.")
            || first.text.contains("It won&#39;t be shown again.")
    );
    let plain = secret(&first).expect("a secret");
    assert!(plain.starts_with("hb_prod_"));
    assert_eq!(instance.client.with(&plain).get("/api/v1/memories").await.status, 200);

    let again = visitor.submit(NEW, &form).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert!(again.text.contains("This key was already created"), "{}", again.text);
    assert_eq!(secret(&again), None);
    assert_eq!(names(&instance, &key).await.iter().filter(|name| *name == "Production").count(), 1);
    let list = instance.client.with(&key).get("/api/v1/api-keys").await;
    let keys = list.data()["keys"].as_array().expect("keys").clone();
    let id = keys.iter().find(|key| key["name"] == "Production").expect("the key")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    for path in [
        "/dashboard".to_owned(),
        "/dashboard/keys".to_owned(),
        NEW.to_owned(),
        format!("/dashboard/keys/{id}"),
        format!("/dashboard/keys/{id}/rotate"),
        format!("/dashboard/keys/{id}/revoke"),
        "/dashboard/connect".to_owned(),
    ] {
        let page = visitor.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        let all = format!("{:?} {}", page.headers, page.text);
        assert!(!all.contains(&plain) && !all.contains(&plain[plain.len() - 20..]), "{path}");
        assert!(page.header("cache-control").contains("no-store"), "{path}");
    }
    // Another form with the same name creates no second key.
    let mut other = visitor.form(NEW).await;
    assert_ne!(value(&other, "idempotency_key"), value(&form, "idempotency_key"));
    set(&mut other, "name", "Production");
    assert_eq!(visitor.submit(NEW, &other).await.status, 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once_of_one_form_create_one_key() {
    let (world, first, visitor, key) = set_up().await;
    let second = world.instance().await;
    let visitors = [visitor.clone(), visitor.at(&second)];
    let mut form = visitor.form(NEW).await;
    set(&mut form, "name", "one");
    // A form is bound to the origin of its page.
    let answers = join_all((0..20).map(|index| visitors[index % 2].submit(NEW, &form))).await;
    let secrets: HashSet<String> = answers.iter().filter_map(secret).collect();
    assert_eq!(secrets.len(), 1, "one secret");
    assert_eq!(answers.iter().filter(|answer| secret(answer).is_some()).count(), 1, "shown once");
    for answer in &answers {
        let is_already =
            answer.status == 200 && (answer.text.contains("already created") || secret(answer).is_some());
        let is_in_progress = answer.status == 409 && answer.text.contains("Still in progress");
        assert!(is_already || is_in_progress, "{} {}", answer.status, answer.text);
    }
    assert_eq!(names(&first, &key).await.iter().filter(|name| *name == "one").count(), 1);
    let plain = secrets.iter().next().expect("a secret");
    assert_eq!(second.client.with(plain).get("/api/v1/memories").await.status, 200);
}

/// The fields of a form, the field that is refused, and the status.
type Row<'f> = (&'f [(&'f str, &'f str)], &'f str, u16);

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_the_fields_are_kept() {
    let (world, instance, visitor, key) = set_up().await;
    let taken = visitor.create_key("taken").await;
    assert!(!taken.is_empty());
    let long = "ä".repeat(256);
    let now = world.clock.now();
    let past = format!("30 {}", now.minus(Duration::from_secs(1)));
    let before = names(&instance, &key).await;
    let rows: [Row<'_>; 13] = [
        (&[("name", "")], "name", 400),
        (&[("name", &long)], "name", 400),
        (&[("name", "   ")], "name", 400),
        (&[("name", "taken"), ("environment", "production")], "name", 409),
        (&[("name", "x"), ("scopes", "")], "scopes", 400),
        (&[("name", "x"), ("scopes", "admin:everything")], "scopes", 400),
        (&[("name", "x"), ("environment", "staging")], "environment", 400),
        (&[("name", "x"), ("expires", "date"), ("expires_on", "2026-11-23")], "expires", 400),
        (&[("name", "x"), ("expires", "date"), ("expires_on", "")], "expires", 400),
        (&[("name", "x"), ("expires", "date"), ("expires_on", "<script>")], "expires", 400),
        (&[("name", "x"), ("expires", "soon")], "expires", 400),
        (&[("name", "x"), ("expires", "30 soon")], "expires", 400),
        (&[("name", "x"), ("expires", &past)], "expires", 400),
    ];
    for (changes, element, status) in rows {
        let mut form = visitor.form(NEW).await;
        set(&mut form, "environment", "development");
        set(&mut form, "scopes", "write:memories");
        for (name, value) in changes {
            set(&mut form, name, value);
        }
        let answer = visitor.submit(NEW, &form).await;
        assert_eq!(answer.status, status, "{changes:?} {}", answer.text);
        let error = format!("id=\"{element}-error\">");
        let message =
            answer.text.split_once(&error).map(|(_, rest)| rest.split('<').next().unwrap_or_default());
        assert!(message.is_some_and(|message| !message.is_empty()), "{changes:?} {}", answer.text);
        assert!(
            answer.text.contains(&format!("<a href=\"#{element}\">")),
            "the summary leads to the field: {changes:?}"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        let shown = form_of(&answer.text, NEW);
        assert_eq!(value(&shown, "name"), value(&form, "name"), "{changes:?}");
        let is_kept = |name: &str| {
            changes.iter().any(|(changed, _)| *changed == name) || value(&shown, name) == value(&form, name)
        };
        assert!(is_kept("environment") && is_kept("scopes"), "{changes:?} {shown:?}");
        assert_eq!(value(&shown, "expires_on"), value(&form, "expires_on"), "{changes:?}");
        assert_ne!(value(&shown, "idempotency_key"), value(&form, "idempotency_key"), "another form");
        // The corrected form is good.
        let mut shown = shown;
        for (name, value) in [
            ("name", format!("corrected {}", answer.header("x-request-id"))),
            ("scopes", "read:memories".into()),
            ("environment", "production".into()),
            ("expires", "never".into()),
        ] {
            set(&mut shown, name, &value);
        }
        assert_eq!(visitor.submit(NEW, &shown).await.status, 200, "{changes:?}");
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(2)));
    }
    let after = names(&instance, &key).await;
    assert_eq!(after.len(), before.len() + rows.len(), "{after:?}");
}

#[tokio::test]
async fn a_form_without_scopes_or_idempotency_key_grants_nothing_by_omission() {
    let (_world, instance, visitor, key) = set_up().await;
    let mut form = visitor.form(NEW).await;
    set(&mut form, "name", "none");
    form.retain(|(name, _)| name != "scopes");
    let answer = visitor.submit(NEW, &form).await;
    // As by the API: a key without scopes.
    let plain = secret(&answer).unwrap_or_else(|| panic!("{}", answer.text));
    instance.client.with(&plain).get("/api/v1/memories").await.expect(403, "INSUFFICIENT_SCOPE");
    for idempotency in ["", "a,b", "\u{e4}", "a\r\nb: c"] {
        let mut form = visitor.form(NEW).await;
        set(&mut form, "name", "refused");
        set(&mut form, "idempotency_key", idempotency);
        let answer = visitor.submit(NEW, &form).await;
        assert_eq!(answer.status, 400, "{idempotency:?} {}", answer.text);
    }
    assert!(!names(&instance, &key).await.contains(&"refused".to_owned()));
}

#[tokio::test]
async fn the_key_is_what_the_form_says() {
    let (world, instance, visitor, key) = set_up().await;
    let day = Duration::from_secs(86_400);
    let rows = [
        ("never", "", Value::Null),
        ("30", "", world.clock.now().plus(day * 30).to_string().into()),
        ("365", "", world.clock.now().plus(day * 365).to_string().into()),
        ("date", "2026-12-24", "2026-12-24T23:59:59.999Z".into()),
        ("date", "2026-11-24", "2026-11-24T23:59:59.999Z".into()),
    ];
    for (number, (expires, on, expected)) in rows.into_iter().enumerate() {
        // What the page itself offers.
        let page = visitor.get(&format!("{NEW}?expires={expires}&expires_on={on}&environment=development&scopes=write:webhooks&name=key+{number}")).await;
        let form = form_of(&page.text, NEW);
        assert_eq!(value(&form, "name"), format!("key {number}"));
        let answer = visitor.submit(NEW, &form).await;
        let plain = secret(&answer).unwrap_or_else(|| panic!("{}", answer.text));
        assert!(plain.starts_with("hb_dev_"));
        let list = instance.client.with(&key).get("/api/v1/api-keys").await;
        let keys = list.data()["keys"].as_array().expect("keys").clone();
        let made = keys.iter().find(|key| key["name"] == format!("key {number}")).expect("the key");
        assert_eq!(
            (&made["expiresAt"], &made["scopes"]),
            (&expected, &serde_json::json!(["write:webhooks"])),
            "{expires} {on}"
        );
    }
}
