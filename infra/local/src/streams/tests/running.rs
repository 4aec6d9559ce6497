//! Pollers that run in the background.

use std::future::pending;
use std::sync::atomic::AtomicBool;

use hb_http::stream::PassSummary;

use super::*;
use crate::streams::running::run_schedule;

#[tokio::test]
async fn a_running_poller_delivers_within_a_second_and_calls_a_failing_function_less_often() {
    static SEEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let noting: Handle = |_, batch, _| {
        SEEN.lock().expect("ids").extend(ids(batch));
        Box::pin(async { BatchResponse::processed() })
    };
    let broken: Handle = |consumption, batch, now| {
        CALLS.fetch_add(1, Ordering::SeqCst);
        failing(consumption, batch, now)
    };
    let scene = Scene::new().await;
    let poller = scene.poller(&[("broken", MEMORIES, broken), ("notes", MEMORIES, noting)]).await;
    let running = poller.start();
    scene.write([1]).await;
    let seen = async {
        while SEEN.lock().expect("ids").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), seen).await.expect("a delivery within a second");
    // A function that fails is not called in every interval.
    tokio::time::sleep(INTERVAL * 4).await;
    assert_eq!(CALLS.load(Ordering::SeqCst), 1);
    drop(running);
}

/// Waits until it holds; a minute is the end of a test that has failed.
async fn eventually(holds: impl Fn() -> bool) {
    let held = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), held).await.expect("it holds within a minute");
}

#[tokio::test]
async fn a_function_that_waits_for_somebody_holds_up_no_other_function_no_sweep_and_not_the_end() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static WAITING: AtomicUsize = AtomicUsize::new(0);
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            WAITING.fetch_sub(1, Ordering::SeqCst);
        }
    }
    async fn wait<T>() -> T {
        WAITING.fetch_add(1, Ordering::SeqCst);
        let _waits = Waits;
        pending().await
    }
    let noting: Handle = |_, batch, _| {
        let names = batch.records.iter().map(|record| record.event_name().to_owned());
        SEEN.lock().expect("names").extend(names);
        Box::pin(async { BatchResponse::processed() })
    };
    let both: &[Table] = &[Table::Memories, Table::ApiKeys];
    let consumers = vec![
        (
            "hangs",
            Consumer {
                tables: both,
                handle: |_, _, _| Box::pin(wait()),
                schedule: Some(|_| Box::pin(wait())),
            },
        ),
        ("notes", Consumer { tables: MEMORIES, handle: noting, schedule: None }),
    ];
    let scene = Scene::new().await;
    let running = scene.poller_of(consumers).await.start();
    scene.write_to("ApiKeys", [0]).await;
    scene.write([1]).await;
    eventually(|| WAITING.load(Ordering::SeqCst) == 3).await;
    eventually(|| SEEN.lock().expect("names").len() == 1).await;
    let client = aws_sdk_dynamodb::Client::from_conf(scene.aws.dynamodb());
    let put = client.put_item().table_name("Memories").item("tenant", AttributeValue::S("acme".into()));
    let put = put.item("id", AttributeValue::S("expired".into()));
    let ended = scene.clock.now().seconds() - 60;
    put.item("ttl", AttributeValue::N(ended.to_string())).send().await.expect("a write");
    eventually(|| SEEN.lock().expect("names").len() == 3).await;
    assert_eq!(*SEEN.lock().expect("names"), ["INSERT", "INSERT", "REMOVE"]);
    // A function with a schedule gets the next batches beside the one that hangs.
    eventually(|| WAITING.load(Ordering::SeqCst) > 3).await;
    drop(running);
    eventually(|| WAITING.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_pass_does_not_overlap_the_one_before() {
    static PASSES: AtomicUsize = AtomicUsize::new(0);
    static UNDER_WAY: AtomicBool = AtomicBool::new(false);
    static OVERLAPS: AtomicBool = AtomicBool::new(false);
    async fn pass() -> PassSummary {
        OVERLAPS.fetch_or(UNDER_WAY.swap(true, Ordering::SeqCst), Ordering::SeqCst);
        tokio::time::sleep(20 * SHORT).await;
        UNDER_WAY.store(false, Ordering::SeqCst);
        PASSES.fetch_add(1, Ordering::SeqCst);
        PassSummary::default()
    }
    /// The time between two passes, of which each takes 20 times as long.
    const SHORT: Duration = Duration::from_millis(1);
    let aws = Aws::local("http://127.0.0.1:1".to_owned(), String::new());
    let sender = Sender::new(UrlPolicy::Local);
    let consumption = stack::consumption(&aws, &Clock::system(), &Entropy::system(), sender);
    let running = tokio::spawn(run_schedule("passes", |_| Box::pin(pass()), SHORT, consumption));
    eventually(|| PASSES.load(Ordering::SeqCst) >= 5).await;
    assert!(!OVERLAPS.load(Ordering::SeqCst));
    running.abort();
}

#[tokio::test]
async fn changes_of_one_item_wait_for_each_other_and_hold_up_no_other_item() {
    static BEGUN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let hanging: Handle = |_, batch, _| {
        BEGUN.lock().expect("ids").extend(ids(batch));
        Box::pin(pending())
    };
    let consumer = Consumer {
        tables: MEMORIES,
        handle: hanging,
        schedule: Some(|_| Box::pin(async { PassSummary::default() })),
    };
    let scene = Scene::new().await;
    let running = scene.poller_of(vec![("hangs", consumer)]).await.start();
    for (id, begun) in [(1, 1), (1, 1), (2, 2)] {
        scene.write([id]).await;
        eventually(|| BEGUN.lock().expect("ids").len() >= begun).await;
    }
    assert_eq!(*BEGUN.lock().expect("ids"), [1, 2]);
    drop(running);
}
