//! The items of one request keep their order: ids increase from item to item, which determines the order of lists,
//! exports and the neighbours in search.

mod resumed;

use std::collections::BTreeMap;
use std::time::Duration;

use hb_tests::{Answer, Client, Driven, World};
use http::Method;
use serde_json::{Value, json};

const BULK: &str = "/api/v1/memories/bulk";
const IMPORT: &str = "/api/v1/memories/import";
const MEMORIES: &str = "/api/v1/memories";

fn memory(content: impl ToString) -> Value {
    json!({"content": content.to_string(), "type": "episodic"})
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

async fn import(client: &Client, lines: &[Value]) -> Answer {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    client.send_raw(Method::POST, IMPORT, &[("content-type", "application/x-ndjson")], lines.join("\n")).await
}

/// The ids of a response, in the order of its items; refused items have none.
fn ids(answer: &Answer) -> Vec<String> {
    let results = answer.data()["results"].as_array().expect("results");
    results.iter().filter_map(|result| result["id"].as_str().map(str::to_owned)).collect()
}

#[track_caller]
fn assert_rising(ids: &[String]) {
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

fn contents(memories: &[Value]) -> Vec<String> {
    memories.iter().map(|memory| memory["content"].as_str().expect("text").to_owned()).collect()
}

/// All memories of a list, page by page.
async fn list(client: &Client, query: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{MEMORIES}?limit=100&{query}{cursor}")).await;
        all.extend(page.data()["memories"].as_array().expect("memories").iter().cloned());
        match page.data()["pagination"]["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// The memories of an export, page by page.
async fn export(client: &Client) -> Vec<Value> {
    let (mut all, mut path) = (Vec::new(), "/api/v1/memories/export".to_owned());
    loop {
        let page = client.get(&path).await;
        all.extend(page.text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a memory")));
        match page.header("link").strip_prefix('<').and_then(|link| link.split('>').next()) {
            Some(next) => path = next.to_owned(),
            None => return all,
        }
    }
}

/// Checks the order of everything that lists memories by creation.
async fn assert_order(client: &Client, expected: &[String]) {
    let ascending = list(client, "sort=createdAt&order=asc").await;
    assert_eq!(contents(&ascending), expected);
    let mut descending = list(client, "sort=createdAt&order=desc").await;
    descending.reverse();
    assert_eq!(descending, ascending);
    assert_eq!(export(client).await, ascending);
}

#[tokio::test]
async fn a_bulk_keeps_the_order_of_its_items() {
    let (_world, _instance, client) = World::with_a_client().await;
    let items: Vec<Value> = numbers(100).iter().map(memory).collect();
    let answer = client.post(BULK, json!({ "memories": items })).await;
    assert_eq!(answer.data()["created"], 100);
    assert_rising(&ids(&answer));
    assert_order(&client, &numbers(100)).await;
    let list = list(&client, "").await;
    assert!(list.iter().all(|memory| memory["createdAt"] == list[0]["createdAt"]), "all are of one moment");
}

#[tokio::test]
async fn refused_items_do_not_change_the_order_of_the_others() {
    let (_world, _instance, client) = World::with_a_client().await;
    let items: Vec<Value> =
        (0..60).map(|n| if n % 3 == 1 { json!({"content": n}) } else { memory(n) }).collect();
    let answer = client.post(BULK, json!({ "memories": items })).await;
    assert_eq!((&answer.data()["created"], &answer.data()["failed"]), (&json!(40), &json!(20)));
    assert_rising(&ids(&answer));
    let kept: Vec<String> = (0..60).filter(|n| n % 3 != 1).map(|n| n.to_string()).collect();
    assert_order(&client, &kept).await;
}

/// Lines with these times, if any, are ordered by time and, for equal times, by their position in the file.
async fn import_keeps_the_order(times: &[Option<&str>]) {
    let (_world, _instance, client) = World::with_a_client().await;
    let lines = times.iter().zip(0..).map(|(time, number)| {
        let mut line = memory(number);
        if let Some(time) = time {
            line["createdAt"] = json!(time);
        }
        line
    });
    let answer = import(&client, &lines.collect::<Vec<_>>()).await;
    assert_eq!(answer.data()["imported"], times.len());
    let mut by_time: BTreeMap<_, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for ((time, id), number) in times.iter().zip(ids(&answer)).zip(numbers(times.len())) {
        let moment = hb_tests::world::moment(time.unwrap_or(hb_tests::world::NOON));
        let (ids, numbers) = by_time.entry(moment.millis()).or_default();
        ids.push(id);
        numbers.push(number);
    }
    for (ids, _) in by_time.values() {
        assert_rising(ids);
    }
    let expected: Vec<String> = by_time.into_values().flat_map(|(_, numbers)| numbers).collect();
    assert_order(&client, &expected).await;
}

#[tokio::test]
async fn an_import_without_times_keeps_the_order_of_its_lines() {
    import_keeps_the_order(&[None; 1_000]).await;
}

#[tokio::test]
async fn an_import_of_one_time_keeps_the_order_of_its_lines() {
    import_keeps_the_order(&[Some("2019-07-01T10:00:00Z"); 1_000]).await;
}

#[tokio::test]
async fn an_import_of_two_times_keeps_the_order_of_the_lines_of_each() {
    let times: Vec<_> = (0..1_000)
        .map(|n| Some(if n % 2 == 0 { "2019-07-01T10:00:00.001Z" } else { "2019-07-01T10:00:00Z" }))
        .collect();
    import_keeps_the_order(&times).await;
}

/// Times finer than a millisecond, 1970, the current time given and omitted, and the latest accepted time.
#[tokio::test]
async fn an_import_of_all_kinds_of_times_keeps_the_order_of_the_lines_of_each() {
    let kinds = [
        None,
        Some("2019-07-01T10:00:00.0009Z"),
        Some("2019-07-01T10:00:00.0001Z"),
        Some(hb_tests::world::NOON),
        Some("1970-01-01T00:00:00Z"),
        Some("2026-11-24T12:01:00Z"),
        Some("2019-07-01T12:00:00+02:00"),
    ];
    let times: Vec<_> = (0..350).map(|n| kinds[(n * n + n / 7) % kinds.len()]).collect();
    import_keeps_the_order(&times).await;
}

/// A line with an id keeps it; the other lines keep their order.
#[tokio::test]
async fn lines_with_an_id_do_not_change_the_order_of_the_others() {
    let (_world, _instance, client) = World::with_a_client().await;
    // These ids are smaller and larger than all generated ones, and each occurs twice.
    let named = ["mem_0jp4rzwpz0000000000000", "mem_0jp4rzwpzzzzzzzzzzzzzz"];
    let time = hb_domain::MemoryId::parse(named[0]).expect("an id").created_at();
    let lines: Vec<Value> = (0..300)
        .map(|n| match n % 5 {
            2 => json!({"id": named[n / 5 % 2], "content": "named", "type": "task"}),
            _ => json!({"content": n.to_string(), "type": "episodic", "createdAt": time}),
        })
        .collect();
    let answer = import(&client, &lines).await;
    let data = answer.data();
    assert_eq!((&data["imported"], &data["existing"], &data["failed"]), (&json!(242), &json!(58), &json!(0)));
    let mut expected: Vec<String> = (0..300).filter(|n| n % 5 != 2).map(|n| n.to_string()).collect();
    expected.insert(0, "named".into());
    expected.push("named".into());
    assert_order(&client, &expected).await;
}

/// The clock is set back by an hour during the request.
#[tokio::test]
async fn a_clock_that_is_set_back_during_a_request_changes_no_order() {
    let lines: Vec<String> = numbers(250).iter().map(|number| memory(number).to_string()).collect();
    let items: Vec<Value> = numbers(100).iter().map(memory).collect();
    let bodies = [
        (BULK, "application/json", json!({ "memories": items }).to_string(), 100),
        (IMPORT, "application/x-ndjson", lines.join("\n"), 250),
    ];
    for (path, media_type, body, count) in bodies {
        let (world, instance, client) = World::with_a_client().await;
        let sender = client.clone();
        let mut request = Driven::start(&instance, async move {
            sender.send_raw(Method::POST, path, &[("content-type", media_type)], body).await
        });
        request.step_past("DynamoDB PutItem Memories").await;
        instance.clock.set(world.clock.now().minus(Duration::from_secs(3_600)));
        let answer = request.finish().await;
        assert_eq!(ids(&answer).len(), count, "{}", answer.text);
        assert_rising(&ids(&answer));
        instance.clock.set(world.clock.now());
        assert_order(&client, &numbers(count)).await;
    }
}

/// Two conversations, turn by turn, in one request: a memory one step away from the word ranks above one further away,
/// and a memory far before or after does not get the word.
#[tokio::test]
async fn neighbours_in_search_follow_the_order_of_the_request() {
    for by_import in [false, true] {
        let (_world, _instance, client) = World::with_a_client().await;
        let turns: Vec<Value> = (0..50)
            .flat_map(|turn| {
                ["morning", "evening"].map(|session| {
                    let content = if turn == 25 && session == "evening" {
                        "we saw a quagga".to_owned()
                    } else {
                        format!("remark {turn}")
                    };
                    json!({"content": content, "type": "episodic", "sessionId": session})
                })
            })
            .collect();
        let answer = match by_import {
            true => import(&client, &turns).await,
            false => client.post(BULK, json!({ "memories": turns })).await,
        };
        assert_rising(&ids(&answer));
        let search = json!({"query": "quagga", "limit": 100, "sessionId": "evening", "explain": true});
        let found = client.post("/api/v1/memories/search", search).await;
        let words: BTreeMap<&str, f64> = found.data()["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|result| (result["content"].as_str(), result["explanation"]["words"].as_f64()))
            .map(|(content, words)| (content.expect("text"), words.expect("a number")))
            .collect();
        let of = |turn: usize| words.get(format!("remark {turn}").as_str()).copied().unwrap_or(0.0);
        let said = words["we saw a quagga"];
        assert!(said > 0.0);
        for (later, earlier) in [(26, 24), (27, 23), (30, 20), (33, 17)] {
            let steps = (later - 25) as i32;
            let passed = [of(later) / said, of(earlier) / said];
            let expected = [0.70_f64.powi(steps), 0.55_f64.powi(steps)];
            let near =
                passed.iter().zip(&expected).all(|(passed, expected)| (passed - expected).abs() < 1e-3);
            assert!(near, "{passed:?} instead of {expected:?}, {steps} steps away");
        }
        assert!([0, 10, 16, 34, 40, 49].into_iter().all(|turn| of(turn) == 0.0), "{words:?}");
    }
}
