//! Search documents that another version of the service has written, as during a gradual deployment or after a rollback.

use hb_store::RewriteOutcome;
use hb_tests::World;
use hb_tests::stored::{document, items, put_document};
use hb_tests::world::plenty;
use serde_json::{Value, json};

use crate::reindex::{create, import, reindex};
use crate::search::{SEARCH, found_by};

/// A document of a format that no version has used yet.
const NEWER: &[u8] = b"\xfaof another format";
/// As `MAX_READ_WHOLE` in the store.
const MAX_READ_WHOLE: usize = 500;

#[tokio::test]
async fn a_memory_whose_document_another_version_has_written_is_found() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (warm, cold) = (world.instance().await, world.instance().await);
    let clients = [warm.client.with(&account.key), cold.client.with(&account.key)];
    let first = create(&clients[0], "Teapot of clay").await;
    assert_eq!(found_by(&clients[..1], "teapot").await, [["Teapot"]]);
    let second = create(&clients[0], "Lighthouse on the cliff").await;
    for id in [&first, &second] {
        put_document(&world.aws, "acme", id, NEWER).await;
    }
    for _ in 0..2 {
        for (query, word) in [("lighthouse", "Lighthouse"), ("teapot", "Teapot")] {
            assert_eq!(found_by(&clients, query).await, [[word], [word]]);
        }
    }
    let answer = clients[1].post(SEARCH, json!({"query": "lighthouse"})).await;
    assert_eq!(answer.data()["partial"], Value::Null, "{}", answer.text);
    let stored = items(&world.aws, "acme").await;
    assert_eq!(document(&stored[&first]), NEWER, "a search writes nothing");
}

#[tokio::test]
async fn a_search_is_partial_if_too_many_documents_are_of_another_version() {
    let world = World::without_stream().await;
    let account = world.account_with("acme", plenty()).await;
    let writer = world.instance().await;
    let writer = writer.client.with(&account.key);
    let ids = import(&writer, MAX_READ_WHOLE + 20).await;
    for id in &ids[..MAX_READ_WHOLE + 10] {
        put_document(&world.aws, "acme", id, NEWER).await;
    }
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    for _ in 0..2 {
        let answer = client.post(SEARCH, json!({"query": "note", "limit": 1})).await;
        answer.expect(200, "");
        assert_eq!(answer.data()["partial"], json!({"searched": MAX_READ_WHOLE + 10}));
    }
    let (outcomes, _) = reindex(&world, &world.store, &account).await;
    assert_eq!(outcomes, vec![RewriteOutcome::Rewritten; MAX_READ_WHOLE + 10]);
    let answer = client.post(SEARCH, json!({"query": "note", "limit": 1})).await;
    assert_eq!(answer.data()["partial"], Value::Null, "{}", answer.text);
}
