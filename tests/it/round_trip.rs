//! Accepted data is read back equal, with any characters and numbers.

use hb_domain::memory::MemoryType;
use http::Method;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::values::{Bench, text, value};

const MEMORIES: &str = "/api/v1/memories";

fn tag() -> impl Strategy<Value = String> {
    text(16).prop_map(|tag| tag.replace(',', ";"))
}

fn memory() -> impl Strategy<Value = Value> {
    let types = prop::sample::select(MemoryType::ALL.to_vec());
    let importance = prop_oneof![0.0..=1.0, Just(0.0), Just(1.0), Just(1e-99), Just(f64::EPSILON)];
    let metadata = prop::collection::btree_map(text(8), value(), 0..5);
    let ids = prop::array::uniform3(text(20));
    let has_letter = |content: &String| content.chars().any(char::is_alphanumeric);
    let content = text(200).prop_filter("blank content is refused", has_letter);
    (content, types, importance, prop::collection::btree_set(tag(), 0..6), metadata, ids).prop_map(
        |(content, kind, importance, tags, metadata, [user, agent, session])| {
            json!({
                "content": content, "type": kind, "importance": importance, "tags": tags,
                "metadata": metadata.into_iter().collect::<Map<_, _>>(),
                "userId": user, "agentId": agent, "sessionId": session,
            })
        },
    )
}

#[test]
fn accepted_data_is_read_back_equal() {
    let bench = Bench::new();
    bench.check(48, memory(), async |body| {
        let created = bench.client.post(MEMORIES, body.clone()).await;
        prop_assert_eq!(created.status, 201, "{} {}", created.text, body);
        let read = bench.client.get(created.header("location")).await;
        let patched = bench.client.send(Method::PATCH, created.header("location"), Some(body.clone())).await;
        for answer in [&created, &read] {
            for (name, sent) in body.as_object().into_iter().flatten() {
                prop_assert_eq!(&answer.data()[name], sent, "{}", name);
            }
        }
        prop_assert_eq!(patched.status, 200, "{}", patched.text);
        Ok(())
    });
}

#[test]
fn a_patch_of_metadata_is_read_back_equal() {
    fn without_null(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Object(map) => map.values().all(without_null),
            // Merging does not descend into lists.
            _ => true,
        }
    }
    let bench = Bench::new();
    let metadata =
        prop::collection::btree_map(text(8), value().prop_filter("null removes", without_null), 1..5);
    bench.check(32, metadata, async |metadata| {
        let created = bench.client.post(MEMORIES, json!({"content": "x", "type": "task"})).await;
        let path = created.header("location");
        let metadata: Map<String, Value> = metadata.into_iter().collect();
        let patched = bench.client.send(Method::PATCH, path, Some(json!({"metadata": metadata}))).await;
        prop_assert_eq!(patched.status, 200, "{}", patched.text);
        let read = bench.client.get(path).await;
        prop_assert_eq!(&read.data()["metadata"], &Value::from(metadata));
        Ok(())
    });
}
