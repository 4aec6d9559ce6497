//! Readers that follow cursors while events are appended, with parts of appends visible before others.

use std::collections::BTreeSet;

use hb_domain::event::EventType;
use hb_tests::feed::{About, event_id};
use hb_tests::{Answer, World, seed};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{cursor, has_more, ids, page, page_after, tenant};

const MEMORY: &str = "mem_0123456789abcdefghijkl";
const APPENDS: usize = 40;

/// A random event; its type is one of the first four.
fn about(rng: &mut StdRng) -> About<'static> {
    match rng.random_range(0..4) {
        0 => About::Created(MEMORY),
        1 => About::Updated(MEMORY),
        2 => About::Deleted(MEMORY, "expired"),
        _ => About::Search(1),
    }
}

/// A reader that always asks for the same types, with another limit each time.
struct Reader {
    types: Option<EventType>,
    last: Option<Answer>,
    seen: Vec<String>,
}

impl Reader {
    async fn poll(&mut self, client: &hb_tests::Client, rng: &mut StdRng) -> bool {
        let types = self.types.map_or_else(String::new, |kind| format!("&types={kind}"));
        let query = format!("limit={}{types}", rng.random_range(1..=12));
        let next = match &self.last {
            Some(last) => page_after(client, last, &query).await,
            None => page(client, &query).await,
        };
        self.seen.extend(ids(&next));
        let is_at_end = !has_more(&next);
        assert!(!cursor(&next).is_empty());
        self.last = Some(next);
        is_at_end
    }
}

#[tokio::test]
async fn a_reader_sees_each_event_of_its_types_once_and_in_order() {
    let (world, _instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    let mut rng = StdRng::seed_from_u64(seed::next());
    let types = [
        None,
        Some(EventType::MemoryCreated),
        Some(EventType::MemoryUpdated),
        Some(EventType::SearchPerformed),
    ];
    let mut readers: Vec<Reader> =
        types.map(|types| Reader { types, last: None, seen: Vec::new() }).into_iter().collect();
    let (mut position, mut appended) = (0, Vec::new());
    for _ in 0..APPENDS {
        // The rows of one append become visible in any order, with polls between them.
        let count = rng.random_range(1..=8);
        let mut hidden: Vec<(u64, About<'static>)> =
            (1..=count).map(|number| (position + number, about(&mut rng))).collect();
        appended.extend(hidden.iter().map(|(position, about)| (event_id(*position), about.event_type())));
        position += count;
        if rng.random() {
            world.set_head(&acme, position).await;
        }
        while !hidden.is_empty() {
            let (position, about) = hidden.swap_remove(rng.random_range(0..hidden.len()));
            world.append_at(&acme, position, about, world.clock.now()).await;
            if rng.random_range(0..3) == 0 {
                let reader = rng.random_range(0..readers.len());
                readers[reader].poll(&client, &mut rng).await;
            }
        }
        world.set_head(&acme, position).await;
    }
    for reader in &mut readers {
        for poll in 0.. {
            if reader.poll(&client, &mut rng).await {
                break;
            }
            assert!(poll < 1_000, "an end");
        }
        let wanted = |kind: &str| reader.types.is_none_or(|types| types.as_str() == kind);
        let expected: Vec<&String> =
            appended.iter().filter(|(_, kind)| wanted(kind)).map(|(id, _)| id).collect();
        assert_eq!(reader.seen.iter().collect::<Vec<_>>(), expected, "{:?}", reader.types);
        assert_eq!(reader.seen.iter().collect::<BTreeSet<_>>().len(), reader.seen.len());
    }
}
