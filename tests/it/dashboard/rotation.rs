//! Rotating and revoking keys by their forms.

use std::time::Duration;

use hb_tests::dashboard::{secret, set, value};
use hb_tests::world::plenty;
use hb_tests::{Instance, Visitor, World};

use super::pages::Key;

const API: &str = "/api/v1/memories";

async fn set_up() -> (World, Instance, Visitor, Key) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    (world, instance, visitor, key)
}

async fn status(instance: &Instance, plain: &str) -> u16 {
    instance.client.with(plain).get(API).await.status.as_u16()
}

#[tokio::test]
async fn both_secrets_work_until_the_grace_period_is_over() {
    let (world, instance, visitor, key) = set_up().await;
    assert_eq!(status(&instance, &key.plain).await, 200);
    let path = format!("/dashboard/keys/{}/rotate", key.id);
    let mut form = visitor.form(&path).await;
    assert_eq!(value(&form, "grace"), "0", "the safe choice is the first");
    set(&mut form, "grace", "3600");
    let answer = visitor.submit(&path, &form).await;
    let new = secret(&answer).unwrap_or_else(|| panic!("{}", answer.text));
    let until = world.clock.now().plus(Duration::from_secs(3_600));
    assert!(answer.text.contains(&format!("datetime=\"{until}\"")), "{}", answer.text);
    for plain in [&key.plain, &new] {
        assert_eq!(status(&instance, plain).await, 200);
    }
    let again = visitor.submit(&path, &form).await;
    assert!(
        again.text.contains("This key was already rotated") && secret(&again).is_none(),
        "{}",
        again.text
    );
    let later = world.instance().await;
    for (at, old) in [(until.minus(Duration::from_millis(1)), 200), (until, 401)] {
        later.clock.set(at);
        assert_eq!((status(&later, &key.plain).await, status(&later, &new).await), (old, 200), "{at}");
    }
}

#[tokio::test]
async fn without_grace_the_old_secret_stops_at_once() {
    let (_world, instance, visitor, key) = set_up().await;
    assert_eq!(status(&instance, &key.plain).await, 200);
    let path = format!("/dashboard/keys/{}/rotate", key.id);
    let form = visitor.form(&path).await;
    let new = secret(&visitor.submit(&path, &form).await).expect("a secret");
    assert_eq!((status(&instance, &key.plain).await, status(&instance, &new).await), (401, 200));
    for grace in ["", "x", "-1", "1.5", "99999999999", "604801"] {
        let mut form = visitor.form(&path).await;
        set(&mut form, "grace", grace);
        let answer = visitor.submit(&path, &form).await;
        assert_eq!(answer.status, 400, "{grace} {}", answer.text);
        assert!(answer.text.contains("id=\"grace-error\""), "{grace} {}", answer.text);
        assert_eq!(status(&instance, &new).await, 200, "{grace}");
    }
}

#[tokio::test]
async fn a_key_is_revoked_by_its_name_and_refused_at_once() {
    let (world, instance, visitor, key) = set_up().await;
    let other = world.instance().await;
    for warm in [&instance, &other] {
        assert_eq!(status(warm, &key.plain).await, 200);
    }
    let path = format!("/dashboard/keys/{}/revoke", key.id);
    let upper = key.name.to_uppercase();
    let longer = format!("{}x", key.name);
    for wrong in ["", " ", "x", &key.id, &upper, &longer, &key.name[..key.name.len() - 1]] {
        let mut form = visitor.form(&path).await;
        set(&mut form, "confirmation", wrong);
        let answer = visitor.submit(&path, &form).await;
        assert_eq!(answer.status, 400, "{wrong} {}", answer.text);
        assert!(answer.text.contains("id=\"confirmation-error\""), "{}", answer.text);
        assert_eq!(status(&instance, &key.plain).await, 200, "{wrong}");
    }
    let mut form = visitor.form(&path).await;
    set(&mut form, "confirmation", &format!("  {} ", key.name));
    let answer = visitor.submit(&path, &form).await;
    let location = format!("/dashboard/keys?revoked={}", key.id);
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, location.as_str()),
        "{}",
        answer.text
    );
    for warm in [&instance, &other] {
        assert_eq!(status(warm, &key.plain).await, 401);
    }
    assert!(visitor.get(&location).await.text.contains(&format!("{} is revoked.", key.name)));
    assert_eq!(visitor.submit(&path, &form).await.status, 303, "revoking again comes to the same");

    // A revoked key has no new secret, and says why.
    let rotate = format!("/dashboard/keys/{}/rotate", key.id);
    let form = visitor.form(&rotate).await;
    let answer = visitor.submit(&rotate, &form).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(
        answer.text.contains("ames a key that has been revoked") && secret(&answer).is_none(),
        "{}",
        answer.text
    );
    let page = visitor.get(&format!("/dashboard/keys/{}", key.id)).await;
    assert!(
        page.text.contains("revoked") && !page.text.contains(&format!("{}/rotate\"", key.id)),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_name_of_any_characters_is_escaped_and_can_be_typed() {
    let (_world, instance, visitor, key) = set_up().await;
    for name in [
        "<script>alert(1)</script>",
        "\"' onfocus=\"alert(1)",
        "a & b &amp; c",
        "  padded \u{5d0}\u{1f511}",
        "{{7*7}} ${x} %3C",
    ] {
        let plain = visitor.create_key(name).await;
        let list = instance.client.with(&key.plain).get("/api/v1/api-keys").await;
        let keys = list.data()["keys"].as_array().expect("keys").clone();
        let made = keys.iter().find(|key| key["name"] == name).unwrap_or_else(|| panic!("{name}"));
        let id = made["id"].as_str().expect("an id");
        for path in [
            "/dashboard",
            "/dashboard/keys",
            &format!("/dashboard/keys/{id}"),
            &format!("/dashboard/keys/{id}/rotate"),
        ] {
            let text = visitor.get(path).await.text;
            assert!(!text.contains("<script>alert") && !text.contains("onfocus=\"alert"), "{path} {name}");
        }
        let path = format!("/dashboard/keys/{id}/revoke");
        let mut form = visitor.form(&path).await;
        set(&mut form, "confirmation", name);
        assert_eq!(visitor.submit(&path, &form).await.status, 303, "{name}");
        assert_eq!(status(&instance, &plain).await, 401, "{name}");
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(10)));
    }
}
