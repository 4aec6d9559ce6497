//! Searches of a tenant that exceeds a page, the database's capacity, or the function's memory.

use std::time::Duration;

use hb_domain::Clock;
use hb_store::SearchBudget;
use hb_tests::function::{environment, recorded};
use hb_tests::world::{Account, plenty, unhurried};
use hb_tests::{Client, Fault, Function, World};
use http::Method;
use serde_json::{Value, json};

use crate::search::{SEARCH, found};

const PAGE: &str = "DynamoDB Query Memories";
/// Memories whose search documents fill more than one page, so many that a deletion does not cause a rebuild.
const MEMORIES: usize = 1_600;
/// How many of them belong to one user.
const OF_ANN: usize = 300;

/// Two hundred fields: some 800 bytes of a search document.
pub(crate) fn many_fields() -> serde_json::Map<String, Value> {
    (0..200).map(|field| (format!("f{field}"), json!(field))).collect()
}

async fn large() -> (World, Account, Client, hb_tests::Instance) {
    let world = World::new().await;
    // Functions use the machine's clock. What was written an hour ago is outside of a sync.
    let now = Clock::system().now();
    world.clock.set(now.minus(Duration::from_secs(3_600)));
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    for from in (0..MEMORIES).step_by(800) {
        let line = |number: usize| {
            let metadata = many_fields();
            let content = format!("note {number}");
            let user = if number < OF_ANN { "ann" } else { "bob" };
            json!({"content": content, "type": "semantic", "userId": user, "metadata": metadata}).to_string()
        };
        let lines: Vec<String> = (from..from + 800).map(line).collect();
        import(&client, &lines).await;
    }
    world.clock.set(now);
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    (world, account, client, instance)
}

pub(crate) async fn import(client: &Client, lines: &[String]) {
    let headers = [("content-type", "application/x-ndjson")];
    let answer = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines.join("\n")).await;
    assert_eq!(answer.data()["imported"], lines.len(), "{}", answer.text);
}

/// All pages of the rebuild were read, but the sync after it failed.
#[tokio::test]
async fn a_rebuild_whose_sync_failed_is_not_complete() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    client.post("/api/v1/memories", json!({"content": "tea", "type": "task"})).await.expect(201, "");
    instance.tap.fail_after(PAGE, 1, Fault::Throttled, true);
    client.post(SEARCH, json!({"query": "tea"})).await.expect(503, "SERVICE_UNAVAILABLE");
    assert!(instance.tap.mend());
    instance.tap.take();
    client.post(SEARCH, json!({"query": "tea"})).await.expect(200, "");
    let (_, pages) = calls(&instance);
    assert_eq!(pages, 1, "the rebuild is kept, and only the sync is repeated");
}

/// The number of batches of memories and of index pages that were read since the previous call.
fn calls(instance: &hb_tests::Instance) -> (usize, usize) {
    let calls = instance.tap.take();
    let count = |name: &str| calls.iter().filter(|call| call.name == name).count();
    (count("DynamoDB BatchGetItem"), count(PAGE))
}

#[tokio::test]
async fn a_rebuild_that_is_throttled_half_way_returns_partial_results_and_continues() {
    let (_world, _account, client, instance) = large().await;
    client.get("/api/v1/rate-limit").await;
    instance.tap.take();
    // The second page cannot be read, however often.
    let query = json!({"query": "note 7", "limit": 1});
    instance.tap.fail_after(PAGE, 1, Fault::Throttled, true);
    let answer = client.post(SEARCH, query.clone()).await;
    let searched = answer.data()["partial"]["searched"].as_u64().expect("it says so");
    assert!((1_000..MEMORIES as u64).contains(&searched), "one page: {searched}");
    assert!(instance.tap.mend());
    instance.tap.take();
    let answer = client.post(SEARCH, query).await;
    assert_eq!(answer.data()["results"][0]["content"], "note 7");
    assert_eq!(answer.data()["partial"], Value::Null);
    let (_, pages) = calls(&instance);
    assert_eq!(pages, 2, "the second page and a sync: the first page is kept");
}

/// A partial result counts the owner's memories only, so that it does not disclose the number of others.
#[tokio::test]
async fn a_partial_result_counts_the_memories_of_the_requested_owner() {
    let (_world, _account, client, instance) = large().await;
    instance.tap.fail_after(PAGE, 1, Fault::Throttled, true);
    let searched = async |user: Option<&str>| {
        let mut body = json!({"query": "note 7", "limit": 1});
        if let Some(user) = user {
            body["userId"] = json!(user);
        }
        client.post(SEARCH, body).await.data()["partial"]["searched"].as_u64().expect("it says so")
    };
    let all = searched(None).await;
    let (ann, bob) = (searched(Some("ann")).await, searched(Some("bob")).await);
    assert!(instance.tap.mend());
    assert!(ann <= OF_ANN as u64 && bob > 0 && ann + bob == all, "{ann} and {bob} of {all}");
    instance.tap.fail_after(PAGE, 0, Fault::Throttled, true);
    assert_eq!(searched(Some("nobody")).await, 0);
    assert!(instance.tap.mend());
}

