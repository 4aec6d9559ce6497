//! Events: how long after the response to a change its event is in the feed, what recording one takes, how many a second one
//! tenant and many can have, and what requests cost with and without an endpoint.

use std::io::{Result, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use hb_domain::plan::Plan;
use hb_local::stack::{Options, Stack};
use hb_tests::tap::SdkCall;
use hb_tests::world::plenty;
use hb_tests::{Client, World};
use serde_json::{Value, json};

use crate::ms;

/// Memories whose events are waited for, one after the other.
const FOLLOWED: usize = 200;
/// The pause between two reads of a follower.
const PAUSE: Duration = Duration::from_millis(10);
/// Events of a measurement of throughput.
const EVENTS: usize = 5_000;
/// The tenants of that of many.
const TENANTS: usize = 50;
/// Requests of each kind in the comparison.
const REQUESTS: usize = 500;
/// The items of a bulk request.
const BULK: usize = 100;

/// Measures all of it.
pub(crate) async fn measure(out: &mut impl Write, folder: &Path) -> Result<()> {
    latency(out, folder).await?;
    units(out).await?;
    throughput(out).await?;
    requests(out).await
}

fn memory(number: usize) -> Value {
    json!({"content": format!("memory {number}: a sentence or two, as they are"), "type": "semantic"})
}

/// Creates an inactive endpoint: the feed alone.
async fn listen(client: &Client) {
    let endpoint = json!({"name": "the feed", "url": "https://example.com/events", "events": ["*"], "status": "inactive"});
    client.post("/api/v1/webhooks", endpoint).await.expect(201, "");
}

/// A page of the feed after a cursor.
async fn page(client: &Client, cursor: &str) -> (Vec<Value>, String) {
    let answer = client.get(&format!("/api/v1/events?cursor={cursor}")).await;
    let events = answer.data()["events"].as_array().cloned().unwrap_or_default();
    let next = answer.data()["nextCursor"].as_str().unwrap_or_else(|| panic!("{}", answer.text));
    (events, next.to_owned())
}

/// From the response of a create to the response of the first read of the feed that has its event, in the local stack.
async fn latency(out: &mut impl Write, folder: &Path) -> Result<()> {
    let plan = Plan::Enterprise;
    let options = Options {
        port: 0,
        folder: Some(folder.to_owned()),
        plan,
        dynamodb_url: None,
        clerk: None,
        publishable_key: None,
    };
    let stack = Stack::start(options).await.map_err(std::io::Error::other)?;
    let client = client(&stack);
    listen(&client).await;
    let (_, mut cursor) = page(&client, "latest").await;
    let mut times = Vec::with_capacity(FOLLOWED);
    for number in 0..FOLLOWED {
        client.post("/api/v1/memories", memory(number)).await.expect(201, "");
        let answered = Instant::now();
        loop {
            let (events, next) = page(&client, &cursor).await;
            cursor = next;
            if !events.is_empty() {
                assert_eq!(events.len(), 1, "each change once: {events:?}");
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        times.push(answered.elapsed());
        // So that creates meet the poller at every moment of its interval.
        tokio::time::sleep(Duration::from_millis((number as u64 * 37) % 250)).await;
    }
    stack.stop().await;
    times.sort_unstable();
    let quantile = |percent: usize| ms(times[(times.len() * percent / 100).min(times.len() - 1)]);
    writeln!(out, "\nfrom 201 to visible in the feed, {FOLLOWED} creates, streams polled every 250 ms")?;
    writeln!(out, "{:>9} {:>9}", "p50 ms", "p99 ms")?;
    writeln!(out, "{:>9.0} {:>9.0}", quantile(50), quantile(99))
}

#[expect(clippy::disallowed_methods, reason = "the benchmark is a client of the stack")]
fn client(stack: &Stack) -> Client {
    Client::new(&stack.url()).with(stack.key.expose())
}

/// The units of the recorder for a batch of so many creates of one tenant.
async fn units(out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nthe recorder, one tenant: units of a batch")?;
    writeln!(out, "{:>8} {:>7} {:>8} {:>8} {:>13}", "changes", "calls", "RCU", "WCU", "WCU an event")?;
    for changes in [1, 10, 49, 100] {
        for (tenant, listens) in [("listens", true), ("does-not", false)] {
            let world = World::new().await;
            let account = world.account_with(tenant, plenty()).await;
            let instance = world.instance().await;
            let client = instance.client.with(&account.key);
            if listens {
                listen(&client).await;
            }
            // The key of the account is a change too.
            world.try_deliver().await.map_err(std::io::Error::other)?;
            create(&client, changes).await;
            world.stream_tap.take();
            world.try_deliver().await.map_err(std::io::Error::other)?;
            let calls = world.stream_tap.take();
            let (read, written) = sum(&calls);
            let name = if listens { changes.to_string() } else { format!("{changes} *") };
            let each = written / changes as f64;
            writeln!(out, "{name:>8} {:>7} {read:>8.1} {written:>8.1} {each:>13.2}", calls.len())?;
        }
    }
    writeln!(out, "* of a tenant without an endpoint")
}

fn sum(calls: &[SdkCall]) -> (f64, f64) {
    calls
        .iter()
        .fold((0.0, 0.0), |(read, written), call| (read + call.read_units, written + call.write_units))
}

/// Creates memories with as few requests as possible.
async fn create(client: &Client, count: usize) {
    for from in (0..count).step_by(BULK) {
        let memories: Vec<Value> = (from..count.min(from + BULK)).map(memory).collect();
        let answer = client.post("/api/v1/memories/bulk", json!({ "memories": memories })).await;
        assert_eq!(answer.data()["created"], memories.len(), "{}", answer.text);
    }
}

/// How fast the recorder appends what is in the stream, over DynamoDB in memory.
async fn throughput(out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nevents appended a second, batches of 100 records, {EVENTS} events")?;
    for (tenants, each) in [(1, BULK), (TENANTS, 2)] {
        let world = World::new().await;
        let instance = world.instance().await;
        let mut clients = Vec::with_capacity(tenants);
        for number in 0..tenants {
            let account = world.account_with(&format!("tenant-{number}"), plenty()).await;
            let client = instance.client.with(&account.key);
            listen(&client).await;
            clients.push(client);
        }
        world.try_deliver().await.map_err(std::io::Error::other)?;
        // In turns, so that a batch has records of every tenant.
        for _ in 0..EVENTS / tenants / each {
            for client in &clients {
                create(client, each).await;
            }
        }
        let started = Instant::now();
        world.try_deliver().await.map_err(std::io::Error::other)?;
        let rate = EVENTS as f64 / started.elapsed().as_secs_f64();
        writeln!(out, "{tenants:>4} tenants {rate:>8.0}/s")?;
    }
    Ok(())
}

/// The same requests of a tenant without an endpoint and of one with an endpoint, in turns.
async fn requests(out: &mut impl Write) -> Result<()> {
    let world = World::new().await;
    let instance = world.instance().await;
    let mut clients = Vec::new();
    for (name, listens) in [("without", false), ("with", true)] {
        let account = world.account_with(name, plenty()).await;
        let client = instance.client.with(&account.key);
        if listens {
            listen(&client).await;
        }
        create(&client, BULK).await;
        search(&client).await;
        clients.push(client);
    }
    writeln!(
        out,
        "\n{:>10} {:16} {:>9} {:>9} {:>7} {:>7}",
        "endpoint", "request", "p50 ms", "p99 ms", "RCU", "WCU"
    )?;
    for (request, what) in [(Request::Create, "create"), (Request::Search, "search")] {
        let mut times = [Vec::new(), Vec::new()];
        let mut units = [(0.0, 0.0); 2];
        for number in 0..REQUESTS {
            for (index, client) in clients.iter().enumerate() {
                instance.tap.take();
                let sent = Instant::now();
                match request {
                    Request::Create => client.post("/api/v1/memories", memory(number)).await.expect(201, ""),
                    Request::Search => search(client).await,
                };
                times[index].push(sent.elapsed());
                let (read, written) = sum(&instance.tap.take());
                units[index] = (units[index].0 + read, units[index].1 + written);
            }
        }
        for (index, name) in ["without", "with"].into_iter().enumerate() {
            times[index].sort_unstable();
            let quantile = |percent: usize| ms(times[index][REQUESTS * percent / 100]);
            let (read, written) = (units[index].0 / REQUESTS as f64, units[index].1 / REQUESTS as f64);
            writeln!(
                out,
                "{name:>10} {what:16} {:>9.2} {:>9.2} {read:>7.2} {written:>7.2}",
                quantile(50),
                quantile(99)
            )?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Request {
    Create,
    Search,
}

async fn search(client: &Client) {
    client.post("/api/v1/memories/search", json!({"query": "a sentence", "limit": 3})).await.expect(200, "");
}
