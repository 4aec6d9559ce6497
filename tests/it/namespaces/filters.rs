//! Filters by namespace and by prefix, in lists, searches, exports and erasures.

use std::collections::BTreeSet;

use hb_tests::{Client, Driven, World};
use http::Method;
use serde_json::{Value, json};

use super::{MEMORIES, fill, hard_ones, namespace, text};

const EXPORT: &str = "/api/v1/memories/export";
const ERASE: &str = "/api/v1/memories/bulk-delete";

/// The namespaces of memories, with those that occur several times.
fn namespaces_of(memories: &[Value]) -> Vec<Vec<String>> {
    let of = |memory: &Value| serde_json::from_value(memory["namespace"].clone()).expect("a namespace");
    let mut namespaces: Vec<_> = memories.iter().map(of).collect();
    namespaces.sort();
    namespaces
}

async fn listed(client: &Client, query: &str) -> Vec<Value> {
    let (mut memories, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{MEMORIES}?limit=100&{query}{cursor}")).await;
        page.expect(200, "");
        memories.extend(page.data()["memories"].as_array().expect("memories").clone());
        match page.data()["pagination"]["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return memories,
        }
    }
}

/// The memories of an export, and the number of its pages.
async fn exported(client: &Client, query: &str) -> (Vec<Value>, usize) {
    let (mut memories, mut path, mut pages) = (Vec::new(), format!("{EXPORT}?{query}"), 0);
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        memories.extend(page.text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
        pages += 1;
        match page.header("link").strip_suffix(">; rel=\"next\"").and_then(|link| link.strip_prefix('<')) {
            Some(next) => path = next.to_owned(),
            None => return (memories, pages),
        }
    }
}

