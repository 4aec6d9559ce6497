//! An expired memory is invisible to every reader and writer from its time of expiry on.

use hb_tests::world::moment;
use hb_tests::{Client, World};
use http::Method;
use serde_json::json;

const MEMORIES: &str = "/api/v1/memories";
const END: &str = "2026-11-24T12:01:00.000Z";

/// The number of memories in each kind of list and in the search.
async fn seen(client: &Client) -> Vec<usize> {
    let mut seen = Vec::new();
    for query in
        ["", "?sort=updatedAt", "?sort=importance&order=asc", "?userId=u", "?type=task&sort=importance"]
    {
        let page = client.get(&format!("{MEMORIES}{query}")).await;
        seen.push(page.data()["memories"].as_array().expect("memories").len());
    }
    let found = client.post("/api/v1/memories/search", json!({"query": "fleeting"})).await;
    seen.push(found.data()["results"].as_array().expect("results").len());
    seen
}

#[tokio::test]
async fn an_expired_memory_is_invisible_at_once_and_everywhere() {
    let (_world, instance, client) = World::with_a_client().await;
    let body = json!({"content": "fleeting", "type": "task", "userId": "u", "expiresAt": END});
    let created = client.post(MEMORIES, body.clone()).await;
    let (path, tag) = (created.header("location"), created.header("etag"));
    instance.clock.set(moment("2026-11-24T12:00:59.999Z"));
    assert_eq!(seen(&client).await, [1; 6]);
    assert_eq!(client.get(path).await.status, 200);

    instance.clock.set(moment(END));
    assert_eq!(seen(&client).await, [0; 6]);
    for (method, body) in [
        (Method::GET, ""),
        (Method::HEAD, ""),
        (Method::PATCH, r#"{"expiresAt":null}"#),
        (Method::DELETE, ""),
    ] {
        for headers in [
            &[("content-type", "application/json")][..],
            &[("content-type", "application/json"), ("if-match", tag)],
        ] {
            let answer = client.send_raw(method.clone(), path, headers, body).await;
            assert_eq!(answer.status, 404, "{method} {}", answer.text);
        }
    }
    let known = client.send_raw(Method::GET, path, &[("if-none-match", tag)], "").await;
    known.expect(404, "RESOURCE_NOT_FOUND");
    let total = client.get(MEMORIES).await.data()["pagination"]["total"].clone();
    assert_eq!(total, 1, "it counts until it is removed");
}

#[tokio::test]
async fn a_patch_changes_or_removes_the_expiry() {
    let (_world, instance, client) = World::with_a_client().await;
    let body = json!({"content": "fleeting", "type": "task", "userId": "u", "expiresAt": END});
    let (longer, forever) = (client.post(MEMORIES, body.clone()).await, client.post(MEMORIES, body).await);
    let later = json!({"expiresAt": "2026-11-24T12:02:00Z"});
    client.send(Method::PATCH, longer.header("location"), Some(later)).await;
    client.send(Method::PATCH, forever.header("location"), Some(json!({"expiresAt": null}))).await;
    for (time, left) in [(END, 2), ("2026-11-24T12:02:00Z", 1), ("2036-11-24T12:00:00Z", 1)] {
        instance.clock.set(moment(time));
        assert_eq!(seen(&client).await, [left; 6], "{time}");
    }
    assert_eq!(client.get(forever.header("location")).await.status, 200);
}

#[tokio::test]
async fn expired_memories_leave_a_page_short_and_hide_none_behind_it() {
    let (_world, instance, client) = World::with_a_client().await;
    for number in 0..7 {
        let mut body = json!({"content": format!("note {number}"), "type": "task"});
        if number % 2 == 0 {
            body["expiresAt"] = json!(END);
        }
        assert_eq!(client.post(MEMORIES, body).await.status, 201);
    }
    instance.clock.set(moment(END));
    for query in ["limit=2", "limit=2&sort=updatedAt", "limit=2&type=task", "limit=3&order=asc"] {
        let (mut contents, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("{MEMORIES}?{query}{cursor}")).await;
            let memories = page.data()["memories"].as_array().expect("memories");
            contents
                .extend(memories.iter().map(|memory| memory["content"].as_str().expect("text").to_owned()));
            let Some(next) = page.data()["pagination"]["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        contents.sort();
        assert_eq!(contents, ["note 1", "note 3", "note 5"], "{query}");
    }
}
