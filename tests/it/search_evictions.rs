//! Which search indexes an instance keeps when there is no room for all.

use std::time::Duration;

use hb_domain::plan::{Allowance, Plan};
use hb_tests::world::plenty;
use hb_tests::{Client, Instance, World};
use serde_json::{Value, json};

use crate::search::SEARCH;
use crate::search_large::import;

const PAGE: &str = "DynamoDB Query Memories";
const SMALL_TENANTS: usize = 40;

/// A tenant with so many memories, and a client that imports them.
async fn tenant(world: &World, instance: &Instance, name: &str, memories: usize) -> Client {
    let account = world.account_with(name, plenty()).await;
    let client = instance.client.with(&account.key);
    let line = |number: usize| json!({"content": format!("note {number}"), "type": "task"}).to_string();
    let lines: Vec<String> = (0..memories).map(line).collect();
    for lines in lines.chunks(1_000) {
        import(&client, lines).await;
    }
    client
}

/// Searches, and returns how many pages of the index were read.
async fn search(instance: &Instance, client: &Client) -> usize {
    instance.tap.take();
    let client = instance.client.with(client.credential().expect("a key"));
    let answer = client.post(SEARCH, json!({"query": "note"})).await;
    answer.expect(200, "");
    assert_eq!(answer.data()["partial"], Value::Null);
    instance.tap.take().iter().filter(|call| call.name == PAGE).count()
}

/// The small tenants' indexes would fill the cache with each round of searches.
#[tokio::test]
async fn small_tenants_do_not_evict_the_index_of_a_large_tenant_in_use() {
    let world = World::new().await;
    let loading = world.instance().await;
    let large = tenant(&world, &loading, "large", 3_000).await;
    let mut small = Vec::new();
    for number in 0..SMALL_TENANTS {
        small.push(tenant(&world, &loading, &format!("small-{number}"), 20).await);
    }
    let instance = world.instance_with_index_memory(600 * 1_024).await;
    let (mut pages, mut small_pages) = (Vec::new(), 0);
    for _ in 0..4 {
        pages.push(search(&instance, &large).await);
        for small in &small {
            small_pages += search(&instance, small).await;
        }
    }
    println!("pages of the large index in four rounds: {pages:?}; of the small ones: {small_pages}");
    assert!(pages[0] > 0 && pages[1..] == [0, 0, 0], "{pages:?}");
    assert!(small_pages > 2 * SMALL_TENANTS, "the small ones do not all fit");
}

/// A plan that allows few memories bounds the index of a tenant that has more of them.
#[tokio::test]
async fn a_tenant_searches_as_many_memories_as_its_plan_bounds() {
    let world = World::new().await;
    let loading = world.instance().await;
    let client = tenant(&world, &loading, "lowered", 3_000).await;
    let id = hb_domain::TenantId::parse("lowered").expect("a tenant");
    // What was written an hour ago is outside of a sync.
    world.clock.set(world.clock.now().plus(Duration::from_secs(3_600)));
    // A share of 150 KiB on the instance: three quarters of its memory.
    let instance = world.instance_with_index_memory(200 * 1_024).await;
    let client = instance.client.with(client.credential().expect("a key"));
    let searched = async || client.post(SEARCH, json!({"query": "note"})).await.data()["partial"].clone();
    let all = searched().await["searched"].as_u64().expect("it is partial");
    println!("{all} of 3000 memories in 150 KiB");
    assert!((1_000..3_000).contains(&all), "{all}");
    // A full free tenant is searched completely.
    let free = Allowance { memories: Plan::Free.allowance().memories, ..plenty() };
    assert!(world.store.tenants().set_plan(&id, Plan::Free, &free).await.expect("the database"));
    let large = world.instance().await;
    let client = large.client.with(client.credential().expect("a key"));
    let partial = client.post(SEARCH, json!({"query": "note"})).await.data()["partial"].clone();
    assert_eq!(partial, Value::Null, "3,000 short memories fit into the share of 1,000 long ones");
}
