//! A reindex beside writers: it loses nothing, and no document of an earlier version of a memory replaces a later one.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use hb_store::RewriteOutcome;
use hb_tests::stored::{document, items, put_document};
use hb_tests::world::{Account, plenty};
use hb_tests::{Client, World};
use http::Method;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::reindex::{MEMORIES, create, import};

const OLD: &[u8] = b"\x01of another format";

#[tokio::test]
async fn what_is_changed_or_deleted_after_it_was_read_is_not_overwritten() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(create(&client, "Teapot of clay").await);
    }
    // Ids of the same millisecond have a random order.
    ids.sort();
    for id in &ids {
        put_document(&world.aws, "acme", id, OLD).await;
    }
    let context = world.operator(&account.tenant);
    let memories = world.store.with(&context).memories();
    let page = memories.stale_documents(None).await.expect("a page");
    let patch = async |id: &str| {
        let patch = json!({"content": "Windmill on the hill"});
        client.send(Method::PATCH, &format!("{MEMORIES}/{id}"), Some(patch)).await.expect(200, "");
    };
    patch(&ids[0]).await;
    client.send(Method::DELETE, &format!("{MEMORIES}/{}", ids[1]), None).await.expect(200, "");
    patch(&ids[2]).await;
    let expected = document(&items(&world.aws, "acme").await[&ids[0]]);
    put_document(&world.aws, "acme", &ids[2], OLD).await;

    let outcomes: Vec<RewriteOutcome> = memories
        .rewrite_documents(&page.stale)
        .await
        .into_iter()
        .map(|outcome| outcome.expect("done"))
        .collect();
    use RewriteOutcome::{Changed, Deleted, Rewritten};
    assert_eq!(outcomes, [Changed, Deleted, Rewritten, Rewritten]);
    let after = items(&world.aws, "acme").await;
    assert_eq!(after.len(), 3, "a deleted memory stays deleted");
    assert_eq!(document(&after[&ids[0]]), expected);
    assert_eq!(document(&after[&ids[2]]), expected, "the document of the later content");
    context.publish_changes(&world.store).await.expect("the tenant");
}

/// What one writer knows: the content of its memories.
type Known = BTreeMap<String, String>;

/// Writes, and reports each change.
async fn write(client: &Client, mut known: Known, rounds: usize, changed: UnboundedSender<()>) -> Known {
    for round in 0..rounds {
        let content = format!("Round {round} of the windmill");
        let some = known.keys().nth(round * 7 % known.len().max(1)).cloned();
        match (round % 3, some) {
            (0, Some(id)) => {
                client.send(Method::DELETE, &format!("{MEMORIES}/{id}"), None).await.expect(200, "");
                known.remove(&id);
            }
            (1, Some(id)) => {
                let patch = json!({ "content": content });
                client.send(Method::PATCH, &format!("{MEMORIES}/{id}"), Some(patch)).await.expect(200, "");
                known.insert(id, content);
            }
            _ => {
                known.insert(create(client, &content).await, content);
            }
        }
        let _ = changed.send(());
    }
    known
}

async fn assert_sound(world: &World, account: &Account, client: &Client, known: &Known) {
    let stored = items(&world.aws, "acme").await;
    let lost: Vec<&String> = known.keys().filter(|id| !stored.contains_key(*id)).collect();
    let revived: Vec<&String> = stored.keys().filter(|id| !known.contains_key(*id)).collect();
    assert!(lost.is_empty() && revived.is_empty(), "lost {lost:?}, revived {revived:?}");
    for (id, content) in known {
        assert_eq!(&client.get(&format!("{MEMORIES}/{id}")).await.data()["content"], content);
    }
    let context = world.operator(&account.tenant);
    let page = world.store.with(&context).memories().stale_documents(None).await.expect("a page");
    assert_eq!((page.stale, page.next), (vec![], None), "every document is that of its memory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_beside_a_reindex_lose_nothing_and_leave_no_stale_document() {
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let ids = import(&client, 200).await;
    for id in &ids {
        put_document(&world.aws, "acme", id, OLD).await;
    }
    let mut shares = vec![Known::new(); 4];
    for (number, id) in ids.into_iter().enumerate() {
        shares[number % 4].insert(id, format!("note {number}"));
    }
    let (changed, mut changes) = unbounded_channel();
    let writers: Vec<_> =
        shares.into_iter().map(|known| write(&client, known, 45, changed.clone())).collect();
    drop(changed);
    let context = world.operator(&account.tenant);
    let rewriting = async {
        let tenant_store = world.store.with(&context);
        let memories = tenant_store.memories();
        let page = memories.stale_documents(None).await.expect("a page");
        let mut outcomes = Vec::new();
        for batch in page.stale.chunks(2) {
            // As slow as the writers, so that each batch meets changes that were made since the page was read.
            changes.recv().await;
            outcomes.extend(memories.rewrite_documents(batch).await.into_iter().map(|o| o.expect("done")));
        }
        context.publish_changes(&world.store).await.expect("the tenant");
        outcomes
    };
    let (outcomes, written) = tokio::join!(rewriting, join_all(writers));
    for outcome in [RewriteOutcome::Rewritten, RewriteOutcome::Changed, RewriteOutcome::Deleted] {
        assert!(outcomes.contains(&outcome), "no document was {outcome:?}");
    }
    let known: Known = written.into_iter().flatten().collect();
    assert_sound(&world, &account, &client, &known).await;
}
