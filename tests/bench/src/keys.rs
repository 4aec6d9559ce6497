//! Reading a memory by its key beside reading it by its id, and queries, of a tenant of so many memories: latency and read
//! units. One memory in ten has a key, and is in a namespace of ten.

use std::io::{Result, Write};
use std::time::{Duration, Instant};

use hb_tests::world::plenty;
use hb_tests::{Client, Instance, World};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::ms;
use crate::search::fill;

/// Requests of each kind.
const REQUESTS: usize = 500;
/// Queries that read all memories.
const WALKS: usize = 3;

/// Writes a table of the measurements.
pub(crate) async fn measure(out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "\n{:>10} {:44} {:>9} {:>9} {:>10} {:>8}",
        "memories", "request", "p50 ms", "p99 ms", "RCU", "calls"
    )?;
    for count in [10_000, 100_000] {
        of(out, count).await?;
    }
    Ok(())
}

async fn of(out: &mut impl Write, count: usize) -> Result<()> {
    let mut rng = StdRng::seed_from_u64(1);
    let world = World::without_stream().await;
    let account = world.account_with("bench", plenty()).await;
    let loading = world.instance().await;
    let writer = loading.client.with(&account.key);
    fill(&writer, count / 10 * 9, &mut rng).await;
    let ids = fill_keyed(&writer, count / 10).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    // A query of a namespace also looks at what was changed in the last minute.
    instance.clock.set(instance.clock.now().plus(Duration::from_secs(120)));
    client.get("/api/v1/memories?limit=1").await;

    let mut by_id = Vec::new();
    let mut by_key = Vec::new();
    let mut units = [0.0; 2];
    for _ in 0..REQUESTS {
        // In turns, so that both meet the same load of the machine.
        let number = rng.random_range(0..ids.len());
        let key = format!("/api/v1/memories/by-key?key=note-{number}&namespace=bench/{}", number / 10);
        for (kind, path) in [format!("/api/v1/memories/{}", ids[number]), key].into_iter().enumerate() {
            instance.tap.take();
            let started = Instant::now();
            client.get(&path).await.expect(200, "");
            [&mut by_id, &mut by_key][kind].push(started.elapsed());
            units[kind] += read_units(&instance);
        }
    }
    let per_request = |units: f64| units / REQUESTS as f64;
    row(out, count, "GET by id", &mut by_id, per_request(units[0]), 1)?;
    row(out, count, "GET by key", &mut by_key, per_request(units[1]), 1)?;

    let mut times = Vec::new();
    instance.tap.take();
    for _ in 0..REQUESTS {
        let number = rng.random_range(0..ids.len() / 10);
        let query = json!({"filter": {"namespace": {"eq": ["bench", number.to_string()]}}});
        let started = Instant::now();
        let answer = client.post("/api/v1/memories/query", query).await;
        times.push(started.elapsed());
        assert_eq!(answer.data()["memories"].as_array().map(Vec::len), Some(10), "{}", answer.text);
    }
    row(out, count, "query of a namespace of ten", &mut times, read_units(&instance) / REQUESTS as f64, 1)?;

    let query = json!({"filter": {"metadata.number": {"lt": 50}}, "limit": 100});
    let (mut times, mut calls) = (Vec::new(), 0);
    for _ in 0..WALKS {
        let started = Instant::now();
        calls = walk(&client, &query).await;
        times.push(started.elapsed());
    }
    row(out, count, "query of all, 50 match", &mut times, read_units(&instance) / WALKS as f64, calls)
}

/// Follows a query to its end; returns the number of its calls.
async fn walk(client: &Client, query: &Value) -> usize {
    let (mut found, mut calls, mut query) = (0, 0, query.clone());
    loop {
        let answer = client.post("/api/v1/memories/query", query.clone()).await;
        calls += 1;
        found += answer.data()["memories"].as_array().map_or(0, Vec::len);
        let next = &answer.data()["nextCursor"];
        if next.is_null() {
            assert_eq!(found, 50);
            return calls;
        }
        query["cursor"] = next.clone();
    }
}

/// Imports so many memories with keys; returns their ids.
async fn fill_keyed(writer: &Client, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for from in (0..count).step_by(500) {
        let line = |number: usize| {
            json!({"content": format!("the note of number {number}"), "type": "semantic", "key": format!("note-{number}"),
                "namespace": ["bench", (number / 10).to_string()], "metadata": {"number": number}})
        };
        let lines: Vec<String> = (from..from + 500).map(|number| line(number).to_string()).collect();
        let headers = [("content-type", "application/x-ndjson")];
        let answer =
            writer.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines.join("\n")).await;
        assert_eq!(answer.data()["imported"], 500, "{}", answer.text);
        let results = answer.data()["results"].as_array().expect("results");
        ids.extend(results.iter().map(|result| result["id"].as_str().expect("an id").to_owned()));
    }
    ids
}

fn read_units(instance: &Instance) -> f64 {
    instance.tap.take().iter().map(|call| call.read_units).sum()
}

fn row(
    out: &mut impl Write,
    count: usize,
    what: &str,
    times: &mut [Duration],
    units: f64,
    calls: usize,
) -> Result<()> {
    times.sort_unstable();
    let quantile = |percent: usize| ms(times[(times.len() * percent / 100).min(times.len() - 1)]);
    writeln!(
        out,
        "{count:>10} {what:44} {:>9.2} {:>9.2} {units:>10.1} {calls:>8}",
        quantile(50),
        quantile(99)
    )
}
