//! Reading keys: the list and single keys, their fields, and isolation between tenants.

use hb_domain::Scope;
use hb_tests::world::plenty;
use serde_json::{Value, json};

use super::{KEYS, Scene};

async fn listed(scene: &Scene) -> Vec<Value> {
    scene.owner.get(KEYS).await.data()["keys"].as_array().expect("keys").clone()
}

async fn one(scene: &Scene, id: &str) -> Value {
    scene.owner.get(&format!("{KEYS}/{id}")).await.data().clone()
}

#[tokio::test]
async fn a_key_is_shown_with_every_published_field_and_no_other() {
    let scene = Scene::new().await;
    let body = json!({"name": "reader", "environment": "development", "scopes": ["read:memories"],
        "expiresAt": "2026-12-01T00:00:00Z"});
    let key = scene.create(body).await;
    let shown = json!({
        "id": key.id,
        "name": "reader",
        "keyPrefix": key.plain[..14],
        "environment": "development",
        "scopes": ["read:memories"],
        "status": "active",
        "createdAt": "2026-11-24T12:00:00.000Z",
        "expiresAt": "2026-12-01T00:00:00.000Z",
        "lastUsedAt": null,
        "revokedAt": null,
    });
    assert_eq!(one(&scene, &key.id).await, shown);
    assert!(listed(&scene).await.contains(&shown));
}

#[tokio::test]
async fn the_list_has_every_key_of_the_tenant_newest_first() {
    let scene = Scene::new().await;
    let other = scene.world.account_with("globex", plenty()).await;
    let mut expected = vec![scene.account.id.to_string()];
    for second in 1..6 {
        scene.set_clock(&format!("2026-11-24T12:00:0{second}Z"));
        expected.insert(0, scene.named(&format!("key {second}")).await.id);
    }
    let ids: Vec<String> =
        listed(&scene).await.iter().map(|key| key["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids, expected);
    assert!(!ids.contains(&other.id.to_string()));
}

#[tokio::test]
async fn the_last_use_is_shown_and_a_key_never_used_has_none() {
    let scene = Scene::at("2026-11-30T23:59:00Z", plenty()).await;
    let (used, unused) = (scene.named("used").await, scene.named("unused").await);
    // A refused request is no use of the key: a 401 cannot be distinguished from a guess.
    scene.try_key(&format!("{}x", unused.plain)).await.expect(401, "AUTH_INVALID");
    for (moment, shown) in [
        ("2026-11-30T23:59:59.9999Z", "2026-11-30T23:59:59.999Z"),
        ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00.000Z"),
        ("2027-03-05T07:08:09.010Z", "2027-03-05T07:08:09.010Z"),
    ] {
        scene.set_clock(moment);
        scene.try_key(&used.plain).await;
        assert_eq!(one(&scene, &used.id).await["lastUsedAt"], shown);
        let keys = listed(&scene).await;
        let of = |id: &str| keys.iter().find(|key| key["id"] == id).expect("the key")["lastUsedAt"].clone();
        assert_eq!((of(&used.id), of(&unused.id)), (json!(shown), json!(null)));
    }
}

#[tokio::test]
async fn a_key_of_another_tenant_looks_like_one_that_does_not_exist() {
    let scene = Scene::new().await;
    let other = scene.world.account_with("globex", plenty()).await;
    let envelope = |mut answer: Value| {
        answer["metadata"].take();
        answer
    };
    let missing = envelope(scene.owner.get(&format!("{KEYS}/key_000000000000")).await.json);
    for id in [other.id.as_str(), "key_ABC", "mem_000000000000", "x"] {
        let answer = scene.owner.get(&format!("{KEYS}/{id}")).await;
        answer.expect(404, "RESOURCE_NOT_FOUND");
        assert_eq!(envelope(answer.json), missing, "{id}");
    }
}

#[tokio::test]
async fn any_credential_of_the_tenant_reads_keys_and_names_no_other_tenant() {
    let scene = Scene::new().await;
    let plain = scene.world.key_with(&scene.account.tenant, Scope::WriteWebhooks).await;
    let client = scene.instance.client.with(&plain);
    let id = scene.account.id.as_str();
    for path in [KEYS.to_owned(), format!("{KEYS}/{id}"), format!("{KEYS}/usage?keyId={id}")] {
        let join = if path.contains('?') { '&' } else { '?' };
        assert_eq!(client.get(&path).await.status, 200, "{path}");
        assert_eq!(client.get(&format!("{path}{join}tenantId=acme")).await.status, 200, "{path}");
        client.get(&format!("{path}{join}tenantId=globex")).await.expect(403, "TENANT_MISMATCH");
        client.get(&format!("{path}{join}colour=red")).await.expect(400, "VALIDATION_ERROR");
    }
}
