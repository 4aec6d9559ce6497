//! Memories with keys at the limit of the plan.

use std::time::Duration;

use futures_util::future::join_all;
use hb_domain::plan::Allowance;
use hb_tests::world::plenty;
use hb_tests::{Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

use super::{MEMORIES, by_key, put, tea};

/// A tenant with one memory and room for `room` more.
async fn with_room(room: u64) -> (World, Instance, Client) {
    let world = World::new().await;
    let account = world.account_with("acme", Allowance { memories: Some(room + 1), ..plenty() }).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    client.post(MEMORIES, tea("the first")).await.expect(201, "");
    (world, instance, client)
}

#[tokio::test]
async fn the_first_memories_of_a_bulk_or_an_import_get_the_places_that_are_left() {
    for keyed in [[true; 4], [true, false, true, false], [false, true, false, true]] {
        let item = |number: usize| {
            let mut item = tea(&format!("number {number}"));
            if keyed[number] {
                item["key"] = json!(format!("n{number}"));
            }
            item
        };
        let items: Vec<Value> = (0..4).map(item).collect();
        for import in [false, true] {
            let (_world, _instance, client) = with_room(2).await;
            let answer = if import {
                let lines: Vec<String> = items.iter().map(Value::to_string).collect();
                let path = format!("{MEMORIES}/import");
                let headers = [("content-type", "application/x-ndjson")];
                client.send_raw(Method::POST, &path, &headers, lines.join("\n")).await
            } else {
                client.post(&format!("{MEMORIES}/bulk"), json!({"memories": items})).await
            };
            let results = answer.data()["results"].as_array().expect("results");
            let created: Vec<bool> = results.iter().map(|result| result["id"].is_string()).collect();
            assert_eq!(created, [true, true, false, false], "{keyed:?} {}", answer.text);
            assert_eq!(results[3]["errors"][0]["code"], "INSUFFICIENT_QUOTA");
        }
    }
}

#[tokio::test]
async fn requests_for_one_key_and_one_place_are_one_creation_and_replacements() {
    let (_world, _instance, client) = with_room(1).await;
    let path = &by_key(&[("key", "k")]);
    let puts = (0..12).map(|number| {
        let client = client.clone();
        async move { put(&client, path, &[], &tea(&format!("number {number}"))).await }
    });
    let mut statuses: Vec<u16> = join_all(puts).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200; 11][..], &[201]].concat());
    put(&client, &by_key(&[("key", "other")]), &[], &tea("x")).await.expect(402, "INSUFFICIENT_QUOTA");
}

#[tokio::test]
async fn a_memory_takes_the_place_of_the_expired_one_with_its_key() {
    let (_world, instance, client) = with_room(1).await;
    let path = by_key(&[("key", "k")]);
    let mut short = tea("for a minute");
    short["ttlSeconds"] = json!(60);
    for _ in 0..3 {
        put(&client, &path, &[], &short).await.expect(201, "");
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(61)));
        client.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    }
    put(&client, &path, &[], &short).await.expect(201, "");
    put(&client, &by_key(&[("key", "other")]), &[], &short).await.expect(402, "INSUFFICIENT_QUOTA");
}
