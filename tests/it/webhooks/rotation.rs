//! Rotating the secret of an endpoint: both secrets during the grace period, and one rotation at a time.

use std::time::Duration;

use futures_util::future::join_all;
use hb_domain::webhook::{SealedSecret, WebhookSecret};
use hb_domain::{Scope, TenantId, WebhookId};
use hb_http::{Entropy, WebhookKeyCache};
use hb_store::VersionedWebhook;
use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Driven};
use http::Method;
use serde_json::{Value, json};

use super::{Scene, WEBHOOKS, id_of, path_of};

const GIVEN: &str = "a secret of twenty-four and more";

/// An endpoint, and the secret that its creation returned.
async fn created(scene: &Scene) -> (String, String) {
    let created = scene.create(1).await;
    (path_of(&created), created.data()["secret"].as_str().expect("a secret").to_owned())
}

async fn rotate(client: &Client, path: &str, body: Value) -> Answer {
    client.post(&format!("{path}/rotate-secret"), body).await
}

fn secret_of(answer: &Answer) -> String {
    answer.expect(200, "");
    answer.data()["secret"].as_str().expect("a secret").to_owned()
}

async fn stored(scene: &Scene, path: &str) -> VersionedWebhook {
    let operator = scene.world.operator(&scene.account.tenant);
    let id = WebhookId::parse(path.rsplit('/').next().expect("an id")).expect("an id");
    scene.world.store.with(&operator).webhooks().get(&id).await.expect("the endpoint")
}

/// The secrets that sign what is sent to the endpoint now, by the instance's clock.
async fn signing(scene: &Scene, path: &str) -> Vec<String> {
    let (cache, now, found) =
        (WebhookKeyCache::default(), scene.instance.clock.now(), stored(scene, path).await);
    let mut secrets = Vec::new();
    for sealed in found.secrets_at(now) {
        secrets.push(opened(scene, &cache, &found.webhook.id, sealed).await);
    }
    secrets
}

async fn opened(scene: &Scene, cache: &WebhookKeyCache, id: &WebhookId, sealed: &SealedSecret) -> String {
    let (tenant, now) = (TenantId::parse("acme").expect("a tenant"), scene.instance.clock.now());
    let secret = cache.open(&scene.world.store, now, (&tenant, id), sealed).await.expect("a secret");
    exposed(&secret)
}

#[expect(clippy::disallowed_methods, reason = "a test compares secrets")]
fn exposed(secret: &WebhookSecret) -> String {
    secret.expose().to_owned()
}

fn advance(scene: &Scene, seconds: u64) {
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(seconds)));
}

#[tokio::test]
async fn both_secrets_sign_until_exactly_the_end_of_the_grace_period() {
    let scene = Scene::new().await;
    let (path, first) = created(&scene).await;
    let before = scene.owner.get(&path).await;
    advance(&scene, 5);
    let rotated = rotate(&scene.owner, &path, json!({"gracePeriodSeconds": 60})).await;
    let second = secret_of(&rotated);
    assert!(second.starts_with("whsec_") && second != first);
    let expected = json!({
        "id": path.rsplit('/').next(), "secret": second, "previousSecretExpiresAt": "2026-11-24T12:01:05.000Z",
    });
    assert_eq!(*rotated.data(), expected);
    assert_eq!(rotated.header("cache-control"), "no-store");
    assert_eq!(signing(&scene, &path).await, [second.clone(), first.clone()]);
    advance(&scene, 59);
    assert_eq!(signing(&scene, &path).await, [second.clone(), first.clone()]);
    advance(&scene, 1);
    assert_eq!(signing(&scene, &path).await, std::slice::from_ref(&second));
    // Nothing else of the endpoint has changed, and it has another version.
    let after = scene.owner.get(&path).await;
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_eq!(after.header("etag"), rotated.header("etag"));
    let mut expected = before.data().clone();
    expected["updatedAt"] = json!("2026-11-24T12:00:05.000Z");
    assert_eq!(*after.data(), expected);
    let kept = scene.world.everything().await;
    assert!(!kept.contains(&first[6..]) && !kept.contains(&second[6..]), "a secret is stored");
}

