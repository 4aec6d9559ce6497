//! A request that is resumed with its `Idempotency-Key` gives every item the same id, and keeps the order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Driven, World};
use http::Method;
use serde_json::{Value, json};

use super::{BULK, IMPORT, MEMORIES, assert_order, assert_rising, export, ids, list, memory, numbers};

async fn send(client: Client, path: &str, body: String) -> Answer {
    let media_type = if path == IMPORT { "application/x-ndjson" } else { "application/json" };
    let headers = [("content-type", media_type), ("idempotency-key", "k")];
    client.send_raw(Method::POST, path, &headers, body).await
}

/// Items of which some are refused. Two are refused, and one is accepted, for a reason that a later clock would not
/// reproduce.
fn items(is_import: bool) -> Vec<Value> {
    let brief = |end: &str| json!({"content": format!("until {end}"), "type": "working", "expiresAt": end});
    let mut items = vec![
        memory("a"),
        json!({"content": 7}),
        brief("2026-11-24T12:00:10Z"),
        memory("b"),
        brief("2026-11-24T12:00:00Z"),
        memory("c"),
    ];
    if is_import {
        let dated = |time: &str| json!({"content": format!("of {time}"), "type": "task", "createdAt": time});
        let named = json!({"id": "mem_0jp4rzwpz0000000000000", "content": "named", "type": "task"});
        items.extend([dated("2026-11-24T12:01:30Z"), named.clone(), memory("d"), named, memory("e")]);
        items.push(dated("2026-11-24T12:01:00Z"));
    }
    items
}

/// The result of each item: its id, or `None` if it was refused.
fn outcomes(answer: &Answer) -> Vec<Option<String>> {
    let results = answer.data()["results"].as_array().expect("results");
    results.iter().map(|result| result["id"].as_str().map(str::to_owned)).collect()
}

fn by_content(memories: Vec<Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    memories.iter().map(|memory| (text(&memory["content"]), text(&memory["id"]))).collect()
}

#[tokio::test]
async fn a_request_that_is_resumed_wherever_it_crashed_keeps_its_ids_and_their_order() {
    for (path, refused) in [(BULK, &[1, 4][..]), (IMPORT, &[1, 4, 6])] {
        let items = items(path == IMPORT);
        let body = if path == IMPORT {
            items.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
        } else {
            json!({ "memories": items }).to_string()
        };
        let mut most_written = 0;
        for survived in 0.. {
            let world = World::new().await;
            let owner = world.account_with("acme", plenty()).await;
            let (dying, other) = (world.instance().await, world.instance().await);
            let client = other.client.with(&owner.key);
            assert_eq!(dying.client.with(&owner.key).get(MEMORIES).await.status, 200);
            let sender = dying.client.with(&owner.key);
            let request = body.clone();
            let mut request = Driven::start(&dying, async move { send(sender, path, request).await });
            request.step_past("DynamoDB PutItem Idempotency").await;
            let mut ended = false;
            for _ in 0..survived {
                ended |= request.step().await.is_none();
            }
            let written = by_content(export(&client).await);
            other.clock.set(world.clock.now().plus(Duration::from_secs(36)));
            let answer = send(client.clone(), path, body.clone()).await;
            let context = format!("{path} after {survived} calls: {}", answer.text);

            let outcomes = outcomes(&answer);
            for (index, outcome) in outcomes.iter().enumerate() {
                assert_eq!(outcome.is_none(), refused.contains(&index), "item {index} of {context}");
            }
            for (item, id) in items.iter().zip(&outcomes).filter(|(item, _)| item["content"] != "named") {
                if let (Some(content), Some(id)) = (item["content"].as_str(), id) {
                    assert!(
                        written.get(content).is_none_or(|written| written == id),
                        "{content} of {context}"
                    );
                }
            }
            let made: Vec<String> =
                ids(&answer).into_iter().filter(|id| !id.starts_with("mem_0jp4rzwpz0000")).collect();
            assert_rising(&made);
            let distinct: BTreeSet<&String> = outcomes.iter().flatten().collect();
            // The count includes memories that have expired meanwhile.
            let kept = list(&client, "order=asc").await;
            assert_eq!(kept.len(), distinct.len() - 1, "{context}");
            let shown: Vec<&Value> = kept.iter().map(|memory| &memory["id"]).collect();
            assert!(
                shown.iter().all(|id| distinct.contains(&id.as_str().expect("text").to_owned())),
                "{context}"
            );
            most_written = most_written.max(written.len());
            if ended {
                break;
            }
        }
        assert!(most_written > 3, "{path}: it died behind {most_written} writes at most");
    }
}

/// The time limit of an import is reached after its second part. The next attempt has the same ids for the lines that
/// exist and continues them for the others. Some lines are refused, and one ends its part early.
#[tokio::test]
async fn an_import_whose_time_was_up_is_resumed_with_the_same_ids() {
    let (_world, instance, client) = World::with_a_client().await;
    assert_eq!(client.get(MEMORIES).await.status, 200);
    let named = json!({"id": "mem_0jp4rzwpz0000000000000", "content": "named", "type": "task"});
    let lines: Vec<String> = (0..300)
        .map(|n| match n {
            40 | 70 => named.to_string(),
            50 | 120 => "{".into(),
            60 | 200 => json!({"content": "x", "type": "dream"}).to_string(),
            _ => memory(n).to_string(),
        })
        .collect();
    let body = lines.join("\n");
    let mut held = instance.tap.hold();
    let first = tokio::spawn({
        let (client, body) = (client.clone(), body.clone());
        async move { send(client, IMPORT, body).await }
    });
    let mut puts = 0;
    while puts < 120 {
        let call = held.recv().await.expect("a call");
        puts += usize::from(call.name.ends_with("PutItem Memories"));
        if puts == 120 {
            instance.clock.set(instance.clock.now().plus(Duration::from_secs(20)));
        }
        tokio::spawn(call.pass());
    }
    drop(held);
    let first = outcomes(&first.await.expect("the request"));
    let second = send(client.clone(), IMPORT, body).await;
    assert_eq!(second.data()["failed"], 4, "{}", second.text);
    let second_ids = outcomes(&second);
    let reached = first.iter().rposition(Option::is_some).expect("a line");
    assert!((100..299).contains(&reached), "{reached} lines before the time was up");
    assert_eq!(first[..=reached], second_ids[..=reached]);
    let made: Vec<String> =
        ids(&second).into_iter().filter(|id| !id.starts_with("mem_0jp4rzwpz0000")).collect();
    assert_rising(&made);
    let mut expected = numbers(300);
    expected.retain(|n| !["40", "70", "50", "120", "60", "200"].contains(&n.as_str()));
    expected.insert(0, "named".into());
    assert_order(&client, &expected).await;
}
