//! Searches with too little time, too few reads, a wrong clock or damaged data.

use std::time::Duration;

use hb_store::SearchBudget;
use hb_tests::world::{moment, plenty, unhurried};
use hb_tests::{Client, World};
use serde_json::{Value, json};

use crate::search::{SEARCH, found};
use crate::search_large::{import, many_fields};

const PAGE: &str = "DynamoDB Query Memories";
/// Reads one page and then responds.
const HURRIED: SearchBudget = SearchBudget { time_limit: Duration::ZERO, reads: 2_000 };

/// Creates memories whose search documents fill more than one page.
async fn fill(client: &Client, name: &str) {
    for part in 0..2 {
        let line = |number: usize| {
            let content = format!("{name} {part} {number}");
            json!({"content": content, "type": "semantic", "metadata": many_fields()}).to_string()
        };
        let lines: Vec<String> = (0..800).map(line).collect();
        import(client, &lines).await;
    }
}

/// How many memories a search covered, when those are not all.
async fn partial(client: &Client) -> Option<u64> {
    let answer = client.post(SEARCH, json!({"query": "lighthouse"})).await;
    assert_eq!(answer.data()["results"][0]["content"], "lighthouse", "{}", answer.text);
    answer.data()["partial"]["searched"].as_u64()
}

#[tokio::test]
async fn a_search_without_time_returns_partial_results_until_the_index_is_complete() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (loading, hurried) = (world.instance().await, world.instance_with(HURRIED).await);
    let (writer, client) = (loading.client.with(&account.key), hurried.client.with(&account.key));
    let after = |minutes: u64| {
        let time = world.clock.now().plus(Duration::from_secs(60 * minutes));
        loading.clock.set(time);
        hurried.clock.set(time);
    };
    let lighthouse = || writer.post("/api/v1/memories", json!({"content": "lighthouse", "type": "task"}));
    fill(&writer, "a").await;
    after(5);
    lighthouse().await.expect(201, "");
    let searched = partial(&client).await.expect("it has read one page of two");
    assert!((1_000..1_601).contains(&searched), "{searched}");
    lighthouse().await.expect(201, "");
    assert_eq!(partial(&client).await, None, "the rebuild was continued, and later writes are synced");

    // There are more changes than a sync has time for; the latest come first.
    fill(&writer, "b").await;
    after(6);
    lighthouse().await.expect(201, "");
    assert!(partial(&client).await.is_some_and(|searched| searched > 1_600));
    assert!(partial(&client).await.is_some_and(|searched| searched > 1_600));
    // Long after the last complete sync the index is rebuilt, over several requests. So it is for an old backdated change.
    let long_ago = json!({"content": "harbour", "type": "task", "createdAt": "2020-01-01T00:00:00Z"});
    for then in ["a late sync", "an old backdated change"] {
        if then == "a late sync" {
            after(20);
        } else {
            import(&writer, &[long_ago.to_string()]).await;
        }
        let mut rounds = 0;
        while partial(&client).await.is_some() {
            rounds += 1;
            assert!(rounds < 10, "{then}");
        }
        assert!(rounds >= 2, "three pages, one a search: {rounds}");
    }
    assert_eq!(found(&client, json!({"query": "harbour"})).await[0], "harbour");
}

#[tokio::test]
async fn a_search_reads_no_more_memories_than_its_budget() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let search_budget = SearchBudget { reads: 25, ..unhurried() };
    let instance = world.instance_with(search_budget).await;
    let client = instance.client.with(&account.key);
    // A search document has no facets of so many fields, so a filter by one has to read the memory.
    let fields: serde_json::Map<String, Value> =
        (0..300).map(|field| (format!("f{field}"), json!(0))).collect();
    for number in 0..60 {
        let mut metadata = fields.clone();
        metadata.insert("n".into(), json!(number));
        let body = json!({"content": "tea", "type": "task", "metadata": metadata});
        client.post("/api/v1/memories", body).await.expect(201, "");
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(1)));
    }
    let units = |instance: &hb_tests::Instance| -> f64 {
        let calls = instance.tap.take();
        calls.iter().filter(|call| call.name == "DynamoDB BatchGetItem").map(|call| call.read_units).sum()
    };
    instance.tap.take();
    let one = json!({"query": "tea", "limit": 1});
    client.post(SEARCH, one.clone()).await.expect(200, "");
    let each = units(&instance);
    for (number, expected, most) in [(59, Value::Null, 25.0), (0, json!({"searched": 25}), 25.0)] {
        let mut body = one.clone();
        body["metadata"] = json!({"n": number});
        let answer = client.post(SEARCH, body).await;
        assert_eq!(answer.data()["partial"], expected, "{number}");
        let read = units(&instance) / each;
        assert!(read <= most, "{number}: {read} memories");
    }
}

#[tokio::test]
async fn all_memories_are_found_after_the_clock_was_set_back_and_after_an_hour() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (one, other) = (world.instance().await, world.instance().await);
    let (here, there) = (one.client.with(&account.key), other.client.with(&account.key));
    let query = |word: &str| json!({"query": word, "minRelevance": 0.5});
    one.clock.set(moment("2026-11-24T12:01:30Z"));
    assert_eq!(found(&here, query("lighthouse")).await, Vec::<String>::new());
    one.clock.set(moment("2026-11-24T12:00:00Z"));
    there.post("/api/v1/memories", json!({"content": "lighthouse", "type": "task"})).await.expect(201, "");
    assert_eq!(found(&here, query("lighthouse")).await, ["lighthouse"], "its clock was ahead");

    one.tap.take();
    for (minutes, pages) in [(2, 1), (2, 0), (59, 1), (60, 2), (61, 1)] {
        one.clock.set(moment("2026-11-24T12:00:00Z").plus(Duration::from_secs(60 * minutes)));
        assert_eq!(found(&here, query("lighthouse")).await, ["lighthouse"]);
        let read = one.tap.take().iter().filter(|call| call.name == PAGE).count();
        assert_eq!(read, pages, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_damaged_memory_does_not_affect_others() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    for (number, damaged) in [None, Some("searchDoc"), Some("content")].into_iter().enumerate() {
        let body = json!({"content": format!("tea {number}"), "type": "task"});
        let made = client.post("/api/v1/memories", body).await;
        if let Some(attribute) = damaged {
            world.damage(&account.tenant, made.data()["id"].as_str().expect("an id"), attribute).await;
        }
    }
    let fresh = world.instance().await;
    let client = fresh.client.with(&account.key);
    for _ in 0..2 {
        // A damaged search document is made anew from the memory.
        let answer = client.post(SEARCH, json!({"query": "tea"})).await;
        let results = answer.data()["results"].as_array().expect("results");
        let mut contents: Vec<&str> =
            results.iter().map(|result| result["content"].as_str().expect("text")).collect();
        contents.sort_unstable();
        assert_eq!(contents, ["tea 0", "tea 1"]);
    }
}