#[tokio::test]
async fn a_rotation_has_a_day_of_grace_by_default_and_none_if_it_is_zero() {
    let scene = Scene::new().await;
    let (path, first) = created(&scene).await;
    let rotated = rotate(&scene.owner, &path, json!({})).await;
    let second = secret_of(&rotated);
    assert_eq!(rotated.data()["previousSecretExpiresAt"], "2026-11-25T12:00:00.000Z");
    advance(&scene, 86_400);
    let rotated = rotate(&scene.owner, &path, json!({"gracePeriodSeconds": 0})).await;
    let third = secret_of(&rotated);
    assert_eq!(rotated.data()["previousSecretExpiresAt"], Value::Null);
    assert_eq!(signing(&scene, &path).await, std::slice::from_ref(&third));
    // Not even if the clock of another instance is behind.
    advance(&scene, 0);
    scene.instance.clock.set(scene.world.clock.now());
    assert_eq!(signing(&scene, &path).await, std::slice::from_ref(&third));
    assert!(first != second && second != third);
    let rotated = rotate(&scene.owner, &path, json!({"gracePeriodSeconds": 604_800})).await;
    assert_eq!(rotated.data()["previousSecretExpiresAt"], "2026-12-01T12:00:00.000Z");
}

#[tokio::test]
async fn a_second_rotation_during_the_grace_period_is_refused_and_says_until_when() {
    let scene = Scene::new().await;
    let (path, first) = created(&scene).await;
    let second = secret_of(&rotate(&scene.owner, &path, json!({"gracePeriodSeconds": 60})).await);
    advance(&scene, 59);
    for body in [json!({}), json!({"gracePeriodSeconds": 0}), json!({"secret": GIVEN})] {
        let refused = rotate(&scene.owner, &path, body).await;
        refused.expect(409, "DUPLICATE_RESOURCE");
        assert!(refused.message().contains("2026-11-24T12:01:00.000Z"), "{}", refused.text);
    }
    assert_eq!(signing(&scene, &path).await, [second, first]);
    advance(&scene, 1);
    secret_of(&rotate(&scene.owner, &path, json!({})).await);
}

#[tokio::test]
async fn a_given_secret_is_used_as_it_is() {
    let scene = Scene::new().await;
    for (number, given) in [GIVEN, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"].into_iter().enumerate() {
        let path = path_of(&scene.create(number).await);
        let rotated = rotate(&scene.owner, &path, json!({"secret": given})).await;
        assert_eq!(secret_of(&rotated), given);
        assert_eq!(signing(&scene, &path).await[0], given);
    }
}

#[tokio::test]
async fn invalid_fields_are_refused_and_nothing_is_rotated() {
    let scene = Scene::new().await;
    let (path, first) = created(&scene).await;
    for grace in [json!(-1), json!(604_801), json!(1.5), json!("60"), json!(null), json!(u64::MAX), json!([])]
    {
        let answer = rotate(&scene.owner, &path, json!({"gracePeriodSeconds": grace})).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["gracePeriodSeconds"], "{grace}");
    }
    let long = "s".repeat(65);
    for secret in [
        "",
        "short",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_not base64 at all, is it?",
        "a\0bcdefghijklmnopqrstuvwxyz",
        &long,
    ] {
        let answer = rotate(&scene.owner, &path, json!({"secret": secret})).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), ["secret"], "{secret}");
        assert!(answer.text.contains("whsec_ and 24 to 64 bytes in base64"), "{}", answer.text);
        assert!(secret.len() < 7 || !answer.text.contains(secret), "the secret is not repeated");
    }
    let answer = rotate(&scene.owner, &path, json!({"grace": 1, "secret": null})).await;
    assert_eq!(answer.fields(), ["grace", "secret"]);
    let answer = scene.owner.post(&format!("{path}/rotate-secret?gracePeriodSeconds=1"), json!({})).await;
    assert_eq!(answer.fields(), ["gracePeriodSeconds"]);
    assert_eq!(signing(&scene, &path).await, [first]);
    for id in ["whk_0000000000000000", "x", "whk_0000000000000000%00"] {
        let missing = rotate(&scene.owner, &format!("{WEBHOOKS}/{id}"), json!({})).await;
        missing.expect(404, "RESOURCE_NOT_FOUND");
    }
}

#[tokio::test]
async fn whoever_may_not_read_the_events_gets_no_secret() {
    let scene = Scene::new().await;
    let (path, first) = created(&scene).await;
    let scopes = [Scope::WriteWebhooks].into_iter().collect();
    let (_, key) = scene.world.key(&scene.account.tenant, scopes, None).await;
    let caller = scene.instance.client.with(&key);
    for headers in [vec![], vec![("idempotency-key", "k")]] {
        let headers = [headers, vec![("content-type", "application/json")]].concat();
        let answer =
            caller.send_raw(Method::POST, &format!("{path}/rotate-secret"), &headers, "{}".to_owned()).await;
        answer.expect(403, "INSUFFICIENT_SCOPE");
    }
    let other = scene.world.account_with("globex", plenty()).await;
    let stranger = scene.instance.client.with(&other.key);
    let foreign = rotate(&stranger, &path, json!({})).await;
    foreign.expect(404, "RESOURCE_NOT_FOUND");
    assert_eq!(signing(&scene, &path).await, [first]);
}

