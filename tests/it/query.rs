//! Queries by a filter with operators return exactly what a naive filter finds in an export.

use std::collections::BTreeSet;

use hb_tests::world::{NOON, moment, plenty};
use hb_tests::{Client, Instance, World};
use serde_json::{Value, json};

use crate::filters::naive;
use crate::filters::random::Random;
use crate::search_large::import;

pub(crate) const QUERY: &str = "/api/v1/memories/query";
const SORTS: [&str; 3] = ["createdAt", "updatedAt", "importance"];

/// A tenant with so many random memories.
async fn random_memories(random: &mut Random, count: usize) -> (World, Instance, Client) {
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let lines: Vec<String> = (0..count).map(|_| random.memory().to_string()).collect();
    import(&client, &lines).await;
    (world, instance, client)
}

/// The lines of an export, which has one page.
pub(crate) async fn exported(client: &Client) -> Vec<Value> {
    let export = client.get("/api/v1/memories/export").await;
    assert!(export.headers.get("link").is_none(), "one page");
    export.text.lines().map(|line| serde_json::from_str(line).expect("a memory")).collect()
}

fn ids(memories: &[Value]) -> Vec<&str> {
    memories.iter().map(|memory| memory["id"].as_str().expect("an id")).collect()
}

/// All pages of a query.
pub(crate) async fn queried(client: &Client, mut body: Value) -> Vec<Value> {
    let mut memories = Vec::new();
    loop {
        let page = client.post(QUERY, body.clone()).await;
        memories.extend(page.data()["memories"].as_array().expect("memories").iter().cloned());
        match &page.data()["nextCursor"] {
            Value::Null => return memories,
            cursor => body["cursor"] = cursor.clone(),
        }
    }
}

#[tokio::test]
async fn a_query_returns_what_a_naive_filter_finds_in_an_export() {
    let mut random = Random::new(moment(NOON));
    let (_world, _instance, client) = random_memories(&mut random, 300).await;
    let all = exported(&client).await;
    let mut matches = 0;
    for _ in 0..60 {
        let filter = random.filter(4);
        let sort = SORTS[random.below(3)];
        let order = ["asc", "desc"][random.below(2)];
        let limit = [7, 50, 100][random.below(3)];
        let body = json!({"filter": filter, "sort": sort, "order": order, "limit": limit});
        let found = queried(&client, body.clone()).await;
        let expected: BTreeSet<&str> = ids(&all)
            .into_iter()
            .zip(&all)
            .filter(|(_, memory)| naive::holds(&filter, memory))
            .map(|(id, _)| id)
            .collect();
        assert_eq!(found.len(), expected.len(), "each once: {body}");
        assert_eq!(ids(&found).into_iter().collect::<BTreeSet<_>>(), expected, "{body}");
        for memory in &found {
            assert!(all.contains(memory), "a memory is returned as it is exported: {memory}");
        }
        let values: Vec<String> =
            found.iter().map(|memory| format!("{:>8}", memory[sort].to_string())).collect();
        let is_sorted = if order == "asc" { values.is_sorted() } else { values.iter().rev().is_sorted() };
        assert!(is_sorted, "{body} {values:?}");
        matches += found.len();
    }
    assert!(matches > 1_000, "{matches}");
}

#[tokio::test]
async fn a_query_that_ends_at_its_budget_continues_behind_what_it_has_read() {
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    // Some 13 MB, of which one call reads 5 MB. Only the oldest and the newest memory match.
    let padding = "x".repeat(9_000);
    for part in 0..4 {
        let line = |number: usize| {
            let number = part * 350 + number;
            let is_wanted = [0, 1_399].contains(&number);
            let at = moment(NOON).millis() - 10_000 + number as i64;
            json!({"content": format!("{padding}{number}"), "type": "task", "createdAt": at, "metadata": {"is": is_wanted}})
        };
        let lines: Vec<String> = (0..350).map(|number| line(number).to_string()).collect();
        import(&client, &lines).await;
    }
    for (sort, order) in [("createdAt", "desc"), ("updatedAt", "asc"), ("importance", "desc")] {
        let body = json!({"filter": {"metadata.is": {"eq": true}}, "sort": sort, "order": order});
        instance.tap.take();
        let first = client.post(QUERY, body.clone()).await;
        let read: f64 = instance.tap.take().iter().map(|call| call.read_units).sum();
        assert!(read <= 1_300.0, "{sort}: {read} RCU are more than 5 MB");
        assert!(first.data()["nextCursor"].is_string(), "{sort}: {}", first.text);
        let (mut body, mut found, mut pages) = (body, Vec::new(), 0);
        loop {
            let page = client.post(QUERY, body.clone()).await;
            found.extend(page.data()["memories"].as_array().expect("memories").iter().cloned());
            pages += 1;
            let Some(cursor) = page.data()["nextCursor"].as_str() else { break };
            body["cursor"] = json!(cursor);
        }
        assert_eq!(found.len(), 2, "{sort}");
        assert!(pages >= 3, "{sort}: {pages} pages");
    }
}

#[tokio::test]
async fn a_page_holds_at_most_three_mebibytes() {
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    // Each takes some 60 KB as JSON and 10 KB in the table.
    let lines: Vec<String> = (0..60)
        .map(|_| json!({"content": format!("x{}", "\u{1}".repeat(9_990)), "type": "task"}).to_string())
        .collect();
    import(&client, &lines).await;
    for body in [json!({"filter": {"type": {"eq": "task"}}, "limit": 100}), json!({"limit": 100})] {
        let page = client.post(QUERY, body.clone()).await;
        assert!(page.text.len() <= 3 * 1024 * 1024, "{}", page.text.len());
        assert!(page.data()["nextCursor"].is_string());
        assert_eq!(queried(&client, body).await.len(), 60);
    }
}

#[tokio::test]
async fn a_query_without_filter_returns_all() {
    let (_world, instance, client) = World::with_a_client().await;
    for number in 0..3 {
        client.post("/api/v1/memories", json!({"content": format!("note {number}"), "type": "task"})).await;
    }
    instance.tap.take();
    for body in [json!({}), json!({"cursor": null})] {
        let page = client.post(QUERY, body).await;
        assert_eq!(page.data()["memories"].as_array().map(Vec::len), Some(3), "{}", page.text);
        assert_eq!(page.data()["nextCursor"], Value::Null);
    }
    let refused = client.post(QUERY, json!({"filter": {"and": [{"importance": {"gte": "1"}}]}})).await;
    refused.expect(400, "VALIDATION_ERROR");
    assert_eq!(refused.message(), "filter.and[0].importance.gte must be a number");
    assert_eq!(refused.fields(), ["filter.and[0].importance.gte"]);
}
