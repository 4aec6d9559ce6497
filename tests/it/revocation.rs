//! Once a change of a key, a plan or a tenant is acknowledged, no instance uses the previous state.
//!
//! Each change is interleaved with the cold path of an instance with empty caches: the change's own write, and the
//! increment of the epoch that invalidates caches, at every two points between the calls of the cold path.

use hb_domain::plan::{Allowance, Plan};
use hb_domain::tenant::Tenant;
use hb_domain::{KeyId, Scopes};
use hb_tests::world::{Account, moment, plenty};
use hb_tests::{Answer, Driven, Instance, World};
use serde_json::json;

const LIST: &str = "/api/v1/memories?limit=1";
const ADMISSION: &str = "DynamoDB UpdateItem Tenants";

/// A plan that admits nothing, so that a response shows whether this plan was applied.
const NOTHING: Allowance = Allowance { per_month: 0, ..Plan::Free.allowance() };

/// A change that is acknowledged after its second step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Revoke,
    Rotate,
    SetPlan,
    Suspend,
    EraseAndRecreate,
}

/// A change in progress.
enum Underway<'a> {
    Request(Box<Driven>),
    Operator(&'a World, &'a Account),
}

impl Change {
    /// Executes the change up to its own write, before caches are invalidated.
    async fn first_step<'a>(
        self,
        world: &'a World,
        by: &Instance,
        owner: &'a Account,
        target: &KeyId,
    ) -> Underway<'a> {
        let client = by.client.with(&owner.key);
        let body = json!({ "keyId": target });
        match self {
            Self::Revoke => {
                let mut request =
                    Driven::start(by, async move { client.post("/api/v1/api-keys/revoke", body).await });
                request.step_past("DynamoDB TransactWriteItems").await;
                Underway::Request(Box::new(request))
            }
            Self::Rotate => {
                let mut request =
                    Driven::start(by, async move { client.post("/api/v1/api-keys/rotate", body).await });
                request.step_past("DynamoDB TransactWriteItems").await;
                Underway::Request(Box::new(request))
            }
            Self::SetPlan | Self::Suspend => Underway::Operator(world, owner),
            Self::EraseAndRecreate => {
                world.store.tenants().delete(&owner.tenant).await.expect("the database");
                world.delete_credential(target).await;
                Underway::Operator(world, owner)
            }
        }
    }

    /// Executes the change up to its response.
    async fn second_step(self, underway: Underway<'_>) {
        match underway {
            Underway::Request(request) => assert_eq!(request.finish().await.status, 200),
            Underway::Operator(world, owner) => {
                let tenants = world.store.tenants();
                match self {
                    Self::SetPlan => {
                        assert!(
                            tenants
                                .set_plan(&owner.tenant, Plan::Free, &NOTHING)
                                .await
                                .expect("the database")
                        );
                    }
                    Self::Suspend => {
                        assert!(tenants.set_suspended(&owner.tenant, true).await.expect("the database"))
                    }
                    _ => {
                        let later = moment("2026-11-24T12:00:01Z");
                        let tenant = Tenant { allowance: plenty(), ..Tenant::new(Plan::Enterprise, later) };
                        assert!(tenants.create(&owner.tenant, &tenant).await.expect("the database"));
                    }
                }
            }
        }
    }

    /// Whether `answer` uses the state after the change.
    fn holds_in(self, answer: &Answer) -> bool {
        match self {
            Self::Revoke | Self::Rotate | Self::EraseAndRecreate => answer.status == 401,
            Self::Suspend => answer.status == 403 && answer.code() == "TENANT_SUSPENDED",
            // The rate-limit status is free and contains the plan.
            Self::SetPlan => answer.status == 402 || answer.json["data"]["plan"] == "free",
        }
    }
}

/// What the instance under test has cached.
#[derive(Clone, Copy, Debug)]
enum Knows {
    Nothing,
    /// The tenant, from another key's request.
    Tenant,
}

impl Knows {
    const BOTH: [Self; 2] = [Self::Nothing, Self::Tenant];

    /// The calls up to and including the admission, in their order.
    const fn calls(self) -> &'static [&'static str] {
        const KEY: &str = "DynamoDB GetItem ApiKeys";
        match self {
            Self::Nothing => {
                &[KEY, "DynamoDB GetItem Tenants", KEY, "secretsmanager GetSecretValue", ADMISSION]
            }
            Self::Tenant => &[KEY, ADMISSION],
        }
    }

    /// An instance with these caches.
    async fn instance(self, world: &World, owner: &Account) -> Instance {
        let instance = world.instance().await;
        if matches!(self, Self::Tenant) {
            assert_eq!(instance.client.with(&owner.key).get(LIST).await.status, 200);
        }
        instance
    }
}

