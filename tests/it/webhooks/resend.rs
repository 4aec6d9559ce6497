//! Sending an event again: which events, to which endpoints, and how often.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::Scope;
use hb_tests::Answer;
use hb_tests::feed::{About, event_id};
use hb_tests::world::{Account, plenty};
use http::Method;
use serde_json::json;

use super::{Scene, WEBHOOKS, id_of, numbered, path_of};

const MEMORY: &str = "mem_0123456789abcdefghijkl";

impl Scene {
    /// Appends an event of the account at this position.
    async fn event(&self, account: &Account, position: u64, about: About<'_>) {
        self.world.append_at(&account.tenant, position, about, self.instance.clock.now()).await;
        self.world.index_event(&account.tenant, position).await;
    }

    async fn resend(&self, path: &str, event: &str) -> Answer {
        self.owner.post(&format!("{path}/deliveries/{event}/resend"), json!({})).await
    }

    /// Deletes the delivery that was queued at noon, as when the receiver has acknowledged it.
    async fn end_delivery(&self, endpoint: &str, event: &str) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.world.aws.dynamodb());
        let tenant = AttributeValue::S(self.account.tenant.to_string());
        let delete = client.delete_item().table_name("Deliveries").key("tenant", tenant);
        let key = AttributeValue::S(format!("{endpoint}#1795521600000#{event}"));
        delete.key("sk", key).send().await.expect("the database");
    }

    /// How many deliveries of all tenants wait.
    async fn waiting(&self) -> usize {
        self.world.everything().await.matches("\"attempts\": N(\"0\")").count()
    }
}

#[tokio::test]
async fn an_event_is_queued_and_listed_as_pending() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id) = (path_of(&created), id_of(&created));
    scene.event(&scene.account, 7, About::Updated(MEMORY)).await;
    let resent = scene.resend(&path, &event_id(7)).await;
    resent.expect(200, "");
    let expected = json!({
        "eventId": event_id(7), "event": "memory.updated", "status": "pending", "nextAttemptAt": "2026-11-24T12:00:00.000Z",
    });
    assert_eq!(*resent.data(), expected);
    let list = scene.owner.get(&format!("{path}/deliveries")).await;
    assert_eq!(list.data()["deliveries"].as_array().map(Vec::len), Some(1), "{}", list.text);
    assert_eq!(list.data()["deliveries"][0]["eventId"], json!(event_id(7)));
    assert_eq!(list.data()["deliveries"][0]["event"], "memory.updated");
    // The schedule looks at the endpoint.
    assert!(scene.world.everything().await.contains(&format!("1795521600000#acme#{id}")));
    // A request of the same millisecond adds nothing, a later one sends it once more.
    scene.resend(&path, &event_id(7)).await.expect(200, "");
    assert_eq!(scene.waiting().await, 1);
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_millis(1)));
    // Without a body.
    let target = format!("{path}/deliveries/{}/resend", event_id(7));
    scene.owner.send(Method::POST, &target, None).await.expect(200, "");
    assert_eq!(scene.waiting().await, 2);
}

#[tokio::test]
async fn what_cannot_be_sent_is_answered_alike() {
    const DAYS_30: u64 = 30 * 86_400;
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    let other = scene.world.account_with("globex", plenty()).await;
    scene.event(&other, 1, About::Updated(MEMORY)).await;
    // Of a type to which the endpoint does not subscribe.
    scene.event(&scene.account, 2, About::KeyCreated(&scene.account.id)).await;
    // Of an earlier version, whose id names no position; and one whose row is gone.
    scene.world.append_at(&scene.account.tenant, 3, About::Updated(MEMORY), scene.instance.clock.now()).await;
    scene.world.index_event(&scene.account.tenant, 4).await;
    let old = scene.instance.clock.now().minus(Duration::from_secs(DAYS_30)).minus(Duration::from_millis(1));
    scene.world.append_at(&scene.account.tenant, 5, About::Updated(MEMORY), old).await;
    scene.world.index_event(&scene.account.tenant, 5).await;
    let told = |answer: &Answer| {
        let mut body = answer.json.clone();
        body.as_object_mut().expect("an object").remove("metadata");
        (answer.status, body)
    };
    let unknown = format!("evt_{}", "0".repeat(25));
    let expected = told(&scene.resend(&path, &unknown).await);
    assert_eq!(expected.0, 404);
    for event in [1, 2, 3, 4, 5].map(event_id).iter().map(String::as_str).chain([
        "x",
        "evt_",
        "mem_0123456789abcdefghijkl",
        "evt_0123456789ABCDEFGHIJKLMNO",
        "%00",
        "evt_%2e%2e",
        "*",
    ]) {
        assert_eq!(told(&scene.resend(&path, event).await), expected, "{event}");
    }
    for id in ["whk_0000000000000000", "x"] {
        let answer = scene.resend(&format!("{WEBHOOKS}/{id}"), &event_id(2)).await;
        assert_eq!(told(&answer), expected, "{id}");
    }
    assert_eq!(scene.waiting().await, 0);
    // To the millisecond.
    let last = scene.instance.clock.now().minus(Duration::from_secs(DAYS_30));
    scene.world.append_at(&scene.account.tenant, 6, About::Updated(MEMORY), last).await;
    scene.world.index_event(&scene.account.tenant, 6).await;
    scene.resend(&path, &event_id(6)).await.expect(200, "");
}

