//! The list of deliveries: its order, pages and statuses, and what it leaves out.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hb_domain::event::EventId;
use hb_domain::{Scope, Timestamp};
use hb_tests::Answer;
use hb_tests::world::{Account, plenty};
use serde_json::{Value, json};

use super::{Scene, WEBHOOKS, id_of, numbered, path_of};

type Item = HashMap<String, AttributeValue>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn event_id(number: u64) -> String {
    EventId::derive("log", &number.to_string(), 0).to_string()
}

impl Scene {
    /// A time so many seconds before that of the instance.
    fn ago(&self, seconds: u64) -> Timestamp {
        self.instance.clock.now().minus(Duration::from_secs(seconds))
    }

    async fn write(&self, table: &str, item: Item) {
        let client = aws_sdk_dynamodb::Client::from_conf(self.world.aws.dynamodb());
        client.put_item().table_name(table).set_item(Some(item)).send().await.expect("the database");
    }

    /// Writes an attempt at the event of a number.
    async fn log(
        &self,
        account: &Account,
        endpoint: &str,
        event: u64,
        attempt: u64,
        status: &str,
        at: Timestamp,
    ) {
        self.write("DeliveryAttempts", log_item(account, endpoint, event, attempt, status, at)).await;
    }

    /// Writes a delivery of the event of a number that waits.
    async fn wait(&self, account: &Account, endpoint: &str, event: u64, attempts: u64, queued_at: Timestamp) {
        self.write("Deliveries", waiting_item(account, endpoint, event, attempts, queued_at)).await;
    }
}

fn log_item(
    account: &Account,
    endpoint: &str,
    event: u64,
    attempt: u64,
    status: &str,
    at: Timestamp,
) -> Item {
    let (tenant, event, millis) = (account.tenant.as_str(), event_id(event), at.millis());
    let mut item = Item::from([
        ("tenant".into(), text(tenant)),
        ("sk".into(), text(&format!("{endpoint}#{millis:013}#{event}#{attempt:02}"))),
        ("eventId".into(), text(&event)),
        ("type".into(), text("memory.created")),
        ("attempt".into(), number(attempt)),
        ("status".into(), text(status)),
        ("at".into(), number(millis)),
    ]);
    if status == "failed" {
        item.insert("statusCode".into(), number(503));
        item.insert("latency".into(), number(12));
        item.insert("response".into(), text("busy"));
        item.insert("nextAttemptAt".into(), number(millis + 60_000));
    }
    item
}

fn waiting_item(account: &Account, endpoint: &str, event: u64, attempts: u64, queued_at: Timestamp) -> Item {
    let (event, millis) = (event_id(event), queued_at.millis());
    Item::from([
        ("tenant".into(), text(account.tenant.as_str())),
        ("sk".into(), text(&format!("{endpoint}#{millis:013}#{event}"))),
        ("type".into(), text("search.performed")),
        ("results".into(), number(1)),
        ("at".into(), number(millis)),
        ("attempts".into(), number(attempts)),
        ("queuedAt".into(), number(millis)),
    ])
}

fn entries(answer: &Answer) -> Vec<(String, u64)> {
    answer.expect(200, "");
    let list = answer.data()["deliveries"].as_array().expect("a list");
    let entry = |entry: &Value| {
        (entry["eventId"].as_str().expect("an id").to_owned(), entry["attempt"].as_u64().expect("a number"))
    };
    list.iter().map(entry).collect()
}

/// All entries by following the cursor, and how many pages there were.
async fn walk(scene: &Scene, path: &str, query: &str) -> (Vec<(String, u64)>, usize) {
    let (mut all, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = scene.owner.get(&format!("{path}/deliveries?{query}{cursor}")).await;
        all.extend(entries(&page));
        pages += 1;
        match page.data()["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, pages),
        }
    }
}

