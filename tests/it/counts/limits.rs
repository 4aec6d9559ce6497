//! The limit of a plan: it is reached exactly, and never exceeded.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use hb_domain::plan::{Allowance, Plan};
use hb_tests::World;
use hb_tests::world::{Account, plenty};
use http::Method;
use serde_json::json;

use super::{MEMORIES, amount, fill, truth};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_concurrent_creates_at_the_limit_never_exceed_a_thousand() {
    let world = World::new().await;
    let account = world.account_with("acme", Allowance { memories: Some(1_000), ..plenty() }).await;
    let instances = join_all((0..4).map(|_| world.instance())).await;
    let clients: Vec<_> = instances.iter().map(|instance| instance.client.with(&account.key)).collect();
    fill(&clients[0], 990).await;
    let body = json!({"content": "at the edge", "type": "task"});
    let answers = join_all((0..64).map(|index| clients[index % 4].post(MEMORIES, body.clone()))).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 10);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.expect(402, "INSUFFICIENT_QUOTA");
        assert_eq!(refused.message(), "The plan's 1000 memories are used up");
        assert_ne!(refused.header("x-ratelimit-remaining"), "0", "the month's requests are another matter");
    }
    assert_eq!(
        (amount(&world, &account).await, truth(&clients[0]).await.memories),
        (truth(&clients[0]).await, 1_000)
    );

    // Bulk creations at the limit, concurrent with deletions.
    let list = clients[0].get("/api/v1/memories?limit=100").await;
    let doomed: Vec<String> = list.data()["memories"].as_array().expect("memories")[..15]
        .iter()
        .map(|memory| format!("{MEMORIES}/{}", memory["id"].as_str().expect("an id")))
        .collect();
    let deletions = doomed.iter().map(|path| clients[1].send(Method::DELETE, path, None));
    let bulk = json!({"memories": vec![body.clone(); 5]});
    let bulks = (0..8).map(|index| clients[index % 4].post("/api/v1/memories/bulk", bulk.clone()));
    let (deleted, added) = tokio::join!(join_all(deletions), join_all(bulks));
    assert!(deleted.iter().all(|answer| answer.status == 200));
    let added: u64 = added.iter().map(|answer| answer.data()["created"].as_u64().expect("a number")).sum();
    assert!(added <= 15, "{added}");
    let now = truth(&clients[0]).await;
    assert_eq!((amount(&world, &account).await, now.memories), (now, 985 + added));
}

#[tokio::test]
async fn free_holds_a_thousand_memories_pro_a_million_and_enterprise_any_number() {
    let world = World::new().await;
    let instance = world.instance().await;
    let body = json!({"content": "one of many", "type": "task"});
    for (plan, limit) in [(Plan::Free, Some(1_000)), (Plan::Pro, Some(1_000_000)), (Plan::Enterprise, None)] {
        let account = world.account(plan.as_str(), plan).await;
        let client = instance.client.with(&account.key);
        client.post(MEMORIES, body.clone()).await.expect(201, "");
        count_as(&world, &account, limit.unwrap_or(1_000_000_000_000) - 1).await;
        client.post(MEMORIES, body.clone()).await.expect(201, "");
        let next = client.post(MEMORIES, body.clone()).await;
        match limit {
            Some(limit) => {
                next.expect(402, "INSUFFICIENT_QUOTA");
                assert_eq!(next.message(), format!("The plan's {limit} memories are used up"));
            }
            None => next.expect(201, ""),
        }
    }
}

/// Makes the ledger say that the tenant has so many memories.
async fn count_as(world: &World, account: &Account, memories: u64) {
    let client = aws_sdk_dynamodb::Client::from_conf(world.aws.dynamodb());
    let update = client.update_item().table_name("Usage");
    let update = update.key("tenant", AttributeValue::S(account.tenant.to_string()));
    let update = update.key("sk", AttributeValue::S("memories".into()));
    let update = update.update_expression("SET memories = :memories");
    let memories = AttributeValue::N(memories.to_string());
    update.expression_attribute_values(":memories", memories).send().await.expect("the database");
}
