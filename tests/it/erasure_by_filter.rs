//! Deleting all memories that match a filter with operators.

use std::collections::BTreeSet;

use hb_tests::world::{NOON, moment, plenty};
use hb_tests::{Client, World};
use http::Method;
use serde_json::{Value, json};

use crate::erasure::{about_to_delete, erase};
use crate::filters::naive;
use crate::filters::random::Random;
use crate::query::exported;
use crate::search_large::import;

const MEMORIES: &str = "/api/v1/memories";

fn id(memory: &Value) -> String {
    memory["id"].as_str().expect("an id").to_owned()
}

async fn create(client: &Client, extra: Value) -> String {
    let mut body = json!({"content": "tea", "type": "task"});
    body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    id(client.post(MEMORIES, body).await.data())
}

async fn patch(client: &Client, id: &str, change: Value) {
    client.send(Method::PATCH, &format!("{MEMORIES}/{id}"), Some(change)).await.expect(200, "");
}

async fn left(client: &Client) -> BTreeSet<String> {
    exported(client).await.iter().map(id).collect()
}

#[tokio::test]
async fn what_a_naive_filter_finds_in_an_export_is_deleted_and_nothing_else() {
    let mut random = Random::new(moment(NOON));
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let mut deletions = 0;
    for _ in 0..8 {
        let lines: Vec<String> = (0..60).map(|_| random.memory().to_string()).collect();
        import(&client, &lines).await;
        let before = exported(&client).await;
        let filter = random.filter(3);
        let expected: BTreeSet<String> =
            before.iter().filter(|memory| !naive::holds(&filter, memory)).map(id).collect();
        let (deleted, _) = erase(&client, filter.clone()).await;
        assert_eq!(left(&client).await, expected, "{filter}");
        assert_eq!(usize::try_from(deleted).expect("a number"), before.len() - expected.len(), "{filter}");
        deletions += deleted;
    }
    assert!(deletions > 0);
}

#[tokio::test]
async fn a_change_during_an_erasure_decides_whether_a_memory_matches() {
    let (world, instance, client) = World::with_a_client().await;
    let state = |state: &str| json!({"metadata": {"state": state}});
    let leaves = create(&client, state("old")).await;
    let stays_old = create(&client, state("old")).await;
    let untouched = create(&client, state("old")).await;
    let unrelated = create(&client, state("new")).await;
    let erasing = about_to_delete(&instance, &client, json!({"metadata.state": {"eq": "old"}})).await;
    let second = world.instance().await;
    let tenant = hb_domain::TenantId::parse("acme").expect("a tenant");
    let other = second.client.with(&world.key(&tenant, hb_domain::Scopes::all(), None).await.1);
    patch(&other, &leaves, state("new")).await;
    patch(&other, &stays_old, json!({"content": "changed meanwhile"})).await;
    let late = create(&other, state("old")).await;
    assert_eq!(erasing.finish().await.data()["deleted"], 2);
    assert_eq!(left(&other).await, BTreeSet::from([leaves, unrelated, late]));
    assert!(stays_old != untouched);
}

/// As with a filter of owners only.
#[tokio::test]
async fn a_memory_that_gets_the_owner_of_the_filter_during_an_erasure_is_kept() {
    let (world, instance, client) = World::with_a_client().await;
    let hers = create(&client, json!({"userId": "maya"})).await;
    let his = create(&client, json!({"userId": "ben"})).await;
    let filter = json!({"and": [{"userId": {"eq": "maya"}}, {"type": {"eq": "task"}}]});
    let erasing = about_to_delete(&instance, &client, filter).await;
    let second = world.instance().await;
    let tenant = hb_domain::TenantId::parse("acme").expect("a tenant");
    let other = second.client.with(&world.key(&tenant, hb_domain::Scopes::all(), None).await.1);
    patch(&other, &his, json!({"userId": "maya"})).await;
    assert_eq!(erasing.finish().await.data()["deleted"], 1);
    assert_eq!(left(&other).await, BTreeSet::from([his]));
    assert!(!hers.is_empty());
}
