//! The smallest and the largest possible id and time work like all others, wherever memories are iterated.

use std::collections::BTreeSet;

use hb_domain::batch::{BulkDelete, Erasure, Progress};
use hb_domain::cursor::{CursorScope, Position};
use hb_domain::fields::Fields;
use hb_domain::{MemoryId, TenantId};
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Client, Fault, Instance, World};
use http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

const MEMORIES: &str = "/api/v1/memories";
const DELETE: &str = "/api/v1/memories/bulk-delete";
const FIRST: &str = "mem_0000000000000000000000";
/// The latest time that an import accepts at noon.
const LATEST: &str = "2026-11-24T12:01:00Z";
/// An id of no memory, after all others.
const BEYOND: &str = "mem_zzzzzzzzzzzzzzzzzzzzzz";

fn tenant() -> TenantId {
    TenantId::parse("acme").expect("a tenant")
}

/// The largest id that an import accepts at noon.
fn last() -> String {
    let id = MemoryId::mint(moment(LATEST), &mut StdRng::seed_from_u64(0)).to_string();
    format!("{}{}", &id[..13], "z".repeat(13))
}

/// A tenant with the first possible memory, the last, and one in between.
async fn set_up() -> (World, Instance, Client) {
    let (world, instance, client) = World::with_a_client().await;
    let memory = |id: &str, content: &str, importance: f64| json!({"id": id, "content": content, "type": "semantic", "userId": "gdpr", "sessionId": "s", "importance": importance});
    let lines = [
        memory(&last(), "the last quagga", 1.0),
        json!({"content": "between them", "type": "semantic", "userId": "gdpr", "sessionId": "s", "createdAt": "2000-01-01T00:00:00Z"}),
        memory(FIRST, "the first quagga", 0.0),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let headers = [("content-type", "application/x-ndjson")];
    let answer = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines.join("\n")).await;
    assert_eq!(answer.data()["imported"], 3, "{}", answer.text);
    (world, instance, client)
}

/// The first word of each memory's content, which identifies it.
fn which(memories: &Value) -> Vec<&str> {
    let content = |memory: &Value| match memory["content"].as_str() {
        Some("the first quagga") => "first",
        Some("the last quagga") => "last",
        _ => "between",
    };
    memories.as_array().expect("memories").iter().map(content).collect()
}

async fn erase(client: &Client, cursor: Value) -> Value {
    let answer = client.post(DELETE, json!({"filter": {"userId": "gdpr"}, "cursor": cursor})).await;
    answer.expect(200, "");
    answer.data().clone()
}

/// Deletes from `cursor` on and returns the number of deleted memories.
async fn erase_all(client: &Client, mut cursor: Value) -> u64 {
    let mut deleted = 0;
    loop {
        let data = erase(client, cursor).await;
        deleted += data["deleted"].as_u64().expect("a number");
        cursor = data["nextCursor"].clone();
        if cursor.is_null() {
            return deleted;
        }
    }
}

/// A cursor of a deletion that started at write sequence `began` and has passed `after`.
fn cursor(after: Option<&str>, began: u64) -> Value {
    let fields = Fields::of_body(json!({"filter": {"userId": "gdpr"}}), &tenant()).expect("fields");
    let Ok(BulkDelete::Matching(erasure)) = BulkDelete::parse(fields, &tenant()) else {
        panic!("an erasure")
    };
    let erasure: Erasure = erasure;
    let after = after.map(|id| MemoryId::parse(id).expect("an id"));
    json!(erasure.cursor(&Progress { after, began }))
}

#[tokio::test]
async fn an_erasure_deletes_the_first_and_the_last() {
    let (world, _instance, client) = set_up().await;
    assert_eq!(erase_all(&client, Value::Null).await, 3);
    for id in [FIRST, &last()] {
        client.get(&format!("{MEMORIES}/{id}")).await.expect(404, "RESOURCE_NOT_FOUND");
    }
    assert_eq!(client.get("/api/v1/memories/export").await.text, "");
    let count = world.store.with(&world.operator(&tenant())).storage().get().await.expect("the count");
    assert_eq!(count.memories, 0);
}