#[tokio::test]
async fn one_backdated_import_is_caught_up_with_and_two_cause_a_rebuild() {
    let (_world, _account, client, instance) = large().await;
    client.post(SEARCH, json!({"query": "note 7"})).await.expect(200, "");
    let half_an_hour_ago = instance.clock.now().minus(Duration::from_secs(1_800));
    for (imports, pages) in [(1, 1), (2, 3), (1, 1)] {
        let last = format!("lighthouse {}", imports - 1);
        for number in 0..imports {
            let content = format!("lighthouse {number}");
            let line = json!({"content": content, "type": "task", "createdAt": half_an_hour_ago});
            import(&client, &[line.to_string()]).await;
        }
        instance.tap.take();
        for pages in [pages, 0] {
            let answer = client.post(SEARCH, json!({"query": last, "limit": 1})).await;
            assert_eq!(answer.data()["results"][0]["content"], last);
            assert_eq!(calls(&instance).1, pages, "after {imports}");
        }
    }

    // Reads are throttled: the old entries are searched, and the next search is complete.
    let line = json!({"content": "harbour", "type": "task", "createdAt": "2020-01-01T00:00:00Z"});
    import(&client, &[line.to_string()]).await;
    instance.tap.fail(PAGE, Fault::Throttled, true);
    let answer = client.post(SEARCH, json!({"query": "lighthouse 0", "limit": 1})).await;
    assert_eq!(answer.data()["results"][0]["content"], "lighthouse 0");
    assert!(answer.data()["partial"]["searched"].as_u64() > Some(MEMORIES as u64), "{}", answer.text);
    assert!(instance.tap.mend());
    let answer = client.post(SEARCH, json!({"query": "harbour", "limit": 1})).await;
    assert_eq!(answer.data()["results"][0]["content"], "harbour");
    assert_eq!(answer.data()["partial"], Value::Null);
}

#[tokio::test]
async fn memories_deleted_by_another_instance_are_noticed_in_few_rounds_and_removed() {
    let (world, account, client, instance) = large().await;
    let query = json!({"query": "note 7", "limit": 1});
    let answer = client.post(SEARCH, query.clone()).await;
    let other = world.instance().await;
    let deleter = other.client.with(&account.key);
    let doomed = format!("/api/v1/memories/{}", answer.data()["results"][0]["id"].as_str().expect("an id"));
    deleter.send(Method::DELETE, &doomed, None).await.expect(200, "");
    instance.tap.take();
    for (round, batches) in [("missed", 2), ("known", 1)] {
        let next = &client.post(SEARCH, query.clone()).await.data()["results"][0]["content"].clone();
        assert!(next.as_str().is_some_and(|next| next.starts_with("note ") && next != "note 7"), "{next}");
        let (read, pages) = calls(&instance);
        assert!(read == batches && pages <= 1, "{round}: {read}, {pages}; there is no rebuild");
    }

    // All memories that match a filter are deleted.
    let frugal = world.instance_with(SearchBudget { reads: 20, ..unhurried() }).await;
    let stingy = frugal.client.with(&account.key);
    stingy.post(SEARCH, query.clone()).await.expect(200, "");
    let erasure = json!({"filter": {"userId": "ann"}});
    let erased = deleter.post("/api/v1/memories/bulk-delete", erasure).await;
    assert_eq!(erased.data()["deleted"], OF_ANN - 1, "one is gone already");
    instance.tap.take();
    for (round, batches) in [("missed", 3..=12), ("known", 0..=0)] {
        let of_ann = json!({"query": "note", "userId": "ann", "limit": 1});
        assert_eq!(found(&client, of_ann).await, Vec::<String>::new());
        let (read, pages) = calls(&instance);
        assert!(batches.contains(&read) && pages <= 1, "{round}: {read}, {pages}");
    }

    // An instance that may not read so many returns partial results, and the next search rebuilds the index.
    for partial in [json!({"searched": 20}), Value::Null] {
        let answer = stingy.post(SEARCH, json!({"query": "note", "userId": "ann"})).await;
        assert_eq!((&answer.data()["results"], &answer.data()["partial"]), (&json!([]), &partial));
    }
}

#[tokio::test]
async fn a_function_without_room_for_all_keeps_the_latest_and_returns_partial_results() {
    let (world, account, client, _instance) = large().await;
    // Three quarters of half of a mebibyte.
    let mut environment = environment(&world);
    environment.insert("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1".into());
    let mut memories = Function::start_in(&environment, "memories").await;
    for round in 0..2 {
        let content = format!("zebra {round}");
        client.post("/api/v1/memories", json!({"content": content, "type": "task"})).await.expect(201, "");
        let mut event = recorded("search-memories.json", &account.key);
        event["body"] = json!({"query": content, "limit": 1}).to_string().into();
        event["isBase64Encoded"] = json!(false);
        let answer = memories.send(event).await;
        assert_eq!(answer.data()["results"][0]["content"], content, "{}", answer.text);
        let searched = answer.data()["partial"]["searched"].as_u64().expect("it says so");
        assert!((300..500).contains(&searched), "{searched}");
    }
}
