//! Searches of a tenant that is larger than a page, than a moment's patience of the database, and than the memory there is.

use std::time::Duration;

use hb_domain::Clock;
use hb_tests::function::{environment, recorded};
use hb_tests::world::{Account, plenty};
use hb_tests::{Client, Fault, Function, World};
use http::Method;
use serde_json::{Value, json};

use crate::search::{SEARCH, found};

/// Memories whose records fill more than one page of a query, and so many that a deletion does not have all read anew.
const MEMORIES: usize = 1_600;
/// How many of them are those of one user.
const OF_ANN: usize = 300;

/// Two hundred fields: some 800 bytes of a record.
pub(crate) fn many_fields() -> serde_json::Map<String, Value> {
    (0..200).map(|field| (format!("f{field}"), json!(field))).collect()
}

async fn large() -> (World, Account, Client, hb_tests::Instance) {
    let world = World::new().await;
    // Functions have the machine's clock; what was written an hour ago is none of the latest changes.
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

/// Everything was read, but not yet what was written meanwhile.
#[tokio::test]
async fn a_search_does_not_believe_a_reading_whose_end_failed() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    client.post("/api/v1/memories", json!({"content": "tea", "type": "task"})).await.expect(201, "");
    instance.tap.fail_after("DynamoDB Query Memories", 1, Fault::Throttled, true);
    client.post(SEARCH, json!({"query": "tea"})).await.expect(503, "SERVICE_UNAVAILABLE");
    assert!(instance.tap.mend());
    instance.tap.take();
    client.post(SEARCH, json!({"query": "tea"})).await.expect(200, "");
    let looks = instance.tap.take().iter().filter(|call| call.name == "DynamoDB Query Memories").count();
    assert_eq!(looks, 1, "what was read is kept, and what has changed since is looked for");
}

#[tokio::test]
async fn a_load_that_fails_half_way_goes_on_and_one_without_room_says_so() {
    let (world, account, client, instance) = large().await;
    client.get("/api/v1/rate-limit").await;
    instance.tap.take();

    // The second page of the load cannot be read, however often.
    let query = json!({"query": "note 7", "limit": 1});
    let page = "DynamoDB Query Memories";
    instance.tap.fail_after(page, 1, Fault::Throttled, true);
    let answer = client.post(SEARCH, query.clone()).await;
    let searched = answer.data()["partial"]["searched"].as_u64().expect("it says so");
    assert!((1_000..MEMORIES as u64).contains(&searched), "one page: {searched}");
    assert!(instance.tap.mend());
    instance.tap.take();
    let answer = client.post(SEARCH, query.clone()).await;
    let first = answer.data()["results"][0]["content"].as_str().expect("a content");
    assert!(first.starts_with("note 7") && answer.data()["partial"] == Value::Null, "{first}");
    let pages = instance.tap.take().iter().filter(|call| call.name == page).count();
    assert_eq!(pages, 2, "the second page, and what has changed since: what was read is kept");

    // An import of half an hour ago is looked for as far back as that; after two of them all is read anew.
    let half_an_hour_ago = instance.clock.now().minus(Duration::from_secs(1_800));
    for (imports, pages) in [(1, 1), (2, 3), (1, 1)] {
        for number in 0..imports {
            let line = json!({"content": format!("lighthouse {number}"), "type": "task", "createdAt": half_an_hour_ago});
            import(&client, &[line.to_string()]).await;
        }
        instance.tap.take();
        let lighthouse = json!({"query": format!("lighthouse {}", imports - 1), "limit": 1});
        for pages in [pages, 0] {
            let answer = client.post(SEARCH, lighthouse.clone()).await;
            assert_eq!(answer.data()["results"][0]["content"], format!("lighthouse {}", imports - 1));
            let read = instance.tap.take().iter().filter(|call| call.name == page).count();
            assert_eq!(read, pages, "after {imports}");
        }
    }

    // What another instance has deleted is missed when it is to be returned, and from then on known to be gone.
    let other = world.instance().await;
    let doomed = format!("/api/v1/memories/{}", answer.data()["results"][0]["id"].as_str().expect("an id"));
    other.client.with(&account.key).send(Method::DELETE, &doomed, None).await.expect(200, "");
    instance.tap.take();
    for (round, batches) in [("missed", 2), ("known", 1)] {
        let answer = client.post(SEARCH, query.clone()).await;
        let next = answer.data()["results"][0]["content"].as_str().expect("a content");
        assert!(next.starts_with("note ") && next != "note 7", "{round}: {next}");
        let calls = instance.tap.take();
        let count = |name: &str| calls.iter().filter(|call| call.name == name).count();
        assert_eq!(count("DynamoDB BatchGetItem"), batches, "{round}");
        assert!(count(page) <= 1, "{round}: all is not read anew");
    }

    // All that a filter leaves has gone: each round reads more of it, and there are few.
    let owner = json!({"filter": {"userId": "ann"}});
    let erased = other.client.with(&account.key).post("/api/v1/memories/bulk-delete", owner).await;
    assert_eq!(erased.data()["deleted"], OF_ANN - 1, "one is gone already");
    instance.tap.take();
    let of_ann = json!({"query": "note", "userId": "ann", "limit": 1});
    for (round, most) in [("missed", 6), ("known", 0)] {
        assert_eq!(found(&client, of_ann.clone()).await, Vec::<String>::new());
        let calls = instance.tap.take();
        let count = |name: &str| calls.iter().filter(|call| call.name == name).count();
        let batches = count("DynamoDB BatchGetItem");
        assert!(batches <= 2 * most && batches >= most / 2, "{round}: {batches}");
        assert!(count(page) <= 1, "{round}: all is not read anew");
    }

    // Half of a mebibyte holds the latest of them.
    let mut environment = environment(&world);
    environment.insert("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1".into());
    let mut memories = Function::start_in(&environment, "memories").await;
    for round in 0..2 {
        let created = client
            .post("/api/v1/memories", json!({"content": format!("zebra {round}"), "type": "task"}))
            .await;
        assert_eq!(created.status, 201);
        let mut event = recorded("search-memories.json", &account.key);
        event["body"] = json!({"query": format!("zebra {round}"), "limit": 1}).to_string().into();
        event["isBase64Encoded"] = json!(false);
        let answer = memories.send(event).await;
        assert_eq!(answer.data()["results"][0]["content"], format!("zebra {round}"), "{}", answer.text);
        let searched = answer.data()["partial"]["searched"].as_u64().expect("it says so");
        assert!((300..500).contains(&searched), "{searched}");
    }
}
