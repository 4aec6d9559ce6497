//! Limits are exact for any number of concurrent requests and instances, whatever their clocks.

use std::time::Duration;

use futures_util::future::join_all;
use hb_domain::Timestamp;
use hb_domain::meter::{Bucket, Limit, UsageMeter};
use hb_domain::plan::{Allowance, Plan};
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Answer, Instance, World};

const LIST: &str = "/api/v1/memories?limit=1";

/// Sends `each` concurrent requests to each of these instances.
async fn stampede(instances: &[Instance], account: &Account, each: usize) -> Vec<Answer> {
    let clients: Vec<_> = instances.iter().map(|instance| instance.client.with(&account.key)).collect();
    join_all((0..each).flat_map(|_| clients.iter().map(|client| client.get(LIST)))).await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn used(world: &World, account: &Account) -> u64 {
    let tenant = world.store.tenants().get(&account.tenant).await.expect("the database").expect("the tenant");
    tenant.meter.used(world.clock.now().month())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_are_admitted_exactly_up_to_the_burst() {
    let world = World::new().await;
    for (plan, racers, burst) in [(Plan::Free, 200, 20), (Plan::Pro, 400, 200)] {
        let account = world.account(plan.as_str(), plan).await;
        for instances in [1, 4] {
            let instances = join_all((0..instances).map(|_| world.instance())).await;
            let before = used(&world, &account).await;
            let answers = stampede(&instances, &account, racers / instances.len()).await;
            assert_eq!((count(&answers, 200), count(&answers, 429)), (burst, racers - burst));
            let used = used(&world, &account).await - before;
            assert_eq!(used, burst as u64, "a refused request spends nothing");
            // The bucket is full again for the next round.
            world.clock.set(world.clock.now().plus(Duration::from_secs(120)));
        }
    }
}

/// Each caller is an instance with its own clock and its own last-seen bucket. Requests within five milliseconds are
/// concurrent. The interval is one millisecond.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_admissions_with_a_full_bucket_take_one_write_each_and_are_never_refused() {
    const TOGETHER: u64 = 5;
    // Until each caller has seen the others' admissions.
    const WARMING: u64 = 40;
    let world = World::new().await;
    let allowance = Allowance { per_month: 1_000_000, per_minute: 60_000, burst: 10_000, memories: None };
    for (callers, load) in [(4, 0.5), (8, 0.9), (32, 0.5), (32, 0.9)] {
        let account = world.account_with(&format!("acme-{callers}-{}", load * 10.0), allowance).await;
        let instances = join_all((0..callers).map(|_| world.instance())).await;
        let (mut sent, mut due, mut uncounted) = (0_usize, 0.0, 0);
        let start = world.clock.now().plus(Duration::from_secs(10));
        for step in 0..WARMING + 80 {
            if step == WARMING {
                instances.iter().for_each(|instance| drop(instance.tap.take()));
                uncounted = sent;
            }
            due += load * TOGETHER as f64;
            let requests = (sent..due as usize).map(|number| {
                let caller = number * 7 % callers;
                // Up to 10 ms ahead or behind, constant for each caller.
                let skew = (caller as i64 * 20_000 / (callers as i64 - 1)) - 10_000;
                let time = start.plus(Duration::from_millis(step * TOGETHER)).micros() + skew;
                let instance = &instances[caller];
                instance.clock.set(Timestamp::from_micros(time));
                let client = instance.client.with(&account.key);
                async move { client.get("/api/v1/memories/none").await }
            });
            for answer in join_all(requests).await {
                answer.expect(404, "RESOURCE_NOT_FOUND");
            }
            sent = due as usize;
        }
        let calls = instances.iter().flat_map(|instance| instance.tap.take());
        let writes = calls.filter(|call| call.name == "DynamoDB UpdateItem Tenants").count();
        let counted = sent - uncounted;
        println!("{callers} callers, {load} of the rate: {writes} writes for {counted} admissions");
        assert!(writes * 10 <= counted * 11, "{callers} callers, {load}: {writes} writes for {counted}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_of_n_admits_exactly_n_and_the_month_rolls_over() {
    let world = World::new().await;
    let account = world.account_with("acme", Allowance { per_month: 37, ..plenty() }).await;
    let instances = [world.instance().await, world.instance().await];
    let answers = stampede(&instances, &account, 50).await;
    assert_eq!((count(&answers, 200), count(&answers, 402)), (37, 63));

    let refused = instances[0].client.with(&account.key).get(LIST).await;
    refused.expect(402, "INSUFFICIENT_QUOTA");
    assert_eq!(refused.header("x-ratelimit-limit"), "37");
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let december = moment("2026-12-01T00:00:00Z");
    assert_eq!(refused.header("x-ratelimit-reset"), december.seconds().to_string());
    assert_eq!(refused.header("x-ratelimit-retry-after"), "", "only a 429 has it");

    instances[0].clock.set(december);
    let admitted = instances[0].client.with(&account.key).get(LIST).await;
    assert_eq!((admitted.status.as_u16(), admitted.header("x-ratelimit-remaining")), (200, "36"));
}

#[tokio::test]
async fn a_429_says_exactly_how_long_to_wait() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let instance = world.instance().await;
    stampede(std::slice::from_ref(&instance), &account, 20).await;
    let client = instance.client.with(&account.key);
    let now = world.clock.now();
    for _ in 0..3 {
        let refused = client.get(LIST).await;
        refused.expect(429, "RATE_LIMIT_EXCEEDED");
        let headers = ["limit", "remaining", "reset", "retry-after"]
            .map(|name| refused.header(&format!("x-ratelimit-{name}")).to_owned());
        let reset = (now.seconds() + 6).to_string();
        assert_eq!(headers, ["20".to_owned(), "0".to_owned(), reset, "6".to_owned()]);
        assert_eq!(refused.header("retry-after"), "6");
    }
    for (millis, wait) in [(4_500, "2"), (5_999, "1")] {
        instance.clock.set(now.plus(Duration::from_millis(millis)));
        let refused = client.get(LIST).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, wait));
    }
    instance.clock.set(now.plus(Duration::from_secs(6)));
    assert_eq!(client.get(LIST).await.status, 200);
}