#[tokio::test]
async fn attempts_come_newest_first_and_then_what_waits_for_its_first_attempt() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id, account) = (path_of(&created), id_of(&created), scene.account.clone());
    let empty = scene.owner.get(&format!("{path}/deliveries")).await;
    assert_eq!(*empty.data(), json!({"deliveries": [], "nextCursor": null}));
    scene.log(&account, &id, 1, 1, "failed", scene.ago(50)).await;
    scene.log(&account, &id, 1, 2, "succeeded", scene.ago(40)).await;
    scene.log(&account, &id, 2, 1, "failed", scene.ago(30)).await;
    scene.wait(&account, &id, 3, 0, scene.ago(20)).await;
    scene.wait(&account, &id, 4, 0, scene.ago(10)).await;
    // It is in the list by its attempt.
    scene.wait(&account, &id, 2, 1, scene.ago(15)).await;
    // Those of another endpoint, whose id is the next one, of another tenant and of an endpoint that was deleted.
    let other = scene.world.account_with("globex", plenty()).await;
    scene.log(&other, &id, 9, 1, "failed", scene.ago(35)).await;
    scene.log(&account, &format!("{id}0"), 9, 1, "failed", scene.ago(35)).await;
    scene.wait(&other, &id, 9, 0, scene.ago(15)).await;

    let list = scene.owner.get(&format!("{path}/deliveries")).await;
    let expected =
        [(2, 1), (1, 2), (1, 1), (3, 0), (4, 0)].map(|(event, attempt)| (event_id(event), attempt));
    assert_eq!(entries(&list), expected);
    assert_eq!(list.data()["nextCursor"], Value::Null);
    let expected = json!({
        "at": "2026-11-24T11:59:30.000Z", "attempt": 1, "event": "memory.created", "eventId": event_id(2), "latency": 12,
        "nextAttemptAt": "2026-11-24T12:00:30.000Z", "response": "busy", "status": "failed", "statusCode": 503,
    });
    assert_eq!(list.data()["deliveries"][0], expected);
    let expected = json!({
        "at": "2026-11-24T11:59:40.000Z", "attempt": 0, "event": "search.performed", "eventId": event_id(3), "latency": null,
        "nextAttemptAt": "2026-11-24T11:59:40.000Z", "response": null, "status": "pending", "statusCode": null,
    });
    assert_eq!(list.data()["deliveries"][3], expected);
}

#[tokio::test]
async fn pages_of_every_size_hold_every_entry_once_and_the_last_one_says_so() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id, account) = (path_of(&created), id_of(&created), scene.account.clone());
    const STATUSES: [&str; 4] = ["failed", "succeeded", "exhausted", "discarded"];
    for event in 0..8 {
        // Several of the same millisecond.
        let at = scene.ago(100 - event / 2);
        scene.log(&account, &id, event, 1 + event % 2, STATUSES[event as usize % 4], at).await;
        scene.wait(&account, &id, 100 + event, event % 2, scene.ago(90 - event / 2)).await;
    }
    let (all, pages) = walk(&scene, &path, "").await;
    assert_eq!((all.len(), pages), (12, 1));
    for (status, count) in
        [("", 12), ("failed", 2), ("succeeded", 2), ("exhausted", 2), ("discarded", 2), ("pending", 4)]
    {
        let status = if status.is_empty() { String::new() } else { format!("status={status}&") };
        let (whole, _) = walk(&scene, &path, &status).await;
        assert_eq!(whole.len(), count, "{status}");
        for limit in [1, 2, 3, 4, 7, 8, 12, 100] {
            let (found, pages) = walk(&scene, &path, &format!("{status}limit={limit}")).await;
            assert_eq!(found, whole, "{status} {limit}");
            assert_eq!(pages, whole.len().div_ceil(limit), "{status} {limit}: no page is empty");
        }
    }
}

#[tokio::test]
async fn a_rare_status_is_found_behind_many_others_in_bounded_steps() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id, account) = (path_of(&created), id_of(&created), scene.account.clone());
    scene.log(&account, &id, 5_000, 1, "exhausted", scene.ago(20_000)).await;
    for event in 0..1_100 {
        scene.log(&account, &id, event, 1, "succeeded", scene.ago(event)).await;
    }
    scene.instance.tap.take();
    let first = scene.owner.get(&format!("{path}/deliveries?status=exhausted")).await;
    assert!(entries(&first).is_empty() && first.data()["nextCursor"].is_string(), "{}", first.text);
    let queries = scene.instance.tap.take().iter().filter(|call| call.name.contains("Query")).count();
    assert!(queries <= 11, "{queries}");
    let (found, pages) = walk(&scene, &path, "status=exhausted").await;
    assert_eq!((found, pages), (vec![(event_id(5_000), 1)], 2));
}

