//! Requests about one key at the same time.

use futures_util::future::join_all;
use hb_tests::World;
use hb_tests::world::{moment, plenty};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::{MEMORIES, by_key, put, rows, tea};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_at_once_make_one_memory_and_one_of_them_creates_it() {
    let (world, _instance, client) = World::with_a_client().await;
    for round in 0..4 {
        let key = format!("k{round}");
        let path = by_key(&[("key", &key)]);
        let racing = (0..16).map(|number| {
            let (client, path, key) = (client.clone(), path.clone(), key.clone());
            tokio::spawn(async move {
                if number % 2 == 0 {
                    return put(&client, &path, &[], &tea(&format!("put {number}"))).await;
                }
                let query = ["replace", "keep", "fail"][number / 2 % 3];
                let mut body = tea(&format!("post {number}"));
                body["key"] = json!(key);
                client.post(&format!("{MEMORIES}?onConflict={query}"), body).await
            })
        });
        let answers: Vec<_> =
            join_all(racing).await.into_iter().map(|answer| answer.expect("an answer")).collect();
        let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(count(201), 1, "{statuses:?}");
        assert_eq!(count(201) + count(200) + count(409), 16, "{statuses:?}");
        let held = client.get(&path).await;
        for answer in answers.iter().filter(|answer| answer.status.is_success()) {
            assert_eq!(answer.data()["id"], held.data()["id"]);
        }
        rows::check(&world, "acme").await;
    }
    assert_eq!(client.get(MEMORIES).await.data()["pagination"]["total"], 4, "storage is counted once");
}

/// Every visible memory keeps its row, and no request fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_races_no_two_visible_memories_have_the_same_key() {
    let seed = hb_tests::seed::next();
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..6 {
        let (world, instance, client) = World::with_a_client().await;
        let racing: Vec<_> = (0..24)
            .map(|number| {
                let (client, clock, start) =
                    (client.clone(), instance.clock.clone(), moment("2026-11-24T12:00:00Z"));
                let (kind, key) = (random.random_range(0..7), format!("k{}", random.random_range(0..3)));
                tokio::spawn(async move {
                    let path = by_key(&[("key", &key)]);
                    let mut body = tea(&format!("{number}"));
                    body["key"] = json!(key);
                    match kind {
                        0 => put(&client, &path, &[], &body).await,
                        1 => {
                            body["ttlSeconds"] = json!(1);
                            put(&client, &path, &[], &body).await
                        }
                        2 => client.send(Method::DELETE, &path, None).await,
                        3 => {
                            let found = client.get(&path).await;
                            let id = found.json["data"]["id"].as_str().unwrap_or("mem_x").to_owned();
                            let moved = json!({"key": format!("k{}", number % 3)});
                            client.send(Method::PATCH, &format!("{MEMORIES}/{id}"), Some(moved)).await
                        }
                        4 => {
                            let headers = [("content-type", "application/x-ndjson")];
                            let path = format!("{MEMORIES}/import?onConflict=replace");
                            client.send_raw(Method::POST, &path, &headers, body.to_string()).await
                        }
                        5 => {
                            let found = client.get(&path).await;
                            let id = found.json["data"]["id"].as_str().unwrap_or("mem_x").to_owned();
                            client.post(&format!("{MEMORIES}/bulk-delete"), json!({"ids": [id]})).await
                        }
                        _ => {
                            clock.set(start.plus(std::time::Duration::from_secs(2 * number)));
                            client.get(&path).await
                        }
                    }
                })
            })
            .collect();
        for answer in join_all(racing).await {
            let answer = answer.expect("an answer");
            assert!(answer.status.as_u16() < 500, "seed {seed}: {}", answer.text);
        }
        // What has expired and was not removed still has its row, or none: only the others are checked.
        instance.clock.set(moment("2026-11-24T13:00:00Z"));
        world.clock.set(moment("2026-11-24T13:00:00Z"));
        world.sweep().await;
        world.expiry().await;
        rows::check(&world, "acme").await;
    }
}

#[tokio::test]
async fn the_same_key_of_two_tenants_is_two_memories() {
    let (world, instance, client) = World::with_a_client().await;
    let other = world.account_with("other", plenty()).await;
    let other = instance.client.with(&other.key);
    let path = by_key(&[("key", "k")]);
    let own = put(&client, &path, &[], &tea("own")).await;
    other.get(&path).await.expect(404, "RESOURCE_NOT_FOUND");
    other.send(Method::DELETE, &path, None).await.expect(404, "RESOURCE_NOT_FOUND");
    put(&other, &path, &[], &tea("theirs")).await.expect(201, "");
    assert_eq!(client.get(&path).await.data(), own.data());
    let foreign = format!("{path}&tenantId=other");
    client.get(&foreign).await.expect(403, "TENANT_MISMATCH");
}
