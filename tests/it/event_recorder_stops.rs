//! Instances that record events stop between any two calls, while others go on and a reader follows the feed.

use std::sync::Arc;

use hb_tests::recorder::Recorded;
use hb_tests::world::plenty;
use hb_tests::{Client, Recorder, World};

use crate::event_recorder_order::{Changes, contiguous, listening, of_tenant};

/// How an instance is stopped.
#[derive(Clone, Copy, Debug)]
enum Stop {
    /// Before a call. It goes on later.
    Before,
    /// After a call, without its answer. It goes on later.
    After,
    /// Before a call, for good.
    KilledBefore,
    /// After a call, for good.
    KilledAfter,
}

/// Follows the cursor of `GET /api/v1/events`.
struct Reader {
    client: Client,
    cursor: String,
    seen: Vec<String>,
}

impl Reader {
    const fn new(client: Client) -> Self {
        Self { client, cursor: String::new(), seen: Vec::new() }
    }

    /// Reads up to the end, and checks that it has seen each event of the feed once, in order.
    async fn follow(&mut self, feed: &[Recorded], context: &str) {
        loop {
            let page = self.client.get(&format!("/api/v1/events?limit=7{}", self.cursor)).await;
            assert_eq!(page.status, 200, "{context}: {}", page.text);
            let events = page.data()["events"].as_array().expect("events");
            self.seen.extend(events.iter().map(|event| event["id"].as_str().expect("an id").to_owned()));
            self.cursor = format!("&cursor={}", page.data()["nextCursor"].as_str().expect("a cursor"));
            if page.data()["hasMore"] == false {
                break;
            }
            assert!(!events.is_empty(), "{context}: the reader is held back");
        }
        let ids: Vec<&str> = feed.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(self.seen, ids, "{context}: each event once, in order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_stops_at_any_call_holds_nobody_back_and_loses_nothing() {
    let world = World::new().await;
    let changes = Changes::make(&world, 16).await;
    let calls = {
        let tenant = listening(&world, "counted").await;
        world.subscribe(&tenant, 1, &["*"], "active").await;
        let recorder = world.recorder();
        recorder.consume(&of_tenant(&changes.memories, "counted")).await;
        recorder.tap.take().len()
    };
    assert_eq!(calls, 3, "the feed, and two appends");
    let instance = world.instance().await;
    for stop in [Stop::Before, Stop::After, Stop::KilledBefore, Stop::KilledAfter] {
        for at in 0..calls {
            let name = format!("acme-{at}-{stop:?}").to_lowercase();
            let account = world.account_with(&name, plenty()).await;
            let tenant = listening(&world, &name).await;
            let endpoint = world.subscribe(&tenant, 1, &["*"], "active").await;
            let mut reader = Reader::new(instance.client.with(&account.key));
            reader.follow(&[], &name).await;
            let records = Arc::new(of_tenant(&changes.memories, &name));
            let stopped: Arc<Recorder> = Arc::new(world.recorder());
            let mut held = stopped.tap.hold();
            let consuming = tokio::spawn({
                let (records, stopped) = (Arc::clone(&records), Arc::clone(&stopped));
                async move { stopped.consume(&records).await }
            });
            for _ in 0..at {
                held.recv().await.expect("a call").pass().await;
                reader.follow(&world.recorded(&tenant).await, &name).await;
            }
            let call = held.recv().await.expect("a call");
            // Others go on meanwhile: one has the same batch, one the keys' stream.
            let others = async |reader: &mut Reader| {
                let before = world.recorded(&tenant).await;
                contiguous(&before, &name);
                reader.follow(&before, &name).await;
                let keys = of_tenant(&changes.keys, &name);
                assert!(!world.recorder().consume(&keys).await.has_failed());
                reader.follow(&world.recorded(&tenant).await, &name).await;
                assert!(!world.recorder().consume(&records).await.has_failed());
                let feed = world.recorded(&tenant).await;
                changes.check(&feed, &name);
                assert!(feed.iter().any(|event| event.kind == "api_key.created"), "{name}");
                reader.follow(&feed, &name).await;
                feed
            };
            let feed = match stop {
                Stop::Before | Stop::KilledBefore => {
                    let feed = others(&mut reader).await;
                    if matches!(stop, Stop::Before) {
                        drop(held);
                        call.pass().await;
                    } else {
                        consuming.abort();
                    }
                    feed
                }
                Stop::After | Stop::KilledAfter => {
                    let answer = call.perform().await;
                    let feed = others(&mut reader).await;
                    if matches!(stop, Stop::After) {
                        drop(held);
                        answer.deliver().await;
                    } else {
                        consuming.abort();
                    }
                    feed
                }
            };
            if let Ok(response) = consuming.await {
                assert!(!response.has_failed(), "{name}");
            }
            assert_eq!(world.recorded(&tenant).await, feed, "{name}: nothing twice");
            let ids: Vec<String> = feed.iter().map(|event| event.id.clone()).collect();
            world.assert_queued(&tenant, &endpoint, &ids, &name).await;
            reader.follow(&feed, &name).await;
        }
    }
}