async fn every_interleaving(change: Change) {
    let world = World::new().await;
    for knows in Knows::BOTH {
        let calls = knows.calls().len();
        for first in 0..=calls {
            for second in first..=calls {
                one_interleaving(&world, change, knows, first, second).await;
            }
        }
    }
}

/// The change takes its first step after `first` calls of a request, its second after `second`.
async fn one_interleaving(world: &World, change: Change, knows: Knows, first: usize, second: usize) {
    let owner = world.account_with(&format!("{knows:?}-{first}-{second}"), plenty()).await;
    let (target, plain) = world.key(&owner.tenant, Scopes::all(), None).await;
    let (under_test, other) =
        (knows.instance(world, &owner).await, Knows::Tenant.instance(world, &owner).await);

    let client = under_test.client.with(&plain);
    let mut request = Driven::start(&under_test, async move { client.get(LIST).await });
    let mut made = Vec::new();
    for _ in 0..first {
        made.extend(request.step().await);
    }
    assert_eq!(made, knows.calls()[..first], "the order of the cold path");
    let underway = change.first_step(world, &other, &owner, &target).await;
    for _ in first..second {
        request.step().await;
    }
    change.second_step(underway).await;
    let answer = request.finish().await;

    let index = format!("{change:?} at {first} and {second}, {knows:?} known: {}", answer.text);
    if second < knows.calls().len() {
        assert!(change.holds_in(&answer), "uses the state before an acknowledged change; {index}");
    }
    let next = under_test.client.with(&plain).get(LIST).await;
    assert!(change.holds_in(&next), "the next request; {index}; {}", next.text);
}

#[tokio::test]
async fn a_revocation_holds_at_every_point_of_the_cold_path() {
    every_interleaving(Change::Revoke).await;
}

#[tokio::test]
async fn a_rotation_holds_at_every_point_of_the_cold_path() {
    every_interleaving(Change::Rotate).await;
}

#[tokio::test]
async fn a_plan_change_holds_at_every_point_of_the_cold_path() {
    every_interleaving(Change::SetPlan).await;
}

#[tokio::test]
async fn a_suspension_holds_at_every_point_of_the_cold_path() {
    every_interleaving(Change::Suspend).await;
}

#[tokio::test]
async fn an_erased_and_recreated_tenant_is_a_new_one_at_every_point_of_the_cold_path() {
    every_interleaving(Change::EraseAndRecreate).await;
}

#[tokio::test]
async fn warm_instances_apply_a_change_from_the_next_request_on() {
    for change in [Change::Revoke, Change::Rotate, Change::SetPlan, Change::Suspend, Change::EraseAndRecreate]
    {
        let world = World::new().await;
        let owner = world.account_with("acme", plenty()).await;
        let (target, plain) = world.key(&owner.tenant, Scopes::all(), None).await;
        let warm = [world.instance().await, world.instance().await, world.instance().await];
        for instance in &warm {
            assert_eq!(instance.client.with(&plain).get(LIST).await.status, 200);
        }
        let by = world.instance().await;
        change.second_step(change.first_step(&world, &by, &owner, &target).await).await;
        for instance in &warm {
            let answer = instance.client.with(&plain).get(LIST).await;
            assert!(change.holds_in(&answer), "{change:?}: {}", answer.text);
            let rate_limit = instance.client.with(&plain).get("/api/v1/rate-limit").await;
            assert!(change.holds_in(&rate_limit), "{change:?}, rate-limit status: {}", rate_limit.text);
        }
    }
}

#[tokio::test]
async fn a_key_revoked_by_a_request_that_crashed_before_the_epoch_works_for_at_most_a_minute() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let (target, plain) = world.key(&owner.tenant, Scopes::all(), None).await;
    let warm = world.instance().await;
    assert_eq!(warm.client.with(&plain).get(LIST).await.status, 200);
    // The first of the two writes of a revocation, by an instance that crashes before the second.
    let dying = world.instance().await;
    let _half_done = Change::Revoke.first_step(&world, &dying, &owner, &target).await;
    // Another key keeps the tenant's cache entry fresh; the entry of the revoked key expires all the same.
    for second in ["2026-11-24T12:00:30Z", "2026-11-24T12:00:59Z", "2026-11-24T12:01:00Z"] {
        warm.clock.set(moment(second));
        assert_eq!(warm.client.with(&owner.key).get(LIST).await.status, 200);
    }
    warm.client.with(&plain).get(LIST).await.expect(401, "AUTH_INVALID");
}

