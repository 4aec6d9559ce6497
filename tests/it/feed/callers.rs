//! Who may read which events.

use hb_domain::Scope;
use hb_http::ClerkSettings;
use hb_tests::feed::{About, event_id};
use hb_tests::issuer::TestIssuer;
use hb_tests::world::plenty;
use hb_tests::{Client, World};
use serde_json::json;

use super::{EVENTS, ids, page, tenant};

const MEMORY: &str = "mem_0123456789abcdefghijkl";

const WEBHOOK: &str = "whk_0123456789abcdef";

/// Appends one event of each kind of resource: a memory, a search, a key and an endpoint.
async fn fill(world: &World, name: &str) {
    let key = hb_domain::KeyId::parse("key_0123456789ab").expect("an id");
    let abouts = [
        About::Deleted(MEMORY, "deleted"),
        About::Search(1),
        About::KeyCreated(&key),
        About::WebhookDisabled(WEBHOOK),
    ];
    for (position, about) in (1..).zip(abouts) {
        world.append(&tenant(name), position, about).await;
    }
}

/// Checks that the caller reads the events at these positions, and none of the others by asking for them.
async fn assert_reads(client: &Client, positions: &[u64], why: &str) {
    let expected: Vec<String> = positions.iter().copied().map(event_id).collect();
    assert_eq!(ids(&page(client, "").await), expected, "{why}");
    for (position, types) in [(1, "memory.*"), (2, "search.*"), (3, "api_key.*"), (4, "webhook.*")] {
        let answer = client.get(&format!("{EVENTS}?types={types}")).await;
        if positions.contains(&position) {
            answer.expect(200, "");
            assert_eq!(ids(&answer), [event_id(position)], "{why}");
        } else {
            answer.expect(403, "INSUFFICIENT_SCOPE");
            assert!(!answer.text.contains(&event_id(position)), "{why}");
        }
    }
    let all = client.get(&format!("{EVENTS}?types=*&cursor=latest")).await;
    assert_eq!(all.status.as_u16(), if positions.len() == 4 { 200 } else { 403 }, "{why}");
}

#[tokio::test]
async fn a_key_reads_events_of_memories_with_its_scope_and_those_of_keys_always() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    fill(&world, "acme").await;
    let instance = world.instance().await;
    assert_reads(&instance.client.with(&account.key), &[1, 2, 3, 4], "all scopes").await;
    for scope in Scope::ALL {
        let client = instance.client.with(&world.key_with(&account.tenant, scope).await);
        let positions = match scope {
            Scope::ReadMemories => &[1, 2, 3][..],
            Scope::WriteWebhooks => &[3, 4],
            _ => &[3],
        };
        assert_reads(&client, positions, scope.as_str()).await;
    }
    instance.client.get(EVENTS).await.expect(401, "AUTH_REQUIRED");
}

#[tokio::test]
async fn a_user_reads_all_events_and_a_token_none_of_keys() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let instance = world.instance().await;
    let user = instance.client.with(&issuer.token("user_maya"));
    user.get(EVENTS).await.expect(200, "");
    let plenty = plenty();
    let (id, plan) = (tenant("user_maya"), hb_domain::plan::Plan::Enterprise);
    assert!(world.store.tenants().set_plan(&id, plan, &plenty).await.expect("the database"));
    fill(&world, "user_maya").await;
    assert_reads(&user, &[1, 2, 3, 4], "a user").await;
    let exchanged = user.get("/auth/clerk-token").await;
    let token = exchanged.data()["token"].as_str().expect("a token");
    assert_reads(&instance.client.with(token), &[1, 2, 4], "a token").await;
}

#[tokio::test]
async fn only_admins_of_an_organization_read_events_of_its_keys() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    world.clerk = ClerkSettings::from_env(|name| match name {
        "CLERK_ISSUER" => Some(issuer.url.clone()),
        "CLERK_TENANT" => Some("organization".to_owned()),
        _ => None,
    })
    .expect("settings");
    world.account_with("org_acme", plenty()).await;
    fill(&world, "org_acme").await;
    let instance = world.instance().await;
    for (role, positions) in [("admin", &[1, 2, 3, 4][..]), ("member", &[1, 2, 4])] {
        let token = issuer.token_with("user_1", &json!({"o": {"id": "org_acme", "rol": role}}));
        assert_reads(&instance.client.with(&token), positions, role).await;
    }
}