#[tokio::test]
async fn what_is_older_than_thirty_days_or_cannot_be_read_is_left_out() {
    const DAYS_30: u64 = 30 * 86_400;
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id, account) = (path_of(&created), id_of(&created), scene.account.clone());
    scene.log(&account, &id, 1, 1, "failed", scene.ago(DAYS_30)).await;
    scene.log(&account, &id, 2, 1, "failed", scene.ago(DAYS_30 - 1)).await;
    scene.wait(&account, &id, 3, 0, scene.ago(DAYS_30)).await;
    scene.wait(&account, &id, 4, 0, scene.ago(DAYS_30 - 1)).await;
    for (event, name) in [(10, "status"), (11, "eventId"), (12, "type"), (13, "attempt"), (14, "at")] {
        let mut item = log_item(&account, &id, event, 1, "failed", scene.ago(event));
        item.insert(name.into(), AttributeValue::Bool(true));
        scene.write("DeliveryAttempts", item).await;
    }
    for (event, name) in [(20, "attempts"), (21, "type"), (22, "queuedAt")] {
        let mut item = waiting_item(&account, &id, event, 0, scene.ago(event));
        item.insert(name.into(), AttributeValue::Bool(true));
        scene.write("Deliveries", item).await;
    }
    for (table, key) in [("DeliveryAttempts", format!("{id}#2x")), ("Deliveries", format!("{id}#x"))] {
        let item = Item::from([("tenant".into(), text("acme")), ("sk".into(), text(&key))]);
        scene.write(table, item).await;
    }
    let expected = vec![(event_id(2), 1), (event_id(4), 0)];
    for query in ["", "limit=1"] {
        assert_eq!(walk(&scene, &path, query).await.0, expected, "{query:?}");
    }
    // A cursor of an entry that has expired since continues with what waits.
    let first = scene.owner.get(&format!("{path}/deliveries?limit=1")).await;
    let cursor = first.data()["nextCursor"].as_str().expect("a cursor").to_owned();
    scene.wait(&account, &id, 5, 0, scene.ago(0)).await;
    scene.instance.clock.set(scene.instance.clock.now().plus(Duration::from_secs(2)));
    let next = scene.owner.get(&format!("{path}/deliveries?limit=1&cursor={cursor}")).await;
    assert_eq!(entries(&next), [(event_id(5), 0)]);
}

#[tokio::test]
async fn invalid_parameters_and_cursors_of_others_are_refused() {
    let scene = Scene::new().await;
    let created = scene.create(1).await;
    let (path, id, account) = (path_of(&created), id_of(&created), scene.account.clone());
    let other = path_of(&scene.create(2).await);
    for event in 0..2 {
        scene.log(&account, &id, event, 1, "failed", scene.ago(event)).await;
    }
    let page = scene.owner.get(&format!("{path}/deliveries?limit=1")).await;
    let cursor = page.data()["nextCursor"].as_str().expect("a cursor").to_owned();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1.0", "limit"),
        ("limit=", "limit"),
        ("status=", "status"),
        ("status=Failed", "status"),
        ("status=failed,pending", "status"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=latest", "cursor"),
        ("unknown=1", "unknown"),
        (&format!("status=failed&cursor={cursor}"), "cursor"),
        (&format!("cursor={cursor}x"), "cursor"),
        (&format!("cursor={}", &cursor[1..]), "cursor"),
    ] {
        let refused = scene.owner.get(&format!("{path}/deliveries?{query}")).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), [field], "{query}");
    }
    let foreign = scene.owner.get(&format!("{other}/deliveries?cursor={cursor}")).await;
    assert_eq!(foreign.fields(), ["cursor"]);
    let globex = scene.world.account_with("globex", plenty()).await;
    let stranger = scene.instance.client.with(&globex.key);
    let own = path_of(&stranger.post(WEBHOOKS, numbered(1)).await);
    assert_eq!(stranger.get(&format!("{own}/deliveries?cursor={cursor}")).await.fields(), ["cursor"]);
    stranger.get(&format!("{path}/deliveries")).await.expect(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn whoever_may_not_read_the_events_does_not_see_their_deliveries() {
    let scene = Scene::new().await;
    let path = path_of(&scene.create(1).await);
    let scopes = [Scope::WriteWebhooks].into_iter().collect();
    let (_, key) = scene.world.key(&scene.account.tenant, scopes, None).await;
    let answer = scene.instance.client.with(&key).get(&format!("{path}/deliveries")).await;
    answer.expect(403, "INSUFFICIENT_SCOPE");
}
