//! TTL removes events in any order: a reader without a cursor gets each event that is listed, whichever older ones are left.

use std::time::Duration;

use hb_domain::Timestamp;
use hb_tests::feed::About;
use hb_tests::{Client, Instance, World, seed};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{DAY, cursor, expected, has_more, ids, page, page_after, tenant};

/// How long a reader may have to wait for events that were appended just now.
const SETTLING: Duration = Duration::from_secs(61);
const HOUR: Duration = Duration::from_secs(3_600);

/// Writes searches at these positions, each of its age, and the head.
async fn append_aged(world: &World, now: Timestamp, rows: &[(u64, Duration)]) {
    for (position, age) in rows {
        world.append_at(&tenant("acme"), *position, About::Search(*position), now.minus(*age)).await;
    }
    let end = rows.iter().map(|(position, _)| *position).max().unwrap_or(0);
    world.set_head(&tenant("acme"), end).await;
}

/// Follows the feed to its end, waits once if it has to, and returns the cursor of the end and the events.
async fn follow(instance: &Instance, client: &Client, start: &str, limit: usize) -> (String, Vec<String>) {
    let (mut cursor, mut seen, mut has_waited) = (start.to_owned(), Vec::new(), false);
    loop {
        let query = if cursor.is_empty() { String::new() } else { format!("cursor={cursor}&") };
        let next = page(client, &format!("{query}limit={limit}")).await;
        let found = ids(&next);
        cursor = self::cursor(&next).to_owned();
        seen.extend(found.iter().cloned());
        if !has_more(&next) {
            return (cursor, seen);
        }
        if found.is_empty() {
            assert!(!has_waited, "the feed goes on after {seen:?}");
            has_waited = true;
            instance.clock.set(instance.clock.now().plus(SETTLING));
        }
    }
}

#[tokio::test]
async fn old_events_with_a_gap_between_them_hold_back_no_reader() {
    let (world, instance, client) = World::with_a_client().await;
    append_aged(&world, instance.clock.now(), &[(4, 33 * DAY), (6, DAY)]).await;
    let first = page(&client, "").await;
    assert_eq!((ids(&first), has_more(&first)), (expected([6]), false));
    let next = page_after(&client, &first, "").await;
    assert_eq!((ids(&next), has_more(&next)), (vec![], false));
}

/// Of an append that is under way, the later event may be visible first.
#[tokio::test]
async fn a_new_event_behind_a_gap_is_waited_for() {
    let (world, instance, client) = World::with_a_client().await;
    let now = instance.clock.now();
    append_aged(&world, now, &[(4, 33 * DAY), (6, Duration::ZERO)]).await;
    let waiting = page(&client, "").await;
    assert_eq!((ids(&waiting), has_more(&waiting)), (vec![], true));
    append_aged(&world, now, &[(5, Duration::ZERO), (6, Duration::ZERO)]).await;
    assert_eq!(ids(&page_after(&client, &waiting, "").await), expected(5..=6));
    assert_eq!(ids(&page(&client, "").await), expected(5..=6));
}

/// The last event is gone before an earlier one, and months later there is another event.
#[tokio::test]
async fn a_reader_of_a_feed_whose_last_event_is_gone_gets_the_next_one() {
    let (world, instance, client) = World::with_a_client().await;
    append_aged(&world, instance.clock.now(), &[(3, 40 * DAY), (4, 33 * DAY), (5, 33 * DAY)]).await;
    world.remove_event(&tenant("acme"), 5).await;
    let nothing = page(&client, "").await;
    assert_eq!((ids(&nothing), has_more(&nothing)), (vec![], false));
    append_aged(&world, instance.clock.now(), &[(6, Duration::ZERO)]).await;
    instance.clock.set(instance.clock.now().plus(29 * DAY));
    assert_eq!(ids(&page_after(&client, &nothing, "").await), expected([6]));
}

#[tokio::test]
async fn a_reader_without_a_cursor_gets_exactly_the_events_of_thirty_days() {
    let (world, instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    let mut rng = StdRng::seed_from_u64(seed::next());
    for round in 0..60 {
        let now = instance.clock.now();
        let (old, young) = (rng.random_range(0..=16), rng.random_range(0..=8));
        let mut hours: Vec<u32> = (0..old).map(|_| rng.random_range(30 * 24 + 1..40 * 24)).collect();
        hours.extend((0..young).map(|_| rng.random_range(0..30 * 24 - 1)));
        hours.sort_unstable_by(|one, other| other.cmp(one));
        let rows: Vec<(u64, Duration)> = (1..).zip(hours.into_iter().map(|hours| hours * HOUR)).collect();
        append_aged(&world, now, &rows).await;
        let removed: Vec<u64> = (1..=old).filter(|_| rng.random()).collect();
        for position in &removed {
            world.remove_event(&acme, *position).await;
        }
        let context = format!("round {round}: {rows:?} without {removed:?}");
        let limit = rng.random_range(1..=10);
        let (end, seen) = follow(&instance, &client, "", limit).await;
        assert_eq!(seen, expected(old + 1..=old + young), "{context}");
        // The cursor of the end is as good as any: it continues with the next event.
        let next = old + young + 1;
        append_aged(&world, instance.clock.now(), &[(next, Duration::ZERO)]).await;
        let (_, seen) = follow(&instance, &client, &end, limit).await;
        assert_eq!(seen, expected([next]), "{context}");
        for position in 1..=next {
            world.remove_event(&acme, position).await;
        }
    }
}
