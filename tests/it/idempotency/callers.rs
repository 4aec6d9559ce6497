//! An idempotency record belongs to its caller, who is authorized again when a request is resumed or replayed.

mod rotations;
mod sessions;

use hb_domain::{Scope, Scopes, TenantId};
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Answer, Client, Driven, Fault, Instance, World};
use http::Method;
use serde_json::{Value, json};

use super::{KEYS, MEMORIES, move_on, post, send, tea, total};

const ROTATE: &str = "/api/v1/api-keys/rotate";
const REVOKE: &str = "/api/v1/api-keys/revoke";
const KEEP: &str = "DynamoDB UpdateItem Idempotency";

/// A tenant with its owner's key, and an instance.
async fn set_up() -> (World, Account, Instance) {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    (world, owner, instance)
}

/// Sends a request whose response cannot be stored, and lets its lock expire. A new secret is then lost.
async fn lose(instance: &Instance, client: &Client, path: &str, key: &str, body: &Value) {
    instance.tap.fail(KEEP, Fault::Reset, true);
    let answer = post(client, path, key, body).await;
    assert!(instance.tap.mend());
    assert_eq!(answer.status, if path == MEMORIES { 201 } else { 503 }, "{}", answer.text);
    move_on(instance, 36);
}

fn plain(answer: &Answer) -> String {
    answer.data()["plainKey"].as_str().unwrap_or_else(|| panic!("no plain key: {}", answer.text)).to_owned()
}