/// The first call takes its write sequence, and then the database fails: its cursor has a start and no position.
#[tokio::test]
async fn an_erasure_that_has_only_started_continues_with_the_very_first() {
    let (_world, instance, client) = set_up().await;
    for fault in [Fault::Reset, Fault::TimedOut] {
        instance.tap.fail("DynamoDB Query Memories", fault, true);
        let begun = erase(&client, Value::Null).await;
        assert_eq!(begun["deleted"], 0);
        assert!(begun["nextCursor"].is_string(), "it has begun: what is written from now on stays");
        instance.tap.fail("DynamoDB Query Memories", fault, true);
        let failed = json!({"filter": {"userId": "gdpr"}, "cursor": begun["nextCursor"]});
        client.post(DELETE, failed).await.expect(503, "SERVICE_UNAVAILABLE");
        instance.tap.mend();
        let late = json!({"content": "written after it began", "type": "task", "userId": "gdpr"});
        let late = client.post(MEMORIES, late).await;
        assert_eq!(erase_all(&client, begun["nextCursor"].clone()).await, 3);
        let left = client.get(MEMORIES).await;
        assert_eq!(left.data()["memories"][0]["id"], late.data()["id"]);
        assert_eq!(left.data()["pagination"]["total"], 1);

        // The same for the other fault.
        assert_eq!(erase_all(&client, Value::Null).await, 1);
        let first = json!({"id": FIRST, "content": "the first quagga", "type": "task", "userId": "gdpr"});
        let lines = [first.to_string(), first.to_string().replace(FIRST, &last())];
        let two = json!({"content": "a third", "type": "task", "userId": "gdpr"}).to_string();
        let headers = [("content-type", "application/x-ndjson")];
        let body = [lines.join("\n"), two].join("\n");
        let again = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, body).await;
        assert_eq!(again.data()["imported"], 3, "{}", again.text);
    }
}

#[tokio::test]
async fn an_erasure_continues_after_the_memory_in_its_cursor() {
    let (_world, _instance, client) = set_up().await;
    let now = u64::MAX;
    assert_eq!(erase_all(&client, cursor(Some(BEYOND), now)).await, 0);
    assert_eq!(erase_all(&client, cursor(Some(&last()), now)).await, 0);
    assert_eq!(erase_all(&client, cursor(None, 0)).await, 0, "all were written after it began");
    assert_eq!(erase_all(&client, cursor(Some(FIRST), now)).await, 2);
    let left = client.get(MEMORIES).await;
    assert_eq!(which(&left.data()["memories"]), ["first"]);
    assert_eq!(erase_all(&client, cursor(None, now)).await, 1);
}

