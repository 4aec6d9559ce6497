//! The cost of each page: calls to AWS and capacity units.
//!
//! `cargo test -p hb-tests dashboard::budget -- --nocapture` prints the rows of infra/COST.md.

use std::collections::BTreeSet;
use std::time::Duration;

use hb_domain::Scopes;
use hb_tests::dashboard::{SIGN_IN, link};
use hb_tests::issuer::TestIssuer;
use hb_tests::tap::SdkCall;
use hb_tests::world::plenty;
use hb_tests::{Visitor, World};
use http::Method;

use super::pages::{Key, pages};

const COST: &str = include_str!("../../../infra/COST.md");
/// What admits every page: its session, its tenant and the bucket of pages.
const ADMISSION: [&str; 3] = [
    "DynamoDB GetItem DashboardSessions",
    "DynamoDB GetItem Tenants",
    "DynamoDB UpdateItem DashboardSessions",
];
const KEY: &str = "DynamoDB GetItem ApiKeys";
const KEYS: &str = "DynamoDB Query ApiKeys";
const REPORT: &str = "DynamoDB Query Usage";
const CLAIM: [&str; 2] = ["DynamoDB PutItem Idempotency", "DynamoDB UpdateItem Idempotency"];
const WRITE: &str = "DynamoDB TransactWriteItems";
const EPOCH: &str = "DynamoDB UpdateItem Tenants";

/// A page, and the calls of its own work, sorted, of a tenant with three keys of which one was used.
const ROWS: &[(&str, &str, &[&str])] = &[
    (
        "GET",
        "/dashboard",
        &["DynamoDB GetItem Usage", KEY, KEYS, "DynamoDB Query Memories", REPORT, REPORT, REPORT, REPORT],
    ),
    ("GET", "/dashboard/keys", &[KEYS, REPORT, REPORT, REPORT]),
    ("GET", "/dashboard/keys/new", &[]),
    ("POST", "/dashboard/keys/new", &[CLAIM[0], CLAIM[1], WRITE]),
    ("GET", "/dashboard/keys/{id}", &[KEY, KEY, REPORT, REPORT]),
    ("GET", "/dashboard/keys/{id}/rotate", &[KEY, REPORT]),
    ("POST", "/dashboard/keys/{id}/rotate", &[KEY, KEY, KEY, CLAIM[0], CLAIM[1], WRITE, EPOCH]),
    ("GET", "/dashboard/keys/{id}/revoke", &[KEY, REPORT]),
    ("POST", "/dashboard/keys/{id}/revoke", &[KEY, KEY, REPORT, WRITE, EPOCH]),
    ("GET", "/dashboard/connect", &[]),
    ("GET", "/dashboard/settings", &[]),
    ("POST", "/dashboard/sign-out", &["DynamoDB DeleteItem DashboardSessions"]),
];

