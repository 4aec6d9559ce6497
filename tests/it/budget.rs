//! The cost of each request: calls to AWS, capacity units, and round trips before the handler.
//!
//! `cargo test -p hb-tests budget -- --nocapture` prints the table.

use std::collections::BTreeSet;

use hb_domain::plan::Plan;
use hb_http::route::captures;
use hb_tests::feed::{self, About};
use hb_tests::tap::SdkCall;
use hb_tests::world::{Account, plenty};
use hb_tests::{Client, Instance, World};
use http::Method;
use serde_json::{Value, json};

use crate::routes::guarded;

const ADMISSION: &str = "DynamoDB UpdateItem Tenants";
/// The update of the change counters in the tenant's item, which searches compare.
const VERSION: &str = ADMISSION;
const USAGE: &str = "DynamoDB UpdateItem Usage";
const CLAIM: &str = "DynamoDB PutItem Idempotency";
const COUNT: &str = "DynamoDB GetItem Usage";
const COST: &str = include_str!("../../infra/COST.md");

/// A request, the calls of its own work, and the maximum of their read and write units.
type Row<'a> = (Method, &'a str, Option<Body>, &'a [&'a str], (f64, f64));

/// A body, and the header that makes its request idempotent.
enum Body {
    Json(Value),
    Keyed(Value),
    Lines(&'static str),
}

/// A warm instance and an account that has `memories` memories of about 300 bytes.
async fn warm(world: &World, memories: usize) -> (Instance, Account, Client, String) {
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let mut path = String::new();
    for number in 0..memories.max(1) {
        let content = format!("memory {number} {}", "of a sentence or two ".repeat(10));
        let created = client.post("/api/v1/memories", json!({"content": content, "type": "semantic"})).await;
        path = created.header("location").to_owned();
    }
    instance.tap.take();
    (instance, account, client, path)
}

fn names(calls: &[SdkCall]) -> Vec<&str> {
    let mut names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    names.sort_unstable();
    names
}

fn units(calls: &[SdkCall]) -> (f64, f64) {
    calls.iter().fold((0.0, 0.0), |(read, write), call| (read + call.read_units, write + call.write_units))
}

/// `calls` without those that every warm authenticated request makes.
fn own_work(mut calls: Vec<SdkCall>) -> Vec<SdkCall> {
    calls.sort_by_key(|call| call.span);
    let admission = calls.remove(0);
    assert_eq!((admission.name.as_str(), admission.read_units, admission.write_units), (ADMISSION, 0.0, 1.0));
    assert!(
        calls.iter().all(|call| call.span.0 > admission.span.1),
        "the admission is the one round trip before the handler"
    );
    let usage =
        calls.iter().position(|call| call.name == USAGE && call.write_units > 0.0).expect("usage is counted");
    let usage = calls.remove(usage);
    assert_eq!((usage.read_units, usage.write_units), (0.0, 1.0));
    if let Some(first) = calls.first() {
        assert!(
            usage.span.0 < first.span.1 && first.span.0 < usage.span.1,
            "usage is counted beside the handler"
        );
    }
    calls
}

#[tokio::test]
async fn a_warm_request_costs_two_write_units_and_one_round_trip_besides_its_own_work() {
    let world = World::new().await;
    let (instance, account, client, memory) = warm(&world, 1).await;
    let (spare, _) = world.key(&account.tenant, hb_domain::Scopes::all(), None).await;
    let content = json!({"content": "x".repeat(300), "type": "semantic"});
    let key = json!({"keyId": spare});
    let key_path = format!("/api/v1/api-keys/{spare}");
    let usage_path = format!("/api/v1/api-keys/usage?keyId={spare}");
    let by_key = "/api/v1/memories/by-key?key=tea";
    world.append(&account.tenant, 1, About::KeyCreated(&spare)).await;
    // The function has read the key of the secrets before the measurement.
    let webhook =
        |number: u8| json!({"name": "feed", "url": format!("https://example.com/{number}"), "events": ["*"]});
    // Of another tenant: with an endpoint, searches are recorded, which the rows are not about.
    let recorded = world.account_with("recorded", plenty()).await;
    let of_recorded = instance.client.with(&recorded.key);
    let created = of_recorded.post("/api/v1/webhooks", webhook(1)).await;
    let webhook_path = created.header("location").to_owned();
    let created = of_recorded.post("/api/v1/webhooks", webhook(3)).await;
    let other_webhook_path = created.header("location").to_owned();
    world.append_at(&recorded.tenant, 1, About::Search(1), world.clock.now()).await;
    world.index_event(&recorded.tenant, 1).await;
    let rows: [Row<'_>; 39] = [
        (Method::GET, &memory, None, &["DynamoDB GetItem Memories"], (1.0, 0.0)),
        (
            Method::POST,
            "/api/v1/memories",
            Some(Body::Json(content.clone())),
            &["DynamoDB PutItem Memories", VERSION, USAGE],
            (0.0, 5.0),
        ),
        (
            Method::PATCH,
            &memory,
            Some(Body::Json(json!({"importance": 0.7}))),
            &["DynamoDB GetItem Memories", "DynamoDB PutItem Memories", VERSION],
            (1.0, 5.0),
        ),
        // A replacement is a new write in the order of writes, so it takes a number of the write sequence.
        (
            Method::PUT,
            &memory,
            Some(Body::Json(json!({"content": "of a sentence or two ".repeat(14), "type": "semantic"}))),
            &["DynamoDB GetItem Memories", "DynamoDB PutItem Memories", VERSION, USAGE],
            (1.0, 6.0),
        ),
        (
            Method::POST,
            "/api/v1/memories/batch-get",
            Some(Body::Json(json!({"ids": [memory.rsplit('/').next(), "mem_nothing"]}))),
            &["DynamoDB BatchGetItem"],
            (1.0, 0.0),
        ),
        (
            Method::POST,
            "/api/v1/memories/bulk-update",
            Some(Body::Json(
                json!({"items": [{"id": memory.rsplit('/').next(), "patch": {"importance": 0.6}}]}),
            )),
            &["DynamoDB GetItem Memories", "DynamoDB PutItem Memories", VERSION],
            (1.0, 5.0),
        ),
        // Each item is written together with its mark in the record.
        (
            Method::POST,
            "/api/v1/memories/bulk-update",
            Some(Body::Keyed(
                json!({"items": [{"id": memory.rsplit('/').next(), "patch": {"importance": 0.5}}]}),
            )),
            &[
                "DynamoDB GetItem Memories",
                CLAIM,
                "DynamoDB TransactWriteItems",
                "DynamoDB UpdateItem Idempotency",
                VERSION,
            ],
            (1.0, 10.0),
        ),
        (Method::GET, "/api/v1/memories", None, &[COUNT, "DynamoDB Query Memories"], (2.0, 0.0)),
        (
            Method::GET,
            "/api/v1/memories?sort=importance",
            None,
            &["DynamoDB BatchGetItem", COUNT, "DynamoDB Query Memories"],
            (3.5, 0.0),
        ),
        // The index is local, so it is read consistently. It also holds the search documents.
        (
            Method::GET,
            "/api/v1/memories?sort=updatedAt",
            None,
            &["DynamoDB BatchGetItem", COUNT, "DynamoDB Query Memories"],
            (4.0, 0.0),
        ),
        (
            Method::POST,
            "/api/v1/memories/search",
            Some(Body::Json(json!({"query": "sentence"}))),
            &["DynamoDB BatchGetItem"],
            (1.0, 0.0),
        ),
        (
            Method::POST,
            "/api/v1/memories/query",
            Some(Body::Json(json!({"filter": {"metadata.a": {"exists": false}}}))),
            &["DynamoDB Query Memories"],
            (1.0, 0.0),
        ),
        (Method::DELETE, &memory, None, &["DynamoDB DeleteItem Memories", VERSION, USAGE], (0.0, 5.0)),
        // An idempotency record and its response: the first write creates the item, the second is as large as the
        // response.
        (
            Method::POST,
            "/api/v1/memories",
            Some(Body::Keyed(content.clone())),
            &[CLAIM, "DynamoDB PutItem Memories", "DynamoDB UpdateItem Idempotency", VERSION, USAGE],
            (0.0, 8.0),
        ),
        (
            Method::POST,
            "/api/v1/memories/bulk",
            Some(Body::Json(json!({"memories": [content, content]}))),
            &["DynamoDB PutItem Memories", "DynamoDB PutItem Memories", VERSION, USAGE],
            (0.0, 8.0),
        ),
        // The row of the key and the memory are written in one transaction, which takes twice the units.
        (
            Method::PUT,
            by_key,
            Some(Body::Json(content.clone())),
            &["DynamoDB GetItem MemoryKeys", "DynamoDB TransactWriteItems", VERSION, USAGE],
            (1.0, 8.0),
        ),
        (
            Method::PUT,
            by_key,
            Some(Body::Json(content.clone())),
            &[
                "DynamoDB GetItem Memories",
                "DynamoDB GetItem MemoryKeys",
                "DynamoDB PutItem Memories",
                VERSION,
                USAGE,
            ],
            (2.0, 3.0),
        ),
        (
            Method::GET,
            by_key,
            None,
            &["DynamoDB GetItem Memories", "DynamoDB GetItem MemoryKeys"],
            (2.0, 0.0),
        ),
        (
            Method::DELETE,
            by_key,
            None,
            &[
                "DynamoDB GetItem Memories",
                "DynamoDB GetItem MemoryKeys",
                "DynamoDB TransactWriteItems",
                VERSION,
                USAGE,
            ],
            (2.0, 8.0),
        ),
        (Method::GET, "/api/v1/memories/export", None, &["DynamoDB Query Memories"], (1.0, 0.0)),
        (
            Method::POST,
            "/api/v1/memories/import",
            Some(Body::Lines(
                "{\"content\": \"one\", \"type\": \"task\"}\n{\"content\": \"two\", \"type\": \"task\"}",
            )),
            &["DynamoDB PutItem Memories", "DynamoDB PutItem Memories", VERSION, USAGE],
            (0.0, 8.0),
        ),
        (
            Method::POST,
            "/api/v1/memories/bulk-delete",
            Some(Body::Json(json!({"ids": [memory.rsplit('/').next(), "mem_nothing"]}))),
            // It increments `deletes` although nothing is deleted: an earlier attempt may have crashed before it
            // could.
            &["DynamoDB DeleteItem Memories", VERSION],
            (0.0, 2.0),
        ),
        (
            Method::POST,
            "/api/v1/memories/bulk-delete",
            Some(Body::Json(json!({"filter": {"userId": "nobody"}}))),
            &["DynamoDB Query Memories", VERSION, USAGE],
            (1.0, 2.0),
        ),
        // One event, and the key that it is about.
        (
            Method::GET,
            "/api/v1/events",
            None,
            &["DynamoDB BatchGetItem", "DynamoDB Query Events"],
            (2.0, 0.0),
        ),
        (Method::GET, &key_path, None, &["DynamoDB GetItem ApiKeys", "DynamoDB Query Usage"], (1.5, 0.0)),
        (Method::GET, &usage_path, None, &["DynamoDB GetItem ApiKeys", "DynamoDB Query Usage"], (2.0, 0.0)),
        (
            Method::GET,
            "/api/v1/api-keys",
            None,
            &["DynamoDB Query ApiKeys", "DynamoDB Query Usage", "DynamoDB Query Usage"],
            (2.0, 0.0),
        ),
        (
            Method::POST,
            "/api/v1/api-keys/rotate",
            Some(Body::Json(key.clone())),
            &[
                "DynamoDB GetItem ApiKeys",
                "DynamoDB GetItem ApiKeys",
                "DynamoDB TransactWriteItems",
                ADMISSION,
            ],
            (2.0, 5.0),
        ),
        (
            Method::POST,
            "/api/v1/api-keys/revoke",
            Some(Body::Json(key)),
            &["DynamoDB GetItem ApiKeys", "DynamoDB TransactWriteItems", ADMISSION],
            (1.0, 7.0),
        ),
        (
            Method::POST,
            "/api/v1/api-keys",
            Some(Body::Json(json!({"name": "another"}))),
            &["DynamoDB TransactWriteItems"],
            (0.0, 8.0),
        ),
        (Method::GET, &webhook_path, None, &["DynamoDB GetItem Webhooks"], (1.0, 0.0)),
        // The flag of the tenant's item is raised before the endpoint is written, and that the tenant still exists is read after it.
        (
            Method::POST,
            "/api/v1/webhooks",
            Some(Body::Json(webhook(2))),
            &[
                "DynamoDB GetItem Tenants",
                "DynamoDB GetItem Webhooks",
                "DynamoDB TransactWriteItems",
                ADMISSION,
            ],
            // And what queues the changes that were appended before it.
            (2.0, 11.0),
        ),
        // The head notes that other events are queued, and the schedule looks at what waits.
        (
            Method::PATCH,
            &webhook_path,
            Some(Body::Json(json!({"status": "inactive"}))),
            &["DynamoDB GetItem Webhooks", "DynamoDB TransactWriteItems"],
            (1.0, 6.0),
        ),
        // The due endpoint is written together with what it is about, which takes twice the units.
        (
            Method::POST,
            &format!("{webhook_path}/rotate-secret"),
            Some(Body::Json(json!({"gracePeriodSeconds": 60}))),
            &["DynamoDB GetItem Webhooks", "DynamoDB TransactWriteItems"],
            (1.0, 4.0),
        ),
        (
            Method::POST,
            &format!("{other_webhook_path}/recover"),
            Some(Body::Json(json!({"since": "2026-11-24T11:00:00Z"}))),
            // The endpoint, the recovery that it has, and the head.
            &[
                "DynamoDB GetItem Webhooks",
                "DynamoDB GetItem Webhooks",
                "DynamoDB GetItem Webhooks",
                "DynamoDB TransactWriteItems",
            ],
            (3.0, 6.0),
        ),
        // What the receiver is asked is no call to AWS.
        (
            Method::POST,
            &format!("{webhook_path}/test"),
            Some(Body::Json(json!({}))),
            &["DynamoDB GetItem Webhooks"],
            (1.0, 0.0),
        ),
        (
            Method::GET,
            &format!("{webhook_path}/deliveries"),
            None,
            &["DynamoDB GetItem Webhooks", "DynamoDB Query Deliveries", "DynamoDB Query DeliveryAttempts"],
            (3.0, 0.0),
        ),
        // The event is found by its id, then by its position.
        (
            Method::POST,
            &format!("{other_webhook_path}/deliveries/{}/resend", feed::event_id(1)),
            Some(Body::Json(json!({}))),
            &[
                "DynamoDB GetItem Events",
                "DynamoDB GetItem Events",
                "DynamoDB GetItem Webhooks",
                "DynamoDB TransactWriteItems",
            ],
            (3.0, 4.0),
        ),
        // Another endpoint is left: the head is read, and nothing more.
        (
            Method::DELETE,
            &webhook_path,
            None,
            &["DynamoDB GetItem Webhooks", "DynamoDB GetItem Webhooks", "DynamoDB TransactWriteItems"],
            (2.0, 10.0),
        ),
    ];
    let mut untried: BTreeSet<(String, &str)> =
        guarded().iter().map(|case| (case.route.method.to_string(), case.route.path)).collect();
    untried.remove(&("GET".to_owned(), "/api/v1/rate-limit"));
    for (method, path, body, expected, most) in rows {
        untried.retain(|(of, at)| {
            *of != method.as_str() || captures(at, path.split('?').next().expect("a path")).is_none()
        });
        let client = if path.starts_with("/api/v1/webhooks") { &of_recorded } else { &client };
        // The function of this path reads key and tenant before the measurement.
        let functions = ["/api/v1/api-keys", "/api/v1/webhooks", "/api/v1/events"];
        let function = functions.into_iter().find(|function| path.starts_with(function));
        client.get(function.unwrap_or("/api/v1/memories")).await;
        if path.ends_with("/search") {
            // The index is built before the measurement; a warm search reads only its results.
            client.post(path, json!({"query": "warm"})).await;
        }
        instance.tap.take();
        let (json, key) = (("content-type", "application/json"), ("idempotency-key", path));
        let (headers, body) = match body {
            None => (vec![], String::new()),
            Some(Body::Json(body)) => (vec![json], body.to_string()),
            Some(Body::Keyed(body)) => (vec![json, key], body.to_string()),
            Some(Body::Lines(lines)) => (vec![("content-type", "application/x-ndjson")], lines.to_owned()),
        };
        let answer = client.send_raw(method.clone(), path, &headers, body.clone()).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        let own = own_work(instance.tap.take());
        let (read, write) = units(&own);
        println!("{method:6} {path:60} {:?} RCU {read} WCU {write}", names(&own));
        let route = guarded().into_iter().find(|case| {
            let bare = path.split('?').next().expect("a path");
            case.route.method == method && captures(case.route.path, bare).is_some()
        });
        let row = format!(
            "| {method} {}{}{} | {read} | {} |",
            route.expect("a route").route.path,
            path.split_once("sort=").map(|(_, sort)| format!(", sorted by {sort}")).unwrap_or_default(),
            match () {
                () if headers.contains(&key) => ", with an Idempotency-Key",
                () if body.contains("filter") => ", by filter",
                () if method == Method::PUT && answer.status == 201 => ", new",
                () => "",
            },
            // The admission and the usage of the key.
            write + 2.0
        );
        assert!(COST.contains(&row), "infra/COST.md has no row that begins with\n{row}");
        assert_eq!(names(&own), expected, "{method} {path}");
        assert!(read <= most.0 && write <= most.1, "{method} {path}: {read} RCU, {write} WCU");
    }
    for (_, path) in untried.extract_if(.., |(method, path)| method == "GET" && !path.contains('{')) {
        client.get(path).await;
        instance.tap.take();
        assert!(client.get(path).await.status.is_success(), "GET {path}: add a row to tests/it/budget.rs");
        let own = own_work(instance.tap.take());
        let (read, write) = units(&own);
        assert!(
            own.len() <= 1 && read <= 1.0 && write == 0.0,
            "GET {path} makes {:?} for {read} RCU and {write} WCU: add a row to tests/it/budget.rs, and to infra/COST.md",
            names(&own)
        );
    }
    assert!(untried.is_empty(), "add a row to tests/it/budget.rs, and to infra/COST.md, for {untried:?}");
}

#[tokio::test]
async fn a_search_is_recorded_in_one_write_where_the_tenant_listens_and_a_poll_at_the_end_is_one_query() {
    let world = World::new().await;
    let (instance, account, client, _) = warm(&world, 1).await;
    let search = async || {
        client.post("/api/v1/memories/search", json!({"query": "sentence"})).await.expect(200, "");
        own_work(instance.tap.take())
    };
    search().await;
    assert_eq!((names(&search().await), units(&search().await)), (vec!["DynamoDB BatchGetItem"], (1.0, 0.0)));
    world.record_searches(&account.tenant).await;
    let listening = search().await;
    assert_eq!(names(&listening), ["DynamoDB BatchGetItem", "DynamoDB PutItem PendingEvents"]);
    assert_eq!(units(&listening), (1.0, 1.0));
    for position in 1..=40 {
        world.append(&account.tenant, position, About::Search(1)).await;
    }
    let path = "/api/v1/events";
    let end = client.get(path).await.data()["nextCursor"].as_str().expect("a cursor").to_owned();
    for (query, rows) in [("", 40), (&*format!("?cursor={end}"), 0), ("?cursor=latest", 0)] {
        instance.tap.take();
        let page = client.get(&format!("{path}{query}")).await;
        assert_eq!(page.data()["events"].as_array().map(Vec::len), Some(rows), "{query}");
        let own = own_work(instance.tap.take());
        let (read, write) = units(&own);
        println!("GET {path}{query:.10} {:?} RCU {read}", names(&own));
        assert!(own.len() == 1 && write == 0.0 && read <= if rows == 0 { 1.0 } else { 3.0 }, "{own:?}");
    }
}

#[tokio::test]
async fn a_list_of_fifty_is_one_query_and_one_read_in_parallel() {
    let world = World::new().await;
    let (instance, _, client, _) = warm(&world, 60).await;
    let first = client.get("/api/v1/memories?limit=50").await;
    let cursor = first.data()["pagination"]["nextCursor"].as_str().expect("a cursor").to_owned();
    let first = own_work(instance.tap.take());
    client.get(&format!("/api/v1/memories?limit=50&cursor={cursor}")).await;
    for calls in [first, own_work(instance.tap.take())] {
        assert_eq!(names(&calls), [COUNT, "DynamoDB Query Memories"]);
        let spans: Vec<_> = calls.iter().map(|call| call.span).collect();
        assert!(spans[1].0 < spans[0].1 && spans[0].0 < spans[1].1, "side by side: {spans:?}");
    }
}

#[tokio::test]
async fn malformed_credentials_and_remembered_refusals_cost_no_call() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let mut mistyped = account.key.clone();
    let last = mistyped.pop().expect("a character");
    mistyped.push(if last == 'x' { 'y' } else { 'x' });
    for garbage in
        [mistyped.as_str(), "hb_prod_abc123def456789012345678901234567890", "eyJhbGciOiJub25lIn0.e30.", "x"]
    {
        instance.client.with(garbage).get("/api/v1/memories").await.expect(401, "AUTH_INVALID");
    }
    instance.client.get("/api/v1/memories").await.expect(401, "AUTH_REQUIRED");
    instance.client.get("/nowhere").await.expect(404, "RESOURCE_NOT_FOUND");
    instance.client.post("/api/v1/memories/mem_x", json!({})).await.expect(405, "METHOD_NOT_ALLOWED");
    assert_eq!(names(&instance.tap.take()), Vec::<&str>::new());

