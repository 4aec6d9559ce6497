//! Records of users: a session and the access token it was exchanged for share them, two members of an organization do
//! not.

use hb_domain::plan::Plan;
use hb_tests::issuer::TestIssuer;

use super::*;

/// The access token for a session.
async fn exchanged(instance: &Instance, session: &str, scopes: &str) -> String {
    let answer = instance.client.with(session).get(&format!("/auth/clerk-token?scopes={scopes}")).await;
    answer.expect(200, "");
    answer.data()["token"].as_str().expect("a token").to_owned()
}

/// A world whose tenants are organizations.
async fn organizations() -> (World, TestIssuer, Instance) {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let settings = |name: &str| match name {
        "CLERK_ISSUER" => Some(issuer.url.clone()),
        "CLERK_TENANT" => Some("organization".to_owned()),
        _ => None,
    };
    world.clerk = hb_http::ClerkSettings::from_env(settings).expect("settings");
    let tenant = TenantId::parse("org_acme").expect("a tenant");
    let state = hb_domain::tenant::Tenant {
        allowance: plenty(),
        ..hb_domain::tenant::Tenant::new(Plan::Enterprise, world.clock.now())
    };
    assert!(world.store.tenants().create(&tenant, &state).await.expect("a tenant"));
    let instance = world.instance().await;
    (world, issuer, instance)
}

fn member(issuer: &TestIssuer, user: &str, role: &str) -> String {
    issuer.token_with(user, &json!({"o": {"id": "org_acme", "rol": role}}))
}

#[tokio::test]
async fn a_session_and_the_token_it_was_exchanged_for_share_their_records() {
    let (world, issuer, instance) = organizations().await;
    let mut users = World::new().await;
    let clerk = TestIssuer::start(&mut users).await;
    users.account("user_maya", Plan::Enterprise).await;
    let by_user = users.instance().await;
    for (instance, session) in
        [(&instance, member(&issuer, "user_maya", "admin")), (&by_user, clerk.token("user_maya"))]
    {
        let token = exchanged(instance, &session, "read:memories,write:memories").await;
        let (session, token) = (instance.client.with(&session), instance.client.with(&token));
        let created = post(&session, MEMORIES, "k", &tea()).await;
        created.expect(201, "");
        let replayed = post(&token, MEMORIES, "k", &tea()).await;
        assert_eq!((is_replayed(&replayed), &replayed.text), (true, &created.text));
        post(&token, MEMORIES, "from-the-token", &tea()).await.expect(201, "");
        assert!(is_replayed(&post(&session, MEMORIES, "from-the-token", &tea()).await));
        assert_eq!(total(&session).await, 2);
        // The access token manages no keys, even where its session did so with the same idempotency key.
        let body = json!({"name": "deploy bot"});
        post(&session, KEYS, "new-key", &body).await.expect(201, "");
        let refused = post(&token, KEYS, "new-key", &body).await;
        refused.expect(403, "INSUFFICIENT_SCOPE");
        assert!(!refused.text.contains("key_"), "{}", refused.text);
    }
    drop((world, users));
}

#[tokio::test]
async fn two_members_of_an_organization_share_no_record() {
    let (_world, issuer, instance) = organizations().await;
    let users = ["user_1", "user_2", "user_1-k", "user_1-", "k"];
    for (index, user) in users.into_iter().enumerate() {
        let session = member(&issuer, user, "admin");
        let token = exchanged(&instance, &session, "write:memories").await;
        let created = post(&instance.client.with(&session), MEMORIES, "k", &tea()).await;
        assert!(created.status == 201 && !is_replayed(&created), "{user}");
        assert!(is_replayed(&post(&instance.client.with(&token), MEMORIES, "k", &tea()).await), "{user}");
        assert_eq!(total(&instance.client.with(&session)).await, index as u64 + 1);
    }
}

#[tokio::test]
async fn an_admin_who_has_become_a_member_gets_no_replay_about_keys() {
    let (_world, issuer, instance) = organizations().await;
    let admin = instance.client.with(&member(&issuer, "user_maya", "admin"));
    let body = json!({"name": "deploy bot"});
    let created = post(&admin, KEYS, "new-key", &body).await;
    created.expect(201, "");
    let key = json!({"keyId": created.data()["id"]});
    post(&admin, ROTATE, "rotation", &key).await.expect(200, "");
    lose(&instance, &admin, KEYS, "lost", &json!({"name": "lost bot"})).await;
    let missing = json!({"keyId": "key_000000000000"});
    post(&admin, REVOKE, "nothing", &missing).await.expect(404, "RESOURCE_NOT_FOUND");
    post(&admin, REVOKE, "end", &key).await.expect(200, "");
    let demoted = instance.client.with(&member(&issuer, "user_maya", "member"));
    for (path, name, body) in [
        (KEYS, "new-key", &body),
        (ROTATE, "rotation", &key),
        (KEYS, "lost", &json!({"name": "lost bot"})),
        (REVOKE, "nothing", &missing),
        (REVOKE, "end", &key),
    ] {
        assert!(is_replayed(&post(&admin, path, name, body).await) || name == "lost", "{name}");
        let refused = post(&demoted, path, name, body).await;
        refused.expect(403, "INSUFFICIENT_SCOPE");
        assert!(!is_replayed(&refused) && !refused.text.contains("key_"), "{}", refused.text);
    }
}
