//! What a body may be sent as: media types and content codings.

use hb_tests::{Answer, Client, World};
use http::Method;
use serde_json::json;

use crate::routes::{Named, guarded};

const MEMORIES: &str = "/api/v1/memories";
const IMPORT: &str = "/api/v1/memories/import";

async fn send_as(client: &Client, method: Method, path: &str, media_type: &str, body: &str) -> Answer {
    client.send_raw(method, path, &[("content-type", media_type)], body.to_owned()).await
}

/// A compressed import was read as malformed lines, and that result was stored under its idempotency key.
#[tokio::test]
async fn a_body_with_a_content_coding_is_refused_before_anything_is_claimed() {
    let (world, instance, client) = World::with_a_client().await;
    let account = world.account_with("globex", hb_tests::world::plenty()).await;
    let named = Named::of(&world, &instance, &account).await;
    let owner = instance.client.with(&account.key);
    for case in guarded() {
        // HEAD cannot carry the error, and the rate-limit status is read once a second.
        if case.method == Method::HEAD || case.route.path.ends_with("/rate-limit") {
            continue;
        }
        let path = case.path(&named);
        let headers =
            [("content-encoding", "gzip"), ("content-type", "application/json"), ("idempotency-key", "k")];
        instance.tap.take();
        let refused = owner.send_raw(case.method.clone(), &path, &headers, &b"\x1f\x8b\x08\0"[..]).await;
        refused.expect(415, "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(refused.header("accept-encoding"), "identity", "{case:?}");
        assert!(!refused.headers.contains_key("accept-patch"), "{case:?}");
        let calls: Vec<String> = instance.tap.take().into_iter().map(|call| call.name).collect();
        let own = |name: &&String| ["Memories", "Idempotency", "Items"].iter().any(|end| name.ends_with(end));
        assert_eq!(calls.iter().find(own), None, "{case:?}");
    }
    let line = r#"{"content": "from elsewhere", "type": "task"}"#;
    let lines = |coding: &'static str| {
        [("content-type", "application/x-ndjson"), ("content-encoding", coding), ("idempotency-key", "k")]
    };
    for coding in ["gzip", "GZIP", "br", "deflate", "zstd", "identity, gzip", "nonsense"] {
        client
            .send_raw(Method::POST, IMPORT, &lines(coding), line)
            .await
            .expect(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let imported = client.send_raw(Method::POST, IMPORT, &lines("identity"), line).await;
    assert_eq!(
        imported.data()["imported"],
        1,
        "the key is free, and identity is no coding: {}",
        imported.text
    );
    let unread = client.send_raw(Method::GET, MEMORIES, &[("content-encoding", "gzip")], "").await;
    unread.expect(200, "");
}

#[tokio::test]
async fn a_patch_is_sent_as_json_or_as_a_merge_patch() {
    let (_world, _instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, json!({"content": "x", "type": "task", "userId": "maya"})).await;
    let path = created.header("location");
    for media_type in
        ["application/json", "application/merge-patch+json", "Application/Merge-Patch+JSON; charset=utf-8"]
    {
        send_as(&client, Method::PATCH, path, media_type, r#"{"userId": null}"#).await.expect(200, "");
    }
    for media_type in ["application/json-patch+json", "text/plain", "application/merge-patch"] {
        let refused = send_as(&client, Method::PATCH, path, media_type, "{}").await;
        refused.expect(415, "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(refused.header("accept-patch"), "application/json, application/merge-patch+json");
        assert!(refused.message().contains("merge-patch"), "{}", refused.text);
    }
    let create = send_as(&client, Method::POST, MEMORIES, "application/merge-patch+json", "{}").await;
    create.expect(415, "UNSUPPORTED_MEDIA_TYPE");
    assert!(!create.headers.contains_key("accept-patch"), "only a patch has media types of its own");
}

#[tokio::test]
async fn lines_are_sent_under_any_of_their_names_and_behind_a_byte_order_mark() {
    let (_world, _instance, client) = World::with_a_client().await;
    let body =
        "\u{feff}{\"content\": \"a\", \"type\": \"task\"}\r\n{\"content\": \"b\", \"type\": \"task\"}\r\n";
    for media_type in [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "Application/JSONL; charset=UTF-8",
    ] {
        let imported = send_as(&client, Method::POST, IMPORT, media_type, body).await;
        assert_eq!(imported.data()["imported"], 2, "{media_type} {}", imported.text);
    }
    for media_type in ["application/json", "application/json-seq", "text/plain", "application/x-ndjson+gzip"]
    {
        let refused = send_as(&client, Method::POST, IMPORT, media_type, body).await;
        refused.expect(415, "UNSUPPORTED_MEDIA_TYPE");
        assert!(refused.message().contains("application/jsonl"), "{}", refused.text);
    }
}

#[tokio::test]
async fn times_are_read_in_every_format_with_a_zone() {
    let (_world, _instance, client) = World::with_a_client().await;
    for time in [
        "2015-07-24T05:44Z",
        "2015-07-24T05:44:00+0000",
        "2015-07-24T05:44:00+00",
        "2015-07-24 05:44:00+00:00",
    ] {
        let line = json!({"content": "x", "type": "task", "createdAt": time}).to_string();
        let imported = send_as(&client, Method::POST, IMPORT, "application/x-ndjson", &line).await;
        let id = imported.data()["results"][0]["id"].as_str().expect("an id").to_owned();
        let memory = client.get(&format!("{MEMORIES}/{id}")).await;
        assert_eq!(memory.data()["createdAt"], "2015-07-24T05:44:00.000Z", "{time}");
    }
    for time in ["2015-07-24T05:44", "2015-07-24", "2015-07-24T05:44:00 EST", "24.07.2015 05:44Z"] {
        let created = client.post("/api/v1/api-keys", json!({"name": time, "expiresAt": time})).await;
        created.expect(400, "VALIDATION_ERROR");
        assert_eq!(created.fields(), ["expiresAt"], "{time}");
    }
}
