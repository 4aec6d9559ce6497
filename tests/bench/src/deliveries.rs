//! Deliveries: how long after the response to a change its event arrives, alone and beside 10,000 events that wait for another
//! tenant's dead endpoint; how many a second arrive; and what a delivery takes.

use std::collections::HashMap;
use std::io::{Error, Result, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hb_domain::plan::Plan;
use hb_domain::webhook::UrlPolicy;
use hb_domain::{Clock, TenantId};
use hb_local::receiver;
use hb_local::sample;
use hb_local::server::Server;
use hb_local::stack::{self, Options, Stack};
use hb_store::aws::Aws;
use hb_tests::tap::SdkCall;
use hb_tests::world::plenty;
use hb_tests::{Client, World};
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::ms;

/// Creates whose events are waited for, one after the other.
const FOLLOWED: usize = 200;
/// Events that wait for the dead endpoint.
const QUEUED: usize = 10_000;
/// Events of a measurement of throughput.
const EVENTS: usize = 2_000;
/// The tenants of that of many, with an endpoint each.
const TENANTS: usize = 20;
/// The memories of a bulk request.
const BULK: usize = 100;
/// The pause between two looks at what has arrived.
const PAUSE: Duration = Duration::from_millis(2);

/// Measures all of it.
pub(crate) async fn measure(out: &mut impl Write, folder: &Path) -> Result<()> {
    latency(out, folder).await?;
    units(out).await?;
    throughput(out).await
}

/// A receiver that records when the event of which memory has arrived first, and how many requests there were.
struct Receiver {
    arrivals: Arc<Mutex<HashMap<String, Instant>>>,
    server: Server,
}

impl Receiver {
    async fn start() -> Result<Self> {
        let arrivals: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
        let recorded = Arc::clone(&arrivals);
        let handler: receiver::RequestHandler = Arc::new(move |_, body| {
            let at = Instant::now();
            let event: Value = serde_json::from_slice(body).map_err(Error::other)?;
            let memory = event["data"]["id"].as_str().unwrap_or_default().to_owned();
            recorded.lock().unwrap_or_else(PoisonError::into_inner).entry(memory).or_insert(at);
            Ok(())
        });
        let server = receiver::serve(0, handler).await.map_err(Error::other)?;
        Ok(Self { arrivals, server })
    }

    fn count(&self) -> usize {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    async fn arrival(&self, memory: &str) -> Instant {
        loop {
            let arrived = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).get(memory).copied();
            if let Some(at) = arrived {
                return at;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn memory(number: usize) -> Value {
    json!({"content": format!("memory {number}: a sentence or two, as they are"), "type": "semantic"})
}

/// Creates an endpoint that receives at this URL.
async fn subscribe(client: &Client, url: &str) {
    let endpoint = json!({"name": "the receiver", "url": url, "events": ["memory.created"]});
    client.post("/api/v1/webhooks", endpoint).await.expect(201, "");
}

/// Creates memories with as few requests as possible.
async fn create(client: &Client, count: usize) {
    for from in (0..count).step_by(BULK) {
        let memories: Vec<Value> = (from..count.min(from + BULK)).map(memory).collect();
        let answer = client.post("/api/v1/memories/bulk", json!({ "memories": memories })).await;
        assert_eq!(answer.data()["created"], memories.len(), "{}", answer.text);
    }
}

/// From the response of a create to the arrival of its event, in the local stack, for a tenant that is alone and for one beside
/// another whose endpoint hangs.
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
    let stack = Stack::start(options).await.map_err(Error::other)?;
    let receiver = Receiver::start().await?;
    let client = client(&stack);
    subscribe(&client, &receiver.server.url()).await;
    writeln!(out, "\nfrom 201 to arrival, {FOLLOWED} creates, streams polled every 250 ms")?;
    writeln!(out, "{:40} {:>9} {:>9}", "the tenant", "p50 ms", "p99 ms")?;
    follow(out, &client, &receiver, "alone").await?;

    let other = other_tenant(&stack).await?;
    // It accepts connections and answers none.
    let dead = TcpListener::bind("127.0.0.1:0").await?;
    subscribe(&other, &format!("http://{}/", dead.local_addr()?)).await;
    let cursor = other.get("/api/v1/events?cursor=latest").await;
    create(&other, QUEUED).await;
    recorded(&other, cursor.data()["nextCursor"].as_str().unwrap_or_default()).await;
    follow(out, &client, &receiver, &format!("beside {QUEUED} that wait for a dead one")).await?;
    stack.stop().await;
    Ok(())
}

/// Waits until the feed has the events of all that was queued after the cursor.
async fn recorded(client: &Client, cursor: &str) {
    let (mut cursor, mut count) = (cursor.to_owned(), 0);
    while count < QUEUED {
        let page = client.get(&format!("/api/v1/events?limit=100&cursor={cursor}")).await;
        let events = page.data()["events"].as_array().unwrap_or_else(|| panic!("{}", page.text)).len();
        count += events;
        cursor = page.data()["nextCursor"].as_str().unwrap_or_default().to_owned();
        if events == 0 {
            tokio::time::sleep(PAUSE * 50).await;
        }
    }
}

async fn follow(out: &mut impl Write, client: &Client, receiver: &Receiver, name: &str) -> Result<()> {
    let mut times = Vec::with_capacity(FOLLOWED);
    for number in 0..FOLLOWED {
        let created = client.post("/api/v1/memories", memory(number)).await;
        let answered = Instant::now();
        let id = created.data()["id"].as_str().unwrap_or_else(|| panic!("{}", created.text)).to_owned();
        times.push(receiver.arrival(&id).await.saturating_duration_since(answered));
        // So that creates meet the poller at every moment of its interval.
        tokio::time::sleep(Duration::from_millis((number as u64 * 37) % 250)).await;
    }
    times.sort_unstable();
    let quantile = |percent: usize| ms(times[(times.len() * percent / 100).min(times.len() - 1)]);
    writeln!(out, "{name:40} {:>9.0} {:>9.0}", quantile(50), quantile(99))
}

#[expect(clippy::disallowed_methods, reason = "the benchmark is a client of the stack")]
fn client(stack: &Stack) -> Client {
    Client::new(&stack.url()).with(stack.key.expose())
}

/// A client of another tenant of the stack.
#[expect(clippy::disallowed_methods, reason = "the benchmark is a client of the stack")]
async fn other_tenant(stack: &Stack) -> Result<Client> {
    let aws = Aws::local(stack.dynamodb_url.clone(), stack.secrets_url());
    let store = stack::store(&aws);
    let tenant = TenantId::parse("other").ok_or_else(|| Error::other("a tenant id"))?;
    let now = Clock::system().now();
    sample::ensure_tenant(&store, &tenant, Plan::Enterprise, now).await.map_err(Error::other)?;
    let key = sample::new_key(&mut rand::make_rng::<StdRng>());
    sample::ensure_key(&store, &tenant, &key, now).await.map_err(Error::other)?;
    Ok(Client::new(&stack.url()).with(key.expose()))
}

/// A world with a tenant whose endpoint receives, and so many events that wait for it; with the calls that queued them.
async fn queued(tenants: usize, events: usize, url: Option<&str>) -> Result<(World, Vec<SdkCall>)> {
    let mut world = World::new().await;
    world.webhook_urls = UrlPolicy::Local;
    let instance = world.instance().await;
    let mut clients = Vec::with_capacity(tenants);
    for number in 0..tenants {
        let account = world.account_with(&format!("tenant-{number}"), plenty()).await;
        let client = instance.client.with(&account.key);
        match url {
            Some(url) => subscribe(&client, url).await,
            None => {
                let endpoint = json!({"name": "the feed", "url": "https://example.com/", "events": ["*"], "status": "inactive"});
                client.post("/api/v1/webhooks", endpoint).await.expect(201, "");
            }
        }
        clients.push(client);
    }
    // What creates the endpoints is recorded and, without one that gets it, sent to nobody.
    world.try_deliver().await.map_err(Error::other)?;
    for client in &clients {
        create(client, events / tenants).await;
    }
    let calls = world.deliver_to("event-recorder").await;
    Ok((world, calls))
}

fn sum(calls: &[SdkCall]) -> (f64, f64) {
    calls
        .iter()
        .fold((0.0, 0.0), |(read, written), call| (read + call.read_units, written + call.write_units))
}

/// The units of queueing and of delivering so many events to one endpoint, each at the first attempt.
async fn units(out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nunits of a delivery, one endpoint, each at the first attempt")?;
    writeln!(
        out,
        "{:>8} {:>11} {:>11} {:>11} {:>11}",
        "events", "queue RCU", "queue WCU", "send RCU", "send WCU"
    )?;
    for events in [1, 10, 100] {
        let receiver = Receiver::start().await?;
        let (_, without) = queued(1, events, None).await?;
        let (world, with) = queued(1, events, Some(&receiver.server.url())).await?;
        let sent = sum(&world.deliver_to("delivery").await);
        assert_eq!(receiver.count(), events, "each was sent");
        let (before, with) = (sum(&without), sum(&with));
        let each = |units: f64| units / events as f64;
        writeln!(
            out,
            "{events:>8} {:>11.2} {:>11.2} {:>11.2} {:>11.2}",
            each(with.0 - before.0),
            each(with.1 - before.1),
            each(sent.0),
            each(sent.1)
        )?;
    }
    Ok(())
}

/// How fast what waits is delivered, over DynamoDB in memory.
async fn throughput(out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nevents delivered a second to a receiver on this machine, {EVENTS} events")?;
    for tenants in [1, TENANTS] {
        let receiver = Receiver::start().await?;
        let (world, _) = queued(tenants, EVENTS, Some(&receiver.server.url())).await?;
        let started = Instant::now();
        world.deliver_to("delivery").await;
        let elapsed = started.elapsed();
        let rate = receiver.count() as f64 / elapsed.as_secs_f64();
        writeln!(
            out,
            "{tenants:>4} endpoints {rate:>8.0}/s  ({} of {EVENTS} in {:.1} s)",
            receiver.count(),
            elapsed.as_secs_f64()
        )?;
    }
    Ok(())
}
