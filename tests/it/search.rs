//! Search: results, their order, filters, and read units.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Client, Instance, World};
use serde_json::{Value, json};

pub(crate) const SEARCH: &str = "/api/v1/memories/search";

/// A tenant with a few memories, created a minute apart.
pub(crate) async fn set_up() -> (World, Instance, Client) {
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

/// The first word of each search result.
pub(crate) async fn found(client: &Client, body: Value) -> Vec<String> {
    let answer = client.post(SEARCH, body).await;
    let results = answer.data()["results"].as_array().expect("results");
    let first = |result: &Value| {
        result["content"].as_str().and_then(|text| text.split(' ').next()).map(str::to_owned)
    };
    results.iter().map(|result| first(result).expect("a word")).collect()
}

#[tokio::test]
async fn words_of_content_and_tags_are_found_in_any_form_best_first() {
    let (_world, _instance, client) = set_up().await;
    for (query, first) in [
        ("tea", "Green"),
        ("TEA?", "Green"),
        ("closing time of the tea shops", "The"),
        ("sugared coffees", "Coffee"),
        ("mondays", "A"),
        ("ZOË uberraschung", "Überraschung"),
        ("geburtstag", "Überraschung"),
    ] {
        assert_eq!(
            found(&client, json!({"query": query})).await.first().map(String::as_str),
            Some(first),
            "{query}"
        );
    }
    // A query of stop words only is searched by them.
    assert_eq!(found(&client, json!({"query": "of the and"})).await, ["The"]);
    for query in ["!?", "\u{200b}"] {
        assert_eq!(found(&client, json!({"query": query})).await, Vec::<String>::new(), "{query:?}");
    }
}

#[tokio::test]
async fn memories_are_found_by_meaning_without_common_words() {
    let (_world, _instance, client) = set_up().await;
    let memory = json!({"content": "We adopted two kittens from the shelter", "type": "event"});
    client.post("/api/v1/memories", memory).await.expect(201, "");
    for query in ["Which pets do they have?", "a cat", "animals"] {
        assert_eq!(found(&client, json!({"query": query})).await[0], "We", "{query}");
    }
}

#[tokio::test]
async fn filters_limit_and_least_relevance_narrow_a_search() {
    let (_world, instance, client) = set_up().await;
    let minutes = |count: u64| instance.clock.now().minus(Duration::from_secs(60 * count));
    let all = ["Green", "Coffee", "The", "Überraschung", "A"];
    for (narrow, expected) in [
        (json!({"type": "semantic"}), &["Green", "Coffee"][..]),
        (json!({"tags": ["shop"]}), &["The"]),
        (json!({"tags": ["drink", "tea"]}), &["Coffee"]),
        (json!({"userId": "ann"}), &["Green", "The"]),
        (json!({"userId": "nobody"}), &[]),
        (json!({"agentId": "x"}), &[]),
        (json!({"sessionId": "x"}), &[]),
        (json!({"limit": 2}), &["Green", "Coffee"]),
        (json!({"minRelevance": 0.4}), &["Green", "Coffee", "The"]),
        (json!({"minRelevance": 0.9}), &["Green", "Coffee"]),
        (json!({"minRelevance": 0.9, "limit": 1}), &["Green"]),
        (json!({"metadata": {"n": 1}, "type": "semantic"}), &["Green", "Coffee"]),
        (json!({"metadata": {"n": 2}}), &[]),
        (json!({"metadata": {"n": "1"}}), &[]),
        (json!({"metadata": {"m": null}}), &[]),
        (json!({"createdAfter": minutes(3), "type": "semantic"}), &["Coffee"]),
        (json!({"createdBefore": minutes(4)}), &["Green"]),
        (json!({"createdAfter": minutes(4), "createdBefore": minutes(3)}), &["The"]),
    ] {
        let mut body = narrow.clone();
        body["query"] = json!("sugar tea");
        let found = found(&client, body).await;
        assert_eq!(found, expected, "{narrow}");
        assert!(found.iter().all(|word| all.contains(&word.as_str())));
    }
    for (wrong, field) in [
        (json!({"metadata": []}), "metadata"),
        (json!({"createdAfter": "yesterday"}), "createdAfter"),
        (json!({"explain": 1}), "explain"),
        (json!({"minRelevance": 1.1}), "minRelevance"),
        (json!({"where": "1=1"}), "where"),
    ] {
        let mut body = wrong.clone();
        body["query"] = json!("tea");
        let answer = client.post(SEARCH, body).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.json["errors"][0]["field"], field, "{wrong}");
    }
}

#[tokio::test]
async fn a_search_returns_query_latency_and_results() {
    let (_world, _instance, client) = set_up().await;
    let answer = client.post(SEARCH, json!({"query": "the team on Monday"})).await;
    let data = answer.data();
    assert_eq!(data["query"], "the team on Monday");
    assert!(data["latency"].as_f64().is_some_and(|latency| latency > 0.0), "{data}");
    let list = client.get("/api/v1/memories?limit=2&type=event").await;
    let team = &list.data()["memories"][0];
    let hit = &data["results"][0];
    let mut expected = team.clone();
    expected["relevance"] = hit["relevance"].clone();
    assert_eq!(*hit, expected);
    assert!(hit["relevance"].as_f64().is_some_and(|relevance| (0.9..=1.0).contains(&relevance)), "{hit}");
    let explained = client.post(SEARCH, json!({"query": "the team on Monday", "explain": true})).await;
    let parts = &explained.data()["results"][0]["explanation"];
    assert_eq!(parts["terms"], json!(["team", "monday"]));
    let all = ["words", "meaning", "session", "importance", "length"];
    let sum: f64 = all.iter().filter_map(|part| parts[part].as_f64()).sum();
    assert!((sum - parts["score"].as_f64().expect("a score")).abs() < 1e-5, "{parts}");
}

