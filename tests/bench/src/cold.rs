//! Cold starts of each function, compared with one that does nothing: binary size, time until the first event is
//! requested, memory, and latency of the first and of later responses. With warm file caches: ratios are meaningful,
//! absolute times are not.

use std::collections::BTreeMap;
use std::io::{Result, Write};
use std::time::Instant;

use hb_domain::Clock;
use hb_domain::dashboard::{DashboardSession, DashboardToken, SignedIn};
use hb_local::functions::{FUNCTIONS, Function, Trigger};
use hb_tests::World;
use hb_tests::binaries::binary;
use hb_tests::function::{environment, recorded};
use hb_tests::world::{Account, plenty};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Starts of each function, interleaved.
const STARTS: usize = 15;
/// Invocations of each instance after its first.
const WARM: usize = 100;

/// One instance: binary in megabytes, start in milliseconds, memory after it in megabytes, first response and later
/// response in milliseconds, memory at the end in megabytes.
type Figures = [f64; 6];
const COLUMNS: [&str; 6] = ["binary MB", "init ms", "init MB", "first ms", "warm ms", "warm MB"];

/// Writes a table of medians and of their ratios to the function that does nothing.
pub(crate) async fn measure(out: &mut impl Write) -> Result<()> {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let cookie = session(&world, &account).await;
    let mut environment = environment(&world);
    environment.insert("LOG_LEVEL", "info".into());
    let event = |function: &Function| match (function.name, function.trigger) {
        (_, Trigger::Stream(_)) => {
            let change = json!({"SequenceNumber": "1", "ApproximateCreationDateTime": 1.0});
            json!({"Records": [{"eventID": "e", "eventName": "INSERT", "dynamodb": change}]})
        }
        ("api-keys", _) => get("/api/v1/api-keys", &account.key),
        ("memories", _) => recorded("list-memories.json", &account.key),
        ("auth", _) => recorded("rate-limit.json", &account.key),
        ("docs", _) => recorded("get-openapi.json", ""),
        ("webhooks", _) => get("/api/v1/webhooks", &account.key),
        ("dashboard", _) => overview(&cookie),
        (other, _) => panic!("tests/bench/src/cold.rs: add an event for the function {other}"),
    };
    let functions = FUNCTIONS.iter().map(|function| (function.name, event(function)));
    let functions: Vec<_> = [("hello", recorded("health.json", ""))].into_iter().chain(functions).collect();
    let mut figures: BTreeMap<&str, Vec<Figures>> = BTreeMap::new();
    for _ in 0..STARTS {
        for (name, event) in &functions {
            figures.entry(name).or_default().push(start(&environment, name, event).await);
        }
    }
    writeln!(
        out,
        "\n{STARTS} starts of each function, {WARM} invocations each; medians, and how often hello's"
    )?;
    write!(out, "{:10}", "function")?;
    COLUMNS.iter().try_for_each(|column| write!(out, " {column:>10}       "))?;
    writeln!(out)?;
    let hello = medians(&figures["hello"]);
    for (name, _) in &functions {
        write!(out, "{name:10}")?;
        for (median, base) in medians(&figures[name]).iter().zip(hello) {
            write!(out, " {median:>10.2} {:>5.1}x", median / base)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A request for the first page of the dashboard, as the gateway hands its cookie over.
fn overview(cookie: &str) -> Value {
    let mut event = get("/dashboard", "");
    event["headers"].as_object_mut().expect("headers").remove("authorization");
    event["cookies"] = json!([cookie]);
    event
}

fn get(path: &str, key: &str) -> Value {
    let mut event = recorded("list-memories.json", key);
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["path"] = json!(path);
    event["rawQueryString"] = json!("");
    event
}

/// The cookie of a session, with the name that it has behind the gateway.
async fn session(world: &World, account: &Account) -> String {
    let token = DashboardToken::mint(&account.tenant, &mut StdRng::seed_from_u64(1));
    let session = DashboardSession::new(SignedIn::Link, Clock::system().now());
    world.store.dashboard_sessions().start(&token, &session).await.expect("a session");
    format!("__Host-hb_session={}", token.expose())
}

async fn start(environment: &BTreeMap<&'static str, String>, name: &str, event: &Value) -> Figures {
    let size = std::fs::metadata(binary(name)).expect("the binary").len();
    let started = Instant::now();
    let mut function = hb_tests::Function::start_in(environment, name).await;
    function.ready().await;
    let (init, init_memory) = (ms(started), memory(function.id(), "VmRSS:"));
    let started = Instant::now();
    function.invoke(event.clone()).await;
    let first = ms(started);
    let mut warm = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        let started = Instant::now();
        function.invoke(event.clone()).await;
        warm.push(ms(started));
    }
    [mb(size), init, init_memory, first, median(warm), memory(function.id(), "VmRSS:")]
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The memory of a process in megabytes: now (`VmRSS:`) or at most (`VmHWM:`).
pub(crate) fn memory(process: u32, what: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("its memory");
    mb(1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("kilobytes"))
}

fn medians(figures: &[Figures]) -> Figures {
    std::array::from_fn(|column| median(figures.iter().map(|figures| figures[column]).collect()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