#[tokio::test]
async fn a_rotation_heeds_if_match() {
    let scene = Scene::new().await;
    let (path, first) = created(&scene).await;
    let version = scene.owner.get(&path).await.header("etag").to_owned();
    let target = format!("{path}/rotate-secret");
    let body = r#"{"gracePeriodSeconds":0}"#.to_owned();
    let with = |tag: &'static str| [("content-type", "application/json"), ("if-match", tag)];
    let refused = scene.owner.send_raw(Method::POST, &target, &with("\"other\""), body.clone()).await;
    refused.expect(412, "PRECONDITION_FAILED");
    assert_eq!(signing(&scene, &path).await, [first]);
    let headers = [("content-type", "application/json"), ("if-match", version.as_str())];
    secret_of(&scene.owner.send_raw(Method::POST, &target, &headers, body.clone()).await);
    let again = scene.owner.send_raw(Method::POST, &target, &headers, body.clone()).await;
    again.expect(412, "PRECONDITION_FAILED");
    secret_of(&scene.owner.send_raw(Method::POST, &target, &with("*"), body).await);
}

#[tokio::test]
async fn of_two_rotations_at_once_exactly_one_wins() {
    for grace in [0, 60] {
        for _ in 0..6 {
            let scene = Scene::new().await;
            let (path, first) = created(&scene).await;
            let body = json!({"gracePeriodSeconds": grace});
            // Both have read the endpoint before the first one writes.
            let other = scene.world.instance().await;
            let client = other.client.with(&scene.account.key);
            client.get(WEBHOOKS).await.expect(200, "");
            let late = {
                let (path, body) = (path.clone(), body.clone());
                async move { rotate(&client, &path, body).await }
            };
            let mut late = Driven::start(&other, late);
            late.step_past("DynamoDB GetItem Webhooks").await;
            let won = secret_of(&rotate(&scene.owner, &path, body).await);
            let lost = late.finish().await;
            lost.expect(409, "DUPLICATE_RESOURCE");
            let expected = if grace == 0 { vec![won] } else { vec![won, first] };
            assert_eq!(signing(&scene, &path).await, expected);
        }
    }
}

