//! The latency of writes as their number grows, over the local stack in a folder: with one memory kept, a POST and an
//! import of 100 lines after 1, 50,000 and 200,000 writes. A slope means that the stack keeps something of every write.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use hb_domain::plan::Plan;
use hb_local::sample;
use hb_local::stack::{Options, Stack};
use hb_store::aws::Aws;
use hb_tests::Client;
use http::Method;
use serde_json::json;

/// The writes before each measurement.
const WRITES: [usize; 3] = [1, 50_000, 200_000];
/// Measured POSTs and imports.
const POSTS: usize = 50;
const IMPORTS: usize = 5;
/// The lines of an import.
const LINES: usize = 100;
/// Writers that change the one memory, to be quick.
const WRITERS: usize = 8;
/// The owner of the memories that a measurement creates and deletes.
const OWNER: &str = "bench";

/// Measures up to `most` writes, and writes a row of each measurement.
pub(crate) async fn measure(out: &mut impl Write, folder: &Path, most: usize) -> std::io::Result<()> {
    writeln!(
        out,
        "\n{:>8} {:>11} {:>11} {:>13} {:>10}",
        "writes", "POST p50 ms", "POST p95 ms", "import 100 ms", "folder MiB"
    )?;
    std::fs::create_dir_all(folder)?;
    // Without the sample memories.
    std::fs::write(folder.join("sample"), "written\n")?;
    let stack = start(folder).await;
    let client = client(&stack);
    let created = client
        .post("/api/v1/memories", json!({"content": "the one memory that is kept", "type": "semantic"}))
        .await;
    let id = created.data()["id"].as_str().expect("an id").to_owned();
    let mut written = 1;
    for writes in WRITES.into_iter().filter(|writes| *writes <= most) {
        change(&stack, &id, writes - written).await;
        written = writes;
        let posts = posts(&client).await;
        let imports = imports(&client).await;
        writeln!(
            out,
            "{writes:>8} {:>11.1} {:>11.1} {:>13.1} {:>10.1}",
            ms(posts[posts.len() / 2]),
            ms(posts[posts.len() * 95 / 100]),
            ms(imports[imports.len() / 2]),
            size(folder) as f64 / 1_048_576.0
        )?;
    }
    stack.stop().await;
    Ok(())
}

async fn start(folder: &Path) -> Stack {
    let options = Options {
        port: 0,
        folder: Some(folder.to_owned()),
        plan: Plan::Enterprise,
        dynamodb_url: None,
        clerk: None,
        publishable_key: None,
    };
    Stack::start(options).await.expect("the local stack")
}

#[expect(clippy::disallowed_methods, reason = "the benchmark is a client of the stack")]
fn client(stack: &Stack) -> Client {
    Client::new(&stack.url()).with(stack.key.expose())
}

fn memory(content: &str) -> serde_json::Value {
    json!({"content": content, "type": "semantic", "userId": OWNER})
}

/// Changes one memory this many times, past the service: every change is a record of the stream, as a request's is.
async fn change(stack: &Stack, id: &str, times: usize) {
    let aws = Aws::local(stack.dynamodb_url.clone(), stack.secrets_url());
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
    let one = |writer: usize| {
        let dynamodb = dynamodb.clone();
        async move {
            for number in (writer..times).step_by(WRITERS) {
                let update = dynamodb.update_item().table_name("Memories");
                let update = update.key("tenant", AttributeValue::S(sample::TENANT.into()));
                let update = update.key("id", AttributeValue::S(id.to_owned()));
                let update = update.update_expression("SET benchmark = :number");
                let number = AttributeValue::N(number.to_string());
                update.expression_attribute_values(":number", number).send().await.expect("a write");
            }
        }
    };
    join_all((0..WRITERS).map(one)).await;
}

/// The latencies of POSTs, sorted.
async fn posts(client: &Client) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for _ in 0..POSTS {
        let sent = Instant::now();
        let answer =
            client.post("/api/v1/memories", memory("a memory of a sentence or two, as they are")).await;
        latencies.push(sent.elapsed());
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    clear(client).await;
    latencies.sort_unstable();
    latencies
}

/// The latencies of imports, sorted.
async fn imports(client: &Client) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for number in 0..IMPORTS {
        let lines: String = (0..LINES)
            .map(|line| format!("{}\n", memory(&format!("line {line} of import {number}"))))
            .collect();
        let headers = [("content-type", "application/x-ndjson")];
        let sent = Instant::now();
        let answer = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines).await;
        latencies.push(sent.elapsed());
        assert_eq!(answer.data()["imported"], LINES, "{}", answer.text);
        clear(client).await;
    }
    latencies.sort_unstable();
    latencies
}

async fn clear(client: &Client) {
    let mut body = json!({"filter": {"userId": OWNER}});
    loop {
        let answer = client.post("/api/v1/memories/bulk-delete", body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let Some(cursor) = answer.data()["nextCursor"].as_str() else { return };
        body["cursor"] = json!(cursor);
    }
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