fn names(calls: &[SdkCall]) -> Vec<&str> {
    let mut names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// The row of infra/COST.md that these calls belong to, without its price.
fn row(page: &str, calls: &[SdkCall]) -> String {
    let (read, write) = calls
        .iter()
        .fold((0.0, 0.0), |(read, write), call| (read + call.read_units, write + call.write_units));
    format!("| {page} | {} | {read} | {write} |", calls.len())
}

#[tokio::test]
async fn each_page_costs_what_the_documentation_says() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    let key = Key::of(&world, &account.tenant).await;
    instance.client.with(&key.plain).get("/api/v1/memories").await.expect(200, "");
    let csrf = visitor.csrf().await;
    // The function has read the pepper before the measurement.
    visitor.create_key("warm").await;
    let warm = world.store.with(&world.operator(&account.tenant)).keys().list().await.expect("keys");
    let warm = warm.into_iter().find(|key| key.name == "warm").expect("the key");
    world.store.with(&world.operator(&account.tenant)).keys().revoke(&warm).await.expect("a revocation");
    let (mut missing, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut order = pages();
    order.retain(|page| page.method != Method::HEAD);
    // What ends the key and the session comes last.
    order.sort_by_key(|page| {
        (page.route.path == "/dashboard/sign-out", page.route.path.ends_with("revoke"), page.is_form())
    });
    for page in order {
        let expected =
            ROWS.iter().find(|(method, path, _)| page.method == *method && page.route.path == *path);
        let (_, _, own) = expected.unwrap_or_else(|| panic!("add a row for {page:?} to {}", file!()));
        instance.clock.set(instance.clock.now().plus(Duration::from_secs(2)));
        instance.tap.take();
        let answer = page.send(&visitor, &key, &csrf, page.route.path).await;
        assert!(answer.status == 200 || answer.status == 303, "{page:?} {}", answer.text);
        let calls = instance.tap.take();
        let mut expected: Vec<&str> = ADMISSION.iter().chain(own.iter()).copied().collect();
        expected.sort_unstable();
        if names(&calls) != expected {
            wrong.push(format!("{} {}: {:?}", page.method, page.route.path, names(&calls)));
        }
        let row = row(&format!("{} {}", page.method, page.route.path), &calls);
        println!("{row}");
        if !COST.contains(&row) {
            missing.insert(row);
        }
    }
    assert!(wrong.is_empty(), "other calls than in ROWS: {wrong:#?}");
    instance.tap.take();
    let link = link(&world, &instance, &account.tenant).await;
    let nobody = Visitor::of(&instance);
    for free in [SIGN_IN, &link, "/dashboard/static/dashboard.css"] {
        assert_eq!(nobody.get(free).await.status, 200);
        assert_eq!(instance.tap.take(), [], "{free}");
    }
    assert_eq!(nobody.follow(&link).await.status, 303);
    let calls = instance.tap.take();
    assert_eq!(
        names(&calls),
        ["DynamoDB DeleteItem DashboardSessions", "DynamoDB PutItem DashboardSessions"]
    );
    let row = row(&format!("POST {SIGN_IN}, by link"), &calls);
    println!("{row}");
    if !COST.contains(&row) {
        missing.insert(row);
    }
    assert!(
        missing.is_empty(),
        "infra/COST.md has no rows that begin with\n{}",
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[tokio::test]
async fn an_overview_reads_the_usage_of_the_keys_that_were_used_only() {
    let world = World::new().await;
    let account = world.account_with("acme", plenty()).await;
    let instance = world.instance().await;
    for number in 0..20 {
        let (_, plain) = world.key(&account.tenant, Scopes::all(), None).await;
        if number % 4 == 0 {
            instance.client.with(&plain).get("/api/v1/memories").await.expect(200, "");
        }
    }
    let visitor = Visitor::signed_in(&world, &instance, &account.tenant).await;
    instance.tap.take();
    assert_eq!(visitor.get("/dashboard").await.status, 200);
    let calls = instance.tap.take();
    let reports = names(&calls).into_iter().filter(|name| *name == KEY).count();
    assert_eq!(reports, 5, "{:?}", names(&calls));
    // What infra/COST.md says of further keys: 18 more than in its table, and 4 more that were used.
    let read: f64 = calls.iter().map(|call| call.read_units).sum();
    assert_eq!(read, 18.0f64.mul_add(0.5, 4.0f64.mul_add(2.0, 8.5)));
}

#[tokio::test]
async fn a_sign_in_with_clerk_costs_what_the_documentation_says() {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let instance = world.instance().await;
    let nobody = Visitor::of(&instance);
    for (number, expected) in [(2.0, 2.0), (1.0, 1.0)].into_iter().enumerate() {
        let answer = nobody.post(SIGN_IN, &[("token", &issuer.token("user_maya"))]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let calls = instance.tap.take();
        let units = calls
            .iter()
            .fold((0.0, 0.0), |(read, write), call| (read + call.read_units, write + call.write_units));
        assert_eq!(units, expected, "sign-in {number}: {:?}", names(&calls));
    }
    assert_eq!(issuer.issuer.fetches(), 1);
    // A refused page, and one with the token of no session.
    let visitor =
        Visitor::signed_in(&world, &instance, &hb_domain::TenantId::parse("user_maya").expect("a tenant"))
            .await;
    for _ in 0..121 {
        visitor.get("/dashboard/connect").await;
    }
    instance.tap.take();
    assert_eq!(visitor.get("/dashboard/connect").await.status, 429);
    let calls = instance.tap.take();
    assert_eq!((names(&calls).len(), calls.iter().map(|call| call.read_units).sum::<f64>()), (2, 2.0));
}
