//! The limit of pages: 120 a minute for each tenant, apart from the limits of the API.

use std::time::Duration;

use futures_util::future::join_all;
use hb_domain::plan::Plan;
use hb_tests::{Answer, Visitor, World};

const PAGE: &str = "/dashboard/connect";
const PAGES: usize = 120;

fn admitted(answers: &[Answer]) -> usize {
    for answer in answers {
        assert!(answer.status == 200 || answer.status == 429, "{} {}", answer.status, answer.text);
    }
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[tokio::test]
async fn a_hundred_and_twenty_pages_at_once_are_admitted_and_then_two_a_second() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let other = world.account("globex", Plan::Free).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let theirs = Visitor::signed_in(&world, &instance, &other.tenant).await;
    for number in 0..PAGES {
        assert_eq!(visitor.get(PAGE).await.status, 200, "{number}");
    }
    let refused = visitor.get(PAGE).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"), "{}", refused.text);
    assert!(refused.header("content-type").starts_with("text/html"));
    assert!(refused.text.contains("Too many requests"), "{}", refused.text);
    instance.tap.take();
    for _ in 0..5 {
        assert_eq!(visitor.get(PAGE).await.status, 429);
    }
    let calls = instance.tap.take();
    assert!(
        calls.iter().all(|call| call.name.contains(" GetItem ")),
        "a refused page writes nothing: {calls:?}"
    );
    assert_eq!(theirs.get(PAGE).await.status, 200, "another tenant");
    let form = visitor.post("/dashboard/sign-out", &[("csrf", "x")]).await;
    assert_eq!(form.status, 429, "a form is a page");

    let half = Duration::from_millis(500);
    instance.clock.set(world.clock.now().plus(half - Duration::from_millis(1)));
    assert_eq!(visitor.get(PAGE).await.status, 429);
    instance.clock.set(world.clock.now().plus(half));
    assert_eq!(visitor.get(PAGE).await.status, 200);
    assert_eq!(visitor.get(PAGE).await.status, 429);
    instance.clock.set(world.clock.now().plus(half + Duration::from_secs(60)));
    let answers = join_all((0..PAGES + 1).map(|_| visitor.get(PAGE))).await;
    assert_eq!(admitted(&answers), PAGES, "full again after a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_at_a_time_on_two_instances_are_admitted_exactly_as_often_as_the_limit_says() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let instances = [world.instance().await, world.instance().await];
    let first = Visitor::signed_in(&world, &instances[0], &account.tenant).await;
    let visitors = [first.clone(), first.at(&instances[1])];
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.extend(join_all((0..40).map(|index| visitors[index % 2].get(PAGE))).await);
    }
    assert_eq!(admitted(&answers), PAGES);
}

#[tokio::test]
async fn pages_spend_nothing_of_the_limits_of_the_api_and_count_for_no_key() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let mut form = visitor.form("/dashboard/keys/new").await;
    hb_tests::dashboard::set(&mut form, "name", "made by a page");
    let before = world.store.tenants().get(&account.tenant).await.expect("the database").expect("the tenant");
    assert_eq!(visitor.submit("/dashboard/keys/new", &form).await.status, 200);
    let paths = [
        "/dashboard".to_owned(),
        "/dashboard/keys".to_owned(),
        format!("/dashboard/keys/{}", account.id),
        "/dashboard/settings".to_owned(),
        "/dashboard/nowhere".to_owned(),
    ];
    for index in 0..PAGES {
        visitor.get(&paths[index % paths.len()]).await;
    }
    let after = world.store.tenants().get(&account.tenant).await.expect("the database").expect("the tenant");
    assert_eq!((after.meter.used(world.clock.now().month()), after.meter.tat), (0, before.meter.tat));
    let operator = world.operator(&account.tenant);
    let report = world.store.with(&operator).usage().report(&account.id, 30).await.expect("the database");
    assert_eq!(report.daily.iter().map(|day| day.counts.requests + day.counts.limited).sum::<u64>(), 0);
    let client = instance.client.with(&account.key);
    for _ in 0..20 {
        assert_eq!(client.get("/api/v1/memories").await.status, 200, "the whole burst of the free plan");
    }
    assert_eq!(client.get("/api/v1/memories").await.status, 429);
    assert_eq!(visitor.get("/dashboard/nowhere").await.status, 404);
}