    for _ in 0..20 {
        assert_eq!(client.get("/api/v1/memories").await.status, 200);
    }
    client.get("/api/v1/memories").await.expect(429, "RATE_LIMIT_EXCEEDED");
    instance.tap.take();
    for _ in 0..10 {
        client.get("/api/v1/memories").await.expect(429, "RATE_LIMIT_EXCEEDED");
    }
    assert_eq!(names(&instance.tap.take()), Vec::<&str>::new());
}

#[tokio::test]
async fn the_rate_limit_status_is_free_and_available_once_a_second() {
    const VERIFIED: usize = 10;
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let first = client.get("/api/v1/rate-limit").await;
    assert_eq!(first.data()["month"]["remaining"], 1_000);
    instance.tap.take();
    let again = client.get("/api/v1/rate-limit").await;
    again.expect(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(again.header("retry-after"), "1");
    for _ in 1..100 {
        client.get("/api/v1/rate-limit").await.expect(429, "RATE_LIMIT_EXCEEDED");
    }
    // The first refusals of a second also find out whether the credential has been revoked.
    assert_eq!(names(&instance.tap.take()), ["DynamoDB GetItem Tenants"; VERIFIED]);
    instance.clock.set(world.clock.now().plus(std::time::Duration::from_secs(1)));
    let later = client.get("/api/v1/rate-limit").await;
    assert_eq!(later.data()["month"]["used"], 0, "asking spends nothing");
    let calls = instance.tap.take();
    assert_eq!((names(&calls), units(&calls)), (vec!["DynamoDB GetItem Tenants"], (1.0, 0.0)));
}

/// A new memory becomes visible to searches for one write unit in addition to the write itself.
#[tokio::test]
async fn creating_a_searchable_memory_of_700_bytes_takes_five_write_units() {
    let world = World::new().await;
    let (instance, _, client, _) = warm(&world, 1).await;
    let content = "Ben told me on Tuesday that the garden behind the old library finally opened again, with new benches and a \
        small pond where children feed ducks after school. He wants to meet there every second weekend, bring sandwiches, \
        coffee and his violin, and practise the pieces for the spring concert, because his neighbours complain whenever he \
        plays at home. I promised to look for a folding music stand and to ask Carla whether her brother still rents the \
        yellow van, so that we could also drive to the lake in June. Remember that Ben cannot eat walnuts, prefers decaf, and \
        that his birthday is on the ninth of May; last year we forgot it and he was sad for days. Thanks again for noting all of that down!";
    assert!((695..=700).contains(&content.len()), "{}", content.len());
    let body = json!({"content": content, "type": "episodic"});
    instance.tap.take();
    client.post("/api/v1/memories", body).await.expect(201, "");
    let own = own_work(instance.tap.take());
    println!("{:?}", own.iter().map(|call| (call.name.as_str(), call.write_units)).collect::<Vec<_>>());
    assert_eq!(units(&own), (0.0, 5.0), "the count, the memory, two index entries, the version");
}
