//! What belongs to another tenant looks as if it did not exist.

use hb_tests::world::plenty;
use hb_tests::{Answer, Visitor, World};

use super::pages::{Key, pages};

/// A response without what differs from one to the next.
fn shown(answer: &Answer, key: &Key) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").replace(&key.id, "KEY")))
        .filter(|(name, _)| !["x-request-id", "date", "content-length"].contains(&name.as_str()))
        .collect();
    headers.sort();
    let text = answer.text.replace(answer.header("x-request-id"), "REQUEST").replace(&key.id, "KEY");
    (answer.status.as_u16(), headers, text)
}

#[tokio::test]
async fn a_key_of_another_tenant_is_one_that_does_not_exist() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let other = world.account_with("globex", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let foreign = Key::of(&world, &other.tenant).await;
    let missing = Key { name: foreign.name.clone(), ..Key::missing() };
    let csrf = visitor.csrf().await;
    let mut tried = 0;
    for page in pages().iter().filter(|page| page.names_a_key()) {
        let mut seen = Vec::new();
        for (number, key) in [&foreign, &missing].into_iter().enumerate() {
            let answer =
                page.send(&visitor, key, &csrf, &format!("{number}-{}", page.route.path.len())).await;
            assert_eq!(answer.status, 404, "{page:?} {}", answer.text);
            seen.push(shown(&answer, key));
        }
        assert_eq!(seen[0], seen[1], "{page:?}");
        tried += 1;
    }
    assert!(tried >= 8, "{tried}");
    assert_eq!(
        instance.client.with(&foreign.plain).get("/api/v1/memories").await.status,
        200,
        "nothing has changed"
    );
}

#[tokio::test]
async fn parameters_that_name_a_key_of_another_tenant_are_without_effect() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let other = world.account_with("globex", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let foreign = Key::of(&world, &other.tenant).await;
    world.store.with(&world.operator(&other.tenant)).keys().list().await.expect("keys");
    for path in ["/dashboard/keys/new?replaces=", "/dashboard/keys?revoked="] {
        let answer = visitor.get(&format!("{path}{}", foreign.id)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.contains(&foreign.id) && !answer.text.contains(&foreign.name), "{path}");
    }
}

#[tokio::test]
async fn pages_show_nothing_of_another_tenant() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let other = world.account_with("globex", plenty()).await;
    let instance = world.instance().await;
    let theirs = Key::of(&world, &other.tenant).await;
    instance.client.with(&theirs.plain).get("/api/v1/memories").await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let own = Key::of(&world, &account.tenant).await;
    for page in pages().iter().filter(|page| !page.is_form()) {
        let answer = visitor.get(&page.path(&own)).await;
        assert_eq!(answer.status, 200, "{page:?}");
        for private in ["globex", &theirs.id, &theirs.name] {
            assert!(!answer.text.contains(private), "{page:?} shows {private}");
        }
    }
    assert!(visitor.get("/dashboard").await.text.contains("No requests yet"));
}