#[tokio::test]
async fn every_list_has_the_first_and_the_last_in_order() {
    let (_world, _instance, client) = set_up().await;
    for filter in ["", "&userId=gdpr"] {
        for sort in ["createdAt", "updatedAt", "importance"] {
            for order in ["asc", "desc"] {
                let query = format!("{MEMORIES}?limit=1&sort={sort}&order={order}{filter}");
                let (mut by_cursor, mut by_page) = (Vec::new(), Vec::new());
                let mut cursor = String::new();
                // A further empty page may be needed to detect the end of a list.
                for number in 1..=4 {
                    let page = client.get(&format!("{query}{cursor}")).await;
                    by_cursor.extend(which(&page.data()["memories"]).into_iter().map(str::to_owned));
                    let page_of_number = client.get(&format!("{query}&page={number}")).await;
                    by_page.extend(which(&page_of_number.data()["memories"]).into_iter().map(str::to_owned));
                    match page.data()["pagination"]["nextCursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                let mut expected = ["first", "between", "last"];
                if order == "desc" {
                    expected.reverse();
                }
                assert_eq!(by_cursor, expected, "{query}");
                assert_eq!(by_page, expected, "{query}");
            }
        }
    }
}

/// An export returns everything after the position in its cursor, for any position.
#[tokio::test]
async fn an_export_continues_after_the_memory_in_its_cursor() {
    let (_world, _instance, client) = set_up().await;
    let last = last();
    let after = [(None, &["first", "between", "last"][..]), (Some(FIRST), &["between", "last"])];
    for (after, expected) in after.into_iter().chain([(Some(&*last), &[][..]), (Some(BEYOND), &[])]) {
        let cursor = after.map_or_else(String::new, |id| {
            let position = Position { id: MemoryId::parse(id).expect("an id"), sort_value: None };
            format!("?cursor={}", CursorScope::of(&tenant(), "export").encode(&position))
        });
        let page = client.get(&format!("/api/v1/memories/export{cursor}")).await;
        let memories = page.text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a memory"));
        assert_eq!(which(&memories.collect()), expected, "after {after:?}");
    }
}

#[tokio::test]
async fn a_search_finds_the_first_and_the_last() {
    let (_world, _instance, client) = set_up().await;
    for (narrow, expected) in [
        (json!({}), &["between", "first", "last"][..]),
        (json!({"createdBefore": 0}), &[]),
        (json!({"createdBefore": "1970-01-01T00:00:00.001Z"}), &["first"]),
        (json!({"createdAfter": 0, "createdBefore": LATEST}), &["between", "first"]),
        (json!({"createdAfter": LATEST}), &["last"]),
        (json!({"createdAfter": "2026-11-24T12:01:00.001Z"}), &[]),
    ] {
        let mut body = json!({"query": "quagga", "sessionId": "s", "userId": "gdpr"});
        body.as_object_mut().expect("an object").extend(narrow.as_object().expect("an object").clone());
        let found = client.post("/api/v1/memories/search", body).await;
        let mut found = which(&found.data()["results"]);
        found.sort_unstable();
        assert_eq!(found, expected, "{narrow}");
    }
    let found = client.post("/api/v1/memories/search", json!({"query": "quagga"})).await;
    let ids: BTreeSet<&str> = found.data()["results"]
        .as_array()
        .expect("results")
        .iter()
        .filter_map(|found| found["id"].as_str())
        .collect();
    assert!(ids.contains(FIRST) && ids.contains(last().as_str()), "{ids:?}");
    assert_eq!(erase_all(&client, Value::Null).await, 3);
    let gone = client.post("/api/v1/memories/search", json!({"query": "quagga"})).await;
    assert_eq!(gone.data()["results"], json!([]));
}

#[tokio::test]
async fn the_first_and_the_last_are_read_changed_and_deleted_by_their_ids() {
    let (_world, _instance, client) = set_up().await;
    for (id, created_at) in
        [(FIRST.to_owned(), "1970-01-01T00:00:00.000Z"), (last(), "2026-11-24T12:01:00.000Z")]
    {
        let path = format!("{MEMORIES}/{id}");
        let memory = client.get(&path).await;
        assert_eq!(
            (&memory.data()["createdAt"], &memory.data()["updatedAt"]),
            (&json!(created_at), &json!(created_at))
        );
        client.send(Method::PATCH, &path, Some(json!({"importance": 0.25}))).await.expect(200, "");
        let changed = client.get(&path).await;
        assert_eq!(
            (&changed.data()["createdAt"], &changed.data()["importance"]),
            (&json!(created_at), &json!(0.25))
        );
    }
    let beyond = format!("{MEMORIES}/{BEYOND}");
    client.get(&beyond).await.expect(404, "RESOURCE_NOT_FOUND");
    client
        .send(Method::PATCH, &beyond, Some(json!({"importance": 0})))
        .await
        .expect(404, "RESOURCE_NOT_FOUND");
    client.send(Method::DELETE, &beyond, None).await.expect(404, "RESOURCE_NOT_FOUND");
    let deleted = client.post(DELETE, json!({"ids": [FIRST, last(), BEYOND]})).await;
    assert_eq!(deleted.data(), &json!({"deleted": 2, "nextCursor": null}));
    assert_eq!(client.get(MEMORIES).await.data()["pagination"]["total"], 1);
    let line = json!({"id": BEYOND, "content": "x", "type": "task"}).to_string();
    let headers = [("content-type", "application/x-ndjson")];
    let refused = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, line).await;
    assert_eq!(refused.data()["results"][0]["errors"][0]["field"], "id", "it is of a time in the future");
}

/// A memory of 1970 that expires is invisible and releases its quota once, like any other.
#[tokio::test]
async fn the_first_expires_is_counted_and_recounted_like_all_others() {
    let world = World::new().await;
    let account: Account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let end = moment("2026-11-24T12:05:00Z");
    let lines = [FIRST.to_owned(), last()].map(|id| {
        json!({"id": id, "content": "a quagga", "type": "task", "expiresAt": end, "userId": "gdpr"})
            .to_string()
    });
    let headers = [("content-type", "application/x-ndjson")];
    let body = lines.join("\n");
    let imported = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, body).await;
    assert_eq!(imported.data()["imported"], 2);
    let operator = world.operator(&account.tenant);
    // A recount treats removals of the next minute as counted.
    let recount =
        world.store.with(&operator).memories().recount(std::time::Duration::ZERO, &world.clock).await;
    assert_eq!(recount.expect("a recount").1.memories, 2);
    let found = client.post("/api/v1/memories/search", json!({"query": "quagga"})).await;
    assert_eq!(found.data()["results"].as_array().map(Vec::len), Some(2));
    instance.clock.set(end);
    let found = client.post("/api/v1/memories/search", json!({"query": "quagga"})).await;
    assert_eq!(found.data()["results"], json!([]));
    assert_eq!(client.get("/api/v1/memories/export").await.text, "");
    world.clock.set(end.plus(std::time::Duration::from_secs(1)));
    assert_eq!(world.expiry().await, 2);
    let count = world.store.with(&operator).storage().get().await.expect("the count");
    assert_eq!(count.memories, 0);
}
