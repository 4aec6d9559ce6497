//! A query may see a part of an append: no reader passes an event that it has not seen.

use std::time::Duration;

use hb_tests::feed::About;
use hb_tests::world::plenty;
use hb_tests::{Driven, World};

use super::{EVENTS, append, cursor, expected, has_more, ids, page, page_after, tenant};

#[tokio::test]
async fn a_page_ends_before_an_event_that_is_not_visible_yet() {
    let (world, _instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    append(&world, 1..=2).await;
    let end = page(&client, "").await;
    let middle = page(&client, "limit=1").await;
    append(&world, 3..=6).await;
    world.remove_event(&acme, 4).await;
    for (last, visible) in [(&middle, 2..=3), (&end, 3..=3)] {
        let part = page_after(&client, last, "").await;
        assert_eq!((ids(&part), has_more(&part)), (expected(visible), true));
        let waiting = page_after(&client, &part, "").await;
        assert_eq!((ids(&waiting), has_more(&waiting)), (vec![], true));
        assert_eq!(cursor(&waiting), cursor(&part));
    }
    assert_eq!(ids(&page(&client, "").await), expected(1..=3));
    assert_eq!(ids(&page(&client, "types=search.*&limit=2").await), expected(1..=2));
    let part = page_after(&client, &end, "").await;
    append(&world, [4]).await;
    let rest = page_after(&client, &part, "").await;
    assert_eq!((ids(&rest), has_more(&rest)), (expected(4..=6), false));
}

/// The head may be visible before the events.
#[tokio::test]
async fn an_append_whose_head_is_visible_first_is_waited_for() {
    let (world, _instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    append(&world, 1..=2).await;
    let end = page(&client, "").await;
    world.remove_event(&acme, 1).await;
    world.remove_event(&acme, 2).await;
    world.set_head(&acme, 4).await;
    let waiting = page_after(&client, &end, "").await;
    assert_eq!((ids(&waiting), has_more(&waiting)), (vec![], true));
    append(&world, 3..=4).await;
    assert_eq!(ids(&page_after(&client, &waiting, "").await), expected(3..=4));
}

#[tokio::test]
async fn a_reader_without_a_cursor_waits_for_the_first_event_of_an_append() {
    let (world, instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    append(&world, 1..=3).await;
    world.remove_event(&acme, 1).await;
    let waiting = page(&client, "").await;
    assert_eq!((ids(&waiting), has_more(&waiting)), (vec![], true));
    append(&world, [1]).await;
    assert_eq!(ids(&page_after(&client, &waiting, "").await), expected(1..=3));
    assert_eq!(ids(&page(&client, "").await), expected(1..=3));
    // An append that is over for long: what is missing has been removed after its time.
    world.remove_event(&acme, 1).await;
    instance.clock.set(world.clock.now().plus(Duration::from_secs(61)));
    assert_eq!(ids(&page(&client, "").await), expected(2..=3));
    assert_eq!(ids(&page_after(&client, &waiting, "").await), expected(2..=3));
}

#[tokio::test]
async fn a_cursor_behind_which_events_were_removed_is_refused() {
    let (world, instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    append(&world, 1..=5).await;
    let first = page(&client, "limit=1").await;
    for position in 1..=3 {
        world.remove_event(&acme, position).await;
    }
    instance.clock.set(world.clock.now().plus(Duration::from_secs(301)));
    let refused = client.get(&format!("{EVENTS}?cursor={}", cursor(&first))).await;
    refused.expect(400, "VALIDATION_ERROR");
    assert!(refused.text.contains("is older than 30 days"), "{}", refused.text);
}

/// A page is read in several queries, and more is appended meanwhile.
#[tokio::test]
async fn events_that_are_appended_between_two_queries_of_a_page_keep_their_order() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    append(&world, 1..=150).await;
    let reader = client.clone();
    let request = async move { reader.get(&format!("{EVENTS}?types=search.*,memory.*&limit=100")).await };
    page(&client, "limit=1").await;
    let mut reading = Driven::start(&instance, request);
    reading.step_past("DynamoDB Query Events").await;
    append(&world, [152, 153]).await;
    world.append_at(&account.tenant, 154, About::Search(1), world.clock.now()).await;
    let first = reading.finish().await;
    assert_eq!(ids(&first), expected(1..=100), "{}", first.text);
    let second = page_after(&client, &first, "types=search.*").await;
    let third = page_after(&client, &second, "types=search.*").await;
    assert_eq!([ids(&second), ids(&third)].concat(), expected(101..=150));
    append(&world, [151]).await;
    assert_eq!(ids(&page_after(&client, &third, "").await), expected(151..=154));
}