/// Passes calls up to the next one with this name, which is held.
async fn step_up_to(request: &mut Driven, name: &str) {
    while request.peek().await.expect("the request is in progress") != name {
        request.step().await;
    }
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

/// The live keys with this name.
async fn named(owner: &Client, name: &str) -> Vec<Value> {
    let keys = owner.get(KEYS).await;
    let keys = keys.data()["keys"].as_array().expect("keys").clone();
    keys.into_iter().filter(|key| key["name"] == name && key["status"] == "active").collect()
}

#[tokio::test]
async fn a_key_without_scopes_does_not_resume_its_owners_creation() {
    let (world, owner, instance) = set_up().await;
    let end = moment("2026-11-24T12:10:00Z");
    let (_, low) = world.key(&owner.tenant, Scopes::default(), Some(end)).await;
    let (low, owner) = (instance.client.with(&low), instance.client.with(&owner.key));
    let body = json!({"name": "deploy bot"});
    lose(&instance, &owner, KEYS, "deploy-42", &body).await;
    let made = named(&owner, "deploy bot").await;
    assert_eq!((made.len(), &made[0]["expiresAt"]), (1, &Value::Null), "the owner's key is there");

    // The same request of another caller is a different request: it creates a key with that name and this caller's
    // scopes.
    post(&low, KEYS, "deploy-42", &body).await.expect(409, "DUPLICATE_RESOURCE");
    let other = json!({"name": "another bot"});
    let own = post(&low, KEYS, "deploy-43", &other).await;
    own.expect(201, "");
    assert_eq!((&own.data()["scopes"], &own.data()["expiresAt"]), (&json!([]), &json!(end)));
    // The owner can still resume its own request.
    let resumed = post(&owner, KEYS, "deploy-42", &body).await;
    resumed.expect(201, "");
    assert_eq!(resumed.data()["id"], made[0]["id"]);
    assert_eq!(resumed.data()["scopes"].as_array().map(Vec::len), Some(4));
    assert_eq!(instance.client.with(&plain(&resumed)).get(MEMORIES).await.status, 200);
}

#[tokio::test]
async fn a_key_that_was_rotated_since_is_not_returned_when_its_creation_is_resumed() {
    let (world, owner, instance) = set_up().await;
    let (_, low) = world.key(&owner.tenant, Scopes::default(), None).await;
    let (low, owner) = (instance.client.with(&low), instance.client.with(&owner.key));
    let body = json!({"name": "deploy bot"});
    lose(&instance, &owner, KEYS, "k", &body).await;
    let id = named(&owner, "deploy bot").await[0]["id"].clone();
    let rotated = plain(&owner.post(ROTATE, json!({"keyId": id, "gracePeriodSeconds": 0})).await);

    for client in [&low, &owner] {
        let refused = post(client, KEYS, "k", &body).await;
        refused.expect(409, "DUPLICATE_RESOURCE");
        assert!(refused.message().contains(id.as_str().expect("an id")), "{}", refused.text);
        assert!(!refused.text.contains("plainKey"), "{}", refused.text);
    }
    let refused = post(&owner, KEYS, "k", &body).await;
    assert!(is_replayed(&refused), "the refusal is a stored response");
    assert!(refused.message().contains("earlier attempt") && refused.message().contains("rotated since"));
    assert_eq!(instance.client.with(&rotated).get(MEMORIES).await.status, 200, "the rotated secret works on");
}

#[tokio::test]
async fn a_key_that_was_revoked_since_is_not_returned_when_its_creation_is_resumed() {
    let (_world, owner, instance) = set_up().await;
    let owner = instance.client.with(&owner.key);
    let body = json!({"name": "deploy bot"});
    lose(&instance, &owner, KEYS, "k", &body).await;
    let id = named(&owner, "deploy bot").await[0]["id"].clone();
    owner.post(REVOKE, json!({ "keyId": id })).await.expect(200, "");
    let refused = post(&owner, KEYS, "k", &body).await;
    refused.expect(409, "DUPLICATE_RESOURCE");
    assert!(refused.message().contains("revoked since"), "{}", refused.text);
}

/// A rotation between the read of the stored key and the write of its new secret.
#[tokio::test]
async fn a_rotation_while_a_creation_is_resumed_is_not_undone() {
    let (world, owner, instance) = set_up().await;
    let other = world.instance().await;
    let resuming = instance.client.with(&owner.key);
    let owner = other.client.with(&owner.key);
    let body = json!({"name": "deploy bot"});
    lose(&instance, &resuming, KEYS, "k", &body).await;
    let id = named(&owner, "deploy bot").await[0]["id"].clone();
    let mut resumed = Driven::start(&instance, async move { post(&resuming, KEYS, "k", &body).await });
    // The creation finds the existing key, then reads both of its items.
    resumed.step_past("DynamoDB TransactWriteItems").await;
    resumed.step_past("DynamoDB GetItem ApiKeys").await;
    step_up_to(&mut resumed, "DynamoDB TransactWriteItems").await;
    let rotated = plain(&owner.post(ROTATE, json!({ "keyId": id })).await);
    resumed.finish().await.expect(503, "SERVICE_UNAVAILABLE");
    assert_eq!(other.client.with(&rotated).get(MEMORIES).await.status, 200);
    move_on(&other, 36);
    post(&owner, KEYS, "k", &json!({"name": "deploy bot"})).await.expect(409, "DUPLICATE_RESOURCE");
}

/// The first attempt continues after another one has taken over its lock and finished.
#[tokio::test]
async fn an_attempt_whose_lock_was_taken_over_changes_no_returned_secret() {
    let (world, owner, slow) = set_up().await;
    let other = world.instance().await;
    let (client, body) = (slow.client.with(&owner.key), json!({"name": "deploy bot"}));
    assert_eq!(client.get(KEYS).await.status, 200);
    let sent = body.clone();
    let mut request = Driven::start(&slow, async move { post(&client, KEYS, "k", &sent).await });
    request.step_past("DynamoDB PutItem Idempotency").await;
    step_up_to(&mut request, "DynamoDB TransactWriteItems").await;
    move_on(&other, 36);
    let taken_over = post(&other.client.with(&owner.key), KEYS, "k", &body).await;
    taken_over.expect(201, "");
    request.finish().await.expect(503, "SERVICE_UNAVAILABLE");
    assert_eq!(
        other.client.with(&plain(&taken_over)).get(MEMORIES).await.status,
        200,
        "the returned secret works"
    );
}

#[tokio::test]
async fn a_secret_in_its_grace_period_does_not_resume_the_creation_of_a_longer_lived_key() {
    let (world, owner, instance) = set_up().await;
    let (id, old) = world.key(&owner.tenant, Scopes::all(), None).await;
    let (owner, old) = (instance.client.with(&owner.key), instance.client.with(&old));
    let body = json!({"name": "deploy bot"});
    lose(&instance, &old, KEYS, "k", &body).await;
    let new = plain(&owner.post(ROTATE, json!({"keyId": id, "gracePeriodSeconds": 3600})).await);
    // The stored key never expires, the old secret does.
    let refused = post(&old, KEYS, "k", &body).await;
    refused.expect(403, "INSUFFICIENT_SCOPE");
    // The key with its new secret is the same caller.
    let resumed = post(&instance.client.with(&new), KEYS, "k", &body).await;
    resumed.expect(201, "");
    assert_eq!(resumed.data()["expiresAt"], Value::Null);
    assert_eq!(named(&owner, "deploy bot").await.len(), 1);
}

/// The reverse case: the key is returned as it was first written, whatever the caller's scopes are now.
#[tokio::test]
async fn a_resumed_creation_returns_the_key_as_first_written() {
    let (world, owner, instance) = set_up().await;
    let (id, old) = world.key(&owner.tenant, Scopes::all(), None).await;
    let owner = instance.client.with(&owner.key);
    let new = plain(&owner.post(ROTATE, json!({"keyId": id, "gracePeriodSeconds": 3600})).await);
    let body = json!({"name": "deploy bot"});
    lose(&instance, &instance.client.with(&old), KEYS, "k", &body).await;
    let resumed = post(&instance.client.with(&new), KEYS, "k", &body).await;
    resumed.expect(201, "");
    assert_eq!(resumed.data()["expiresAt"], "2026-11-24T13:00:00.000Z", "the end of the old secret's grace");
    let made = named(&owner, "deploy bot").await;
    assert_eq!((made.len(), &made[0]["expiresAt"]), (1, &resumed.data()["expiresAt"]));
}

#[tokio::test]
async fn a_key_that_its_owner_rotates_keeps_its_records() {
    let (world, owner, instance) = set_up().await;
    let (id, old) = world.key(&owner.tenant, Scopes::all(), None).await;
    let owner = instance.client.with(&owner.key);
    let old = instance.client.with(&old);
    let created = post(&old, MEMORIES, "kept", &tea()).await;
    created.expect(201, "");
    lose(&instance, &old, MEMORIES, "lost", &tea()).await;
    let new = instance.client.with(&plain(&owner.post(ROTATE, json!({ "keyId": id })).await));
    let replayed = post(&new, MEMORIES, "kept", &tea()).await;
    assert_eq!((is_replayed(&replayed), &replayed.text), (true, &created.text));
    let resumed = post(&new, MEMORIES, "lost", &tea()).await;
    resumed.expect(201, "");
    assert_eq!(total(&owner).await, 2, "nothing is doubled");
}

#[tokio::test]
async fn a_key_without_scopes_is_refused_where_its_owner_gets_a_replay() {
    let (world, owner, instance) = set_up().await;
    let (_, low) = world.key(&owner.tenant, Scopes::default(), None).await;
    let (low, owner) = (instance.client.with(&low), instance.client.with(&owner.key));
    let body = json!({"name": "deploy bot", "scopes": ["read:memories"]});
    post(&owner, KEYS, "k", &body).await.expect(201, "");
    assert!(is_replayed(&post(&owner, KEYS, "k", &body).await));
    let refused = post(&low, KEYS, "k", &body).await;
    refused.expect(403, "INSUFFICIENT_SCOPE");
    assert!(!is_replayed(&refused) && !refused.text.contains("key_"), "{}", refused.text);
}

#[tokio::test]
async fn a_caller_cannot_occupy_anothers_idempotency_keys() {
    let (world, owner, instance) = set_up().await;
    let low = instance.client.with(&world.key(&owner.tenant, Scopes::default(), None).await.1);
    let (target, _) = world.key(&owner.tenant, Scopes::all(), None).await;
    let owner = instance.client.with(&owner.key);
    // Uses every key that the owner may use next: with another body, and with a 404 that would be stored.
    let (missing, own) = (json!({"keyId": "key_000000000000"}), json!({ "keyId": target }));
    for key in ["k-1", "k-2"] {
        post(&low, REVOKE, key, &missing).await.expect(404, "RESOURCE_NOT_FOUND");
        assert!(is_replayed(&post(&low, REVOKE, key, &missing).await), "it is the squatter's own record");
    }
    post(&owner, REVOKE, "k-1", &missing).await.expect(404, "RESOURCE_NOT_FOUND");
    let revoked = post(&owner, REVOKE, "k-2", &own).await;
    revoked.expect(200, "");
    assert!(!is_replayed(&revoked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_of_two_callers_with_one_key_both_take_effect() {
    let (world, owner, instance) = set_up().await;
    let second = instance.client.with(&world.key(&owner.tenant, Scopes::all(), None).await.1);
    let first = instance.client.with(&owner.key);
    for round in 0..8 {
        let (key, body) = (format!("round-{round}"), tea());
        let (one, two) =
            tokio::join!(post(&first, MEMORIES, &key, &body), post(&second, MEMORIES, &key, &body));
        one.expect(201, "");
        two.expect(201, "");
        assert_ne!(one.data()["id"], two.data()["id"]);
    }
    assert_eq!(total(&first).await, 16);
}

/// A key of 255 characters that contains the names of other callers and other records.
#[tokio::test]
async fn no_idempotency_key_addresses_another_callers_records() {
    let (world, owner, instance) = set_up().await;
    let (id, second) = world.key(&owner.tenant, Scopes::all(), None).await;
    let (first, second) = (instance.client.with(&owner.key), instance.client.with(&second));
    let long = "x".repeat(255);
    for key in ["k", &format!("{id}#k"), &format!("#{id}#k"), &format!("key#{id}#k"), "#", &long] {
        post(&first, MEMORIES, key, &tea()).await.expect(201, "");
        let other = post(&second, MEMORIES, key, &tea()).await;
        assert!(other.status == 201 && !is_replayed(&other), "{key}");
    }
    assert_eq!(total(&first).await, 12);
}

#[tokio::test]
async fn a_resumed_revocation_returns_when_the_key_was_revoked() {
    let (world, owner, instance) = set_up().await;
    let (id, dead) = world.key(&owner.tenant, Scopes::all(), None).await;
    let owner = instance.client.with(&owner.key);
    let body = json!({ "keyId": id });
    // The response contains no secret, so it is repeated although it was not stored.
    instance.tap.fail(KEEP, Fault::Reset, true);
    let first = post(&owner, REVOKE, "k", &body).await;
    assert!(instance.tap.mend());
    move_on(&instance, 36);
    let again = post(&owner, REVOKE, "k", &body).await;
    again.expect(200, "");
    assert_eq!((is_replayed(&again), again.data()), (false, first.data()));
    instance.client.with(&dead).get(MEMORIES).await.expect(401, "AUTH_INVALID");
}

#[tokio::test]
async fn a_response_whose_expiry_has_passed_is_still_replayed() {
    let (_world, owner, instance) = set_up().await;
    let owner = instance.client.with(&owner.key);
    let body = json!({"name": "short", "expiresAt": "2026-11-24T12:00:10Z"});
    post(&owner, KEYS, "k", &body).await.expect(201, "");
    move_on(&instance, 60);
    let again = post(&owner, KEYS, "k", &body).await;
    assert_eq!((again.status.as_u16(), is_replayed(&again)), (201, true));
    post(&owner, KEYS, "new", &body).await.expect(400, "VALIDATION_ERROR");
}

/// A body with another content type is refused before the record is looked up.
#[tokio::test]
async fn a_body_of_another_content_type_replays_nothing() {
    let (_world, owner, instance) = set_up().await;
    let owner = instance.client.with(&owner.key);
    let body = json!({"name": "deploy bot"});
    post(&owner, KEYS, "k", &body).await.expect(201, "");
    let headers = [("content-type", "text/plain"), ("idempotency-key", "k")];
    let refused = owner.send_raw(Method::POST, KEYS, &headers, body.to_string()).await;
    refused.expect(415, "UNSUPPORTED_MEDIA_TYPE");
}

/// A stored response is replayed even if the operator has removed the key since.
#[tokio::test]
async fn the_response_about_a_removed_key_is_still_replayed() {
    let (world, owner, instance) = set_up().await;
    let (id, _) = world.key(&owner.tenant, Scopes::all(), None).await;
    let owner = instance.client.with(&owner.key);
    let body = json!({ "keyId": id });
    let first = post(&owner, REVOKE, "k", &body).await;
    first.expect(200, "");
    world.delete_key(&TenantId::parse("acme").expect("a tenant"), &id).await;
    let again = post(&owner, REVOKE, "k", &body).await;
    assert_eq!((is_replayed(&again), &again.text), (true, &first.text));
    post(&owner, REVOKE, "other", &body).await.expect(404, "RESOURCE_NOT_FOUND");
}

/// A refusal before the lookup creates no record: the key can be used for an allowed request.
#[tokio::test]
async fn a_refused_request_creates_no_record() {
    let (world, owner, instance) = set_up().await;
    let writer = instance.client.with(&world.key_with(&owner.tenant, Scope::WriteMemories).await);
    let body = json!({"name": "reader", "scopes": ["read:memories"]});
    post(&writer, KEYS, "k", &body).await.expect(403, "INSUFFICIENT_SCOPE");
    assert!(!world.everything().await.contains("fingerprint"), "no record is stored");
    let own = json!({"name": "writer"});
    post(&writer, KEYS, "k", &own).await.expect(201, "");
    let path = "/api/v1/memories/mem_0123456789abcdefghijkl";
    send(&writer, Method::PATCH, path, "k", &json!({})).await.expect(422, "IDEMPOTENCY_CONFLICT");
}
