//! What a cursor is valid for, and for how long.

use std::time::Duration;

use hb_domain::cursor::CursorScope;
use hb_domain::feed::{FeedCursor, FeedQuery};
use hb_domain::fields::Fields;
use hb_domain::{TenantId, Timestamp};
use hb_tests::feed::About;
use hb_tests::world::plenty;
use hb_tests::{Answer, Client, World};

use super::{DAY, EVENTS, append, cursor, expected, has_more, ids, page, page_after, tenant, two_tenants};

/// A cursor that somebody made with the public rules of the format.
fn forged(tenant: &TenantId, position: u64, at: Timestamp) -> String {
    let query = FeedQuery::parse(Fields::of_query([], Some(tenant)), tenant, at).expect("a query");
    query.cursor(FeedCursor { position, at })
}

#[track_caller]
fn assert_refused(answer: &Answer, message: &str) {
    answer.expect(400, "VALIDATION_ERROR");
    assert_eq!(answer.fields(), ["cursor"]);
    assert!(answer.text.contains(message), "{}", answer.text);
}

async fn try_page(client: &Client, cursor: &str) -> Answer {
    client.get(&format!("{EVENTS}?cursor={cursor}")).await
}

#[tokio::test]
async fn a_cursor_of_another_tenant_or_list_or_position_is_refused() {
    let (world, instance, client, stranger) = two_tenants().await;
    append(&world, 1..=3).await;
    let (acme, now) = (tenant("acme"), instance.clock.now());
    let own = page(&client, "limit=1").await;
    assert_refused(&try_page(&stranger, cursor(&own)).await, "is not a cursor of this feed");
    let position = hb_domain::cursor::Position {
        id: hb_domain::MemoryId::parse("mem_0123456789abcdefghijkl").expect("an id"),
        sort_value: Some("5".into()),
    };
    for garbage in [
        String::new(),
        "x".into(),
        "LATEST".into(),
        format!("{}A", cursor(&own)),
        cursor(&own)[1..].to_owned(),
        CursorScope::of(&acme, "events").encode(&position),
        CursorScope::of(&acme, "list").encode(&position),
        forged(&acme, u64::MAX, now),
        forged(&acme, 3, now.plus(Duration::from_secs(61))),
        // Beyond the end of the feed.
        forged(&acme, 4, now),
    ] {
        assert_refused(&try_page(&client, &garbage).await, "is not a cursor of this feed");
    }
    assert_eq!(ids(&try_page(&client, &forged(&acme, 1, now)).await), expected(2..=3));
    assert_eq!(ids(&try_page(&client, &forged(&acme, 0, now)).await), expected(1..=3));
}

#[tokio::test]
async fn a_cursor_is_valid_for_thirty_days_after_its_page_at_the_end_and_after_its_event_before() {
    let (world, instance, client) = World::with_a_client().await;
    let start = world.clock.now();
    let moved = |by: Duration| {
        world.clock.set(start.plus(by));
        instance.clock.set(start.plus(by));
    };
    append(&world, 1..=2).await;
    moved(10 * DAY);
    let (middle, end) = (page(&client, "limit=1").await, page(&client, "limit=2").await);
    let second = Duration::from_secs(1);
    for (page, days) in [(&middle, 30), (&end, 40)] {
        for at in [days * DAY - second, days * DAY] {
            moved(at);
            try_page(&client, cursor(page)).await.expect(200, "");
        }
        moved(days * DAY + second);
        assert_refused(&try_page(&client, cursor(page)).await, "is older than 30 days");
    }
}

/// Whoever polls once in thirty days reads on for ever, also when nothing happens for months.
#[tokio::test]
async fn a_reader_that_polls_within_thirty_days_never_fails() {
    let (world, instance, client) = World::with_a_client().await;
    let acme = tenant("acme");
    append(&world, 1..=2).await;
    let mut last = page(&client, "").await;
    for _ in 0..4 {
        let now = instance.clock.now().plus(30 * DAY);
        world.clock.set(now);
        instance.clock.set(now);
        world.expiry().await;
        last = page_after(&client, &last, "").await;
        assert_eq!((ids(&last), has_more(&last)), (vec![], false));
    }
    world.append(&acme, 3, About::Search(1)).await;
    assert_eq!(ids(&page_after(&client, &last, "").await), expected([3]));
}

#[tokio::test]
async fn events_older_than_thirty_days_are_not_listed_however_many_there_are() {
    let (world, instance, client) = World::with_a_client().await;
    let (acme, now) = (tenant("acme"), world.clock.now());
    for (position, age) in (1..=200).zip((0..200).rev()) {
        let appended_at = now.minus(30 * DAY).plus(Duration::from_secs(49)).minus(Duration::from_secs(age));
        world.append_at(&acme, position, About::Search(1), appended_at).await;
    }
    world.set_head(&acme, 200).await;
    client.get(EVENTS).await;
    instance.tap.take();
    let listed = page(&client, "limit=100").await;
    assert_eq!((ids(&listed), has_more(&listed)), (expected(151..=200), false));
    let calls = instance.tap.take().len();
    assert!(calls < 25, "{calls} calls: the first event is searched for, not read up to");
    let first = page(&client, "limit=1").await;
    assert_eq!(ids(&first), expected([151]));
    // There is time to fetch the next page of events that are about to be thirty days old.
    instance.clock.set(now.plus(Duration::from_secs(3_500)));
    assert_eq!(ids(&page_after(&client, &first, "limit=1").await), expected([152]));
    let nothing = page(&client, "").await;
    assert_eq!((ids(&nothing), has_more(&nothing)), (vec![], false));
    world.append_at(&acme, 201, About::Search(1), now.plus(Duration::from_secs(3_500))).await;
    assert_eq!(ids(&page_after(&client, &nothing, "").await), expected([201]));
}

#[tokio::test]
async fn a_tenant_that_was_erased_and_created_again_has_none_of_the_old_cursors() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    append(&world, 1..=9).await;
    let (middle, end) = (page(&client, "limit=3").await, page(&client, "").await);
    let latest = page(&client, "cursor=latest").await;
    world.store.operator().erase(&account.tenant, |_, _| {}).await.expect("the database");
    assert!(!world.everything().await.contains(&hb_tests::feed::event_id(1)));
    let later = world.clock.now().plus(Duration::from_secs(120));
    world.clock.set(later);
    instance.clock.set(later);
    let again = world.account_with("acme", plenty()).await;
    let client = instance.client.with(&again.key);
    for cursor in [&middle, &end, &latest].map(cursor) {
        assert_refused(&try_page(&client, cursor).await, "is not a cursor of this feed");
    }
    append(&world, 1..=20).await;
    for cursor in [&middle, &end, &latest].map(cursor) {
        assert_refused(&try_page(&client, cursor).await, "is not a cursor of this feed");
    }
    assert_eq!(ids(&page(&client, "").await), expected(1..=20));
}