#[tokio::test]
async fn many_rotations_at_once_are_won_by_one() {
    let scene = Scene::new().await;
    let (path, first) = created(&scene).await;
    let answers = join_all((0..8).map(|_| rotate(&scene.owner, &path, json!({})))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    assert_eq!(signing(&scene, &path).await, [secret_of(won[0]), first]);
    for answer in lost {
        assert!([409, 503].contains(&answer.status.as_u16()), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_change_during_a_rotation_is_not_lost_and_a_deletion_ends_it() {
    for is_deletion in [false, true] {
        let scene = Scene::new().await;
        let (path, first) = created(&scene).await;
        let other = scene.world.instance().await;
        let client = other.client.with(&scene.account.key);
        client.get(WEBHOOKS).await.expect(200, "");
        let target = path.clone();
        let mut late = Driven::start(&other, async move { rotate(&client, &target, json!({})).await });
        late.step_past("DynamoDB GetItem Webhooks").await;
        if is_deletion {
            scene.owner.send(Method::DELETE, &path, None).await.expect(200, "");
            late.finish().await.expect(404, "RESOURCE_NOT_FOUND");
            assert!(scene.items().await.keys().all(|key| !key.starts_with("whk_")), "it does not come back");
            continue;
        }
        scene.owner.send(Method::PATCH, &path, Some(json!({"name": "changed"}))).await.expect(200, "");
        let rotated = secret_of(&late.finish().await);
        assert_eq!(signing(&scene, &path).await, [rotated, first]);
        assert_eq!(scene.owner.get(&path).await.data()["name"], "changed");
    }
}

/// What was encrypted under the former key must not come back: after the next rotation of the key nobody could read it.
#[tokio::test]
async fn a_secret_that_is_encrypted_anew_during_a_rotation_stays_so() {
    for is_resumed in [false, true] {
        let scene = Scene::new().await;
        let (path, first) = created(&scene).await;
        let (other, later) = (scene.world.instance().await, scene.world.instance().await);
        let clients = [&other, &later].map(|instance| instance.client.with(&scene.account.key));
        for client in &clients {
            client.get(WEBHOOKS).await.expect(200, "");
        }
        let [client, again] = clients;
        // It stays where it has stopped.
        let mut stopped = None;
        if is_resumed {
            let target = path.clone();
            let mut dying = Driven::start(&other, async move { keyed(&client, &target, &json!({})).await });
            dying.step_past("DynamoDB TransactWriteItems").await;
            stopped = Some(dying);
            for instance in [&later, &scene.instance] {
                instance.clock.set(instance.clock.now().plus(Duration::from_secs(36)));
            }
        }
        let target = path.clone();
        let mut late = Driven::start(&later, async move { keyed(&again, &target, &json!({})).await });
        // It has read the endpoint.
        while late.peek().await.is_some_and(|call| call != "DynamoDB TransactWriteItems") {
            late.step().await;
        }
        scene.world.secrets.rotate_webhook_key("the second webhook key, of enough bytes");
        let (cache, now, entropy) =
            (WebhookKeyCache::default(), scene.instance.clock.now(), Entropy::system());
        let (store, tenant, found) = (&scene.world.store, &scene.account.tenant, stored(&scene, &path).await);
        let count = cache.reencrypt(store, now, &entropy, tenant, &found).await.expect("encrypted anew");
        assert_eq!(count, if is_resumed { 2 } else { 1 });
        let rotated = secret_of(&late.finish().await);
        assert_eq!(signing(&scene, &path).await, [rotated, first]);
        let (before, after) = (found, stored(&scene, &path).await.previous.expect("a previous secret"));
        assert_ne!(after.secret.key_version, before.secret.key_version);
        drop(stopped);
    }
}

async fn keyed(client: &Client, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    client.send_raw(Method::POST, &format!("{path}/rotate-secret"), &headers, body.to_string()).await
}

#[tokio::test]
async fn a_repetition_rotates_once_and_repeats_no_secret() {
    let scene = Scene::new().await;
    let (path, first) = created(&scene).await;
    let rotated = keyed(&scene.owner, &path, &json!({})).await;
    let second = secret_of(&rotated);
    let again = keyed(&scene.owner, &path, &json!({})).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (200, "true"));
    let mut expected = rotated.data().clone();
    expected["secret"] = Value::Null;
    assert_eq!(*again.data(), expected);
    assert_eq!(again.header("etag"), rotated.header("etag"));
    assert_eq!(signing(&scene, &path).await, [second, first]);
}

/// The secret of the first attempt was returned to nobody, so it must not sign: its receiver is not to need it.
#[tokio::test]
async fn a_resumed_rotation_replaces_its_own_secret_and_keeps_the_grace_of_the_one_before() {
    for (grace, changed_since) in [(60, false), (0, false), (60, true)] {
        let scene = Scene::new().await;
        let (path, first) = created(&scene).await;
        let body = json!({"gracePeriodSeconds": grace});
        let dying = scene.world.instance().await;
        let client = dying.client.with(&scene.account.key);
        client.get(WEBHOOKS).await.expect(200, "");
        let (target, sent) = (path.clone(), body.clone());
        let mut request = Driven::start(&dying, async move { keyed(&client, &target, &sent).await });
        request.step_past("DynamoDB TransactWriteItems").await;
        let interrupted = signing(&scene, &path).await;
        advance(&scene, 36);
        if changed_since {
            scene.owner.send(Method::PATCH, &path, Some(json!({"name": "changed"}))).await.expect(200, "");
            keyed(&scene.owner, &path, &body).await.expect(409, "DUPLICATE_RESOURCE");
            assert_eq!(signing(&scene, &path).await, interrupted);
            continue;
        }
        let resumed = keyed(&scene.owner, &path, &body).await;
        let shown = secret_of(&resumed);
        assert_ne!(shown, interrupted[0]);
        let expected = if grace == 0 { vec![shown] } else { vec![shown, first] };
        assert_eq!(signing(&scene, &path).await, expected);
        let until = if grace == 0 { Value::Null } else { json!("2026-11-24T12:01:00.000Z") };
        assert_eq!(resumed.data()["previousSecretExpiresAt"], until, "as the first attempt had it");
    }
}

#[tokio::test]
async fn the_schedule_looks_at_an_endpoint_whose_secret_was_rotated() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let before = scene.world.everything().await;
    let due = format!("1795521600000#acme#{}", id_of(&created));
    assert!(!before.contains(&due) || before.contains("recovery#"), "{before}");
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(100)));
    secret_of(&rotate(&scene.owner, &path_of(&created), json!({})).await);
    let due = format!("1795521700000#acme#{}", id_of(&created));
    assert!(scene.world.everything().await.contains(&due));
}