#[tokio::test]
async fn an_instance_an_hour_ahead_does_not_lock_the_tenant_out() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let (ahead, right) = (world.instance().await, world.instance().await);
    ahead.clock.set(world.clock.now().plus(Duration::from_secs(3_600)));
    assert_eq!(count(&stampede(std::slice::from_ref(&ahead), &account, 30).await, 200), 20);

    let client = right.client.with(&account.key);
    assert_eq!(client.get(LIST).await.status, 200);
    assert_eq!(client.get(LIST).await.status, 429, "the wrong clock has spent the burst, no more");
    right.clock.set(world.clock.now().plus(Duration::from_secs(6)));
    assert_eq!(client.get(LIST).await.status, 200);
}

/// One response as the reference meter sees it: time, requests of the month, admitted or not.
struct Observed {
    now: Timestamp,
    used: u64,
    admitted: bool,
    burst_left: u64,
}

fn observed(answer: &Answer, now: Timestamp, per_month: u64) -> Observed {
    // `"burst";r=19;t=6, "month";r=999;t=525600`
    let left = |policy: &str| -> u64 {
        let (_, rest) =
            answer.header("ratelimit").split_once(&format!("\"{policy}\";r=")).expect("the policy");
        rest.split(';').next().and_then(|number| number.parse().ok()).expect("a number")
    };
    let admitted = answer.status == 200;
    assert!(admitted || answer.status == 429, "{}", answer.text);
    Observed { now, used: per_month - left("month"), admitted, burst_left: left("burst") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dynamodb_and_the_reference_meter_agree_under_skewed_clocks() {
    let world = World::new().await;
    let allowance = Allowance { per_month: 100_000, per_minute: 600, burst: 15, memories: None };
    let account = world.account_with("acme", allowance).await;
    let instances = join_all((0..5).map(|_| world.instance())).await;
    let mut meter = UsageMeter::default();
    let (mut admitted, mut refused) = (0, 0);
    for round in 0..8u64 {
        let start = world.clock.now().plus(Duration::from_millis(700 * round));
        // From 50 ms behind to 50 ms ahead.
        for (index, instance) in (0i64..).zip(&instances) {
            instance.clock.set(Timestamp::from_micros(start.micros() + (index - 2) * 25_000));
        }
        let requests = (0..8).flat_map(|_| &instances).map(|instance| async {
            let answer = instance.client.with(&account.key).get(LIST).await;
            observed(&answer, instance.clock.now(), allowance.per_month)
        });
        let mut seen = join_all(requests).await;
        // The monthly count gives the order in which DynamoDB applied the admissions. A refusal found the bucket as
        // the admission with the same count had left it.
        seen.sort_by_key(|one| (one.used, !one.admitted));
        for one in &seen {
            let branch = Bucket::of(&allowance).branch(meter.tat, one.now);
            let expected = meter.admit(&allowance, one.now, branch);
            assert!(!matches!(expected, Err(Limit::Quota)));
            assert_eq!(one.admitted, expected.is_ok(), "round {round}, request {}", one.used);
            assert_eq!(one.used, meter.used(one.now.month()));
            let left = Bucket::of(&allowance).remaining(meter.tat, one.now);
            assert_eq!(one.burst_left, left);
            if one.admitted { admitted += 1 } else { refused += 1 }
        }
    }
    assert!(admitted > 50 && refused > 50, "{admitted} admitted, {refused} refused: the load tried both");
}

/// A call that takes 4 s while others fill the bucket must not be mistaken for a clock that is 4 s behind.
#[tokio::test]
async fn a_slow_admission_is_evaluated_by_the_time_of_its_response() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Free).await;
    let (slow, quick) = (world.instance().await, world.instance().await);
    assert_eq!(slow.client.with(&account.key).get(LIST).await.status, 200);
    let (client, mut held) = (slow.client.with(&account.key), slow.tap.hold());
    let request = tokio::spawn(async move { client.get(LIST).await });
    let call = held.recv().await.expect("the admission");

    let later = world.clock.now().plus(Duration::from_secs(4));
    for instance in [&slow, &quick] {
        instance.clock.set(later);
    }
    assert_eq!(count(&stampede(std::slice::from_ref(&quick), &account, 30).await, 200), 19);
    call.pass().await;
    drop(held);
    assert_eq!(request.await.expect("the request").status, 429, "the bucket is empty, not wrong");
    assert_eq!(count(&stampede(std::slice::from_ref(&quick), &account, 20).await, 200), 0, "and stays empty");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test looks at everything there is")]
async fn the_count_of_thirteen_months_ago_is_removed_by_the_next_admission() {
    let world = World::new().await;
    let account = world.account("acme", Plan::Pro).await;
    let instance = world.instance().await;
    let client = instance.client.with(&account.key);
    let mut kept = Vec::new();
    for month in ["2026-10", "2026-11", "2026-12", "2027-11"] {
        instance.clock.set(moment(&format!("{month}-15T00:00:00Z")));
        assert_eq!(client.get(LIST).await.status, 200);
        let database = aws_sdk_dynamodb::Client::from_conf(world.aws.dynamodb());
        let items =
            database.scan().table_name("Tenants").send().await.expect("the table").items.expect("items");
        kept = items[0].keys().filter(|name| name.starts_with("requests2")).cloned().collect();
        kept.sort();
    }
    assert_eq!(kept, ["requests202611", "requests202612", "requests202711"]);
}
