//! The feed of the local stack: it follows within a second, and a kill loses and repeats nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hb_tests::local::{Herobrain, text, without_sample};
use hb_tests::process::patiently;
use serde_json::{Value, json};

/// The events of the feed up to its present end, from the cursor; from the oldest if it is empty.
async fn read(stack: &Herobrain, cursor: &mut String) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let parameter = if cursor.is_empty() { String::new() } else { format!("?cursor={cursor}") };
        let page = stack.client.get(&format!("/api/v1/events{parameter}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        events.extend(page.data()["events"].as_array().expect("events").iter().cloned());
        *cursor = text(&page.data()["nextCursor"]).to_owned();
        if page.data()["hasMore"] == false {
            return events;
        }
    }
}

/// Reads until there are so many events.
async fn follow(stack: &Herobrain, cursor: &mut String, count: usize) -> Vec<Value> {
    let mut events = Vec::new();
    patiently(async {
        while events.len() < count {
            events.extend(read(stack, cursor).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    events
}

async fn create(stack: &Herobrain, number: usize) -> String {
    let memory = json!({"content": format!("memory {number}"), "type": "semantic"});
    let created = stack.client.post("/api/v1/memories", memory).await;
    assert_eq!(created.status, 201, "{}", created.text);
    text(&created.data()["id"]).to_owned()
}

#[tokio::test]
async fn a_kill_after_a_response_neither_loses_nor_repeats_its_event() {
    let folder = without_sample();
    let stack = Herobrain::start(folder.path(), &[]).await;
    let endpoint =
        json!({"name": "the feed", "url": "https://example.com/e", "events": ["*"], "status": "inactive"});
    assert_eq!(stack.client.post("/api/v1/webhooks", endpoint).await.status, 201);
    let mut cursor = String::new();
    read(&stack, &mut cursor).await;

    let mut created = vec![create(&stack, 0).await];
    let answered = Instant::now();
    let mut events = follow(&stack, &mut cursor, 1).await;
    assert!(answered.elapsed() < Duration::from_secs(2), "{:?}", answered.elapsed());

    // Kills before, during and after the delivery of the last changes.
    let mut stack = stack;
    for (round, pause) in [0, 100, 200, 300].into_iter().enumerate() {
        for number in 0..5 {
            created.push(create(&stack, 10 * (round + 1) + number).await);
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        stack.process.kill().await;
        stack = Herobrain::start(folder.path(), &[]).await;
    }
    events.extend(follow(&stack, &mut cursor, created.len() - events.len()).await);
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &events {
        assert_eq!(event["event"], "memory.created", "{event}");
        *times.entry(text(&event["data"]["id"])).or_default() += 1;
    }
    let expected: BTreeMap<&str, usize> = created.iter().map(|id| (id.as_str(), 1)).collect();
    assert_eq!(times, expected);

    // Nor does a restart alone add anything.
    assert!(stack.stop().await.stdout.is_empty());
    let stack = Herobrain::start(folder.path(), &[]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(read(&stack, &mut cursor).await, Vec::<Value>::new());
}
