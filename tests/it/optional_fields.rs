//! Optional fields: null means absent where memories are created, and nothing else in a filter.

use hb_tests::{Answer, Client, World};
use http::Method;
use serde_json::{Map, Value, json};

const MEMORIES: &str = "/api/v1/memories";
const OPTIONAL: [&str; 8] =
    ["importance", "tags", "metadata", "userId", "agentId", "sessionId", "expiresAt", "tenantId"];

fn with_nulls(names: &[&str]) -> Value {
    let mut body = json!({"content": "tea", "type": "semantic"});
    for name in names {
        body[name] = Value::Null;
    }
    body
}

async fn import(client: &Client, line: &Value) -> Answer {
    let headers = [("content-type", "application/x-ndjson")];
    client.send_raw(Method::POST, "/api/v1/memories/import", &headers, line.to_string()).await
}

/// The memory that the tenant holds last, without what differs between two of the same content.
async fn newest(client: &Client) -> Map<String, Value> {
    let list = client.get("/api/v1/memories?limit=1").await;
    let mut memory = list.data()["memories"][0].as_object().expect("a memory").clone();
    memory.retain(|name, _| !["id", "createdAt", "updatedAt"].contains(&name.as_str()));
    memory
}

#[tokio::test]
async fn null_is_absent_in_create_bulk_and_import() {
    let (_world, _instance, client) = World::with_a_client().await;
    client.post(MEMORIES, with_nulls(&[])).await.expect(201, "");
    let bare = newest(&client).await;
    let nulls = with_nulls(&OPTIONAL);
    client.post(MEMORIES, nulls.clone()).await.expect(201, "");
    assert_eq!(newest(&client).await, bare);
    let bulk = client.post("/api/v1/memories/bulk", json!({"memories": [nulls]})).await;
    assert_eq!((&bulk.data()["created"], newest(&client).await), (&json!(1), bare.clone()), "{}", bulk.text);
    let mut line = nulls;
    for name in ["id", "createdAt", "updatedAt"] {
        line[name] = Value::Null;
    }
    let imported = import(&client, &line).await;
    assert_eq!((&imported.data()["imported"], newest(&client).await), (&json!(1), bare), "{}", imported.text);
}

#[tokio::test]
async fn null_is_absent_also_where_a_field_is_required_or_unknown() {
    let (_world, _instance, client) = World::with_a_client().await;
    let body = json!({"content": null, "type": null, "colour": null});
    let created = client.post(MEMORIES, body.clone()).await;
    created.expect(400, "VALIDATION_ERROR");
    assert_eq!(created.fields(), ["colour", "content", "type"]);
    assert!(created.text.contains("content is required"), "{}", created.text);
    let bulk = client.post("/api/v1/memories/bulk", json!({"memories": [body]})).await;
    assert_eq!(bulk.data()["failed"], 1);
    assert_eq!(import(&client, &body).await.data()["failed"], 1);
}

/// A filter that lost its value must not match everything, least of all where it selects what is deleted.
#[tokio::test]
async fn null_is_refused_in_filters() {
    let (_world, _instance, client) = World::with_a_client().await;
    client.post(MEMORIES, with_nulls(&[])).await.expect(201, "");
    for field in ["userId", "agentId", "sessionId", "tags", "type", "metadata", "tenantId"] {
        let search = client.post("/api/v1/memories/search", json!({"query": "tea", field: null})).await;
        search.expect(400, "VALIDATION_ERROR");
        assert_eq!(search.fields(), [field]);
        let filter = json!({"userId": "maya", field: null});
        let erasure = client.post("/api/v1/memories/bulk-delete", json!({ "filter": filter })).await;
        erasure.expect(400, "VALIDATION_ERROR");
        assert_eq!(erasure.fields(), [format!("filter.{field}")]);
    }
    let erasure = client.post("/api/v1/memories/bulk-delete", json!({"filter": null})).await;
    erasure.expect(400, "VALIDATION_ERROR");
    assert_eq!(newest(&client).await["content"], "tea");
}

#[tokio::test]
async fn content_is_not_blank() {
    let (_world, _instance, client) = World::with_a_client().await;
    let created = client.post(MEMORIES, with_nulls(&[])).await;
    let path = created.header("location");
    for blank in ["", " ", "\n\t", "\u{3000}", "\u{200b}\u{feff}"] {
        let body = json!({"content": blank, "type": "task"});
        for answer in [
            client.post(MEMORIES, body.clone()).await,
            client.send(Method::PATCH, path, Some(json!({"content": blank}))).await,
        ] {
            answer.expect(400, "VALIDATION_ERROR");
            assert_eq!(answer.fields(), ["content"], "{blank:?}");
        }
        let bulk = client.post("/api/v1/memories/bulk", json!({"memories": [body]})).await;
        assert_eq!(bulk.data()["failed"], 1, "{blank:?}");
        assert_eq!(import(&client, &body).await.data()["failed"], 1, "{blank:?}");
    }
}
