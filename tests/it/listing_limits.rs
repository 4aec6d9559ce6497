//! The limits of one list call: pages, bytes of the response, bytes read; and that later calls return the rest.

use futures_util::{StreamExt, stream};
use hb_tests::world::{Account, plenty};
use hb_tests::{Answer, Client, Instance, World};
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";
/// The maximum size of a response.
const MAX_ANSWER: usize = 3 * 1024 * 1024;
/// The maximum that a filtered call may read.
const MAX_READ: f64 = 5.0 * 1_048_576.0;

/// A tenant with `count` memories of 56 KB, every tenth of them with a tag.
struct Archive {
    _world: World,
    instance: Instance,
    client: Client,
}

impl Archive {
    async fn of(count: usize) -> Self {
        let world = World::new().await;
        let account: Account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        let client = instance.client.with(&account.key);
        stream::iter(0..count)
            .for_each_concurrent(4, |number| {
                let client = client.clone();
                async move {
                    let tags = if number % 10 == 0 { vec!["tenth"] } else { vec![] };
                    let body = json!({
                        "content": "\u{1f9e0}".repeat(10_000), "type": "task", "tags": tags,
                        "importance": number as f64 / 1_000.0, "metadata": {"a": "x".repeat(16_000)},
                    });
                    assert_eq!(client.post(MEMORIES, body).await.status, 201);
                }
            })
            .await;
        instance.tap.take();
        Self { _world: world, instance, client }
    }

    /// Every page of a list by its cursors, each checked by `check`. Returns the numbers of its memories.
    async fn walk(&self, query: &str, check: impl Fn(&Self, &Answer)) -> (Vec<u64>, usize) {
        let (mut numbers, mut cursor, mut calls) = (Vec::new(), String::new(), 0);
        loop {
            let page = self.client.get(&format!("{MEMORIES}?{query}{cursor}")).await;
            check(self, &page);
            calls += 1;
            numbers.extend(page.data()["memories"].as_array().expect("memories").iter().map(number));
            let Some(next) = page.data()["pagination"]["nextCursor"].as_str() else {
                return (numbers, calls);
            };
            cursor = format!("&cursor={next}");
        }
    }
}

fn number(memory: &Value) -> u64 {
    (memory["importance"].as_f64().expect("a number") * 1_000.0).round() as u64
}

#[tokio::test]
async fn pages_reach_ten_thousand_memories_and_cursors_the_rest() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    for (inside, outside) in [
        ("page=200", "page=201"),
        ("page=100&limit=100", "page=101&limit=100"),
        ("page=10000&limit=1", "page=10001&limit=1"),
        ("page=1&limit=100", "page=4294967295&limit=100"),
        ("page=200&type=task", "page=201&type=task"),
    ] {
        assert_eq!(client.get(&format!("{MEMORIES}?{inside}")).await.status, 200, "{inside}");
        let refused = client.get(&format!("{MEMORIES}?{outside}")).await;
        refused.expect(400, "VALIDATION_ERROR");
        assert!(refused.message().contains("cursor"), "{}", refused.text);
    }
    for number in 0..3 {
        client.post(MEMORIES, json!({"content": format!("note {number}"), "type": "task"})).await;
    }
    let page = client.get(&format!("{MEMORIES}?limit=1")).await;
    let cursor = page.data()["pagination"]["nextCursor"].as_str().expect("a cursor");
    let both = client.get(&format!("{MEMORIES}?page=1&cursor={cursor}")).await;
    both.expect(400, "VALIDATION_ERROR");
    assert_eq!(both.fields(), ["cursor"]);
}

#[tokio::test]
async fn a_response_stops_at_three_mebibytes_and_the_cursor_continues_from_there() {
    let archive = Archive::of(60).await;
    for sort in ["importance", "createdAt"] {
        let first = archive.client.get(&format!("{MEMORIES}?limit=100&order=asc&sort={sort}")).await;
        let shown = first.data()["memories"].as_array().expect("memories").len();
        let each = first.text.len() / shown;
        assert!(
            first.text.len() <= MAX_ANSWER && first.text.len() + each > MAX_ANSWER - 8_192,
            "{}",
            first.text.len()
        );
        let pagination = &first.data()["pagination"];
        assert_eq!((&pagination["total"], &pagination["hasNext"]), (&json!(60), &json!(true)));
        let query = format!("limit=100&order=asc&sort={sort}");
        let (mut numbers, calls) =
            archive.walk(&query, |_, page| assert!(page.text.len() <= MAX_ANSWER)).await;
        if sort == "importance" {
            assert!(numbers.is_sorted());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..60).collect::<Vec<_>>());
        assert_eq!(calls, 2);
    }
}

#[tokio::test]
async fn a_filtered_list_reads_five_megabytes_per_call_and_omits_nothing() {
    let archive = Archive::of(110).await;
    let tenths: Vec<u64> = (0..110).step_by(10).collect();
    for (query, expected) in [
        ("tags=tenth&limit=4", &tenths[..]),
        ("tags=tenth&sort=importance", &tenths),
        ("userId=nobody&sort=updatedAt", &[]),
    ] {
        let (mut numbers, calls) = archive
            .walk(query, |archive, page| {
                let calls = archive.instance.tap.take();
                let read: f64 = calls.iter().map(|call| call.read_units * 4_096.0).sum();
                assert!(read <= MAX_READ, "{query} read {read} in {calls:?}");
                let pagination = &page.data()["pagination"];
                assert_eq!(
                    (&pagination["total"], &pagination["pages"]),
                    (&Value::Null, &Value::Null),
                    "{query}"
                );
                assert_eq!(pagination["hasNext"], pagination["nextCursor"].is_string(), "{query}");
            })
            .await;
        numbers.sort_unstable();
        assert_eq!(numbers, expected, "{query}");
        assert!((2..=5).contains(&calls), "{query} {calls}");
    }
}

#[tokio::test]
async fn no_memory_is_larger_than_lists_assume() {
    let archive = Archive::of(0).await;
    let wide = |count: usize| "\u{1f9e0}".repeat(count);
    let tags: Vec<String> = (0..50).map(|number| format!("{}{number:02}", wide(62))).collect();
    let body = json!({
        "content": wide(10_000), "type": "prospective", "importance": 0.123_456_789_012_345_67, "tags": tags,
        "metadata": {"a": "x".repeat(16_376)}, "userId": wide(128), "agentId": wide(128), "sessionId": wide(128),
        "expiresAt": "9999-12-31T23:59:59.999Z",
    });
    let created = archive.client.post(MEMORIES, body).await;
    assert_eq!(created.status, 201, "{}", created.text);
    archive.instance.tap.take();
    assert_eq!(archive.client.get(created.header("location")).await.status, 200);
    let calls = archive.instance.tap.take();
    let read = calls.iter().find(|call| call.name == "DynamoDB GetItem Memories").expect("a read");
    // `LARGEST` in shared/store/src/memories/walk.rs allows these 18 units of 4,096 bytes.
    assert_eq!(read.read_units, 18.0);
}