/// The first word of each result, per instance.
pub(crate) async fn found_by(clients: &[Client], query: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for client in clients {
        all.push(found(client, json!({"query": query, "minRelevance": 0.2})).await);
    }
    all
}

/// Filters by owner and tag do not depend on the number of metadata fields.
#[tokio::test]
async fn filters_by_owner_work_with_many_metadata_fields() {
    let (world, _, _) = set_up().await;
    let account = world.account_with("globex", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let metadata: serde_json::Map<String, Value> =
        (0..400).map(|field| (format!("f{field}"), json!(field))).collect();
    for (number, user) in ["ann", "bob", "ann", "ann", "ann", "ann"].iter().enumerate() {
        let body = json!({
            "content": format!("tea {number}"), "type": "semantic", "userId": user, "metadata": metadata,
        });
        client.post("/api/v1/memories", body).await.expect(201, "");
    }
    client.post(SEARCH, json!({"query": "tea"})).await;
    instance.tap.take();
    let bob = json!({"query": "tea", "userId": "bob"});
    let answer = client.post(SEARCH, bob).await;
    assert_eq!(answer.data()["results"].as_array().map(Vec::len), Some(1));
    let units: f64 = instance.tap.take().iter().map(|call| call.read_units).sum();
    assert!(units <= 2.0, "only what is returned is read: {units}");
    let by_field = json!({"query": "tea", "metadata": {"f399": 399}});
    assert_eq!(found(&client, by_field).await.len(), 6);
    assert_eq!(found(&client, json!({"query": "tea", "metadata": {"f399": 0}})).await.len(), 0);
}

#[tokio::test]
async fn a_search_reads_the_memories_it_returns_and_recent_changes() {
    let (world, _, _) = set_up().await;
    let account = world.account_with("globex", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    for number in 0..40 {
        let body = json!({"content": format!("note {number} about sailing"), "type": "semantic"});
        client.post("/api/v1/memories", body).await.expect(201, "");
    }
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(3_600)));
    let names = |instance: &Instance| -> Vec<String> {
        let calls = instance.tap.take().into_iter().map(|call| call.name);
        calls.filter(|name| name.contains("Memories") || name.contains("Batch")).collect()
    };
    let query = json!({"query": "sailing", "limit": 5});
    names(&instance);
    client.post(SEARCH, query.clone()).await.expect(200, "");
    let cold = names(&instance);
    assert_eq!(cold, ["DynamoDB Query Memories", "DynamoDB Query Memories", "DynamoDB BatchGetItem"]);
    client.post(SEARCH, query.clone()).await.expect(200, "");
    let warm = instance.tap.take();
    let read: f64 = warm.iter().map(|call| call.read_units).sum();
    assert_eq!((warm.len(), read), (3, 5.0), "admission, usage, and the five memories: {warm:?}");
    client.post("/api/v1/memories", json!({"content": "one more", "type": "task"})).await.expect(201, "");
    names(&instance);
    client.post(SEARCH, query.clone()).await.expect(200, "");
    let changed = instance.tap.take();
    let read: f64 = changed.iter().map(|call| call.read_units).sum();
    assert_eq!((changed.len(), read), (4, 6.0), "and what has changed: {changed:?}");
}

/// No query is interpreted as anything but words.
#[tokio::test]
async fn hostile_queries_are_words_like_others() {
    let (_world, _instance, client) = set_up().await;
    for query in [
        "x ".repeat(5_000),
        "y".repeat(10_000),
        "🎉".repeat(10_000),
        "(?:a+)+$ .* [^".to_owned(),
        "'; DROP TABLE memories; -- {\"$gt\": \"\"} tenant = :other".to_owned(),
        "\u{202e}\u{feff}\u{0301}".repeat(100),
    ] {
        let answer = client.post(SEARCH, json!({"query": query, "limit": 100})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.data()["query"], query);
    }
    client.post(SEARCH, json!({"query": "z".repeat(10_001)})).await.expect(400, "VALIDATION_ERROR");
    client.post(SEARCH, json!({"query": ""})).await.expect(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn twenty_results_are_shown_unless_more_are_wanted() {
    let (_world, _instance, client) = set_up().await;
    for _ in 0..25 {
        client.post("/api/v1/memories", json!({"content": "same word", "type": "task"})).await;
    }
    assert_eq!(found(&client, json!({"query": "word"})).await.len(), 20);
    let all = found(&client, json!({"query": "word", "limit": 100})).await;
    assert!(all.len() >= 25 && all[..25].iter().all(|word| word == "same"), "{all:?}");
}

#[tokio::test]
async fn a_response_ends_at_three_mebibytes() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    // One byte in the table, six in JSON.
    let content = format!("long {}", "\u{1}".repeat(9_900));
    for _ in 0..60 {
        assert_eq!(
            client.post("/api/v1/memories", json!({"content": content, "type": "task"})).await.status,
            201
        );
    }
    // The response includes the query, which grows in JSON too.
    let query = format!("long {}", "\u{1}".repeat(9_990));
    let answer = client.post(SEARCH, json!({"query": query, "limit": 100})).await;
    let results = answer.data()["results"].as_array().expect("results").len();
    assert!((40..60).contains(&results) && answer.text.len() <= 3 * 1024 * 1024, "{results}");
}
