//! Search latency and capacity units: cold, warm, and of the write that indexes a memory; then the ranking alone, up to a
//! million memories.

use std::io::{Result, Write};
use std::time::{Duration, Instant};

use hb_domain::fields::Fields;
use hb_domain::import::Imported;
use hb_domain::memory_ids::MemoryIds;
use hb_domain::search::Search;
use hb_domain::{Clock, Memory, TenantId};
use hb_search::{Entry, Index, Query, SearchDocument};
use hb_tests::world::plenty;
use hb_tests::{Client, World};
use http::Method;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::ms;

/// Searches of each kind.
const SEARCHES: usize = 200;
/// The parts of generated sentences.
const PARTS: [&[&str]; 5] = [
    &["Anna", "Ben", "Carla", "My sister", "The neighbour", "Our teacher", "The team", "A friend from work"],
    &[
        "bought",
        "repaired",
        "forgot",
        "talked about",
        "dreams of",
        "is afraid of",
        "would like to paint",
        "sold",
    ],
    &[
        "the old bicycle",
        "a wooden boat",
        "two kittens",
        "the yellow van",
        "a violin",
        "the garden fence",
        "new curtains",
        "a map",
    ],
    &[
        "on Tuesday",
        "last summer",
        "before the concert",
        "in Lisbon",
        "near the station",
        "after the exam",
        "at the lake",
        "in March",
    ],
    &[
        "because of the rain",
        "with her brother",
        "for very little money",
        "and was happy",
        "although it was late",
        "as promised",
    ],
];

/// Writes tables of the measurements.
pub(crate) async fn measure(out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nSearches over HTTP of a tenant of so many memories, 20 results each")?;
    writeln!(
        out,
        "{:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11}",
        "memories", "cold ms", "cold RCU", "warm p50", "warm p99", "warm RCU", "write p50", "write WCU"
    )?;
    for count in [1_000, 10_000, 100_000] {
        served(out, count).await?;
    }
    writeln!(out, "\nThe ranking alone, in one thread")?;
    writeln!(
        out,
        "{:>10} {:>9} {:>9} {:>14} {:>14} {:>16}",
        "memories", "p50 ms", "p99 ms", "bytes stored", "bytes held", "making one, µs"
    )?;
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        ranked(out, count, None)?;
    }
    writeln!(out, "\nAs above, filtered by a user who has one or fifty of each hundred memories")?;
    for percent in [1, 50] {
        ranked(out, 100_000, Some(percent))?;
    }
    Ok(())
}

fn sentence(rng: &mut impl Rng) -> String {
    let part = |rng: &mut _, words: &[&str]| words[RngExt::random_range(rng, 0..words.len())].to_owned();
    let parts: Vec<String> = PARTS.iter().map(|words| part(rng, words)).collect();
    // A rare term, as names are.
    format!("{} (note {})", parts.join(" "), rng.random_range(0..10_000_u32))
}

pub(crate) fn question(rng: &mut impl Rng) -> String {
    let word = |rng: &mut _, part: usize| PARTS[part][RngExt::random_range(rng, 0..PARTS[part].len())];
    format!("Who {} {} {}?", word(rng, 1), word(rng, 2), word(rng, 3))
}

/// Memories in sessions of twenty.
fn line(number: usize, rng: &mut impl Rng) -> Value {
    json!({"content": sentence(rng), "type": "episodic", "sessionId": format!("session {}", number / 20)})
}

/// Imports so many memories.
pub(crate) async fn fill(writer: &Client, count: usize, rng: &mut impl Rng) {
    for from in (0..count).step_by(1_000) {
        let lines: Vec<String> = (from..from + 1_000).map(|number| line(number, rng).to_string()).collect();
        let headers = [("content-type", "application/x-ndjson")];
        let answer =
            writer.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines.join("\n")).await;
        assert_eq!(answer.data()["imported"], 1_000, "{}", answer.text);
        progress(from + 1_000, count);
    }
}

