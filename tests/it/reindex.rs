//! A reindex rewrites search documents and nothing else, and every cached index loads the new ones.

use std::collections::BTreeSet;
use std::time::Duration;

use hb_domain::MemoryId;
use hb_store::{RewriteOutcome, Store};
use hb_tests::stored::{document, items, put_document};
use hb_tests::world::{Account, plenty};
use hb_tests::{Client, Fault, World};
use serde_json::json;

use crate::search::found_by;

pub(crate) const MEMORIES: &str = "/api/v1/memories";

/// Creates a memory and returns its id.
pub(crate) async fn create(client: &Client, content: &str) -> String {
    let created = client.post(MEMORIES, json!({"content": content, "type": "semantic"})).await;
    created.data()["id"].as_str().expect("an id").to_owned()
}

/// Creates so many memories by imports and returns their ids in order.
pub(crate) async fn import(client: &Client, count: usize) -> Vec<String> {
    let numbers: Vec<usize> = (0..count).collect();
    for part in numbers.chunks(500) {
        let line =
            |number: &usize| json!({"content": format!("note {number}"), "type": "task"}).to_string() + "\n";
        let lines: String = part.iter().map(line).collect();
        let headers = [("content-type", "application/x-ndjson")];
        let path = format!("{MEMORIES}/import");
        let imported = client.send_raw(http::Method::POST, &path, &headers, lines).await;
        assert_eq!(imported.data()["imported"], part.len(), "{}", imported.text);
    }
    let mut ids: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("{MEMORIES}?limit=100&order=asc{cursor}")).await;
        let memories = page.data()["memories"].as_array().expect("memories");
        ids.extend(memories.iter().map(|memory| memory["id"].as_str().expect("an id").to_owned()));
        let Some(next) = page.data()["pagination"]["nextCursor"].as_str() else { return ids };
        cursor = format!("&cursor={next}");
    }
}

/// Reindexes all memories of a tenant and returns the outcomes, and how many memories were examined.
pub(crate) async fn reindex(world: &World, store: &Store, account: &Account) -> (Vec<RewriteOutcome>, u64) {
    let context = world.operator(&account.tenant);
    let tenant_store = store.with(&context);
    let memories = tenant_store.memories();
    let (mut outcomes, mut examined, mut after): (_, _, Option<MemoryId>) = (Vec::new(), 0, None);
    loop {
        let page = memories.stale_documents(after.as_ref()).await.expect("a page");
        for outcome in memories.rewrite_documents(&page.stale).await {
            outcomes.push(outcome.expect("an outcome"));
        }
        examined += page.examined;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    context.publish_changes(store).await.expect("the tenant");
    (outcomes, examined)
}

#[tokio::test]
async fn only_the_document_changes_and_warm_indexes_return_the_new_ranking() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (one, other) = (world.instance().await, world.instance().await);
    let clients = [one.client.with(&account.key), other.client.with(&account.key)];
    let id = create(&clients[0], "Lighthouse on the cliff").await;
    let wrong = create(&clients[0], "Teapot of clay").await;
    create(&clients[0], "Harbour with a crane").await;
    world.disguise(&account.tenant, &id, &wrong).await;
    // Beyond the changes that a sync reads anyway.
    for instance in [&one, &other] {
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(600)));
    }
    let nothing = Vec::<String>::new();
    assert_eq!(found_by(&clients, "lighthouse").await, [nothing.clone(), nothing]);
    let before = items(&world.aws, "acme").await;
    let path = format!("{MEMORIES}/{id}");
    let tag = clients[0].get(&path).await.header("etag").to_owned();
    let stored = async || {
        let operator = world.operator(&account.tenant);
        world.store.with(&operator).storage().get().await.expect("the storage")
    };
    let (storage, consumed) = (stored().await, world.deliver_to("expiry").await);
    assert_eq!(consumed, [], "creations and changes");

    let (store, tap) = world.tapped_store();
    assert_eq!(reindex(&world, &store, &account).await, (vec![RewriteOutcome::Rewritten], 3));
    let used: BTreeSet<String> = tap.take().into_iter().flat_map(|call| call.permissions).collect();
    let documented =
        ["dynamodb:Query Memories", "dynamodb:UpdateItem Memories", "dynamodb:UpdateItem Tenants"];
    assert_eq!(used, documented.map(str::to_owned).into(), "infra/OPERATIONS.md lists the permissions");

    assert_eq!(found_by(&clients, "lighthouse").await, [["Lighthouse"], ["Lighthouse"]]);
    let mut after = items(&world.aws, "acme").await;
    assert_ne!(document(&after[&id]), document(&before[&id]));
    let restored = before[&id]["searchDoc"].clone();
    after.get_mut(&id).expect("the memory").insert("searchDoc".into(), restored);
    assert_eq!(after, before, "every other attribute");
    assert_eq!(clients[0].get(&path).await.header("etag"), tag);
    assert_eq!(stored().await, storage);
    assert_eq!(world.deliver_to("expiry").await, [], "the record of a rewritten document is ignored");
    assert_eq!(reindex(&world, &world.store, &account).await, (vec![], 3), "nothing is left to rewrite");
}

#[tokio::test]
async fn all_pages_are_read_and_a_run_begins_behind_any_memory() {
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let ids = import(&instance.client.with(&account.key), 1_050).await;
    let old = [0, 1, 998, 999, 1_000, 1_049];
    for number in old {
        put_document(&world.aws, "acme", &ids[number], b"\x01of another format").await;
    }
    let context = world.operator(&account.tenant);
    let memories = world.store.with(&context).memories();
    let behind = MemoryId::parse(&ids[998]).expect("an id");
    let page = memories.stale_documents(Some(&behind)).await.expect("a page");
    let found: Vec<&str> = page.stale.iter().map(|stale| stale.id.as_str()).collect();
    assert_eq!((found, page.next), (vec![&*ids[999], &*ids[1_000], &*ids[1_049]], None));
    assert_eq!(
        reindex(&world, &world.store, &account).await,
        (vec![RewriteOutcome::Rewritten; old.len()], 1_050)
    );
    assert_eq!(reindex(&world, &world.store, &account).await, (vec![], 1_050));
}

#[tokio::test]
async fn a_write_that_fails_once_is_repeated() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let id = create(&instance.client.with(&account.key), "Lighthouse on the cliff").await;
    let current = document(&items(&world.aws, "acme").await[&id]);
    for name in ["DynamoDB Query Memories", "DynamoDB UpdateItem Memories"] {
        for fault in [Fault::Throttled, Fault::TimedOut, Fault::Reset, Fault::AnswerLost] {
            put_document(&world.aws, "acme", &id, b"\x01of another format").await;
            let (store, tap) = world.tapped_store();
            tap.fail(name, fault, false);
            let (outcomes, _) = reindex(&world, &store, &account).await;
            assert_eq!(outcomes, [RewriteOutcome::Rewritten], "{name} {fault:?}");
            assert!(tap.mend(), "{name} {fault:?}");
            assert_eq!(document(&items(&world.aws, "acme").await[&id]), current);
        }
    }
}
