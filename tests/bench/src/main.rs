//! Benchmarks of the whole service in one run: throughput and latency of a request without database, of reading and of
//! creating a memory, over DynamoDB in memory and in a file; session tokens and API keys; import and export; search quality
//! and latency; events and their deliveries; pages; and cold starts.
//!
//! `cargo run --release -p hb-bench` runs all parts but `large`, `keys` and `growth`; with a name it runs one part: `requests`,
//! `sessions`, `transfer`, `quality`, `search`, `events`, `deliveries`, `pages`, `cold`, or one of those that take ten minutes: `large`, `keys`, and `growth`, which
//! takes the number of writes as a second argument (200000). Client, service and database share the machine's processors.

mod cold;
mod deliveries;
mod events;
mod growth;
mod keys;
mod large;
mod pages;
mod quality;
mod search;
mod sessions;
mod transfer;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hb_tests::world::plenty;
use hb_tests::{Client, World};
use serde_json::json;

/// Requests under way at a time.
const AT_ONCE: usize = 16;
/// Requests of each kind.
const REQUESTS: usize = 4_000;

#[derive(Clone, Copy)]
enum Kind {
    Health,
    Read,
    Create,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut out = std::io::stdout();
    let only = std::env::args().nth(1);
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if wanted("requests") {
        requests(&mut out, &folder.path().join("dynamodb.sqlite")).await?;
    }
    if wanted("sessions") {
        sessions::measure(&mut out).await?;
    }
    if wanted("transfer") {
        transfer::measure(&mut out, &folder.path().join("transfer.sqlite")).await?;
    }
    if wanted("quality") {
        quality::measure(&mut out).await?;
    }
    if wanted("search") {
        search::measure(&mut out).await?;
    }
    if wanted("events") {
        events::measure(&mut out, &folder.path().join("events")).await?;
    }
    if wanted("deliveries") {
        deliveries::measure(&mut out, &folder.path().join("deliveries")).await?;
    }
    if wanted("pages") {
        pages::measure(&mut out).await?;
    }
    if only.as_deref() == Some("keys") {
        keys::measure(&mut out).await?;
    }
    if only.as_deref() == Some("large") {
        large::measure(&mut out).await?;
    }
    if only.as_deref() == Some("growth") {
        let most = std::env::args().nth(2).and_then(|most| most.parse().ok()).unwrap_or(usize::MAX);
        growth::measure(&mut out, &folder.path().join("growth"), most).await?;
    }
    if wanted("cold") {
        cold::measure(&mut out).await?;
    }
    Ok(())
}

async fn requests(out: &mut impl Write, file: &Path) -> std::io::Result<()> {
    writeln!(out, "{REQUESTS} requests of each kind, {AT_ONCE} at a time")?;
    writeln!(out, "{:8} {:24} {:>10} {:>9} {:>9}", "database", "request", "requests/s", "p50 ms", "p99 ms")?;
    for (mode, file) in [("memory", None), ("file", Some(file))] {
        for (kind, name) in [
            (Kind::Health, "GET /health"),
            (Kind::Read, "GET /memories/{id}"),
            (Kind::Create, "POST /memories"),
        ] {
            let (rate, p50, p99) = measure(kind, file).await;
            writeln!(out, "{mode:8} {name:24} {rate:>10.0} {:>9.2} {:>9.2}", ms(p50), ms(p99))?;
        }
    }
    Ok(())
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Requests a second, median and 99th percentile.
async fn measure(kind: Kind, file: Option<&Path>) -> (f64, Duration, Duration) {
    let world = World::over(file).await;
    let account = world.account_with(&format!("bench-{}", kind as u8), plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let body = json!({"content": "a memory of a sentence or two, as they are", "type": "semantic"});
    let created = client.post("/api/v1/memories", body.clone()).await;
    let path = created.header("location").to_owned();

    let started = Instant::now();
    let one = |client: Client| {
        let (path, body) = (path.clone(), body.clone());
        async move {
            let mut latencies = Vec::with_capacity(REQUESTS / AT_ONCE);
            for _ in 0..REQUESTS / AT_ONCE {
                let sent = Instant::now();
                let answer = match kind {
                    Kind::Health => client.get("/health").await,
                    Kind::Read => client.get(&path).await,
                    Kind::Create => client.post("/api/v1/memories", body.clone()).await,
                };
                assert!(answer.status.is_success(), "{}", answer.text);
                latencies.push(sent.elapsed());
            }
            latencies
        }
    };
    let mut latencies: Vec<Duration> =
        join_all((0..AT_ONCE).map(|_| one(client.clone()))).await.into_iter().flatten().collect();
    let rate = latencies.len() as f64 / started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    (rate, latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100])
}