#[tokio::test]
async fn a_suspended_or_refused_caller_is_admitted_within_five_seconds_of_the_change() {
    let world = World::new().await;
    let owner = world.account("acme", Plan::Free).await;
    let instance = world.instance().await;
    let client = instance.client.with(&owner.key);
    let tenants = world.store.tenants();
    for _ in 0..20 {
        assert_eq!(client.get(LIST).await.status, 200);
    }
    client.get(LIST).await.expect(429, "RATE_LIMIT_EXCEEDED");
    assert!(tenants.set_plan(&owner.tenant, Plan::Pro, &Plan::Pro.allowance()).await.expect("the database"));
    instance.clock.set(moment("2026-11-24T12:00:05Z"));
    assert_eq!(client.get(LIST).await.header("x-ratelimit-limit"), "100000");

    assert!(tenants.set_suspended(&owner.tenant, true).await.expect("the database"));
    client.get(LIST).await.expect(403, "TENANT_SUSPENDED");
    assert!(tenants.set_suspended(&owner.tenant, false).await.expect("the database"));
    instance.clock.set(moment("2026-11-24T12:00:10Z"));
    assert_eq!(client.get(LIST).await.status, 200);
}

/// The credential is read before the revocation, and its response arrives after another request of the same instance
/// has seen the epoch of the revocation.
#[tokio::test]
async fn an_epoch_read_after_a_credential_does_not_validate_it() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let (target, plain) = world.key(&owner.tenant, Scopes::all(), None).await;
    let (instance, other) = (Knows::Tenant.instance(&world, &owner).await, world.instance().await);

    let mut held = instance.tap.hold();
    let client = instance.client.with(&plain);
    let slow = tokio::spawn(async move { client.get(LIST).await });
    let read = held.recv().await.expect("a call");
    assert_eq!(read.name, "DynamoDB GetItem ApiKeys");
    let read = read.perform().await;

    let revoked =
        other.client.with(&owner.key).post("/api/v1/api-keys/revoke", json!({ "keyId": target })).await;
    assert_eq!(revoked.status, 200);
    let client = instance.client.with(&owner.key);
    let mut quick = tokio::spawn(async move { client.get(LIST).await });
    let quick = loop {
        tokio::select! {
            answer = &mut quick => break answer.expect("the request"),
            call = held.recv() => call.expect("a call").pass().await,
        }
    };
    assert_eq!(quick.status, 200);
    drop(held);
    read.deliver().await;
    slow.await.expect("the request").expect(401, "AUTH_INVALID");
}

#[tokio::test]
async fn a_first_request_for_the_rate_limit_status_succeeds_while_another_key_is_revoked() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let (target, _) = world.key(&owner.tenant, Scopes::all(), None).await;
    let (warm, other) = (world.instance().await, world.instance().await);
    let client = warm.client.with(&owner.key);
    assert_eq!(client.get("/api/v1/rate-limit").await.status, 200);
    let body = json!({ "keyId": target });
    assert_eq!(other.client.with(&owner.key).post("/api/v1/api-keys/revoke", body).await.status, 200);
    warm.clock.set(moment("2026-11-24T12:00:01Z"));
    assert_eq!(client.get("/api/v1/rate-limit").await.status, 200);
}

#[tokio::test]
async fn a_tenant_recreated_by_a_slower_clock_is_recognized_at_once() {
    let world = World::new().await;
    let owner = world.account_with("acme", plenty()).await;
    let warm = world.instance().await;
    assert_eq!(warm.client.with(&owner.key).get(LIST).await.status, 200);
    world.store.tenants().delete(&owner.tenant).await.expect("the database");
    let earlier = moment("2026-11-24T11:59:00Z");
    let tenant = Tenant { allowance: plenty(), ..Tenant::new(Plan::Pro, earlier) };
    assert!(world.store.tenants().create(&owner.tenant, &tenant).await.expect("the database"));
    let (_, fresh) = world.key(&owner.tenant, Scopes::all(), None).await;
    let rate_limit = warm.client.with(&fresh).get("/api/v1/rate-limit").await;
    assert_eq!(rate_limit.data()["plan"], "pro");
    assert_eq!(warm.client.with(&fresh).get(LIST).await.status, 200);
}