#[tokio::test]
async fn an_event_is_not_sent_to_another_tenants_endpoint() {
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    let other = scene.world.account_with("globex", plenty()).await;
    let stranger = scene.instance.client.with(&other.key);
    scene.event(&scene.account, 1, About::Updated(MEMORY)).await;
    scene.event(&other, 1, About::Updated(MEMORY)).await;
    let answer = stranger.post(&format!("{path}/deliveries/{}/resend", event_id(1)), json!({})).await;
    answer.expect(404, "RESOURCE_NOT_FOUND");
    assert_eq!(scene.waiting().await, 0);
}

#[tokio::test]
async fn nothing_is_queued_for_an_inactive_endpoint_or_a_caller_that_may_not_read_the_event() {
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    scene.event(&scene.account, 1, About::Updated(MEMORY)).await;
    let scopes = [Scope::WriteWebhooks].into_iter().collect();
    let (_, key) = scene.world.key(&scene.account.tenant, scopes, None).await;
    let target = format!("{path}/deliveries/{}/resend", event_id(1));
    scene.instance.client.with(&key).post(&target, json!({})).await.expect(403, "INSUFFICIENT_SCOPE");
    scene.owner.send(Method::PATCH, &path, Some(json!({"status": "inactive"}))).await.expect(200, "");
    let refused = scene.owner.post(&target, json!({})).await;
    refused.expect(400, "VALIDATION_ERROR");
    assert!(refused.text.contains("set its status to active first"), "{}", refused.text);
    let fields = scene.owner.post(&target, json!({"force": true})).await;
    assert_eq!(fields.fields(), ["force"]);
    assert_eq!(scene.waiting().await, 0);
    scene.owner.send(Method::PATCH, &path, Some(json!({"status": "active"}))).await.expect(200, "");
    scene.owner.post(&target, json!({})).await.expect(200, "");
}

/// A repetition after the first attempt was applied queues nothing, also when the delivery was sent since.
#[tokio::test]
async fn under_an_idempotency_key_an_event_is_queued_once() {
    let scene = Scene::new().await;
    let created = scene.owner.post(WEBHOOKS, numbered(1)).await;
    let path = path_of(&created);
    scene.event(&scene.account, 1, About::Updated(MEMORY)).await;
    let target = format!("{path}/deliveries/{}/resend", event_id(1));
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let dying = scene.world.instance().await;
    let client = dying.client.with(&scene.account.key);
    client.get(WEBHOOKS).await.expect(200, "");
    let sent = target.clone();
    let mut request = hb_tests::Driven::start(&dying, async move {
        client.send_raw(Method::POST, &sent, &headers, "{}".to_owned()).await
    });
    request.step_past("DynamoDB TransactWriteItems").await;
    assert_eq!(scene.waiting().await, 1);
    scene.end_delivery(&id_of(&created), &event_id(1)).await;
    assert_eq!(scene.waiting().await, 0);
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(36)));
    for replayed in ["", "true"] {
        let again = scene.owner.send_raw(Method::POST, &target, &headers, "{}".to_owned()).await;
        assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (200, replayed));
        assert_eq!(
            again.data()["nextAttemptAt"],
            "2026-11-24T12:00:00.000Z",
            "the time of the first attempt"
        );
        assert_eq!(scene.waiting().await, 0);
    }
}
