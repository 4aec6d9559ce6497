//! Creations and changes under an `Idempotency-Key`.

use std::time::Duration;

use hb_tests::{Answer, Client, Driven, Instance};
use http::Method;
use serde_json::{Value, json};

use super::{Scene, WEBHOOKS, id_of, numbered, path_of};

async fn send(client: &Client, method: Method, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    client.send_raw(method, path, &headers, body.to_string()).await
}

/// A creation that stops after the endpoint was written, and an instance after its lock has expired.
async fn stopped_creation(scene: &Scene, body: &Value) -> (Driven, Instance) {
    let dying = scene.world.instance().await;
    let client = dying.client.with(&scene.account.key);
    client.get(WEBHOOKS).await.expect(200, "");
    let body = body.clone();
    let mut request =
        Driven::start(&dying, async move { send(&client, Method::POST, WEBHOOKS, &body).await });
    request.step_past("DynamoDB TransactWriteItems").await;
    let other = scene.world.instance().await;
    other.clock.set(other.clock.now().plus(Duration::from_secs(36)));
    (request, other)
}

#[tokio::test]
async fn a_repetition_gets_the_same_response_without_the_secret() {
    let scene = Scene::new().await;
    let first = send(&scene.owner, Method::POST, WEBHOOKS, &numbered(1)).await;
    first.expect(201, "");
    let again = send(&scene.owner, Method::POST, WEBHOOKS, &numbered(1)).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
    let mut expected = first.data().clone();
    expected["secret"] = Value::Null;
    assert_eq!(*again.data(), expected);
    for name in ["etag", "location"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(scene.counted().await, 1);
}

#[tokio::test]
async fn an_endpoint_created_before_a_crash_is_returned_with_a_secret_that_is_its_own() {
    for given in [None, Some("a secret that the caller has chosen")] {
        let scene = Scene::new().await;
        let mut body = numbered(1);
        if let Some(given) = given {
            body["secret"] = json!(given);
        }
        let (_dead, other) = stopped_creation(&scene, &body).await;
        let before = scene.items().await;
        let client = other.client.with(&scene.account.key);
        let resumed = send(&client, Method::POST, WEBHOOKS, &body).await;
        resumed.expect(201, "");
        assert_eq!(
            resumed.data()["createdAt"],
            "2026-11-24T12:00:00.000Z",
            "the time of the attempt that created it"
        );
        let (id, after) = (id_of(&resumed), scene.items().await);
        assert_ne!(before[&id]["secret"], after[&id]["secret"], "encrypted anew");
        assert!(given.is_none_or(|given| resumed.data()["secret"] == given), "{}", resumed.text);
        assert_eq!(client.get(&path_of(&resumed)).await.header("etag"), resumed.header("etag"));
        scene.assert_consistent().await;
        assert_eq!(scene.counted().await, 1);
    }
}

/// Otherwise it would get what happened since the first attempt.
#[tokio::test]
async fn an_endpoint_that_a_later_attempt_creates_has_its_time() {
    let scene = Scene::new().await;
    let dying = scene.world.instance().await;
    let client = dying.client.with(&scene.account.key);
    client.get(WEBHOOKS).await.expect(200, "");
    let mut request =
        Driven::start(&dying, async move { send(&client, Method::POST, WEBHOOKS, &numbered(1)).await });
    while request.peek().await.is_some_and(|call| call != "DynamoDB TransactWriteItems") {
        request.step().await;
    }
    let other = scene.world.instance().await;
    other.clock.set(other.clock.now().plus(Duration::from_secs(36)));
    let resumed = send(&other.client.with(&scene.account.key), Method::POST, WEBHOOKS, &numbered(1)).await;
    resumed.expect(201, "");
    assert_eq!(resumed.data()["createdAt"], "2026-11-24T12:00:36.000Z");
    assert_eq!(scene.counted().await, 1);
}

#[tokio::test]
async fn an_endpoint_created_before_a_crash_and_changed_or_deleted_since_is_not_touched() {
    for (change, how) in [(Some(json!({"name": "theirs"})), "changed"), (None, "deleted")] {
        let scene = Scene::new().await;
        let (_dead, other) = stopped_creation(&scene, &numbered(1)).await;
        let list = scene.owner.get(WEBHOOKS).await;
        let id = list.data()["webhooks"][0]["id"].as_str().expect("an id").to_owned();
        let method = if change.is_some() { Method::PATCH } else { Method::DELETE };
        scene.owner.send(method, &format!("{WEBHOOKS}/{id}"), change).await.expect(200, "");
        let before = scene.items().await;
        let resumed =
            send(&other.client.with(&scene.account.key), Method::POST, WEBHOOKS, &numbered(1)).await;
        resumed.expect(409, "DUPLICATE_RESOURCE");
        assert!(resumed.message().contains(how) && resumed.message().contains(&id), "{}", resumed.text);
        assert_eq!(scene.items().await, before);
    }
}

#[tokio::test]
async fn an_applied_change_is_not_applied_again_over_later_changes() {
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    let dying = scene.world.instance().await;
    let client = dying.client.with(&scene.account.key);
    client.get(WEBHOOKS).await.expect(200, "");
    let body = json!({"name": "mine", "url": "https://example.com/mine"});
    let (change, target) = (body.clone(), path.clone());
    let mut request =
        Driven::start(&dying, async move { send(&client, Method::PATCH, &target, &change).await });
    request.step_past("DynamoDB TransactWriteItems").await;
    let theirs = json!({"name": "theirs"});
    scene.owner.send(Method::PATCH, &path, Some(theirs)).await.expect(200, "");
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(36)));
    let resumed = send(&scene.owner, Method::PATCH, &path, &body).await;
    resumed.expect(200, "");
    assert_eq!((&resumed.data()["name"], &resumed.data()["url"]), (&json!("theirs"), &body["url"]));
    scene.assert_consistent().await;
    drop(request);
}
