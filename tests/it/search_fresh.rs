//! Read-your-writes: every acknowledged change is visible to later searches, on any instance.

use std::time::Duration;

use hb_tests::world::plenty;
use hb_tests::{Client, Fault, World};
use serde_json::json;

use crate::search::{found, found_by, set_up};

#[tokio::test]
async fn a_search_on_any_instance_finds_what_was_acknowledged_before_it() {
    let (world, _instance, _) = set_up().await;
    let account = world.account_with("globex", plenty()).await;
    let (one, other) = (world.instance().await, world.instance().await);
    let clients = [one.client.with(&account.key), other.client.with(&account.key)];
    assert_eq!(
        found_by(&clients, "harbour").await,
        [Vec::<String>::new(), vec![]],
        "their indexes are empty"
    );
    for round in 0..3 {
        let writer = &clients[round % 2];
        let new = json!({"content": format!("Harbour {round} has a crane"), "type": "semantic"});
        let made = writer.post("/api/v1/memories", new).await;
        let path = made.header("location").to_owned();
        assert_eq!(found_by(&clients, "harbour crane").await, [["Harbour"], ["Harbour"]]);
        let changed = json!({"content": "Windmill on the hill", "metadata": {"round": round}});
        writer.send(http::Method::PATCH, &path, Some(changed)).await.expect(200, "");
        assert_eq!(
            found_by(&clients, "harbour crane").await,
            [Vec::<String>::new(), vec![]],
            "the old words"
        );
        assert_eq!(found_by(&clients, "windmill").await, [["Windmill"], ["Windmill"]], "the new words");
        clients[(round + 1) % 2].send(http::Method::DELETE, &path, None).await.expect(200, "");
        assert_eq!(found_by(&clients, "windmill").await, [Vec::<String>::new(), vec![]]);
    }
    // A backdated import, which a sync of the latest changes does not show; then a bulk deletion.
    let lines = "{\"content\": \"A lighthouse of long ago\", \"type\": \"event\", \"createdAt\": \"2001-01-01T00:00:00Z\", \"userId\": \"u\"}";
    let import = clients[0]
        .send_raw(
            http::Method::POST,
            "/api/v1/memories/import",
            &[("content-type", "application/x-ndjson")],
            lines,
        )
        .await;
    assert_eq!(import.data()["imported"], 1);
    assert_eq!(found_by(&clients, "lighthouse").await, [["A"], ["A"]]);
    clients[0].post("/api/v1/memories/bulk-delete", json!({"filter": {"userId": "u"}})).await.expect(200, "");
    assert_eq!(found_by(&clients, "lighthouse").await, [Vec::<String>::new(), vec![]]);
}

/// A request that wrote but failed to raise the search version is repeated. What is then acknowledged is found by warm
/// instances.
#[tokio::test]
async fn what_a_repeated_request_acknowledges_is_found() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let (one, other) = (world.instance().await, world.instance().await);
    let clients = [one.client.with(&account.key), other.client.with(&account.key)];
    let made = clients[0].post("/api/v1/memories", json!({"content": "an old word", "type": "task"})).await;
    let path = made.header("location").to_owned();
    found_by(&clients, "word").await;

    // The request is admitted, but the update of the search version fails.
    let fail_to_publish = || one.tap.fail_after("DynamoDB UpdateItem Tenants", 1, Fault::Throttled, true);
    let patch = || clients[0].send(http::Method::PATCH, &path, Some(json!({"content": "a lighthouse"})));
    fail_to_publish();
    patch().await.expect(503, "SERVICE_UNAVAILABLE");
    assert!(one.tap.mend());
    patch().await.expect(200, "");
    assert_eq!(found_by(&clients, "lighthouse").await, [["a"], ["a"]], "a change that was there already");

    let id = "mem_0ivw4q1c00000000000001";
    let line = json!({"id": id, "content": "harbour of long ago", "type": "event"}).to_string();
    let headers = [("content-type", "application/x-ndjson")];
    let import = |line| clients[0].send_raw(http::Method::POST, "/api/v1/memories/import", &headers, line);
    fail_to_publish();
    import(line).await.expect(503, "SERVICE_UNAVAILABLE");
    assert!(one.tap.mend());
    // The repeated line differs, and claims a recent change.
    let line = json!({"id": id, "content": "x", "type": "event", "updatedAt": "2026-11-24T11:59:59Z"});
    assert_eq!(import(line.to_string()).await.data()["existing"], 1);
    assert_eq!(
        found_by(&clients, "harbour").await,
        [["harbour"], ["harbour"]],
        "a line that was there already"
    );

    // A resumed request has the time of its first attempt, ten minutes ago.
    let keyed_headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let keyed = || {
        let body = json!({"content": "a windmill", "type": "task"}).to_string();
        clients[0].send_raw(http::Method::POST, "/api/v1/memories", &keyed_headers, body)
    };
    one.tap.fail("DynamoDB PutItem Memories", Fault::Throttled, true);
    keyed().await.expect(503, "SERVICE_UNAVAILABLE");
    assert!(one.tap.mend());
    for instance in [&one, &other] {
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(600)));
    }
    assert_eq!(found_by(&clients, "windmill").await, [Vec::<String>::new(), vec![]]);
    keyed().await.expect(201, "");
    assert_eq!(found_by(&clients, "windmill").await, [["a"], ["a"]], "a memory of ten minutes ago");
}

/// Each writer finds its latest write, and no longer its latest deletion, on another instance, while others write too.
#[tokio::test(flavor = "multi_thread")]
async fn each_writer_finds_its_own_writes_while_others_write() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(world.instance().await);
    }
    let clients: Vec<Client> = instances.iter().map(|instance| instance.client.with(&account.key)).collect();
    let writer = async |number: usize| {
        let (here, there) = (&clients[number % 3], &clients[(number + 1) % 3]);
        for round in 0..4 {
            let word = format!("qz{number}y{round}");
            let made = here.post("/api/v1/memories", json!({"content": word, "type": "task"})).await;
            assert_eq!(made.status, 201, "{}", made.text);
            let query = json!({"query": word, "minRelevance": 0.9});
            assert_eq!(found(there, query.clone()).await, [word.as_str()]);
            here.send(http::Method::DELETE, made.header("location"), None).await.expect(200, "");
            assert_eq!(found(there, query).await, Vec::<String>::new(), "{word} was deleted");
        }
    };
    futures_util::future::join_all((0..12).map(writer)).await;
}

#[tokio::test]
async fn an_expired_memory_is_not_found() {
    let (_world, instance, client) = set_up().await;
    let end = instance.clock.now().plus(Duration::from_secs(30));
    let body = json!({"content": "a parcel at the gate", "type": "task", "expiresAt": end});
    client.post("/api/v1/memories", body).await.expect(201, "");
    let query = json!({"query": "parcel", "minRelevance": 0.5});
    assert_eq!(found(&client, query.clone()).await, ["a"]);
    instance.clock.set(end);
    assert_eq!(found(&client, query).await, Vec::<String>::new());
}