async fn served(out: &mut impl Write, count: usize) -> Result<()> {
    let mut rng = StdRng::seed_from_u64(1);
    let world = World::without_stream().await;
    let account = world.account_with("bench", plenty()).await;
    let loading = world.instance().await;
    let writer = loading.client.with(&account.key);
    fill(&writer, count, &mut rng).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    client.get("/api/v1/memories?limit=1").await;
    instance.tap.take();
    let mut search = async |client: &Client| {
        let body = json!({"query": question(&mut rng)});
        let started = Instant::now();
        let answer = client.post("/api/v1/memories/search", body).await;
        assert_eq!(answer.data()["results"].as_array().map(Vec::len), Some(20), "{}", answer.text);
        assert_eq!(answer.data()["partial"], Value::Null);
        started.elapsed()
    };
    let cold = search(&client).await;
    let units = |write: bool| -> f64 {
        instance.tap.take().iter().map(|call| if write { call.write_units } else { call.read_units }).sum()
    };
    let cold_units = units(false);
    let mut warm = Vec::new();
    for _ in 0..SEARCHES {
        warm.push(search(&client).await);
    }
    let warm_units = units(false) / SEARCHES as f64;
    let mut writes = Vec::new();
    for number in 0..SEARCHES {
        let started = Instant::now();
        client.post("/api/v1/memories", line(number, &mut StdRng::seed_from_u64(2))).await;
        writes.push(started.elapsed());
    }
    let write_units = units(true) / SEARCHES as f64;
    writeln!(
        out,
        "{count:>10} {:>9.1} {cold_units:>9.1} {:>9.2} {:>9.2} {warm_units:>9.1} {:>9.2} {write_units:>11.1}",
        ms(cold),
        ms(quantile(&mut warm, 50)),
        ms(quantile(&mut warm, 99)),
        ms(quantile(&mut writes, 50)),
    )
}

/// Searches an index of `count` memories, or only those of a user who owns `percent` of them.
fn ranked(out: &mut impl Write, count: usize, percent: Option<usize>) -> Result<()> {
    let mut rng = StdRng::seed_from_u64(1);
    let tenant = TenantId::parse("bench").expect("a tenant");
    let now = Clock::system().now();
    let mut index = Index::new();
    let (mut stored, mut making) = (0, Duration::ZERO);
    for from in (0..count).step_by(10_000) {
        let memories: Vec<Memory> = (from..(from + 10_000).min(count))
            .map(|number| {
                let mut body = line(number, &mut rng);
                if let Some(percent) = percent {
                    body["userId"] = json!(if number % 100 < percent { "ann" } else { "bob" });
                }
                let fields = Fields::of_body(body, &tenant).expect("fields");
                let at = now.minus(Duration::from_secs((count - number) as u64));
                let suffix = MemoryIds::default().next_suffix(&mut rng);
                let mut memory = Imported::parse(fields, now, suffix).expect("a memory").memory;
                memory.id = hb_domain::MemoryId::mint(at, &mut rng);
                memory
            })
            .collect();
        let started = Instant::now();
        let records: Vec<SearchDocument> = memories.iter().map(SearchDocument::of).collect();
        making += started.elapsed();
        stored += records.iter().map(|document| document.to_bytes().len()).sum::<usize>();
        let entries = memories.into_iter().zip(records);
        index.apply(
            entries.map(|(memory, document)| Entry { id: memory.id, expires_at: None, document }).collect(),
        );
        progress(index.len(), count);
    }
    let mut times = Vec::new();
    for _ in 0..SEARCHES {
        let mut body = json!({"query": question(&mut rng)});
        if percent.is_some() {
            body["userId"] = json!("ann");
        }
        let search =
            Search::parse(Fields::of_body(body, &tenant).expect("fields"), &tenant).expect("a search");
        let started = Instant::now();
        let hits = index.search(&Query::new(&search.query), &search, now, 20);
        times.push(started.elapsed());
        assert_eq!(hits.len(), 20);
    }
    writeln!(
        out,
        "{count:>10} {:>9.3} {:>9.3} {:>14.1} {:>14.1} {:>16.1}",
        ms(quantile(&mut times, 50)),
        ms(quantile(&mut times, 99)),
        stored as f64 / count as f64,
        index.allocated_bytes() as f64 / count as f64,
        making.as_secs_f64() * 1e6 / count as f64
    )
}

/// Shows progress on a terminal.
fn progress(done: usize, of: usize) {
    use std::io::IsTerminal;
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let end = if done >= of { "\r\x1b[2K" } else { "" };
        let _ = write!(err, "\r{done} of {of}{end}");
    }
}

pub(crate) fn quantile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[times.len() * percent / 100]
}
