//! Events of searches: one item beside the answer, and only where somebody listens.

use std::collections::BTreeSet;

use hb_domain::event::EventId;
use hb_tests::{Client, Fault, World};
use serde_json::{Value, json};

use super::{MEMORIES, create, tenant};
use crate::secrets_in_logs::{Log, listen};

const PUT: &str = "DynamoDB PutItem PendingEvents";

async fn search(client: &Client, body: Value) -> hb_tests::Answer {
    client.post(&format!("{MEMORIES}/search"), body).await
}

#[tokio::test]
async fn a_search_of_a_tenant_that_listens_is_one_item_without_its_query_and_its_results() {
    let (world, _instance, client) = World::with_a_client().await;
    let id = create(&client, json!({"content": "saffron tea", "type": "task"})).await;
    world.record_searches(&tenant("acme")).await;
    let found = search(&client, json!({"query": "saffron"})).await;
    let request = found.header("x-request-id").to_owned();
    let mut items = world.pending_events().await;
    assert_eq!(items.len(), 1);
    let item = items.remove(0);
    let names: BTreeSet<&str> = item.keys().map(String::as_str).collect();
    assert_eq!(names, ["at", "id", "requestId", "results", "tenant", "ttl", "type"].into());
    let text = format!("{item:?}");
    assert!(!text.contains("saffron") && !text.contains(&id), "{text}");
    let expected = EventId::derive("search", &request, 0);
    assert_eq!(item["id"].as_s().expect("text"), expected.as_str());
    assert_eq!(item["requestId"].as_s().expect("text"), &request);
    assert_eq!(item["results"].as_n().expect("a number"), "1");
    let kept = world.clock.now().seconds() + 3 * 86_400;
    assert_eq!(item["ttl"].as_n().expect("a number"), &kept.to_string());
    // A search without a query, and one that finds nothing, are searches; one that is refused is none.
    for (body, status) in [
        (json!({"filter": {"type": {"eq": "task"}}}), 200),
        (json!({"query": "nothing like it"}), 200),
        (json!({"query": 1}), 400),
    ] {
        assert_eq!(search(&client, body).await.status, status);
    }
    client.post(&format!("{MEMORIES}/query"), json!({})).await.expect(200, "");
    assert_eq!(world.pending_events().await.len(), 3);
}

#[tokio::test]
async fn a_search_of_a_tenant_that_does_not_listen_makes_no_call_more() {
    let (world, instance, client) = World::with_a_client().await;
    create(&client, json!({"content": "saffron tea", "type": "task"})).await;
    let body = json!({"query": "saffron"});
    search(&client, body.clone()).await.expect(200, "");
    let names = || {
        let names: BTreeSet<String> = instance.tap.take().into_iter().map(|call| call.name).collect();
        names
    };
    names();
    search(&client, body.clone()).await.expect(200, "");
    let silent = names();
    assert!(!silent.iter().any(|name| name.contains("PendingEvents")), "{silent:?}");
    assert_eq!(world.pending_events().await, []);
    world.record_searches(&tenant("acme")).await;
    search(&client, body.clone()).await.expect(200, "");
    let mut listening = names();
    assert!(listening.remove(PUT), "the flag is read with the admission");
    assert_eq!(listening, silent);
}

#[tokio::test]
async fn a_search_is_answered_whatever_happens_to_its_event() {
    let (world, instance, client) = World::with_a_client().await;
    create(&client, json!({"content": "saffron tea", "type": "task"})).await;
    world.record_searches(&tenant("acme")).await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.writer());
    let _listening = listen(subscriber.finish());
    let reports = || log.text().matches("a search was not recorded").count();
    let (mut recorded, mut reported) = (0, 0);
    for fault in Fault::ALL {
        for lasting in [false, true] {
            instance.tap.fail(PUT, fault, lasting);
            let found = search(&client, json!({"query": "saffron"})).await;
            assert!(instance.tap.mend(), "{fault:?}");
            found.expect(200, "");
            assert_eq!(found.data()["results"].as_array().map(Vec::len), Some(1));
            let now = world.pending_events().await.len();
            assert!(now == recorded || now == recorded + 1, "{fault:?}");
            assert!(now == recorded + 1 || reports() == reported + 1, "{fault:?} {lasting}: {}", log.text());
            (recorded, reported) = (now, reports());
        }
    }
    assert!(recorded >= 5 && reported >= 2, "{recorded} {reported}: the database's client tries again");
    assert!(log.text().contains("lost_events=1") && !log.text().contains("saffron"), "{}", log.text());
}

#[tokio::test]
async fn a_search_does_not_wait_for_an_event_that_cannot_be_written() {
    let (world, instance, client) = World::with_a_client().await;
    create(&client, json!({"content": "saffron tea", "type": "task"})).await;
    search(&client, json!({"query": "saffron"})).await.expect(200, "");
    world.record_searches(&tenant("acme")).await;
    let mut held = instance.tap.hold();
    let searching = tokio::spawn(async move { search(&client, json!({"query": "saffron"})).await });
    let mut hanging = Vec::new();
    let found = async {
        while let Some(call) = held.recv().await {
            if call.name == PUT {
                hanging.push(call);
                break;
            }
            tokio::spawn(call.pass());
        }
        searching.await.expect("a response")
    };
    let found = found.await;
    assert_eq!(found.data()["results"].as_array().map(Vec::len), Some(1), "{}", found.text);
    assert_eq!(hanging.len(), 1, "the database has not answered");
}
