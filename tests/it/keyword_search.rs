//! Search by words: what it finds, in which order, and what narrows it.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Client, Instance, World};
use serde_json::{Value, json};

const SEARCH: &str = "/api/v1/memories/search";

/// A tenant that remembers a few things, each a minute after the one before.
async fn set_up() -> (World, Instance, Client) {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    for (content, kind, tags, user) in [
        ("Green tea, no sugar", "semantic", &["drink"][..], "ann"),
        ("The TEA shop closes at six", "event", &["shop", "drink"], "ann"),
        ("Coffee with sugar", "semantic", &["drink", "tea"], "bob"),
        ("A team meets on Monday", "event", &[], "bob"),
        ("Überraschung für Zoë", "emotional", &["geburtstag"], "bob"),
    ] {
        let body =
            json!({"content": content, "type": kind, "tags": tags, "userId": user, "metadata": {"n": 1}});
        assert_eq!(client.post("/api/v1/memories", body).await.status, 201);
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(60)));
    }
    (world, instance, client)
}

/// The first words of what a search finds.
async fn found(client: &Client, body: Value) -> Vec<String> {
    let answer = client.post(SEARCH, body).await;
    let results = answer.data()["results"].as_array().expect("results");
    let first = |result: &Value| {
        result["content"].as_str().and_then(|text| text.split(' ').next()).map(str::to_owned)
    };
    results.iter().map(|result| first(result).expect("a word")).collect()
}

#[tokio::test]
async fn whole_words_of_content_and_tags_are_found_best_first_then_newest() {
    let (_world, _instance, client) = set_up().await;
    for (query, expected) in [
        ("tea", &["Coffee", "The", "Green"][..]),
        ("TEA?", &["Coffee", "The", "Green"]),
        ("tea sugar", &["Coffee", "Green", "The"]),
        ("green tea sugar", &["Green", "Coffee", "The"]),
        ("monday", &["A"]),
        ("ZOË überraschung", &["Überraschung"]),
        ("te", &[]),
        ("!?", &[]),
        ("absent", &[]),
    ] {
        assert_eq!(found(&client, json!({"query": query})).await, expected, "{query}");
    }
}

#[tokio::test]
async fn filters_limit_and_least_relevance_narrow_a_search() {
    let (_world, _instance, client) = set_up().await;
    for (narrow, expected) in [
        (json!({"type": "semantic"}), &["Coffee", "Green"][..]),
        (json!({"tags": ["shop"]}), &["The"]),
        (json!({"tags": ["drink", "tea"]}), &["Coffee"]),
        (json!({"userId": "ann"}), &["Green", "The"]),
        (json!({"userId": "nobody"}), &[]),
        (json!({"agentId": "x"}), &[]),
        (json!({"sessionId": "x"}), &[]),
        (json!({"limit": 2}), &["Coffee", "Green"]),
        (json!({"minRelevance": 0.5}), &["Coffee", "Green", "The"]),
        (json!({"minRelevance": 0.51}), &["Coffee", "Green"]),
        (json!({"minRelevance": 1}), &["Coffee", "Green"]),
        (json!({"minRelevance": 0.6, "limit": 1}), &["Coffee"]),
    ] {
        let mut body = narrow.clone();
        body["query"] = json!("sugar tea");
        assert_eq!(found(&client, body).await, expected, "{narrow}");
    }
}

#[tokio::test]
async fn a_search_answers_query_latency_and_what_it_found() {
    let (_world, _instance, client) = set_up().await;
    let answer = client.post(SEARCH, json!({"query": "Monday at six"})).await;
    let data = answer.data();
    assert_eq!(data["query"], "Monday at six");
    assert!(data["latency"].as_f64().is_some_and(|latency| latency >= 0.0), "{data}");
    let list = client.get("/api/v1/memories?limit=2&type=event").await;
    let team = &list.data()["memories"][0];
    let hit = &data["results"][1];
    let mut expected = json!({"relevance": hit["relevance"]});
    for name in ["id", "content", "type", "importance", "tags", "metadata", "createdAt"] {
        expected[name] = team[name].clone();
    }
    assert_eq!(*hit, expected);
    let relevance = hit["relevance"].as_f64().expect("a number");
    assert!((relevance - 1.0 / 3.0).abs() < 1e-9, "{relevance}");
}

#[tokio::test]
async fn twenty_results_are_shown_unless_more_are_wanted() {
    let (_world, _instance, client) = set_up().await;
    for _ in 0..25 {
        client.post("/api/v1/memories", json!({"content": "same word", "type": "task"})).await;
    }
    assert_eq!(found(&client, json!({"query": "word"})).await.len(), 20);
    assert_eq!(found(&client, json!({"query": "word", "limit": 100})).await.len(), 25);
}

#[tokio::test]
async fn an_answer_stops_at_three_mebibytes() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    // A character of one byte in the table that takes six in JSON.
    let content = format!("long {}", "\u{1}".repeat(9_900));
    for _ in 0..60 {
        assert_eq!(
            client.post("/api/v1/memories", json!({"content": content, "type": "task"})).await.status,
            201
        );
    }
    // The answer repeats the query, which grows in JSON too.
    let query = format!("long {}", "\u{1}".repeat(9_990));
    let answer = client.post(SEARCH, json!({"query": query, "limit": 100})).await;
    let results = answer.data()["results"].as_array().expect("results").len();
    assert!((40..60).contains(&results) && answer.text.len() <= 3 * 1024 * 1024, "{results}");
}
