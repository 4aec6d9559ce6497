//! What an event is about is shown as it is when the event is listed, and nothing is shown of what is gone.

use std::time::Duration;

use hb_tests::feed::About;
use hb_tests::{Answer, Fault, World};
use http::Method;
use serde_json::{Value, json};

use super::{EVENTS, MEMORIES, create, expected, has_more, ids, page, page_after, tenant, two_tenants};

fn data(page: &Answer) -> Vec<Value> {
    let events = page.data()["events"].as_array().expect("events");
    events.iter().map(|event| event["data"].clone()).collect()
}

#[tokio::test]
async fn a_memory_is_shown_as_it_is_now() {
    let (world, _instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    let full = json!({
        "content": "first", "type": "task", "tags": ["a"], "userId": "maya", "agentId": "g", "sessionId": "s", "key": "k",
        "namespace": ["n"], "importance": 0.25, "metadata": {"a": [1.0, null]}, "searchable": false,
        "expiresAt": "2027-01-01T00:00:00Z",
    });
    let id = create(&client, full).await;
    for (position, about) in [(1, About::Created(&id)), (2, About::Updated(&id))] {
        world.append(&acme, position, about).await;
    }
    for content in ["second", "third"] {
        let path = format!("{MEMORIES}/{id}");
        client.send(Method::PATCH, &path, Some(json!({"content": content}))).await.expect(200, "");
        let mut memory = client.get(&path).await.data().clone();
        memory["tenantId"] = json!("acme");
        let listed = page(&client, "").await;
        assert_eq!(data(&listed), [memory.clone(), memory]);
        let metadata = |number: usize| listed.data()["events"][number]["metadata"].clone();
        assert_eq!(
            (metadata(0)["changed_fields"].clone(), metadata(1)["changed_fields"].clone()),
            (Value::Null, json!(["content"]))
        );
    }
}

#[tokio::test]
async fn a_memory_that_is_gone_is_an_id_and_a_reason() {
    let (world, instance, client) = World::with_a_client().await;
    let (acme, ends) = (tenant("acme"), world.clock.now().plus(Duration::from_secs(60)));
    let kept = create(&client, json!({"content": "kept", "type": "task"})).await;
    let deleted = create(&client, json!({"content": "deleted", "type": "task"})).await;
    let brief = create(&client, json!({"content": "brief", "type": "task", "expiresAt": ends})).await;
    let abouts = [
        About::Created(&kept),
        About::Deleted(&kept, "deleted"),
        About::Created(&deleted),
        About::Updated(&deleted),
        About::Deleted(&deleted, "deleted"),
        About::CreatedUntil(&brief, ends),
        About::Deleted(&brief, "expired"),
    ];
    for (position, about) in (1..).zip(abouts) {
        world.append(&acme, position, about).await;
    }
    client.send(Method::DELETE, &format!("{MEMORIES}/{deleted}"), None).await.expect(200, "");
    let gone = |id: &str, reason: &str| json!({"id": id, "reason": reason, "tenantId": "acme"});
    let before = data(&page(&client, "").await);
    assert_eq!((before[0]["content"].clone(), before[5]["content"].clone()), (json!("kept"), json!("brief")));
    // It expires at once, and is removed later.
    instance.clock.set(ends);
    for is_removed in [false, true] {
        if is_removed {
            world.clock.set(ends.plus(Duration::from_secs(1)));
            assert_eq!(world.sweep().await, 1);
        }
        let listed = data(&page(&client, "").await);
        let expected = [
            before[0].clone(),
            gone(&kept, "deleted"),
            gone(&deleted, "deleted"),
            gone(&deleted, "deleted"),
            gone(&deleted, "deleted"),
            gone(&brief, "expired"),
            gone(&brief, "expired"),
        ];
        assert_eq!(listed, expected, "{is_removed}");
    }
}

#[tokio::test]
async fn nothing_of_an_erased_user_is_in_the_feed() {
    let (world, _instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    for (position, user) in (1..=6).zip(["maya", "ben"].into_iter().cycle()) {
        let body = json!({"content": format!("the secret of {user}"), "type": "task", "userId": user});
        let id = create(&client, body).await;
        world.append(&acme, position, About::Created(&id)).await;
    }
    assert_eq!(page(&client, "").await.text.matches("the secret of maya").count(), 3);
    let filter = json!({"filter": {"userId": "maya"}});
    let erased = client.post(&format!("{MEMORIES}/bulk-delete"), filter).await;
    assert_eq!(erased.data()["deleted"], 3, "{}", erased.text);
    let listed = page(&client, "").await;
    assert_eq!(listed.text.matches("the secret of ben").count(), 3);
    assert!(!listed.text.contains("maya"), "{}", listed.text);
    assert!(!world.everything().await.contains("the secret of maya"));
}

#[tokio::test]
async fn a_key_is_shown_as_the_list_of_keys_shows_it() {
    let (world, _instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    let (key, plain) = world.key(&acme, hb_domain::Scopes::all(), None).await;
    let gone = hb_domain::KeyId::parse("key_0123456789ab").expect("an id");
    for (position, about) in
        [(1, About::KeyCreated(&key)), (2, About::KeyRevoked(&key)), (3, About::KeyCreated(&gone))]
    {
        world.append(&acme, position, about).await;
    }
    for is_revoked in [false, true] {
        if is_revoked {
            let revoked = client.post("/api/v1/api-keys/revoke", json!({"keyId": key})).await;
            revoked.expect(200, "");
        }
        let mut summary = client.get(&format!("/api/v1/api-keys/{key}")).await.data().clone();
        summary.as_object_mut().expect("an object").remove("lastUsedAt");
        summary["tenantId"] = json!("acme");
        assert_eq!(summary["status"], if is_revoked { "revoked" } else { "active" });
        let listed = page(&client, "").await;
        let expected = [summary.clone(), summary, json!({"id": gone, "tenantId": "acme"})];
        assert_eq!(data(&listed), expected, "{is_revoked}");
        assert!(!listed.text.contains(&plain[14..]) && !listed.text.to_lowercase().contains("hash"));
    }
    world.delete_key(&acme, &key).await;
    assert_eq!(data(&page(&client, "").await)[0], json!({"id": key, "tenantId": "acme"}));
}

#[tokio::test]
async fn no_event_shows_anything_of_another_tenant() {
    let (world, _instance, client, stranger) = two_tenants().await;
    let secret = create(&stranger, json!({"content": "the secret", "type": "task"})).await;
    let (key, _) = world.key(&tenant("globex"), hb_domain::Scopes::all(), None).await;
    world.append(&tenant("globex"), 1, About::Created(&secret)).await;
    // Whatever names an event of this tenant might hold.
    for (position, about) in [(1, About::Created(&secret)), (2, About::KeyCreated(&key))] {
        world.append(&tenant("acme"), position, about).await;
    }
    let listed = page(&client, "").await;
    let expected = [
        json!({"id": secret, "reason": "deleted", "tenantId": "acme"}),
        json!({"id": key, "tenantId": "acme"}),
    ];
    assert_eq!(data(&listed), expected);
    assert_eq!(data(&page(&stranger, "").await)[0]["content"], "the secret");
}

#[tokio::test]
async fn a_page_of_large_memories_is_as_large_as_a_response_may_be() {
    let (world, _instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    let large =
        json!({"content": "🦀".repeat(10_000), "type": "task", "metadata": {"a": "x".repeat(16_000)}});
    let id = create(&client, large).await;
    for position in 1..=120 {
        world.append(&acme, position, About::Updated(&id)).await;
    }
    let (mut last, mut found, mut pages) = (page(&client, "limit=100").await, Vec::new(), 1);
    loop {
        assert!(last.text.len() < 3 * 1024 * 1024, "{}", last.text.len());
        found.extend(ids(&last));
        if !has_more(&last) {
            break;
        }
        last = page_after(&client, &last, "limit=100").await;
        pages += 1;
    }
    assert_eq!(found, expected(1..=120));
    assert!((3..=4).contains(&pages), "{pages}");
}

#[tokio::test]
async fn the_subjects_of_a_page_are_one_batch_of_distinct_keys() {
    let (world, instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    let (key, _) = world.key(&acme, hb_domain::Scopes::all(), None).await;
    let mut memories = Vec::new();
    for number in 0..20 {
        memories.push(create(&client, json!({"content": format!("memory {number}"), "type": "task"})).await);
    }
    for (position, number) in (1..=100).zip((0..20).cycle()) {
        let about = if number % 2 == 0 { About::Updated(&memories[number]) } else { About::KeyCreated(&key) };
        world.append(&acme, position, about).await;
    }
    client.get(EVENTS).await;
    instance.tap.take();
    let listed = page(&client, "limit=100").await;
    assert_eq!(ids(&listed), expected(1..=100));
    let reads = instance.tap.take().into_iter().filter(|call| call.read_units > 0.0);
    let names: Vec<(String, f64)> = reads.map(|call| (call.name, call.read_units)).collect();
    let units: f64 = names.iter().map(|(_, units)| units).sum();
    assert_eq!(
        names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["DynamoDB Query Events", "DynamoDB BatchGetItem"]
    );
    assert!(units <= 20.0, "{names:?}");
}

#[tokio::test]
async fn a_page_is_answered_when_reading_its_subjects_fails_once_and_is_an_error_when_it_fails_for_good() {
    let (world, instance, client) = World::with_a_client().await;
    let id = create(&client, json!({"content": "tea", "type": "task"})).await;
    world.append(&tenant("acme"), 1, About::Created(&id)).await;
    for fault in Fault::ALL {
        instance.tap.fail("DynamoDB BatchGetItem", fault, false);
        let answer = client.get(EVENTS).await;
        assert!(instance.tap.mend());
        // A conflict is no error of a read, so it is not tried again.
        if fault != Fault::Conflict {
            assert_eq!(data(&answer)[0]["content"], "tea", "{fault:?}");
        }
    }
    instance.tap.fail("DynamoDB BatchGetItem", Fault::Throttled, true);
    client.get(EVENTS).await.expect(503, "SERVICE_UNAVAILABLE");
}