#[tokio::test]
async fn lists_searches_and_exports_select_a_namespace_or_a_prefix_of_whole_segments() {
    let (_world, _instance, client) = World::with_a_client().await;
    let mut namespaces = hard_ones();
    fill(&client, &namespaces).await;
    client.post(MEMORIES, json!({"content": "tea without one", "type": "task"})).await.expect(201, "");
    namespaces.sort();
    for wanted in [&["a"][..], &["a", "b"], &["a/b"], &["~"], &["\u{1}"], &["nobody"]]
        .map(namespace)
        .into_iter()
        .chain(namespaces.iter().filter(|one| one.len() > 8 && one[0] != one[one.len() - 1]).cloned())
    {
        let segments: Vec<&str> = wanted.iter().map(String::as_str).collect();
        for (name, expected) in [
            ("namespace", namespaces.iter().filter(|one| **one == wanted).cloned().collect::<Vec<_>>()),
            ("namespacePrefix", namespaces.iter().filter(|one| one.starts_with(&wanted)).cloned().collect()),
        ] {
            let query = format!("{name}={}", text(&segments));
            assert_eq!(namespaces_of(&listed(&client, &query).await), expected, "list {query}");
            assert_eq!(namespaces_of(&exported(&client, &query).await.0), expected, "export {query}");
            let search = json!({"query": "tea", "limit": 100, name: wanted});
            let found = client.post("/api/v1/memories/search", search).await;
            found.expect(200, "");
            let found = found.data()["results"].as_array().expect("results").clone();
            let ids: BTreeSet<&str> = found.iter().filter_map(|result| result["id"].as_str()).collect();
            let listed = listed(&client, &query).await;
            assert_eq!(
                ids,
                listed.iter().filter_map(|memory| memory["id"].as_str()).collect(),
                "search {query}"
            );
        }
    }
    for (name, value) in
        [("namespace", json!([])), ("namespacePrefix", json!("a")), ("namespace", Value::Null)]
    {
        let answer = client.post("/api/v1/memories/search", json!({"query": "tea", name: value})).await;
        answer.expect(400, "VALIDATION_ERROR");
        assert_eq!(answer.fields(), [name]);
        let answer = client.post(ERASE, json!({"filter": {name: value}})).await;
        answer.expect(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn an_export_with_a_filter_reads_5_mb_a_page_and_continues_to_the_end() {
    let (_world, instance, client) = World::with_a_client().await;
    for part in 0..14 {
        let memory = |number: usize| {
            let owner = if (part * 50 + number) % 300 == 7 { "wanted" } else { "others" };
            json!({"content": "x".repeat(9_000), "type": "task", "namespace": [owner], "userId": owner})
        };
        let body = json!({"memories": (0..50).map(memory).collect::<Vec<_>>()});
        assert_eq!(client.post("/api/v1/memories/bulk", body).await.data()["created"], 50);
    }
    for query in ["namespace=wanted", "userId=wanted", "namespacePrefix=wanted&type=task"] {
        instance.tap.take();
        let (memories, pages) = exported(&client, query).await;
        assert_eq!(
            (memories.len(), memories.iter().all(|memory| memory["namespace"] == json!(["wanted"]))),
            (3, true)
        );
        assert!(pages > 1, "{pages}");
        let units: f64 = instance.tap.take().iter().map(|call| call.read_units).sum();
        assert!(units / pages as f64 <= 1_281.0, "{units} in {pages} pages");
    }
    let first = client.get(&format!("{EXPORT}?namespace=wanted")).await;
    let (_, cursor) = first.header("link").split_once("cursor=").expect("a cursor");
    let cursor = cursor.trim_end_matches(">; rel=\"next\"");
    for query in ["", "namespace=others&", "namespacePrefix=wanted&", "userId=wanted&"] {
        let refused = client.get(&format!("{EXPORT}?{query}cursor={cursor}")).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert_eq!(refused.fields(), ["cursor"], "{query}");
    }
}

/// Calls until nothing is left, and returns how many memories were deleted.
async fn erase(client: &Client, filter: Value) -> u64 {
    let (mut deleted, mut cursor) = (0, Value::Null);
    loop {
        let answer = client.post(ERASE, json!({"filter": filter, "cursor": cursor})).await;
        answer.expect(200, "");
        deleted += answer.data()["deleted"].as_u64().expect("a number");
        cursor = answer.data()["nextCursor"].clone();
        if cursor.is_null() {
            return deleted;
        }
    }
}

#[tokio::test]
async fn an_erasure_deletes_a_namespace_or_a_prefix_over_many_calls_and_no_other() {
    let (_world, _instance, client) = World::with_a_client().await;
    let of = |segments: &[&str], count: usize| vec![namespace(segments); count];
    fill(&client, &[of(&["a"], 600), of(&["a", "b"], 600), of(&["ab"], 3), of(&["a/b"], 3)].concat()).await;
    assert_eq!(erase(&client, json!({"namespace": ["a"]})).await, 600);
    assert_eq!(erase(&client, json!({"namespacePrefix": ["a"], "userId": "nobody"})).await, 0);
    assert_eq!(erase(&client, json!({"namespacePrefix": ["a"]})).await, 600);
    let rest = namespaces_of(&listed(&client, "").await);
    assert_eq!(rest, [of(&["a/b"], 3), of(&["ab"], 3)].concat());
}

/// As for owners: what is moved into the namespace by a later request than the first call stays.
#[tokio::test]
async fn an_erasure_leaves_what_was_moved_into_the_namespace_after_it_began() {
    let (world, instance, client) = World::with_a_client().await;
    fill(&client, &vec![namespace(&["other"]); 2]).await;
    let ids = fill(&client, &[namespace(&["a"]), namespace(&["b"]), namespace(&["b"])]).await;
    let other = world.instance().await;
    let second = other.client.with(client.credential().expect("a credential"));
    for (index, method) in [(1, Method::PATCH), (2, Method::PUT)] {
        let request = {
            let client = client.clone();
            async move { client.post(ERASE, json!({"filter": {"namespace": ["a"]}})).await }
        };
        let mut erasing = Driven::start(&instance, request);
        while erasing.peek().await.is_some_and(|call| call != "DynamoDB Query Memories") {
            erasing.step().await;
        }
        let path = format!("{MEMORIES}/{}", ids[index]);
        let body = json!({"content": "moved", "type": "task", "namespace": ["a"]});
        second.send(method, &path, Some(body)).await.expect(200, "");
        erasing.finish().await.expect(200, "");
        second.get(&path).await.expect(200, "");
        // A later erasure deletes it.
        if index == 1 {
            assert_eq!(erase(&second, json!({"namespacePrefix": ["a"]})).await, 1);
            second.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
        }
    }
}
