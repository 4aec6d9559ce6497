//! Searches of large tenants by the function's own process: latency of a cold instance, time until its index is complete,
//! peak memory, and warm latency. It takes ten minutes, mostly to fill the table.

use std::io::{Result, Write};
use std::time::{Duration, Instant};

use hb_tests::function::{environment, recorded};
use hb_tests::world::plenty;
use hb_tests::{Function, World};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;

use crate::search::{fill, quantile, question};
use crate::{cold, ms};

/// Searches of an instance with a complete index.
const WARM: usize = 200;

/// Writes a table of the measurements.
pub(crate) async fn measure(out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nSearches by the function, 20 results each")?;
    writeln!(
        out,
        "{:>10} {:>11} {:>9} {:>12} {:>12} {:>12} {:>9} {:>9} {:>9} {:>9}",
        "memories",
        "function MB",
        "first ms",
        "it searched",
        "known after",
        "searches",
        "peak MB",
        "warm p50",
        "warm p99",
        "warm max"
    )?;
    for (count, memory) in [(10_000, "512"), (100_000, "512"), (1_000_000, "1024")] {
        let mut rng = StdRng::seed_from_u64(1);
        let world = World::without_stream().await;
        let account = world.account_with("bench", plenty()).await;
        let loading = world.instance().await;
        fill(&loading.client.with(&account.key), count, &mut rng).await;

        let mut environment = environment(&world);
        environment.insert("LOG_LEVEL", "info".into());
        environment.insert("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.into());
        let mut function = Function::start_in(&environment, "memories").await;
        function.ready().await;
        let mut search = async || -> (Duration, Option<u64>) {
            let mut event = recorded("search-memories.json", &account.key);
            event["body"] = json!({"query": question(&mut rng)}).to_string().into();
            let started = Instant::now();
            let answer = function.send(event).await;
            let taken = started.elapsed();
            assert_eq!(answer.data()["results"].as_array().map(Vec::len), Some(20), "{}", answer.text);
            (taken, answer.data()["partial"]["searched"].as_u64())
        };
        let began = Instant::now();
        let (first, searched) = search().await;
        let (mut searches, mut is_known) = (1, searched.is_none());
        while !is_known {
            searches += 1;
            is_known = search().await.1.is_none();
        }
        let known = began.elapsed();
        let mut warm = Vec::new();
        for _ in 0..WARM {
            warm.push(search().await.0);
        }
        writeln!(
            out,
            "{count:>10} {memory:>11} {:>9.0} {:>12} {:>10.1} s {searches:>12} {:>9.0} {:>9.2} {:>9.2} {:>9.2}",
            ms(first),
            searched.unwrap_or(count as u64),
            known.as_secs_f64(),
            cold::memory(function.id(), "VmHWM:"),
            ms(quantile(&mut warm, 50)),
            ms(quantile(&mut warm, 99)),
            ms(warm[WARM - 1]),
        )?;
    }
    Ok(())
}
