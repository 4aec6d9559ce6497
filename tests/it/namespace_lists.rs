//! Lists by namespace: they contain exactly the memories of the namespace, whether these are few and chosen by the index of
//! namespaces, or many.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Client, World};
use http::Method;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";

/// Whether a memory of this namespace is wanted.
type Wanted = fn(&Value) -> bool;

/// Creates memories in a few namespaces and in none, and changes some of them a minute later.
async fn fill(client: &Client, clock: &hb_domain::Clock) -> Vec<Value> {
    let namespaces = [json!(["a"]), json!(["a", "b/c"]), json!(["ab"]), json!(null), json!(["b", "a"])];
    let mut memories = Vec::new();
    for number in 0..40 {
        let namespace = &namespaces[number * 7 % 5];
        let body = json!({"content": format!("note {number}"), "type": "task", "namespace": namespace,
            "importance": f64::from(u8::try_from(number % 3).expect("a digit")) / 2.0});
        memories.push(client.post(MEMORIES, body).await.data().clone());
        if number % 3 == 0 {
            clock.set(clock.now().plus(Duration::from_millis(1)));
        }
    }
    clock.set(clock.now().plus(Duration::from_secs(90)));
    for memory in memories.iter_mut().step_by(4) {
        let path = format!("{MEMORIES}/{}", memory["id"].as_str().expect("an id"));
        *memory = client.send(Method::PATCH, &path, Some(json!({"tags": ["changed"]}))).await.data().clone();
    }
    memories
}

/// Every page of a list by its cursors.
async fn walk(client: &Client, query: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{MEMORIES}?{query}{cursor}")).await;
        page.expect(200, "");
        found.extend(page.data()["memories"].as_array().expect("memories").iter().cloned());
        let Some(next) = page.data()["pagination"]["nextCursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

fn sorted(memories: impl IntoIterator<Item = Value>, sort: &str, order: &str) -> Vec<Value> {
    let mut memories: Vec<Value> = memories.into_iter().collect();
    let key = |memory: &Value| (memory[sort].to_string(), memory["id"].to_string());
    memories.sort_by_key(key);
    if order == "desc" {
        memories.reverse();
    }
    memories
}

#[tokio::test]
async fn a_list_contains_exactly_the_memories_of_its_namespace_in_every_order() {
    let (_world, instance, client) = World::with_a_client().await;
    let memories = fill(&client, &instance.clock).await;
    let of = |wanted: Wanted| memories.iter().filter(move |memory| wanted(&memory["namespace"])).cloned();
    let cases: [(&str, Wanted); 6] = [
        ("namespace=a", |namespace| *namespace == json!(["a"])),
        ("namespace=a/b~1c", |namespace| *namespace == json!(["a", "b/c"])),
        ("namespacePrefix=a", |namespace| namespace[0] == "a"),
        ("namespacePrefix=b", |namespace| namespace[0] == "b"),
        ("namespace=a&namespacePrefix=a", |namespace| *namespace == json!(["a"])),
        ("namespace=c", |_| false),
    ];
    for (filter, wanted) in cases {
        for sort in ["createdAt", "updatedAt", "importance"] {
            for order in ["asc", "desc"] {
                for limit in [1, 3, 100] {
                    let query = format!("{filter}&sort={sort}&order={order}&limit={limit}");
                    let found = walk(&client, &query).await;
                    if sort == "importance" {
                        // Of equal importance, the order is that of the index.
                        let by_id = |list: Vec<Value>| sorted(list, "id", "asc");
                        assert_eq!(by_id(found), by_id(of(wanted).collect()), "{query}");
                    } else {
                        assert_eq!(found, sorted(of(wanted), sort, order), "{query}");
                    }
                }
            }
        }
    }
    let first = client.get(&format!("{MEMORIES}?namespacePrefix=a&limit=3")).await;
    let pagination = &first.data()["pagination"];
    assert_eq!(
        (&pagination["total"], &pagination["pages"]),
        (&json!(of(|n| n[0] == "a").count()), &json!(6))
    );
}

/// The index of namespaces lags; the memory was created after the index was read.
#[tokio::test]
async fn a_list_by_namespace_contains_what_the_index_of_namespaces_does_not_show_yet() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (reading, writing) = (world.instance().await, world.instance().await);
    let (reader, writer) = (reading.client.with(&account.key), writing.client.with(&account.key));
    reader.get(MEMORIES).await;
    let mut held = reading.tap.hold();
    let listing = tokio::spawn(async move { walk(&reader, "namespace=a").await });
    let mut indexed = None;
    while let Some(call) = held.recv().await {
        match indexed.take() {
            _ if call.name != "DynamoDB Query Memories" => call.pass().await,
            None => indexed = Some(call.perform().await),
            Some(indexed) => {
                let body = json!({"content": "new", "type": "task", "namespace": ["a"]});
                writer.post(MEMORIES, body).await.expect(201, "");
                call.pass().await;
                indexed.deliver().await;
                break;
            }
        }
    }
    drop(held);
    let found = listing.await.expect("a list");
    assert_eq!(found.iter().map(|memory| &memory["content"]).collect::<Vec<_>>(), ["new"]);
}

#[tokio::test]
async fn a_list_of_a_small_namespace_reads_no_other_memories() {
    let (_world, instance, client) = World::with_a_client().await;
    let body = json!({"content": "x".repeat(9_000), "type": "task"});
    let many: Vec<Value> = vec![body.clone(); 90];
    for _ in 0..2 {
        client.post("/api/v1/memories/bulk", json!({"memories": many})).await.expect(200, "");
    }
    let small = json!({"content": "one of the few", "type": "task", "namespace": ["few"]});
    client.post(MEMORIES, small).await.expect(201, "");
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(90)));
    client.get("/api/v1/memories?limit=1").await;
    for sort in ["createdAt", "updatedAt"] {
        instance.tap.take();
        let found = client.get(&format!("{MEMORIES}?namespace=few&sort={sort}")).await;
        assert_eq!(found.data()["pagination"]["total"], 1);
        let calls = instance.tap.take();
        let units: f64 = calls.iter().map(|call| call.read_units).sum();
        assert!(units <= 4.0, "{units} read units, {sort}: {calls:?}");
    }
}
