//! What becomes of a new memory whose key is taken.

use hb_tests::World;
use http::Method;
use serde_json::{Value, json};

use super::{MEMORIES, by_key, rows, tea};

fn keyed(key: &str, content: &str) -> Value {
    json!({"content": content, "type": "task", "key": key})
}

#[tokio::test]
async fn a_create_is_refused_keeps_or_replaces() {
    let (world, _instance, client) = World::with_a_client().await;
    let first = client.post(MEMORIES, keyed("k", "first")).await;
    first.expect(201, "");
    for query in ["", "?onConflict=fail"] {
        let refused = client.post(&format!("{MEMORIES}{query}"), keyed("k", "second")).await;
        refused.expect(409, "DUPLICATE_RESOURCE");
        assert!(refused.message().contains("key"), "{}", refused.text);
    }
    let kept = client.post(&format!("{MEMORIES}?onConflict=keep"), keyed("k", "second")).await;
    assert_eq!(
        (kept.status.as_u16(), kept.data(), kept.header("etag")),
        (200, first.data(), first.header("etag"))
    );
    let replaced = client.post(&format!("{MEMORIES}?onConflict=replace"), keyed("k", "second")).await;
    replaced.expect(200, "");
    assert_eq!(
        (&replaced.data()["id"], &replaced.data()["content"]),
        (&first.data()["id"], &json!("second"))
    );
    for query in ["keep", "replace", "fail"] {
        client.post(&format!("{MEMORIES}?onConflict={query}"), keyed(query, "new")).await.expect(201, "");
        client.post(&format!("{MEMORIES}?onConflict={query}"), tea("no key")).await.expect(201, "");
    }
    let refused = client.post(&format!("{MEMORIES}?onConflict=merge"), keyed("k", "x")).await;
    assert_eq!(refused.fields(), ["onConflict"]);
    assert_eq!(client.get(MEMORIES).await.data()["pagination"]["total"], 7);
    rows::check(&world, "acme").await;
}

#[tokio::test]
async fn of_equal_keys_in_one_request_the_first_comes_first() {
    for (on_conflict, counts, content) in
        [("fail", [3, 0, 2, 0], "1"), ("keep", [3, 2, 0, 0], "1"), ("replace", [3, 0, 0, 2], "4")]
    {
        let (world, _instance, client) = World::with_a_client().await;
        let memories = [keyed("k", "1"), tea("no key"), keyed("k", "2"), keyed("l", "3"), keyed("k", "4")];
        let path = format!("{MEMORIES}/bulk?onConflict={on_conflict}");
        let answer = client.post(&path, json!({ "memories": memories })).await;
        let names = ["created", "existing", "failed", "replaced"];
        assert_eq!(
            names.map(|name| answer.data()[name].as_u64().expect("a count")),
            counts,
            "{}",
            answer.text
        );
        let held = client.get(&by_key(&[("key", "k")])).await;
        assert_eq!(held.data()["content"], content);
        let last = &answer.data()["results"][4];
        match on_conflict {
            "fail" => assert_eq!(last["errors"][0]["code"], "DUPLICATE_RESOURCE"),
            "keep" => assert_eq!(last, &json!({"index": 4, "id": held.data()["id"], "exists": true})),
            _ => assert_eq!(last, &json!({"index": 4, "id": held.data()["id"], "replaced": true})),
        }
        rows::check(&world, "acme").await;
    }
}

#[tokio::test]
async fn an_import_keeps_replaces_or_refuses() {
    let (world, _instance, client) = World::with_a_client().await;
    let held = client.post(MEMORIES, keyed("k", "held")).await;
    let id = |number: usize| format!("mem_00000000{number}abcdefghijklm");
    let line = |number, key: &str, content: &str| {
        let mut line = keyed(key, content);
        line["id"] = json!(id(number));
        line
    };
    let import = async |query: &str, lines: &[Value]| {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let headers = [("content-type", "application/x-ndjson")];
        let answer =
            client.send_raw(Method::POST, &format!("{MEMORIES}/import{query}"), &headers, body).await;
        answer.expect(200, "");
        answer.data().clone()
    };
    let lines = [line(1, "k", "new"), line(2, "l", "free")];
    let kept = import("", &lines).await;
    assert_eq!(kept["results"][0], json!({"line": 1, "id": held.data()["id"], "exists": true}));
    assert_eq!(kept["results"][1], json!({"line": 2, "id": id(2)}));
    let refused = import("?onConflict=fail", &lines[..1]).await;
    assert_eq!(refused["results"][0]["errors"][0]["code"], "DUPLICATE_RESOURCE");
    assert_eq!(client.get(&by_key(&[("key", "k")])).await.data(), held.data());
    let replaced = import("?onConflict=replace", &lines).await;
    assert_eq!(replaced["results"][0], json!({"line": 1, "id": held.data()["id"], "replaced": true}));
    assert_eq!((&replaced["imported"], &replaced["replaced"]), (&json!(0), &json!(2)));
    assert_eq!(client.get(&by_key(&[("key", "k")])).await.data()["content"], "new");
    // The memory with the key is the one of the line.
    let same = import("?onConflict=fail", &lines[1..]).await;
    assert_eq!(same["results"][0], json!({"line": 1, "id": id(2), "exists": true}));
    // The key is free, and the id is taken.
    let taken = import("?onConflict=replace", &[line(2, "m", "other")]).await;
    assert_eq!(taken["results"][0], json!({"line": 1, "id": id(2), "exists": true}));
    assert_eq!(client.get(&by_key(&[("key", "l")])).await.data()["content"], "free");
    rows::check(&world, "acme").await;
}
