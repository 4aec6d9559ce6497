//! The feed of events: pages and cursors, what an event shows, who may read it, and the events of searches.

mod callers;
mod cursors;
mod gaps;
mod readers;
mod removals;
mod searches;
mod subjects;

use std::time::Duration;

use hb_tests::feed::{About, event_id};
use hb_tests::world::plenty;
use hb_tests::{Answer, Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

const EVENTS: &str = "/api/v1/events";
const MEMORIES: &str = "/api/v1/memories";
const DAY: Duration = Duration::from_secs(86_400);

/// A page of the feed, which must be answered.
async fn page(client: &Client, query: &str) -> Answer {
    let page = client.get(&format!("{EVENTS}?{query}")).await;
    page.expect(200, "");
    page
}

/// The page after another one.
async fn page_after(client: &Client, page: &Answer, query: &str) -> Answer {
    self::page(client, &format!("cursor={}&{query}", cursor(page))).await
}

fn cursor(page: &Answer) -> &str {
    page.data()["nextCursor"].as_str().expect("a cursor")
}

fn has_more(page: &Answer) -> bool {
    page.data()["hasMore"].as_bool().expect("a flag")
}

/// The ids of the events of a page.
fn ids(page: &Answer) -> Vec<String> {
    let events = page.data()["events"].as_array().expect("events");
    events.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
}

/// The ids of the events at these positions.
fn expected(positions: impl IntoIterator<Item = u64>) -> Vec<String> {
    positions.into_iter().map(event_id).collect()
}

fn tenant(name: &str) -> hb_domain::TenantId {
    hb_domain::TenantId::parse(name).expect("a tenant")
}

/// Appends searches with the results 1, 2, … at these positions.
async fn append(world: &World, positions: impl IntoIterator<Item = u64>) {
    for position in positions {
        world.append(&tenant("acme"), position, About::Search(position)).await;
    }
}

#[tokio::test]
async fn pages_of_any_size_have_every_event_once_in_order() {
    let (world, _instance, client) = World::with_a_client().await;
    let empty = page(&client, "").await;
    assert_eq!((empty.data()["events"].clone(), has_more(&empty)), (json!([]), false));
    append(&world, 1..=120).await;
    for limit in (1..=100).step_by(7).chain([100]) {
        let (mut found, mut last) = (Vec::new(), empty.clone());
        loop {
            last = page_after(&client, &last, &format!("limit={limit}")).await;
            let part = ids(&last);
            assert!(part.len() <= limit, "{limit}");
            found.extend(part);
            if !has_more(&last) {
                break;
            }
        }
        assert_eq!(found, expected(1..=120), "{limit}");
        assert_eq!(ids(&page_after(&client, &last, "").await), Vec::<String>::new());
    }
    let first = page(&client, "").await;
    assert_eq!((ids(&first), has_more(&first)), (expected(1..=50), true));
    for query in ["limit=0", "limit=101", "limit=x", "page=1", "types=memory", "types=", "types=*,x"] {
        client.get(&format!("{EVENTS}?{query}")).await.expect(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn the_end_has_a_cursor_that_continues_with_later_events() {
    let (world, _instance, client) = World::with_a_client().await;
    append(&world, 1..=3).await;
    let latest = page(&client, "cursor=latest").await;
    assert_eq!((ids(&latest), has_more(&latest)), (vec![], false));
    let end = page(&client, "limit=3").await;
    assert_eq!((ids(&end), has_more(&end)), (expected(1..=3), false));
    for last in [&latest, &end] {
        let nothing = page_after(&client, last, "").await;
        assert_eq!((ids(&nothing), has_more(&nothing)), (vec![], false));
    }
    append(&world, 4..=5).await;
    for last in [&latest, &end] {
        let next = page_after(&client, last, "").await;
        assert_eq!((ids(&next), has_more(&next)), (expected(4..=5), false));
    }
}

#[tokio::test]
async fn types_select_events_and_may_change_from_page_to_page() {
    let (world, _instance, client) = World::with_a_client().await;
    let (acme, memory) = (tenant("acme"), "mem_0123456789abcdefghijkl");
    let key = hb_domain::KeyId::parse("key_0123456789ab").expect("an id");
    let abouts = [
        About::Created(memory),
        About::Updated(memory),
        About::Deleted(memory, "deleted"),
        About::Search(1),
        About::KeyCreated(&key),
        About::KeyRevoked(&key),
    ];
    for (position, about) in (1..=60).zip(abouts.into_iter().cycle()) {
        world.append(&acme, position, about).await;
    }
    let of = |kinds: &[u64]| expected((1..=60).filter(|position| kinds.contains(&(position % 6))));
    for (types, kinds) in [
        ("*", &[0, 1, 2, 3, 4, 5][..]),
        ("memory.*", &[1, 2, 3]),
        ("search.*", &[4]),
        ("api_key.*", &[0, 5]),
        ("memory.deleted", &[3]),
        ("memory.created,api_key.revoked", &[0, 1]),
        ("search.performed,search.*", &[4]),
    ] {
        let all = page(&client, &format!("limit=100&types={types}")).await;
        assert_eq!((ids(&all), has_more(&all)), (of(kinds), false), "{types}");
        for event in all.data()["events"].as_array().expect("events") {
            let name = event["event"].as_str().expect("a type");
            assert!(
                types.split(',').any(|one| name.starts_with(one.trim_end_matches('*'))),
                "{types} {name}"
            );
        }
        let one = page(&client, &format!("limit=1&types={types}")).await;
        let two = page_after(&client, &one, &format!("limit=1&types={types}")).await;
        assert_eq!([ids(&one), ids(&two)].concat(), of(kinds)[..2], "{types}");
    }
    let first = page(&client, "limit=1&types=api_key.created").await;
    assert_eq!(ids(&first), expected([5]));
    assert_eq!(ids(&page_after(&client, &first, "limit=1&types=memory.*").await), expected([7]));
}

#[tokio::test]
async fn a_page_examines_a_bounded_number_of_events_and_goes_on_behind_them() {
    let (world, instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    for position in 1..=1_100 {
        world.append_at(&acme, position, About::Search(1), world.clock.now()).await;
    }
    world.append(&acme, 1_101, About::Deleted("mem_0123456789abcdefghijkl", "expired")).await;
    client.get(EVENTS).await;
    instance.tap.take();
    let first = page(&client, "types=memory.*&limit=1").await;
    assert_eq!((ids(&first), has_more(&first)), (vec![], true));
    let queries: Vec<_> =
        instance.tap.take().into_iter().filter(|call| call.name.contains("Query")).collect();
    assert!(queries.len() <= 11, "{}", queries.len());
    let second = page_after(&client, &first, "types=memory.*&limit=1").await;
    assert_eq!((ids(&second), has_more(&second)), (expected([1_101]), false));
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_passed_over() {
    let (world, _instance, client) = World::with_a_client().await;
    append(&world, 1..=3).await;
    world.damage_event(&tenant("acme"), 2).await;
    let all = page(&client, "").await;
    assert_eq!((ids(&all), has_more(&all)), (expected([1, 3]), false));
}

#[tokio::test]
async fn a_reply_is_as_other_replies_of_lists() {
    let (world, _instance, client) = World::with_a_client().await;
    append(&world, 1..=2).await;
    let all = page(&client, "").await;
    let head = client.send(Method::HEAD, EVENTS, None).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), all.text.len().to_string());
    assert_eq!(all.header("cache-control"), "private, no-store");
    let event = &all.data()["events"][1];
    assert_eq!(
        *event,
        json!({
            "id": event_id(2), "event": "search.performed", "data": {"results": 2, "tenantId": "acme"},
            "metadata": {"request_id": null, "timestamp": "2026-11-24T12:00:00.000Z", "version": "1.0"},
        })
    );
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        client.send(method, EVENTS, Some(json!({}))).await.expect(405, "METHOD_NOT_ALLOWED");
    }
    let foreign = client.get(&format!("{EVENTS}?tenantId=globex")).await;
    foreign.expect(403, "TENANT_MISMATCH");
}

/// Two tenants, each with a client.
async fn two_tenants() -> (World, Instance, Client, Client) {
    let world = World::new().await;
    let (one, other) =
        (world.account_with("acme", plenty()).await, world.account_with("globex", plenty()).await);
    let instance = world.instance().await;
    let clients = (instance.client.with(&one.key), instance.client.with(&other.key));
    (world, instance, clients.0, clients.1)
}

/// Creates a memory and returns its id.
async fn create(client: &Client, memory: Value) -> String {
    let created = client.post(MEMORIES, memory).await;
    created.expect(201, "");
    created.data()["id"].as_str().expect("an id").to_owned()
}
